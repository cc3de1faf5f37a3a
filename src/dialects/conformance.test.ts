// What holds for all dialects together. Each has its own tests beside it; here they are asked about the same runs.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { FailureKind } from '../model/failure.ts'
import { NODE_STATUSES, RUN_STATUSES, type NodeStatus, type RunStatus } from '../model/status.ts'
import type { PipelineView, RunView } from '../model/view.ts'
import { begin, type Place, roads, staged } from '../testing/run-roads.ts'
import { need, openWorld, type World } from '../testing/world.ts'
import { nodeState as bluekingNode, runState as bluekingRun } from './blueking/status.ts'
import { nodeWord as checkNode, runWord as checkRun } from './codearts-check/status.ts'
import { errorCodes, nodeWords as pipelineNode, runWords as pipelineRun } from './codearts-pipeline/status.ts'
import { dialects } from './index.ts'
import { nodeWord as koderoverNode, runWord as koderoverRun } from './koderover/status.ts'
import { nodeStatusWord as swrNode, runStatusWord as swrRun } from './swr/status.ts'

const BASE = 'http://127.0.0.1:8080'
const HERE = import.meta.dirname

// --- The five, and how each is asked where a run is ------------------------------------------------------------------

/** Anything of JSON, for tests to take apart. */
type Body = ReturnType<typeof JSON.parse>

interface Seed {
  readonly dialect: string
  /** The seed's example, in the dialect's `fixtures/`; as the seed has it but for its known slips. */
  readonly fixture: string
  /** The seed's request about this run. */
  readonly path: (world: World, pipeline: PipelineView, run: RunView | null) => string
  readonly headers: (world: World) => Readonly<Record<string, string>>
}

const withToken = ({ credentials }: World) => ({ 'X-Auth-Token': credentials.token, Accept: 'application/json' })
const seeds: readonly Seed[] = [
  {
    dialect: 'koderover',
    fixture: 'task.json',
    path: (_, pipeline, run) => `/api/tasks/id/${run?.number ?? 1}/pipeline/${pipeline.name}`,
    headers: ({ credentials }) => ({ Authorization: `X-API-KEY ${credentials.token}` }),
  },
  {
    dialect: 'codearts-pipeline',
    fixture: 'status-never-run.json',
    path: (_, pipeline, run) => `/v3/pipelines/${pipeline.id}/status${run === null ? '' : `?build_id=${run.number}`}`,
    headers: withToken,
  },
  {
    dialect: 'blueking',
    fixture: 'get_task_status.json',
    path: ({ credentials, project }, _, run) => {
      const { appCode: bk_app_code, appSecret: bk_app_secret, user: bk_username } = credentials
      const ids = { bk_biz_id: String(project.serial), task_id: String(run?.serial ?? 1) }
      const query = new URLSearchParams({ bk_app_code, bk_app_secret, bk_username, ...ids })
      return `/api/c/compapi/v2/sops/get_task_status/?${query.toString()}`
    },
    headers: () => ({}),
  },
  {
    dialect: 'codearts-check',
    fixture: 'tasks.json',
    path: ({ project }) => `/v2/${project.id}/tasks`,
    headers: withToken,
  },
  {
    dialect: 'swr',
    fixture: 'detail-never-run.yaml',
    path: (_, pipeline) => `/v3/manage/pipelines/${pipeline.serial}`,
    headers: withToken,
  },
]

/** All dialects on one world, as the server has them: the longest prefix answers. */
function front(world: World): (request: Request) => Promise<Response> {
  const options = { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 20_000 }
  const mounts = dialects
    .flatMap((dialect) => {
      const handle = dialect.create(world.app, options)
      return dialect.prefixes.map((prefix) => ({ prefix, handle }))
    })
    .toSorted((a, b) => b.prefix.length - a.prefix.length)
  return async (request) => {
    const { pathname } = new URL(request.url)
    const mount = mounts.find(({ prefix }) => pathname === prefix || pathname.startsWith(`${prefix}/`))
    return mount === undefined ? new Response('nobody', { status: 599 }) : mount.handle(request)
  }
}

