// What runs of bamboo-engine itself have shown (original-engine.test.ts), case by case.
import { expect, test } from 'vitest'
import { taskOf, type BkTask } from '../../testing/blueking-task.ts'
import { constant, outputOf, pause, shell, subProcess, webTree, type TreeSketch } from '../../testing/blueking-trees.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'

async function ends(t: BkTask, key: string, result: ReturnType<typeof succeeded>): Promise<void> {
  t.client.world.runner.endTask(key, result)
  await t.client.world.settled()
}

test('a node is told with what it was given when it began, not with what is known since', async () => {
  const t = await taskOf({
    gateways: { p: 'Parallel', c: 'Converge' },
    lines: [
      ['start', 'p'],
      ['p', 'a'],
      ['p', 'b'],
      ['a', 'c'],
      ['b', 'c'],
      ['c', 'end'],
    ],
    activities: { a: shell('true'), b: shell('echo ${done}') },
    constants: { '${done}': outputOf('a', '_result') },
  })
  await ends(t, 'b', exited(1))
  await ends(t, 'a', succeeded())
  const content = async (): Promise<unknown> => (await t.detail('b')).inputs.job_content
  expect(await content()).toBe('echo ${done}')
  await t.act('b', 'retry')
  expect(await content()).toBe('echo True')
  expect((await t.detail('b')).histories[0].inputs.job_content).toBe('echo ${done}')
})

test('the end event can be paused, too', async () => {
  const inner = webTree({
    lines: [
      ['start', 'i'],
      ['i', 'end'],
    ],
  })
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 's'],
      ['s', 'end'],
    ],
    activities: { a: pause, s: subProcess(inner) },
  })
  for (const end of ['s.end', 'end']) expect(await t.act(end, 'pause')).toMatchObject({ result: true })
  await t.act('a', 'callback')
  expect(await t.states(2)).toMatchObject({ root: 'NODE_SUSPENDED', s: 'NODE_SUSPENDED', 's.end': 'SUSPENDED' })
  await t.act('s.end', 'resume')
  expect(await t.states(2)).toMatchObject({ root: 'NODE_SUSPENDED', s: 'FINISHED', end: 'SUSPENDED' })
  await t.act('end', 'resume')
  expect(await t.states(2)).toMatchObject({ root: 'FINISHED', end: 'FINISHED' })
})

test('of what was not entered a sub-process can be neither paused nor resumed, a node can be resumed', async () => {
  const inner = webTree({
    lines: [
      ['start', 'i'],
      ['i', 'end'],
    ],
    activities: { i: pause },
  })
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 's'],
      ['s', 'end'],
    ],
    activities: { a: pause, s: subProcess(inner) },
  })
  const refused = (text: string) => ({ result: false, message: `fail: ${text}` })
  expect(await t.act('s', 'pause_subproc')).toMatchObject(refused(`node(${t.node('s')}) does not exist`))
  expect(await t.act('s', 'resume_subproc')).toMatchObject(refused('State matching query does not exist.'))
  expect(await t.act('s.i', 'resume')).toMatchObject({ result: true })
  await t.act('a', 'callback')
  expect(await t.states(2)).toMatchObject({ root: 'RUNNING', s: 'RUNNING', 's.i': 'RUNNING' })
})

const loop: TreeSketch = {
  gateways: { x: 'Exclusive' },
  lines: [
    ['start', 'a'],
    ['a', 'b'],
    ['b', 'x'],
    ['x', 'a', '${count} < 2'],
    ['x', 'end', 'default'],
  ],
  activities: { a: pause, b: { ...shell('x'), error_ignorable: true } },
  constants: { '${count}': outputOf('a', '_loop') },
}

test.each(['ignored', 'skipped'])('what was %s stays so until it begins once more', async (how) => {
  const t = await taskOf(loop)
  await t.act('a', 'callback')
  if (how === 'ignored') await ends(t, 'b', exited(1))
  else {
    await t.act('b', 'forced_fail')
    await ends(t, 'b', { kind: 'cancelled' })
    await t.act('b', 'skip')
  }
  await t.operate('pause')
  await t.act('a', 'callback')
  const shown = async () => (await t.status({ engine_ver: '2' })).children[t.node('b')]
  const flags = { skip: how === 'skipped', error_ignored: how === 'ignored' }
  expect(await shown()).toMatchObject({ state: 'FINISHED', loop: 1, ...flags })
  await t.operate('resume')
  expect(await shown()).toMatchObject({ state: 'RUNNING', loop: 2, skip: false, error_ignored: false })
})

test('an output of a sub-process that nothing in it has made is handed on as its own name', async () => {
  const inner = webTree({
    gateways: { x: 'Exclusive' },
    lines: [
      ['start', 'x'],
      ['x', 'i', '1 == 2'],
      ['x', 'end', 'default'],
      ['i', 'end'],
    ],
    constants: { '${made}': outputOf('i', '_result') },
    outputs: ['${made}'],
  })
  const t = await taskOf({
    lines: [
      ['start', 's'],
      ['s', 'end'],
    ],
    activities: { s: subProcess(inner) },
    constants: { '${handed}': outputOf('s', '${made}'), '${own}': constant('v') },
    outputs: ['${handed}'],
  })
  const whole = await t.client.need(t.client.get('get_task_detail', [t.id, t.client.biz]))
  expect(whole.outputs).toMatchObject([{ key: '${handed}', value: '${made}' }])
})

test('a node that was failed by force has another version from then on, and its log is found by both', async () => {
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 'end'],
    ],
    activities: { a: shell('x') },
  })
  const version = async (): Promise<string> => (await t.status()).children[t.node('a')].version
  const before = await version()
  await t.act('a', 'forced_fail')
  await ends(t, 'a', { kind: 'cancelled' })
  const forced = await version()
  expect(forced).toMatch(/^[0-9a-f]{32}$/)
  expect(forced).not.toBe(before)
  for (const one of [before, forced]) {
    const query = { node_id: t.node('a'), version: one }
    expect(await t.client.get('get_task_node_log', [t.id, t.client.biz], query)).toMatchObject({ result: true })
  }
  await t.act('a', 'retry')
  expect((await t.detail('a')).histories[0].version).toBe(`v${forced}`)
  expect([before, forced]).not.toContain(await version())
})

test('a node that was paused ahead of time keeps its version when it begins', async () => {
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 'end'],
    ],
    activities: { a: pause, b: pause },
  })
  await t.act('b', 'pause')
  await t.act('a', 'callback')
  const shown = async () => (await t.status({ engine_ver: '2' })).children[t.node('b')]
  const { state, version } = await shown()
  expect(state).toBe('SUSPENDED')
  await t.act('b', 'resume')
  expect(await shown()).toMatchObject({ state: 'RUNNING', version })
})
