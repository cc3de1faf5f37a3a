import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runCli } from '../src/cli/index.ts'
import { cliPage } from '../src/cli/reference.ts'
import { definition, on, review, script, stage } from '../src/testing/definitions.ts'
import { exited, succeeded } from '../src/testing/scripted-runner.ts'
import { LOGS_BEGAN } from '../src/testing/world.ts'
import { cliTerminal, type Scripted } from './support/cli-terminal.ts'
import { type NativeServer, openNative } from './support/native-server.ts'

const release = definition({
  name: 'release',
  stages: [
    stage('make', [script('build', { name: '构建', ...on('hold') })]),
    stage('gate', [review('gate', { reviewers: ['ci'], question: 'Ship it?' })]),
  ],
})

/** Says one command to a real server and gives what it answered. */
async function say(native: NativeServer, args: readonly string[], scripted: Scripted = {}) {
  const { terminal, out, err } = cliTerminal({
    now: () => native.world.clock.now(),
    ...scripted,
    env: { MILLRACE_URL: native.server.url, MILLRACE_TOKEN: native.world.credentials.token, ...scripted.env },
  })
  const code = await runCli(args, terminal)
  return { code, out: out(), err: err() }
}

async function started(native: NativeServer): Promise<string> {
  await native.world.pipeline(release)
  const { out } = await say(native, ['start', 'release', '--json'])
  await native.world.settled()
  return (JSON.parse(out) as { id: string }).id
}

