// Every command that steers a run, said on the command line to a real server.
import { describe, expect, test } from 'vitest'
import { runCli } from '../src/cli/index.ts'
import { parseDefinition } from '../src/definition/parse-definition.ts'
import type { Run } from '../src/client/client.ts'
import { stepSpecs } from '../src/steps/index.ts'
import { exited, succeeded } from '../src/testing/scripted-runner.ts'
import { cliTerminal } from './support/cli-terminal.ts'
import { type NativeServer, openNative } from './support/native-server.ts'

/** A server with one pipeline, and a way to say commands to it. */
async function opened(text: string) {
  const native = await openNative()
  const checked = parseDefinition(text, 'pipeline.yaml', stepSpecs)
  if (!checked.ok) throw new TypeError(JSON.stringify(checked.errors))
  await native.world.pipeline(checked.definition)
  const say = async (...args: readonly string[]) => {
    const { terminal, out, err } = cliTerminal({
      now: () => native.world.clock.now(),
      env: { MILLRACE_URL: native.server.url, MILLRACE_TOKEN: native.world.credentials.token },
    })
    const code = await runCli(args, terminal)
    await native.world.settled()
    return { code, out: out(), err: err() }
  }
  /** What went well says so in one line. */
  const done = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await say(...args)
    expect({ code, err }, args.join(' ')).toEqual({ code: 0, err: '' })
    return out
  }
  return { native, world: native.world, say, done, [Symbol.asyncDispose]: () => native[Symbol.asyncDispose]() }
}

const runOf = (native: NativeServer, number = 1): Promise<Run> => native.client.runs.get(`release#${number}`)
const taskOf = async (native: NativeServer, key: string) =>
  (await runOf(native)).stages.flatMap(({ tasks }) => tasks).find((task) => task.key === key)

test('a task is paused ahead of time, let go, made to fail, and tried again with other inputs', async () => {
  await using shop = await opened('name: release\ntasks: [{key: a, script: one}, {key: b, needs: a, script: two}]')
  const { native, world, done } = shop
  await done('start', 'release')
  await done('pause', 'release#1', 'b')
  expect(await done('show', 'release#1')).toMatch(/· b +paused/)
  world.runner.endTask('a', succeeded())
  await world.settled()
  expect(await done('show', 'release#1')).toContain('is paused:  millrace resume release#1 b')
  await done('resume', 'release#1', 'b')
  await done('fail', 'release#1', 'b', '--comment', 'wrong host')
  const [job] = world.runner.jobs
  if (job !== undefined) world.runner.end(job, { kind: 'cancelled' })
  await world.settled()
  expect(await done('show', 'release#1')).toMatch(/✗ b .*wrong host/)
  await done('retry', 'release#1', 'b', '--inputs', '{"shell": "bash"}', '--input', 'script=three')
  expect(await taskOf(native, 'b')).toMatchObject({ status: 'running', inputs: { shell: 'bash', script: 'three' } })
  expect(await done('show', 'release#1')).toMatch(/● b .*attempt 2/)
})

test('a callback brings outputs, one that was meant for another attempt is refused', async () => {
  await using shop = await opened('name: release\ntasks: [{key: a, uses: callback}, {key: b, uses: callback}]')
  const { native, say, done } = shop
  await done('start', 'release')
  expect(await done('show', 'release#1')).toMatch(/● a .*waits for a callback/)
  const old = await say('callback', 'release#1', 'a', '--version', '0'.repeat(32))
  expect(old).toMatchObject({ code: 1, out: '' })
  const { version = '' } = (await taskOf(native, 'a')) ?? {}
  await done('callback', 'release#1', 'a', '--output', 'word=yes', '--outputs', '{"n": 1}', '--version', version)
  expect(await taskOf(native, 'a')).toMatchObject({ status: 'succeeded', outputs: { word: 'yes', n: 1 } })
  await done('callback', 'release#1', 'b', '--failed', '--comment', 'it overheated')
  expect(await runOf(native)).toMatchObject({ status: 'failed' })
  expect(await done('show', 'release#1')).toContain('it overheated')
})

