import type { ArtifactFile } from '../../host/app.ts'
import { accept, refuse } from '../../model/problem.ts'
import { runRef } from './refs.ts'
import { route } from './route.ts'

/** How much of a text is shown. */
const TEXT_MAX_BYTES = 256 * 1024
/** A picture is shown whole or not at all. */
const PICTURE_MAX_BYTES = 4 * 1024 * 1024

/**
 * Types that a browser shows and never runs, by what the bytes begin with: names may say anything. SVG and HTML are texts
 * here. Source: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern
 */
const PICTURES: readonly { readonly type: string; readonly begins: RegExp }[] = [
  { type: 'image/png', begins: /^89504e470d0a1a0a/ },
  { type: 'image/jpeg', begins: /^ffd8ff/ },
  { type: 'image/gif', begins: /^47494638(?:37|39)61/ },
  { type: 'image/webp', begins: /^52494646.{8}574542505650/ },
]

export const previewArtifact = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/artifacts/{name}/preview',
  id: 'previewArtifact',
  tag: 'artifacts',
  summary: 'One of them as a browser may show it',
  description:
    'A text (the first 256 KiB; `millrace-truncated: true` when there is more), JSON, or a PNG, JPEG, GIF or WebP picture of at ' +
    'most 4 MiB, told by its bytes and never by its name; whatever else a browser could run, such as HTML and SVG, is a text. ' +
    'There is no preview of anything else.',
  status: 200,
  answer: { bytes: 'text/plain' },
  problems: ['not_found', 'not_allowed'],
  handle: async ({ app, caller, param, signal }) => {
    const found = await app.artifacts.open(caller, runRef(param('run')), param('name'))
    if (!found.ok) return found
    const { artifact, file } = found.value
    const shown = await preview(file, signal)
    if (shown === undefined) {
      return refuse('not_allowed', `there is no preview of ${artifact.name}: it is neither a text nor a small picture`)
    }
    const headers = {
      'content-type': shown.type,
      'content-length': String(shown.bytes.length),
      'content-disposition': 'inline',
      'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'self'",
      'x-content-type-options': 'nosniff',
      'millrace-truncated': String(shown.bytes.length < file.sizeBytes),
    }
    return accept({ bytes: ReadableStream.from([shown.bytes]), headers })
  },
})

interface Preview {
  readonly type: string
  readonly bytes: Uint8Array
}

async function preview(file: ArtifactFile, signal: AbortSignal): Promise<Preview | undefined> {
  const start = await readStart(file, TEXT_MAX_BYTES, signal)
  const head = start.toString('hex', 0, 16)
  const picture = PICTURES.find(({ begins }) => begins.test(head))
  if (picture !== undefined) {
    if (file.sizeBytes > PICTURE_MAX_BYTES) return undefined
    return { type: picture.type, bytes: await readStart(file, PICTURE_MAX_BYTES, signal) }
  }
  const whole = start.length === file.sizeBytes
  const text = textOf(start, whole)
  if (text === undefined) return undefined
  const type = whole && isJson(text) ? 'application/json' : 'text/plain; charset=utf-8'
  return { type, bytes: Buffer.from(text) }
}

async function readStart(file: ArtifactFile, max: number, signal: AbortSignal): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of file.read(0, Math.min(max, file.sizeBytes), signal)) parts.push(part)
  return Buffer.concat(parts)
}

/** UTF-8 without NUL; the last character may be cut off. undefined: it is no text. */
function textOf(bytes: Buffer, whole: boolean): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: !whole })
  } catch {
    return undefined
  }
}

function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
