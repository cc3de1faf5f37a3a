// Operations that came after the seed's version: schemes, clocked tasks, tasks that others claim. Source: bk-sops
// `apigw/views` and their tests, read 2026-11-22.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openBkClient, type Body, type BkClient } from '../../testing/blueking-client.ts'
import { component, constant, webTree } from '../../testing/blueking-trees.ts'

/** `a` must run, `b` and `c` need not; `c` alone names `${only}`. */
async function withTemplate(
  outputs: readonly string[] = [],
): Promise<{ readonly client: BkClient; readonly template: number }> {
  const client = await openBkClient()
  const optional = (text: string) => ({ ...component('bk_display', { bk_display_message: text }), optional: true })
  const pipeline_tree = webTree({
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'end'],
    ],
    activities: {
      a: { ...component('bk_display', { bk_display_message: '${word}' }), optional: false },
      b: optional('b'),
      c: optional('${only}'),
    },
    constants: { '${word}': constant('hello'), '${only}': constant('x') },
    outputs,
  })
  const made = await client.need(client.post('create_template', [client.biz], { name: 'greet', pipeline_tree }))
  return { client, template: made.template_id }
}

const namesOf = (tree: Body): readonly string[] =>
  Object.values(tree.activities as Record<string, { template_node_id: string }>)
    .map((node) => node.template_node_id)
    .toSorted()

describe('a scheme', () => {
  test('says which nodes of a template a sub-process runs', async () => {
    const { client, template } = await withTemplate(['${only}'])
    const { need, post, biz } = client
    await need(post('create_template_scheme', [biz, template], { name: 'short', data: ['b'] }))
    await need(post('create_template_scheme', [biz, template], { name: 'other', data: ['c'] }))
    const inner = async (scheme_id_list: readonly (string | number)[]) => {
      const pipeline_tree = webTree({
        lines: [
          ['start', 's'],
          ['s', 'end'],
        ],
        activities: { s: { type: 'SubProcess', template_id: String(template), scheme_id_list } },
      })
      const made = await need(post('fast_create_task', [biz], { name: 'x', pipeline_tree }))
      const [node] = Object.values(made.pipeline_tree.activities as Record<string, Body>)
      await need(post('start_task', [made.task_id, biz]))
      return [namesOf(node!['pipeline']), node!['pipeline'].outputs]
    }
    // A result that nothing names any more stays one.
    expect(await inner([1])).toEqual([['a', 'b'], ['${only}']])
    expect(await inner([`${template}-other`])).toEqual([['a', 'c'], ['${only}']])
    expect(await inner(['1', 2])).toEqual([['a', 'b', 'c'], ['${only}']])
    // Of another system it is another template's.
    expect(await inner([77])).toEqual([['a', 'b', 'c'], ['${only}']])
    expect(await inner([])).toEqual([['a', 'b', 'c'], ['${only}']])
  })

  test('names the nodes that a task runs, and is known by its number and its unique id', async () => {
    const { client, template } = await withTemplate()
    const make = (body: Readonly<Record<string, unknown>>) =>
      client.post('create_template_scheme', [client.biz, template], body)
    expect(await make({ name: 'short', data: ['b'] })).toMatchObject({
      result: true,
      data: { id: 1, unique_id: `${template}-short`, name: 'short', data: '["b"]' },
    })
    expect((await make({ name: 'other', data: '["c"]' })).data.id).toBe(2)
    for (const [body, message] of [
      [{ name: 'short', data: ['b'] }, `scheme with unique_id(${template}-short) already exists`],
      [{ name: 'x', data: ['a'] }, 'node ids are not optional in template pipeline_tree: a'],
      [{ name: 'x', data: ['z'] }, 'node ids do not exist in template pipeline_tree: z'],
      [{ name: 'x', data: [] }, 'data must be a non-empty list of node ids'],
      [{ name: 'x', data: 'b' }, 'data must be a non-empty list of node ids'],
      [{ data: ['b'] }, 'param name is required'],
    ] as const) {
      expect(await make(body)).toMatchObject({ result: false, message, code: 3540000 })
    }
    const schemes = await client.need(client.get('get_template_schemes', [client.biz, template]))
    expect(schemes).toEqual([
      { id: `${template}-short`, name: 'short', data: '["b"]' },
      { id: `${template}-other`, name: 'other', data: '["c"]' },
    ])
    const detailed = await client.need(
      client.get('get_template_schemes', [client.biz, template], { with_constants: 'true' }),
    )
    expect(detailed.map((one: Body) => Object.keys(one.detail.constants))).toEqual([
      ['${word}'],
      ['${word}', '${only}'],
    ])
    const create = (body: Readonly<Record<string, unknown>>) =>
      client.post('create_task', [template, client.biz], { name: 't', ...body })
    for (const [ids, run] of [
      [`${template}-short`, ['a', 'b']],
      [1, ['a', 'b']],
      ['2', ['a', 'c']],
      [
        [1, `${template}-other`],
        ['a', 'b', 'c'],
      ],
    ] as const) {
      const made = await client.need(create({ template_schemes_id: ids }))
      expect(namesOf(made.pipeline_tree)).toEqual(run)
    }
    for (const [body, message] of [
      [{ template_schemes_id: [`${template}-none`] }, `unknown template_schemes_id: ${template}-none`],
      [{ template_schemes_id: [1, 1] }, 'duplicate template_schemes_id: 1'],
      [
        { template_schemes_id: [1, null] },
        'invalid template_schemes_id: all items must be non-empty strings or positive integers',
      ],
      [
        { template_schemes_id: [1], exclude_task_nodes_id: ['b'] },
        'template_schemes_id can not be used with exclude_task_nodes_id or execute_task_nodes_id',
      ],
      [
        { execute_task_nodes_id: ['b'] },
        '[API] create_task create pipeline without tree error: task node[id=a] is not optional',
      ],
    ] as const) {
      expect(await create(body)).toMatchObject({ result: false, message })
    }
    const chosen = await client.need(create({ execute_task_nodes_id: ['a', 'c'], exclude_task_nodes_id: ['c'] }))
    expect(namesOf(chosen.pipeline_tree)).toEqual(['a', 'c'])
  })
})

