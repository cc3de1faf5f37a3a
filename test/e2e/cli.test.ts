import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { cliTerminal, type Scripted } from '../support/cli-terminal.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let directory: string
let children: ChildProcess[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
  // What is thrown away is thrown away from here.
  mkdirSync(join(directory, 'tmp'))
  vi.stubEnv('TMPDIR', join(directory, 'tmp'))
  children = []
})
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(directory, { recursive: true, force: true })
})

interface Running {
  readonly child: ChildProcess
  readonly out: () => string
  readonly err: () => string
  /** Resolves when stdout has this. */
  readonly says: (text: string) => Promise<void>
  readonly ended: Promise<number | null>
}

function millrace(...args: readonly string[]): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd: directory })
  children.push(child)
  const said = { out: '', err: '' }
  const waiting = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text
    for (const wake of waiting) wake()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    child,
    out: () => said.out,
    err: () => said.err,
    ended,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (said.out.includes(text)) resolve()
        }
        waiting.add(look)
        look()
        void ended.then(() => reject(new Error(`it ended without saying ${text}: ${said.out}${said.err}`)))
      }),
  }
}

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

/** `run FILE` in this process: the same but for the argument list and the exit. */
async function runHere(args: readonly string[], scripted: Scripted = {}) {
  const { terminal, out, err } = cliTerminal(scripted)
  const code = await runCli(['run', ...args], terminal)
  return { code, out: out(), err: err() }
}

const leftovers = (): readonly string[] => readdirSync(join(directory, 'tmp'))

