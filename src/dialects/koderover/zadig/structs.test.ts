// Every answer of Zadig's generation, of runs in every state, held to the structs that its own clients of Go read it
// into (test/fixtures/koderover/zadig.models): a value of another type there fails the whole answer.
import { describe, expect, test } from 'vitest'
import { SdkModels } from '../../../../test/support/sdk-models.ts'
import type { StageSpec } from '../../../model/definition.ts'
import { definition, review, script, stage } from '../../../testing/definitions.ts'
import { type Body, type Client, open } from '../../../testing/koderover-client.ts'
import { exited, succeeded } from '../../../testing/scripted-runner.ts'
import { need } from '../../../testing/world.ts'

const models = SdkModels.ofFixture('koderover/zadig.models')

const ASLAN = '/api/aslan/workflow'
const ENVS = [
  { key: 'MODE', value: 'fast', is_credential: false },
  { key: 'PASSWORD', value: 'hunter2', is_credential: true },
]
const SINGLE = {
  name: 'single',
  enabled: true,
  description: 'all kinds of work',
  schedules: { enabled: true, items: [{ type: 'crontab', cron: '0 3 * * *', enabled: true }] },
  hook: { enabled: false, git_hooks: [] },
  sub_tasks: [
    {
      type: 'buildv2',
      enabled: true,
      service_name: 'web',
      timeout: 600,
      job_ctx: {
        builds: [{ repo_owner: 'li', repo_name: 'app', branch: 'main' }],
        build_steps: [{ type: 'shell', scripts: 'make' }],
        envs: ENVS,
      },
    },
    { type: 'deploy', enabled: true, service_name: 'web', env_name: 'dev' },
    { type: 'testingv2', enabled: true, test_name: 'smoke' },
    { type: 'jira', enabled: false },
  ],
}
const WORKFLOW = {
  name: 'product',
  product_tmpl_name: 'default',
  enabled: true,
  env_name: 'dev',
  build_stage: {
    enabled: true,
    modules: [{ target: { product_name: 'default', service_name: 'web', service_module: 'web' } }],
  },
  test_stage: { enabled: true, tests: [{ test_name: 'smoke' }] },
  distribute_stage: { enabled: true },
  schedules: { enabled: false, items: [{ cron: '0 3 * * *' }] },
}
const CUSTOM = {
  name: 'custom',
  project: 'default',
  params: [{ name: 'MODE', value: 'fast' }],
  stages: [
    {
      name: 'build',
      parallel: true,
      jobs: [
        { name: 'compile', type: 'zadig-build', spec: { service_and_builds: [{ service_module: 'web' }] } },
        { name: 'check', type: 'zadig-scanning', spec: { steps: [{ type: 'shell', spec: { script: 'true' } }] } },
        { name: 'try', type: 'zadig-test', spec: { steps: [{ type: 'shell', spec: { script: 'true' } }] } },
      ],
    },
    {
      name: 'go',
      approval: {
        enabled: true,
        native_approval: { approve_users: [{ user_name: 'ci' }], needed_approvers: 1, timeout: 60 },
      },
      jobs: [{ name: 'put', type: 'zadig-deploy', spec: { service_and_images: [{ service_module: 'web' }] } }],
    },
  ],
}
/** Made by our own API, with all types of params. */
const NATIVE: readonly StageSpec[] = [
  stage('build', [script('compile'), script('image')]),
  stage('ask', [review('agree')]),
]

async function all(): Promise<Client> {
  const client = await open()
  const { ask, world } = client
  await ask('POST', `${ASLAN}/v2/pipelines`, SINGLE)
  await ask('POST', `${ASLAN}/workflow`, WORKFLOW)
  await ask('POST', `${ASLAN}/v4`, CUSTOM)
  await ask('POST', `${ASLAN}/v4/cron/custom`, { job_type: 'crontab', cron: '0 4 * * *', enabled: false })
  const seen = [{ workflow_name: 'custom', workflow_type: 'custom', enabled: true }]
  await ask('POST', `${ASLAN}/view`, { name: 'seen', project_name: 'default', workflows: seen })
  const params = [
    { name: 'count', type: 'number' as const, default: 3 },
    { name: 'loud', type: 'boolean' as const, default: true },
  ]
  await world.pipeline(definition({ name: 'native', stages: NATIVE, params: params.map(paramSpec) }))
  return client
}
const paramSpec = (param: { name: string; type: 'number' | 'boolean'; default: number | boolean }) => ({
  description: '',
  required: false,
  options: [],
  ...param,
})

