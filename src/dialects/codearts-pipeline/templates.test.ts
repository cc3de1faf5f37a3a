import { beforeEach, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { type CodeartsClient, codeartsClient } from '../../testing/codearts-client.ts'
import { job, shell, stage } from '../../testing/codearts-documents.ts'
import { need, openWorld, type World } from '../../testing/world.ts'

const definition = JSON.stringify({ stages: [stage('One', [job('JOB_A', [shell('true')])])] })
const SECRET = 'not-for-everyone'

let world: World
let client: CodeartsClient
beforeEach(async () => {
  world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  client = codeartsClient(world)
})

const variable = (name: string, value: string, more: object = {}) => ({ name, type: 'string', value, ...more })
async function keep(name: string, more: object = {}): Promise<string> {
  const given = { name, language: 'Java', is_show_source: true, definition, ...more }
  return (await client.good('POST', '/pipeline-templates', given)).templateId
}
/** The default of a param, as our own API shows it. */
async function defaultOf(pipelineId: string, name: string): Promise<unknown> {
  const pipeline = need(await world.app.pipelines.get(world.admin, { id: pipelineId }))
  return pipeline.definition.params.find((param) => param.name === name)?.default
}

test('a secret variable is sealed, shown as stars, and goes into pipelines of its project', async () => {
  const variables = [
    variable('PASSWORD', SECRET, { is_secret: true }),
    variable('TOKEN', SECRET, { is_secret: 'True' }),
    variable('TAG', 'v1'),
  ]
  const id = await keep('mine', { variables })
  const kept = await world.app.documents.list(world.admin, {
    project: { id: world.project.id },
    kind: 'codearts-pipeline/template',
    limit: 9,
  })
  expect(JSON.stringify(need(kept).items)).not.toContain(SECRET)
  const shown = await client.good('GET', `/pipeline-templates/${id}`)
  expect(shown.variables).toMatchObject([{ value: '******' }, { value: '******' }, { value: 'v1' }])
  const { body } = await client.send('GET', `/v3/templates/${id}?template_type=custom`)
  expect(body.parameter).toMatchObject([{ value: '******' }, { value: '******' }, { value: 'v1' }])

  // Given back as it was shown, it stays what it was, in an edit as in a pipeline.
  await client.good('PUT', `/pipeline-templates/${id}`, { ...shown, name: 'renamed' })
  const made = `/pipeline-templates/${id}/create-pipeline`
  const one = (await client.good('POST', made, { name: 'one' })).pipeline_id
  const two = (await client.good('POST', made, { name: 'two', variables: shown.variables.slice(0, 1) })).pipeline_id
  for (const pipeline of [one, two]) {
    expect(await defaultOf(pipeline, 'PASSWORD')).toMatch(/^sealed\.v1\./)
    expect(await defaultOf(pipeline, 'TOKEN')).toMatch(/^sealed\.v1\./)
    expect(
      (await client.good('GET', `/pipelines/${pipeline}`)).variables.map(({ value }: { value: string }) => value),
    ).toContain('v1')
  }

  // Elsewhere nothing opens it.
  const other = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
  const elsewhere = (await client.call('POST', made, { name: 'three' }, other.id)).body.pipeline_id
  expect([await defaultOf(elsewhere, 'PASSWORD'), await defaultOf(elsewhere, 'TAG')]).toEqual(['', 'v1'])
})

test('a list tells when each was made and changed, and finds by language whatever its case', async () => {
  const id = await keep('mine')
  const list = (body: object) => client.good('POST', '/pipeline-templates/list', body)
  const [made, changed] = [world.clock.now(), world.clock.now() + 60_000]
  expect(await list({ language: 'java', limit: 0 })).toMatchObject({
    limit: 10,
    total: 1,
    templates: [{ id, language: 'Java', create_time: made, update_time: made }],
  })
  world.clock.advance(60_000)
  await client.good('PUT', `/pipeline-templates/${id}`, { name: 'mine', language: 'Go', definition })
  expect(await list({ name: 'mine', limit: 500 })).toMatchObject({
    limit: 100,
    templates: [{ create_time: made, update_time: changed }],
  })
  expect(await client.good('GET', `/pipeline-templates/${id}`)).toMatchObject({
    create_time: made,
    update_time: changed,
  })
})

test('PipelineTemplatesList is the same list with another word for the name', async () => {
  const id = await keep('mine')
  await keep('other')
  const { status, body } = await client.send('POST', '/v3/pipeline/templates/list', { template_name: 'min', offset: 0 })
  expect(status).toBe(200)
  expect(body).toEqual(await client.good('POST', '/pipeline-templates/list', { name: 'min' }))
  expect(body).toMatchObject({ offset: 0, limit: 10, total: 1, templates: [{ id }] })
})

test('a variable that is secret by text is as secret, and a plugin that is not here is named by its place', async () => {
  const id = (
    await client.good('POST', '/pipelines', {
      name: 'web',
      is_publish: false,
      definition,
      variables: [variable('TOKEN', SECRET, { is_secret: 'True' })],
    })
  ).pipeline_id
  expect(await defaultOf(id, 'TOKEN')).toMatch(/^sealed\.v1\./)
  const { variables } = await client.good('GET', `/pipelines/${id}`)
  expect(variables).toMatchObject([{ value: '******', is_secret: true }])
  const absent = { ...shell('true'), task: 'official_devcloud_deploy', inputs: [] }
  const stages = [stage('One', [job('JOB_A', [shell('true')]), job('JOB_B', [shell('true'), absent])])]
  const refused = await client.call('POST', '/pipelines', {
    name: 'api',
    is_publish: false,
    definition: JSON.stringify({ stages }),
  })
  expect(refused.body.error_msg).toContain('definition.stages[0].jobs[1].steps[1].task')
})
