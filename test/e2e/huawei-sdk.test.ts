// Huawei's own clients, unmodified but for their endpoint, on a server as `serve` makes it: that of IAM, that of SWR (which
// knows registries only, so it is told what is not here), and the core of the SDK with requests as the generated clients
// of CodeArts Pipeline and Check put them together: method, path, content type, query, empty bodies.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BasicCredentials, GlobalCredentials } from '@huaweicloud/huaweicloud-sdk-core'
import { ClientBuilder } from '@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js'
import type { HcClient } from '@huaweicloud/huaweicloud-sdk-core/HcClient.js'
import * as iam from '@huaweicloud/huaweicloud-sdk-iam/v3/public-api.js'
import { ListNamespacesRequest, SwrClient } from '@huaweicloud/huaweicloud-sdk-swr/v2/public-api.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Millrace, openMillrace } from '../../src/compose.ts'
import { silent } from '../../src/http/logger.ts'
import type { Quickstart } from '../../src/samples/quickstart.ts'
import { checkpoint, job, shell, stage } from '../../src/testing/codearts-documents.ts'
import { waitUntil } from '../support/wait-until.ts'

/** Anything of JSON, for tests to take apart. */
type Body = ReturnType<typeof JSON.parse>

let directory: string
let millrace: Millrace
let quickstart: Quickstart

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-sdk-'))
  millrace = await openMillrace(
    {
      version: '0.0.0',
      host: '127.0.0.1',
      port: 0,
      baseUrl: null,
      dataDirectory: join(directory, 'data'),
      slots: 2,
      labels: [],
      zoneOffsetMinutes: 480,
      bodyMaxBytes: 1_048_576,
      httpAllow: null,
      samples: true,
    },
    silent,
  )
  quickstart = JSON.parse(readFileSync(join(directory, 'data', 'quickstart.json'), 'utf8')) as Quickstart
}, 60_000)
afterAll(async () => {
  await millrace.close()
  rmSync(directory, { recursive: true, force: true })
})

const keys = () => quickstart.credentials.huawei

