// Trees as a client makes, starts and controls them, on the real engine.
import { describe, expect, test } from 'vitest'
import type { Body } from '../../testing/blueking-client.ts'
import { taskOf } from '../../testing/blueking-task.ts'
import {
  component,
  constant,
  outputOf,
  pause,
  shell,
  sleep,
  subProcess,
  webTree,
  type TreeSketch,
} from '../../testing/blueking-trees.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'

const fork: TreeSketch = {
  gateways: { p: 'Parallel', c: 'Converge' },
  lines: [
    ['start', 'p'],
    ['p', 'a'],
    ['p', 'b'],
    ['a', 'c'],
    ['b', 'c'],
    ['c', 'end'],
  ],
  activities: { a: shell('a'), b: pause },
}

describe('a flow', () => {
  test('goes from start to end, and shows what was entered', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'b'],
        ['b', 'end'],
      ],
      activities: { b: pause },
    })
    expect(await t.states()).toEqual({ root: 'RUNNING', start: 'FINISHED', a: 'FINISHED', b: 'RUNNING' })
    expect(await t.act('b', 'callback', { data: { ok: 1 } })).toMatchObject({ result: true })
    expect(await t.states()).toEqual({
      root: 'FINISHED',
      start: 'FINISHED',
      a: 'FINISHED',
      b: 'FINISHED',
      end: 'FINISHED',
    })
  })

  test('with one branch failed and one at work is RUNNING to the first engine, FAILED to the second', async () => {
    const t = await taskOf(fork)
    t.client.world.runner.endTask('a', exited(1))
    await t.client.world.settled()
    expect(await t.states(1)).toEqual({ root: 'RUNNING', start: 'FINISHED', p: 'FINISHED', a: 'FAILED', b: 'RUNNING' })
    expect((await t.states(2))['root']).toBe('FAILED')
    expect(await t.act('a', 'skip')).toMatchObject({ result: true })
    expect(await t.states(2)).toEqual({
      root: 'RUNNING',
      start: 'FINISHED',
      p: 'FINISHED',
      a: 'FINISHED',
      b: 'RUNNING',
    })
    await t.act('b', 'callback')
    expect(await t.states(2)).toMatchObject({ root: 'FINISHED', c: 'FINISHED', end: 'FINISHED' })
  })

  test('that was not started is the smaller object; a second start is refused', async () => {
    const t = await taskOf(fork, {}, false)
    const created = {
      start_time: null,
      state: 'CREATED',
      retry: 0,
      skip: 0,
      finish_time: null,
      elapsed_time: 0,
      children: {},
    }
    expect(await t.status()).toEqual(created)
    expect(await t.status({ engine_ver: '2' })).toEqual({ ...created, name: 'a task' })
    expect(await t.operate('pause')).toMatchObject({ result: false, message: 'operate failed, please try again later' })
    const start = (engine_ver: string) => t.client.post('start_task', [t.id, t.client.biz], { engine_ver })
    expect(await start('1')).toEqual({ result: true, data: {}, message: {}, code: 0 })
    expect(await start('1')).toEqual({
      result: false,
      message: 'pipeline instance already started.',
      data: 'pipeline instance already started.',
      code: 3545000,
    })
    expect(await start('2')).toMatchObject({ result: false, message: 'task already started', code: 3545000 })
  })

  test('is as the seed has it', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: shell('x') },
    })
    t.client.world.runner.endTask('a', exited(1))
    await t.client.world.settled()
    const status = await t.status()
    expect(status).toMatchObject({
      state: 'FAILED',
      finish_time: '',
      version: '',
      name: "<class 'pipeline.core.pipeline.Pipeline'>",
    })
    expect(Object.keys(status.children)).toEqual([t.node('start'), t.node('a')])
    expect(status.children[t.node('a')]).toMatchObject({
      state: 'FAILED',
      retry: 0,
      loop: 1,
      skip: false,
      name: "<class 'pipeline.core.flow.activity.ServiceActivity'>",
      version: expect.stringMatching(/^[0-9a-f]{32}$/),
      start_time: '2026-01-02 11:04:05 +0800',
      finish_time: '2026-01-02 11:04:05 +0800',
    })
  })

  test('as the later engine tells it has names, parents and nulls', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: pause },
    })
    t.client.world.clock.advance(90_400)
    const status = await t.status({ engine_ver: '2' })
    expect(status).toMatchObject({
      name: 'a task',
      parent_id: status.id,
      'root_id:': status.id,
      version: expect.stringMatching(/^v[0-9a-f]{32}$/),
      finish_time: null,
      elapsed_time: 90,
      error_ignorable: false,
      error_ignored: false,
    })
    expect(status.children[t.node('start')]).toMatchObject({ name: '', parent_id: status.id, state: 'FINISHED' })
    expect(status.children[t.node('a')]).toMatchObject({ name: 'Node a', state: 'RUNNING', finish_time: null })
  })
})

