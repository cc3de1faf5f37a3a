import { describe, expect, test } from 'vitest'
import { DIALECT_OPTIONS } from '../../../testing/dialect-routes.ts'
import { type Body, type Client, open } from '../../../testing/koderover-client.ts'
import { exited, succeeded } from '../../../testing/scripted-runner.ts'
import { need } from '../../../testing/world.ts'
import { koderover } from '../index.ts'

// Starts of custom workflows whose jobs a client has changed: for that start they hold, and for no other.

const BASE = '/api/aslan/workflow/v4'
const STARS = '********'

const repo = (name: string, changes: object = {}): Body => ({
  source: 'other',
  address: 'https://git.example',
  repo_owner: 'shop',
  repo_name: name,
  branch: 'main',
  ...changes,
})
const service = (name: string, changes: object = {}): Body => ({
  service_name: name,
  service_module: name,
  key_vals: [{ key: 'TARGET', value: 'dev', type: 'string', is_credential: false }],
  repos: [repo(name)],
  ...changes,
})
const envs = [
  { key: 'WHO', value: 'li', type: 'string', is_credential: false },
  { key: 'TOKEN', value: 'hunter2', type: 'string', is_credential: true },
  { key: 'PLACE', value: '<+fixed>here', type: 'string', is_credential: false },
]
const WORKFLOW = {
  name: 'release',
  project: 'default',
  concurrency_limit: -1,
  params: [],
  stages: [
    {
      name: 'build',
      parallel: true,
      jobs: [
        { name: 'compile', type: 'zadig-build', spec: { service_and_builds: [service('web'), service('api')] } },
        {
          name: 'note',
          type: 'freestyle',
          spec: {
            properties: { envs },
            steps: [
              { name: 'git', type: 'git', spec: { repos: [repo('notes', { commit_id: 'a'.repeat(40) })] } },
              { name: 'shell', type: 'shell', spec: { script: 'make note' } },
            ],
          },
        },
        { name: 'later', type: 'freestyle', skipped: true, spec: { script: 'echo later', envs: [] } },
      ],
    },
    {
      name: 'deploy',
      jobs: [
        { name: 'put', type: 'zadig-deploy', run_policy: 'force_run', spec: { env: 'dev', service_and_images: [] } },
      ],
    },
  ],
} as const

interface Opened extends Client {
  /** Starts it as its preset is, but for what is changed. */
  start(change: (jobs: Readonly<Record<string, Body>>) => void): ReturnType<Client['ask']>
  /** What of these was handed to the runner last. */
  job(key: string): Body
}

async function opened(workflow: object = WORKFLOW): Promise<Opened> {
  const client = await open()
  const { ask, world } = client
  expect((await ask('POST', BASE, workflow)).body).toEqual({ message: 'success' })
  return {
    ...client,
    start: async (change) => {
      const { body } = await ask('GET', `${BASE}/preset/release`)
      change(Object.fromEntries(body.stages.flatMap(({ jobs }: Body) => jobs.map((job: Body) => [job.name, job]))))
      return ask('POST', `${BASE}/workflowtask`, body)
    },
    job: (key) => world.runner.jobs.findLast(({ env }) => env['MILLRACE_TASK'] === key),
  }
}

