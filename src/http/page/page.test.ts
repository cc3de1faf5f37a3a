import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { readPageBuild } from './build.ts'
import { type Page, pageOf } from './page.ts'

const directory = mkdtempSync(join(tmpdir(), 'millrace-build-'))
mkdirSync(join(directory, 'assets'))
writeFileSync(
  join(directory, 'index.html'),
  '<meta nonce="__MILLRACE_NONCE__"><script nonce="__MILLRACE_NONCE__"></script>',
)
writeFileSync(join(directory, 'assets/a-1.js'), 'export {}')
writeFileSync(join(directory, 'assets/a-1.js.gz'), gzipSync('export {}'))
writeFileSync(join(directory, 'favicon.svg'), '<svg/>')
writeFileSync(join(directory, 'notes.secret'), 'x')
afterAll(() => rmSync(directory, { recursive: true }))

const page = pageOf(readPageBuild(directory))
const ask = (path: string, headers: Record<string, string> = { accept: 'text/html,*/*' }, asked: Page = page) =>
  asked(new Request(`http://127.0.0.1${path}`, { headers }))

describe('to a browser', () => {
  test.each(['/', '/pipelines', '/pipelines/x/versions', '/runs/1?tab=log', '/sign-in', '/admin/users'])(
    '%s is the page',
    async (path) => {
      const answer = await ask(path)
      expect(answer?.status).toBe(200)
      expect(answer?.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(answer?.headers.get('cache-control')).toBe('no-store')
    },
  )

  test('what is not there is 404, in the clothes of the page', async () => {
    expect((await ask('/nothing'))?.status).toBe(404)
    expect((await ask('/assets/gone-2.js'))?.status).toBe(404)
  })

  test('every answer has a policy with a nonce of its own, and scripts come from files only', async () => {
    const answers = [await ask('/'), await ask('/')]
    const nonces = answers.map((answer) => {
      const policy = answer?.headers.get('content-security-policy') ?? ''
      expect(policy).toContain("script-src 'self';")
      expect(policy).not.toMatch(/unsafe|\*/)
      return /'nonce-([^']+)'/.exec(policy)?.[1]
    })
    expect(new Set(nonces).size).toBe(2)
    expect(await answers[0]?.text()).toBe(`<meta nonce="${nonces[0]}"><script nonce="${nonces[0]}"></script>`)
  })
})

describe('a program', () => {
  test.each(['/', '/pipelines', '/nothing'])('gets no page at %s', async (path) => {
    expect(await ask(path, { accept: '*/*' })).toBeUndefined()
    expect(await ask(path, {})).toBeUndefined()
  })

  test('that posts gets no page', async () => {
    const request = new Request('http://127.0.0.1/', { method: 'POST', headers: { accept: 'text/html' } })
    expect(await page(request)).toBeUndefined()
  })
})

describe('a file', () => {
  test('with a hash in its name is kept for ever, another is asked for again', async () => {
    expect((await ask('/assets/a-1.js'))?.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect((await ask('/favicon.svg'))?.headers.get('cache-control')).toBe('no-cache')
  })

  test('goes as the build has compressed it, to whom takes that', async () => {
    const packed = await ask('/assets/a-1.js', { 'accept-encoding': 'gzip, br' })
    expect(packed?.headers.get('content-encoding')).toBe('gzip')
    expect(packed?.headers.get('vary')).toBe('accept-encoding')
    for (const accepted of ['', 'br', 'gzip;q=0', 'gzip; q=0.0']) {
      const plain = await ask('/assets/a-1.js', { 'accept-encoding': accepted })
      expect(plain?.headers.get('content-encoding')).toBeNull()
      expect(await plain?.text()).toBe('export {}')
    }
  })

  test.each(['/notes.secret', '/assets/..%2findex.html', '/assets/', '/assets/a-1.js.gz', '/../page.ts'])(
    'is served only when the build made it for browsers: %s',
    async (path) => {
      expect(await ask(path, { accept: '*/*' })).toBeUndefined()
    },
  )
})

test('without a build a browser is told how to make one, and nothing else changes', async () => {
  const none = pageOf(readPageBuild(join(directory, 'nowhere')))
  const answer = await ask('/', { accept: 'text/html' }, none)
  expect(answer?.status).toBe(503)
  expect(await answer?.text()).toContain('npm run build:web')
  expect(await ask('/pipelines', { accept: 'text/html' }, none)).toBeUndefined()
})
