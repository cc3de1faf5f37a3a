// What bk-sops says and shows, beside its own source (gcloud/taskflow3 and gcloud/apigw/views, bamboo_engine/engine.py), read 2026-11-22.
import { describe, expect, test } from 'vitest'
import { taskOf } from '../../testing/blueking-task.ts'
import { component, constant, pause, shell } from '../../testing/blueking-trees.ts'
import { exited } from '../../testing/scripted-runner.ts'

const one = (activity: ReturnType<typeof shell>, more = {}) => ({
  lines: [
    ['start', 'a'],
    ['a', 'end'],
  ] as const,
  activities: { a: activity },
  ...more,
})

describe('what a node was given', () => {
  test('is shown as the engine rendered it, expressions and facts of the task included', async () => {
    const sketch = one(
      component('bk_display', { bk_display_message: '${hosts.split(",")[0]} of ${_system.task_name}' }),
      {
        constants: { '${hosts}': constant('h1,h2') },
      },
    )
    const t = await taskOf(sketch)
    expect((await t.detail('a')).inputs).toEqual({ bk_display_message: 'h1 of a task', _loop: 1, _inner_loop: 1 })
  })

  test('clocks of expressions, and what the system knows of the task, go by the server’s zone', async () => {
    const now = '${datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")}'
    const text = `${now}|\${_system.task_start_time}|\${_system.task_url}|\${_system.biz_cc_id}`
    const t = await taskOf(one(component('bk_display', { bk_display_message: text })))
    const { start_time } = await t.status({ engine_ver: '2' })
    const wall = start_time.slice(0, 19)
    const { biz } = t.client
    const url = (await t.client.need(t.client.get('get_task_detail', [t.id, biz]))).task_url
    expect((await t.detail('a')).inputs.bk_display_message).toBe(`${wall}|${wall}|${url}|${biz}`)
  })

  test('is shown before it begins, too, and a field without rendering as it is written', async () => {
    const field = (value: string, more = {}) => ({ hook: false, value, ...more })
    const data = { bk_display_message: field('${n + 1}'), other: field('${n + 1}', { need_render: false }) }
    const t = await taskOf(
      {
        ...one(pause, { constants: { '${n}': constant(1) } }),
        lines: [
          ['start', 'a'],
          ['a', 'b'],
          ['b', 'end'],
        ],
        activities: { a: pause, b: { component: { code: 'bk_display', data } } },
      },
      {},
    )
    expect(await t.detail('b')).toMatchObject({
      state: 'READY',
      inputs: { bk_display_message: '2', other: '${n + 1}' },
    })
  })

  test('a row of its histories has the times under one name each, and children', async () => {
    const t = await taskOf(one(shell('false')))
    t.client.world.runner.endTask('a', exited(1))
    await t.client.world.settled()
    expect(await t.act('a', 'retry')).toMatchObject({ result: true })
    const [row] = (await t.detail('a')).histories
    expect(row).toMatchObject({ children: {}, state: 'FAILED', retry: 0, loop: 1, skip: false })
    expect(Object.keys(row)).not.toContain('started_time')
    expect(Object.keys(row)).not.toContain('archived_time')
  })
})

describe('what is refused, and how', () => {
  test('a callback: what does not wait, a version that never was, and one of an attempt before', async () => {
    const t = await taskOf(one(pause))
    const tell = (version?: string) =>
      t.client.post('node_callback', [t.id, t.client.biz], {
        node_id: t.node('a'),
        callback_data: {},
        ...(version === undefined ? {} : { version }),
      })
    expect(await tell(`v${'0'.repeat(32)}`)).toMatchObject({
      result: false,
      message: 'fail: Schedule matching query does not exist.',
    })
    const { version } = await t.detail('a')
    expect(await t.act('a', 'forced_fail')).toMatchObject({ result: true })
    expect(await t.act('a', 'retry')).toMatchObject({ result: true })
    expect(await tell(version)).toMatchObject({ result: false, message: `fail: node version ${version} not exist` })
    expect(await tell()).toMatchObject({ result: true })
    expect(await tell()).toMatchObject({
      result: false,
      message: `fail: can not find process with current node id: ${t.node('a')}`,
    })
  })

  test('a callback of a node that the task has not', async () => {
    const t = await taskOf(one(pause))
    expect(await t.client.post('node_callback', [t.id, t.client.biz], { node_id: 'nowhere' })).toMatchObject({
      result: false,
      message: `task[${t.id}] does not have node[nowhere]`,
      code: 3540000,
    })
  })

  test.each(['data', 'inputs'])('%s that is no object', async (name) => {
    const t = await taskOf(one(pause))
    const action = name === 'data' ? 'callback' : 'retry'
    expect(await t.act('a', action, { [name]: [1] })).toMatchObject({
      result: false,
      message: `${name} field is not a valid object`,
      code: 3540000,
    })
  })

  test('an unknown action of a task that is over is refused for its phase, as the phase is looked at first', async () => {
    const t = await taskOf(one(component('bk_display', {})))
    const ask = (action: string) => t.client.post('operate_task', [t.id, t.client.biz], { action, engine_ver: '2' })
    expect(await ask('restart')).toMatchObject({
      message: 'task with current_flow:finished cannot be restarted',
      code: 3545000,
    })
    expect(await t.client.post('operate_task', [t.id, t.client.biz], { action: 'restart' })).toMatchObject({
      message: 'task action is invalid',
    })
  })

  test('constants of a task that is over', async () => {
    const t = await taskOf(one(component('bk_display', {}), { constants: { '${n}': constant('1') } }))
    const answer = await t.client.post('modify_constants_for_task', [t.id, t.client.biz], {
      constants: { '${n}': '2' },
    })
    expect(answer).toMatchObject({ result: false, message: 'task is finished', code: 3540000 })
  })
})

test('a person is needed by pause_node, and not by bk_approve, whose ticket is another system’s', async () => {
  const approve = component('bk_approve', { bk_verifier: 'admin', bk_approve_title: 't', bk_approve_content: 'c' })
  for (const [activity, required] of [
    [pause, true],
    [approve, false],
  ] as const) {
    const t = await taskOf(one(activity))
    const asked = { task_id_list: [t.id] }
    const data = await t.client.need(t.client.post('get_tasks_manual_intervention_state', [t.client.biz], asked))
    expect(data).toEqual([{ id: t.id, manual_intervention_required: required }])
  }
})