test('services, branches and values that a start names hold for it, and for no other', async () => {
  const { ask, start, job, world } = await opened()
  const first = await start(({ compile, note }) => {
    const [web] = compile.spec.service_and_builds
    web.repos[0].branch = 'feature'
    web.key_vals[0].value = 'prod'
    compile.spec.service_and_builds = [web]
    note.spec.properties.envs[0].value = '${{ secrets.other }}'
    note.spec.properties.envs[2].value = 'there'
    note.spec.steps[0].spec.repos[0] = { ...repo('notes'), branch: '', tag: 'v2', url: 'https://evil.example' }
    note.spec.steps[1].spec.script = 'rm -rf /'
  })
  expect(first.body).toEqual({ project_name: 'default', workflow_name: 'release', task_id: 1 })
  const fetched = (key: string): Body => ({
    url: job(key)?.with.url,
    ref: job(key)?.with.ref,
    path: job(key)?.with.path,
  })
  expect(fetched('compile-fetch-1')).toEqual({ url: 'https://git.example/shop/web', ref: 'feature', path: 'web' })
  expect(job('compile-fetch-2')).toBeUndefined()
  expect(fetched('note-fetch-1')).toEqual({ url: 'https://git.example/shop/notes', ref: 'v2', path: 'notes' })
  for (const key of ['compile-fetch-1', 'note-fetch-1']) world.runner.endTask(key, succeeded())
  await world.settled()
  expect(job('compile')).toMatchObject({
    with: { script: expect.stringContaining('web/.koderover/build.sh') },
    env: { SERVICE: 'web', TARGET: 'prod' },
  })
  // What stands is what is run: nobody changes commands by a start, nor what is fixed, nor reads another secret.
  expect(job('note')).toMatchObject({
    with: { script: expect.stringMatching(/\nmake note$/) },
    env: { WHO: '${{ secrets.other }}', TOKEN: 'hunter2', PLACE: 'here' },
  })
  const path = `${BASE}/workflowtask/workflow/release/task/1`
  const [{ jobs }] = (await ask('GET', path)).body.stages
  expect(jobs.find(({ name }: Body) => name === 'compile').spec).toMatchObject({
    repos: [{ repo_owner: 'shop', repo_name: 'web', branch: 'feature' }],
    service_module: 'web',
  })
  // Started again as it was.
  const clone = (await ask('GET', `${BASE}/workflowtask/clone/workflow/release/task/1`)).body
  expect(JSON.stringify(clone)).not.toContain('hunter2')
  const [compile, note] = clone.stages[0].jobs
  expect(compile.spec.service_and_builds).toMatchObject([{ service_name: 'web', repos: [{ branch: 'feature' }] }])
  expect(note.spec.properties.envs[1]).toMatchObject({ key: 'TOKEN', value: STARS })

  // The workflow is what it was.
  expect(need(await world.app.pipelines.get(world.admin, { name: 'release' })).version).toBe(1)
  await ask('POST', `${BASE}/workflowtask`, { name: 'release' })
  const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'release' }, number: 2 }))
  expect(run.pipeline.version).toBe(1)
  expect(fetched('compile-fetch-1').ref).toBe('main')
  expect(fetched('compile-fetch-2').ref).toBe('main')
  expect(fetched('note-fetch-1').ref).toBe('a'.repeat(40))
})

test('the same start is of the same version, whoever makes it, and one that changes nothing of none of its own', async () => {
  const { start, world } = await opened()
  const feature = ({ note }: Readonly<Record<string, Body>>): void => {
    note.spec.steps[0].spec.repos[0].branch = 'feature'
  }
  for (const change of [feature, () => undefined, feature]) expect((await start(change)).status).toBe(200)
  const versions = await Promise.all(
    [1, 2, 3].map(async (number) => {
      const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'release' }, number }))
      return run.pipeline.version
    }),
  )
  expect(versions).toEqual([2, 1, 2])
})

test('a secret that is given is the secret of this start', async () => {
  const { start, job, world } = await opened()
  await start(({ note }) => {
    note.spec.properties.envs[1].value = 'of-this-start'
  })
  world.runner.endTask('note-fetch-1', succeeded())
  await world.settled()
  expect(job('note').env['TOKEN']).toBe('of-this-start')
  const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'release' }, number: 1 }))
  expect(JSON.stringify(run)).not.toContain('of-this-start')
})