test('a sleep is put off and woken, params are changed, and a run ends after what is at work', async () => {
  await using shop = await opened(
    'name: release\nparams: {to: a, n: 1}\ntasks: [{key: s, sleep: 1h}, {key: b, needs: s, script: two}, {key: c, needs: b, script: x}]',
  )
  const { native, world, done } = shop
  await done('start', 'release', '-p', 'n=2')
  const deadline = async (): Promise<number> => Date.parse((await taskOf(native, 's'))?.deadline_at ?? '')
  const before = await deadline()
  await done('delay', 'release#1', 's', '30m')
  expect((await deadline()) - before).toBe(30 * 60_000)
  await done('modify', 'release#1', 'to=b', 'n=3')
  const values = (await runOf(native)).params.filter(({ system }) => !system).map(({ value }) => value)
  expect(values).toEqual(['b', 3])
  await done('expire', 'release#1', 's')
  expect(await taskOf(native, 'b')).toMatchObject({ status: 'running' })
  expect(await done('cancel', 'release#1', '--after-current')).toContain('running')
  world.runner.endTask('b', succeeded())
  await world.settled()
  expect(await runOf(native)).toMatchObject({ status: 'cancelled' })
})

test('a stage is taken back, and taken up again with all that follows', async () => {
  await using shop = await opened(
    [
      'name: release',
      'stages:',
      '  - {key: deploy, tasks: [{key: up, script: up, rollback: {script: down}}]}',
      '  - {key: check, tasks: [{key: look, script: look}]}',
    ].join('\n'),
  )
  const { native, world, done } = shop
  world.runner.script = ({ env }) => (env['MILLRACE_TASK'] === 'look' ? exited(1) : succeeded())
  await done('start', 'release')
  await done('rollback', 'release#1', 'deploy')
  expect(await runOf(native)).toMatchObject({ status: 'rolled_back', stages: [{ status: 'rolled_back' }, {}] })
  world.runner.script = () => succeeded()
  await done('retry', 'release#1', 'deploy')
  expect(await runOf(native)).toMatchObject({ status: 'succeeded' })
})

test('a run leaves out what was said, and so does the one that does the same again', async () => {
  await using shop = await opened(
    'name: release\nstages: [{key: a, tasks: [{key: x, script: x}, {key: y, script: y}]}, {key: b, tasks: [{key: z, script: z}]}]',
  )
  const { native, world, done } = shop
  world.runner.script = () => succeeded()
  const skipped = async (number: number): Promise<string> =>
    (await runOf(native, number)).stages
      .flatMap(({ tasks }) => tasks)
      .filter(({ status }) => status !== 'succeeded')
      .map(({ key }) => key)
      .join(' ')
  await done('start', 'release', '--only', 'a', '--exclude', 'y', '--annotation', 'title=Try it')
  expect(await skipped(1)).toBe('y z')
  expect(await done('show', 'release#1')).toContain('Try it')
  await done('rerun', 'release#1')
  expect([await skipped(2), (await runOf(native, 2)).annotations]).toEqual(['y z', { title: 'Try it' }])
  await done('rerun', 'release#2', '--exclude', 'x', '--annotation', 'title=Again')
  expect([await skipped(3), (await runOf(native, 3)).annotations]).toEqual(['x', { title: 'Again' }])
})

const FLOW = `name: release
params: {way: ''}
on_failure: hold
flow:
  nodes:
    begin: {start: {}}
    work: {script: work}
    good: {gateway: exclusive}
    pack: {name: Pack it, subflow: {}}
    in: {start: {}, parent: pack}
    zip: {script: zip, parent: pack}
    out: {end: {}, parent: pack}
    done: {end: {}}
  edges:
    - {from: begin, to: work}
    - {from: work, to: good}
    - {key: again, name: once more, from: good, to: work, when: params.way == 'again'}
    - {key: on, from: good, to: pack, when: params.way == 'on'}
    - {from: in, to: zip}
    - {from: zip, to: out}
    - {from: pack, to: done}
`