describe('the client of IAM', () => {
  const credentials = () => new GlobalCredentials().withAk(keys().ak).withSk(keys().sk).withDomainId('account')
  const open = () => iam.IamClient.newBuilder().withCredential(credentials()).withEndpoint(millrace.url).build()

  test('finds account, projects, region, services and itself', async () => {
    const client = open()
    const { domains } = (await client.keystoneListAuthDomains()) as Body
    const { projects } = (await client.keystoneListProjects(new iam.KeystoneListProjectsRequest())) as Body
    const { projects: own } = (await client.keystoneListAuthProjects()) as Body
    expect([domains[0].name, own, projects[0].id]).toEqual([keys().domain, projects, keys().project_id])
    // Its id is that of the credential.
    const basic = new BasicCredentials().withAk(keys().ak).withSk(keys().sk).withProjectId(keys().project_id)
    const ofProject = iam.IamClient.newBuilder().withCredential(basic).withEndpoint(millrace.url).build()
    const shown = await ofProject.keystoneShowProject(new iam.KeystoneShowProjectRequest())
    expect((shown as Body).project).toEqual(projects[0])
    const { regions } = (await client.keystoneListRegions()) as Body
    const region = new iam.KeystoneShowRegionRequest().withRegionId(regions[0].id)
    expect(((await client.keystoneShowRegion(region)) as Body).region).toEqual(regions[0])
    const { catalog } = (await client.keystoneShowCatalog()) as Body
    const { services } = (await client.keystoneListServices()) as Body
    const { endpoints } = (await client.keystoneListEndpoints()) as Body
    expect(services.map(({ id }: Body) => id)).toEqual(catalog.map(({ id }: Body) => id))
    expect(endpoints.map(({ url }: Body) => url)).toEqual(catalog.map((one: Body) => one.endpoints[0].url))
    const service = new iam.KeystoneShowServiceRequest().withServiceId(services[1].id)
    expect(((await client.keystoneShowService(service)) as Body).service).toEqual(services[1])
    const endpoint = new iam.KeystoneShowEndpointRequest().withEndpointId(endpoints[1].id)
    expect(((await client.keystoneShowEndpoint(endpoint)) as Body).endpoint).toEqual(endpoints[1])
    expect(((await client.keystoneShowVersion()) as Body).version).toMatchObject({ id: 'v3.6', status: 'stable' })
    const { users } = (await client.keystoneListUsers(new iam.KeystoneListUsersRequest())) as Body
    expect(users).toMatchObject([{ name: keys().user, enabled: true }])
    const self = new iam.KeystoneShowUserRequest().withUserId(users[0].id)
    expect(((await client.keystoneShowUser(self)) as Body).user).toEqual(users[0])
    const mine = new iam.KeystoneListProjectsForUserRequest().withUserId(users[0].id)
    expect(((await client.keystoneListProjectsForUser(mine)) as Body).projects).toEqual(projects)
  })

  test('makes a project, a token of a password, and keys of a token', async () => {
    const client = open()
    const body = new iam.KeystoneCreateProjectRequestBody().withProject(
      new iam.KeystoneCreateProjectOption().withName('made-by-the-sdk').withParentId('account'),
    )
    const made = (await client.keystoneCreateProject(new iam.KeystoneCreateProjectRequest().withBody(body))) as Body
    expect([made.httpStatusCode, made.project.name]).toEqual([201, 'made-by-the-sdk'])
    const { user: name, password, domain, project_id } = keys()
    const auth = {
      identity: { methods: ['password'], password: { user: { name, password, domain: { name: domain } } } },
      scope: { project: { id: project_id } },
    }
    const asked = new iam.KeystoneCreateUserTokenByPasswordRequest().withBody({ auth } as never)
    const token = (await client.keystoneCreateUserTokenByPassword(asked)) as Body
    expect([token.httpStatusCode, token.token.project.id]).toEqual([201, project_id])
    const subject = quickstart.admin_token
    const validate = new iam.KeystoneValidateTokenRequest().withXSubjectToken(subject)
    expect(((await client.keystoneValidateToken(validate)) as Body).token.user.name).toBe(name)
    const temporary = new iam.CreateTemporaryAccessKeyByTokenRequest().withBody({
      auth: { identity: { methods: ['token'], token: { id: subject, duration_seconds: 900 } } },
    } as never)
    const { credential } = (await client.createTemporaryAccessKeyByToken(temporary)) as Body
    const short = new GlobalCredentials()
      .withAk(credential.access)
      .withSk(credential.secret)
      .withSecurityToken(credential.securitytoken)
      .withDomainId('account')
    const builder = iam.IamClient.newBuilder().withCredential(short).withEndpoint(millrace.url)
    expect((await builder.build().keystoneListAuthDomains()).httpStatusCode).toBe(200)
  })

  test('understands why it is turned away', async () => {
    const wrong = new GlobalCredentials().withAk(keys().ak).withSk('wrong').withDomainId('account')
    const builder = iam.IamClient.newBuilder().withCredential(wrong).withEndpoint(millrace.url)
    await expect(builder.build().keystoneListRegions()).rejects.toMatchObject({
      httpStatusCode: 401,
      errorCode: 'APIGW.0301',
      errorMsg: expect.stringContaining('verify aksk signature fail'),
      requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
    const missing = new iam.KeystoneShowRegionRequest().withRegionId('elsewhere')
    await expect(open().keystoneShowRegion(missing)).rejects.toMatchObject({ httpStatusCode: 404 })
  })
})

test('the client of SWR, which knows registries only, is told that there is none', async () => {
  const credentials = new BasicCredentials().withAk(keys().ak).withSk(keys().sk).withProjectId(keys().project_id)
  const client = SwrClient.newBuilder().withCredential(credentials).withEndpoint(millrace.url).build()
  await expect(client.listNamespaces(new ListNamespacesRequest())).rejects.toMatchObject({
    httpStatusCode: 404,
    requestId: expect.any(String),
  })
})

type Send = (method: string, url: string, more?: More) => Promise<Body>
interface More {
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number>>
  readonly data?: unknown
}

/** As a generated client does it: the core fills `{project_id}` in, signs and sends. */
function openGenerated(): Send {
  const credentials = new BasicCredentials().withAk(keys().ak).withSk(keys().sk).withProjectId(keys().project_id)
  const builder = new ClientBuilder<{ readonly client: HcClient }>((client) => ({ client }))
  const { client } = builder.withCredential(credentials).withEndpoint(millrace.url).build()
  return (method, url, { path = {}, query = {}, data } = {}) => {
    const hasBody = data !== undefined
    const contentType = hasBody && url.startsWith('/v5') ? 'application/json;charset=UTF-8' : 'application/json'
    return client.sendRequest({
      method,
      url,
      contentType,
      queryParams: query,
      pathParams: { ...path },
      headers: hasBody ? { 'Content-Type': contentType } : {},
      ...(hasBody ? { data: data as Record<string, unknown> } : {}),
    })
  }
}

describe('what the client of CodeArts Pipeline asks', () => {
  const V5 = '/v5/{project_id}/api'
  const PIPELINE = `${V5}/pipelines/{pipeline_id}`
  const RUN = `${PIPELINE}/pipeline-runs/{pipeline_run_id}`
  const STEP = `${RUN}/jobs/{job_run_id}/steps/{step_run_id}`

  test('of v5: a pipeline is made, run, approved, read and removed', async () => {
    const send = openGenerated()
    const definition = JSON.stringify({
      stages: [
        stage('Build', [job('JOB_build', [shell('echo hello from the shell')])]),
        stage('Approve', [job('JOB_approve', [checkpoint(keys().user)])], { sequence: 1 }),
      ],
    })
    const dto = { name: 'by-the-sdk', is_publish: false, definition, variables: [], sources: [] }
    const { pipeline_id } = await send('POST', `${V5}/pipelines`, { data: dto })
    const path = { pipeline_id }
    expect((await send('GET', PIPELINE, { path })).definition).toBe(definition)
    const listed = await send('POST', `${V5}/pipelines/list`, { data: { name: 'by-the-sdk', offset: 0, limit: 10 } })
    expect(listed).toMatchObject({ total: 1, pipelines: [{ pipeline_id, name: 'by-the-sdk' }] })
    const started = await send('POST', `${PIPELINE}/run`, { path, data: { sources: [], variables: [] } })
    const run = { ...path, pipeline_run_id: started.pipeline_run_id as string }
    const detail = () =>
      send('GET', `${PIPELINE}/pipeline-runs/detail`, { path, query: { pipeline_run_id: run.pipeline_run_id } })
    let now: Body = await detail()
    await waitUntil(async () => (now = await detail()).status === 'SUSPEND')
    const [build, approve] = now.stages.map((one: Body) => one.jobs[0])
    const step = (one: Body) => ({ ...run, job_run_id: one.id, step_run_id: one.steps[0].id })
    const log = await send('POST', `${STEP}/logs`, {
      path: step(build),
      data: { limit: 100, sort: 'asc', start_offset: '0' },
    })
    expect(log).toMatchObject({ log: expect.stringContaining('hello from the shell'), step_run_id: build.steps[0].id })
    expect(
      await send('GET', `${RUN}/steps/outputs`, { path: run, query: { step_run_ids: build.steps[0].id } }),
    ).toMatchObject({
      step_outputs: [{ step_run_id: build.steps[0].id }],
    })
    expect((await send('GET', `${RUN}/artifacts`, { path: run })).httpStatusCode).toBe(200)
    expect(await send('POST', `${STEP}/pass`, { path: step(approve) })).toMatchObject({ success: true })
    await waitUntil(async () => (now = await detail()).status === 'COMPLETED')
    expect([typeof now.start_time, typeof now.end_time, now.run_number]).toEqual(['number', 'number', 1])
    const runs = await send('POST', `${PIPELINE}/pipeline-runs/list`, { path, data: { offset: 0, limit: 10 } })
    expect(runs).toMatchObject({
      total: 1,
      pipeline_runs: [{ pipeline_run_id: run.pipeline_run_id, status: 'COMPLETED' }],
    })
    await expect(send('PUT', `${RUN}/retry`, { path: run })).rejects.toMatchObject({
      httpStatusCode: 400,
      errorCode: /^DEVPIPE\./,
    })

    const again = await send('POST', `${PIPELINE}/run`, { path, data: {} })
    const second = { ...path, pipeline_run_id: again.pipeline_run_id as string }
    expect(await send('POST', `${RUN}/stop`, { path: second })).toMatchObject({ success: true })
    expect(await send('POST', `${V5}/pipelines/status`, { data: [pipeline_id] })).toMatchObject({ 0: { pipeline_id } })
    const edited = await send('PUT', PIPELINE, { path, data: { ...dto, description: 'edited' } })
    expect(edited).toMatchObject({ pipeline_id })
    expect(await send('DELETE', PIPELINE, { path })).toMatchObject({ pipeline_id, httpStatusCode: 200 })
    await expect(send('GET', PIPELINE, { path })).rejects.toMatchObject({
      httpStatusCode: 404,
      errorCode: 'DEVPIPE.00011401',
      requestId: expect.any(String),
    })
  }, 60_000)

  test('of v3: status, batch, start, stop, list, results, templates', async () => {
    const send = openGenerated()
    const { pipeline_id } = quickstart.samples.codearts_pipeline
    const path = { pipeline_id }
    const status = await send('GET', '/v3/pipelines/{pipeline_id}/status', { path, query: { build_id: '1' } })
    expect(status).toMatchObject({ pipeline_id, build_id: '1', states: expect.any(Array) })
    const started = await send('POST', '/v3/pipelines/{pipeline_id}/start', { path, data: {} })
    expect(started).toMatchObject({ pipeline_id, build_id: '2' })
    const stop = { path, query: { build_id: '2' } }
    expect(await send('POST', '/v3/pipelines/{pipeline_id}/stop', stop)).toMatchObject({ pipeline_id })
    const batch = await send('GET', '/v3/pipelines/status', { query: { pipeline_ids: pipeline_id } })
    expect(batch[0]).toMatchObject({ pipeline_id, stages: expect.any(Array) })
    const list = await send('POST', '/v3/pipelines/list', { data: { offset: 0, limit: 10 } })
    expect(list.result.map((one: Body) => one.pipeline_id)).toContain(pipeline_id)
    const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10)
    // Without project_id: Node's client names the project in a header.
    const period = { start_date: today, end_date: today, offset: 0, limit: 10 }
    const results = await send('GET', '/v3/pipelines/build-result', { query: period })
    expect(results.build_results.map((one: Body) => one.pipeline_id)).toContain(pipeline_id)
    const query = { template_type: 'custom', is_build_in: 'true', offset: 0, limit: 10 }
    const { content } = await send('GET', '/v3/templates', { query })
    expect(content.length).toBeGreaterThan(0)
    const shown = { path: { template_id: content[0].template_id as string }, query: { template_type: 'custom' } }
    expect(await send('GET', '/v3/templates/{template_id}', shown)).toMatchObject({
      template_id: content[0].template_id,
    })
  })
})

test('what the client of CodeArts Check asks: a task with all that is told of it', async () => {
  const send = openGenerated()
  const creation = { git_url: 'https://git.invalid/team/web.git', git_branch: 'main', language: ['js'] }
  const { task_id } = await send('POST', '/v2/{project_id}/task', { data: creation })
  const path = { task_id }
  const IN_PROJECT = '/v2/{project_id}/tasks/{task_id}'
  const { tasks } = await send('GET', '/v2/{project_id}/tasks', { query: { offset: 0, limit: 100 } })
  expect(tasks.map((one: Body) => one.task_id)).toContain(task_id)
  expect(await send('POST', '/v2/tasks/{task_id}/run', { path, data: {} })).toMatchObject({
    exec_id: expect.any(String),
  })
  // The documented body of this answer breaks the client: an empty object does not.
  const stopped = await send('POST', '/v2/tasks/{task_id}/stop', { path }).catch((error: unknown) => error)
  expect([200, 400]).toContain(stopped.httpStatusCode)
  const progress = async () => (await send('GET', '/v2/tasks/{task_id}/progress', { path })).task_status as number
  await waitUntil(async () => (await progress()) !== 0)
  const reads: readonly (readonly [string, Readonly<Record<string, string | number>>])[] = [
    [`${IN_PROJECT}/log-detail`, { execute_id: '' }],
    [`${IN_PROJECT}/checkrecord`, { offset: 0, limit: 10 }],
    ['/v2/tasks/{task_id}/defects-summary', {}],
    ['/v2/tasks/{task_id}/defects-detail', { offset: 0, limit: 10, status_ids: '0', severity: '0' }],
    ['/v2/tasks/{task_id}/defects-statistic', {}],
    [`${IN_PROJECT}/metrics-summary`, {}],
    [`${IN_PROJECT}/listpathtree`, { current_path: '', offset: 0, limit: 10 }],
    [`${IN_PROJECT}/settings`, {}],
    [`${IN_PROJECT}/rulesets`, {}],
    [IN_PROJECT.replace('/v2', '/v3') + '/rulesets', { offset: 0, limit: 10 }],
    ['/v2/rules', { rule_languages: 'js', offset: 0, limit: 10 }],
    ['/v2/{project_id}/rulesets', { category: '0', offset: 0, limit: 10 }],
  ]
  for (const [url, query] of reads) {
    const answer = await send('GET', url, { path, query })
    expect([url, answer.httpStatusCode, answer.error_code]).toEqual([url, 200, undefined])
  }
  expect(await send('DELETE', '/v2/tasks/{task_id}', { path })).toMatchObject({ httpStatusCode: 200 })
}, 60_000)