test('jobs are run and left out as the start says, and one of which nothing is chosen is left out', async () => {
  const { ask, start, job } = await opened()
  const { body } = await start(({ compile, note, later }) => {
    compile.spec.service_and_builds = []
    note.skipped = true
    later.skipped = false
  })
  expect(body.task_id).toBe(1)
  expect([job('compile-fetch-1'), job('note-fetch-1'), job('later')?.with.script]).toEqual([
    undefined,
    undefined,
    expect.stringMatching(/\necho later$/),
  ])
  const clone = (await ask('GET', `${BASE}/workflowtask/clone/workflow/release/task/1`)).body
  expect(clone.stages[0].jobs.map(({ name, skipped }: Body) => [name, skipped])).toEqual([
    ['compile', true],
    ['note', true],
    ['later', false],
  ])
})

test('an environment and images are told to what deploys', async () => {
  const { ask, start, job, world } = await opened({ ...WORKFLOW, stages: WORKFLOW.stages.slice(1) })
  await start(({ put }) => {
    put.spec.env = 'qa'
    const own = { key_vals: [{ key: 'BASH_ENV', value: 'evil.sh' }], repos: [repo('evil')] }
    put.spec.service_and_images = [
      { service_name: 'web', service_module: 'web', image: 'hub.example/web:7', ...own, modules: [own] },
    ]
  })
  // Whoever starts it says what is deployed, not what that is done with.
  expect(job('put').env).not.toHaveProperty('BASH_ENV')
  expect(job('put-fetch-1')).toBeUndefined()
  expect(job('put').env).toMatchObject({ ENV_NAME: 'qa', SERVICE: 'web', IMAGE: 'hub.example/web:7' })
  const { body } = await ask('GET', `${BASE}/workflowtask/workflow/release/task/1`)
  expect(body.stages[0].jobs[0].spec).toMatchObject({ env: 'qa' })
  world.runner.endTask('put', succeeded())
  await world.settled()
})

test.each<[string, (jobs: Readonly<Record<string, Body>>) => void, string]>([
  [
    'a service that it does not build',
    ({ compile }) => compile.spec.service_and_builds.push(service('other')),
    'job compile: other/other is not in the configured service build list',
  ],
  [
    'no run of a job that always runs',
    ({ put }) => {
      put.skipped = true
    },
    'job put skipped, but the run policy is set to force run',
  ],
  [
    'two values of one variable',
    ({ compile }) => {
      compile.spec.service_and_builds[0].key_vals[0].value = 'prod'
    },
    'job compile: its services want different values of TARGET',
  ],
  [
    'several pull requests at once',
    ({ compile }) => {
      compile.spec.service_and_builds[0].repos[0].prs = [1, 2]
    },
    'job compile: of repository web one pull request can be built at a time',
  ],
])('a start that wants %s is refused', async (_, change, description) => {
  const { start, world } = await opened()
  const { status, body } = await start(change)
  expect([status, body.code, body.description]).toEqual([400, 6160, description])
  expect(need(await world.app.runs.count(world.admin, {}))).toBe(0)
})

test.each([
  [{ pr: 7 }, 'refs/pull/7/head'],
  [{ source: 'gitlab', prs: [8] }, 'refs/merge-requests/8/head'],
  [{ branch: '', commit_id: 'b'.repeat(40) }, 'b'.repeat(40)],
  [{ branch: 'main', commit_id: 'b'.repeat(40) }, 'main'],
])('of a repository %j is fetched as %s', async (changes, ref) => {
  const source = { source: 'other', ...changes }.source
  const [build, deploy] = WORKFLOW.stages
  const spec = { service_and_builds: [service('web', { repos: [repo('web', { source })] })] }
  const { start, job } = await opened({
    ...WORKFLOW,
    stages: [{ ...build, jobs: [{ name: 'compile', type: 'zadig-build', spec }] }, deploy],
  })
  await start(({ compile }) => Object.assign(compile.spec.service_and_builds[0].repos[0], changes))
  expect(job('compile-fetch-1').with.ref).toBe(ref)
})

test('what cannot be a ref is refused', async () => {
  const { start } = await opened()
  const { body } = await start(({ compile }) => {
    compile.spec.service_and_builds[0].repos[0].branch = '--upload-pack=evil'
  })
  expect(body.code).toBe(6160)
})

