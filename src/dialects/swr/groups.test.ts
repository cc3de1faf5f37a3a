import { beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import { swr } from './index.ts'
import { sampleTemplates } from './template-samples.ts'

const BASE = 'http://127.0.0.1:8080'
const OPTIONS = { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 1_000_000 }
const GROUPS = '/v3/manage/pipelinegroups'
const TEMPLATES = '/v3/manage/pipelinetemplates'

let world: World
let handle: (request: Request) => Promise<Response>
beforeEach(async () => {
  world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  handle = swr.create(world.app, OPTIONS)
})

async function call(method: string, path: string, content?: unknown, headers: Record<string, string> = {}) {
  const body = content === undefined ? {} : { body: typeof content === 'string' ? content : JSON.stringify(content) }
  const all = { 'X-Auth-Token': world.credentials.token, Accept: 'application/json', ...headers }
  const response = await handle(new Request(`${BASE}${path}`, { method, headers: all, ...body }))
  const text = await response.text()
  const isJson = response.headers.get('Content-Type')?.includes('json') === true
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : null }
}

const errorOf = (code: string) => [{ errorCode: code, errorMessage: expect.any(String), detail: expect.any(String) }]

describe('a group', () => {
  test.each(['/v2/manage/pipelinegroups', GROUPS])('is made, listed and deleted under %s', async (path) => {
    const made = await call('POST', path, { group: 'team-1', description: 'ours' })
    expect([made.status, made.body]).toEqual([201, { id: 2, group: 'team-1', description: 'ours' }])
    const again = await call('POST', path, 'group: team-1\n')
    expect([again.status, again.body]).toEqual([409, errorOf('SVCSTG.SWR.4090236')])
    const all = await call('GET', path)
    expect([all.headers.get('Content-Range'), all.body]).toEqual([
      null,
      [expect.anything(), { id: 2, group: 'team-1', description: 'ours', pipeline_count: 0 }],
    ])
    const page = await call('GET', `${path}?limit=1&offset=1`)
    expect([page.headers.get('Content-Range'), page.body.length]).toEqual(['1-1/2', 1])
    const gone = await call('DELETE', `${path}/team-1`)
    expect([gone.status, gone.text]).toEqual([204, ''])
    const missing = await call('DELETE', `${path}/team-1`)
    expect([missing.status, missing.body]).toEqual([404, errorOf('SVCSTG.SWR.4041150')])
  })

  test('is not deleted while it has pipelines', async () => {
    const text = 'name: web\ntasks: [{name: build, script: make}]\n'
    need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
    const { status, body } = await call('DELETE', `${GROUPS}/default`)
    expect([status, body]).toEqual([409, errorOf('SVCSTG.SWR.4091150')])
  })

  test.each([undefined, '', 'Team', '1a', 'a___b', 'a_-b', 'a-', 'a b', 'x'.repeat(65), '../etc', { a: 1 }])(
    'has a name by the vendor’s rule: %j is refused',
    async (group) => {
      const { status, body } = await call('POST', GROUPS, { group })
      expect([status, body]).toEqual([400, errorOf('SVCSTG.SWR.4000014')])
    },
  )

  test('of 64 characters is one', async () => {
    expect((await call('POST', GROUPS, { group: `a__b-c${'x'.repeat(58)}` })).status).toBe(201)
  })
})

describe('a sample template', () => {
  test('is listed and shown, by category and label', async () => {
    const all = await call('GET', TEMPLATES)
    expect([all.headers.get('Content-Range'), all.body.length]).toEqual([null, sampleTemplates.length])
    expect(all.body[0]).toEqual({
      id: 1,
      name: expect.any(String),
      description: expect.any(String),
      template_type_ch: '',
      template_type_en: '',
      template_category: 'sample_template',
      created_at: '2026-11-22T00:00:00Z',
      updated_at: '2026-11-22T00:00:00Z',
      stages: expect.arrayContaining([{ name: '审核', service_name: 'test_review', is_task: false }]),
      pipeline_labels: [{ id: 1_001, name: '示例', describe: '' }],
    })
    const filter = encodeURIComponent('template_category::sample_template|pipeline_label::Java')
    const java = await call('GET', `${TEMPLATES}?filter=${filter}&limit=10&offset=0`)
    expect([java.headers.get('Content-Range'), java.body.length]).toEqual(['0-1/1', 1])
    expect((await call('GET', `${TEMPLATES}?filter=template_category::my_template`)).body).toEqual([])
    expect((await call('GET', `${TEMPLATES}?filter=name::x`)).body).toEqual(errorOf('SVCSTG.SWR.4000014'))
    const yaml = await call('GET', `${TEMPLATES}/1`, undefined, { Accept: '*/*' })
    expect(parse(yaml.text)).toEqual((await call('GET', `${TEMPLATES}/1`)).body)
    for (const id of ['0', '99', '1001', '2001']) {
      const { status, body } = await call('GET', `${TEMPLATES}/${id}`)
      expect([status, body]).toEqual([404, errorOf('SVCSTG.SWR.4041160')])
    }
    expect((await call('GET', `${TEMPLATES}/x`)).status).toBe(400)
  })

  test.each(sampleTemplates.map(({ name }, index) => [name, index + 1] as const))(
    '%s makes a pipeline as it is',
    async (_, id) => {
      const { body } = await call('GET', `${TEMPLATES}/${id}`)
      const stages = body.stages.map(({ id: __, ...stage }: { id: number }) => stage)
      const made = await call('POST', `${GROUPS}/default/pipelines`, { ...body, name: 'made', stages })
      expect([made.status, made.body.stages?.length]).toEqual([201, body.stages.length])
      expect(made.body.pre_operation.triggers).toHaveLength(1)
    },
  )

  test('is not deleted', async () => {
    const { status, body } = await call('DELETE', `${TEMPLATES}/1`)
    expect([status, body]).toEqual([403, errorOf('SVCSTG.S2I.4037013')])
  })
})