const NAMES = ['single', 'product', 'custom', 'native'] as const

const answers = (name: string): readonly (readonly [operation: string, path: string])[] => [
  ['GET /api/workflow/v2/tasks/id/:id/pipelines/:name', `${ASLAN}/v2/tasks/id/1/pipelines/${name}`],
  [
    'GET /api/workflow/v2/tasks/max/:max/start/:start/pipelines/:name',
    `${ASLAN}/v2/tasks/max/9/start/0/pipelines/${name}`,
  ],
  ['GET /api/workflow/workflowtask/id/:id/pipelines/:name', `${ASLAN}/workflowtask/id/1/pipelines/${name}`],
  [
    'GET /api/workflow/workflowtask/max/:max/start/:start/pipelines/:name',
    `${ASLAN}/workflowtask/max/9/start/0/pipelines/${name}`,
  ],
  ['GET /api/workflow/v4/workflowtask', `${ASLAN}/v4/workflowtask?workflow_name=${name}`],
  [
    'GET /api/workflow/v4/workflowtask/workflow/:workflowName/task/:taskID',
    `${ASLAN}/v4/workflowtask/workflow/${name}/task/1`,
  ],
  ['GET /openapi/workflows/custom/task', `/openapi/workflows/custom/task?taskId=1&workflowKey=${name}`],
  ['GET /openapi/workflows/custom/:name/tasks', `/openapi/workflows/custom/${name}/tasks?projectKey=default`],
  ['GET /openapi/workflows/product/:name/task/:taskID', `/openapi/workflows/product/${name}/task/1?projectKey=default`],
  ['GET /api/directory/workflowTask/id/:id/pipelines/:name', `/api/directory/workflowTask/id/1/pipelines/${name}`],
]

const STARTS = [
  ['POST /api/workflow/v2/tasks', `${ASLAN}/v2/tasks`, { pipeline_name: 'single' }],
  ['POST /api/workflow/workflowtask', `${ASLAN}/workflowtask`, { workflow_name: 'product' }],
  ['POST /api/workflow/v4/workflowtask', `${ASLAN}/v4/workflowtask`, { name: 'custom' }],
  ['POST /api/directory/workflowTask/create', '/api/directory/workflowTask/create', { workflow_name: 'product' }],
] as const

const DEFINITIONS = [
  ...NAMES.flatMap((name) => [
    ['GET /api/workflow/v2/pipelines/:name', `${ASLAN}/v2/pipelines/${name}`] as const,
    ['GET /api/workflow/workflow/find/:name', `${ASLAN}/workflow/find/${name}`] as const,
    ['GET /api/workflow/v4/preset/:name', `${ASLAN}/v4/preset/${name}`] as const,
    [
      'GET /api/workflow/workflowtask/preset/:namespace/:workflowName',
      `${ASLAN}/workflowtask/preset/dev/${name}`,
    ] as const,
    [
      'GET /openapi/workflows/custom/:name/detail',
      `/openapi/workflows/custom/${name}/detail?projectKey=default`,
    ] as const,
  ]),
  ['GET /api/workflow/v4/cron', `${ASLAN}/v4/cron?workflowName=custom`],
  ['GET /openapi/workflows', '/openapi/workflows?projectKey=default'],
  ['GET /openapi/workflows/view', '/openapi/workflows/view?projectKey=default'],
  ['GET /openapi/projects/project', '/openapi/projects/project'],
  ['GET /openapi/projects/project/detail', '/openapi/projects/project/detail?projectKey=default'],
  ['GET /api/workflow/v2/pipelines', `${ASLAN}/v2/pipelines`],
  ['GET /api/workflow/v2/status/preview', `${ASLAN}/v2/status/preview`],
  ['GET /api/workflow/workflow', `${ASLAN}/workflow`],
  ['GET /api/workflow/workflow/preset/:productName', `${ASLAN}/workflow/preset/default`],
  ['GET /api/workflow/workflowtask/targets/:productName/:namespace', `${ASLAN}/workflowtask/targets/default/dev`],
  ['GET /api/workflow/v4', `${ASLAN}/v4`],
] as const

/** What of a task is a map in its struct, and one of these by its type. */
const SUB_TASKS: Readonly<Record<string, string>> = {
  build: 'Build',
  buildv2: 'Build',
  buildv3: 'Build',
  deploy: 'Deploy',
  testing: 'Testing',
  testingv2: 'Testing',
}
const subTasksOf = (task: Body): readonly Body[] => [
  ...(task.sub_tasks ?? []),
  ...(task.stages ?? []).flatMap((one: Body) =>
    Array.isArray(one.sub_tasks) ? [] : Object.values(one.sub_tasks ?? {}),
  ),
]

