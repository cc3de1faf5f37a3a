// Templates, tasks made of them, and everything that is asked about them, by the gateway.
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../model/json.ts'
import { openBkClient, type BkClient, type Body } from '../../testing/blueking-client.ts'
import { component, constant, pause, shell, subProcess, webTree } from '../../testing/blueking-trees.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'

const tree = webTree({
  gateways: { p: 'Parallel', c: 'Converge' },
  lines: [
    ['start', 'a'],
    ['a', 'p'],
    ['p', 'b'],
    ['p', 'd'],
    ['b', 'c'],
    ['d', 'c'],
    ['c', 'end'],
  ],
  activities: {
    a: { ...shell('make ${branch}'), optional: false },
    b: component('bk_display', { bk_display_message: 'on ${host}', note: `it's "this" \\ and \n 流水线` }),
    d: pause,
  },
  constants: {
    '${branch}': constant('main', { name: 'Branch' }),
    '${host}': constant('${branch}.example', { show_type: 'hide' }),
    '${idle}': constant('nobody names it'),
  },
  outputs: ['${branch}'],
})

interface Made {
  readonly client: BkClient
  readonly template: number
}
async function withTemplate(): Promise<Made> {
  const client = await openBkClient()
  const made = await client.need(client.post('create_template', [client.biz], { name: 'release', pipeline_tree: tree }))
  return { client, template: made.template_id }
}

const make = ({ client, template }: Made, more: Readonly<Record<string, unknown>> = {}): Promise<Body> =>
  client.post('create_task', [template, client.biz], { name: 'release 1', ...more })