describe('commands, as the original takes them', () => {
  test('a failed node hides behind a pause, and comes back with the resume', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: shell('x') },
    })
    t.client.world.runner.endTask('a', exited(1))
    await t.client.world.settled()
    expect(await t.operate('resume')).toMatchObject({ result: false })
    expect(await t.operate('pause')).toMatchObject({ result: true, data: {} })
    expect(await t.states()).toMatchObject({ root: 'SUSPENDED', a: 'FAILED' })
    expect(await t.operate('pause')).toMatchObject({ result: false })
    expect(await t.operate('resume')).toMatchObject({ result: true })
    expect(await t.states()).toMatchObject({ root: 'FAILED', a: 'FAILED' })
  })

  test('retry counts, makes a new version, keeps a row of what was; skip keeps the count', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'b'],
        ['b', 'end'],
      ],
      activities: { a: shell('x'), b: pause },
    })
    const node = async () => (await t.status({ engine_ver: '2' })).children[t.node('a')]
    const fails = async () => {
      t.client.world.runner.endTask('a', exited(1))
      await t.client.world.settled()
    }
    await fails()
    const first = await node()
    t.client.world.clock.advance(5_000)
    expect(await t.act('a', 'retry')).toMatchObject({ result: true, code: 0 })
    const second = await node()
    expect(second).toMatchObject({ state: 'RUNNING', retry: 1, skip: false, finish_time: null })
    expect(second.version).not.toBe(first.version)
    await fails()
    expect(await node()).toMatchObject({ state: 'FAILED', retry: 1 })
    t.client.world.clock.advance(5_000)
    expect(await t.act('a', 'skip')).toMatchObject({ result: true })
    const skipped = await node()
    expect(skipped).toMatchObject({ state: 'FINISHED', retry: 1, skip: true })
    expect(skipped.version).not.toBe(second.version)
    expect(skipped.start_time).toBe(second.start_time)
    const detail = await t.client.need(
      t.client.get('get_task_node_detail', [t.id, t.client.biz], {
        node_id: t.node('a'),
        engine_ver: '2',
        component_code: 'job_fast_execute_script',
      }),
    )
    expect(detail.histories.map(({ retry, state, skip, ex_data }: Body) => [retry, state, skip, ex_data])).toEqual([
      [0, 'FAILED', false, 'the process exited with code 1'],
      [1, 'FAILED', false, 'the process exited with code 1'],
    ])
    expect(await t.act('a', 'retry')).toMatchObject({
      result: false,
      message: expect.stringContaining('state is not FAILED, actual FINISHED'),
      code: 3599999,
    })
    expect(await t.act('a', 'skip')).toMatchObject({ result: false })
  })

  test('a node that may not be skipped, or retried, is not', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: { ...shell('x'), skippable: false, retryable: false } },
    })
    t.client.world.runner.endTask('a', exited(1))
    await t.client.world.settled()
    expect(await t.act('a', 'skip')).toMatchObject({
      result: false,
      message: expect.stringContaining('can not skip this node'),
    })
    expect(await t.act('a', 'retry')).toMatchObject({
      result: false,
      message: expect.stringContaining('can not retry node'),
    })
    expect(await t.act('nowhere', 'retry')).toMatchObject({
      result: false,
      message: 'node which be operated is not in this flow',
    })
    expect(await t.act('a', 'explode')).toMatchObject({ result: false, message: 'task command is invalid' })
  })

  test('forced_fail is for what runs', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: pause },
    })
    expect(await t.act('start', 'forced_fail')).toMatchObject({ result: false })
    expect(await t.act('a', 'forced_fail')).toMatchObject({ result: true })
    expect(await t.states()).toMatchObject({ root: 'FAILED', a: 'FAILED' })
    expect(await t.act('a', 'forced_fail')).toMatchObject({
      result: false,
      message: expect.stringContaining('state is not RUNNING'),
    })
    const data = await t.client.need(t.client.get('get_task_node_data', [t.client.biz, t.id], { node_id: t.node('a') }))
    expect(Object.fromEntries(data.outputs.map(({ key, value }: Body) => [key, value]))).toMatchObject({
      _forced_failed: true,
      _result: true,
      ex_data: expect.stringContaining('forced fail by ci'),
    })
    expect((await t.status({ with_ex_data: '1' })).ex_data).toEqual({
      [t.node('a')]: expect.stringContaining('forced fail by ci'),
    })
  })

  test('forced_fail ends a script, and its retry begins another', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: shell('sleep 100') },
    })
    const { runner } = t.client.world
    expect(await t.act('a', 'forced_fail')).toMatchObject({ result: true })
    expect(runner.cancelled).toHaveLength(1)
    runner.endTask('a', { kind: 'cancelled' })
    await t.client.world.settled()
    expect(await t.states()).toMatchObject({ root: 'FAILED', a: 'FAILED' })
    expect((await t.status({ with_ex_data: '1', engine_ver: '2' })).ex_data).toEqual({
      [t.node('a')]: 'forced fail by ci',
    })
    expect(await t.act('a', 'retry')).toMatchObject({ result: true })
    runner.endTask('a', succeeded())
    await t.client.world.settled()
    expect(await t.states()).toMatchObject({ root: 'FINISHED' })
  })

  test('a callback reaches a waiting node of a paused task, once, and what follows waits for the resume', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'b'],
        ['b', 'end'],
      ],
      activities: { a: pause, b: pause },
    })
    expect(await t.operate('pause')).toMatchObject({ result: true })
    const version = (await t.status({ engine_ver: '2' })).children[t.node('a')].version
    const call = (given: string) =>
      t.client.post('node_callback', [t.id, t.client.biz], {
        node_id: t.node('a'),
        callback_data: { x: 1 },
        version: given,
      })
    expect(await call('v'.padEnd(33, '0'))).toMatchObject({ result: false })
    expect(await call(version)).toMatchObject({ result: true })
    expect(await call(version)).toMatchObject({ result: false })
    expect(await t.states()).toEqual({ root: 'SUSPENDED', start: 'FINISHED', a: 'FINISHED' })
    await t.operate('resume')
    expect(await t.states()).toEqual({ root: 'RUNNING', start: 'FINISHED', a: 'FINISHED', b: 'RUNNING' })
  })

  test('a revoked task ends, and takes nothing more', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: pause },
    })
    expect(await t.operate('revoke')).toMatchObject({ result: true })
    expect(await t.states()).toEqual({ root: 'REVOKED', start: 'FINISHED', a: 'REVOKED' })
    for (const action of ['pause', 'resume', 'revoke', 'start'])
      expect(await t.operate(action)).toMatchObject({ result: false })
    expect(await t.act('a', 'callback')).toMatchObject({ result: false })
  })

  test('a node that was paused ahead of time stops the flow when it comes there', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'b'],
        ['b', 'end'],
      ],
      activities: { a: pause },
    })
    expect(await t.act('b', 'pause')).toMatchObject({ result: true })
    expect(await t.states()).toEqual({ root: 'RUNNING', start: 'FINISHED', a: 'RUNNING' })
    await t.act('a', 'callback')
    expect(await t.states(1)).toEqual({ root: 'NODE_SUSPENDED', start: 'FINISHED', a: 'FINISHED', b: 'SUSPENDED' })
    expect(await t.states(2)).toMatchObject({ root: 'NODE_SUSPENDED', b: 'SUSPENDED' })
    expect((await t.status()).children[t.node('b')]).toMatchObject({ start_time: '', finish_time: '' })
    expect(await t.act('b', 'resume')).toMatchObject({ result: true })
    expect(await t.states()).toMatchObject({ root: 'FINISHED', b: 'FINISHED', end: 'FINISHED' })
  })

  test('a node that waits may be paused without losing its callback', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'b'],
        ['b', 'end'],
      ],
      activities: { a: pause },
    })
    expect(await t.act('a', 'pause')).toMatchObject({ result: true })
    expect(await t.states()).toMatchObject({ root: 'NODE_SUSPENDED', a: 'SUSPENDED' })
    await t.act('a', 'callback', { data: { said: 1 } })
    await t.act('a', 'resume')
    expect(await t.states()).toMatchObject({ root: 'FINISHED', a: 'FINISHED', end: 'FINISHED' })
  })
})

