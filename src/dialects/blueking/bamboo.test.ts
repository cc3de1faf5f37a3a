// What bamboo-engine 2.x does, case by case: its tests and handlers, read 2026-11-22, asked by the gateway.
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../model/json.ts'
import { taskOf, type BkTask } from '../../testing/blueking-task.ts'
import { constant, outputOf, pause, shell, subProcess, webTree } from '../../testing/blueking-trees.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'

const env = (t: BkTask, name: string): unknown => t.client.world.runner.jobs[0]?.env[name]

async function ends(t: BkTask, key: string, result: ReturnType<typeof succeeded>): Promise<void> {
  t.client.world.runner.endTask(key, result)
  await t.client.world.settled()
}

describe('what every node makes', () => {
  test('a node reads its own count, and so does the gateway behind it', async () => {
    const t = await taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 'a'],
        ['a', 'x'],
        ['x', 'a', '${count} < ${most}'],
        ['x', 'end', '${count} >= ${most}'],
      ],
      activities: { a: shell('echo ${letter}') },
      constants: {
        '${count}': outputOf('a', '_loop'),
        '${letter}': constant('${letters.split(",")[count]}', { show_type: 'hide' }),
        '${letters}': constant('a,b,c,d'),
        '${most}': constant('3'),
      },
    })
    for (const letter of ['b', 'c', 'd']) {
      expect(env(t, 'letter')).toBe(letter)
      await ends(t, 'a', succeeded())
    }
    expect(await t.states(2)).toEqual({
      root: 'FINISHED',
      start: 'FINISHED',
      a: 'FINISHED',
      x: 'FINISHED',
      end: 'FINISHED',
    })
    expect(await t.detail('a')).toMatchObject({ loop: 3, inputs: { _loop: 3 } })
  })

  test('what is in a sub-process reads its count, and so does what comes after it', async () => {
    const t = await taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 's'],
        ['s', 'x'],
        ['x', 's', '${count} < 2'],
        ['x', 'end', '${count} >= 2'],
      ],
      activities: {
        s: subProcess(
          webTree({
            lines: [
              ['start', 'i'],
              ['i', 'end'],
            ],
            activities: { i: shell('echo ${given}') },
            constants: { '${given}': constant('pass ${count}') },
          }),
        ),
      },
      constants: { '${count}': outputOf('s', '_loop') },
    })
    expect(env(t, 'given')).toBe('pass 1')
    await ends(t, 'i', succeeded())
    expect(env(t, 'given')).toBe('pass 2')
    await ends(t, 'i', succeeded())
    expect(await t.states(2)).toMatchObject({ root: 'FINISHED', s: 'FINISHED' })
  })

  test('what is in a sub-process counts anew each time that it begins: _inner_loop', async () => {
    const inner = webTree({
      gateways: { y: 'Exclusive' },
      lines: [
        ['start', 'i'],
        ['i', 'y'],
        ['y', 'i', '${passes} < 2'],
        ['y', 'end', '${passes} >= 2'],
      ],
      activities: { i: shell('echo ${_loop} ${_inner_loop}') },
      constants: { '${passes}': outputOf('i', '_inner_loop') },
    })
    const t = await taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 's'],
        ['s', 'x'],
        ['x', 's', '${count} < 2'],
        ['x', 'end', '${count} >= 2'],
      ],
      activities: { s: subProcess(inner) },
      constants: { '${count}': outputOf('s', '_loop') },
    })
    for (const counts of [
      ['1', '1'],
      ['2', '2'],
      ['3', '1'],
    ]) {
      expect([env(t, '_loop'), env(t, '_inner_loop')]).toEqual(counts)
      await ends(t, 'i', succeeded())
    }
    // A retry is the same pass.
    await ends(t, 'i', exited(1))
    expect(await t.act('s.i', 'retry')).toMatchObject({ result: true })
    await ends(t, 'i', succeeded())
    expect(await t.states(2)).toMatchObject({ root: 'FINISHED', s: 'FINISHED' })
    const last = await t.detail('s.i')
    expect(last).toMatchObject({ loop: 4, retry: 1, inputs: { _loop: 4, _inner_loop: 2 } })
    expect(
      last.histories.map(({ loop, inner_loop }: { loop: number; inner_loop: number }) => [loop, inner_loop]),
    ).toEqual([[4, 2]])
  })

  test('a failure that is passed over is told by _result and ex_data', async () => {
    const t = await taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 'a'],
        ['a', 'x'],
        ['x', 'b', '${good} == True'],
        ['x', 'c', '${good} == False'],
        ['b', 'end'],
        ['c', 'end'],
      ],
      activities: { a: { ...shell('x'), error_ignorable: true } },
      constants: {
        '${good}': outputOf('a', '_result'),
        '${why}': outputOf('a', 'ex_data'),
        '${never}': outputOf('b', 'y'),
      },
      outputs: ['${good}', '${why}', '${never}'],
    })
    await ends(t, 'a', exited(1))
    expect(await t.states(2)).toMatchObject({ root: 'FINISHED', c: 'FINISHED' })
    const whole = await t.client.need(t.client.get('get_task_detail', [t.id, t.client.biz]))
    expect(whole.outputs.map(({ key, value }: { key: string; value: unknown }) => [key, value])).toEqual([
      ['${good}', false],
      ['${why}', 'the process exited with code 1'],
      // Nothing has made it.
      ['${never}', '${never}'],
    ])
  })

  test('stays while the node is begun again, and a node that was skipped tells nothing new', async () => {
    const t = await taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 'b'],
        ['b', 'a'],
        ['a', 'x'],
        ['x', 'b', "${word} == 'again'"],
        ['x', 'end', 'default'],
      ],
      activities: { a: shell('echo ${word}'), b: shell('echo ${word} ${good}') },
      constants: { '${word}': outputOf('a', 'word'), '${good}': outputOf('a', '_result') },
    })
    expect(env(t, 'word')).toBe('${word}')
    await ends(t, 'b', succeeded())
    await ends(t, 'a', succeeded({ word: 'again' }))
    expect([env(t, 'word'), env(t, 'good')]).toEqual(['again', 'True'])
    await ends(t, 'b', succeeded())
    expect(env(t, 'word')).toBe('again')
    await ends(t, 'a', exited(1))
    await t.act('a', 'skip')
    // Its failure was told before it was skipped.
    expect([env(t, 'word'), env(t, 'good')]).toEqual(['again', 'False'])
    expect((await t.status()).children[t.node('b')]).toMatchObject({ loop: 3 })
  })

  test('is called by the name of its constant where its outputs are listed', async () => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'b'],
        ['b', 'end'],
      ],
      activities: { a: shell('x'), b: pause },
      constants: { '${found}': outputOf('a', 'word') },
    })
    await ends(t, 'a', succeeded({ word: 'hello', other: '1' }))
    expect((await t.detail('a')).outputs).toEqual(
      expect.arrayContaining([
        { key: 'found', value: 'hello', preset: false },
        { key: 'other', value: '1', preset: false },
      ]),
    )
  })
})