describe('a template', () => {
  test('is made of a tree and gives it back as it came', async () => {
    const { client, template } = await withTemplate()
    const info = await client.need(client.get('get_template_info', [template, client.biz]))
    expect(info).toMatchObject({
      id: template,
      name: 'release',
      creator: 'ci',
      project_id: client.biz,
      pipeline_tree: tree,
    })
    expect(await client.need(client.get('get_template_list', [client.biz]))).toMatchObject([
      { id: template, name: 'release' },
    ])
  })

  test.each([
    ['JSON text', { pipeline_tree: JSON.stringify(tree) }],
    ['YAML text', { pipeline_tree: JSON.stringify(tree), format: 'yaml' }],
  ])('may come as %s', async (_, body) => {
    const client = await openBkClient()
    expect(await client.need(client.post('create_template', [client.biz], body))).toMatchObject({
      template_name: expect.stringMatching(/^new\d{14}$/),
    })
  })

  test('of a name that another has is one more', async () => {
    const made = await withTemplate()
    const again = await made.client.need(
      made.client.post('create_template', [made.client.biz], { name: 'release', pipeline_tree: tree }),
    )
    expect(again).toMatchObject({ template_name: 'release' })
    expect(again.template_id).not.toBe(made.template)
  })

  test('that is wrong is refused with all that is wrong, by the ids of its nodes', async () => {
    const client = await openBkClient()
    const wrong = webTree({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
        ['b', 'b'],
      ],
      activities: { a: component('cc_create_set') },
    })
    const { result, code, message } = await client.post('create_template', [client.biz], { pipeline_tree: wrong })
    expect([result, code]).toEqual([false, 3546100])
    expect(message).toContain('node(b) cannot be reached from the start event')
    const unserved = webTree({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: component('cc_create_set') },
    })
    expect(await client.post('create_template', [client.biz], { pipeline_tree: unserved })).toMatchObject({
      message: 'node(a): plugin cc_create_set is not served here, see get_plugin_list',
    })
    for (const [body, text] of [
      [{}, 'pipeline_tree is required'],
      [{ pipeline_tree: '{' }, 'pipeline_tree is not a valid JSON string'],
      [{ pipeline_tree: {}, format: 'yaml' }, 'pipeline_tree must be a YAML string when format=yaml'],
      [{ pipeline_tree: 'a: [', format: 'yaml' }, 'invalid YAML'],
    ] as const) {
      expect((await client.post('create_template', [client.biz], body)).message).toContain(text)
    }
  })

  test('has the trees of the templates that its sub-processes name', async () => {
    const made = await withTemplate()
    const { client, template } = made
    const outer = webTree({
      lines: [
        ['start', 's'],
        ['s', 'end'],
      ],
      activities: {
        s: {
          ...subProcess({}),
          pipeline: undefined,
          template_id: template,
          constants: { '${branch}': constant('next') },
        } as never,
      },
    })
    const id = (
      await client.need(client.post('create_template', [client.biz], { name: 'outer', pipeline_tree: outer }))
    ).template_id
    const folded = await client.need(client.get('get_template_info', [id, client.biz]))
    expect(folded.pipeline_tree.activities.s).not.toHaveProperty('pipeline')
    const unfolded = await client.need(client.get('get_template_info', [id, client.biz], { unfold_subprocess: '1' }))
    expect(unfolded.pipeline_tree.activities.s.pipeline.constants['${branch}'].value).toBe('next')
    const task = await client.need(client.post('create_and_start_task', [id, client.biz], { name: 'x' }))
    expect(client.world.runner.jobs[0]?.env).toMatchObject({ branch: 'next' })
    const { s } = Object.fromEntries(
      Object.values<Body>(task.pipeline_tree.activities).map((one) => [one.template_node_id, one]),
    )
    expect(Object.keys(s.pipeline.activities)).toHaveLength(3)
    expect(
      await client.post('create_template', [client.biz], {
        pipeline_tree: { ...outer, activities: { s: { ...(outer['activities'] as Body).s, template_id: 999 } } },
      }),
    ).toMatchObject({
      result: false,
      message: expect.stringContaining('template[id=999] of this sub-process does not exist'),
    })
  })

  test('that was made elsewhere has a tree of its stages and tasks, whose ids its tasks show', async () => {
    const client = await openBkClient()
    const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
    const stages = [
      stageSpec({ key: 'one', tasks: [taskSpec({ key: 'a', work }), taskSpec({ key: 'b', work })] }),
      stageSpec({ key: 'two', tasks: [taskSpec({ key: 'c', work }), taskSpec({ key: 'd', work, needs: ['c'] })] }),
    ]
    const native = JSON.stringify({
      name: 'native',
      stages: stages.map(({ key, tasks }) => ({
        key,
        tasks: tasks.map((task) => ({ key: task.key, script: 'true', needs: task.needs })),
      })),
    })
    expect(definition({ stages }).stages).toHaveLength(2)
    const made = await client.world.app.pipelines.create(client.world.admin, {
      project: { id: client.world.project.id },
      text: native,
    })
    if (!made.ok) throw new Error(JSON.stringify(made.problem))
    const { serial } = made.value
    const info = await client.need(client.get('get_template_info', [serial, client.biz], { unfold_subprocess: '1' }))
    expect(Object.values<Body>(info.pipeline_tree.activities).map(({ name, type }) => [name, type])).toEqual([
      ['one', 'SubProcess'],
      ['two', 'SubProcess'],
    ])
    const task = await client.need(client.post('create_and_start_task', [serial, client.biz], { name: 'x' }))
    const status = await client.need(client.get('get_task_status', [task.task_id, client.biz]))
    expect(Object.keys(status.children)).toEqual([
      task.pipeline_tree.start_event.id,
      Object.keys(task.pipeline_tree.activities)[0],
    ])
    // It can be a template for somebody else: the same flow, made here.
    expect(
      await client.post('fast_create_task', [client.biz], { name: 'y', pipeline_tree: info.pipeline_tree }),
    ).toMatchObject({
      result: false,
      message: expect.stringContaining('plugin millrace_script is not served here'),
    })
  })
})