describe('a template of one’s own', () => {
  const own = (changes: object = {}) => ({
    name: 'Our way',
    description: 'of doing it',
    params: [{ name: 'tag', value: '1' }],
    stages: [{ name: 'build', service_name: 'jenkins_build', params: { basic_env: 'go', jenkins_shell: 'go build' } }],
    pipeline_labels: ['Go'],
    ...changes,
  })

  test('is kept, listed, shown and deleted', async () => {
    const made = await call('POST', TEMPLATES, own())
    expect([made.status, made.body.id]).toEqual([201, 1_001])
    expect((await call('POST', TEMPLATES, own({ group_name: 'default' }))).body.id).toBe(1_002)
    const listed = await call('GET', `${TEMPLATES}?filter=template_category::my_template`)
    expect(listed.body.map(({ id }: { id: number }) => id)).toEqual([1_001, 1_002])
    expect((await call('GET', `${TEMPLATES}/1001`)).body).toEqual(made.body)
    expect(made.body).toMatchObject({
      name: 'Our way',
      template_category: 'my_template',
      params: [{ name: 'tag', description: '', value: '1', is_template: true }],
      stages: [{ name: 'build', service_name: 'jenkins_build', params: { jenkins_shell: 'go build' } }],
      pipeline_labels: [{ name: 'Go' }],
    })
    expect((await call('DELETE', `${TEMPLATES}/1001`)).status).toBe(204)
    expect((await call('GET', `${TEMPLATES}/1001`)).status).toBe(404)
    expect((await call('DELETE', `${TEMPLATES}/1001`)).status).toBe(404)
  })

  test('is made of the detail of another one, whose labels have more than a name', async () => {
    const { body: sample } = await call('GET', `${TEMPLATES}/1`)
    const made = await call('POST', TEMPLATES, sample)
    expect([made.status, made.body.error]).toEqual([201, undefined])
    const names = sample.pipeline_labels.map(({ name }: { name: string }) => ({ name }))
    expect(made.body.pipeline_labels).toMatchObject(names)
    const nameless = await call('POST', TEMPLATES, own({ pipeline_labels: [{ describe: 'x' }] }))
    expect([nameless.status, nameless.body]).toEqual([400, errorOf('SVCSTG.SWR.4000014')])
  })

  test('is kept and answered without passwords and tokens of addresses', async () => {
    const params = { git_type: 'gitlab', url: 'https://ci:not-for-everyone@git.example.com/a.git', branch: 'main' }
    const told = 'https://hooks.example.com/?access_token=not-for-everyone&of=1'
    const post_operation = { triggers: [{ webhook: { method: 'POST', url: told } }] }
    const stages = [{ name: 'code', service_name: 'code_source', params, post_operation }]
    const made = await call('POST', TEMPLATES, own({ stages }))
    const kept = { triggers: [{ webhook: { method: 'POST', url: 'https://hooks.example.com/?access_token=&of=1' } }] }
    expect(made.body.stages).toMatchObject([{ params: { url: 'https://git.example.com/a.git' }, post_operation: kept }])
    expect((await call('GET', `${TEMPLATES}/1001`)).body).toEqual(made.body)
  })

  test('makes a pipeline, or is refused', async () => {
    const wrong = await call('POST', TEMPLATES, own({ stages: [{ name: 'a', service_name: 'magic' }] }))
    expect([wrong.status, wrong.body]).toEqual([400, errorOf('SVCSTG.SWR.4000014')])
    const nowhere = await call('POST', TEMPLATES, own({ group_name: 'nowhere' }))
    expect([nowhere.status, nowhere.body]).toEqual([404, errorOf('SVCSTG.SWR.4041150')])
  })
})