describe('gateways', () => {
  const choice = (first: string, second: string): TreeSketch => ({
    gateways: { x: 'Exclusive', m: 'Converge' },
    lines: [
      ['start', 'x'],
      ['x', 'a', first],
      ['x', 'b', second],
      ['a', 'm'],
      ['b', 'm'],
      ['m', 'end'],
    ],
    constants: { '${n}': constant('2') },
  })

  test('an exclusive one goes the one way that is open, the other stays unseen', async () => {
    const t = await taskOf(choice('${n} == 1', '${n} == 2'))
    expect(await t.states()).toEqual({
      root: 'FINISHED',
      start: 'FINISHED',
      x: 'FINISHED',
      b: 'FINISHED',
      m: 'FINISHED',
      end: 'FINISHED',
    })
    expect((await t.status()).children[t.node('m')].name).toBe("<class 'pipeline.core.flow.gateway.ConvergeGateway'>")
  })

  test.each([
    ['none', '${n} == 1', '${n} == 3', /^all conditions of branches are not meet$/],
    ['several', '${n} == 2', '${n} >= 2', /^multiple conditions meet: \['f[0-9a-f]{31}', 'f[0-9a-f]{31}'\]$/],
  ])('with %s open it fails; it can be retried, and passed by a flow', async (_, first, second, text) => {
    const t = await taskOf(choice(first, second))
    expect(await t.states()).toEqual({ root: 'FAILED', start: 'FINISHED', x: 'FAILED' })
    expect(await t.reasons()).toEqual({ x: expect.stringMatching(text) })
    expect(await t.act('x', 'skip')).toMatchObject({ result: false })
    expect(await t.act('x', 'retry')).toMatchObject({ result: true })
    expect((await t.status()).children[t.node('x')]).toMatchObject({ state: 'FAILED', retry: 1 })
    expect(await t.act('x', 'skip_exg', { flow_id: 'nowhere' })).toMatchObject({ result: false })
    const flow = Object.values<Body>(t.tree.flows).find(
      ({ source, target }) => source === t.node('x') && target === t.node('b'),
    )
    expect(await t.act('x', 'skip_exg', { flow_id: flow.id })).toMatchObject({ result: true })
    expect(await t.states()).toEqual({
      root: 'FINISHED',
      start: 'FINISHED',
      x: 'FINISHED',
      b: 'FINISHED',
      m: 'FINISHED',
      end: 'FINISHED',
    })
    expect((await t.status()).children[t.node('x')]).toMatchObject({ skip: true })
  })

  test('a conditional one goes all ways that are open, and meets those', async () => {
    const t = await taskOf({
      gateways: { q: 'ConditionalParallel', c: 'Converge' },
      lines: [
        ['start', 'q'],
        ['q', 'a', '1 == 1'],
        ['q', 'b', '1 == 2'],
        ['q', 'd', "'x' in ('x', 'y')"],
        ['a', 'c'],
        ['b', 'c'],
        ['d', 'c'],
        ['c', 'end'],
      ],
    })
    expect(await t.states()).toEqual({
      root: 'FINISHED',
      start: 'FINISHED',
      q: 'FINISHED',
      a: 'FINISHED',
      d: 'FINISHED',
      c: 'FINISHED',
      end: 'FINISHED',
    })
  })

  test('a conditional one with no way open fails; it can be passed along several', async () => {
    const t = await taskOf({
      gateways: { q: 'ConditionalParallel', c: 'Converge' },
      lines: [
        ['start', 'q'],
        ['q', 'a', '1 == 2'],
        ['q', 'b', '1 == 2'],
        ['q', 'd', '1 == 2'],
        ['a', 'c'],
        ['b', 'c'],
        ['d', 'c'],
        ['c', 'end'],
      ],
    })
    expect(await t.states()).toEqual({ root: 'FAILED', start: 'FINISHED', q: 'FAILED' })
    const flows = Object.values<Body>(t.tree.flows).filter(({ source }) => source === t.node('q'))
    const ids = flows.filter(({ target }) => target !== t.node('b')).map(({ id }) => id as string)
    expect(await t.act('q', 'skip_exg', { flow_id: ids[0] })).toMatchObject({ result: false })
    expect(await t.act('q', 'skip_cpg', {})).toMatchObject({ result: false })
    expect(await t.act('q', 'skip_cpg', { flow_ids: ids })).toMatchObject({ result: true })
    expect(await t.states()).toEqual({
      root: 'FINISHED',
      start: 'FINISHED',
      q: 'FINISHED',
      a: 'FINISHED',
      d: 'FINISHED',
      c: 'FINISHED',
      end: 'FINISHED',
    })
  })

  test('a loop comes back with a higher count and a new version, its retries begin anew', async () => {
    const t = await taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 'a'],
        ['a', 'x'],
        ['x', 'a', "${said} == 'again'"],
        ['x', 'end', "${said} != 'again'"],
      ],
      activities: { a: shell('x') },
      constants: { '${said}': outputOf('a', 'word') },
    })
    const { runner } = t.client.world
    runner.endTask('a', exited(1))
    await t.client.world.settled()
    await t.act('a', 'retry')
    runner.endTask('a', succeeded({ word: 'again' }))
    await t.client.world.settled()
    const again = (await t.status()).children[t.node('a')]
    expect(again).toMatchObject({ state: 'RUNNING', loop: 2, retry: 0, skip: false })
    runner.endTask('a', succeeded({ word: 'enough' }))
    await t.client.world.settled()
    expect(await t.states()).toMatchObject({ root: 'FINISHED' })
    expect((await t.status()).children[t.node('x')]).toMatchObject({ loop: 2 })
    const detail = await t.client.need(
      t.client.get('get_task_node_detail', [t.id, t.client.biz], { node_id: t.node('a'), loop: '1' }),
    )
    expect(detail).toMatchObject({ state: 'FINISHED', loop: 1, retry: 1 })
    expect(detail.histories).toHaveLength(1)
  })
})