test('a field with need_render false stays as it is written', async () => {
  const http = (fields: Readonly<Record<string, JsonObject>>): JsonObject => ({
    component: {
      code: 'bk_http_request',
      data: { bk_http_request_method: { hook: false, value: 'POST' }, ...fields },
    },
  })
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 'end'],
    ],
    activities: {
      a: http({
        bk_http_request_url: { hook: false, value: 'http://127.0.0.1/${x}' },
        bk_http_request_body: { hook: false, need_render: false, value: '{"x": "${x}", "y": "${x + 1}"}' },
      }),
      b: {
        component: {
          code: 'job_fast_execute_script',
          data: { job_content: { hook: false, need_render: false, value: 'echo ${x}' } },
        },
      },
    },
    constants: { '${x}': constant('7', { show_type: 'hide' }) },
  })
  const given = t.client.world.runner.jobs[0]?.with
  expect(given).toMatchObject({ url: 'http://127.0.0.1/7', body: '{"x": "${x}", "y": "${x + 1}"}' })
  expect((await t.detail('a')).inputs).toMatchObject({
    bk_http_request_url: 'http://127.0.0.1/7',
    bk_http_request_body: '{"x": "${x}", "y": "${x + 1}"}',
  })
  await ends(t, 'a', succeeded())
  expect(env(t, 'x')).toBeUndefined()
})