interface Asked {
  readonly status: number
  readonly body: Body
}
async function ask(world: World, path: string, headers: Readonly<Record<string, string>>): Promise<Asked> {
  const response = await front(world)(new Request(`${BASE}${path}`, { headers }))
  return { status: response.status, body: await response.json() }
}
const askSeed = (seed: Seed, world: World, pipeline: PipelineView, run: RunView | null): Promise<Asked> =>
  ask(world, seed.path(world, pipeline, run), seed.headers(world))

// --- Runs ------------------------------------------------------------------------------------------------------------

/** ARCHITECTURE.md, the table of statuses, as it shows on the wires. */
const onTheWires = {
  waiting: ['created', ['waiting', null], 'CREATED', 0, 'waiting'],
  queued: ['created', ['waiting', null], 'RUNNING', 0, 'waiting'],
  running: ['running', ['running', null], 'RUNNING', 0, 'running'],
  reviewing: ['running', ['verifying', null], 'RUNNING', 0, 'running'],
  paused: ['running', ['suspending', null], 'SUSPENDED', 0, 'running'],
  held: ['failed', ['suspending', null], 'FAILED', 1, 'stage_exception'],
  succeeded: ['passed', ['completed', 'success'], 'FINISHED', 2, 'success'],
  failed: ['failed', ['completed', 'error'], 'FAILED', 1, 'stage_exception'],
  errored: ['failed', ['completed', 'error'], 'FAILED', 1, 'runtime_exception'],
  timed_out: ['timeout', ['completed', 'error'], 'FAILED', 1, 'timeout'],
  cancelled: ['cancelled', ['completed', 'aborted'], 'REVOKED', 3, 'cancel'],
  rolling_back: ['running', ['running', null], 'RUNNING', 0, 'rollbacking'],
  rolled_back: ['failed', ['completed', 'error'], 'FAILED', 1, 'rollback_success'],
  rollback_failed: ['failed', ['completed', 'error'], 'FAILED', 1, 'rollback_failed'],
  rollback_errored: ['failed', ['completed', 'error'], 'FAILED', 1, 'rollback_exception'],
} as const satisfies Record<RunStatus, readonly unknown[]>

async function wordsOf({ world, pipeline, run }: Place): Promise<readonly unknown[]> {
  const [koderover, codearts, blueking, check, swr] = await Promise.all(
    seeds.map((seed) => askSeed(seed, world, pipeline, run)),
  )
  expect([koderover, codearts, blueking, check, swr].map((answer) => answer?.status)).toEqual([200, 200, 200, 200, 200])
  expect(check?.body.tasks.map((task: Body) => task.task_id)).toEqual([pipeline.id])
  const progress = await ask(world, `/v2/tasks/${pipeline.id}/progress`, withToken(world))
  return [
    koderover?.body.status,
    [codearts?.body.status, codearts?.body.outcome],
    blueking?.body.data.state,
    progress.body.task_status,
    swr?.body.status.status,
  ]
}

// --- The tests -------------------------------------------------------------------------------------------------------

describe('every dialect has a word for everything', () => {
  const runTables: Readonly<Record<string, Readonly<Record<RunStatus, unknown>>>> = {
    koderover: koderoverRun,
    'codearts-pipeline': pipelineRun,
    blueking: bluekingRun,
    'codearts-check': checkRun,
    swr: swrRun,
  }
  const nodeTables: Readonly<Record<string, Readonly<Record<NodeStatus, unknown>>>> = {
    koderover: koderoverNode,
    'codearts-pipeline': pipelineNode,
    blueking: bluekingNode,
    'codearts-check': checkNode,
    swr: swrNode,
  }

  test('and all that show runs are looked at', () => {
    // IAM lets clients in; it shows no runs.
    const showing = dialects.map(({ name }) => name).filter((name) => name !== 'huawei-iam')
    for (const table of [runTables, nodeTables]) expect(Object.keys(table).toSorted()).toEqual(showing.toSorted())
    expect(seeds.map(({ dialect }) => dialect).toSorted()).toEqual(showing.toSorted())
  })

  test.each(Object.entries(runTables))('%s, for the statuses of runs', (_, table) => {
    expect(Object.keys(table).toSorted()).toEqual([...RUN_STATUSES].toSorted())
    for (const status of RUN_STATUSES) expect(table[status], status).not.toBeUndefined()
  })

  test.each(Object.entries(nodeTables))('%s, for the statuses of nodes', (_, table) => {
    expect(Object.keys(table).toSorted()).toEqual([...NODE_STATUSES].toSorted())
  })

  test('the one that gives failures a code gives each its own', () => {
    const codes: Readonly<Record<FailureKind, string>> = errorCodes
    expect(new Set(Object.values(codes)).size).toBe(Object.keys(codes).length)
  })
})

