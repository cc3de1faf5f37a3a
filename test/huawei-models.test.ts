// What Huawei's typed clients read, of runs in every state that a run can be in: each answer is held to the models of
// the official SDKs and, for SWR, to the vendor's pages (test/fixtures/huawei). test/e2e/huawei-sdk.test.ts has the calls
// that change something.
import { expect, test } from 'vitest'
import { type RunStatus, RUN_STATUSES } from '../src/model/status.ts'
import { allDialects, type Ask, type Body } from '../src/testing/all-dialects.ts'
import { checkpoint, dto, job, shell, stage } from '../src/testing/codearts-documents.ts'
import { type Place, roads } from '../src/testing/run-roads.ts'
import { exited, succeeded } from '../src/testing/scripted-runner.ts'
import { swrDocument } from '../src/testing/swr-documents.ts'
import { openWorld, type World } from '../src/testing/world.ts'
import { SdkModels } from './support/sdk-models.ts'

const pipelineModels = SdkModels.ofFixture('huawei/codeartspipeline.models')
const checkModels = SdkModels.ofFixture('huawei/codeartscheck.models')
const swrModels = SdkModels.ofFixture('huawei/swr.models')

type Slots = Readonly<Record<string, string>>

/** Calls an operation as the fixture names it, and says what a client would have stumbled over. */
async function held(models: SdkModels, ask: Ask, operation: string, slots: Slots, rest: unknown): Promise<Held> {
  const [method = '', path = ''] = operation.split(' ')
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => slots[name] ?? name)
  const query = method === 'GET' && typeof rest === 'string' ? rest : ''
  const { status, body, text } = await ask(method, `${filled}${query}`, method === 'GET' ? undefined : rest)
  if (status !== 200) return { body, wrong: [`${operation}: ${status} ${text}`] }
  return { body, wrong: models.mismatches(operation, body) }
}
interface Held {
  readonly body: Body
  readonly wrong: readonly string[]
}

const V5 = '/v5/{project_id}/api/pipelines'
const RUN = `${V5}/{pipeline_id}/pipeline-runs/{pipeline_run_id}`
const TASK = '/v2/{project_id}/tasks/{task_id}'
const SWR = '/v3/manage/pipelines'

/** Every read of a pipeline, and of its newest run when it has one. */
async function stumbles(world: World, pipelineId: string, serial: number): Promise<readonly string[]> {
  const ask = allDialects(world)
  const wrong: string[] = []
  const slots: Record<string, string> = { project_id: world.project.id, pipeline_id: pipelineId, task_id: pipelineId }
  const read = async (models: SdkModels, operation: string, rest: unknown = '', more: Slots = {}): Promise<Body> => {
    const answer = await held(models, ask, operation, { ...slots, ...more }, rest)
    wrong.push(...answer.wrong)
    return answer.body
  }

  const status = await read(pipelineModels, 'GET /v3/pipelines/{pipeline_id}/status')
  await read(pipelineModels, 'GET /v3/pipelines/status', `?pipeline_ids=${pipelineId}`)
  await read(pipelineModels, 'POST /v3/pipelines/list', { offset: 0, limit: 10 })
  const day = new Date(world.app.now() + 8 * 3_600_000).toISOString().slice(0, 10)
  const period = `?project_id=${world.project.id}&start_date=${day}&end_date=${day}&offset=0&limit=10`
  await read(pipelineModels, 'GET /v3/pipelines/build-result', period)
  await read(pipelineModels, `POST ${V5}/list`, {})
  await read(pipelineModels, `POST ${V5}/status`, [pipelineId])
  await read(pipelineModels, `GET ${V5}/{pipeline_id}`)
  await read(pipelineModels, `POST ${V5}/{pipeline_id}/pipeline-runs/list`, {})
  if (status.build_id !== null) {
    const run = await read(pipelineModels, `GET ${V5}/{pipeline_id}/pipeline-runs/detail`)
    const ofRun = { pipeline_run_id: run.id }
    await read(pipelineModels, `GET ${RUN}/artifacts`, '', ofRun)
    await read(pipelineModels, `GET ${RUN}/steps/outputs`, '', ofRun)
    for (const { id: job_run_id, steps } of run.stages.flatMap(({ jobs }: Body) => jobs)) {
      const ofStep = { ...ofRun, job_run_id, step_run_id: steps[0].id }
      const page = { limit: 10, sort: 'asc' }
      await read(pipelineModels, `POST ${RUN}/jobs/{job_run_id}/steps/{step_run_id}/logs`, page, ofStep)
    }
  }

  await read(checkModels, 'GET /v2/{project_id}/tasks')
  await read(checkModels, 'GET /v2/tasks/{task_id}/progress')
  for (const name of ['log-detail', 'checkrecord', 'metrics-summary', 'listpathtree', 'settings', 'rulesets']) {
    await read(checkModels, `GET ${TASK}/${name}`)
  }
  for (const name of ['summary', 'detail', 'statistic'])
    await read(checkModels, `GET /v2/tasks/{task_id}/defects-${name}`)

  const ofSwr = { pipeline_id: String(serial) }
  const { stages } = await read(swrModels, `GET ${SWR}/{pipeline_id}`, '', ofSwr)
  await read(swrModels, `GET ${SWR}`)
  await read(swrModels, 'GET /v3/manage/pipelinegroups')
  await read(swrModels, 'GET /v3/manage/pipelinetemplates', '?filter=template_category::sample_template')
  for (const index of stages.keys()) {
    const jobs = `${SWR}/{pipeline_id}/stages/{stage_index}/jobs`
    const ofStage = { ...ofSwr, stage_index: String(index), job_id: 'latest' }
    const found = await read(swrModels, `GET ${jobs}`, '', ofStage)
    if (found.length > 0) await read(swrModels, `GET ${jobs}/{job_id}/logs`, '', ofStage)
  }
  return wrong
}