describe('conditions', () => {
  const choice = (first: string, value: string) =>
    taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 'x'],
        ['x', 'a', first],
        ['x', 'b', 'default'],
        ['a', 'end'],
        ['b', 'end'],
      ],
      constants: { '${v}': constant(value) },
    })

  test.each([
    ['a line break within quotes', '"${v}" == "one\\ntwo"', 'one\ntwo', 'a'],
    ['a text with a written break of its own', '"${v}" in ("x\\ty",)', 'x\\ty', 'x'],
    ['a text that is a condition', '${v}', '1 == 1', 'a'],
    ['a number in a list of texts', "${v} in ('1', '2')", '2', 'a'],
    ['an int beside a float', '1.5 > ${v}', '1', 'b'],
  ])('%s', async (_, condition, value, way) => {
    const states = await (await choice(condition, value)).states(2)
    if (way === 'x') expect(states).toEqual({ root: 'FAILED', start: 'FINISHED', x: 'FAILED' })
    else expect(states).toMatchObject({ root: 'FINISHED', [way]: 'FINISHED' })
  })

  test.each(['1 ===', '', 'True', "'x'.startswith('x')"])('%j fails its gateway, not the tree', async (condition) => {
    const t = await taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 'x'],
        ['x', 'a', condition],
        ['x', 'b', '1 == 2'],
        ['a', 'end'],
        ['b', 'end'],
      ],
    })
    expect(await t.states(2)).toMatchObject({ root: 'FAILED', x: 'FAILED' })
    expect((await t.reasons())['x']).toContain(`evaluate[${condition}] fail with data[{}] message: expected `)
  })

  test('one that cannot be read is shown as it was read, with what its names stood for', async () => {
    const t = await choice('${v} == 1', 'a b')
    expect(await t.reasons()).toEqual({
      x: expect.stringMatching(/^evaluate\[a b == 1\] fail with data\[\{"v": "a b"\}\] message: /),
    })
  })
})

