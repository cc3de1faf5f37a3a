// Bodies as clients send them, with one value in them of another kind: refused in the vendor's words, or taken and then
// shown by every list; and what is shown is what clients of Go can read.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SdkModels } from '../../../test/support/sdk-models.ts'
import { isJsonObject, type Json } from '../../model/json.ts'
import { type Client, open } from '../../testing/koderover-client.ts'
import { succeeded } from '../../testing/scripted-runner.ts'

const ASLAN = '/api/aslan/workflow'
const models = SdkModels.ofFixture('koderover/zadig.models')

const MAKERS: readonly (readonly [path: string, body: Json, start: string, started: Json])[] = [
  [
    '/api/pipelines',
    { pipeline_name: 'made', repo_owner: 'li', repo_name: 'app', run_build: true, run_test: true, enabled: true },
    '/api/tasks',
    { pipeline_name: 'made', branch: 'main', pull_request_number: 3, commit_id: '98a663e5a6effc9337a29353acf338d4' },
  ],
  [
    '/api/v2/pipelines',
    {
      name: 'made',
      enabled: true,
      schedule: '0 3 * * *',
      sub_tasks: [
        { type: 'build', repo_owner: 'li', repo_name: 'app', branch: 'main', pull_request_id: 1, timeout: 600 },
        { type: 'testing', service_name: 'web', command: 'make test', threshold: 90 },
      ],
    },
    '/api/v2/tasks',
    { pipeline_name: 'made' },
  ],
  [
    `${ASLAN}/v2/pipelines`,
    {
      name: 'made',
      enabled: true,
      multi_run: true,
      product_name: 'default',
      schedules: {
        enabled: true,
        items: [{ type: 'timing', time: '09:30', frequency: 'day', number: 1, enabled: true }],
      },
      hook: { enabled: true, git_hooks: [{ repo_owner: 'li', repo: 'app', branch: 'main', events: ['push'] }] },
      sub_tasks: [
        {
          type: 'buildv2',
          enabled: true,
          service_name: 'web',
          timeout: 60,
          job_ctx: {
            builds: [{ repo_owner: 'li', repo_name: 'app', branch: 'main', codehost_id: 1 }],
            build_steps: [{ type: 'shell', scripts: 'make' }],
            envs: [{ key: 'MODE', value: 'fast', is_credential: false }],
            caches: ['/cache'],
          },
          install_items: [{ name: 'go', version: '1.19' }],
        },
        { type: 'deploy', enabled: true, env_name: 'dev', replace_resources: [{ name: 'a', kind: 'b' }] },
        { type: 'testingv2', enabled: true, test_name: 'smoke' },
      ],
    },
    `${ASLAN}/v2/tasks`,
    {
      pipeline_name: 'made',
      product_name: 'default',
      builds: [{ repo_name: 'app', branch: 'main', pr: 0 }],
      build_args: [{ key: 'MODE', value: 'slow' }],
      deploy: { namespace: 'qa' },
    },
  ],
  [
    `${ASLAN}/workflow`,
    {
      name: 'made',
      product_tmpl_name: 'default',
      enabled: true,
      build_stage: {
        enabled: true,
        modules: [
          {
            target: { product_name: 'default', service_name: 'web', service_module: 'web' },
            branch_filter: [{ repo_owner: 'li', repo_name: 'app', default_branch: 'main' }],
          },
        ],
      },
      test_stage: { enabled: true, test_names: ['smoke'], tests: [{ test_name: 'more', envs: [] }] },
      distribute_stage: { enabled: true, distributes: [], releases: [] },
      schedules: { enabled: true, items: [{ cron: '0 3 * * *', workflow_args: { namespace: 'qa' } }] },
    },
    `${ASLAN}/workflowtask`,
    {
      workflow_name: 'made',
      namespace: 'dev',
      targets: [
        { name: 'web', service_name: 'web', build: { repos: [{ repo_name: 'app', branch: 'main' }] }, envs: [] },
      ],
      tests: [{ test_module_name: 'smoke' }],
    },
  ],
  [
    `${ASLAN}/v4`,
    {
      name: 'made',
      project: 'default',
      params: [{ name: 'MODE', type: 'choice', value: 'fast', choice_option: ['fast', 'slow'], default: 'fast' }],
      stages: [
        {
          name: 'build',
          parallel: true,
          approval: { enabled: true, native_approval: { approve_users: [{ user_name: 'ci' }], timeout: 60 } },
          jobs: [
            {
              name: 'note',
              type: 'freestyle',
              spec: {
                properties: { timeout: 60, envs: [{ key: 'WHO', value: 'li' }] },
                steps: [{ name: 's', type: 'shell', spec: { script: 'true' } }],
              },
            },
          ],
        },
      ],
    },
    `${ASLAN}/v4/workflowtask`,
    { name: 'made', params: [{ name: 'MODE', value: 'slow' }] },
  ],
]