test.each(Object.entries(roads))('of a run that is %s typed clients read every answer', async (status, road) => {
  const { world, pipeline, run }: Place = await road()
  await world.settled()
  expect((await world.run(run.id)).status).toBe(status)
  expect(await stumbles(world, pipeline.id, pipeline.serial)).toEqual([])
})

test('no state of a run is left out', () => {
  expect(Object.keys(roads)).toEqual([...RUN_STATUSES])
})

/** A pipeline that a v5 client has made, with all that its form can say. */
async function madeByClient(): Promise<{
  readonly world: World
  readonly id: string
  readonly serial: number
  begin(): Promise<string>
  end(key: string, code?: number): Promise<void>
}> {
  const world = await openWorld()
  const ask = allDialects(world)
  const api = `/v5/${world.project.id}/api`
  const body = dto(
    [
      stage('Build', [job('JOB_A', [shell('make'), shell('make test')]), job('JOB_B', [shell('lint')])]),
      stage('Gate', [job('JOB_C', [checkpoint('')])]),
    ],
    {
      sources: [{ type: 'code', params: { git_type: 'codehub', git_url: 'https://example.com/a.git', alias: 'web' } }],
      variables: [{ name: 'TAG', type: 'string', value: 'v1', is_runtime: true }],
      schedules: [{ type: 'fixed', name: 'night', enable: false, days_of_week: [2], time_zone: 'China Standard Time' }],
      triggers: [
        { git_url: 'https://example.com/a.git', git_type: 'codehub', events: [{ type: 'push', enable: true }] },
      ],
    },
  )
  const made = await ask('POST', `${api}/pipelines`, body)
  const id: string = made.body.pipeline_id
  const found = await world.app.pipelines.get(world.admin, { id })
  if (!found.ok) throw new Error(made.text)
  return {
    world,
    id,
    serial: found.value.serial,
    begin: async () => {
      const { body: run } = await ask('POST', `${api}/pipelines/${id}/run`, {
        sources: [{ params: { default_branch: 'topic' } }],
      })
      await world.settled()
      return run.pipeline_run_id
    },
    end: async (key, code = 0) => {
      world.runner.endTask(key, code === 0 ? succeeded() : exited(code))
      await world.settled()
    },
  }
}

test('and of a pipeline of theirs before its first run, while it runs, at its review and after its end', async () => {
  const { world, id, serial, begin, end } = await madeByClient()
  const read = async (at: RunStatus | 'never run'): Promise<void> => {
    expect([at, await stumbles(world, id, serial)]).toEqual([at, []])
  }
  await read('never run')
  await begin()
  await read('running')
  await end('JOB_A-1')
  await end('JOB_A-2', 3)
  await read('running')
  await end('JOB_B')
  await read('failed')
  await begin()
  for (const key of ['JOB_A-1', 'JOB_A-2', 'JOB_B']) await end(key)
  await read('reviewing')
})

test('and of a pipeline of SWR from its making on, triggers and resources told', async () => {
  const world = await openWorld()
  const ask = allDialects(world)
  const { stages, ...rest } = swrDocument()
  const begun = { operator: 'or', triggers: [{ channel: { name: 'built' } }] }
  const staged = stages.map((one, index) => (index === 2 ? { ...one, pre_operation: begun } : one))
  const body = { ...rest, source: 'devcloud', stages: staged }
  const made = await ask('POST', '/v3/manage/pipelinegroups/default/pipelines', body)
  expect(made.status, made.text).toBe(201)
  const found = await world.app.pipelines.slice(world.admin, { project: { id: world.project.id } }, 0, 10)
  const pipeline = found.ok ? found.value.items.find(({ serial }) => serial === made.body.id) : undefined
  const words: string[] = []
  const read = async (): Promise<void> => {
    expect(await stumbles(world, pipeline?.id ?? '', made.body.id)).toEqual([])
    const { body: shown } = await ask('GET', `/v3/manage/pipelines/${made.body.id}`)
    words.push(shown.status.stages.map(({ status }: Body) => status).join(' '))
  }
  await read()
  for (const { webhook } of made.body.pre_operation.triggers) {
    await ask('POST', `${new URL(webhook.url).pathname}?ref=main`)
    await world.settled()
  }
  await read()
  for (let job = world.runner.jobs[0]; job !== undefined; job = world.runner.jobs[0]) {
    world.runner.end(job, succeeded())
    await world.settled()
  }
  await read()
  expect(words).toEqual([
    'waiting',
    'running waiting waiting waiting waiting',
    // The third waits for what is published to its channel.
    'success success waiting waiting waiting',
  ])
})

/** These come back as they were given. */
const AS_GIVEN = ['CodeSourceParams', 'RunPipelineSourceParams', 'PipelineTrigger']

test('fields that the vendor has and none of these answers had are few, and known', () => {
  const missing = pipelineModels.neverSent.filter((name) => !AS_GIVEN.includes(name.split('.')[0] ?? ''))
  expect(missing).toEqual([
    // Told by a forge, of a run that its change has started: v5-lists.test.ts.
    ...['action', 'commit_id', 'merge_id', 'message', 'source_branch'].map((name) => `BuildParams.${name}`),
    // Of forks, which are addresses of the vendor's own code host.
    ...['http_url', 'id', 'url'].map((name) => `BuildParams.source_codehub_${name}`),
    // Of a start that chose one: v5-clients.test.ts.
    'BuildParams.tag',
  ])
  expect(checkModels.neverSent).toEqual([])
  expect(swrModels.neverSent).toEqual([])
})