describe('commands', () => {
  const two = {
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 'end'],
    ],
    activities: { a: shell('x'), b: pause },
  } as const

  test('a retry while the task stands still makes the node READY, and it begins with the resume', async () => {
    const t = await taskOf(two)
    await ends(t, 'a', exited(1))
    const before = (await t.status({ engine_ver: '2' })).children[t.node('a')]
    await t.operate('pause')
    expect(await t.act('a', 'retry')).toMatchObject({ result: true })
    const ready = (await t.status({ engine_ver: '2' })).children[t.node('a')]
    expect(ready).toMatchObject({ state: 'READY', retry: 1, loop: 1, start_time: null, finish_time: null })
    expect(ready.version).not.toBe(before.version)
    expect(await t.states(2)).toMatchObject({ root: 'SUSPENDED', a: 'READY' })
    await t.operate('resume')
    const begun = (await t.status({ engine_ver: '2' })).children[t.node('a')]
    expect(begun).toMatchObject({ state: 'RUNNING', retry: 1, version: ready.version })
  })

  test('a skip while the task stands still is done at once, and what follows waits for the resume', async () => {
    const t = await taskOf(two)
    await ends(t, 'a', exited(1))
    await t.operate('pause')
    expect(await t.act('a', 'skip')).toMatchObject({ result: true })
    expect(await t.states(2)).toEqual({ root: 'SUSPENDED', start: 'FINISHED', a: 'FINISHED' })
    await t.operate('resume')
    expect(await t.states(2)).toMatchObject({ root: 'RUNNING', b: 'RUNNING' })
  })

  test('what a person has failed is not passed over, ignorable or not', async () => {
    const t = await taskOf({ ...two, activities: { a: { ...pause, error_ignorable: true } } })
    expect(await t.act('a', 'forced_fail')).toMatchObject({ result: true })
    expect(await t.states(2)).toEqual({ root: 'FAILED', start: 'FINISHED', a: 'FAILED' })
    expect(await t.act('a', 'skip')).toMatchObject({ result: true })
    expect(await t.states(2)).toMatchObject({ root: 'FINISHED' })
  })

  test('a converge gateway that was paused is not there until all of its branches have come', async () => {
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
      activities: { a: pause, b: pause },
    })
    expect(await t.act('c', 'pause')).toMatchObject({ result: true })
    await t.act('a', 'callback')
    expect(await t.states(2)).toEqual({
      root: 'RUNNING',
      start: 'FINISHED',
      p: 'FINISHED',
      a: 'FINISHED',
      b: 'RUNNING',
    })
    await t.act('b', 'callback')
    expect(await t.states(2)).toMatchObject({ root: 'NODE_SUSPENDED', c: 'SUSPENDED' })
    await t.act('c', 'resume')
    expect(await t.states(2)).toMatchObject({ root: 'FINISHED', c: 'FINISHED' })
  })

  test('a sub-process that stands still lets its node end and begins no other, whatever the task does', async () => {
    const inner = webTree({
      lines: [
        ['start', 'i'],
        ['i', 'j'],
        ['j', 'end'],
      ],
      activities: { i: pause, j: pause },
    })
    const t = await taskOf({
      lines: [
        ['start', 's'],
        ['s', 'end'],
      ],
      activities: { s: subProcess(inner) },
    })
    expect(await t.act('s', 'pause_subproc')).toMatchObject({ result: true })
    expect(await t.states(2)).toMatchObject({ root: 'NODE_SUSPENDED', s: 'SUSPENDED', 's.i': 'RUNNING' })
    await t.act('s.i', 'callback')
    await t.operate('pause')
    expect(await t.states(2)).toEqual({
      root: 'SUSPENDED',
      start: 'FINISHED',
      s: 'SUSPENDED',
      's.start': 'FINISHED',
      's.i': 'FINISHED',
    })
    await t.act('s', 'resume_subproc')
    expect(await t.states(2)).toMatchObject({ root: 'SUSPENDED', s: 'RUNNING' })
    await t.operate('resume')
    expect(await t.states(2)).toMatchObject({ root: 'RUNNING', s: 'RUNNING', 's.j': 'RUNNING' })
  })

  test.each([
    ['x', 'skip', 'can not use skip_node api for NodeType.ExclusiveGateway'],
    ['x', 'forced_fail', '{x} is not activity, actual: ExclusiveGateway'],
    ['x', 'skip_cpg', '{x} is not conditional parallel gateway, actual: ExclusiveGateway'],
    ['x', 'pause', "can't not transit node({x}) state from FAILED to SUSPENDED"],
    ['a', 'skip_exg', '{a} is not exclusive gateway, actual: ServiceActivity'],
    ['a', 'retry', 'State matching query does not exist.'],
    ['a', 'skip', 'State matching query does not exist.'],
    ['a', 'forced_fail', 'State matching query does not exist.'],
    ['a', 'callback', 'can not find process with current node id: {a}'],
    ['a', 'retry_subprocess', 'node({a}) type is not SubProcess'],
    ['end', 'skip', 'can not skip this node'],
    ['start', 'retry', '{start} state is not FAILED, actual FINISHED'],
  ])('of %s, %s is refused in their words', async (node, action, text) => {
    const t = await taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 'x'],
        ['x', 'a', '1 == 2'],
        ['x', 'b', '2 == 3'],
        ['a', 'end'],
        ['b', 'end'],
      ],
    })
    expect(await t.act(node, action, { engine_ver: '2' })).toMatchObject({
      result: false,
      code: 3599999,
      message: `fail: ${text.replace(`{${node}}`, t.node(node))}`,
    })
  })

  test('a node that was not entered is told by the tree', async () => {
    const t = await taskOf({ ...two, activities: { a: pause, b: { ...pause, error_ignorable: true } } })
    expect(await t.detail('b')).toMatchObject({ name: 'Node b', state: 'READY', error_ignorable: true, outputs: [] })
    expect(await t.detail('end')).toMatchObject({ name: '', state: 'READY', error_ignorable: false })
  })
})
