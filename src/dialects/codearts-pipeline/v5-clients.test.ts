// What clients that are in use rely on, beside the pages: which source of a pipeline a start means, how the run of a
// sub-pipeline is found, and by which codes they tell one refusal from another.
import { beforeEach, describe, expect, test } from 'vitest'
import { BASE, type Body, codeartsClient, type CodeartsClient } from '../../testing/codearts-client.ts'
import { checkpoint, job, shell, stage } from '../../testing/codearts-documents.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { need, openWorld, type World } from '../../testing/world.ts'

let world: World
let handle: CodeartsClient['handle']
let call: CodeartsClient['call']
let good: CodeartsClient['good']
let create: CodeartsClient['create']
let start: CodeartsClient['start']
let detail: CodeartsClient['detail']
beforeEach(async () => {
  world = await openWorld()
  ;({ handle, call, good, create, start, detail } = codeartsClient(world))
})

const WEB = 'https://example.com/web.git'
const LIB = 'https://example.com/lib.git'
const code = (params: object) => ({ type: 'code', params: { git_type: 'codehub', ...params } })

describe('a start builds of a source', () => {
  const sources = [
    code({ git_url: WEB, alias: 'web', default_branch: 'main', codehub_id: '7' }),
    code({ git_url: LIB, default_branch: 'stable', codehub_id: '8' }),
  ]
  const clone = (repository: string) => ({
    name: 'Clone',
    task: 'official_git_clone',
    inputs: [{ key: 'repository', value: repository }],
  })
  const make = () => create([stage('One', [job('JOB_A', [clone(WEB)]), job('JOB_B', [clone(LIB)])])], { sources })
  const built = async (id: string): Promise<readonly unknown[]> =>
    (await detail(id)).sources.map(({ params }: Body) => params.build_params)
  const fetched = (): readonly unknown[] => world.runner.jobs.map((one) => one.with['ref'])
  const branch = (target_branch: string) => ({ build_type: 'branch', event_type: 'Manual', target_branch })
  const web = { git_url: WEB, codehub_id: '7' }
  const lib = { git_url: LIB, codehub_id: '8' }

  // codearts-pipeline-mcp-server sends `{params: {default_branch}}`, Terraform's action codehub_id and build_params.
  test.each([
    ['its default branch, without a word', [], 'main', 'stable'],
    ['at its place', [{ params: { default_branch: 'topic' } }], 'topic', 'stable'],
    ['of its alias', [code({ alias: 'web', build_params: branch('topic') })], 'topic', 'stable'],
    ['of its address', [code({ git_url: LIB, build_params: branch('topic') })], 'main', 'topic'],
    ['of its id', [code({ codehub_id: '8', build_params: branch('topic') })], 'main', 'topic'],
    ['of a place, when others say nothing', [code({}), code({ build_params: branch('topic') })], 'main', 'topic'],
  ])('the branch %s', async (_, given, first, second) => {
    const id = await make()
    await start(id, { sources: given })
    expect(fetched()).toEqual([first, second])
    expect(await built(id)).toEqual([
      { ...branch(first), ...web },
      { ...branch(second), ...lib },
    ])
    const { pipeline_runs } = await good('POST', `/pipelines/${id}/pipeline-runs/list`, {})
    expect(pipeline_runs[0].build_params).toEqual({ ...branch(first), ...web })
  })

  test('a tag, and says so', async () => {
    const id = await make()
    await start(id, { sources: [code({ alias: 'web', build_params: { build_type: 'tag', tag: 'v1.2' } })] })
    expect(fetched()).toEqual(['v1.2', 'stable'])
    expect(await built(id)).toEqual([
      { build_type: 'tag', event_type: 'Manual', tag: 'v1.2', ...web },
      { ...branch('stable'), ...lib },
    ])
  })

  test('what it was told, also where nothing has to be fetched for it', async () => {
    const params = { git_type: 'codehub', codehub_id: '7', default_branch: 'main' }
    const id = await create([stage('One', [job('JOB_A', [shell('make')])])], { sources: [{ type: 'code', params }] })
    await start(id)
    expect(await built(id)).toEqual([{ ...branch('main'), git_url: null, codehub_id: '7' }])
    await start(id, { sources: [{ type: 'code', params: { ...params, build_params: branch('topic') } }] })
    expect(await built(id)).toEqual([{ ...branch('topic'), git_url: null, codehub_id: '7' }])
  })
})