test('a run is started, listed, shown, mended, approved and explained from the command line', async () => {
  await using native = await openNative()
  const { world } = native
  await world.pipeline(release)
  const start = await say(native, ['start', 'release'])
  expect(start).toMatchObject({ code: 0, err: '' })
  expect(start.out).toContain('release#1')
  expect(start.out).toContain('millrace watch release#1')
  await world.settled()

  expect((await say(native, ['runs'])).out).toMatch(/^RUN .*\nrelease#1 +1 +● running/)
  world.runner.endTask('build', exited(3))
  await world.settled()
  const held = await say(native, ['show', 'release#1'])
  expect(held.out).toContain('! held')
  expect(held.out).toContain('构建')
  expect(held.out).toContain('the process exited with code 3')
  expect(held.out).toContain('millrace retry release#1 build')

  expect(await say(native, ['retry', 'release#1', '构建'])).toMatchObject({ code: 0 })
  await world.settled()
  world.runner.endTask('build', succeeded())
  await world.settled()
  expect((await say(native, ['runs', '--needs-person'])).out).toContain('reviewing')
  expect((await say(native, ['runs', '--by', 'nobody'])).out).toBe('no runs\n')
  expect((await say(native, ['runs', '--cause', 'manual,merge-request'])).out).toContain('reviewing')
  const explained = (await say(native, ['explain', '1'])).out
  // Once, though the run waits for it, too.
  expect(explained.match(/Waiting for review by ci \(0 of 1 approval\)/g)).toHaveLength(1)
  expect(explained).toMatch(/^\S+ \(gate\): |^gate: /)

  // The stage is called gate too; the task is meant.
  const approved = await say(native, ['approve', '1', 'gate', '--comment', 'checked'])
  expect(approved).toMatchObject({ code: 0, err: '' })
  await world.settled()
  const shown = await say(native, ['show', 'release#1', '--json'])
  expect(JSON.parse(shown.out)).toMatchObject({
    status: 'succeeded',
    stages: [{}, { tasks: [{ review: { decisions: [{ by: 'ci', comment: 'checked' }] } }] }],
  })
})

test('what starts runs is told, published and done again from the command line', async () => {
  await using native = await openNative()
  const given = native.world.app.secrets.sealText({ project: native.world.project.id }, 'of a code host')
  const list = [
    { kind: 'webhook', name: 'push', secret: '1', params: {} },
    { kind: 'schedule', name: 'hourly', cron: '0 * * * *', timezone: 'UTC', missed: 'skip', params: {} },
    { kind: 'channel', name: 'ready', channel: 'ready', params: {} },
    { kind: 'webhook', name: 'given', secret: given, params: {} },
  ] as const
  const go = { kind: 'webhook', name: 'go', secret: null, params: {} } as const
  const last = stage('late', [script('late')], { triggers: { operator: 'or', list: [go] } })
  const stages = [...release.stages, last]
  await native.world.pipeline({ ...release, stages, triggers: { operator: 'or', list } })
  expect((await say(native, ['next', 'release', '-n', '1'])).out).toMatch(
    /^DUE .*\n2026-01-02T04:00:00.000Z +hourly\n$/,
  )
  expect((await say(native, ['webhooks', 'release'])).out).toMatch(/push +\/api\/v1\/webhooks\/\S+ +signed/)
  expect((await say(native, ['webhooks', 'release', '--secrets'])).out).toMatch(
    /whsec_.*\ngiven +\/api\/v1\/webhooks\/\S+ +signed\nlate\/go +\/api\/v1\/webhooks\/\S+\n$/,
  )
  expect((await say(native, ['publish', 'ready'])).out).toBe('run 1: queued\n')
  expect((await say(native, ['publish', 'other'])).out).toBe('nobody listens to other\n')
  const again = await say(native, ['rerun', 'release#1'])
  expect(again).toMatchObject({ code: 0, err: '' })
  expect(again.out).toContain('release#2')
})

test('who waits for a turn is listed on the command line', async () => {
  await using native = await openNative()
  const concurrency = { limit: 1, group: null, whenFull: 'queue' } as const
  await native.world.pipeline({ ...release, concurrency })
  expect((await say(native, ['queue', 'release'])).out).toBe('nothing is under way, and nothing waits\n')
  for (const priority of ['normal', 'low', 'high']) await say(native, ['start', 'release', '--priority', priority])
  await native.world.settled()
  const { code, out } = await say(native, ['queue', 'release'])
  expect(code).toBe(0)
  expect(out).toMatch(/^PLACE .*\nrunning +release#1 +normal.*\n1 +release#3 +high .*\n2 +release#2 +low .*\n$/)
  expect((await say(native, ['start', 'release', '--priority', 'urgent'])).code).toBe(2)
})

test('watching tells every change as a line, and its exit code how the run ended', async () => {
  await using native = await openNative()
  const { world } = native
  const id = await started(native)
  let printed = ''
  let seen = (): void => {}
  const until = (text: string): Promise<void> =>
    new Promise((resolve) => {
      seen = () => printed.includes(text) && resolve()
      seen()
    })
  const onOut = (text: string): void => {
    printed += text
    seen()
  }
  const watching = say(native, ['watch', id], { onOut })
  await until('● 构建')
  world.runner.endTask('build', exited(1))
  await until('held, it waits for a person')
  await say(native, ['skip', id, 'build'])
  await until('? gate')
  await say(native, ['reject', id, 'gate', '--comment', 'not today'])
  const { code, out } = await watching
  expect(code).toBe(1)
  expect(out).toContain('- 构建  skipped')
  expect(out).toMatch(
    /✗ gate .* failed: rejected by ci: not today\n✗ release#1 failed in .*: gate: rejected by ci: not today\n$/,
  )
})

test('a run that was cancelled ends what watches it with code 4, one that ran out of time with 5', async () => {
  await using native = await openNative()
  const { world } = native
  const id = await started(native)
  const watching = say(native, ['watch', id, '--json'])
  await say(native, ['cancel', id, '--force', '--reason', 'wrong branch'])
  const { code, out } = await watching
  expect(code).toBe(4)
  const lines = out.trimEnd().split('\n')
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ id, status: 'cancelled' })

  const slow = await world.pipeline(
    definition({ name: 'slow', stages: [stage('s', [script('s', { notStartedMs: 1_000, labels: ['gpu'] })])] }),
  )
  const run = await world.start(slow)
  await world.settled()
  world.clock.advance(2_000)
  await world.settled()
  expect(await say(native, ['watch', run.id])).toMatchObject({ code: 5 })
})

test('whoever does not want to wait with a run for a person ends with code 3', async () => {
  await using native = await openNative()
  const { world } = native
  await world.pipeline(definition({ name: 'gate', stages: [stage('s', [review('gate')])] }))
  const { code, out } = await say(native, ['start', 'gate', '--until-person'])
  expect(code).toBe(3)
  expect(out).toContain('? gate#1 reviewing')
  expect(await say(native, ['watch', 'gate#1', '--until-person', '--json'])).toMatchObject({ code: 3, err: '' })
})

