// What README.md says, tried: on a server as `npm start` makes it, with the commands as they stand there.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProgram, runCli } from '../src/cli/index.ts'
import { type Millrace, openMillrace } from '../src/compose/millrace.ts'
import { SEAL_KEY_VARIABLES } from '../src/config/seal-keys.ts'
import { settings } from '../src/config/settings.ts'
import { parseDefinition } from '../src/definition/parse-definition.ts'
import { silent } from '../src/http/logger.ts'
import type { Quickstart } from '../src/samples/quickstart.ts'
import { stepSpecs } from '../src/steps/index.ts'
import { api } from './support/server-process.ts'
import { cliTerminal } from './support/cli-terminal.ts'
import { codeBlocks, tableUnder } from './support/markdown.ts'

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8')
const readme = read('README.md')
const blocks = codeBlocks(readme)
const scripts = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text.trim())

/** The arguments of every `npx millrace ...` line; none of them needs a shell's quotes. */
const argumentsIn = (script: string): readonly (readonly string[])[] =>
  [...script.matchAll(/^npx millrace ([^|\n]+)/gm)].map(([, words = '']) => words.trim().split(/ +/))
const tour = scripts.find((script) => script.startsWith('npx millrace runs')) ?? ''
const ownPipeline = scripts.find((script) => script.startsWith('npx millrace run ')) ?? ''

test('the Chinese README has the same commands, examples and links', () => {
  const chinese = read('README.zh-CN.md')
  expect(blocks.length).toBeGreaterThan(5)
  expect(codeBlocks(chinese)).toEqual(blocks)
  const links = (page: string): readonly string[] => [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, to = '']) => to)
  expect(links(chinese).slice(1)).toEqual(links(readme).slice(1))
  const titles = (page: string): number => [...page.matchAll(/^#+ /gm)].length
  expect(titles(chinese)).toBe(titles(readme))
})

test('every command and option exists', () => {
  const program = createProgram(cliTerminal().terminal, () => {})
  const calls = scripts.flatMap(argumentsIn)
  expect(calls.length).toBeGreaterThan(7)
  for (const [verb = '', ...words] of calls) {
    const command = program.commands.find((one) => one.name() === verb)
    expect(command, verb).toBeDefined()
    const known = command?.options.flatMap(({ long, short }) => [long, short])
    for (const word of words.filter((one) => one.startsWith('-'))) expect(known, `${verb} ${word}`).toContain(word)
  }
})

test('every variable that it names can be set', () => {
  const known = [...Object.values(settings).map(({ env }): string => env), ...SEAL_KEY_VARIABLES]
  const named = ['README.md', 'SECURITY.md', 'docs/operations.md']
    .flatMap((path) => [...read(path).matchAll(/MILLRACE_[A-Z_]+\b(?!\*)/g)].map(([name]) => name))
    // A task's, a runner's and the command line's, not the server's.
    .filter((name) => !['MILLRACE_OUTPUT', 'MILLRACE_RUNNER_TOKEN', 'MILLRACE_TOKEN'].includes(name))
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((name) => !known.includes(name))).toEqual([])
})

test('its pipeline has no errors', () => {
  const definitions = blocks.filter(({ language }) => language === 'yaml')
  expect(definitions.length).toBeGreaterThan(0)
  for (const { text } of definitions) {
    expect(parseDefinition(text, 'README.md', stepSpecs)).toMatchObject({ ok: true })
  }
})

