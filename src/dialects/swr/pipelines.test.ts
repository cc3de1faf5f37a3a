import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { parseDefinition } from '../../definition/parse-definition.ts'
import type { RunView } from '../../model/view.ts'
import { stepSpecs } from '../../steps/index.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { signed } from '../../testing/sign.ts'
import { swrDocument as document, swrPackage as pkg, swrReset as reset } from '../../testing/swr-documents.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import { swr } from './index.ts'

const BASE = 'http://127.0.0.1:8080'
const OPTIONS = { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 1_000_000 }
const CREATE = '/v3/manage/pipelinegroups/default/pipelines'

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
const wordOf = async (id: number) => (await call('GET', `/v3/manage/pipelines/${id}`)).body.status.status

async function create(content: unknown = document()) {
  const made = await call('POST', CREATE, content)
  expect([made.status, made.body?.[0]?.detail]).toEqual([201, undefined])
  return made.body
}

/** As people write it: none of these is a number. */
const UNQUOTED = `
name: unquoted
params:
- {name: release, value: 1.10}
- {name: mode, value: 0755}
stages:
- name: code
  service_name: code_source
  exception_handler: {type: timeout_reset, params: {timespan: 72}}
  params: {git_type: gitee, url: 'https://gitee.com/hwcloudswr/demo-2048.git', branch: 2.0}
- name: build
  service_name: jenkins_build
  params: {basic_env: java, jenkins_shell: mvn package}
  input_resources:
  - {name: source, type: code_source, params: {stage_index: 0}}
  output_resources:
  - name: web
    type: package
    params: {namespace: shop, package: web, version: 20190121, file_path: 1e3, local_file_path: web.war}
`