test('pipelines are found by the address of a source that no step fetches', async () => {
  const id = await create([stage('One', [job('JOB_A', [shell('make')])])], { sources: [code({ git_url: WEB })] })
  await create([stage('One', [job('JOB_A', [shell('make')])])], { name: 'other' })
  const headers = { 'X-Auth-Token': world.credentials.token }
  const body = JSON.stringify({ git_url: WEB, offset: 0, limit: 10 })
  const response = await handle(new Request(`${BASE}/v3/pipelines/list`, { method: 'POST', headers, body }))
  expect(await response.json()).toMatchObject({ total: 1, result: [{ pipeline_id: id }] })
})

test('the run of a sub-pipeline is found by the outputs of its step', async () => {
  // CANN's bots read `pipeline_run_id` and `pipeline_id` there, and ask for that run's detail.
  const inner = await create([stage('One', [job('JOB_IN', [shell('make')])])], { name: 'inner' })
  const step = {
    name: 'Sub',
    task: 'official_devcloud_subPipeline',
    inputs: [{ key: 'pipelineId', value: inner }],
  }
  const outer = await create([stage('One', [job('JOB_SUB', [step]), job('JOB_B', [shell('true')])])], { name: 'outer' })
  const run = await start(outer)
  const jobs = (await detail(outer)).stages[0].jobs
  const { id: pipeline_run_id } = await detail(inner)
  const { step_outputs } = await good(
    'GET',
    `/pipelines/${outer}/pipeline-runs/${run}/steps/outputs?step_run_ids=${jobs[0].steps[0].id}%2C${jobs[1].steps[0].id}`,
  )
  expect(step_outputs).toEqual([
    {
      step_run_id: jobs[0].steps[0].id,
      output_result: [
        { key: 'pipeline_run_id', value: pipeline_run_id },
        { key: 'pipeline_id', value: inner },
      ],
    },
    { step_run_id: jobs[1].steps[0].id, output_result: [] },
  ])
})

test('steps see the predefined parameters of the run and of its sources, which outweigh variables of the same name', async () => {
  const sources = [
    code({ git_url: 'https://li:secret@example.com/web.git', alias: 'my_repo', default_branch: 'main' }),
    code({ git_url: LIB, default_branch: 'stable' }),
    code({ git_url: 'https://example.com/my-docs.git', default_branch: 'main' }),
  ]
  const variables = [{ name: 'PIPELINE_TRIGGER_TYPE', value: 'mine' }]
  const id = await create([stage('One', [job('JOB_A', [shell('make')])])], { sources, variables })
  const run = await start(id, { sources: [code({ alias: 'my_repo', build_params: { target_branch: 'topic' } })] })
  const seen = {
    TIMESTAMP: expect.stringMatching(/^2026\d{10}$/),
    PIPELINE_TRIGGER_TYPE: 'Manual',
    EXECUTE_USER: 'ci',
    EXECUTE_USER_NAME: 'ci',
    my_repo_REPOSITORY_NAME: 'web',
    my_repo_TARGET_BRANCH: 'topic',
    my_repo_REPO_URL: WEB,
    lib_REPOSITORY_NAME: 'lib',
    lib_TARGET_BRANCH: 'stable',
    lib_REPO_URL: LIB,
  }
  expect(world.runner.jobs[0]?.env).toMatchObject(seen)
  const values = await good('GET', `/pipelines/${id}/pipeline-runs/${run}/run-variables?mode=1`)
  expect(Object.fromEntries(values.map(({ name, value }: Body) => [name, value]))).toMatchObject({
    ...seen,
    PIPELINE_ID: id,
    REPO_URL: WEB,
  })
  const listed = await good('GET', `/pipelines/${id}/list-system-vars`)
  expect(listed.filter(({ isAlias }: Body) => isAlias).map(({ name }: Body) => name)).toEqual(
    Object.keys(seen).filter((name) => /^(?:my_repo|lib)_/.test(name)),
  )
})

