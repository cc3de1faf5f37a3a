import { describe, expect, test } from 'vitest'
import { DIALECT_OPTIONS } from '../../testing/dialect-routes.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import { ScriptedRunner } from '../../testing/scripted-runner.ts'
import { koderover } from './index.ts'

// A client of the first generation from end to end: what it makes, starts, watches, steers and takes away.

/** Anything of JSON, for tests to take apart. */
type Body = ReturnType<typeof JSON.parse>

interface Client {
  readonly world: World
  ask(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Body }>
  text(path: string): Promise<string>
  /** With another credential. */
  asked(path: string, headers: Readonly<Record<string, string>>): Promise<Response>
}

async function open(slots = 100): Promise<Client> {
  const world = await openWorld({ runner: new ScriptedRunner(slots) })
  const handle = koderover.create(world.app, DIALECT_OPTIONS)
  const send = (method: string, path: string, body?: unknown): Promise<Response> =>
    handle(
      new Request(`${DIALECT_OPTIONS.baseUrl}${path}`, {
        method,
        headers: { Authorization: `X-API-KEY ${world.credentials.token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    )
  return {
    world,
    ask: async (method, path, body) => {
      const response = await send(method, path, body)
      await world.settled()
      return { status: response.status, body: await response.json() }
    },
    text: async (path) => await (await send('GET', path)).text(),
    asked: (path, headers) => handle(new Request(`${DIALECT_OPTIONS.baseUrl}${path}`, { headers })),
  }
}

const BODY = {
  pipeline_name: 'pipeline-1',
  stack_name: 'stack-1',
  service_name: 'service-1',
  test_stack: 'test',
  test_service: 'doratest',
  test_threshold: 90,
  deploy_env: 'spock',
  repo_owner: 'yaoshipu',
  repo_name: 'aslan-platform',
  run_build: true,
  run_deploy: true,
  run_deploy_cs: false,
  run_test: true,
  run_distribute: true,
  enabled: true,
}
const SUCCESS = { status: 200, body: { message: 'success' } }

describe('a pipeline', () => {
  test('is made, shown as it was given, changed and taken away', async () => {
    const { ask } = await open()
    expect(await ask('POST', '/api/pipelines', BODY)).toEqual(SUCCESS)
    const shown = (await ask('GET', '/api/pipelines/pipeline-1')).body
    expect(shown).toEqual({ ...BODY, creator: 'ci', updated: expect.any(Number) })
    expect((await ask('GET', '/api/pipelines')).body).toEqual([shown])

    const changed = { ...BODY, run_deploy_cs: true, run_test: false, service_name: 'service-2' }
    expect(await ask('PUT', '/api/pipelines/pipeline-1', changed)).toEqual(SUCCESS)
    expect((await ask('GET', '/api/pipelines/pipeline-1')).body).toMatchObject(changed)

    expect(await ask('DELETE', '/api/pipelines/pipeline-1')).toEqual(SUCCESS)
    const gone = await ask('GET', '/api/pipelines/pipeline-1')
    expect([gone.status, gone.body.code]).toEqual([400, '6803'])
    expect((await ask('DELETE', '/api/pipelines/pipeline-1')).body.code).toBe('6804')
  })

  test('has the stages that its flags name, in their order', async () => {
    const { ask, world } = await open()
    await ask('POST', '/api/pipelines', { ...BODY, run_deploy_cs: true })
    const { definition } = need(await world.app.pipelines.get(world.admin, { name: 'pipeline-1' }))
    expect(definition.stages.map(({ key }) => key)).toEqual(['build', 'deploy', 'deploy_cs', 'test', 'distribute'])
    await ask('POST', '/api/tasks', { pipeline_name: 'pipeline-1' })
    const { body } = await ask('GET', '/api/tasks/id/1/pipeline/pipeline-1')
    expect(Object.keys(body).filter((key) => key.endsWith('_task'))).toEqual([
      'build_task',
      'deploy_task',
      'deploy_cs_task',
      'test_task',
      'distribute_task',
    ])
    expect(body.deploy_cs_task).toEqual({
      service_name: 'service-1',
      package_file: expect.stringMatching(/^service-1-\d{8}-1\.tar\.gz$/),
      test_env: 'spock',
      status: 'created',
    })
  })

  test('without any of them has no sub-task, and says so', async () => {
    const { ask } = await open()
    const idle = { pipeline_name: 'idle', enabled: true }
    await ask('POST', '/api/pipelines', idle)
    await ask('POST', '/api/tasks', { pipeline_name: 'idle' })
    const { body } = await ask('GET', '/api/tasks/id/1/pipeline/idle')
    expect(body).toMatchObject({ status: 'passed', pipeline_name: 'idle' })
    expect(Object.keys(body).filter((key) => key.endsWith('_task'))).toEqual([])
    expect((await ask('GET', '/api/pipelines/idle')).body).toMatchObject({ run_build: false, run_test: false })
    const refused = await ask('DELETE', '/api/tasks/id/1/pipeline/idle')
    expect([refused.status, refused.body.code, refused.body.message]).toEqual([400, '6809', 'Cancel Task Error'])
  })

  test('whose repository has an address is fetched from there, at the branch or commit that a task names', async () => {
    const { ask, world } = await open()
    await ask('POST', '/api/pipelines', { ...BODY, repo_owner: 'https://git.example/li', repo_name: 'app' })
    await ask('POST', '/api/tasks', { pipeline_name: 'pipeline-1', branch: 'develop' })
    expect(world.runner.jobs[0]).toMatchObject({
      uses: 'git',
      with: { url: 'https://git.example/li/app', ref: 'develop', path: 'source' },
    })
    const commit = '98a663e5a6effc9337a29353acf338d484ae1609'
    const pull = { pipeline_name: 'pipeline-1', pull_request_number: 62, branch: 'x', commit_id: commit }
    expect((await ask('POST', '/api/tasks', pull)).body).toEqual({ pipeline_name: 'pipeline-1', task_id: 2 })
    expect(world.runner.jobs[1]).toMatchObject({ with: { ref: commit } })
    // Without its commit the default branch would be built in its name.
    expect(await ask('POST', '/api/tasks', { ...pull, commit_id: undefined })).toEqual({
      status: 400,
      body: {
        message: 'Invalid Pipeline Args',
        code: '400',
        description: 'commit_id: expected the commit of pull request 62',
      },
    })
  })

  test('that is switched off is not started', async () => {
    const { ask } = await open()
    await ask('POST', '/api/pipelines', { ...BODY, enabled: false })
    const refused = await ask('POST', '/api/tasks', { pipeline_name: 'pipeline-1' })
    expect([refused.status, refused.body.code, refused.body.message]).toEqual([400, '6901', 'Enqueue Task Error'])
  })

  test('that was made elsewhere is shown as far as its words reach, and not overwritten', async () => {
    const { ask, world } = await open()
    const text = 'name: own\ntasks: [{name: compile, role: build, script: make}]\n'
    need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
    expect((await ask('GET', '/api/pipelines/own')).body).toMatchObject({
      run_build: true,
      run_deploy: false,
      enabled: true,
    })
    expect((await ask('PUT', '/api/pipelines/own', { ...BODY, pipeline_name: 'own' })).body.code).toBe('6801')
    expect(need(await world.app.pipelines.text(world.admin, { name: 'own' }, 1))).toBe(text)
  })

  test.each([
    ['POST', '/api/pipelines', { ...BODY, pipeline_name: '' }, '400'],
    ['POST', '/api/pipelines', { ...BODY, run_build: 'yes' }, '400'],
    ['POST', '/api/pipelines', { ...BODY, stack_name: 7 }, '400'],
    ['POST', '/api/pipelines', [], '400'],
    ['POST', '/api/pipelines', { ...BODY, pipeline_name: 'x'.repeat(200) }, '6800'],
    ['POST', '/api/pipelines?product_name=nobody', BODY, '6800'],
    ['PUT', '/api/pipelines/nobody', BODY, '6801'],
  ])('%s %s of what cannot be is refused', async (method, path, body, code) => {
    const { ask } = await open()
    const answer = await ask(method, path, body)
    expect([answer.status, answer.body.code]).toEqual([400, code])
  })

  test('keeps its name, and a name is taken once', async () => {
    const { ask } = await open()
    await ask('POST', '/api/pipelines', BODY)
    expect((await ask('POST', '/api/pipelines', BODY)).body.code).toBe('6800')
    expect((await ask('PUT', '/api/pipelines/pipeline-1', { ...BODY, pipeline_name: 'other' })).body.code).toBe('6801')
  })
})

describe('the queue', () => {
  test('has what has not begun; a task is cancelled there by its ObjectId', async () => {
    const { ask, world } = await open(0)
    await ask('POST', '/api/pipelines', BODY)
    const numbers = { pull_request_number: 62, commit_id: 'abc' }
    await ask('POST', '/api/tasks', { pipeline_name: 'pipeline-1', ...numbers })
    const queue = (await ask('GET', '/api/pipeline/queue')).body
    expect(queue).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{24}$/),
        pipeline_name: 'pipeline-1',
        status: 0,
        task_creator: 'ci',
        repo_name: 'aslan-platform',
        repo_owner: 'yaoshipu',
        branch: '',
        ...numbers,
        created: Math.floor(world.clock.now() / 1_000),
      },
    ])
    expect(await ask('POST', `/api/queue/${queue[0].id}/restart`)).toEqual(SUCCESS)
    expect(await ask('DELETE', `/api/pipeline/queue/${queue[0].id}`)).toEqual(SUCCESS)
    expect((await ask('GET', '/api/queue')).body).toEqual([])
    expect((await ask('DELETE', `/api/queue/${queue[0].id}`)).body).toMatchObject({
      code: '6900',
      message: 'Cancel Queue Task Error',
    })
    expect((await ask('POST', '/api/queue/x/restart')).body.code).toBe('6902')
  })

  test('is in the order in which its tasks were made, also where it is longer than its list', async () => {
    const { ask, world } = await open(0)
    await ask('POST', '/api/pipelines', BODY)
    const pipeline = { name: 'pipeline-1' }
    for (let made = 0; made < 102; made += 1) need(await world.app.runs.start(world.admin, { pipeline, params: {} }))
    const queue: Body[] = (await ask('GET', '/api/queue')).body
    const runs = need(await world.app.runs.list(world.admin, { pipeline }, { before: null, limit: 100 }))
    expect(queue).toHaveLength(100)
    const last = runs.items.findIndex(({ id }) => id.startsWith(queue[99].id))
    expect(runs.items[last]?.number).toBe(100)
    const pending: Body[] = (await ask('GET', '/api/v2/tasks/pending')).body
    expect(pending.map(({ task_id }) => task_id)).toEqual(Array.from({ length: 102 }, (_, at) => at + 1))
  })

  test('a run that waits for a person begins when it is restarted there', async () => {
    const { ask, world } = await open()
    await ask('POST', '/api/pipelines', BODY)
    const pipeline = { name: 'pipeline-1' }
    need(await world.app.runs.start(world.admin, { pipeline, params: {}, wait: true }))
    const [{ id }] = (await ask('GET', '/api/queue')).body
    await ask('POST', `/api/queue/${id}/restart`)
    expect((await ask('GET', '/api/tasks/running')).body).toHaveLength(1)
  })
})

describe('a restart', () => {
  test('runs only what failed again, under the same number', async () => {
    const { ask, world } = await open()
    await ask('POST', '/api/pipelines', BODY)
    await ask('POST', '/api/tasks', { pipeline_name: 'pipeline-1' })
    world.runner.endTask('build', succeeded())
    await world.settled()
    world.runner.endTask('deploy', exited(1))
    await world.settled()
    const before = (await ask('GET', '/api/tasks/id/1/pipeline/pipeline-1')).body
    expect([before.status, before.build_task.status, before.deploy_task.status]).toEqual(['failed', 'passed', 'failed'])

    expect(await ask('GET', '/api/tasks/restart/id/1/pipeline/pipeline-1')).toEqual(SUCCESS)
    expect(world.runner.jobs.map(({ env }) => env['MILLRACE_TASK'])).toEqual(['deploy'])
    const after = (await ask('GET', '/api/tasks/id/1/pipeline/pipeline-1')).body
    expect([after.status, after.build_task.status, after.deploy_task.status]).toEqual(['running', 'passed', 'running'])
  })

  test('of a task that was cancelled in the queue has it begin', async () => {
    const { ask, world } = await open()
    await ask('POST', '/api/pipelines', BODY)
    need(await world.app.runs.start(world.admin, { pipeline: { name: 'pipeline-1' }, params: {}, wait: true }))
    const [{ id }] = (await ask('GET', '/api/queue')).body
    expect(await ask('DELETE', `/api/queue/${id}`)).toEqual(SUCCESS)
    const path = '/api/tasks/id/1/pipeline/pipeline-1'
    expect((await ask('GET', path)).body.status).toBe('cancelled')
    expect(await ask('GET', '/api/tasks/restart/id/1/pipeline/pipeline-1')).toEqual(SUCCESS)
    expect(world.runner.jobs.map(({ env }) => env['MILLRACE_TASK'])).toEqual(['build'])
    expect((await ask('GET', path)).body.status).toBe('running')
    expect((await ask('GET', '/api/tasks/restart/id/1/pipeline/pipeline-1')).body.code).toBe('6903')
    // While it is being cancelled, and after.
    const cancelled = () => ask('DELETE', '/api/tasks/id/1/pipeline/pipeline-1')
    expect([await cancelled(), await cancelled()]).toEqual([SUCCESS, SUCCESS])
    world.runner.endTask('build', { kind: 'cancelled' })
    await world.settled()
    expect((await ask('GET', path)).body.status).toBe('cancelled')
    expect(await cancelled()).toEqual(SUCCESS)
  })
})

describe('the overview', () => {
  test('names the last task of each pipeline, and the last that passed and failed', async () => {
    const { ask, world } = await open()
    await ask('POST', '/api/pipelines', { pipeline_name: 'a', run_build: true, enabled: true })
    await ask('POST', '/api/pipelines', { pipeline_name: 'b', run_build: true, enabled: true })
    for (const result of [succeeded(), exited(1)]) {
      await ask('POST', '/api/tasks', { pipeline_name: 'a' })
      world.runner.endTask('build', result)
      await world.settled()
    }
    const { body } = await ask('GET', '/api/status/pipelines')
    const now = Math.floor(world.clock.now() / 1_000)
    const task = (id: number, status: string) => ({
      id,
      task_creator: 'ci',
      pipeline_name: 'a',
      status,
      created: now,
      started: now,
      updated: now,
    })
    expect(body).toEqual({
      a: {
        lastest_task: task(2, 'failed'),
        last_task_success: task(1, 'passed'),
        last_task_failure: task(2, 'failed'),
      },
      b: { lastest_task: null, last_task_success: null, last_task_failure: null },
    })
    const history = (await ask('GET', '/api/tasks/history')).body
    expect(history.map(({ id }: Body) => id)).toEqual([2, 1])
  })

  test('has what is held among the failed, as its word says', async () => {
    const { ask, world } = await open()
    const text = 'name: own\ntasks: [{key: compile, role: build, script: make, on_failure: hold}]\n'
    need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
    await ask('POST', '/api/tasks', { pipeline_name: 'own' })
    world.runner.endTask('compile', exited(1))
    await world.settled()
    const { own } = (await ask('GET', '/api/status/pipelines')).body
    expect(own.last_task_failure).toEqual(own.lastest_task)
    expect(own.lastest_task).toMatchObject({ id: 1, status: 'failed' })
    expect((await ask('GET', '/api/tasks/history')).body).toMatchObject([{ id: 1, status: 'failed' }])
    expect((await ask('GET', '/api/tasks/running')).body).toEqual([])
    const [preview] = (await ask('GET', '/api/workflow/v2/status/preview')).body
    expect(preview).toMatchObject({ last_task_failure: { task_id: 1, status: 'failed' }, total_num: 1 })
  })
})

describe('logs', () => {
  async function built(): Promise<Client & { readonly nubmer: number }> {
    const client = await open()
    const { ask, world } = client
    await ask('POST', '/api/pipelines', BODY)
    await ask('POST', '/api/tasks', { pipeline_name: 'pipeline-1' })
    const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'pipeline-1' }, number: 1 }))
    for (const { index, key } of run.stages.flatMap(({ tasks }) => tasks)) {
      const text = `+ ${key}\nsecond line of ${key}\nno end`
      world.logs.set(`${run.id}/${index}/1`, new TextEncoder().encode(text))
    }
    return { ...client, nubmer: (await ask('GET', '/api/tasks/id/1/pipeline/pipeline-1')).body.build_task.build_nubmer }
  }

  test('of a build come by process when it is over, line by line', async () => {
    const { ask, world, nubmer } = await built()
    const path = `/api/builds/yaoshipu/aslan-platform/logs/${nubmer}/1/build`
    expect((await ask('GET', path)).body).toMatchObject({ code: '6701', message: 'Drone Get Build Logs Error' })
    world.runner.endTask('build', succeeded())
    await world.settled()
    expect((await ask('GET', path)).body).toEqual([
      { proc: 'build', pos: 0, out: '+ build\n' },
      { proc: 'build', pos: 1, out: 'second line of build\n' },
      { proc: 'build', pos: 2, out: 'no end' },
    ])
    for (const other of ['logs/99/1/build', `logs/${nubmer}/2/build`, `logs/${nubmer}/1/deploy`, 'logs/x/1/build']) {
      expect((await ask('GET', `/api/builds/yaoshipu/aslan-platform/${other}`)).body.code, other).toBe('6701')
    }
    expect((await ask('GET', path.replace('yaoshipu', 'other'))).body.code).toBe('6701')
  })

  test('the build itself has its processes, as Drone shows them', async () => {
    const { ask, nubmer } = await built()
    const { body } = await ask('GET', `/api/builds/yaoshipu/aslan-platform/id/${nubmer}`)
    expect(body).toMatchObject({ number: nubmer, status: 'running', finished_at: 0, author: 'ci' })
    expect(body.procs).toMatchObject([
      { pid: 1, ppid: 0, children: [{ pid: 2, ppid: 1, name: 'build', state: 'running' }] },
    ])
    expect((await ask('GET', '/api/builds/yaoshipu/aslan-platform/id/99')).body).toMatchObject({ code: '500' })
  })

  test('of what is under way come as a stream', async () => {
    const { text, ask, world, nubmer } = await built()
    const live = (await text(`/api/builds/yaoshipu/aslan-platform/ws/logs/${nubmer}/1`)).trim().split('\n')
    expect(live.map((line) => JSON.parse(line))).toContainEqual({
      proc: 'build',
      pos: 1,
      out: 'second line of build\n',
    })
    const test = '/api/tasks/pipeline/pipeline-1/logs/realtime'
    expect((await ask('GET', test)).body).toMatchObject({ code: '6305', message: 'Get Service Inspect Error' })
    for (const key of ['build', 'deploy']) {
      world.runner.endTask(key, succeeded())
      await world.settled()
    }
    expect(await text(test)).toBe('+ test\nsecond line of test\nno end')
    expect(await text(`${test}?since=0&tail=2`)).toBe('second line of test\nno end')
    const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'pipeline-1' }, number: 1 }))
    const { index = 0 } = run.stages.flatMap(({ tasks }) => tasks).find(({ key }) => key === 'test') ?? {}
    const long = Array.from({ length: 60_000 }, (_, at) => `line ${at}\n`).join('')
    world.logs.set(`${run.id}/${index}/1`, new TextEncoder().encode(long))
    expect(await text(`${test}?tail=1`)).toBe('line 59999\n')
    expect(await text(`${test}?tail=999999`)).toBe(long)
    expect((await ask('GET', '/api/tasks/pipeline/nobody/logs/realtime')).body.code).toBe('6803')
  })

  test('of a test are searched from either end, and its report is an output', async () => {
    const { ask, world } = await built()
    const path = '/api/task/id/1/pipeline/pipeline-1/logs/search'
    expect((await ask('GET', path)).body).toMatchObject({ code: '6814' })
    for (const key of ['build', 'deploy']) {
      world.runner.endTask(key, succeeded())
      await world.settled()
    }
    const [first, second, third] = ['+ test', 'second line of test', 'no end']
    expect((await ask('GET', path)).body).toEqual([first, second, third, 'Summary: 3/3'])
    expect((await ask('GET', `${path}?tail=true&from=0&size=1`)).body).toEqual([third, 'Summary: 1/3'])
    expect((await ask('GET', `${path}?tail=true&from=1&size=1`)).body).toEqual([second, 'Summary: 1/3'])
    expect((await ask('GET', `${path}?tail=false&from=1&size=9`)).body).toEqual([second, third, 'Summary: 2/3'])
    expect((await ask('GET', `${path}?tail=perhaps`)).body).toMatchObject({
      code: '400',
      message: 'Invalid GetPipelineTestResultUrl tail Args',
    })
    const result = '/api/tasks/id/1/pipeline/pipeline-1/resulturl'
    expect((await ask('GET', result)).body.code).toBe('6813')
    world.runner.endTask('test', succeeded({ result_url: 'http://reports.example/summary.xml' }))
    await world.settled()
    expect((await ask('GET', result)).body).toBe('http://reports.example/summary.xml')
    expect((await ask('GET', result.replace('/id/1/', '/id/9/'))).body).toMatchObject({
      code: '6806',
      message: 'Get Task Error',
    })
  })
})

test('the report of a test is what a `test` step has read, where no output says another place', async () => {
  const { ask, world } = await open()
  const text = 'name: tested\ntasks: [{key: unit, role: test, test: {script: make check, reports: [junit.xml]}}]\n'
  need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
  await ask('POST', '/api/tasks', { pipeline_name: 'tested' })
  await world.settled()
  const result = '/api/tasks/id/1/pipeline/tested/resulturl'
  expect((await ask('GET', result)).body.code).toBe('6813')
  const { id, stages } = need(await world.app.runs.get(world.admin, { pipeline: { name: 'tested' }, number: 1 }))
  const counts = { errored: 0, failed: 0, skipped: 0, passed: 0 }
  world.tests.set(`${id}/${stages[0]!.tasks[0]!.index}/1`, {
    v: 1,
    counts,
    durationMs: 0,
    cases: [],
    files: ['junit.xml'],
  })
  expect((await ask('GET', result)).body).toMatch(new RegExp(`^http://.*/api/v1/runs/${id}/tests$`))
})

describe('timers', () => {
  const JOB = {
    pipeline_name: 'pipeline-1',
    repo_owner: 'yaoshipu',
    repo_name: 'aslan-platform',
    branch: 'develop',
    schedule: '@every 15s',
    enabled: true,
  }
  const triggers = async ({ world }: Client): Promise<unknown> =>
    need(await world.app.pipelines.get(world.admin, { name: 'pipeline-1' })).definition.triggers?.list ?? []

  test('are made, listed, changed and taken away, and are triggers of the pipeline while they are enabled', async () => {
    const client = await open()
    const { ask } = client
    await ask('POST', '/api/pipelines', BODY)
    const made = (await ask('POST', '/api/cron/jobs', JOB)).body
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      ...JOB,
      updated: expect.any(Number),
      creator: 'ci',
    })
    expect(await triggers(client)).toMatchObject([
      { kind: 'schedule', cron: '@every 15s', params: { branch: 'develop' } },
    ])
    expect((await ask('GET', '/api/cron/jobs')).body).toEqual([made])
    expect((await ask('GET', '/api/cron/jobs/pipeline/pipeline-1')).body).toEqual([made])
    expect((await ask('GET', '/api/cron/jobs/pipeline/other')).body).toEqual([])
    expect((await ask('GET', '/api/cron/scheduled')).body).toEqual([made])

    // The vendor's bodies say nothing of timers: they stay.
    await ask('PUT', '/api/pipelines/pipeline-1', { ...BODY, run_test: false })
    expect(await triggers(client)).toHaveLength(1)

    const six = { ...JOB, schedule: '*/10 * * * * *' }
    expect(await ask('POST', `/api/cron/jobs/${made.id}`, six)).toEqual(SUCCESS)
    // Fields are the server's local time, as there.
    expect(await triggers(client)).toMatchObject([{ cron: '*/10 * * * * *', timezone: 'Etc/GMT-8' }])
    expect(await ask('POST', `/api/cron/jobs/${made.id}`, { ...six, enabled: false })).toEqual(SUCCESS)
    expect(await triggers(client)).toEqual([])
    expect((await ask('GET', '/api/cron/scheduled')).body).toEqual([])
    expect((await ask('GET', '/api/cron/jobs')).body).toMatchObject([{ id: made.id, enabled: false }])
    expect(await ask('DELETE', `/api/cron/jobs/${made.id}`)).toEqual(SUCCESS)
    expect((await ask('GET', '/api/cron/jobs')).body).toEqual([])
    expect((await ask('DELETE', `/api/cron/jobs/${made.id}`)).body).toMatchObject({
      message: 'Delete Pipeline Job Error',
      code: '698',
    })
    expect((await ask('POST', `/api/cron/jobs/${made.id}`, six)).body).toMatchObject({
      message: 'Update Pipeline Job Error',
      code: '695',
    })
  })

  test.each(['/api/pipelines', '/api/v2/pipelines', '/api/workflow/v2/pipelines'])(
    'go with their pipeline when it is deleted under %s',
    async (base) => {
      const { ask } = await open()
      for (const name of ['pipeline-1', 'other']) {
        await ask('POST', '/api/pipelines', { ...BODY, pipeline_name: name })
        await ask('POST', '/api/cron/jobs', { ...JOB, pipeline_name: name })
      }
      expect(await ask('DELETE', `${base}/pipeline-1`)).toEqual(SUCCESS)
      expect((await ask('GET', '/api/cron/scheduled')).body).toMatchObject([{ pipeline_name: 'other' }])
      expect((await ask('GET', '/api/cron/jobs')).body).toHaveLength(1)
    },
  )

  test.each([
    ['@every 1h30m', { cron: '@every 1h30m', timezone: 'UTC' }],
    ['@hourly', { cron: '@hourly', timezone: 'Etc/GMT-8' }],
    // Its midnight is the server's, as there.
    ['@daily', { cron: '@daily', timezone: 'Etc/GMT-8' }],
    ['@midnight', { cron: '@daily', timezone: 'Etc/GMT-8' }],
    ['0 30 9 ? * MON-FRI', { cron: '0 30 9 ? * MON-FRI', timezone: 'Etc/GMT-8' }],
    [' 0 0 3 1 JAN * ', { cron: '0 0 3 1 JAN *', timezone: 'Etc/GMT-8' }],
  ])('of the schedule %s come due as robfig/cron has it', async (schedule, trigger) => {
    const client = await open()
    await client.ask('POST', '/api/pipelines', BODY)
    const made = (await client.ask('POST', '/api/cron/jobs', { ...JOB, schedule })).body
    expect(made.schedule).toBe(schedule.trim())
    expect(await triggers(client)).toMatchObject([trigger])
  })

  test('are the creator of what they have started, as a code host is', async () => {
    const { ask, world } = await open(0)
    await ask('POST', '/api/pipelines', BODY)
    await ask('POST', '/api/cron/jobs', JOB)
    world.clock.advance(16_000)
    await world.settled()
    const [queued] = (await ask('GET', '/api/queue')).body
    expect(queued.task_creator).toBe('timer')
    expect((await ask('GET', '/api/tasks/id/1/pipeline/pipeline-1')).body.task_creator).toBe('timer')
    expect((await ask('GET', '/api/status/pipelines')).body['pipeline-1'].lastest_task.task_creator).toBe('timer')
  })

  test('stay where they are when a change of them is refused', async () => {
    const client = await open()
    const { ask } = client
    await ask('POST', '/api/pipelines', BODY)
    await ask('POST', '/api/pipelines', { ...BODY, pipeline_name: 'other' })
    const made = (await ask('POST', '/api/cron/jobs', JOB)).body
    const path = `/api/cron/jobs/${made.id}`
    expect((await ask('POST', path, { ...JOB, pipeline_name: 'other', schedule: 'soon' })).body.code).toBe('695')
    expect(await triggers(client)).toHaveLength(1)
    expect((await ask('GET', '/api/cron/scheduled')).body).toEqual([made])
    expect(await ask('POST', path, { ...JOB, pipeline_name: 'other' })).toEqual(SUCCESS)
    expect(await triggers(client)).toEqual([])
    expect((await ask('GET', '/api/cron/scheduled')).body).toMatchObject([{ id: made.id, pipeline_name: 'other' }])
  })

  test('are found again when their pipeline has another name by then', async () => {
    const { ask, world } = await open()
    const text = (name: string): string => `name: ${name}\ntasks: [{name: compile, script: make}]\n`
    const { app, admin, project } = world
    const { id } = need(await app.pipelines.create(admin, { project: { id: project.id }, text: text('old') }))
    const { body } = await ask('POST', '/api/cron/jobs', { ...JOB, pipeline_name: 'old' })
    const written = need(await app.pipelines.text(admin, { id }, 2)).replace('name: old', 'name: new')
    need(await app.pipelines.update(admin, { id }, { text: written, expectedVersion: null }))
    expect(await ask('DELETE', `/api/cron/jobs/${body.id}`)).toEqual(SUCCESS)
    expect(need(await app.pipelines.get(admin, { name: 'new' })).definition.triggers).toBeNull()
  })

  test('of a pipeline that people wrote leave the rest of its text as it is', async () => {
    const { ask, world } = await open()
    const text = '# ours\nname: own\ntriggers:\n  - webhook: push\ntasks: [{name: compile, script: make}]\n'
    need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
    const made = (await ask('POST', '/api/cron/jobs', { pipeline_name: 'own', schedule: '@every 1h', enabled: true }))
      .body
    const { version, definition } = need(await world.app.pipelines.get(world.admin, { name: 'own' }))
    expect(definition.triggers?.list.map(({ kind }) => kind)).toEqual(['webhook', 'schedule'])
    expect(need(await world.app.pipelines.text(world.admin, { name: 'own' }, version))).toContain('# ours')
    await ask('DELETE', `/api/cron/jobs/${made.id}`)
    const after = need(await world.app.pipelines.get(world.admin, { name: 'own' })).definition
    expect(after.triggers?.list.map(({ kind }) => kind)).toEqual(['webhook'])
  })

  test.each([
    [{ ...JOB, schedule: 'soon' }, '694'],
    [{ ...JOB, schedule: '61 * * * * *' }, '694'],
    [{ ...JOB, schedule: '@every soon' }, '694'],
    [{ ...JOB, schedule: 'soon', enabled: false }, '694'],
    [{ ...JOB, schedule: '' }, '400'],
    [{ ...JOB, pipeline_name: 'nobody' }, '694'],
    [{ ...JOB, enabled: 'yes' }, '400'],
    [[], '400'],
  ])('of what cannot be are refused: %j', async (body, code) => {
    const { ask } = await open()
    await ask('POST', '/api/pipelines', BODY)
    const answer = await ask('POST', '/api/cron/jobs', body)
    expect([answer.status, answer.body.code]).toEqual([400, code])
  })
})

describe('users', () => {
  const UNSET = '0001-01-01T00:00:00Z'
  const USER = {
    username: 'ci',
    title: '',
    name: 'ci',
    nickname: '',
    email: '',
    roles: ['super-admin'],
    disabled: false,
    manager: '',
    team: '',
    mobile: '',
    mobile2: '',
    office: '',
    join_at: UNSET,
    number: 0,
    nation: '',
    created_at: UNSET,
    updated_at: UNSET,
    last_active_ip: '',
    last_active_at: UNSET,
    parents: [],
  }

  test('who is signed in is told who that is, field by field as in the page of the current user', async () => {
    const { ask } = await open()
    const { body } = await ask('GET', '/api/user/overview')
    expect(body).toEqual(USER)
    expect(Object.keys(body)).toEqual(Object.keys(USER))
    expect((await ask('GET', '/api/roles')).body).toEqual(['user', 'power-user', 'admin', 'super-admin'])
  })

  test('an admin sees all of them, nobody else does', async () => {
    const { ask, world, asked } = await open()
    const at = { created_at: expect.stringMatching(/\+08:00$/), updated_at: expect.stringMatching(/\+08:00$/) }
    const input = { name: 'li', password: null, role: 'viewer', projects: null } as const
    const { id } = need(await world.app.users.create(world.admin, input))
    const { body } = await ask('GET', '/api/users')
    expect(body).toContainEqual({ ...USER, ...at })
    expect(body).toContainEqual({ ...USER, ...at, username: 'li', name: 'li', roles: ['user'] })
    const li = { ...world.admin, user: { id, name: 'li' }, role: 'viewer' } as const
    const { token } = await world.app.access.issueToken(li, 'test', null)
    const refused = await asked('/api/users', { Authorization: `X-API-KEY ${token}` })
    expect([refused.status, await refused.json()]).toEqual([
      403,
      { message: 'Forbidden', code: '403', description: expect.any(String) },
    ])
  })
})

test.each([
  ['/api/pipelines', 'Invalid Pipeline Args'],
  ['/api/tasks', 'Invalid Pipeline Args'],
  ['/api/cron/jobs', 'Invalid PipelineJob Args'],
])('a body that cannot be read is called what the page of %s calls it', async (path, message) => {
  const { world } = await open()
  const handle = koderover.create(world.app, DIALECT_OPTIONS)
  const headers = { Authorization: `X-API-KEY ${world.credentials.token}` }
  for (const body of ['{', '[1', '\ud800', new Uint8Array([0xff])]) {
    const response = await handle(new Request(`${DIALECT_OPTIONS.baseUrl}${path}`, { method: 'POST', headers, body }))
    expect([response.status, await response.json()]).toEqual([
      400,
      { message, code: '400', description: expect.any(String) },
    ])
  }
})