describe('any run answers in all five', () => {
  test.each(Object.entries(roads))('one that is %s', async (status, road) => {
    const place = await road()
    await place.world.settled()
    expect((await place.world.run(place.run.id)).status).toBe(status)
    expect(await wordsOf(place)).toEqual(onTheWires[status as RunStatus])
  })

  test('every status that a run can come to has its road', () => {
    expect(Object.keys(roads)).toEqual([...RUN_STATUSES])
    expect(Object.keys(onTheWires)).toEqual([...RUN_STATUSES])
  })

  const starters: Readonly<Record<string, (world: World, pipeline: PipelineView) => Request>> = {
    'CodeArts Pipeline': (world, { id }) => post(`/v3/pipelines/${id}/start`, withToken(world), {}),
    'CodeArts Check': (world, { id }) => post(`/v2/tasks/${id}/run`, withToken(world), {}),
    KodeRover: (world, { name }) =>
      post('/api/tasks', { Authorization: `X-API-KEY ${world.credentials.token}` }, { pipeline_name: name }),
    'an SWR webhook': (_, { webhooks }) => post(`/v2/manage/webhooks/${webhooks[0]?.id}`, {}),
  }
  const post = (path: string, headers: Readonly<Record<string, string>>, body?: unknown): Request =>
    new Request(`${BASE}${path}`, {
      method: 'POST',
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })

  test.each(Object.entries(starters))('one that was started by %s', async (_, request) => {
    const world = await openWorld()
    const triggers = { operator: 'or', list: [{ kind: 'webhook', name: 'push', params: {} }] } as const
    const pipeline = await world.pipeline({ ...staged(), triggers })
    expect((await front(world)(request(world, pipeline))).status).toBeLessThan(300)
    await world.settled()
    const { latestRun } = need(await world.app.pipelines.get(world.admin, { id: pipeline.id }))
    if (latestRun === null) throw new Error('nothing was started')
    const run = await world.run(latestRun.id)
    expect(await wordsOf({ world, pipeline, run })).toEqual(onTheWires.running)
  })
})

describe('the seed’s example is the shape of the answer', () => {
  const read = ({ dialect, fixture }: Seed): Body =>
    // JSON is YAML.
    parse(readFileSync(`${HERE}/${dialect}/fixtures/${fixture}`, 'utf8'))

  /** Where two values differ in kind; null stands for anything, and maps by id have no keys in common. */
  function differences(actual: Body, example: Body, at: string): string[] {
    if (actual === null || example === null || actual === undefined || example === undefined) return []
    const [found, expected] = [actual, example].map((value) => (Array.isArray(value) ? 'array' : typeof value))
    if (found !== expected) return [`${at}: expected ${expected}, found ${found}`]
    if (Array.isArray(actual)) {
      return actual.flatMap((item: Body, index) => differences(item, example[0], `${at}[${index}]`))
    }
    if (found !== 'object') return []
    return Object.keys(actual).flatMap((key) => differences(actual[key], example[key], `${at}.${key}`))
  }
  const checkKeys = (actual: Body, example: Body): void =>
    expect(Object.keys(actual).toSorted()).toEqual(Object.keys(example).toSorted())

  test('the comparison sees what is wrong', () => {
    expect(differences({ a: [{ b: 1 }] }, { a: [{ b: '1' }] }, '')).toEqual(['.a[0].b: expected string, found number'])
  })

  test.each(seeds.map((seed) => [seed.dialect, seed] as const))('%s', async (name, seed) => {
    const example = read(seed)
    for (const status of ['running', 'reviewing', 'held', 'succeeded', 'failed'] as const) {
      const { world, pipeline, run } = await roads[status]()
      await world.settled()
      const { body } = await askSeed(seed, world, pipeline, run)
      expect(differences(body, example, name)).toEqual([])
      // KodeRover leaves out the kinds of work that a pipeline lacks, SWR the triggers.
      if (name === 'codearts-pipeline' || name === 'codearts-check') checkKeys(body, example)
      if (name === 'blueking') checkKeys(body.data, example.data)
    }
  })
})