test('a sub-pipeline is started with the inputs of its step that it has params for', async () => {
  // As openJiuwen's pipelines are written: the id of the other pipeline, and its params, which name those of this one.
  const variables = [
    { name: 'PR_ID', value: '0' },
    { name: 'WHAT', value: 'none' },
    { name: 'KEPT', value: 'kept' },
  ]
  const inner = await create([stage('One', [job('JOB_IN', [shell('make')])])], { name: 'inner', variables })
  const inputs = {
    SYSTEM_DEVCLOUD_SUBPIPELINE_TRIGGER_ID: inner,
    SYSTEM_DEVCLOUD_SUBPIPELINE_BRANCH: 'PARENT',
    PR_ID: '${MERGE}',
    WHAT: '${PIPELINE_NUMBER}',
  }
  const step = {
    name: 'Sub',
    task: 'official_devcloud_subPipeline',
    inputs: Object.entries(inputs).map(([key, value]) => ({ key, value })),
  }
  const outer = await create([stage('One', [job('JOB_SUB', [step])])], {
    name: 'outer',
    variables: [{ name: 'MERGE', value: '', is_runtime: true }],
  })
  await start(outer, { variables: [{ name: 'MERGE', value: '42' }] })
  expect(world.runner.jobs.at(-1)?.env).toMatchObject({ PR_ID: '42', WHAT: '1', KEPT: 'kept' })
})

test('a secret that a sub-pipeline is given is opened there, and shown nowhere', async () => {
  const variables = [
    { name: 'KEY', value: '' },
    { name: 'OWN', value: 'own', is_secret: true },
  ]
  const inner = await create([stage('One', [job('JOB_IN', [shell('make')])])], { name: 'inner', variables })
  const inputs = { pipelineId: inner, KEY: 'a-${SECRET}', OWN: '${SECRET}' }
  const step = {
    name: 'Sub',
    task: 'official_devcloud_subPipeline',
    inputs: Object.entries(inputs).map(([key, value]) => ({ key, value })),
  }
  const secret = { name: 'SECRET', value: 'tiger', is_secret: true, is_runtime: true }
  const outer = await create([stage('One', [job('JOB_SUB', [step])])], { name: 'outer', variables: [secret] })
  await start(outer)
  expect(world.runner.jobs.at(-1)?.env).toMatchObject({ KEY: 'a-tiger', OWN: 'tiger' })
  await start(outer, { variables: [{ name: 'SECRET', value: 'lion' }] })
  expect(world.runner.jobs.at(-1)?.env).toMatchObject({ KEY: 'a-lion', OWN: 'lion' })
  const { id } = await detail(inner)
  const shown = await good('GET', `/pipelines/${inner}/pipeline-runs/${id}/run-variables?mode=0`)
  expect(shown).toMatchObject([
    { name: 'KEY', value: 'a-******' },
    { name: 'OWN', value: '******' },
  ])
})

test('a run names the files that it has kept so far', async () => {
  const id = await create([stage('One', [job('JOB_A', [shell('make')])])])
  const run = await start(id)
  expect((await detail(id)).artifacts).toEqual([])
  const bytes = new TextEncoder().encode('made')
  world.artifacts.set(`${run}/1/1`, [
    { name: 'out.txt', sha256: 'ab'.repeat(32), sizeBytes: bytes.length, mediaType: 'text/plain', bytes },
  ] as never)
  world.runner.endTask('JOB_A', succeeded())
  await world.settled()
  expect((await detail(id)).artifacts).toEqual([
    {
      name: 'out.txt',
      packageType: 'generic',
      version: '1',
      downloadUrl: `${BASE}/api/v1/runs/${run}/artifacts/out.txt`,
    },
  ])
})