describe('a task', () => {
  test('has its name, its constants and ids of its own', async () => {
    const made = await withTemplate()
    const { client } = made
    const { task_id, pipeline_tree } = await client.need(
      make(made, { constants: { '${branch}': 'dev', '${unknown}': 1 } }),
    )
    expect(JSON.stringify(pipeline_tree)).not.toContain('"id":"a"')
    expect(pipeline_tree.constants['${branch}'].value).toBe('dev')
    // What nobody names goes, as there.
    expect(Object.keys(pipeline_tree.constants)).toEqual(['${branch}', '${host}'])
    await client.need(client.post('start_task', [task_id, client.biz]))
    expect(client.world.runner.jobs[0]?.env).toMatchObject({ branch: 'dev' })
    client.world.runner.endTask('a', succeeded())
    await client.world.settled()
    const [b] = Object.values<Body>(pipeline_tree.activities).filter((one) => one.template_node_id === 'b')
    const detail = await client.need(
      client.get('get_task_node_detail', [task_id, client.biz], { node_id: b.id, component_code: 'bk_display' }),
    )
    expect(detail).toMatchObject({
      state: 'FINISHED',
      history_id: -1,
      histories: [],
      inputs: { bk_display_message: 'on dev.example', note: `it's "this" \\ and \n 流水线`, _loop: 1 },
    })
    expect(await client.need(client.get('get_task_list', [client.biz], { keyword: 'release 1' }))).toMatchObject([
      { id: task_id, name: 'release 1', template_id: String(made.template) },
    ])
    const whole = await client.need(client.get('get_task_detail', [task_id, client.biz]))
    expect(whole).toMatchObject({
      id: task_id,
      name: 'release 1',
      template_id: made.template,
      creator: 'ci',
      executor: 'ci',
      create_method: 'api',
      finish_time: '',
      pipeline_tree,
      // They are told at the end, and not before.
      outputs: [],
    })
    const [d] = Object.values<Body>(pipeline_tree.activities).filter((one) => one.template_node_id === 'd')
    await client.need(client.post('operate_node', [client.biz, task_id], { node_id: d.id, action: 'callback' }))
    expect(await client.need(client.get('get_task_detail', [task_id, client.biz]))).toMatchObject({
      outputs: [{ key: '${branch}', name: 'Branch', value: 'dev' }],
    })
  })

  test.each([
    ['exclude_task_nodes_id', ['b', 'd']],
    ['execute_task_nodes_id', ['a']],
  ])('leaves out optional nodes by %s, and gateways with nothing between', async (name, ids) => {
    const made = await withTemplate()
    const { client } = made
    const { task_id, pipeline_tree } = await client.need(make(made, { [name]: ids }))
    expect(Object.keys(pipeline_tree.activities)).toHaveLength(1)
    expect(pipeline_tree.gateways).toEqual({})
    await client.need(client.post('start_task', [task_id, client.biz]))
    client.world.runner.endTask('a', succeeded())
    await client.world.settled()
    const status = await client.need(client.get('get_task_status', [task_id, client.biz]))
    expect(status.state).toBe('FINISHED')
    expect(new Set(Object.keys(status.children))).toEqual(
      new Set([pipeline_tree.start_event.id, pipeline_tree.end_event.id, ...Object.keys(pipeline_tree.activities)]),
    )
  })

  test('refuses to leave out what must run, and what is not there', async () => {
    const made = await withTemplate()
    expect(await make(made, { exclude_task_nodes_id: ['a'] })).toMatchObject({
      result: false,
      message: '[API] create_task create pipeline without tree error: task node[id=a] is not optional',
    })
    expect(await make(made, { exclude_task_nodes_id: ['z'] })).toMatchObject({
      result: false,
      message: '[API] create_task create pipeline without tree error: task node[id=z] is not in template pipeline tree',
    })
    expect(await make(made, { template_schemes_id: ['1'] })).toMatchObject({ result: false })
  })

  test('may have a tree of its own, which no list of templates shows', async () => {
    const made = await withTemplate()
    const { client } = made
    const own = webTree({
      lines: [
        ['start', 'z'],
        ['z', 'end'],
      ],
    })
    const one = await client.need(make(made, { pipeline_tree: own }))
    const two = await client.need(client.post('fast_create_task', [client.biz], { name: 'quick', pipeline_tree: own }))
    // A hidden constant, or one that names others, cannot be a param.
    const three = await client.need(make(made, { constants: { '${host}': 'fixed', '${branch}': 'x-${host}' } }))
    expect(await client.need(client.get('get_template_list', [client.biz]))).toHaveLength(1)
    const rows = await client.need(client.get('get_task_list', [client.biz]))
    expect(rows.map(({ id, template_id, template_source }: Body) => [id, template_id, template_source])).toEqual([
      [three.task_id, String(made.template), 'project'],
      [two.task_id, '', 'onetime'],
      [one.task_id, String(made.template), 'project'],
    ])
    await client.need(client.post('start_task', [three.task_id, client.biz]))
    expect(client.world.runner.jobs[0]?.env).toMatchObject({ branch: 'x-fixed' })
  })

  test('has other constants until it has read them', async () => {
    const made = await withTemplate()
    const { client } = made
    const { task_id } = await client.need(make(made))
    const modify = (constants: object) => client.post('modify_constants_for_task', [task_id, client.biz], { constants })
    expect(await modify({ '${branch}': 'hotfix' })).toMatchObject({ result: true, data: 'success' })
    expect(await modify({ '${host}': 'x' })).toMatchObject({
      result: false,
      message: expect.stringContaining('${host}'),
    })
    await client.need(client.post('start_task', [task_id, client.biz]))
    expect(client.world.runner.jobs[0]?.env).toMatchObject({ branch: 'hotfix' })
    const refused = (state: string) => ({
      result: false,
      message: `任务参数设置失败: 任务状态校验失败，任务状态为${state}，不支持进行参数修改。`,
      code: 3546100,
    })
    expect(await modify({ '${branch}': 'late' })).toMatchObject(refused('RUNNING'))
    await client.post('operate_task', [task_id, client.biz], { action: 'pause' })
    expect(await modify({ '${branch}': 'late' })).toMatchObject({ result: true, data: 'success' })
    await client.post('operate_task', [task_id, client.biz], { action: 'revoke' })
    client.world.runner.endTask('a', { kind: 'cancelled' })
    await client.world.settled()
    expect(await modify({ '${branch}': 'later' })).toMatchObject(refused('REVOKED'))
  })

  test('has a log for each version of a node, in pages', async () => {
    const made = await withTemplate()
    const { client } = made
    const { task_id, pipeline_tree } = await client.need(make(made))
    await client.need(client.post('start_task', [task_id, client.biz]))
    const [job] = client.world.runner.jobs
    const [a] = Object.values<Body>(pipeline_tree.activities).filter((one) => one.template_node_id === 'a')
    client.world.logs.set(`${job?.runId}/${job?.node}/1`, Buffer.from('one\ntwo\nthree\n'))
    client.world.runner.endTask('a', exited(1))
    await client.world.settled()
    const { version } = (await client.need(client.get('get_task_status', [task_id, client.biz]))).children[a.id]
    await client.post('operate_node', [client.biz, task_id], { node_id: a.id, action: 'retry' })
    const log = (query: Record<string, string>) =>
      client.get('get_task_node_log', [task_id, client.biz], { node_id: a.id, ...query })
    expect(await log({ version, page_size: '2' })).toMatchObject({
      result: true,
      data: 'one\ntwo',
      page: { page: 1, page_size: 2, total: 3 },
    })
    expect(await log({ version: `v${version}`, page_size: '2', page: '2' })).toMatchObject({ data: 'three' })
    expect(await log({ version: 'f'.repeat(32) })).toMatchObject({ result: false })
  })

  test('is retried with other inputs, read as its plugin reads them', async () => {
    const made = await withTemplate()
    const { client } = made
    const { task_id, pipeline_tree } = await client.need(make(made))
    await client.need(client.post('start_task', [task_id, client.biz]))
    const [a] = Object.values<Body>(pipeline_tree.activities).filter((one) => one.template_node_id === 'a')
    client.world.runner.endTask('a', exited(1))
    await client.world.settled()
    const retry = (inputs: object) =>
      client.post('operate_node', [client.biz, task_id], { node_id: a.id, action: 'retry', inputs })
    expect(await retry({ job_content: '' })).toMatchObject({
      result: false,
      message: expect.stringContaining('job_content is empty'),
    })
    for (const job_script_type of ['2', '__proto__', 'constructor'])
      expect(await retry({ job_content: 'echo other', job_script_type })).toMatchObject({
        result: false,
        message: expect.stringContaining('job_script_type must be 1 (shell)'),
      })
    expect(await retry({ job_content: 'echo other', job_script_type: '1' })).toMatchObject({ result: true })
    expect(client.world.runner.jobs[0]?.with).toMatchObject({ script: '#!/usr/bin/env bash\necho other' })
    client.world.runner.endTask('a', exited(1))
    await client.world.settled()
    // Arguments come by the environment, which is the template's: those of a retry stand in the script.
    expect(await retry({ job_content: 'echo $1', job_script_param: "it's $x" })).toMatchObject({ result: true })
    expect(client.world.runner.jobs[0]?.with).toMatchObject({
      script: "#!/usr/bin/env bash\nJOB_SCRIPT_PARAM='it'\\''s $x'; set -f; set -- $JOB_SCRIPT_PARAM; set +f\necho $1",
    })
    const data = await client.need(client.get('get_task_node_data', [client.biz, task_id], { node_id: a.id }))
    expect(data.inputs).toEqual({
      job_content: 'echo $1',
      job_script_param: "it's $x",
      _loop: 1,
      _inner_loop: 1,
    })
  })

  test('is counted by what it is', async () => {
    const made = await withTemplate()
    const { client } = made
    await client.need(make(made))
    const { task_id } = await client.need(make(made))
    await client.need(client.post('start_task', [task_id, client.biz]))
    const count = (group_by: string, conditions = {}) =>
      client.post('query_task_count', [client.biz], { group_by, conditions })
    expect((await count('status')).data).toMatchObject({
      total: 2,
      groups: [
        { code: 'CREATED', value: 1 },
        { code: 'EXECUTING', value: 1 },
        { code: 'FINISHED', value: 0 },
      ],
    })
    const values = async (group_by: string, conditions = {}) => {
      const { total, groups } = await client.need(count(group_by, conditions))
      return [total, Object.fromEntries(groups.map(({ code, value }: Body) => [code, value]))]
    }
    const methods = { app: 0, api: 0, app_maker: 0, periodic: 0, clocked: 0, mobile: 0 }
    expect(await values('create_method')).toEqual([2, { ...methods, api: 2 }])
    expect(await values('create_method', { create_method: 'periodic' })).toEqual([0, methods])
    expect(await values('flow_type')).toEqual([2, { common: 2, common_func: 0 }])
    expect(await count('color')).toMatchObject({ result: false })
    // The project is that of the call.
    expect((await values('status', { project_id: 99 }))[0]).toBe(2)
  })
})