describe('a pipeline is made', () => {
  test('of all that its document says, and is given back so, without a state', async () => {
    const sent = document()
    const { body, status } = await call('POST', CREATE, sent)
    expect(status).toBe(201)
    const { id, group_id, group_name, pre_operation, stages, ...rest } = body
    expect([group_id, group_name]).toEqual([world.project.serial, 'default'])
    expect(rest).toEqual({
      name: sent.name,
      description: sent.description,
      post_operation: sent.post_operation,
      params: sent.params,
    })
    expect(pre_operation).toEqual({
      operator: 'and',
      triggers: sent.pre_operation.triggers.map((trigger) => ({
        ...trigger,
        webhook: { url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:8080\/v2\/manage\/webhooks\/[0-9a-f-]{36}$/) },
      })),
    })
    expect(stages).toEqual(sent.stages.map((stage, index) => ({ id: id * 1_000 + index + 1, ...stage })))
    const detail = await call('GET', `/v3/manage/pipelines/${id}`)
    expect(detail.body).toMatchObject({ ...body, params: expect.anything(), status: { status: 'waiting' } })
    expect(detail.body.params.map(({ name }: { name: string }) => name)).toEqual([
      'SYS_TIMESTAMP',
      'git.branch',
      'note',
      'SYS_INCREMENT',
    ])
  })

  test('of the detail of another, or of a template, whose ids mean nothing in it', async () => {
    const one = await create()
    const detail = (await call('GET', `/v3/manage/pipelines/${one.id}`)).body
    const copy = await create({ ...detail, name: 'copy' })
    const ids = (made: { stages: readonly { id: number }[] }) => made.stages.map(({ id }) => id)
    expect(ids(copy)).toEqual(ids(one).map((id) => id - one.id * 1_000 + copy.id * 1_000))
    expect(copy.pre_operation.triggers[0].webhook.url).not.toBe(one.pre_operation.triggers[0].webhook.url)
    const template = (await call('GET', '/v3/manage/pipelinetemplates/1')).body
    expect(await create({ ...template, name: 'of-a-template' })).toMatchObject({
      params: [{ name: 'organization' }, {}],
    })
  })

  test('of YAML as of JSON, and answers in either', async () => {
    const json = await create()
    const { status, headers, text } = await call('POST', CREATE, stringify({ ...document(), name: 'web-2' }), {
      'Content-Type': 'application/yaml;charset=utf8',
      Accept: '*/*',
    })
    expect([status, headers.get('Content-Type')]).toEqual([201, 'application/yaml;charset=utf8'])
    const yaml = parse(text)
    expect(yaml).toMatchObject({ ...json, id: json.id + 1, name: 'web-2', pre_operation: {}, stages: {} })
    expect(Object.keys(yaml)).toEqual(Object.keys(yaml).toSorted())
  })

  test('of YAML that has no quotes around versions, tags and values', async () => {
    const made = await call('POST', CREATE, UNQUOTED, { 'Content-Type': 'application/yaml;charset=utf8' })
    const { id, params, stages } = made.body
    expect(params).toMatchObject([{ value: '1.10' }, { value: '0755' }])
    expect(stages[0]).toMatchObject({ params: { branch: '2.0' }, exception_handler: { params: { timespan: 72 } } })
    expect(stages[1]).toMatchObject({
      input_resources: [{ params: { stage_index: '0' } }],
      output_resources: [{ params: { version: '20190121', file_path: '1e3' } }],
    })
    // Sent back as it was read, it is what it was.
    const read = (await call('GET', `/v3/manage/pipelines/${id}`, undefined, { Accept: '*/*' })).text
    const again = await call('PUT', `/v3/manage/pipelines/${id}`, read, { 'Content-Type': 'application/yaml' })
    expect(again.body).toEqual(made.body)
    await world.app.runs.start(world.admin, { pipeline: { serial: id }, params: {} })
    await world.settled()
    const { resource } = (await call('GET', `/v3/manage/pipelines/${id}/stages/0/jobs`)).body[0]
    expect(resource).toBe('')
    world.runner.endTask('stage_1', succeeded())
    await world.settled()
    expect((await call('GET', `/v3/manage/pipelines/${id}/stages/1/jobs`)).body).toMatchObject([
      { resource: 'shop/web:20190121' },
    ])
  })

  test('of YAML that its signature leaves out, which is refused of JSON', async () => {
    const content = stringify(document())
    const send = async (type: string) => {
      const keys = { 'Content-Type': type, 'X-Auth-Token': '', 'X-Sdk-Content-Sha256': 'UNSIGNED-PAYLOAD' }
      // The hash of the body is the word itself then.
      const { createHash, createHmac } = await import('node:crypto')
      const date = new Date(world.clock.now()).toISOString().replace(/[-:]|\.\d+/g, '')
      const canonical = `POST\n${CREATE}/\n\nhost:127.0.0.1:8080\nx-sdk-date:${date}\n\nhost;x-sdk-date\nUNSIGNED-PAYLOAD`
      const hash = createHash('sha256').update(canonical).digest('hex')
      const signature = createHmac('sha256', world.credentials.sk)
        .update(`SDK-HMAC-SHA256\n${date}\n${hash}`)
        .digest('hex')
      const authorization = `SDK-HMAC-SHA256 Access=${world.credentials.ak}, SignedHeaders=host;x-sdk-date, Signature=${signature}`
      return call('POST', CREATE, content, { ...keys, 'X-Sdk-Date': date, Authorization: authorization })
    }
    expect((await send('application/yaml;charset=utf8')).status).toBe(201)
    const refused = await send('application/json')
    expect([refused.status, refused.body]).toEqual([401, errorOf('SVCSTG.SWR.4010000')])
  })

  test('by a whole signature, too', async () => {
    const body = JSON.stringify(document())
    const keys = signed(world.credentials, world.clock.now(), { method: 'POST', url: `${BASE}${CREATE}`, body })
    expect((await call('POST', CREATE, body, { ...keys, 'X-Auth-Token': '' })).status).toBe(201)
  })

  test('with channels beside webhooks, each once', async () => {
    const converts = [{ name: 'tag', pipeline_param_name: 'note' }]
    const triggers = [{ channel: { name: 'image-ready' }, pipeline_param_converts: converts }, { webhook: {} }]
    const made = await create({ ...document(), pre_operation: { operator: 'and', triggers } })
    expect(made.pre_operation.triggers).toEqual([triggers[0], { webhook: { url: expect.any(String) } }])
    const { status } = (await call('GET', `/v3/manage/pipelines/${made.id}`)).body
    expect(status.pre_operation.triggers_status).toEqual([
      { is_satisfied: false, channel: { input_params: {} } },
      { is_satisfied: false, webhook: { input_params: {} } },
    ])
    const publish = { project: { id: world.project.id }, channel: 'image-ready', params: { tag: 'v7' } }
    need(await world.app.runs.publish(world.admin, publish))
    const open = (await call('GET', `/v3/manage/pipelines/${made.id}`)).body
    expect([open.status.status, open.status.pre_operation.triggers_status]).toEqual([
      'waiting',
      [
        { is_satisfied: true, channel: { input_params: { tag: 'v7' } } },
        { is_satisfied: false, webhook: { input_params: {} } },
      ],
    ])
    expect((await call('POST', made.pre_operation.triggers[1].webhook.url.slice(BASE.length))).status).toBe(201)
    await world.settled()
    const { params } = (await call('GET', `/v3/manage/pipelines/${made.id}`)).body
    expect(params).toContainEqual({ name: 'note', description: '', value: 'v7' })
    const twice = { operator: 'or', triggers: [triggers[0], triggers[0]] }
    const refused = await call('POST', CREATE, { ...document(), name: 'other', pre_operation: twice })
    expect([refused.status, refused.body]).toEqual([409, errorOf('SVCSTG.SWR.4091136')])
  })

  test('with one webhook for an empty list of triggers', async () => {
    const made = await create({ ...document(), pre_operation: { operator: 'or', triggers: [] } })
    expect(made.pre_operation).toEqual({ operator: 'or', triggers: [{ webhook: { url: expect.any(String) } }] })
  })

  const [first, second] = document().stages
  test.each<[string, string, unknown]>([
    ['a body that is no mapping', '4000014', '[1]'],
    ['a body that is neither YAML nor JSON', '4000014', '{"name": ['],
    ['no body', '4000014', ''],
    ['no name', '4001142', { ...document(), name: undefined }],
    ['a name of other letters', '4001142', { ...document(), name: 'Web Shop' }],
    ['a name with three underscores', '4001142', { ...document(), name: 'a___b' }],
    ['a name with _ beside -', '4001142', { ...document(), name: 'a_-b' }],
    ['a name that ends with -', '4001142', { ...document(), name: 'a-' }],
    ['a name of 65 characters', '4001142', { ...document(), name: 'a'.repeat(65) }],
    ['no stages', '4000014', { ...document(), stages: [] }],
    ['stages that are no list', '4000014', { ...document(), stages: { a: 1 } }],
    ['a stage without a name', '4001141', { ...document(), stages: [{ ...first, name: '' }] }],
    ['a stage with a blank in its name', '4001141', { ...document(), stages: [{ ...first, name: 'a b' }] }],
    ['an unknown service', '4000014', { ...document(), stages: [{ ...first, service_name: 'magic' }] }],
    [
      'an unknown git_type',
      '4000014',
      { ...document(), stages: [{ ...first, params: { git_type: 'svn', url: 'x' } }] },
    ],
    ['no URL', '4000014', { ...document(), stages: [{ ...first, params: { git_type: 'github' } }] }],
    [
      'a URL that git does not fetch from',
      '4000014',
      { ...document(), stages: [{ ...first, params: { git_type: 'github', url: '--upload-pack=x' } }] },
    ],
    ['no shell', '4000014', { ...document(), stages: [first, { ...second, params: { basic_env: 'go' } }] }],
    ['an unknown handler', '4000014', { ...document(), stages: [{ ...first, exception_handler: { type: 'pray' } }] }],
    [
      'a timespan of no hours',
      '4000014',
      { ...document(), stages: [{ ...first, exception_handler: { ...reset, params: { timespan: 0 } } }] },
    ],
    [
      'a code source that is none',
      '4000014',
      {
        ...document(),
        stages: [
          { ...second, input_resources: [{ name: 'a', type: 'code_source', params: { stage_index: '0' } }] },
          first,
        ],
      },
    ],
    [
      'a package outside of its place',
      '4000014',
      {
        ...document(),
        stages: [
          {
            ...second,
            input_resources: [],
            output_resources: [{ name: 'a', type: 'package', params: { ...pkg, local_file_path: '../../etc/passwd' } }],
          },
        ],
      },
    ],
    [
      'a trigger for a param that is not there',
      '4001133',
      {
        ...document(),
        pre_operation: {
          operator: 'or',
          triggers: [{ webhook: {}, pipeline_param_converts: [{ name: 'a', pipeline_param_name: 'b' }] }],
        },
      },
    ],
    ['a trigger of neither kind', '4000014', { ...document(), pre_operation: { operator: 'or', triggers: [{}] } }],
    ['an operator that is none', '4000014', { ...document(), pre_operation: { operator: 'xor', triggers: [] } }],
    ['a post_operation without a URL', '4000014', { ...document(), post_operation: { triggers: [{ webhook: {} }] } }],
    [
      'a param that would change how programs run',
      '4000014',
      { ...document(), pre_operation: null, params: [{ name: 'LD_PRELOAD' }] },
    ],
  ])('only of what makes sense: %s is refused', async (_, code, content) => {
    const { status, body } = await call('POST', CREATE, content)
    expect([status, body]).toEqual([400, errorOf(`SVCSTG.SWR.${code}`)])
    expect((await call('GET', '/v3/manage/pipelines')).body).toEqual([])
  })

  test('with a name and params of its own, in a group that is there, by those who may', async () => {
    await create()
    const again = await call('POST', CREATE, document())
    expect([again.status, again.body]).toEqual([409, errorOf('SVCSTG.SWR.4090236')])
    const twice = await call('POST', CREATE, { ...document(), params: [{ name: 'a' }, { name: 'a' }] })
    expect([twice.status, twice.body]).toEqual([409, errorOf('SVCSTG.SWR.4091134')])
    const nowhere = await call('POST', '/v3/manage/pipelinegroups/nowhere/pipelines', document())
    expect([nowhere.status, nowhere.body]).toEqual([404, errorOf('SVCSTG.SWR.4041150')])
    const { credentials } = world.host
    const reader = await credentials.addUser({
      name: 'reader',
      domain: 'example',
      password: 'a long password of a reader',
      role: 'viewer',
    })
    const { token } = await credentials.issueToken(reader, 'reader', null)
    const denied = await call('POST', CREATE, { ...document(), name: 'other' }, { 'X-Auth-Token': token })
    expect([denied.status, denied.body]).toEqual([403, errorOf('SVCSTG.S2I.4037013')])
  })
})