describe('sub-processes', () => {
  const inner = webTree({
    lines: [
      ['start', 'i'],
      ['i', 'end'],
    ],
    activities: { i: shell('echo ${greeting}') },
    constants: { '${greeting}': constant('hello ${who}'), '${word}': outputOf('i', 'word') },
    outputs: ['${word}'],
  })
  const outer: TreeSketch = {
    lines: [
      ['start', 's'],
      ['s', 'b'],
      ['b', 'end'],
    ],
    activities: { s: subProcess(inner), b: shell('echo ${got}') },
    constants: { '${who}': constant('world'), '${got}': outputOf('s', '${word}') },
    outputs: ['${got}'],
  }

  test('have their own children, read what is around them, and hand on what they made', async () => {
    const t = await taskOf(outer)
    expect(await t.states()).toEqual({
      root: 'RUNNING',
      start: 'FINISHED',
      s: 'RUNNING',
      's.start': 'FINISHED',
      's.i': 'RUNNING',
    })
    const [job] = t.client.world.runner.jobs
    expect(job?.env).toMatchObject({ greeting: 'hello world' })
    t.client.world.runner.endTask('i', succeeded({ word: 'bye' }))
    await t.client.world.settled()
    expect(t.client.world.runner.jobs[0]?.env).toMatchObject({ got: 'bye' })
    t.client.world.runner.endTask('b', succeeded())
    await t.client.world.settled()
    expect(await t.states()).toMatchObject({ root: 'FINISHED', s: 'FINISHED', 's.end': 'FINISHED', b: 'FINISHED' })
    const detail = await t.client.need(t.client.get('get_task_detail', [t.id, t.client.biz]))
    expect(detail.outputs).toEqual([{ key: '${got}', name: 'constant', value: 'bye' }])
  })

  test('are FAILED while a node in them is, and SUSPENDED while they are paused', async () => {
    const t = await taskOf(outer)
    t.client.world.runner.endTask('i', exited(1))
    await t.client.world.settled()
    expect(await t.states(2)).toMatchObject({ root: 'FAILED', s: 'FAILED', 's.i': 'FAILED' })
    expect(await t.act('s', 'pause')).toMatchObject({ result: false })
    expect(await t.act('s', 'resume_subproc')).toMatchObject({ result: false })
    expect(await t.act('s', 'pause_subproc')).toMatchObject({ result: true })
    expect(await t.states(2)).toMatchObject({ root: 'NODE_SUSPENDED', s: 'SUSPENDED', 's.i': 'FAILED' })
    expect(await t.act('s', 'resume_subproc')).toMatchObject({ result: true })
    expect(await t.states(2)).toMatchObject({ root: 'FAILED', s: 'FAILED', 's.i': 'FAILED' })
    expect(await t.act('s.i', 'skip')).toMatchObject({ result: true })
    expect(await t.states(2)).toMatchObject({ root: 'RUNNING', s: 'FINISHED', 's.end': 'FINISHED', b: 'RUNNING' })
    const sub = await t.status({ subprocess_id: t.node('s') })
    expect(sub).toMatchObject({ id: t.node('s'), state: 'FINISHED' })
  })
})