test('an independent sub-process is a task of its own, which its node waits for', async () => {
  const client = await openBkClient()
  const inner = webTree({
    lines: [
      ['start', 'i'],
      ['i', 'end'],
    ],
    activities: { i: shell('echo ${who}') },
    constants: { '${who}': constant('nobody') },
  })
  const { template_id } = await client.need(
    client.post('create_template', [client.biz], { name: 'inner', pipeline_tree: inner }),
  )
  const node = component('subprocess_plugin', {
    subprocess: { template_id, constants: { '${who}': { value: 'me', show_type: 'show' } } },
  })
  const outer = webTree({
    lines: [
      ['start', 'o'],
      ['o', 'end'],
    ],
    activities: { o: node },
  })
  const { task_id } = await client.need(
    client.post('fast_create_task', [client.biz], { name: 'outer', pipeline_tree: outer }),
  )
  await client.need(client.post('start_task', [task_id, client.biz]))
  await client.world.settled()
  expect(client.world.runner.jobs[0]?.env).toMatchObject({ who: 'me' })
  client.world.runner.endTask('i', succeeded())
  await client.world.settled()
  await client.world.settled()
  expect(await client.need(client.get('get_task_status', [task_id, client.biz]))).toMatchObject({ state: 'FINISHED' })
  expect(await client.need(client.get('get_task_list', [client.biz], { is_finished: 'true' }))).toHaveLength(2)
})