/** Every place of a value, as a path of keys. */
function placesOf(value: Json, path: readonly string[] = []): readonly (readonly string[])[] {
  const inner = Array.isArray(value)
    ? [...value.entries()].map(([at, one]) => [String(at), one as Json] as const)
    : isJsonObject(value)
      ? Object.entries(value)
      : []
  return [...(path.length === 0 ? [] : [path]), ...inner.flatMap(([key, one]) => placesOf(one, [...path, key]))]
}
function put(value: Json, [key, ...rest]: readonly string[], odd: Json): Json {
  if (key === undefined) return odd
  if (Array.isArray(value)) return value.map((one: Json, at) => (String(at) === key ? put(one, rest, odd) : one))
  if (!isJsonObject(value)) return value
  return { ...value, [key]: put(value[key] ?? null, rest, odd) }
}

const odd: fc.Arbitrary<Json> = fc.constantFrom<Json>(
  null,
  '',
  'x',
  '-1',
  0,
  -1,
  1.5,
  1e21,
  true,
  false,
  [],
  [[]],
  [null],
  ['x'],
  {},
  { a: {} },
  '${{ params.x }}',
  '\u0000',
  'x'.repeat(3_000),
  '中文',
  '__proto__',
)

const READS = [
  '/api/pipelines',
  '/api/pipelines/made',
  '/api/queue',
  '/api/tasks/running',
  '/api/tasks/pipeline/made',
  '/api/tasks/id/1/pipeline/made',
  '/api/status/pipelines',
  '/api/v2/pipelines',
  '/api/v2/tasks/id/1/pipelines/made',
  `${ASLAN}/v2/pipelines`,
  `${ASLAN}/v2/pipelines/made`,
  `${ASLAN}/v2/status/preview`,
  `${ASLAN}/v2/tasks/id/1/pipelines/made`,
  `${ASLAN}/v2/tasks/max/5/start/0/pipelines/made`,
  `${ASLAN}/workflow`,
  `${ASLAN}/workflow/find/made`,
  `${ASLAN}/workflow/preset/default`,
  `${ASLAN}/workflowtask/preset/dev/made`,
  `${ASLAN}/workflowtask/targets/default/dev`,
  `${ASLAN}/v4`,
  `${ASLAN}/v4/name/made`,
  `${ASLAN}/v4/preset/made`,
  `${ASLAN}/v4/workflowtask?workflow_name=made`,
  `${ASLAN}/v4/workflowtask/workflow/made/task/1`,
  '/openapi/workflows?projectKey=default',
  '/openapi/workflows/custom/made/detail?projectKey=default',
  '/api/directory/workflowTask/id/1/pipelines/made',
]
/** Lists in which one odd body would be in the way of all others. */
const LISTS = [
  ['GET /api/workflow/v2/pipelines', `${ASLAN}/v2/pipelines`],
  ['GET /api/workflow/workflow', `${ASLAN}/workflow`],
  ['GET /api/workflow/workflow/find/:name', `${ASLAN}/workflow/find/made`],
  ['GET /api/workflow/v2/pipelines/:name', `${ASLAN}/v2/pipelines/made`],
  ['GET /api/workflow/v4/preset/:name', `${ASLAN}/v4/preset/made`],
  ['GET /api/workflow/v2/tasks/id/:id/pipelines/:name', `${ASLAN}/v2/tasks/id/1/pipelines/made`],
] as const

const TIMES = Number(process.env['FUZZ_TIMES'] ?? 1)

async function oddities(client: Client): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const path of READS) {
    const response = await client.send(path)
    const text = await response.text()
    if (response.status >= 500) wrong.push(`${path}: ${response.status} ${text.slice(0, 200)}`)
  }
  for (const [operation, path] of LISTS) {
    const response = await client.send(path)
    if (response.status !== 200) continue
    const found = models.mismatches(operation, await response.json()).filter((one) => one.includes('is declared'))
    wrong.push(...found)
  }
  return wrong
}

test(
  'a value of another kind is refused, or shown everywhere as clients can read it',
  async () => {
    const places = MAKERS.flatMap((maker) => [
      ...placesOf(maker[1]).map((place) => ({ maker, place, starts: false })),
      ...placesOf(maker[3]).map((place) => ({ maker, place, starts: true })),
    ])
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...places),
        odd,
        async ({ maker: [path, body, start, started], place, starts }, value) => {
          const client = await open()
          client.world.runner.script = () => succeeded()
          const made = await client.ask('POST', path, starts ? body : put(body, place, value))
          const begun = await client.ask('POST', start, starts ? put(started, place, value) : started)
          expect([made, begun].filter(({ status }) => status >= 500)).toEqual([])
          expect(await oddities(client)).toEqual([])
        },
      ),
      {
        numRuns: 25 * TIMES,
        ...(process.env['FUZZ_SEED'] === undefined ? {} : { seed: Number(process.env['FUZZ_SEED']) }),
      },
    )
  },
  120_000 * TIMES,
)