test('a flow knows who and what it is of', async () => {
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 'end'],
    ],
    activities: { a: shell('echo ${who}') },
    constants: {
      '${who}': constant('${_system.task_name} of ${_system.bk_biz_name} by ${_system.operator}', {
        show_type: 'hide',
      }),
    },
  })
  expect(t.client.world.runner.jobs[0]?.env).toMatchObject({ who: 'a task of default by ci' })
})

describe('loops', () => {
  test('take a sub-process through again, and all that is in it', async () => {
    const t = await taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 's'],
        ['s', 'x'],
        ['x', 's', "${word} == 'again'"],
        ['x', 'end', 'default'],
      ],
      activities: {
        s: subProcess(
          webTree({
            lines: [
              ['start', 'i'],
              ['i', 'j'],
              ['j', 'end'],
            ],
            activities: { i: shell('x'), j: shell('y') },
            constants: { '${w}': outputOf('i', 'word') },
            outputs: ['${w}'],
          }),
        ),
      },
      constants: { '${word}': outputOf('s', '${w}') },
    })
    const { runner } = t.client.world
    const step = async (name: string, word: string) => {
      runner.endTask(name, succeeded({ word }))
      await t.client.world.settled()
    }
    await step('i', 'again')
    await step('j', '')
    const sub = async () => (await t.status()).children[t.node('s')]
    const counts = async () => {
      const { loop, children } = await sub()
      return [
        loop,
        ...['s.start', 's.i', 's.j', 's.end'].map((name) => [
          children[t.node(name)]?.state,
          children[t.node(name)]?.loop,
        ]),
      ]
    }
    // What the second pass has not come to yet is as the first one left it.
    expect(await counts()).toEqual([2, ['FINISHED', 2], ['RUNNING', 2], ['FINISHED', 1], ['FINISHED', 1]])
    expect(await t.states()).toMatchObject({ root: 'RUNNING', s: 'RUNNING', x: 'FINISHED' })
    await step('i', 'enough')
    await step('j', '')
    expect(await counts()).toEqual([2, ['FINISHED', 2], ['FINISHED', 2], ['FINISHED', 2], ['FINISHED', 2]])
    expect(await t.states()).toMatchObject({ root: 'FINISHED' })
  })

  test('through parallel branches count all that is between', async () => {
    const t = await taskOf({
      gateways: { p: 'Parallel', c: 'Converge', x: 'Exclusive' },
      lines: [
        ['start', 'p'],
        ['p', 'a'],
        ['p', 'b'],
        ['a', 'c'],
        ['b', 'c'],
        ['c', 'x'],
        ['x', 'p', "${word} == 'again'"],
        ['x', 'end', 'default'],
      ],
      activities: { a: shell('x') },
      constants: { '${word}': outputOf('a', 'word') },
    })
    const { runner } = t.client.world
    runner.endTask('a', succeeded({ word: 'again' }))
    await t.client.world.settled()
    const { children } = await t.status()
    const seen = Object.fromEntries(
      ['p', 'a', 'b', 'c', 'x'].map((name) => [name, [children[t.node(name)]?.state, children[t.node(name)]?.loop]]),
    )
    expect(seen).toEqual({
      p: ['FINISHED', 2],
      a: ['RUNNING', 2],
      b: ['FINISHED', 2],
      c: ['FINISHED', 1],
      x: ['FINISHED', 1],
    })
    runner.endTask('a', succeeded({ word: 'no' }))
    await t.client.world.settled()
    expect(await t.states()).toMatchObject({ root: 'FINISHED' })
    expect((await t.status()).children[t.node('c')]).toMatchObject({ loop: 2 })
  })

  test('may lead back to where branches have met', async () => {
    const t = await taskOf({
      gateways: { p: 'Parallel', c: 'Converge', x: 'Exclusive' },
      lines: [
        ['start', 'p'],
        ['p', 'a'],
        ['p', 'b'],
        ['a', 'c'],
        ['b', 'c'],
        ['c', 'd'],
        ['d', 'x'],
        ['x', 'c', "${word} == 'again'"],
        ['x', 'end', 'default'],
      ],
      activities: { a: pause, d: shell('x') },
      constants: { '${word}': outputOf('d', 'word') },
    })
    expect(await t.states()).toEqual({ root: 'RUNNING', start: 'FINISHED', p: 'FINISHED', a: 'RUNNING', b: 'FINISHED' })
    await t.act('a', 'callback')
    for (const word of ['again', 'no']) {
      t.client.world.runner.endTask('d', succeeded({ word }))
      await t.client.world.settled()
    }
    const { children } = await t.status()
    expect(['a', 'c', 'd', 'x'].map((name) => children[t.node(name)].loop)).toEqual([1, 2, 2, 2])
    expect(await t.states()).toMatchObject({ root: 'FINISHED' })
    expect(Object.keys(children)).toHaveLength(8)
  })

  test('end when a node was come to too often', async () => {
    const t = await taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 'a'],
        ['a', 'x'],
        ['x', 'a', '1 == 1'],
        ['x', 'end', '1 == 0'],
      ],
    })
    const status = await t.status({ with_ex_data: '1', engine_ver: '2' })
    expect(status.state).toBe('FAILED')
    expect(Object.values(status.ex_data)).toEqual(['node execution exceed rerun limit 100'])
    expect(
      ['a', 'x'].map((name) => status.children[t.node(name)]).map(({ state, loop }: Body) => [state, loop]),
    ).toEqual([
      ['FAILED', 101],
      ['FINISHED', 101],
    ])
  })
})