test('a webhook that must be signed is called with its signature', async () => {
  const text = 'name: signed\ntriggers: [{webhook: push, signed: true}]\ntasks: [{name: build, script: make}]\n'
  const { webhooks } = need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
  const { status, body } = await call('POST', `/v2/manage/webhooks/${webhooks[0]?.id}`, 'a body')
  expect([status, body]).toEqual([401, errorOf('SVCSTG.SWR.4010000')])
})

test('the documents of docs/dialects/swr.md make what they say', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/dialects/swr.md'), 'utf8')
  const [, content] = /<<'END'\n(.*?)\nEND/s.exec(page) ?? []
  const headers = { 'Content-Type': 'application/yaml;charset=utf8', Accept: '*/*' }
  const { status, text } = await call('POST', CREATE, content, headers)
  expect([status, parse(text)]).toEqual([201, expect.objectContaining({ name: 'hello' })])
  const { pre_operation, id } = parse(text)
  expect((await call('POST', pre_operation.triggers[0].webhook.url.slice(BASE.length))).status).toBe(201)
  await world.settled()
  expect(world.runner.jobs[0]?.with).toMatchObject({ script: 'echo "hello $SYS_INCREMENT"' })
  world.runner.endTask('stage_1', succeeded())
  await world.settled()
  expect(await wordOf(id)).toBe('success')
  expect((await call('GET', `/v3/manage/pipelines/${id}/stages/0/jobs/latest/logs`)).status).toBe(200)
})

