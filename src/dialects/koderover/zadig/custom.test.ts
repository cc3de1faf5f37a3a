import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { type Body, open } from '../../../testing/koderover-client.ts'
import { succeeded } from '../../../testing/scripted-runner.ts'
import { need } from '../../../testing/world.ts'

// Custom workflows of Zadig 1.13 and later, as the portal makes, runs and reads them.

const BASE = '/api/aslan/workflow/v4'
const SUCCESS = { status: 200, body: { message: 'success' } }
const TEXT = `
name: release
display_name: Release
project: default
description: made in YAML
concurrency_limit: 2
params:
  - {name: MODE, type: string, value: fast, default: '', is_credential: false}
  - {name: TOKEN, type: string, value: hunter2, is_credential: true}
stages:
  - name: build
    parallel: true
    jobs:
      - name: compile
        type: zadig-build
        spec: {service_and_builds: [{service_name: web, service_module: web}]}
      - name: note
        type: freestyle
        spec:
          properties: {timeout: 5, envs: [{key: WHO, value: li, is_credential: false}]}
          steps:
            - {name: shell, type: shell, spec: {scripts: ['echo "$WHO $MODE"', 'make note']}}
      - {name: later, type: freestyle, skipped: true, spec: {}}
  - name: go
    approval:
      enabled: true
      type: native
      description: Go?
      native_approval: {timeout: 60, needed_approvers: 1, approve_users: [{user_name: ci}]}
    jobs:
      - {name: put, type: custom-deploy, spec: {}}
      - {name: tell, type: jira, spec: {}}
`

const workflow = (changes: object = {}): Body => ({ ...parse(TEXT), ...changes })

test('a custom workflow is made in YAML, read in YAML, changed, listed and taken away', async () => {
  const { ask, send, world } = await open()
  expect((await ask('POST', `${BASE}?projectName=default`, 'a: [')).body.code).toBe(400)
  expect((await ask('POST', `${BASE}?projectName=default`, 'a text')).body.code).toBe(400)
  expect(await ask('POST', `${BASE}?projectName=default`, TEXT)).toEqual(SUCCESS)
  const answer = await send(`${BASE}/name/release`)
  expect(answer.headers.get('content-type')).toBe('application/x-yaml; charset=utf-8')
  const text = await answer.text()
  expect(text).not.toContain('hunter2')
  const shown = parse(text)
  expect(shown).toMatchObject({
    name: 'release',
    display_name: 'Release',
    project: 'default',
    concurrency_limit: 2,
    params: [
      { name: 'MODE', value: 'fast' },
      { name: 'TOKEN', value: '********', is_credential: true },
    ],
    stages: workflow().stages,
    created_by: 'ci',
    create_time: expect.any(Number),
  })
  // The YAML has no id and no hooks: their tags there are `-`.
  expect((await ask('GET', `${BASE}/preset/release`)).body).toMatchObject(shown)
  expect(Object.keys(shown)).not.toContain('hook_ctl')
  // Put back as it was shown, the secret is what it was.
  expect(await ask('PUT', `${BASE}/release`, { ...shown, description: 'changed' })).toEqual(SUCCESS)
  await ask('POST', `${BASE}/workflowtask`, { name: 'release', params: [] })
  expect(world.runner.jobs.find(({ env }) => env['MILLRACE_TASK'] === 'note')?.env).toMatchObject({
    MODE: 'fast',
    TOKEN: 'hunter2',
    WHO: 'li',
  })
  expect((await ask('GET', `${BASE}?project=default&page_num=1&page_size=10`)).body).toMatchObject({
    total: 1,
    workflow_list: [
      {
        name: 'release',
        projectName: 'default',
        description: 'changed',
        workflow_type: 'custom',
        enabledStages: ['build', 'go'],
        recentTask: { taskID: 1, status: 'running' },
      },
    ],
  })
  expect((await ask('GET', `${BASE}?project=nobody`)).body).toEqual({ workflow_list: [], total: 0 })
  expect((await ask('DELETE', `${BASE}/nowhere`)).body.code).toBe(6543)
  expect((await ask('POST', BASE, workflow())).body.code).toBe(6540)
  expect(await ask('POST', BASE, workflow({ name: 'other' }))).toEqual(SUCCESS)
  expect(await ask('DELETE', `${BASE}/other`)).toEqual(SUCCESS)
  expect((await ask('GET', `${BASE}/name/other`)).body.code).toBe(6542)
  // What is at work is cancelled then, as there.
  expect(await ask('DELETE', `${BASE}/release`)).toEqual(SUCCESS)
  expect((await ask('GET', `${BASE}/name/release`)).body.code).toBe(6542)
})