test('a step has a page to look at, and its log under the older name, too', async () => {
  const id = await create([stage('One', [job('JOB_A', [shell('make')])])])
  const run = await start(id)
  world.logs.set(`${run}/1/1`, new TextEncoder().encode('one\ntwo\n'))
  const { detail_url, stages } = await detail(id)
  const [{ id: step }] = stages[0].jobs[0].steps
  const at = `/pipelines/${id}/pipeline-runs/${run}/jobs/${step}/steps/${step}`
  expect(await good('GET', `${at}/jump-link`)).toEqual({ jumpLink: detail_url })
  const page = { start_offset: 0, end_offset: 0, offset: 0, limit: 1, sort: 'asc' }
  expect(await good('POST', `${at}/exec-log`, page)).toMatchObject({ log: 'one\n', end_offset: '4', has_more: true })
  expect((await call('GET', `/pipelines/${id}/pipeline-runs/${run}/jobs/${step}/steps/none/jump-link`)).status).toBe(
    404,
  )
})

test('a job whose condition does not hold is passed over, with all of its steps', async () => {
  const sources = [code({ git_url: WEB, alias: 'web', default_branch: 'main' })]
  const condition = "${{ startsWith(sources.web.target_branch, 'release/') && env.DRY != 'yes' }}"
  const jobs = [
    job('JOB_A', [shell('make')]),
    job('JOB_B', [shell('ship'), shell('tell')], { condition, depends_on: ['JOB_A'] }),
  ]
  const id = await create([stage('One', jobs)], {
    sources,
    variables: [{ name: 'DRY', value: 'no', is_runtime: true }],
  })
  const words = async (target_branch: string, value: string): Promise<readonly unknown[]> => {
    const build_params = { build_type: 'branch', event_type: 'Manual', target_branch }
    const given = { sources: [code({ alias: 'web', build_params })], variables: [{ name: 'DRY', value }] }
    await start(id, given)
    world.runner.endTask('JOB_A', succeeded())
    await world.settled()
    const { status, stages } = await detail(id)
    return [status, ...stages[0].jobs.map((one: Body) => [one.status, ...one.steps.map((step: Body) => step.status)])]
  }
  const done = ['COMPLETED', 'COMPLETED']
  expect(await words('main', 'no')).toEqual(['COMPLETED', done, ['SKIPPED', 'SKIPPED', 'SKIPPED']])
  expect(await words('release/2.1', 'yes')).toEqual(['COMPLETED', done, ['SKIPPED', 'SKIPPED', 'SKIPPED']])
  expect(await words('release/2.1', 'no')).toEqual(['RUNNING', done, ['RUNNING', 'RUNNING', 'INIT']])
})

