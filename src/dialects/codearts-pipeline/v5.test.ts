import { beforeEach, describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { exited, ScriptedRunner, succeeded } from '../../testing/scripted-runner.ts'
import { BASE, type Body, codeartsClient, type CodeartsClient } from '../../testing/codearts-client.ts'
import { AUTO, checkpoint, dto, job, shell, stage } from '../../testing/codearts-documents.ts'
import { openWorld, type World } from '../../testing/world.ts'

let world: World
let handle: CodeartsClient['handle']
let call: CodeartsClient['send']
let good: CodeartsClient['good']
let create: CodeartsClient['create']
let start: CodeartsClient['start']
let detail: CodeartsClient['detail']
beforeEach(async () => {
  world = await openWorld({
    runner: new ScriptedRunner(10),
    check: (text, file) => parseDefinition(text, file, stepSpecs),
  })
  ;({ handle, send: call, good, create, start, detail } = codeartsClient(world))
})

const api = (): string => `/v5/${world.project.id}/api`

const twoStages = () => [
  stage('Build', [
    job('JOB_AAAAA', [shell('make'), shell('make test')]),
    job('JOB_BBBBB', [shell('lint')], { depends_on: ['JOB_AAAAA'] }),
  ]),
  stage('Gate', [job('JOB_CCCCC', [checkpoint(world.admin.user.id)])]),
]

describe('a pipeline', () => {
  test('shows flags of variables that came as text as what they mean', async () => {
    const flags = { is_secret: 'false', is_runtime: 'true', is_reset: 'false' }
    const given = dto(twoStages(), { variables: [{ name: 'TAG', value: 'v1', ...flags }] })
    const { pipeline_id: id } = await good('POST', '/pipelines', given)
    const shown = await good('GET', `/pipelines/${id}`)
    expect(shown.variables).toMatchObject([{ name: 'TAG', is_secret: false, is_runtime: true, is_reset: false }])
  })

  test('comes back as it was given', async () => {
    const given = dto(twoStages(), {
      sources: [
        { type: 'code', params: { git_type: 'codehub', git_url: 'https://example.com/a.git', default_branch: 'main' } },
      ],
      variables: [{ name: 'TAG', type: 'string', value: 'v1', is_runtime: true, description: 'the tag' }],
      schedules: [
        {
          type: 'periodic',
          name: 'night',
          enable: true,
          days_of_week: [2, 3],
          time_zone: 'China Standard Time',
          start_time: '18:51',
          end_time: '19:27',
          interval_time: '3600',
          interval_unit: 's',
        },
      ],
      triggers: [
        { git_url: 'https://example.com/a.git', git_type: 'codehub', events: [{ type: 'push', enable: true }] },
      ],
      concurrency_control: { concurrency_number: 1, exceed_action: 'QUEUE', enable: true },
    })
    const { pipeline_id: id } = await good('POST', '/pipelines', given)
    const shown = await good('GET', `/pipelines/${id}`)
    expect(shown).toMatchObject({
      id,
      name: 'web',
      description: 'test',
      is_publish: false,
      manifest_version: '3.0',
      definition: given.definition,
      sources: (given as Body).sources,
      schedules: (given as Body).schedules,
      triggers: (given as Body).triggers,
      concurrency_control: { concurrency_number: 1, exceed_action: 'QUEUE', enable: true },
      variables: [{ name: 'TAG', value: 'v1', sequence: null, is_secret: false, limits: [] }],
      banned: false,
      project_id: world.project.id,
      creator_name: 'ci',
      create_time: expect.any(Number),
    })
    // As read-modify-write clients do it.
    expect(await good('PUT', `/pipelines/${id}`, { ...shown, name: 'web-2' })).toEqual({ pipeline_id: id })
    expect(await good('GET', `/pipelines/${id}`)).toMatchObject({ name: 'web-2', definition: given.definition })
    expect(await good('DELETE', `/pipelines/${id}`)).toEqual({ pipeline_id: id })
    expect(await call('GET', `${api()}/pipelines/${id}`)).toMatchObject({
      status: 404,
      body: { error_code: 'DEVPIPE.00011401' },
    })
  })

  test('runs step after step, job after job, and waits for its review', async () => {
    const id = await create(twoStages())
    const run = await start(id)
    expect(world.runner.jobs.map(({ env }) => env['MILLRACE_TASK'])).toEqual(['JOB_AAAAA-1'])
    expect(await detail(id)).toMatchObject({
      id: run,
      status: 'RUNNING',
      run_number: 1,
      trigger_type: 'Manual',
      stages: [
        {
          name: 'Build',
          identifier: '1749524616050e405ad46-29bf-4944-964b-Build',
          status: 'RUNNING',
          pre: [],
          jobs: [
            {
              identifier: 'JOB_AAAAA',
              name: 'AAAAA',
              status: 'RUNNING',
              condition: '${{ default() }}',
              resource: '{"type":"system","arch":"x86"}',
              steps: [
                {
                  status: 'RUNNING',
                  task: 'official_shell_plugin',
                  inputs: [{ key: 'OFFICIAL_SHELL_SCRIPT_INPUT', value: 'make' }],
                },
                { status: 'INIT' },
              ],
            },
            { identifier: 'JOB_BBBBB', status: 'INIT', depends_on: ['JOB_AAAAA'] },
          ],
        },
        { name: 'Gate', status: 'INIT' },
      ],
    })
    for (const task of ['JOB_AAAAA-1', 'JOB_AAAAA-2', 'JOB_BBBBB']) {
      world.runner.endTask(task, succeeded())
      await world.settled()
    }
    const waiting = await detail(id, run)
    expect(waiting).toMatchObject({ status: 'SUSPEND', stages: [{ status: 'COMPLETED' }, { status: 'SUSPEND' }] })
    const [review] = waiting.stages[1].jobs
    const at = `/pipelines/${id}/pipeline-runs/${run}/jobs/${review.id}/steps/${review.steps[0].id}`
    expect(await good('POST', `${at}/pass`)).toEqual({ success: true })
    await world.settled()
    expect(await detail(id, run)).toMatchObject({ status: 'COMPLETED', end_time: expect.any(Number) })
    expect(await call('POST', `${api()}${at}/pass`)).toMatchObject({
      status: 400,
      body: { error_code: 'DEVPIPE.00010409' },
    })
  })

  test('is refused by a review, and tried again after a failure', async () => {
    const id = await create([
      stage('One', [job('JOB_A', [shell('true')])]),
      stage('Gate', [job('JOB_R', [checkpoint('')])]),
    ])
    const run = await start(id)
    world.runner.endTask('JOB_A', exited(3))
    await world.settled()
    expect(await detail(id, run)).toMatchObject({
      status: 'FAILED',
      stages: [
        { status: 'FAILED', jobs: [{ status: 'FAILED', message: 'the process exited with code 3' }] },
        { status: 'INIT' },
      ],
    })
    expect(await good('PUT', `/pipelines/${id}/pipeline-runs/${run}/retry`)).toEqual({ success: true })
    await world.settled()
    world.runner.endTask('JOB_A', succeeded())
    await world.settled()
    const [review] = (await detail(id, run)).stages[1].jobs
    expect(
      await good('POST', `/pipelines/${id}/pipeline-runs/${run}/jobs/${review.id}/steps/${review.id}/refuse`, {}),
    ).toEqual({
      success: true,
    })
    await world.settled()
    expect(await detail(id, run)).toMatchObject({ status: 'FAILED' })
  })

  test('is tried again in the jobs that a client names', async () => {
    const jobs = ['A', 'B', 'C'].map((name) => job(`JOB_${name}`, [shell('true')]))
    const id = await create([stage('One', jobs)])
    const run = await start(id)
    world.runner.endTask('JOB_A', exited(3))
    world.runner.endTask('JOB_B', succeeded())
    world.runner.endTask('JOB_C', exited(4))
    await world.settled()
    const states = async (): Promise<readonly string[]> =>
      (await detail(id, run)).stages[0].jobs.map(({ status }: Body) => status)
    const [a, b, c] = (await detail(id, run)).stages[0].jobs.map((one: Body) => one.id)
    const retry = (job_run_ids: readonly string[]) =>
      call('PUT', `${api()}/pipelines/${id}/pipeline-runs/${run}/retry`, { repo_https_url: '', job_run_ids })
    expect(await retry([b])).toMatchObject({ status: 400, body: { error_code: 'DEVPIPE.00010409' } })
    expect(await retry([a, 'nobody'])).toMatchObject({ status: 404 })
    expect(await states()).toEqual(['FAILED', 'COMPLETED', 'FAILED'])
    expect(await retry([a])).toEqual({ status: 200, body: { success: true } })
    await world.settled()
    expect(await states()).toEqual(['RUNNING', 'COMPLETED', 'FAILED'])
    world.runner.endTask('JOB_A', succeeded())
    await world.settled()
    expect(await retry([c])).toMatchObject({ status: 200 })
    await world.settled()
    world.runner.endTask('JOB_C', succeeded())
    await world.settled()
    expect(await detail(id, run)).toMatchObject({ status: 'COMPLETED' })
  })

  test('is found by its number, and keeps what was said when it was decided', async () => {
    const id = await create([stage('Gate', [job('JOB_R', [checkpoint('')])])])
    const first = await start(id)
    await start(id)
    const byNumber = (number: string): Promise<{ status: number; body: Body }> =>
      call('GET', `${api()}/pipelines/${id}/pipeline-runs/detail?pipeline_run_number=${number}`)
    expect(await byNumber('1')).toMatchObject({ status: 200, body: { id: first, run_number: 1 } })
    expect((await byNumber('2')).body.run_number).toBe(2)
    expect(await byNumber('3')).toMatchObject({ status: 404 })
    expect(await byNumber('x')).toMatchObject({ status: 400 })
    const [review] = (await detail(id, first)).stages[0].jobs
    const step = `/pipelines/${id}/pipeline-runs/${first}/jobs/${review.id}/steps/${review.id}`
    await good('POST', `${step}/pass?approval_description=seen%20and%20good`)
    const run = await world.app.runs.get(world.admin, { id: first })
    expect(run.ok && run.value.stages[0]?.tasks[0]?.review?.decisions).toMatchObject([{ comment: 'seen and good' }])
  })

  test('is decided by an administrator for approvers whom this server does not know', async () => {
    const id = await create([stage('Gate', [job('JOB_R', [checkpoint('f4f5e24cf69b4a4a8ef2a0ef4ea2a4ab,wang')])])])
    const run = await start(id)
    const [{ id: step }] = (await detail(id, run)).stages[0].jobs
    const pass = `/pipelines/${id}/pipeline-runs/${run}/jobs/${step}/steps/${step}/pass`
    const { credentials } = world.host
    const operator = {
      name: 'operator',
      domain: 'example',
      password: 'a long one of an operator',
      role: 'operator',
    } as const
    const { token } = await credentials.issueToken(await credentials.addUser(operator), 'operator', null)
    const request = new Request(`${BASE}${api()}${pass}`, { method: 'POST', headers: { 'X-Auth-Token': token } })
    expect((await handle(request)).status).toBe(403)
    expect(await good('POST', pass)).toEqual({ success: true })
    expect(await detail(id, run)).toMatchObject({ status: 'SUSPEND' })
    expect(await good('POST', pass)).toEqual({ success: true })
    await world.settled()
    expect(await detail(id, run)).toMatchObject({ status: 'COMPLETED' })
  })

  test('with a stage that is begun by hand waits for that', async () => {
    const manual = { ...AUTO, task: 'official_devcloud_manualTrigger' }
    const id = await create([stage('One', [job('JOB_A', [shell('true')])], { pre: [manual] })])
    const run = await start(id)
    const shown = await detail(id, run)
    expect(shown).toMatchObject({
      status: 'SUSPEND',
      stages: [{ pre: [{ task: 'official_devcloud_manualTrigger', status: 'SUSPEND' }], jobs: [{ status: 'INIT' }] }],
    })
    const step = shown.stages[0].pre[0].id
    expect(await good('POST', `/pipelines/${id}/pipeline-runs/${run}/steps/${step}/manual/pass`)).toEqual({
      success: true,
    })
    await world.settled()
    expect(await detail(id, run)).toMatchObject({ status: 'RUNNING', stages: [{ pre: [{ status: 'COMPLETED' }] }] })
  })

  test('without stages is over at once, until it is filled', async () => {
    const id = await create([])
    await start(id)
    expect(await detail(id)).toMatchObject({ status: 'COMPLETED', stages: [] })
    await good('PUT', `/pipelines/${id}`, dto([stage('One', [job('JOB_A', [shell('true')])])]))
    await start(id)
    expect(await detail(id)).toMatchObject({ status: 'RUNNING', run_number: 2, stages: [{ name: 'One' }] })
  })

  test('that another way made is shown in the same form, and can be taken back', async () => {
    const made = await world.app.pipelines.create(world.admin, {
      project: { id: world.project.id },
      text: JSON.stringify({
        name: 'native',
        params: { tag: 'v1', target: { options: ['test', 'live'], default: 'test' } },
        stages: [
          {
            name: 'Build',
            tasks: [
              { key: 'a', script: 'make' },
              { key: 'b', git: { url: 'https://example.com/x.git' }, needs: 'a' },
            ],
          },
          { name: 'Go', tasks: [{ key: 'r', uses: 'approval', with: { question: 'Go?' } }] },
        ],
      }),
    })
    if (!made.ok) throw new Error(made.problem.message)
    const { id } = made.value
    const shown = await good('GET', `/pipelines/${id}`)
    expect(JSON.parse(shown.definition)).toMatchObject({
      stages: [
        {
          name: 'Build',
          jobs: [
            { steps: [{ task: 'official_shell_plugin' }] },
            { depends_on: ['a'], steps: [{ task: 'millrace_git' }] },
          ],
        },
        { jobs: [{ steps: [{ task: 'official_devcloud_checkpoint' }] }] },
      ],
    })
    expect(shown.variables).toMatchObject([
      { name: 'tag', type: 'string' },
      { name: 'target', type: 'enum', limits: ['test', 'live'] },
    ])
    const run = await start(id)
    expect(await detail(id, run)).toMatchObject({ stages: [{ jobs: [{ status: 'RUNNING' }, { status: 'INIT' }] }, {}] })
    expect(await good('PUT', `/pipelines/${id}`, { ...shown, name: 'again' })).toEqual({ pipeline_id: id })
    const again = await start(id)
    for (const _ of [1, 2]) world.runner.endTask('a', succeeded())
    await world.settled()
    expect(await detail(id, again)).toMatchObject({
      stages: [{ jobs: [{ status: 'COMPLETED' }, { status: 'RUNNING' }] }, {}],
    })
  })
})
