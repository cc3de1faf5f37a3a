import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DIALECT_OPTIONS } from '../../testing/dialect-routes.ts'
import { openWorld } from '../../testing/world.ts'
import { koderover } from './index.ts'
import { pack, unpack } from './packed.ts'

// What was PUT comes back, whatever it says.

/** Anything of JSON, for tests to take apart. */
type Body = ReturnType<typeof JSON.parse>

const text = fc.oneof(
  fc.constantFrom(
    '',
    'x',
    '流水线',
    '💥',
    '${{ params.x }}',
    '"quoted"',
    'a\nb',
    '{"a":1}',
    '__proto__',
    '*/5 * * * *',
  ),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
)

test('a value of any size is packed into annotations and unpacked', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(30_000), (value, size) => {
      const whole = JSON.parse(JSON.stringify([value, 'é'.repeat(size)]))
      const packed = pack('koderover/v1', whole)
      expect(Object.values(packed).every((part) => part.length <= 8_192)).toBe(true)
      expect(unpack(packed, 'koderover/v1')).toEqual(whole)
    }),
    { numRuns: 100 },
  )
})

test('what a person made of it is no body', () => {
  expect(unpack({ 'koderover/v1': 'mine' }, 'koderover/v1')).toBeUndefined()
  expect(unpack({}, 'koderover/v1')).toBeUndefined()
})

async function client(): Promise<(method: string, path: string, body?: unknown) => Promise<Body>> {
  const world = await openWorld()
  const handle = koderover.create(world.app, { ...DIALECT_OPTIONS, bodyMaxBytes: 1_000_000 })
  const headers = { Authorization: `X-API-KEY ${world.credentials.token}` }
  return async (method, path, body) => {
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
    return await (await handle(new Request(`${DIALECT_OPTIONS.baseUrl}${path}`, init))).json()
  }
}

test('a pipeline of the first generation', async () => {
  const ask = await client()
  const body = fc.record({
    stack_name: text,
    service_name: text,
    test_stack: text,
    test_service: text,
    test_threshold: fc.nat(100),
    deploy_env: text,
    repo_owner: text,
    repo_name: text,
    run_build: fc.boolean(),
    run_deploy: fc.boolean(),
    run_deploy_cs: fc.boolean(),
    run_test: fc.boolean(),
    run_distribute: fc.boolean(),
    enabled: fc.boolean(),
  })
  await ask('POST', '/api/pipelines', { pipeline_name: 'p' })
  await fc.assert(
    fc.asyncProperty(body, async (given) => {
      expect(await ask('PUT', '/api/pipelines/p', given)).toEqual({ message: 'success' })
      expect(await ask('GET', '/api/pipelines/p')).toEqual({
        ...given,
        pipeline_name: 'p',
        creator: 'ci',
        updated: expect.any(Number),
      })
    }),
    { numRuns: 60 },
  )
})

/** A key `__proto__` is left out of every body that is read. */
const harmless = fc
  .jsonValue({ maxDepth: 2 })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
  .map((value) => JSON.parse(JSON.stringify(value)))

const subTask = (types: readonly string[]) =>
  fc.record(
    {
      type: fc.constantFrom(...types),
      enabled: fc.boolean(),
      service_name: text,
      repo_owner: text,
      repo_name: text,
      branch: text,
      command: text,
      timeout: fc.nat(10_000),
      job_ctx: fc.record({
        build_steps: fc.array(fc.record({ type: fc.constant('shell'), scripts: text }), { maxLength: 2 }),
        builds: fc.array(fc.record({ repo_owner: text, repo_name: text, branch: text }), { maxLength: 2 }),
      }),
      extra: harmless,
    },
    { requiredKeys: ['type'] },
  )

test('sub-tasks of V2', async () => {
  const ask = await client()
  const subTasks = fc.array(subTask(['build', 'deploy', 'testing', 'distribute', 'jira']), {
    minLength: 1,
    maxLength: 4,
  })
  await ask('POST', '/api/v2/pipelines', { name: 'p', sub_tasks: [{ type: 'build' }] })
  await fc.assert(
    fc.asyncProperty(subTasks, text, fc.boolean(), async (sub_tasks, description, enabled) => {
      expect(await ask('PUT', '/api/v2/pipelines/p', { description, enabled, sub_tasks })).toEqual({
        message: 'success',
      })
      expect(await ask('GET', '/api/v2/pipelines/p')).toMatchObject({ description, enabled, sub_tasks })
    }),
    { numRuns: 60 },
  )
})

test('sub-tasks of Zadig, and a run of them in every generation', async () => {
  const ask = await client()
  const types = [
    'buildv2',
    'docker_build',
    'deploy',
    'testingv2',
    'distribute2kodo',
    'security',
    'release_image',
    'jira',
  ]
  const subTasks = fc.array(subTask(types), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(subTasks, async (sub_tasks) => {
      const pipeline = { name: 'p', enabled: true, multi_run: true, sub_tasks }
      expect(await ask('POST', '/api/workflow/v2/pipelines', pipeline)).toEqual({ message: 'success' })
      expect((await ask('GET', '/api/workflow/v2/pipelines/p')).sub_tasks).toEqual(sub_tasks)
      const { task_id } = await ask('POST', '/api/workflow/v2/tasks', { pipeline_name: 'p' })
      const task = await ask('GET', `/api/workflow/v2/tasks/id/${task_id}/pipelines/p`)
      expect(task.sub_tasks.map(({ type }: Body) => type)).toEqual(sub_tasks.map(({ type }) => type))
      expect((await ask('GET', `/api/v2/tasks/id/${task_id}/pipelines/p`)).status).toBe(task.status)
      expect((await ask('GET', `/api/tasks/id/${task_id}/pipeline/p`)).id).toBe(task_id)
    }),
    { numRuns: 60 },
  )
})