test('the last webhook of a pipeline has started it, though its first stage waits for triggers of its own', async () => {
  const own = { operator: 'and', triggers: [{ webhook: {} }] }
  const params = { basic_env: 'go', jenkins_shell: 'true' }
  const stages = [{ name: 'build', service_name: 'jenkins_build', params, pre_operation: own }]
  const { body } = await call('POST', CREATE, { name: 'gated', pre_operation: own, stages })
  const started = await call('POST', body.pre_operation.triggers[0].webhook.url.slice(BASE.length))
  expect([started.status, started.body]).toEqual([201, {}])
  expect(await wordOf(body.id)).toBe('waiting')
  const stage = await call('POST', body.stages[0].pre_operation.triggers[0].webhook.url.slice(BASE.length))
  expect([stage.status, stage.body]).toEqual([201, {}])
  await world.settled()
  expect(await wordOf(body.id)).toBe('running')
})

describe('what was made', () => {
  const envOf = (key: string) => world.runner.jobs.find(({ env }) => env['MILLRACE_TASK'] === key)?.env
  const keys = () => world.runner.jobs.map(({ env }) => env['MILLRACE_TASK'])

  /** By both of its webhooks. */
  async function fire(made: { pre_operation: { triggers: { webhook: { url: string } }[] } }) {
    const [one, other] = made.pre_operation.triggers.map(({ webhook }) => webhook.url.slice(BASE.length))
    const open = await call('POST', `${one}?ref=dev`)
    expect([open.status, open.body]).toEqual([202, errorOf('SVCSTG.SWR.2021106')])
    const started = await call('POST', String(other))
    expect([started.status, started.body]).toEqual([201, {}])
    await world.settled()
  }
  const end = async (key: string, outputs: Record<string, string> | null = null) => {
    world.runner.endTask(key, succeeded(outputs))
    await world.settled()
  }
  const latest = async (made: { id: number }): Promise<RunView> =>
    need(await world.app.runs.get(world.admin, { pipeline: { serial: made.id }, latest: true }))

  test('has jobs that name what this run fetched and made, not the params of it', async () => {
    const made = await create()
    await fire(made)
    await end('stage_1')
    const timestamp = (await latest(made)).params.find(({ name }) => name === 'SYS_TIMESTAMP')?.value as string
    const jobs = async (stage: number) =>
      (await call('GET', `/v3/manage/pipelines/${made.id}/stages/${stage}/jobs`)).body
    expect(await jobs(0)).toMatchObject([{ pkg: { git_branch: 'dev', git_clone_type: 'branch', git_tag: '' } }])
    // "获取执行步骤的执行历史": its sample has `swr/tomcat:1.0`.
    expect(await jobs(1)).toMatchObject([{ resource_type: 'package', resource: `shop/web:${timestamp}`, pkg: null }])
  })

  test('runs: code, build, package, image, review, deploy, and tells of it', async () => {
    const made = await create()
    await fire(made)
    expect(world.runner.jobs[0]).toMatchObject({
      uses: 'git',
      with: { url: 'https://gitee.com/hwcloudswr/demo-2048.git', ref: 'dev', path: 'stage_1' },
    })
    await end('stage_1')
    expect(world.runner.jobs[0]).toMatchObject({ uses: 'script', with: { script: 'mvn package', cwd: 'stage_1' } })
    const timestamp = (await latest(made)).params.find(({ name }) => name === 'SYS_TIMESTAMP')?.value as string
    expect(envOf('stage_2')).toMatchObject({
      INPUT_CODESOURCE: 'stage_1',
      OUTPUT_WAR: `shop/web:${timestamp}`,
      SYS_TIMESTAMP: timestamp,
    })
    await end('stage_2')
    expect(envOf('stage_2_keep_1')).toMatchObject({
      PACKAGE: `shop/web:${timestamp}`,
      FROM: 'stage_1/target/web.war',
      TO: `packages/shop/web/${timestamp}/aa`,
    })
    const kept = { namespace: 'shop', name: 'web', version: timestamp, folder: 'aa', filename: 'web.war' }
    await end('stage_2_keep_1', { ...kept, size: '12', digest: 'ab' })
    expect(world.runner.jobs[0]).toMatchObject({
      uses: 'package',
      with: { name: 'stage_2_keep_1-web.war', files: ['packages.kept/stage_2_keep_1'], format: 'file' },
    })
    await end('stage_2_store_1')
    expect(world.runner.jobs[0]).toMatchObject({ uses: 'http', with: { url: 'https://hooks.example.com/built?x=1' } })
    await end('stage_2_post_1')
    expect(envOf('stage_3_fetch_1')).toMatchObject({ FROM: `packages/shop/web/${timestamp}`, TO: 'stage_3' })
    await end('stage_3_fetch_1')
    expect(envOf('stage_3')).toMatchObject({
      CONTEXT: 'stage_3',
      DOCKERFILE_CONTENT: 'FROM tomcat\nCOPY aa/web.war /',
      IMAGES: `root/web:v1.${timestamp}`,
    })
    await end('stage_3', { image: `root/web:v1.${timestamp}` })
    expect(await wordOf(made.id)).toBe('running')
    const reviews = (await call('GET', `/v3/manage/pipelines/${made.id}`)).body.status.stages[3].state.review_results
    expect(reviews).toEqual([
      { user_name: 'ci', result: 'waiting' },
      { user_name: 'li', result: 'waiting' },
    ])
    const pass = { mode: 'review', review_result: 'pass' }
    expect((await call('PUT', `/v3/manage/pipelines/${made.id}/stages/3/start_info`, pass)).status).toBe(201)
    const run = await latest(made)
    const review = run.stages.flatMap(({ tasks }) => tasks).find(({ key }) => key === 'stage_4')
    need(
      await world.app.runs.actOnNode(
        world.admin,
        { id: run.id },
        { index: review?.index ?? 0 },
        { action: 'approve', as: 'li' },
      ),
    )
    await world.settled()
    expect(envOf('stage_5')).toMatchObject({ IMAGE: `root/web:v1.${timestamp}`, DEPLOY_MODE: 'cceMode' })
    await end('stage_5')
    expect(world.runner.jobs[0]).toMatchObject({ uses: 'http', with: { url: 'https://hooks.example.com/all' } })
    await end('post_1')
    const { status } = (await call('GET', `/v3/manage/pipelines/${made.id}`)).body
    expect([status.status, status.stage_index, status.stages.map((one: { status: string }) => one.status)]).toEqual([
      'success',
      4,
      ['success', 'success', 'success', 'success', 'success'],
    ])
    const packages = await call('GET', '/v2/manage/packages?package_name=we&namespace=shop')
    expect(packages.body).toMatchObject([{ namespace: 'shop', package: 'web', num_versions: 1, size: 12 }])
    const versions = await call('GET', '/v2/manage/namespaces/shop/packages/web/versions')
    expect(versions.body).toMatchObject([{ version: timestamp, num_files: 1 }])
    const files = await call('GET', `/v2/manage/namespaces/shop/packages/web/versions/${timestamp}/file_paths`)
    expect(files.body).toMatchObject([{ folder: 'aa', filename: 'web.war', digest: 'ab', size: 12 }])
    const download = async (url: string) =>
      handle(new Request(`${BASE}${url}`, { headers: { 'X-Auth-Token': world.credentials.token } }))
    expect((await download(files.body[0].url)).status).toBe(404)
    const stored = (await latest(made)).stages
      .flatMap(({ tasks }) => tasks)
      .find(({ key }) => key === 'stage_2_store_1')
    const bytes = Buffer.from('hello')
    const artifact = { name: 'stage_2_keep_1-web.war', sizeBytes: 5, sha256: 'ab'.repeat(32), bytes }
    world.artifacts.set(`${run.id}/${stored?.index}/1`, [artifact])
    const file = await download(files.body[0].url)
    expect([file.status, file.headers.get('content-length'), await file.text()]).toEqual([200, '5', 'hello'])
    expect((await download(files.body[0].url.replace('web.war', 'ear.war'))).status).toBe(404)
    // As clients join what the list has of it: a folder may begin or end with a slash.
    for (const folder of ['%2Faa', '/aa/', 'aa%2F']) {
      expect((await download(files.body[0].url.replace('/aa/', `/${folder}/`))).status).toBe(200)
    }
    const none = await call('GET', '/v2/manage/namespaces/shop/packages/other/versions')
    expect([none.status, none.body]).toEqual([404, errorOf('SVCSTG.SWR.4041161')])
  })

  test('is reviewed by who is named, or by an administrator for the next of them', async () => {
    const review = (users: readonly string[]) => ({
      name: 'gate',
      service_name: 'test_review',
      params: { review_mode: 'all', review_users: users.map((user_name) => ({ user_name })) },
    })
    const made = await create({ ...document(), post_operation: undefined, stages: [review(['zhang', 'wang'])] })
    await fire(made)
    const { credentials } = world.host
    const operator = await credentials.addUser({
      name: 'operator',
      domain: 'example',
      password: 'a long password of an operator',
      role: 'operator',
    })
    const { token } = await credentials.issueToken(operator, 'operator', null)
    const path = `/v3/manage/pipelines/${made.id}/stages/0/start_info`
    const pass = { mode: 'review', review_result: 'pass' }
    const denied = await call('PUT', path, pass, { 'X-Auth-Token': token })
    expect([denied.status, denied.body]).toEqual([403, errorOf('SVCSTG.S2I.4037013')])
    const results = async () =>
      (await call('GET', `/v3/manage/pipelines/${made.id}`)).body.status.stages[0].state.review_results
    expect((await call('PUT', path, pass)).status).toBe(201)
    expect(await results()).toEqual([
      { user_name: 'zhang', result: 'pass' },
      { user_name: 'wang', result: 'waiting' },
    ])
    expect((await call('PUT', path, { ...pass, review_result: 'refuse' })).status).toBe(201)
    await world.settled()
    expect([await results(), await wordOf(made.id)]).toEqual([
      [
        { user_name: 'zhang', result: 'pass' },
        { user_name: 'wang', result: 'refuse' },
      ],
      'stage_exception',
    ])
  })

  test('waits at a stage until its own triggers have fired, which they may do before', async () => {
    const [first, second] = document().stages
    const made = await create({
      ...document(),
      post_operation: undefined,
      stages: [
        first,
        {
          ...second,
          post_operation: undefined,
          output_resources: [],
          pre_operation: { operator: 'and', triggers: [{ webhook: {} }, { channel: { name: 'ready' } }] },
        },
      ],
    })
    const [, { pre_operation: own }] = made.stages
    expect(own).toEqual({
      operator: 'and',
      triggers: [{ webhook: { url: expect.any(String) } }, { channel: { name: 'ready' } }],
    })
    const webhook = own.triggers[0].webhook.url.slice(BASE.length)
    const early = await call('POST', webhook)
    expect([early.status, early.body]).toEqual([400, errorOf('SVCSTG.SWR.4001137')])
    await fire(made)
    const open = await call('POST', `${webhook}?by=hand`)
    expect([open.status, open.body]).toEqual([202, errorOf('SVCSTG.SWR.2021107')])
    await end('stage_1')
    const { status } = (await call('GET', `/v3/manage/pipelines/${made.id}`)).body
    expect([status.stage_index, status.stages[1].status, status.stages[1].pre_operation]).toEqual([
      1,
      'waiting',
      {
        triggers_status: [
          { is_satisfied: true, webhook: { input_params: { by: 'hand' } } },
          { is_satisfied: false, channel: { input_params: {} } },
        ],
      },
    ])
    expect(keys()).toEqual([])
    const publish = { project: { id: world.project.id }, channel: 'ready', params: { from: 'afar' } }
    need(await world.app.runs.publish(world.admin, publish))
    await world.settled()
    expect(keys()).toEqual(['stage_2'])
    const changed = await call('PUT', `/v3/manage/pipelines/${made.id}`, made)
    expect([changed.status, changed.body]).toEqual([201, made])
  })

  test('publishes to the channels that others listen to, with what it passes on', async () => {
    const converts = [{ name: 'from', pipeline_param_name: 'note' }]
    const listener = await create({
      ...document(),
      name: 'listener',
      params: [
        { name: 'note', value: 'nothing' },
        { name: 'git.branch', value: 'main' },
      ],
      pre_operation: { operator: 'or', triggers: [{ channel: { name: 'built' }, pipeline_param_converts: converts }] },
    })
    const told = { triggers: [{ channel: { name: 'built' }, pipeline_param_converts: converts }] }
    const made = await create({
      ...document(),
      params: [
        { name: 'note', value: 'v9' },
        { name: 'git.branch', value: 'main' },
      ],
      stages: [document().stages[0]],
      post_operation: told,
    })
    expect(made.post_operation).toEqual(told)
    await fire(made)
    await end('stage_1')
    await world.settled()
    expect(await wordOf(made.id)).toBe('success')
    const { params, status } = (await call('GET', `/v3/manage/pipelines/${listener.id}`)).body
    expect([status.status, params]).toEqual([
      'running',
      expect.arrayContaining([{ name: 'note', description: '', value: 'v9' }]),
    ])
  })

  test('rolls a deploy back, and nothing else', async () => {
    const stages = [document().stages[4]]
    const made = await create({ ...document(), post_operation: undefined, stages })
    const path = `/v3/manage/pipelines/${made.id}/stages/0/start`
    await fire(made)
    const busy = await call('POST', `${path}?mode=rollback&source=rollback::true`)
    expect([busy.status, busy.body]).toEqual([409, errorOf('SVCSTG.SWR.4091110')])
    await end('stage_1')
    const wrong = await call('POST', `${path}?mode=rollback`)
    expect([wrong.status, wrong.body]).toEqual([400, errorOf('SVCSTG.SWR.4000014')])
    expect((await call('POST', `${path}?mode=rollback&source=rollback%3A%3Atrue`)).status).toBe(201)
    await world.settled()
    expect(await wordOf(made.id)).toBe('rollbacking')
    expect(world.runner.jobs[0]?.with).toMatchObject({
      script: '#!/bin/sh\nROLLBACK=true; export ROLLBACK\necho "$IMAGE"',
    })
    await end('stage_1')
    expect(await wordOf(made.id)).toBe('rollback_success')
    expect((await call('POST', `${path}?mode=rollback&source=rollback::true`)).status).toBe(409)
    const gate = await create({ ...document(), name: 'gate', stages: [document().stages[3]] })
    const refused = await call(
      'POST',
      `/v3/manage/pipelines/${gate.id}/stages/0/start?mode=rollback&source=rollback::true`,
    )
    expect([refused.status, refused.body]).toEqual([400, errorOf('SVCSTG.SWR.4000014')])
  })

  test('obeys its handlers: back to the start, a wait for hours, and no matter', async () => {
    const made = await create()
    await fire(made)
    world.runner.endTask('stage_1', exited(1))
    await world.settled()
    expect([keys(), (await latest(made)).pass]).toEqual([['stage_1'], 2])
    await end('stage_1')
    world.runner.endTask('stage_2', exited(1))
    await world.settled()
    expect(await wordOf(made.id)).toBe('stage_exception')
    expect((await call('POST', `/v3/manage/pipelines/${made.id}/stages/1/start?mode=retry`)).status).toBe(201)
    await world.settled()
    expect(keys()).toEqual(['stage_2'])
    world.runner.endTask('stage_2', exited(1))
    await world.settled()
    world.clock.advance(72 * 3_600_000)
    await world.settled()
    // The end of the stage and of the pipeline are told, and then it is over.
    for (const key of ['stage_2_post_1', 'post_1']) await end(key)
    expect(await wordOf(made.id)).toBe('timeout')
    expect((await call('GET', `/v3/manage/pipelines/${made.id}`)).body.status.stage_index).toBe(1)
  })

  test('shows its jobs and their logs by the vendor’s places', async () => {
    const made = await create()
    await fire(made)
    await end('stage_1')
    const jobs = await call('GET', `/v3/manage/pipelines/${made.id}/stages/1/jobs`)
    expect(jobs.body).toMatchObject([{ service: 'jenkins_build', service_id: made.stages[1].id, state: 'Building' }])
    const logs = await call('GET', `/v3/manage/pipelines/${made.id}/stages/1/jobs/${jobs.body[0].id}/logs`)
    expect([logs.status, logs.headers.get('Content-Range')]).toEqual([200, '0-1/1'])
    expect(JSON.parse(logs.body.log[0].content)[0]).toMatchObject({ Type: 'phase', State: 'Building' })
    expect((await call('GET', `/v3/manage/pipelines/${made.id}/stages/5/jobs`)).status).toBe(404)
  })

  test('is listed, but for what another system made for one run only', async () => {
    const made = await create()
    const text = 'name: once\nannotations: {hidden: "true"}\ntasks: [{name: a, script: make}]\n'
    need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
    const list = await call('GET', '/v3/manage/pipelines?limit=10&offset=0')
    expect([list.headers.get('Content-Range'), list.body]).toEqual([
      '0-1/1',
      [expect.objectContaining({ id: made.id })],
    ])
    expect((await call('GET', '/v3/manage/pipelinegroups')).body).toMatchObject([{ pipeline_count: 1 }])
  })

  test('is deleted', async () => {
    const made = await create()
    await fire(made)
    const busy = await call('DELETE', `/v3/manage/pipelines/${made.id}`)
    expect([busy.status, busy.body]).toEqual([409, errorOf('SVCSTG.SWR.4091105')])
    need(await world.app.runs.act(world.admin, { id: (await latest(made)).id }, { action: 'cancel', force: true }))
    await world.settled()
    world.runner.jobs.length = 0
    world.clock.advance(60_000)
    await world.settled()
    expect(await wordOf(made.id)).toBe('cancel')
    const gone = await call('DELETE', `/v3/manage/pipelines/${made.id}`)
    expect([gone.status, gone.text]).toEqual([204, ''])
    expect((await call('GET', `/v3/manage/pipelines/${made.id}`)).status).toBe(404)
  })
})

