// The snippets of docs/dialects/koderover.md, as they stand there: each a program that talks to a real server with a
// runner that really runs scripts.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeBlocks } from '../../../test/support/markdown.ts'
import { type Millrace, openMillrace } from '../../compose/millrace.ts'
import { silent } from '../../http/logger.ts'
import type { Quickstart } from '../../samples/quickstart.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/dialects/koderover.md'), 'utf8')
const programs = codeBlocks(page).filter(({ language }) => language === 'js')

const directory = mkdtempSync(join(tmpdir(), 'millrace-koderover-'))
let millrace: Millrace
let token: string

beforeAll(async () => {
  millrace = await openMillrace(
    {
      version: 'test',
      host: '127.0.0.1',
      port: 0,
      baseUrl: null,
      dataDirectory: directory,
      slots: 2,
      labels: ['linux'],
      zoneOffsetMinutes: 480,
      bodyMaxBytes: 1 << 20,
      httpAllow: null,
      samples: true,
    },
    silent,
  )
  token = (JSON.parse(readFileSync(join(directory, 'quickstart.json'), 'utf8')) as Quickstart).admin_token
}, 60_000)

afterAll(async () => {
  await millrace.close()
  rmSync(directory, { recursive: true })
})

const expected = [
  /^passed passed passed\n$/,
  /^passed testing\n$/,
  /^event:message built\n/,
  /^passed dev web\n$/,
  /^passed 1\n$/,
]

test('every program of the page is tried', () => expect(programs).toHaveLength(expected.length))

test.each(expected.map((output, place) => [place, output] as const))(
  'program %i says %s',
  async (place, output) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', programs[place]!.text],
      { env: { ...process.env, MILLRACE_URL: millrace.url, MILLRACE_TOKEN: token }, timeout: 50_000 },
    )
    expect(stdout).toMatch(output)
  },
  60_000,
)