async function wrongOf(client: Client, asked: readonly (readonly [string, string])[]): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const [operation, path] of asked) {
    const { status, body } = await client.ask('GET', path)
    expect(status, `${path} ${JSON.stringify(body)}`).toBe(200)
    wrong.push(...models.mismatches(operation, body).map((one) => `${path}: ${one}`))
    if (!operation.includes('/v2/tasks/id/')) continue
    for (const subTask of subTasksOf(body)) {
      const model = SUB_TASKS[subTask.type]
      if (model !== undefined) wrong.push(...models.mismatchesOf(model, subTask))
    }
  }
  return wrong
}

/** What was begun ends so. */
async function endAll({ world }: Client, code: number): Promise<void> {
  for (const job of world.runner.jobs.slice()) world.runner.end(job, code === 0 ? succeeded() : exited(code))
  await world.settled()
}
const act = async ({ world }: Client, action: 'cancel' | 'pause' | 'retry'): Promise<void> => {
  for (const name of NAMES) {
    const run = need(await world.app.runs.get(world.admin, { pipeline: { name }, number: 1 }))
    if (run.allowed.includes(action)) need(await world.app.runs.act(world.admin, { id: run.id }, { action }))
  }
  await world.settled()
}

const SITUATIONS: Readonly<Record<string, (client: Client) => Promise<void>>> = {
  running: async () => undefined,
  'after its first tasks': (client) => endAll(client, 0),
  failed: (client) => endAll(client, 1),
  paused: (client) => act(client, 'pause'),
  cancelled: (client) => act(client, 'cancel'),
  'tried again': async (client) => {
    await endAll(client, 1)
    await act(client, 'retry')
  },
  'at its end': async (client) => {
    client.world.runner.script = () => succeeded()
    await endAll(client, 0)
  },
}

describe('a task', () => {
  test.each(Object.keys(SITUATIONS))('is read by Zadig’s own structs when it is %s', async (name) => {
    const client = await all()
    await client.ask('POST', `${ASLAN}/v2/tasks`, { pipeline_name: 'single' })
    await client.ask('POST', `${ASLAN}/workflowtask`, { workflow_name: 'product', namespace: 'dev' })
    for (const workflow of ['custom', 'native'])
      await client.ask('POST', `${ASLAN}/v4/workflowtask`, { name: workflow })
    await SITUATIONS[name]?.(client)
    expect(await wrongOf(client, NAMES.flatMap(answers))).toEqual([])
  })

  test('is so while it waits for another one', async () => {
    const client = await all()
    for (let n = 0; n < 2; n += 1) await client.ask('POST', `${ASLAN}/v2/tasks`, { pipeline_name: 'single' })
    const path = `${ASLAN}/v2/tasks/id/2/pipelines/single`
    expect((await client.ask('GET', path)).body.status).toBe('blocked')
    expect(await wrongOf(client, [['GET /api/workflow/v2/tasks/id/:id/pipelines/:name', path]])).toEqual([])
  })

  test('has started as its clients read it', async () => {
    const { ask } = await all()
    for (const [operation, path, body] of STARTS) {
      const answer = await ask('POST', path, body)
      expect([answer.status, ...models.mismatches(operation, answer.body)]).toEqual([200])
    }
  })
})

test('pipelines and workflows, theirs and ours, are read by Zadig’s own structs', async () => {
  expect(await wrongOf(await all(), DEFINITIONS)).toEqual([])
})

test('every operation that the structs are known of is asked here', () => {
  const asked = [...answers('single'), ...STARTS, ...DEFINITIONS].map(([operation]) => operation)
  expect([...new Set(asked)].toSorted()).toEqual(models.operations.toSorted())
})

test('what a client of Go would stumble over is told', () => {
  const task = { task_id: '1', sub_tasks: {}, id: '12', create_time: 1.5 }
  expect(models.mismatchesOf('Task', task).filter((one) => one.includes('is declared'))).toEqual([
    'Task.id: oid is declared, "12" is sent',
    'Task.task_id: i64 is declared, "1" is sent',
    'Task.create_time: i64 is declared, 1.5 is sent',
    'Task.sub_tasks: [{any}] is declared, {} is sent',
  ])
})