describe('a pipeline whose triggers have not all fired', () => {
  const open = async () => {
    const made = await create({
      ...document(),
      pre_operation: { operator: 'and', triggers: [{ webhook: {} }, { webhook: {} }] },
    })
    const [first, second] = made.pre_operation.triggers.map(({ webhook }: { webhook: { url: string } }) =>
      webhook.url.slice(BASE.length),
    )
    expect((await call('POST', first)).status).toBe(202)
    return { made, first, second }
  }

  test('is deleted: nothing of it runs, and there is no call that would end it', async () => {
    const { made } = await open()
    expect((await call('DELETE', `/v3/manage/pipelines/${made.id}`)).status).toBe(204)
    expect((await call('GET', `/v3/manage/pipelines/${made.id}`)).status).toBe(404)
  })

  test('is not while an earlier run is under way, and waits on', async () => {
    const { made, first, second } = await open()
    expect((await call('POST', second)).status).toBe(201)
    await world.settled()
    expect((await call('POST', first)).status).toBe(202)
    expect((await call('DELETE', `/v3/manage/pipelines/${made.id}`)).status).toBe(409)
    expect(await wordOf(made.id)).toBe('waiting')
  })
})

describe('a pipeline is changed', () => {
  const stageIdOf = ({ stages }: { stages: object[] }) => ({ id: (stages[0] as { id: number }).id })
  const update = (made: { id: number }, content: unknown) => call('PUT', `/v3/manage/pipelines/${made.id}`, content)

  test('by what was read of it, state and all, without a difference', async () => {
    const made = await create()
    const { body } = await call('GET', `/v3/manage/pipelines/${made.id}`)
    const changed = await update(made, body)
    expect([changed.status, changed.body]).toEqual([201, made])
    const yaml = await call('GET', `/v3/manage/pipelines/${made.id}`, undefined, { Accept: '*/*' })
    expect((await update(made, yaml.text)).body).toEqual(made)
  })

  test('stages with their ids stay what they are, others are new, and a number is not given twice', async () => {
    const made = await create()
    const [one, two, three] = made.stages
    const { id: _, ...fresh } = three
    const changed = await update(made, {
      ...made,
      stages: [{ ...fresh, name: 'new' }, one, { ...two, name: 'renamed' }],
    }).then(
      // The code source of the second is now the second stage.
      async (answer) => {
        expect([answer.status, answer.body]).toEqual([400, errorOf('SVCSTG.SWR.4000014')])
        const moved = [{ ...two.input_resources[0], params: { stage_index: '1' } }]
        const stages = [{ ...fresh, name: 'new' }, one, { ...two, name: 'renamed', input_resources: moved }]
        return update(made, { ...made, stages })
      },
    )
    expect(changed.status).toBe(201)
    const base = made.id * 1_000
    expect(changed.body.stages.map(({ id, name }: { id: number; name: string }) => [id, name])).toEqual([
      [base + 6, 'new'],
      [base + 1, one.name],
      [base + 2, 'renamed'],
    ])
    const again = await update(made, { ...made, stages: [{ ...fresh, name: 'newer' }] })
    expect(again.body.stages[0].id).toBe(base + 7)
    const { value } = await world.app.pipelines
      .get(world.admin, { serial: made.id })
      .then((got) => ({ value: need(got) }))
    expect(value.definition.stages.map(({ key }) => key)).toEqual(['stage_7', 'post'])
  })

  test('what is left out stays, and null takes it away', async () => {
    const made = await create()
    const { id, group_id, group_name, name, stages } = made
    const kept = await update(made, { id, group_id, group_name, name, stages })
    expect(kept.body).toEqual(made)
    const changed = await update(made, {
      ...made,
      pre_operation: null,
      post_operation: null,
      params: [],
      description: '',
    })
    expect(changed.body).toEqual({ id, group_id, group_name, name, description: '', params: [], stages })
  })

  test('its params are what the edit says, not what the newest run was given', async () => {
    const made = await create({ ...document(), pre_operation: { operator: 'or', triggers: [{ webhook: {} }] } })
    const shown = async () => (await call('GET', `/v3/manage/pipelines/${made.id}`)).body.params
    const webhook = made.pre_operation.triggers[0].webhook.url.slice(BASE.length)
    expect((await call('POST', webhook)).status).toBe(201)
    const params = [{ name: 'git.branch', description: '', value: 'next' }]
    expect((await update(made, { ...made, params })).status).toBe(201)
    expect(await shown()).toMatchObject([{ name: 'SYS_TIMESTAMP' }, params[0], { name: 'SYS_INCREMENT', value: '1' }])
    expect((await call('POST', webhook)).status).toBe(201)
    expect(await shown()).toMatchObject([{}, params[0], { value: '2' }])
  })

  test('a webhook keeps its address while it is sent with it, or in its place', async () => {
    const made = await create()
    const [one, other] = made.pre_operation.triggers
    const swapped = await update(made, { ...made, pre_operation: { operator: 'or', triggers: [other] } })
    expect(swapped.body.pre_operation).toEqual({ operator: 'or', triggers: [other] })
    expect((await call('POST', one.webhook.url.slice(BASE.length))).status).toBe(404)
    const more = { operator: 'or', triggers: [{ webhook: {} }, { webhook: {} }] }
    const grown = await update(made, { ...made, pre_operation: more })
    expect(grown.body.pre_operation.triggers[0].webhook).toEqual(other.webhook)
  })

  test.each<[string, number, string, (made: { stages: object[] }) => unknown]>([
    ['another id', 400, '4000014', (made) => ({ ...made, id: 99_999 })],
    ['no group', 400, '4001150', (made) => ({ ...made, group_id: null })],
    ['another group', 400, '4000014', (made) => ({ ...made, group_name: 'elsewhere' })],
    ['no stages', 400, '4000014', (made) => ({ ...made, stages: undefined })],
    [
      'a stage that is not there',
      400,
      '4000014',
      (made) => ({ ...made, stages: [{ ...document().stages[0], id: 7 }] }),
    ],
    ['a stage twice', 400, '4000014', (made) => ({ ...made, stages: [made.stages[0], made.stages[0]] })],
    [
      'another service',
      400,
      '4000014',
      (made) => ({ ...made, stages: [{ ...document().stages[3], ...stageIdOf(made) }] }),
    ],
    ['nothing', 400, '4000014', () => ''],
  ])('only by what makes sense: %s is refused', async (_, status, code, content) => {
    const made = await create()
    const refused = await update(made, content(made))
    expect([refused.status, refused.body]).toEqual([status, errorOf(`SVCSTG.SWR.${code}`)])
  })

  test('one made elsewhere is changed, too, and keeps its name', async () => {
    const text = 'name: Made elsewhere\ntasks: [{name: build, script: make, on_failure: hold}]\n'
    const { serial } = need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
    const { body } = await call('GET', `/v3/manage/pipelines/${serial}`)
    const changed = await update({ id: serial }, body)
    expect([changed.status, changed.body.name, changed.body.stages]).toEqual([201, 'Made elsewhere', body.stages])
  })

  test('what the vendor has no word for stays: schedules, signed webhooks', async () => {
    const text = `name: nightly
triggers: [{schedule: 0 3 * * *}, {webhook: push, signed: true}, {upstream: base, statuses: [failed]}]
tasks: [{name: build, script: make}]
`
    const { serial } = need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
    const { body } = await call('GET', `/v3/manage/pipelines/${serial}`)
    expect(body.pre_operation.triggers).toHaveLength(1)
    expect((await update({ id: serial }, body)).status).toBe(201)
    const { definition } = need(await world.app.pipelines.get(world.admin, { serial }))
    expect(definition.triggers?.list).toMatchObject([
      { kind: 'webhook', name: 'push', secret: '1' },
      { kind: 'schedule', name: '0 3 * * *', cron: '0 3 * * *', timezone: 'UTC' },
      { kind: 'upstream', pipeline: 'base', statuses: ['failed'] },
    ])
  })

  test('a signed webhook of a stage stays signed, at its address', async () => {
    const hook = '{webhook: go, signed: true}'
    const text = `name: staged
stages:
  - {name: first, tasks: [{name: compile, script: make}]}
  - {name: second, key: second, triggers: [${hook}], tasks: [{name: test, script: make check}]}
`
    const made = need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
    const { body } = await call('GET', `/v3/manage/pipelines/${made.serial}`)
    expect((await update({ id: made.serial }, body)).status).toBe(201)
    const now = need(await world.app.pipelines.get(world.admin, { serial: made.serial }))
    expect(now.definition.stages[1]?.triggers?.list).toMatchObject([{ kind: 'webhook', name: 'go', secret: '1' }])
    expect(now.webhooks).toEqual(made.webhooks)
  })

  test('the password of an address stays where readers do not see it', async () => {
    const sent = document()
    sent.stages[0]!.params.url = 'https://me:hunter22@git.example.com/a.git'
    const made = await create(sent)
    expect(JSON.stringify(made)).not.toContain('hunter22')
    expect(made.stages[0].params.url).toBe('https://git.example.com/a.git')
    need(await world.app.pipelines.get(world.admin, { serial: made.id }))
    await update(made, made)
    const { definition } = need(await world.app.pipelines.get(world.admin, { serial: made.id }))
    expect(JSON.stringify(definition)).not.toContain('hunter22')
    await call('POST', made.pre_operation.triggers[0].webhook.url.slice(BASE.length))
    await call('POST', made.pre_operation.triggers[1].webhook.url.slice(BASE.length))
    await world.settled()
    expect(world.runner.jobs[0]).toMatchObject({
      with: { url: 'https://me:hunter22@git.example.com/a.git' },
      secrets: [{ value: 'hunter22' }],
    })
  })
})