test('it takes whoever may start, and no more than that', async () => {
  const { world } = await opened()
  const handle = koderover.create(world.app, DIALECT_OPTIONS)
  const stages = structuredClone(WORKFLOW.stages.slice(1)) as Body
  stages[0].jobs[0].spec.env = 'qa'
  const statuses: number[] = []
  for (const role of ['viewer', 'operator'] as const) {
    const user = await world.host.credentials.addUser({ name: role, domain: 'example', password: null, role })
    const { token } = await world.app.access.issueToken(user, 'test', null)
    const request = new Request(`${DIALECT_OPTIONS.baseUrl}${BASE}/workflowtask`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      body: JSON.stringify({ name: 'release', stages }),
    })
    statuses.push((await handle(request)).status)
  }
  expect(statuses).toEqual([403, 200])
  const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'release' }, number: 1 }))
  expect([run.pipeline.version, run.cause.by]).toEqual([2, 'operator'])
})

test('the public API starts with branches and values of its inputs, and refuses what no job knows', async () => {
  const { ask, job, world } = await opened()
  const asked = (parameters: object, name = 'compile'): Body => ({
    workflow_key: 'release',
    project_key: 'default',
    inputs: [{ job_name: name, job_type: 'zadig-build', parameters }],
  })
  const list = (changes: object): Body => ({
    service_list: [
      {
        service_name: 'web',
        service_module: 'web',
        repo_info: [{ codehost_name: 'git', repo_namespace: 'shop', repo_name: 'web', branch: 'feature' }],
        inputs: [{ key: 'TARGET', value: 'prod' }],
        ...changes,
      },
    ],
  })
  const path = '/openapi/workflows/custom/task'
  expect((await ask('POST', path, asked(list({})))).body.task_id).toBe(1)
  expect(job('compile-fetch-1').with.ref).toBe('feature')
  expect(world.runner.jobs).toHaveLength(1)
  world.runner.endTask('compile-fetch-1', succeeded())
  await world.settled()
  expect(job('compile').env).toMatchObject({ SERVICE: 'web', TARGET: 'prod' })

  expect((await ask('POST', path, asked({ kv: [{ key: 'WHO', value: 'chen' }] }, 'note'))).body.task_id).toBe(2)
  const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'release' }, number: 2 }))
  const [note] = run.definition.stages.flatMap(({ tasks }) => tasks).filter(({ key }) => key === 'note')
  expect(note?.env).toMatchObject({ WHO: 'chen' })

  for (const changes of [
    { inputs: [{ key: 'NOBODY', value: '' }] },
    { repo_info: [{ repo_namespace: 'shop', repo_name: 'other', branch: 'main' }] },
    { service_name: 'other' },
  ])
    expect((await ask('POST', path, asked(list(changes)))).body.code).toBe(6160)
})

describe('a job fetches its repositories itself, as there', () => {
  const jobs = async ({ ask }: Client): Promise<readonly Body[]> =>
    (await ask('GET', `${BASE}/workflowtask/workflow/release/task/1`)).body.stages[0].jobs

  test('it is running while they are fetched, and each job has its own repositories', async () => {
    const client = await opened()
    await client.start(() => undefined)
    const [compile, note] = await jobs(client)
    expect((await jobs(client)).map(({ name, status }) => [name, status])).toEqual([
      ['compile', 'running'],
      ['note', 'running'],
    ])
    expect([compile.spec.repos, note.spec.repos].map(([first]) => [first.repo_name, first.branch])).toEqual([
      ['web', 'main'],
      ['notes', 'main'],
    ])
    expect(compile.start_time).toBeGreaterThan(0)
  })

  test('it has failed where that has', async () => {
    const client = await opened()
    await client.start(() => undefined)
    client.world.runner.endTask('note-fetch-1', exited(128))
    await client.world.settled()
    expect((await jobs(client))[1]).toMatchObject({
      name: 'note',
      status: 'failed',
      error: expect.stringMatching(/128/),
    })
  })
})