describe('policies of a node', () => {
  test('a failure that is ignored is FINISHED, and said so by the later engine', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: { ...shell('x'), error_ignorable: true } },
    })
    t.client.world.runner.endTask('a', exited(1))
    await t.client.world.settled()
    expect(await t.states()).toMatchObject({ root: 'FINISHED', a: 'FINISHED' })
    expect((await t.status({ engine_ver: '2' })).children[t.node('a')]).toMatchObject({
      error_ignored: true,
      skip: false,
    })
  })

  test.each([
    ['forced_fail', 'FAILED', false],
    ['forced_fail_and_skip', 'FINISHED', true],
  ])('a timeout with %s leaves it %s', async (action, state, skip) => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: { ...pause, timeout_config: { enable: true, seconds: 10, action } } },
    })
    t.client.world.clock.advance(10_000)
    await t.client.world.settled()
    expect((await t.status()).children[t.node('a')]).toMatchObject({ state, skip })
  })

  test('auto_retry tries again by itself, and counts', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: { ...shell('x'), auto_retry: { enable: true, times: 2, interval: 5 } } },
    })
    const fails = async () => {
      t.client.world.runner.endTask('a', exited(1))
      await t.client.world.settled()
    }
    await fails()
    const waiting = await t.status({ with_failed_node_info: '1', with_auto_retry_status: '1' })
    expect(waiting.children[t.node('a')]).toMatchObject({ state: 'FAILED', retry: 0 })
    expect(waiting.auto_retry_status).toEqual({ exist_auto_retry_nodes: true, auto_retry_nodes: [t.node('a')] })
    t.client.world.clock.advance(5_000)
    await t.client.world.settled()
    expect((await t.status()).children[t.node('a')]).toMatchObject({ state: 'RUNNING', retry: 1 })
    await fails()
    t.client.world.clock.advance(5_000)
    await t.client.world.settled()
    await fails()
    const failed = await t.status({ with_failed_node_info: '1' })
    expect(failed).toMatchObject({ state: 'FAILED' })
    expect(failed.failed_node_info).toEqual({
      [t.node('a')]: { node_id: t.node('a'), auto_retry_times: 2, max_auto_retry_times: 2 },
    })
  })

  test('a timer sleeps for its seconds, or until its date in the zone of the server', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'b'],
        ['b', 'end'],
      ],
      activities: { a: sleep('30'), b: sleep('2026-01-02 12:00:00') },
    })
    expect(await t.states()).toMatchObject({ a: 'RUNNING' })
    t.client.world.clock.advance(30_000)
    await t.client.world.settled()
    expect(await t.states()).toMatchObject({ a: 'FINISHED', b: 'RUNNING' })
    t.client.world.clock.advance(Date.UTC(2026, 0, 2, 4) - t.client.world.clock.now())
    await t.client.world.settled()
    expect(await t.states()).toMatchObject({ root: 'FINISHED', b: 'FINISHED' })
  })

  test('an approval is decided by its callback', async () => {
    const approve = component('bk_approve', {
      bk_verifier: 'li,chen',
      bk_approve_title: 'ship it?',
      rejected_block: true,
    })
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: approve },
    })
    expect(await t.states()).toMatchObject({ root: 'RUNNING', a: 'RUNNING' })
    // its ticket is another system’s there: only pause_node counts
    const tasks = await t.client.need(
      t.client.post('get_tasks_manual_intervention_state', [t.client.biz], { task_id_list: [t.id] }),
    )
    expect(tasks).toEqual([{ id: t.id, manual_intervention_required: false }])
    expect(await t.act('a', 'callback', { data: { approve_result: false } })).toMatchObject({ result: true })
    expect(await t.states()).toMatchObject({ root: 'FAILED', a: 'FAILED' })
  })

  test.each([
    [true, '通过', 'yes'],
    [false, '拒绝', 'no'],
  ])('an approval that blocks nothing tells a gateway what was decided: %s', async (approve_result, word, way) => {
    const t = await taskOf({
      gateways: { g: 'Exclusive' },
      lines: [
        ['start', 'a'],
        ['a', 'g'],
        ['g', 'yes', '"${result}" == "通过"'],
        ['g', 'no', '"${result}" == "拒绝"'],
        ['yes', 'end'],
        ['no', 'end'],
      ],
      activities: { a: component('bk_approve', { bk_verifier: 'li', rejected_block: false }) },
      constants: { '${result}': outputOf('a', 'approve_result') },
      outputs: ['${result}'],
    })
    await t.client.need(t.act('a', 'callback', { data: { approve_result } }))
    const states = await t.states()
    expect(states).toMatchObject({ root: 'FINISHED', a: 'FINISHED', [way]: 'FINISHED' })
    expect(Object.keys(states)).not.toContain(way === 'yes' ? 'no' : 'yes')
    expect(await t.detail('a', { component_code: 'bk_approve' })).toMatchObject({
      error_ignored: false,
      ex_data: '',
      outputs: expect.arrayContaining([
        expect.objectContaining({ key: 'result', value: word }),
        expect.objectContaining({ key: '_result', value: true }),
      ]),
    })
    const { outputs } = await t.client.need(t.client.get('get_task_detail', [t.id, t.client.biz]))
    expect(outputs).toEqual([{ key: '${result}', name: 'constant', value: word }])
  })
})