describe('on a fresh start', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-readme-'))
  const file = join(directory, 'hello.yaml')
  let millrace: Millrace
  let quickstart: Quickstart

  beforeAll(async () => {
    writeFileSync(file, blocks.find(({ language }) => language === 'yaml')?.text ?? '')
    const dataDirectory = join(directory, 'data')
    millrace = await openMillrace(
      {
        version: 'test',
        host: '127.0.0.1',
        port: 0,
        baseUrl: null,
        dataDirectory,
        slots: 2,
        labels: ['linux'],
        zoneOffsetMinutes: 480,
        bodyMaxBytes: 1 << 20,
        httpAllow: null,
        samples: true,
      },
      silent,
    )
    quickstart = JSON.parse(readFileSync(join(dataDirectory, 'quickstart.json'), 'utf8')) as Quickstart
    await reviewOpened()
  }, 60_000)

  afterAll(async () => {
    await millrace.close()
    rmSync(directory, { recursive: true })
  })

  /** People are slower than a machine: when they come to approve, the release waits for them. */
  async function reviewOpened(): Promise<void> {
    const stop = new AbortController()
    const stream = await fetch(`${millrace.url}/api/v1/events/stream?after=0`, {
      headers: { authorization: `Bearer ${quickstart.admin_token}` },
      signal: stop.signal,
    })
    let text = ''
    for await (const piece of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += piece
      if (text.includes('"review_opened"')) break
    }
    stop.abort()
  }

  async function millraceSays(words: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
    const { terminal, out, err } = cliTerminal({
      env: { MILLRACE_DATA_DIR: millrace.dataDirectory },
      now: () => Date.now(),
    })
    const code = await runCli(
      words.map((word) => (word === 'hello.yaml' ? file : word)),
      terminal,
    )
    return { code, out: out() + err() }
  }

  test('the five lines do what they say', async () => {
    const lines = argumentsIn(tour)
    expect(lines).toHaveLength(5)
    const said: string[] = []
    for (const words of lines) {
      const { code, out } = await millraceSays(words)
      expect(code, `${words.join(' ')}: ${out}`).toBe(0)
      said.push(out)
    }
    expect(said[1]).toContain('waits for a review:  millrace approve staged-release#1 approve  (or reject)')
    expect(said[4]).toContain('pipeline-1#2 succeeded')
  }, 60_000)

  test('its pipeline runs here and now, and on the server', async () => {
    for (const words of argumentsIn(ownPipeline)) {
      const { code, out } = await millraceSays(words)
      expect(code, `${words.join(' ')}: ${out}`).toBe(0)
      if (words[0] === 'run') expect(out).toContain('Hello, world!')
    }
  }, 60_000)

  test('what it asks the API for is answered', async () => {
    const urls = scripts.flatMap((script) => [...script.matchAll(/http:\/\/127\.0\.0\.1:8080\/api\/v1(\S+)/g)])
    expect(urls.length).toBeGreaterThan(0)
    for (const [, path = ''] of urls) expect(await api(millrace, quickstart.admin_token, 'GET', path)).toBeDefined()
  })

  test('quickstart.json is what it says, and the five requests answer', async () => {
    const documented = tableUnder(readme, 'quickstart.json').map(([field = '']) => field.replaceAll('`', ''))
    expect(documented).toEqual(Object.keys(quickstart))
    const text = tableUnder(readme, 'quickstart.json')
      .map(([, value]) => value)
      .join('\n')
    const { samples, credentials } = quickstart
    const names = [...Object.entries(samples), ...Object.entries(credentials)].flatMap(([name, value]) => [
      name,
      ...Object.keys(value),
    ])
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
    for (const { url, method, headers } of quickstart.requests) {
      expect((await fetch(url, { method, headers })).status, url).toBe(200)
    }
  })

  test('the calls in the table of dialects are those of the five requests', () => {
    const paths = tableUnder(readme, 'Five dialects').map(([, call = '']) =>
      call.replaceAll('`', '').replace('GET ', ''),
    )
    expect(paths).toHaveLength(5)
    for (const [place, { url }] of quickstart.requests.entries()) {
      const wanted = (paths[place] ?? '').split('/')
      const found = new URL(url).pathname.split('/')
      const fits = wanted.map((part, index) => part === found[index] || /^[:{]/.test(part))
      expect(fits.every(Boolean) && wanted.length === found.length, `${wanted.join('/')} ${url}`).toBe(true)
    }
  })
})