test('its jobs run side by side or one after another, behind their approval, and have logs by their names', async () => {
  const { ask, world } = await open()
  await ask('POST', BASE, workflow())
  await ask('POST', `${BASE}/workflowtask`, { name: 'release', params: [{ name: 'MODE', value: 'slow' }] })
  const running = () => world.runner.jobs.map(({ env }) => env['MILLRACE_TASK'])
  expect(running()).toEqual(['compile', 'note'])
  expect(world.runner.jobs[0]).toMatchObject({
    with: { script: expect.stringContaining('.koderover/build.sh') },
    env: { SERVICE: 'web', MODE: 'slow' },
  })
  expect(world.runner.jobs[1]?.with).toMatchObject({
    shell: 'bash',
    script: 'set +e +o pipefail; export WORKSPACE="$PWD"\necho "$WHO $MODE"\nmake note',
  })
  const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'release' }, number: 1 }))
  const note = run.stages.flatMap(({ tasks }) => tasks).find(({ key }) => key === 'note')
  world.logs.set(`${run.id}/${note?.index}/1`, new TextEncoder().encode('noted\n'))
  for (const key of ['compile', 'note']) world.runner.endTask(key, succeeded())
  await world.settled()
  expect(running()).toEqual([])
  const logs = '/api/aslan/logs/log/v4/workflow/release/tasks/1/jobs'
  expect(await ask('GET', `${logs}/note`)).toEqual({ status: 200, body: 'noted\n' })
  expect(await ask('GET', `${logs}/nobody`)).toEqual({ status: 200, body: '' })
  const path = `${BASE}/workflowtask/workflow/release/task/1`
  const stages = (await ask('GET', path)).body.stages
  expect(stages.map(({ name, status }: Body) => [name, status])).toEqual([
    ['build', 'passed'],
    ['go', 'wait_for_approval'],
  ])
  expect(stages[1].jobs.map(({ name }: Body) => name)).toEqual(['put', 'tell'])
  expect(stages[1].approval).toMatchObject({
    enabled: true,
    native_approval: { needed_approvers: 1, timeout: 60, approve_users: [{ user_name: 'ci' }] },
  })
  const decision = { workflow_name: 'release', stage_name: 'go', task_id: 1, approve: true, comment: '' }
  expect(await ask('POST', `${BASE}/workflowtask/approve`, decision)).toEqual(SUCCESS)
  expect(running()).toEqual(['put'])
  world.runner.endTask('put', succeeded())
  await world.settled()
  expect((await ask('GET', path)).body.status).toBe('passed')
})

test.each([
  ['a job of another name', { stages: [{ name: 'a', jobs: [{ name: 'No!', type: 'freestyle' }] }] }],
  ['two jobs of one name', { stages: [{ name: 'a', jobs: [{ name: 'a' }, { name: 'a' }] }] }],
  ['no name', { name: '' }],
  ['stages that are no list', { stages: {} }],
])('%s is refused', async (_, changes) => {
  const { ask } = await open()
  expect((await ask('POST', BASE, workflow(changes))).body.code).toBe(400)
})

test('another workflow starts it, a task is taken for the next one as it was started, and streams tell of all', async () => {
  const { ask, send, world } = await open()
  await ask('POST', BASE, workflow())
  const started = await ask('POST', `${BASE}/workflowtask/trigger?triggerName=nightly`, {
    name: 'release',
    project: 'default',
    params: [{ name: 'MODE', value: 'slow' }],
  })
  expect(started).toEqual({ status: 200, body: { project_name: 'default', workflow_name: 'release', task_id: 1 } })
  const { body } = await ask('GET', `${BASE}/workflowtask/clone/workflow/release/task/1?projectName=default`)
  expect(body).toMatchObject({
    name: 'release',
    params: [
      { name: 'MODE', value: 'slow' },
      { name: 'TOKEN', value: '********', is_credential: true },
    ],
    stages: workflow().stages,
  })
  // Sent as it came, it starts the same again: stars are still the secret.
  await ask('POST', `${BASE}/workflowtask`, body)
  const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'release' }, number: 2 }))
  expect(run.params.find(({ name }) => name === 'MODE')?.value).toBe('slow')
  const viewed = await ask('GET', `${BASE}/workflowtask/view/workflow/release/task/1?projectName=default`)
  expect(viewed.body).toEqual(body)
  expect((await ask('GET', `${BASE}/workflowtask/clone/workflow/release/task/9`)).body.code).toBe(6161)
  // Two at once is what it may be.
  await ask('POST', `${BASE}/workflowtask`, body)
  for (const [queue, ids] of [
    ['running', [1, 2]],
    ['pending', [3]],
  ] as const) {
    const response = await send(`/api/aslan/workflow/sse/workflowTasks/${queue}`)
    const reader = response.body?.getReader()
    const first = new TextDecoder().decode((await reader?.read())?.value)
    await reader?.cancel()
    const [, data = ''] = /^event:message\ndata:(.*)\n\n$/.exec(first) ?? []
    expect(JSON.parse(data).map(({ task_id }: Body) => task_id)).toEqual(ids)
  }
})