describe('a flow', () => {
  test('shows its loops, its gateways and what is in its sub-flows; a gateway is told its way', async () => {
    await using shop = await opened(FLOW)
    const { native, world, done, say } = shop
    await done('start', 'release', '-p', 'way=again')
    world.runner.endTask('work', succeeded())
    await world.settled()
    await done('modify', 'release#1', 'way=neither')
    world.runner.endTask('work', succeeded())
    await world.settled()
    const lost = await done('show', 'release#1')
    expect(lost).toMatch(/ {2}✓ work .*pass 2\n {2}✗ good .*held, edges: again, on\n/)
    expect(lost).toContain('found no way on:  millrace choose release#1 good EDGE')
    expect(await say('choose', 'release#1', 'good', 'nowhere')).toMatchObject({ code: 2, out: '' })
    await done('choose', 'release#1', 'good', 'on')
    const shown = await done('show', 'release#1')
    expect(shown).toMatch(
      / {2}✓ begin\n {2}✓ work .*\n {2}- good +skipped: chosen by ci, all conditions of branches are not meet, → Pack it\n {2}● Pack it .*\n {4}✓ in\n {4}● zip/,
    )
    expect(shown).toMatch(/\n {4}· out\n {2}· done\n$/)
    expect(await runOf(native)).toMatchObject({ status: 'running' })
  })

  test('is watched without what only leads from one task to the next', async () => {
    await using shop = await opened(FLOW)
    const { world, done } = shop
    world.runner.script = () => succeeded()
    await done('start', 'release', '-p', 'way=on')
    const { out } = await shop.say('watch', 'release#1')
    const lines = out.trim().split('\n')
    expect(lines.map((line) => line.replace(/ {2}.*| in .*/, ''))).toEqual([
      '● work',
      '✓ work',
      '● Pack it',
      '✓ Pack it',
      '● zip',
      '✓ zip',
      '✓ release#1 succeeded',
    ])
  })
})

test('a run names the run that it has started, and that one this; a stage tells what it waits for', async () => {
  await using shop = await opened('name: release\ntasks: [{key: other, uses: run, with: {pipeline: lab}}]')
  const { native, world, done } = shop
  const checked = parseDefinition(
    'name: lab\nstages: [{key: a, triggers: {operator: and, list: [{webhook: go}, {channel: ready}]}, tasks: [{key: t, script: t}]}]',
    'lab.yaml',
    stepSpecs,
  )
  if (!checked.ok) throw new TypeError(JSON.stringify(checked.errors))
  await world.pipeline(checked.definition)
  await done('start', 'release')
  expect(await done('show', 'release#1')).toMatch(/● other .*lab#1/)
  const waiting = await done('show', 'lab#1')
  expect(waiting).toContain(', started by release#1,')
  expect(waiting).toMatch(/◇ a +waits for go and ready\n/)
  await done('publish', 'ready', '--project', world.project.name)
  expect(await done('show', 'lab#1')).toMatch(/◇ a +waits for go, ready fired\n/)
  await done('start', 'lab#1')
  expect(await native.client.runs.get('lab#1')).toMatchObject({ status: 'running' })
})

test.each([
  [['delay', 'release#1', 'a', 'soon'], 'duration: expected a duration such as 90s, 30m or 2h, found "soon"'],
  [['callback', 'release#1', 'a', '--outputs', '[1]'], '--outputs: expected a JSON object, found "[1]"'],
  [['callback', 'release#1', 'a', '--output', 'x'], '--output: expected key=value, found "x"'],
  [['retry', 'release#1', '--input', 'a=b'], '--input: expected the task that it is for, found none'],
  [['modify', 'release#1', 'x'], 'params: expected key=value, found "x"'],
  [
    ['start', 'release#1', '--only', 'a'],
    "release#1 has been made and has its only already: expected a pipeline's name",
  ],
])('%j is a usage error', async (args, message) => {
  await using shop = await opened('name: release\ntasks: [{key: a, uses: callback}]')
  await shop.done('start', 'release')
  expect(await shop.say(...args)).toEqual({ code: 2, out: '', err: `millrace: ${message}\n` })
})

test('a cancel is hard or soft, not both; a stage that is not there is named', async () => {
  await using shop = await opened('name: release\ntasks: [{key: a, uses: callback}]')
  await shop.done('start', 'release')
  expect(await shop.say('cancel', 'release#1', '--force', '--after-current')).toMatchObject({ code: 2, out: '' })
  expect(await shop.say('rollback', 'release#1', 'a')).toMatchObject({
    code: 1,
    err: 'millrace: release#1 has no stage "a": expected one of release\n',
  })
})

test('the address for a forge is told, and its secret, as those of webhooks are', async () => {
  await using shop = await opened('name: release\ntriggers: [{forge: github}]\ntasks: [{key: a, script: one}]')
  expect(await shop.done('webhooks', 'release', '--secrets')).toMatch(/github +\/api\/v1\/webhooks\/\S+ +whsec_/)
})

test('a task that no runner took is told of when its run is watched', async () => {
  await using shop = await opened(
    'name: release\non_failure: continue\ntasks: [{key: a, script: one, runs_on: gpu, not_started: 5s}]',
  )
  await shop.done('start', 'release')
  shop.world.clock.advance(5_000)
  await shop.world.settled()
  expect((await shop.say('watch', 'release#1')).out).toContain(
    '✗ a  timed out: no runner took it within 5s; passed over\n',
  )
})