test('an independent sub-process has its constants in its tree, and tells which task it is', async () => {
  const { need, post, get, biz, world } = await openBkClient()
  const tree = (value: string): JsonObject =>
    webTree({
      lines: [
        ['start', 'i'],
        ['i', 'end'],
      ],
      constants: { '${who}': constant(value), '${greeting}': constant('hello ${who}', { show_type: 'hide' }) },
      outputs: ['${greeting}'],
      activities: { i: component('bk_display', { bk_display_message: '${greeting}' }) },
    })
  const inner = await need(post('create_template', [biz], { name: 'inner', pipeline_tree: tree('nobody') }))
  const subprocess = {
    subprocess_name: 'inner',
    template_id: String(inner.template_id),
    template_source: 'project',
    pipeline: tree('${name}!'),
    always_use_latest: false,
    scheme_id_list: [],
  }
  const pipeline_tree = webTree({
    lines: [
      ['start', 'o'],
      ['o', 'end'],
    ],
    activities: { o: component('subprocess_plugin', { subprocess }) },
    constants: { '${name}': constant('li') },
  })
  const made = await need(post('fast_create_task', [biz], { name: 'outer', pipeline_tree }))
  await need(post('start_task', [made.task_id, biz]))
  await world.settled()
  const [node_id = ''] = Object.keys(made.pipeline_tree.activities)
  const { outputs } = await need(
    get('get_task_node_data', [biz, made.task_id], { node_id, component_code: 'subprocess_plugin' }),
  )
  const child = (outputs as readonly { key: string; value: number }[]).find(({ key }) => key === 'task_id')?.value ?? 0
  expect(outputs).toMatchObject([
    { key: 'task_id', value: expect.any(Number), preset: true },
    { key: 'task_url', value: expect.stringContaining('/runs/'), preset: true },
    { key: 'task_name', value: expect.stringContaining('inner'), preset: true },
    { key: 'greeting', value: 'hello li!', preset: false },
    { key: '_result', value: true },
    { key: '_loop' },
    { key: '_inner_loop' },
  ])
  expect((await need(get('get_task_detail', [child, biz]))).outputs).toMatchObject([{ value: 'hello li!' }])
})

