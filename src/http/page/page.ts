import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { securityHeaders } from '../problem.ts'
import { type Encoding, ENCODING_SUFFIX, NONCE_PLACE, type PageBuild, type PageFile } from './build.ts'

/**
 * The first segments of the page's addresses. All of them lead to index.html, which shows what belongs there; any other
 * path that no API owns is answered 404, to a browser with the page that says so.
 */
export const PAGE_PATHS = ['', 'pipelines', 'runs', 'reviews', 'admin', 'settings', 'sign-in'] as const

/** Said by the server's start and to browsers when there is nothing to serve. */
export const NOT_BUILT = 'The page is not built: run `npm run build:web`, then start again'

/** Answers for the page; undefined: the request is not for it. */
export type Page = (request: Request) => Promise<Response | undefined>

/** @param build undefined: browsers are told how to make one. */
export function pageOf(build: PageBuild | undefined): Page {
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
    const { pathname } = new URL(request.url)
    const file = build?.files.get(pathname)
    if (file !== undefined) return sendFile(request, file)
    if (!(request.headers.get('accept') ?? '').includes('text/html')) return undefined
    if (build === undefined) return pathname === '/' ? plain(NOT_BUILT) : undefined
    const known = PAGE_PATHS.some((one) => one === pathname.split('/', 2)[1])
    return sendIndex(request, build, known ? 200 : 404)
  }
}

async function sendFile(request: Request, file: PageFile): Promise<Response> {
  const encoding = encodingFor(file, request.headers.get('accept-encoding') ?? '')
  const bytes = await readFile(encoding === undefined ? file.path : file.path + ENCODING_SUFFIX[encoding])
  return new Response(request.method === 'HEAD' ? null : bytes, {
    headers: {
      ...securityHeaders,
      ...(file.type.startsWith('text/javascript') ? { 'content-security-policy': WORKER_POLICY } : {}),
      'content-type': file.type,
      'content-length': String(bytes.length),
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'accept-encoding',
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    },
  })
}

/** A worker is not under the policy of the page that started it but under that of its script. */
const WORKER_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"

/** What the build has and the browser takes; a weight of 0 is a refusal (RFC 9110, section 12.5.3). */
function encodingFor(file: PageFile, accepted: string): Encoding | undefined {
  const taken = accepted
    .split(',')
    .filter((one) => !/;\s*q=0(?:\.0*)?\s*$/.test(one))
    .map((one) => one.split(';', 1)[0]?.trim())
  return file.encodings.find((one) => taken.includes(one))
}

/**
 * The page's own policy. Scripts come from files only. `<style>` elements are made by Mantine and CodeMirror at run time:
 * they carry a nonce that is drawn for each response; style attributes in markup stay forbidden.
 */
const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

function sendIndex(request: Request, build: PageBuild, status: 200 | 404): Response {
  const nonce = randomBytes(16).toString('base64')
  const html = build.index.replaceAll(NONCE_PLACE, nonce)
  return new Response(request.method === 'HEAD' ? null : html, {
    status,
    headers: {
      ...securityHeaders,
      'content-security-policy': policy(nonce),
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      vary: 'accept',
    },
  })
}

const plain = (text: string): Response =>
  new Response(`${text}\n`, {
    status: 503,
    headers: { ...securityHeaders, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })
