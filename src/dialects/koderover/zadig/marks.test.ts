import { expect, test } from 'vitest'
import { type Client, open } from '../../../testing/koderover-client.ts'

const AT = '/api/aslan/workflow'

/** A product workflow `shop`, and a custom one `nightly`. */
async function withWorkflows(): Promise<Client> {
  const client = await open()
  const build_stage = { enabled: true, modules: [{ target: { service_name: 'web', service_module: 'web' } }] }
  const shop = { name: 'shop', product_tmpl_name: 'default', enabled: true, build_stage }
  const job = { name: 'go', type: 'freestyle', spec: { steps: [{ type: 'shell', spec: { script: 'true' } }] } }
  const nightly = { name: 'nightly', project: 'default', stages: [{ name: 'all', jobs: [job] }] }
  expect((await client.ask('POST', `${AT}/workflow`, shop)).status).toBe(200)
  expect((await client.ask('POST', `${AT}/v4`, nightly)).status).toBe(200)
  return client
}

test('a workflow that a user has marked is shown so in every list, until it is unmarked', async () => {
  const { ask } = await withWorkflows()
  const mark = { product_name: 'default', name: 'shop', type: 'workflow' }
  for (const _ of [1, 2]) {
    expect(await ask('POST', `${AT}/favorite`, mark)).toEqual({ status: 200, body: { message: 'success' } })
  }
  expect((await ask('GET', `${AT}/favorite?type=workflow&projectName=default`)).body).toEqual([
    {
      ...mark,
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      user_id: expect.any(String),
      create_time: expect.any(Number),
    },
  ])
  expect((await ask('GET', `${AT}/favorite?type=workflow_v4`)).body).toEqual([])
  expect((await ask('GET', `${AT}/favorite?type=workflow&projectName=other`)).body).toEqual([])
  const [listed] = (await ask('GET', `${AT}/workflow`)).body
  expect(listed).toMatchObject({ name: 'shop', is_favorite: true, isFavorite: true })
  const all = (await ask('GET', `${AT}/v4?project=default`)).body.workflow_list
  expect(
    Object.fromEntries(all.map((one: { name: string; isFavorite: boolean }) => [one.name, one.isFavorite])),
  ).toEqual({
    shop: true,
    nightly: false,
  })
  for (const _ of [1, 2]) expect((await ask('DELETE', `${AT}/favorite/default/shop/workflow`)).status).toBe(200)
  expect((await ask('GET', `${AT}/favorite?type=workflow`)).body).toEqual([])
  expect((await ask('GET', `${AT}/workflow`)).body[0]).toMatchObject({ is_favorite: false, isFavorite: false })
})

test('a mark without its parts, a list without its type and a project that is not there are refused', async () => {
  const { ask } = await open()
  expect((await ask('GET', `${AT}/favorite`)).body).toMatchObject({ code: 400, description: "type can't be empty!" })
  const none = await ask('POST', `${AT}/favorite`, { name: 'shop', type: 'workflow' })
  expect(none.body).toMatchObject({ code: 400, description: 'invalid Favorite json args' })
  const elsewhere = await ask('POST', `${AT}/favorite`, { product_name: 'other', name: 'shop', type: 'workflow' })
  expect([elsewhere.status, elsewhere.body.code]).toEqual([400, 6542])
})

test('a view has a name and some workflows of a project, and a list can be that of a view', async () => {
  const { ask } = await withWorkflows()
  const preset = await ask('GET', `${AT}/view/preset?projectName=default`)
  expect(preset.body).toMatchObject({ name: '', project_name: 'default' })
  const rows = preset.body.workflows as readonly { workflow_name: string; enabled: boolean }[]
  expect(rows.map((row) => [row.workflow_name, row.enabled])).toEqual([
    ['shop', false],
    ['nightly', false],
  ])
  const workflows = rows.map((row) => ({ ...row, enabled: row.workflow_name === 'nightly' }))
  expect((await ask('POST', `${AT}/view`, { name: 'mine', project_name: 'default', workflows })).status).toBe(200)
  const again = await ask('POST', `${AT}/view`, { name: 'mine', project_name: 'default', workflows })
  expect([again.status, again.body.code]).toEqual([400, 6892])
  expect((await ask('GET', `${AT}/view?projectName=default`)).body).toEqual(['mine'])
  const listed = await ask('GET', `${AT}/v4?project=default&viewName=mine`)
  expect([listed.body.total, listed.body.workflow_list[0].name]).toEqual([1, 'nightly'])

  const view = (await ask('GET', `${AT}/view/preset?projectName=default&viewName=mine`)).body
  const changed = { ...view, name: 'ours', workflows: workflows.map((row) => ({ ...row, enabled: true })) }
  expect((await ask('PUT', `${AT}/view`, changed)).status).toBe(200)
  expect((await ask('GET', `${AT}/view?projectName=default`)).body).toEqual(['ours'])
  expect((await ask('GET', `${AT}/v4?project=default&viewName=ours`)).body.total).toBe(2)
  expect((await ask('PUT', `${AT}/view`, { ...changed, id: '' })).body.code).toBe(6893)

  expect((await ask('DELETE', `${AT}/view/default/ours`)).status).toBe(200)
  expect((await ask('DELETE', `${AT}/view/default/ours`)).body.code).toBe(6894)
  expect((await ask('GET', `${AT}/view/preset?projectName=default&viewName=ours`)).body.code).toBe(6890)
  expect((await ask('GET', `${AT}/v4?project=default&viewName=ours`)).body.code).toBe(6541)
  expect((await ask('GET', `${AT}/view`)).body.code).toBe(6891)
})