describe('the folders', () => {
  test.each(dialects.map((dialect) => [dialect.name, dialect] as const))('%s is whole', (name, dialect) => {
    expect(existsSync(`${HERE}/${name}/README.md`)).toBe(true)
    expect(readdirSync(`${HERE}/${name}/fixtures`).length).toBeGreaterThan(0)
    expect(dialect.prefixes.length).toBeGreaterThan(0)
    expect(dialect.prefixes).toEqual(dialect.prefixes.toSorted((a, b) => b.length - a.length))
  })

  test('no two claim the same paths', () => {
    const prefixes = dialects.flatMap((dialect) => dialect.prefixes)
    expect(new Set(prefixes).size).toBe(prefixes.length)
  })
})

describe('bad input is the vendor’s own refusal', () => {
  const paths = dialects.flatMap(({ prefixes }) => prefixes)
  const deep = '['.repeat(10_000)
  const requests: readonly (readonly [string, (path: string, world: World) => Request])[] = [
    ['an unknown path', (path) => new Request(`${BASE}${path}/no/such/thing`)],
    ['broken escapes', (path) => new Request(`${BASE}${path}/%zz/%00/%ff/..%2f..%2fetc?a=%&%ff=%zz&=&&`)],
    ['a long path', (path) => new Request(`${BASE}${path}/${'a/'.repeat(5_000)}`)],
    ['an odd method', (path) => new Request(`${BASE}${path}/x`, { method: 'PROPFIND' })],
    ['HEAD', (path) => new Request(`${BASE}${path}/x`, { method: 'HEAD' })],
    ['a long token', (path) => new Request(`${BASE}${path}/x`, { headers: { 'X-Auth-Token': 'x'.repeat(100_000) } })],
    [
      'a long Authorization',
      (path) =>
        new Request(`${BASE}${path}/x`, { headers: { Authorization: 'SDK-HMAC-SHA256 Access='.padEnd(50_000, ' a') } }),
    ],
    [
      'no JSON',
      (path, world) => new Request(`${BASE}${path}/x`, { method: 'POST', body: '{"a":', headers: withToken(world) }),
    ],
    [
      'deep JSON',
      (path, world) => new Request(`${BASE}${path}/x`, { method: 'POST', body: deep, headers: withToken(world) }),
    ],
    [
      'a long body',
      (path, world) =>
        new Request(`${BASE}${path}/x`, { method: 'PUT', body: 'x'.repeat(50_000), headers: withToken(world) }),
    ],
    [
      'bytes',
      (path, world) =>
        new Request(`${BASE}${path}/x`, {
          method: 'POST',
          body: new Uint8Array([0, 255, 254]),
          headers: withToken(world),
        }),
    ],
    [
      '__proto__',
      (path, world) =>
        new Request(`${BASE}${path}/__proto__`, {
          method: 'POST',
          body: '{"__proto__":{"a":1}}',
          headers: withToken(world),
        }),
    ],
  ]

  test.each(requests)('%s', async (_, request) => {
    const world = await openWorld()
    const handle = front(world)
    for (const path of paths) {
      const response = await handle(request(path, world))
      const text = await response.text()
      const told = `${path}: ${response.status} ${text.slice(0, 200)}`
      expect(response.status, told).toBeLessThan(500)
      expect(text, told).not.toMatch(/\bat .*\.ts:\d+/)
      if (response.headers.get('content-type')?.includes('json') === true && text !== '') {
        // The ESB's own errors come with 200 and `result: false`.
        expect(response.status >= 400 || JSON.parse(text).result === false, told).toBe(true)
      }
    }
    expect(paths.length).toBeGreaterThan(10)
  })

  test('every seed’s request without a credential, or with a wrong one, opens nothing', async () => {
    const { world, pipeline, run } = await begin()
    for (const seed of seeds) {
      const path = seed.path(world, pipeline, run)
      const wrong = path.replace(world.credentials.appSecret, 'wrong')
      for (const headers of [{}, { 'X-Auth-Token': 'wrong', Authorization: 'X-API-KEY wrong' }]) {
        const { status, body } = await ask(world, wrong, headers)
        expect(status >= 400 || body.result === false, `${seed.dialect}: ${status} ${JSON.stringify(body)}`).toBe(true)
        expect(JSON.stringify(body)).not.toContain('Compile')
      }
    }
  })
})