describe('by a clock', () => {
  test('a template becomes a periodic task, which is changed, stopped and listed', async () => {
    const made = await withTemplate()
    const { client, template } = made
    const cron = { minute: '*/5', hour: '3' }
    const task = await client.need(
      client.post('create_periodic_task', [template, client.biz], {
        name: 'nightly',
        cron,
        constants: { '${branch}': 'dev' },
        exclude_task_nodes_id: ['d'],
      }),
    )
    expect(task).toMatchObject({
      name: 'nightly',
      template_id: String(template),
      enabled: false,
      total_run_count: 0,
      cron: '*/5 3 * * * (m/h/dM/MY/d) Etc/GMT-8',
      form: { '${branch}': { value: 'dev' } },
    })
    const stored = async () => {
      const found = await client.world.app.pipelines.get(client.world.admin, { serial: task.id })
      return found.ok ? found.value.definition.triggers?.list : undefined
    }
    const change = (api: string, body: Readonly<Record<string, unknown>>) =>
      client.post(api, [task.id, client.biz], body)
    expect(await stored()).toBeUndefined()
    expect(await change('set_periodic_task_enabled', { enabled: true })).toMatchObject({ data: { enabled: true } })
    expect(await stored()).toMatchObject([{ kind: 'schedule', cron: '*/5 3 * * *', timezone: 'Etc/GMT-8' }])
    for (const [what, body] of [
      ['cron', { cron: { minute: '0' } }],
      ['constants', { constants: { '${branch}': 'next' } }],
    ] as const) {
      const message = `can not modify ${what} when task is enabled`
      const refusal = { result: false, message, code: 3599999 }
      expect(await change(`modify_${what}_for_periodic_task`, body)).toMatchObject(refusal)
    }
    expect(await change('set_periodic_task_enabled', { enabled: false })).toMatchObject({ data: { enabled: false } })
    expect(await stored()).toBeUndefined()
    expect(await change('modify_cron_for_periodic_task', { cron: { minute: '0' } })).toMatchObject({ result: true })
    const constants = await change('modify_constants_for_periodic_task', { constants: { '${branch}': 'next' } })
    expect(constants).toMatchObject({ data: { '${branch}': { value: 'next' } } })
    // All of them, and not those alone that its form shows.
    expect(Object.keys(constants.data)).toEqual(Object.keys(task.pipeline_tree.constants))
    expect(await change('set_periodic_task_enabled', { enabled: true })).toMatchObject({ result: true })
    expect(await stored()).toMatchObject([{ cron: '0 * * * *' }])
    expect(await change('set_periodic_task_enabled', { enabled: false })).toMatchObject({ result: true })
    expect(await client.need(client.get('get_periodic_task_list', [client.biz]))).toMatchObject([
      { id: task.id, name: 'nightly', auth_actions: ['periodic_task_view', 'periodic_task_edit'] },
    ])
    expect(await client.need(client.get('get_periodic_task_info', [task.id, client.biz]))).toMatchObject({
      form: { '${branch}': { value: 'next' } },
    })
    expect(await client.get('get_periodic_task_info', [template, client.biz])).toMatchObject({ result: false })
    for (const [field, message] of [
      [{ minute: '$(id)' }, "Invalid weekday literal '$(id)'."],
      [{ hour: '24' }, 'Invalid end range: 24 > 23.'],
    ] as const) {
      const refusal = { result: false, message, code: 3599999 }
      expect(await change('modify_cron_for_periodic_task', { cron: field })).toMatchObject(refusal)
      const asked = { name: 'other', cron: field }
      expect(await client.post('create_periodic_task', [template, client.biz], asked)).toMatchObject(refusal)
    }
    expect(await change('modify_cron_for_periodic_task', { cron: { hour: '22-2', day_of_week: 'mon' } })).toMatchObject(
      {
        data: { cron: '* 22-2 * * mon (m/h/dM/MY/d) Etc/GMT-8' },
      },
    )
    const enabledAs = async (cron: string) => {
      await change('set_periodic_task_enabled', { enabled: true })
      expect(await stored()).toMatchObject([{ cron }])
      await change('set_periodic_task_enabled', { enabled: false })
    }
    await enabledAs('* 0,1,2,22,23 * * 1')
    const long = { name: 'n'.repeat(65), cron }
    expect(await client.post('create_periodic_task', [template, client.biz], long)).toMatchObject({
      message: `task params is invalid: '${long.name}' is too long`,
      code: 3540000,
    })
    expect(
      await change('modify_cron_for_periodic_task', { cron: { day_of_month: '1', day_of_week: '1' } }),
    ).toMatchObject({
      result: true,
    })
    await enabledAs('* * 1 * +1')
    expect(await client.need(client.get('get_template_list', [client.biz]))).toHaveLength(1)
    const later = await client.need(
      client.post('create_periodic_task', [template, client.biz], { name: 'later', cron }),
    )
    const listed = await client.need(client.get('get_periodic_task_list', [client.biz]))
    expect(listed.map(({ id }: Body) => id)).toEqual([later.id, task.id])
  })
})