describe('a refusal is told by its code:', () => {
  test('a pipeline of another project is DEVPIPE.00011136 for who may see both, and not there for others', async () => {
    const id = await create([stage('One', [job('JOB_A', [checkpoint('')])])])
    const other = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
    const wrong = await call('GET', `/pipelines/${id}`, undefined, other.id)
    expect(wrong).toMatchObject({ status: 404, body: { error_code: 'DEVPIPE.00011136' } })
    const missing = await call('GET', `/pipelines/${'f'.repeat(32)}`)
    expect(missing).toMatchObject({ status: 404, body: { error_code: 'DEVPIPE.00011401' } })
    const nowhere = await call('GET', `/pipelines/${id}`, undefined, 'f'.repeat(32))
    expect(nowhere).toMatchObject({ status: 404, body: { error_code: 'DEVPIPE.00011412' } })
  })

  test.each([
    ['POST', '/pipeline-group/update', { id: 'none', name: 'x' }, 'DEVPIPE.00014007', 'there is no group none'],
    ['DELETE', '/pipeline-group/delete?id=none', undefined, 'DEVPIPE.00014007', 'there is no group none'],
    [
      'POST',
      '/pipeline-group/pipeline/move',
      { group_id: 'none', pipelines: [] },
      'DEVPIPE.00014007',
      'there is no group none',
    ],
    ['POST', '/pipeline-group/swap?groupId1=none&groupId2=b', {}, 'DEVPIPE.00014007', 'there is no group none'],
    [
      'POST',
      '/pipeline-tag/update',
      { tagId: 'none', name: 'x', color: '#fff' },
      'DEVPIPE.00014024',
      'there is no tag none',
    ],
    ['DELETE', '/pipeline-tag/delete?tagId=none', undefined, 'DEVPIPE.00014024', 'there is no tag none'],
    ['GET', '/pipeline/variable/group/none', undefined, 'DEVPIPE.00014033', 'there is no parameter group none'],
  ])('%s %s of what is not there names it', async (method, path, body, error_code, error_msg) => {
    expect(await call(method, path, body)).toEqual({ status: 404, body: { error_code, error_msg } })
  })

  test.each([
    ['text', 'expected an array, found "text"'],
    [[{ value: 'make' }], 'inputs[0].key: expected text'],
  ])('steps whose inputs are %j are no definition, be they switched off', async (inputs, message) => {
    for (const enable of [true, false]) {
      const wrong = { name: 'x', task: 'official_devcloud_autoTrigger', inputs, enable }
      const definition = JSON.stringify({ stages: [stage('One', [job('JOB_A', [shell('make')])], { pre: [wrong] })] })
      const body = { name: `wrong-${enable}`, is_publish: false, definition }
      const answer = await call('POST', '/pipelines', body)
      expect(answer).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining(message) } })
    }
  })

  const LONG = 'x'.repeat(4_000)
  test.each([
    ['GET', `/pipelines/PIPELINE/pipeline-runs/detail?pipeline_run_id=${LONG}`],
    ['POST', `/pipelines/PIPELINE/pipeline-runs/${LONG}/stop`],
    ['GET', `/pipeline-templates/${LONG}`],
    ['GET', `/pipeline/variable/group/${LONG}`],
    ['DELETE', `/pipeline/variable/group/delete?id=${LONG}`],
    ['DELETE', `/pipeline-tag/delete?tagId=${LONG}`],
    ['DELETE', `/pipeline-group/delete?id=${LONG}`],
  ])('%s %.40s… is not there, and does not come back whole', async (method, path) => {
    const id = await create([stage('One', [job('JOB_A', [shell('make')])])])
    const { status, body } = await call(method, path.replace('PIPELINE', id), method === 'POST' ? {} : undefined)
    expect([status, body.error_msg]).toEqual([404, expect.stringMatching(/^.{20,200}…$/)])
  })

  test('a run that has room is not said to be in the queue, one that has none is', async () => {
    const concurrency_control = { concurrency_number: 1, exceed_action: 'QUEUE', enable: true }
    const id = await create([stage('One', [job('JOB_A', [shell('make')])])], { concurrency_control })
    const started = { pipeline_run_id: expect.stringMatching(/^[0-9a-f]{32}$/) }
    expect(await good('POST', `/pipelines/${id}/run`, {})).toEqual(started)
    const queued = await good('POST', `/pipelines/${id}/run`, {})
    expect(queued).toMatchObject({ ...started, error_code: 'DEVPIPE.00011169', error: { queue_id: '2' } })
  })

  test('no room under ABORT is DEVPIPE.00011104, on which clients try again', async () => {
    const concurrency_control = { concurrency_number: 1, exceed_action: 'ABORT', enable: true }
    const id = await create([stage('One', [job('JOB_A', [shell('make')])])], { concurrency_control })
    await start(id)
    const full = { status: 400, body: { error_code: 'DEVPIPE.00011104', error_msg: expect.stringContaining('web') } }
    expect(await call('POST', `/pipelines/${id}/run`, {})).toMatchObject(full)
    world.runner.endTask('JOB_A', succeeded())
    await world.settled()
    await start(id)
  })
})

describe('a review whose time is over', () => {
  test.each([
    ['reject', 'FAILED', 'FAILED', 'INIT'],
    ['pass', 'RUNNING', 'SKIPPED', 'RUNNING'],
  ])('with timeout_strategy %s leaves the run %s', async (timeout_strategy, status, review, next) => {
    const id = await create([
      stage('Gate', [job('JOB_R', [checkpoint('', { timeout_strategy, timeout: 60 })])]),
      stage('Ship', [job('JOB_S', [shell('make')])]),
    ])
    await start(id)
    expect(await detail(id)).toMatchObject({ status: 'SUSPEND' })
    world.clock.advance(60_000)
    await world.settled()
    expect(await detail(id)).toMatchObject({
      status,
      stages: [{ jobs: [{ steps: [{ status: review }] }] }, { status: next }],
    })
  })
})