describe('run FILE', () => {
  test('runs real processes, says what they say, and leaves nothing behind', async () => {
    const path = file(
      'ok.yaml',
      [
        'name: ok',
        'params: {WHO: {type: string, default: world}}',
        'tasks:',
        '  - {key: hello, script: "echo hello $WHO"}',
        '  - {key: flaky, needs: [hello], retry: {max: 1, delay: 10ms}, script: "test -e tried || { touch tried; exit 7; }"}',
      ].join('\n'),
    )
    const { code, out, err } = await runHere([path, '--param', 'WHO=millrace'])
    expect(err).toBe('')
    expect(out).toContain('hello │ hello millrace\n✓ hello')
    expect(out).toMatch(
      /✗ flaky .* failed: the process exited with code 7; to be tried again\n● flaky {2}attempt 2\n✓ flaky {2}attempt 2/,
    )
    expect(out).toMatch(/✓ ok#1 succeeded in .*\n$/)
    expect(code).toBe(0)
    expect(leftovers()).toEqual([])
  })

  test('reviews and held tasks are asked where someone can answer', async () => {
    const path = file(
      'ask.yaml',
      [
        'name: ask',
        'stages:',
        '  - {name: one, tasks: [{key: gate, name: Gate, uses: approval, with: {question: Ship it, reviewers: [li, chen], required: all}}]}',
        '  - {name: two, tasks: [{key: ship, on_failure: hold, script: "exit 1"}]}',
      ].join('\n'),
    )
    const { code, out } = await runHere([path], { answers: ['what', 'a', 's'] })
    expect(out).toContain('Gate: Ship it? [approve/reject/cancel] Gate: Ship it? [approve/reject/cancel] ')
    expect(out).toContain('  approved as li\n  approved as chen\n✓ Gate')
    expect(out).toContain('ship has failed? [retry/skip/cancel] ')
    expect(out).toContain('- ship  skipped')
    expect(code).toBe(0)
  })

  test('whoever is there says the way of a gateway, the word that a task waits for, and what no trigger will start', async () => {
    const path = file(
      'flow.yaml',
      [
        'name: flow',
        'on_failure: hold',
        'stages:',
        '  - name: one',
        '    flow:',
        '      nodes: {begin: {start: {}}, way: {gateway: exclusive}, left: {sleep: 1ms}, right: {uses: callback}, end: {end: {}}}',
        '      edges:',
        '        - {from: begin, to: way}',
        "        - {key: L, from: way, to: left, when: 'false'}",
        "        - {key: R, from: way, to: right, when: 'false'}",
        '        - {from: left, to: end}',
        '        - {from: right, to: end}',
        '  - {name: two, triggers: [{webhook: go}], tasks: [{key: ship, script: echo shipped}]}',
      ].join('\n'),
    )
    const { code, out } = await runHere([path], { answers: ['r', 'succeed', 'start'] })
    expect(out).toContain('way found no way on? [L/R/cancel] ')
    expect(out).toContain('right waits for a callback? [succeed/fail/cancel] ')
    expect(out).toContain('two waits for its triggers? [start/cancel] ')
    expect(out).toContain('ship │ shipped')
    expect(code).toBe(0)
    expect(await runHere([path])).toMatchObject({ code: 3 })
  })

  test('--json gives the run on stdout and the rest on stderr; a failed run is code 1', async () => {
    const path = file('bad.yaml', 'name: bad\ntasks: [{key: t, script: "echo oh; exit 3"}]')
    const { code, out, err } = await runHere([path, '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ status: 'failed', failure: { failure: { exit_code: 3 } } })
    expect(err).toContain('t │ oh\n')
  })

  test('a definition with errors is not run: each error has its place', async () => {
    const path = file('wrong.yaml', 'name: wrong\ntasks: [{key: t, scrip: "true"}]')
    const { code, err } = await runHere([path])
    expect(code).toBe(1)
    expect(err).toContain(`${path}:2:`)
    expect(err).toContain('did you mean "script"?')
  })

  test('without anybody to ask, a run that needs a person is cancelled with code 3', async () => {
    const path = file('gate.yaml', 'name: gate\ntasks: [{key: gate, uses: approval}]')
    const running = millrace('run', path)
    expect(await running.ended).toBe(3)
    expect(running.out()).toContain('--approve says yes to every review')
    expect(leftovers()).toEqual([])
  })

  test('Ctrl-C cancels it, waits for its processes, and leaves nothing behind', async () => {
    const path = file(
      'long.yaml',
      'name: long\ntasks: [{key: t, script: "trap \'echo down; exit 0\' TERM; sleep 600 & echo up; wait"}]',
    )
    const running = millrace('run', path)
    await running.says('t │ up')
    running.child.kill('SIGINT')
    expect(await running.ended).toBe(4)
    expect(running.out()).toContain('SIGINT: cancelling')
    expect(running.out()).toContain('t │ down')
    expect(running.out()).toContain('■ long#1 cancelled')
    expect(leftovers()).toEqual([])
  })
})

describe('serve', () => {
  test('says where it is, keeps its data and port to itself, and ends at SIGTERM', async () => {
    const first = millrace('serve', '--port', '0', '--samples', 'false', '--data-dir', 'one', '--json')
    await first.says('\n')
    const { url, first_start, data_directory } = JSON.parse(first.out()) as {
      readonly url: string
      readonly data_directory: string
      readonly first_start: { readonly admin_token: string }
    }
    expect(data_directory).toBe(join(directory, 'one'))

    const listed = cliTerminal({ env: { MILLRACE_URL: url, MILLRACE_TOKEN: first_start.admin_token } })
    expect(await runCli(['pipelines'], listed.terminal)).toBe(0)
    expect(listed.out()).toMatch(/^no pipelines/)

    const sameData = millrace('serve', '--port', '0', '--samples', 'false', '--data-dir', 'one')
    const samePort = millrace('serve', '--port', new URL(url).port, '--samples', 'false', '--data-dir', 'two')
    expect([await sameData.ended, await samePort.ended]).toEqual([75, 75])
    expect(sameData.err()).toMatch(/^millrace: the data directory .* is in use by another Millrace server \(pid \d+\)/)
    expect(samePort.err()).toMatch(/^millrace: port \d+ of 127\.0\.0\.1 is taken: end what listens there, or choose/)

    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(first.err()).toContain('SIGTERM: ending what runs')
  })

  test('a configuration with errors is told whole, before anything is made', async () => {
    const { terminal, err } = cliTerminal({ env: { MILLRACE_PORT: 'x' } })
    expect(await runCli(['serve', '--slots', '0', '--data-dir', join(directory, 'never')], terminal)).toBe(78)
    expect(err()).toBe(
      'millrace: the configuration has 2 errors:\n' +
        '  MILLRACE_PORT: expected a port, 0 to 65535, found "x"\n' +
        '  --slots: expected a whole number, 1 to 1024, found "0"\n',
    )
    expect(readdirSync(directory)).toEqual(['tmp'])
  })
})