test('a log comes byte for byte, or as JSON', async () => {
  await using native = await openNative()
  const { world } = native
  const id = await started(native)
  const run = await native.client.runs.get(id)
  const index = run.stages[0]?.tasks[0]?.index
  world.logs.set(`${id}/${index}/1`, new TextEncoder().encode('one\n二\u001b[1m'))
  world.runner.endTask('build', succeeded())
  await world.settled()
  expect(await say(native, ['logs', 'release#1', 'build'])).toEqual({ code: 0, err: '', out: 'one\n二\u001b[1m' })
  expect(await say(native, ['logs', id, 'build', '-f'])).toEqual({ code: 0, err: '', out: 'one\n二\u001b[1m' })
  const json = await say(native, ['logs', id, '构建', '--attempt', '1', '--json'])
  expect(JSON.parse(json.out)).toEqual({ attempt: 1, offset: 0, size: 11, ended: true, text: 'one\n二\u001b[1m' })
})

test('a log comes with the time of every line, as text or as JSON, also while it grows', async () => {
  await using native = await openNative()
  const { world } = native
  const id = await started(native)
  const index = (await native.client.runs.get(id)).stages[0]?.tasks[0]?.index
  const lines = Array.from({ length: 2_500 }, (_, at) => `line ${at + 1}`)
  world.logs.set(`${id}/${index}/1`, new TextEncoder().encode(lines.join('\n')))
  const time = (offset: number): string => new Date(LOGS_BEGAN + offset).toISOString()
  const before = await say(native, ['logs', id, 'build', '--times'])
  const said = before.out.split('\n')
  expect(said[0]).toBe(`${time(0)} line 1`)
  expect(said[1]).toBe(`${time(7)} line 2`)
  expect(said.slice(0, -1).map((line) => line.slice(25))).toEqual(lines)
  world.runner.endTask('build', succeeded())
  await world.settled()
  expect(await say(native, ['logs', id, 'build', '-t', '-f'])).toEqual(before)
  const json = await say(native, ['logs', id, 'build', '--times', '--json'])
  expect(JSON.parse(json.out.split('\n')[1] ?? '')).toEqual({
    number: 2,
    offset: 7,
    at: time(7),
    text: 'line 2',
    bytes: 6,
  })
})

test('names and messages that a terminal would take as an order are printed without it', async () => {
  await using native = await openNative()
  await native.world.pipeline(
    definition({ name: 'x\u001b[2Jy', stages: [stage('s', [script('t', { name: 'a\u001b]0;t\u0007b\rc' })])] }),
  )
  await say(native, ['start', 'x\u001b[2Jy'])
  for (const args of [['pipelines'], ['runs'], ['show', '1'], ['explain', '1']]) {
    const { out } = await say(native, args)
    // oxlint-disable-next-line no-control-regex -- they are what must not be there
    expect(out, args.join(' ')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/)
    expect(out.length, args.join(' ')).toBeGreaterThan(10)
  }
})