test('a periodic task starts tasks when its time has come', async () => {
  const made = await withTemplate()
  const { client, template } = made
  const cron = { minute: '0', hour: '3' }
  const { id } = await client.need(
    client.post('create_periodic_task', [template, client.biz], { name: 'nightly', cron }),
  )
  await client.need(client.post('set_periodic_task_enabled', [id, client.biz], { enabled: true }))
  client.world.clock.advance(Date.UTC(2026, 0, 2, 19) - client.world.clock.now())
  await client.world.settled()
  await client.world.settled()
  const [row] = await client.need(client.get('get_task_list', [client.biz], { create_method: 'periodic' }))
  expect(row).toMatchObject({
    name: 'nightly_20260103030000',
    create_method: 'periodic',
    template_id: String(template),
    is_started: true,
  })
  expect(await client.need(client.get('get_periodic_task_info', [id, client.biz]))).toMatchObject({
    total_run_count: 1,
    last_run_at: '2026-01-03 03:00:00 +0800',
  })
})

describe('what there is', () => {
  test('plugins are those that are served, and no others', async () => {
    const client = await openBkClient()
    const plugins = await client.need(client.get('get_plugin_list', [client.biz]))
    expect([...new Set(plugins.map(({ code }: Body) => code))]).toEqual([
      'bk_approve',
      'bk_display',
      'bk_http_request',
      'job_fast_execute_script',
      'pause_node',
      'sleep_timer',
    ])
    expect(await client.need(client.get('get_plugin_detail', [client.biz], { code: 'sleep_timer' }))).toMatchObject({
      code: 'sleep_timer',
      version: 'legacy',
    })
    expect(await client.get('get_plugin_detail', [client.biz], { code: 'cc_create_set' })).toMatchObject({
      result: false,
    })
  })

  test('projects are those that the caller sees; common templates and schemes there are none', async () => {
    const made = await withTemplate()
    const { client } = made
    const none = { result: true, data: [], count: 0 }
    expect(await client.get('get_functionalization_task_list', [])).toMatchObject(none)
    expect(await client.get('get_mini_app_list', [client.biz])).toMatchObject(none)
    expect(await client.need(client.get('get_user_project_list', []))).toEqual([
      { project_id: client.biz, bk_biz_id: client.biz, name: 'default' },
    ])
    expect(await client.need(client.get('get_user_project_detail', [client.biz]))).toMatchObject({
      bk_biz_id: client.biz,
      bk_biz_name: 'default',
    })
    expect(await client.need(client.get('get_common_template_list', []))).toEqual([])
    expect(await client.get('get_common_template_info', [1])).toMatchObject({ result: false, code: 3540400 })
    expect(await client.need(client.get('get_template_schemes', [client.biz, made.template]))).toEqual([])
    const preview = await client.need(
      client.post('preview_task_tree', [client.biz, made.template], { exclude_task_nodes_id: ['b'] }),
    )
    expect(Object.keys(preview.pipeline_tree.activities)).toEqual(['a', 'd'])
    expect(Object.keys(preview.constants_not_referred)).toEqual(['${host}', '${idle}'])
  })
})

test('an app that was set to the later engine gets its answers without asking', async () => {
  const client = await openBkClient({ laterApps: ['esb_test'] })
  const { task_id } = await client.need(
    client.post('fast_create_task', [client.biz], { name: 'x', pipeline_tree: tree }),
  )
  expect(await client.post('start_task', [task_id, client.biz])).toMatchObject({
    result: true,
    code: 0,
    data: { task_url: expect.stringContaining('/runs/') },
  })
  expect(await client.get('get_task_status', [task_id, client.biz])).toMatchObject({
    result: true,
    code: 0,
    data: { name: 'x', parent_id: expect.stringMatching(/^[0-9a-f]{32}$/) },
  })
  expect(await client.post('operate_task', [task_id, client.biz], { action: 'resume' })).toMatchObject({
    result: false,
    code: 3599999,
    message: expect.stringMatching(/^fail: pipeline\([0-9a-f]{32}\) state is: RUNNING$/),
  })
})