test('what a review has rejected is `reject`, can be retried, and is cancelled as often as somebody asks', async () => {
  const { ask, world } = await open()
  await ask('POST', BASE, workflow({ stages: workflow().stages.slice(1) }))
  await ask('POST', `${BASE}/workflowtask`, { name: 'release' })
  const path = `${BASE}/workflowtask/workflow/release/task/1`
  const again = `${BASE}/workflowtask/retry/workflow/release/task/1`
  const running = await ask('POST', again)
  expect([running.status, running.body.code, running.body.description]).toEqual([400, 6164, '工作流任务状态无法重试'])
  const decision = { workflow_name: 'release', stage_name: 'go', task_id: 1, approve: false, comment: 'no' }
  expect(await ask('POST', `${BASE}/workflowtask/approve`, decision)).toEqual(SUCCESS)
  expect((await ask('GET', path)).body).toMatchObject({ status: 'reject', stages: [{ status: 'reject' }] })
  const [brief] = (await ask('GET', '/openapi/workflows/custom/release/tasks?projectKey=default')).body.workflow_tasks
  expect(brief.status).toBe('reject')
  const listed = async (words: string): Promise<unknown> => {
    const query = `workflow_name=release&queryType=taskStatus&filters=${words}`
    const { body } = await ask('GET', `${BASE}/workflowtask?${query}`)
    return [body.total, body.workflow_list.map(({ task_id }: Body) => task_id)]
  }
  expect(await listed('reject')).toEqual([1, [1]])
  expect(await listed('failed')).toEqual([0, []])
  expect(await listed('failed,reject')).toEqual([1, [1]])
  expect(await ask('POST', again)).toEqual(SUCCESS)
  expect((await ask('GET', path)).body.status).toBe('wait_for_approval')
  expect(await listed('wait_for_approval')).toEqual([1, [1]])
  expect(await listed('running,passed')).toEqual([0, []])
  for (let times = 0; times < 2; times += 1) expect(await ask('DELETE', path)).toEqual(SUCCESS)
  await world.settled()
  expect((await ask('GET', path)).body.status).toBe('cancelled')
})

test('a name that Zadig would not take is refused', async () => {
  const { ask } = await open()
  const { body } = await ask('POST', BASE, workflow({ name: 'Bad name!' }))
  expect([body.code, body.description]).toEqual([6540, '工作流标识支持大小写字母、数字和中划线'])
})

test('a stage that is begun by hand waits for somebody who may: the task is `pause` until then', async () => {
  const { ask, world } = await open()
  const manual_exec = { enabled: true, modify_params: false, manual_exec_users: [{ user_name: 'ci', type: 'user' }] }
  const [build, go] = workflow().stages
  await ask(
    'POST',
    BASE,
    workflow({
      stages: [
        { ...build, approval: null },
        { ...go, approval: null, manual_exec },
      ],
    }),
  )
  await ask('POST', `${BASE}/workflowtask`, { name: 'release' })
  const path = `${BASE}/workflowtask/workflow/release/task/1`
  const begin = (stage: string) =>
    ask('POST', `${BASE}/workflowtask/manualexec/workflow/release/task/1?projectName=default&stageName=${stage}`, {
      jobs: [],
    })
  expect((await begin('go')).body.description).toBe('工作流任务状态无法手动执行')
  for (const key of ['compile', 'note']) world.runner.endTask(key, succeeded())
  await world.settled()
  const { status, stages } = (await ask('GET', path)).body
  expect([status, stages[1].status, stages[1].approval]).toEqual(['pause', 'pause', null])
  expect(stages[1].manual_exec).toEqual(manual_exec)
  expect(stages[1].jobs.map(({ name }: Body) => name)).toEqual(['put', 'tell'])
  expect(world.runner.jobs).toEqual([])
  const query = 'workflow_name=release&queryType=taskStatus&filters=pause'
  expect((await ask('GET', `${BASE}/workflowtask?${query}`)).body.total).toBe(1)
  const decision = { workflow_name: 'release', stage_name: 'go', task_id: 1, approve: true, comment: '' }
  expect((await ask('POST', `${BASE}/workflowtask/approve`, decision)).body.code).toBe(6169)
  expect((await begin('build')).body.code).toBe(6169)
  expect(await begin('go')).toEqual(SUCCESS)
  world.runner.endTask('put', succeeded())
  await world.settled()
  const after = (await ask('GET', path)).body
  expect([after.status, after.stages[1].manual_exec.manual_exector_name]).toEqual(['passed', 'ci'])
})