describe('the file of an export', () => {
  const leaf = webTree({
    lines: [
      ['start', 'a'],
      ['a', 'end'],
    ],
  })
  const outer = (template_id: string) =>
    webTree({
      lines: [
        ['start', 's'],
        ['s', 'end'],
      ],
      activities: { s: { type: 'SubProcess', optional: true, template_id, constants: {} } },
    })
  const exported = (template: Readonly<Record<string, object>>, salt = '821a11587ea434eb85c2f5327a90ae54') => {
    const heads = { 1: { category: 'OpsTools', pipeline_template_str_id: 'n2' } }
    // As Python's json writes it, which puts a space behind each comma.
    const body = JSON.stringify({ pipeline_template_data: { refs: {}, template }, template: heads }).replace(',', ', ')
    const digest = createHash('md5')
      .update(body + salt)
      .digest('hex')
    return Buffer.from(`{"digest": "${digest}", "template_data": ${body}}`).toString('base64')
  }
  const both = { n1: { name: 'leaf', tree: leaf }, n2: { name: 'outer', description: 'd', tree: outer('n1') } }

  /** Each is twice in the one before. */
  const doubling = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => {
        const inner = { type: 'SubProcess', optional: true, template_id: `n${at + 1}`, constants: {} }
        const lines = [
          ['start', 's'],
          ['s', 't'],
          ['t', 'end'],
        ] as const
        return [`n${at}`, { name: `n${at}`, tree: webTree({ lines, activities: { s: inner, t: inner } }) }]
      }),
    )

  test('gives its templates, sub-processes in them', async () => {
    const client = await openBkClient()
    const answer = await client.post('import_project_template', [client.biz], { template_data: exported(both) })
    expect(answer).toMatchObject({ result: true, data: { count: 2 }, message: 'Successfully imported 2 flows' })
    const list = await client.need(client.get('get_template_list', [client.biz]))
    expect(list.map(({ name, category }: Body) => [name, category])).toEqual([
      ['outer', 'OpsTools'],
      ['leaf', 'Default'],
    ])
    const made = await client.need(client.post('create_task', [list[0].id, client.biz], { name: 't' }))
    await client.need(client.post('start_task', [made.task_id, client.biz]))
    await client.world.settled()
    const status = await client.need(client.get('get_task_status', [made.task_id, client.biz]))
    expect(status.state).toBe('FINISHED')
  })

  test.each([
    ['nothing', () => '', 3540000, 'template data can not be none'],
    ['another digest', () => exported(both, 'other'), 3546100, 'Invalid template data'],
    ['no base64 of JSON', () => '!!', 3540000, 'Template data is corrupt'],
    ['no templates', () => exported({}), 3599999],
    ['a sub-process that it has not', () => exported({ n2: { name: 'outer', tree: outer('n9') } }), 3599999],
    ['one that is its own sub-process', () => exported({ n1: { name: 'outer', tree: outer('n1') } }), 3599999],
    ['more than can be unfolded', () => exported(doubling(40)), 3599999],
    ['a broken tree', () => exported({ ...both, n3: { name: 'x', tree: { activities: {} } } }), 3546100],
  ])('with %s is refused, and nothing of it is made', async (_, file, code, message = expect.any(String)) => {
    const client = await openBkClient()
    expect(await client.post('import_project_template', [client.biz], { template_data: file() })).toMatchObject({
      result: false,
      code,
      message,
    })
    expect(await client.need(client.get('get_template_list', [client.biz]))).toEqual([])
  })
})