describe('what goes wrong', () => {
  test.each([
    ['an unknown verb', ['shwo', '1'], 2, "millrace: unknown command 'shwo'\n(Did you mean show?)\n"],
    ['a missing argument', ['show'], 2, "millrace: missing required argument 'run'\n"],
    ['an unknown cause', ['runs', '--cause', 'chance'], 2, 'millrace: --cause: expected manual, webhook,'],
    ['an unknown status', ['runs', '--status', 'fine'], 2, 'millrace: --status: expected waiting, queued,'],
    [
      'a param without a value',
      ['start', 'release', '-p', 'x'],
      2,
      'millrace: --param: expected key=value, found "x"\n',
    ],
    [
      'a limit that is none',
      ['runs', '--limit', 'x'],
      2,
      'millrace: --limit: expected a whole number, 1 to 100, found "x"\n',
    ],
    [
      'a limit that is too high',
      ['audit', '--limit', '101'],
      2,
      'millrace: --limit: expected a whole number, 1 to 100, found "101"\n',
    ],
    [
      'a page that is none',
      ['runs', '--cursor', 'x'],
      2,
      'millrace: --cursor: expected what the page before said, found',
    ],
    [
      'a time without a zone',
      ['audit', '--from', '2026-11-22T10:15:00'],
      2,
      'millrace: --from: expected a time such as 2026-11-22T10:15:00Z, found "2026-11-22T10:15:00"\n',
    ],
    ['an unknown run', ['show', 'release#9'], 1, 'millrace: there is no run'],
    [
      'a pipeline in the place of a run',
      ['show', 'release'],
      1,
      'millrace: there is no run release: expected an id, a serial or pipeline#number\n',
    ],
    [
      'an attempt that was not made',
      ['logs', '1', 'build', '--attempt', '2'],
      1,
      'millrace: task build has no attempt 2: expected 1 to 1\n',
    ],
    [
      'an unknown task',
      ['logs', '1', 'biuld'],
      1,
      'millrace: release#1 has no task "biuld": expected one of build, gate\n',
    ],
    [
      'an unknown param',
      ['start', 'release', '-p', 'x=1'],
      2,
      'millrace: the params of pipeline release were not accepted\n  params.x:',
    ],
    ['an action that is not possible now', ['resume', '1'], 1, /^millrace: .*\n {2}allowed now: .*cancel/],
    [
      'a file that is not there',
      ['validate', '/nowhere.yaml'],
      2,
      'millrace: /nowhere.yaml: expected a file that can be read, found none\n',
    ],
    ['a URL that is none', ['runs', '--url', 'nope'], 2, 'millrace: --url: expected an http or https URL'],
  ])('%s', async (_, args, code, err) => {
    await using native = await openNative()
    await started(native)
    const answer = await say(native, args)
    expect(answer.out).toBe('')
    if (typeof err === 'string') expect(answer.err.slice(0, err.length)).toBe(err)
    else expect(answer.err).toMatch(err)
    expect(answer.code).toBe(code)
    expect(answer.err).not.toMatch(/\n\s+at /)
  })

  test('a token that is not known is code 77, a server that does not answer 69', async () => {
    await using native = await openNative()
    expect(await say(native, ['runs'], { env: { MILLRACE_TOKEN: 'mr_wrong' } })).toMatchObject({ code: 77, out: '' })
    const gone = await openNative()
    await gone.server.close()
    const { code, err } = await say(gone, ['runs'])
    expect(code).toBe(69)
    expect(err).toMatch(/^millrace: no answer from http:/)
  })

  test('step types that cannot be used are a configuration that is wrong, and no defect', async () => {
    const { terminal, err } = cliTerminal({ env: { MILLRACE_STEPS: '/no/such/place' } })
    expect(await runCli(['validate', import.meta.filename], terminal)).toBe(78)
    expect(err()).toMatch(/^millrace: --steps \(MILLRACE_STEPS\): .*\n {2}\/no\/such\/place: expected a directory/)
  })

  test('programs that asked for JSON get errors as JSON too', async () => {
    await using native = await openNative()
    await started(native)
    const { err, out } = await say(native, ['resume', '1', '--json'])
    expect(out).toBe('')
    expect(JSON.parse(err)).toMatchObject({
      error: { code: 'not_allowed', allowed: expect.arrayContaining(['pause', 'cancel']), exit_code: 1 },
    })
    expect(JSON.parse((await say(native, ['show', '--json'])).err)).toEqual({
      error: {
        code: 'usage',
        message: "missing required argument 'run'",
        allowed: [],
        errors: [],
        exit_code: 2,
      },
    })
  })

  test('a group of commands without one of them shows what there is, with code 2', async () => {
    const { terminal, err } = cliTerminal()
    expect(await runCli(['secrets'], terminal)).toBe(2)
    expect(err()).toMatch(/^Usage: millrace secrets/)
    expect(err()).not.toContain('millrace:')
  })

  test('a single thing that is wrong is told once', async () => {
    await using native = await openNative()
    const { code, err } = await say(native, ['notifications', 'add', '', '--webhook', 'https://example.com'])
    expect(code).toBe(2)
    expect(err.trimEnd().split('\n')).toHaveLength(1)
  })
})

test('every command teaches itself, with an example where there is a choice', async () => {
  const { terminal, out } = cliTerminal()
  expect(await runCli(['--help'], terminal)).toBe(0)
  const verbs = [...out().matchAll(/^ {2}([a-z]+) /gm)]
    .map(([, verb]) => verb!)
    .filter((verb) => !['help', 'millrace'].includes(verb))
  expect(verbs.length).toBeGreaterThan(15)
  for (const verb of verbs) {
    const help = cliTerminal()
    expect(await runCli([verb, '--help'], help.terminal), verb).toBe(0)
    expect(help.out(), verb).toContain(`Usage: millrace ${verb}`)
    expect(help.out(), verb).toContain('Examples:')
  }
})

test('without arguments it says how it is used, as a usage error', async () => {
  const { terminal, out } = cliTerminal()
  expect(await runCli([], terminal)).toBe(2)
  expect(out()).toContain('Usage: millrace')
})

test('docs/reference/cli.md is fresh (npm run gen:docs)', () => {
  expect(readFileSync(new URL('../docs/reference/cli.md', import.meta.url), 'utf8')).toBe(cliPage())
})