describe('a clocked task', () => {
  test('is planned, listed, and started when its time has come', async () => {
    const { client, template } = await withTemplate()
    const { world, biz } = client
    const plan = new Date(world.clock.now() + 8 * 3_600_000 + 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
    const planned = await client.need(
      client.post('create_clocked_task', [template, biz], {
        task_name: 'once',
        plan_start_time: plan,
        task_parameters: { constants: { '${word}': 'later' }, appoint_task_nodes_id: ['c'] },
      }),
    )
    expect(planned).toMatchObject({
      project_id: biz,
      task_id: null,
      task_name: 'once',
      template_id: template,
      template_name: 'greet',
      template_source: 'project',
      plan_start_time: `${plan}+0800`,
      state: 'not_started',
      task_parameters: { constants: { '${word}': 'later' }, appoint_task_nodes_id: ['c'] },
    })
    const list = async (query: Readonly<Record<string, string>> = {}) =>
      await client.get('get_clocked_task_list', [biz], query)
    expect(await list({ state: 'not_started', task_name: 'ON' })).toMatchObject({
      count: 1,
      data: [{ id: planned.id, plan_start_time: `${plan} +0800`, auth_actions: ['clocked_task_view', 'flow_view'] }],
    })
    expect((await list({ state: 'started' })).count).toBe(0)
    expect(await list({ state: 'x' })).toMatchObject({ result: false })
    world.clock.advance(3_600_000)
    await world.settled()
    await world.settled()
    const [row] = await client.need(client.get('get_task_list', [biz], { create_method: 'clocked' }))
    expect(row).toMatchObject({ create_method: 'clocked', template_id: String(template), is_finished: true })
    expect(row.name).toBe(`once_${plan.replace(/\D/g, '')}`)
    expect(await client.need(client.get('get_task_list', [biz], { template_id: String(template) }))).toEqual([row])
    expect(await client.need(client.get('get_task_list', [biz], { create_method: 'periodic' }))).toEqual([])
    expect((await list()).data).toMatchObject([{ state: 'started', task_id: row.id }])
    const detail = await client.need(client.get('get_task_detail', [row.id, biz]))
    expect(detail).toMatchObject({ create_method: 'clocked', constants: { '${word}': { value: 'later' } } })
    expect(namesOf(detail.pipeline_tree)).toEqual(['a', 'c'])
    // It comes once.
    world.clock.advance(30 * 86_400_000)
    await world.settled()
    expect((await client.get('get_task_count', [biz], { create_method: 'clocked' })).data).toEqual({ count: 1 })
  })

  test.each([
    [{ task_name: 'x' }, "{'plan_start_time': [ErrorDetail(string='该字段是必填项。', code='required')]}"],
    [
      { plan_start_time: null, task_name: ' ' },
      "{'plan_start_time': [ErrorDetail(string='该字段不能为 null。', code='null')], 'task_name': [ErrorDetail(string='该字段不能为空。', code='blank')]}",
    ],
    [
      { task_name: [], plan_start_time: '2100-01-01 00:00:00' },
      "{'task_name': [ErrorDetail(string='不是有效的字符串。', code='invalid')]}",
    ],
    [{ task_name: 'n'.repeat(129), plan_start_time: '2100-01-01 00:00:00' }, '请确保这个字段不能超过 128 个字符。'],
    [
      { task_name: 'x', plan_start_time: '2001-01-01 00:00:00' },
      "params is invalid, error: {'plan_start_time': [ErrorDetail(string='Plan start time should be later than the time to create the plan', code='invalid')]}",
    ],
    [{ task_name: 'x', plan_start_time: 'soon' }, '日期时间格式错误。请从这些格式中选择：'],
    [
      {
        task_name: 'x',
        plan_start_time: '2100-01-01T00:00:00Z',
        task_parameters: { exclude_task_nodes_id: ['b'], appoint_task_nodes_id: ['b'] },
      },
      'can not use multiple method to appoint execute nodes',
    ],
  ])('%j is refused', async (body, message) => {
    const { client, template } = await withTemplate()
    const answer = await client.post('create_clocked_task', [template, client.biz], body)
    expect(answer).toMatchObject({ result: false, code: 3546100 })
    expect(answer.message).toContain(message)
  })
})

describe('a task of the flow type common_func', () => {
  test('is started when somebody has claimed it, with the constants that he gave', async () => {
    const { client, template } = await withTemplate()
    const { biz } = client
    const made = await client.need(
      client.post('create_task', [template, biz], { name: 'please', flow_type: 'common_func' }),
    )
    expect(made.function_task_claim_url).toBe(made.task_url)
    const id: number = made.task_id
    const flow = async () => {
      const [row] = await client.need(client.post('get_tasks_status', [biz], { task_id_list: [id] }))
      return [row.flow_type, row.current_flow]
    }
    const listed = async (query: Readonly<Record<string, string>> = {}) =>
      (await client.need(client.get('get_functionalization_task_list', [], query))).map((one: Body) => [
        one.status,
        one.claimant,
        one.task.id,
      ])
    const unclaimed = { result: false, message: 'task with current_flow:func_claim cannot be started' }
    expect(await client.post('start_task', [id, biz])).toMatchObject(unclaimed)
    expect(await client.post('operate_task', [id, biz], { action: 'start' })).toMatchObject(unclaimed)
    expect(
      await client.post('create_and_start_task', [template, biz], { name: 'x', flow_type: 'common_func' }),
    ).toMatchObject(unclaimed)
    expect([await flow(), await listed()]).toEqual([['common_func', 'func_claim'], [['submitted', '', id]]])
    const claim = (body: Readonly<Record<string, unknown>> = {}) =>
      client.post('claim_functionalization_task', [id, biz], body)
    expect(await claim({ constants: { '${word}': 'claimed' } })).toMatchObject({ result: true, data: 'success' })
    const again = { result: false, message: 'task with current_flow:execute_task cannot be claimed' }
    expect(await claim({ constants: { '${word}': 'another' } })).toMatchObject(again)
    expect([await flow(), await listed()]).toEqual([
      ['common_func', 'execute_task'],
      [['claimed', client.world.credentials.user, id]],
    ])
    expect((await client.post('start_task', [id, biz])).result).toBe(true)
    await client.world.settled()
    expect(await flow()).toEqual(['common_func', 'finished'])
    expect(await listed({ status: 'finished', task_id_in: `${id},999` })).toHaveLength(1)
    expect(await listed({ status: 'claimed' })).toEqual([])
    // No form looks at what statuses there are.
    expect(await listed({ status: 'nope' })).toEqual([])
    const detail = await client.need(client.get('get_task_detail', [id, biz]))
    expect(detail.constants['${word}'].value).toBe('claimed')
    expect(await claim()).toMatchObject({ message: 'task with current_flow:finished cannot be claimed' })
    const counts = await client.need(client.post('query_task_count', [biz], { group_by: 'flow_type' }))
    expect(counts.groups.map(({ code, value }: Body) => [code, value])).toEqual([
      ['common', 0],
      ['common_func', 1],
    ])
  })

  test('is claimed whatever else is kept, by one of many who try at once, whose constants count', async () => {
    const { client, template } = await withTemplate()
    const { biz } = client
    await client.need(client.post('create_task', [template, biz], { name: 'first', flow_type: 'common_func' }))
    const { task_id } = await client.need(
      client.post('create_task', [template, biz], { name: 'second', flow_type: 'common_func' }),
    )
    const claim = (word: Body) =>
      client.post('claim_functionalization_task', [task_id, biz], { constants: { '${word}': word } })
    // Nobody claims by what is refused.
    expect(await client.post('claim_functionalization_task', [task_id, biz], { constants: [] })).toMatchObject({
      result: false,
    })
    const words = ['one', 'two', 'three']
    const answers = await Promise.all(words.map(claim))
    const won = words.filter((_, at) => answers[at].result === true)
    expect(won).toHaveLength(1)
    expect((await client.need(client.get('get_task_detail', [task_id, biz]))).constants['${word}'].value).toBe(won[0])
  })

  test('is none otherwise', async () => {
    const { client, template } = await withTemplate()
    const { task_id } = await client.need(client.post('create_task', [template, client.biz], { name: 'mine' }))
    expect(await client.post('claim_functionalization_task', [task_id, client.biz])).toMatchObject({
      result: false,
      message: 'task is not functional',
    })
    expect(await client.post('create_task', [template, client.biz], { name: 'x', flow_type: 'none' })).toMatchObject({
      result: false,
      message: "task params is invalid: 'none' is not one of ['common', 'common_func']",
    })
  })
})
