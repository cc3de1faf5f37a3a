import fc from 'fast-check'
import type { ProjectView } from '../model/view.ts'
import { display, pause, shell as bkShell, sleep, subProcess, webTree } from './blueking-trees.ts'
import { checkpoint, dto, job, shell, stage } from './codearts-documents.ts'

/** A request that makes a pipeline, as the vendor's own clients send it. */
export interface Made {
  readonly method: 'POST'
  readonly path: (project: ProjectView) => string
  readonly body: unknown
}

const made = (path: Made['path'], body: unknown): Made => ({ method: 'POST', path, body })

const koderover = fc
  .record({
    run_build: fc.boolean(),
    run_deploy: fc.boolean(),
    run_deploy_cs: fc.boolean(),
    run_test: fc.boolean(),
    run_distribute: fc.boolean(),
    repo_owner: fc.constantFrom('', 'https://git.example/team'),
  })
  .map((flags) => made(() => '/api/pipelines', { pipeline_name: 'web', repo_name: 'app', enabled: true, ...flags }))

const subTask = fc.record({
  type: fc.constantFrom('buildv2', 'deploy', 'testingv2', 'distribute', 'jira', 'security'),
  enabled: fc.boolean(),
  service_name: fc.constantFrom('web', 'api'),
  timeout: fc.constantFrom(0, 60),
})
const zadig = fc.array(subTask, { minLength: 1, maxLength: 4 }).map((sub_tasks) =>
  made(() => '/api/workflow/v2/pipelines', {
    name: 'web',
    enabled: true,
    product_name: 'default',
    multi_run: true,
    sub_tasks,
  }),
)

const product = fc
  .record({
    services: fc.subarray(['web', 'api'], { minLength: 1 }),
    tests: fc.subarray(['smoke', 'load']),
    distributes: fc.boolean(),
    isArtifact: fc.boolean(),
  })
  .map(({ services, tests, distributes, isArtifact }) => {
    const stage = {
      enabled: true,
      modules: services.map((name) => ({ target: { service_name: name, service_module: name } })),
    }
    return made(() => '/api/workflow/workflow', {
      name: 'web',
      product_tmpl_name: 'default',
      enabled: true,
      is_parallel: true,
      ...(isArtifact ? { artifact_stage: stage } : { build_stage: stage }),
      test_stage: { enabled: true, test_names: tests },
      distribute_stage: { enabled: distributes },
    })
  })

const customJob = fc.constantFrom('zadig-build', 'zadig-deploy', 'zadig-test', 'freestyle', 'approval', 'jira')
const customStage = fc.record({
  jobs: fc.array(customJob, { minLength: 1, maxLength: 3 }),
  parallel: fc.boolean(),
  reviewers: fc.option(fc.constantFrom([], ['ci'])),
})
const custom = fc.array(customStage, { minLength: 1, maxLength: 3 }).map((stages) =>
  made(() => '/api/workflow/v4', {
    name: 'web',
    project: 'default',
    multi_run: true,
    params: [{ name: 'MODE', type: 'string', value: 'fast' }],
    stages: stages.map(({ jobs, parallel, reviewers }, at) => ({
      name: `s${at}`,
      parallel,
      ...(reviewers === null
        ? {}
        : {
            approval: {
              enabled: true,
              native_approval: { needed_approvers: 1, approve_users: reviewers.map((user_name) => ({ user_name })) },
            },
          }),
      jobs: jobs.map((type, place) => ({
        name: `j${at}-${place}`,
        type,
        spec: type === 'freestyle' ? { steps: [{ type: 'shell', spec: { scripts: ['make'] } }] } : {},
      })),
    })),
  }),
)

const step = fc.oneof(
  { weight: 3, arbitrary: fc.constant(shell('make')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', 'ci').map((approvers) => checkpoint(approvers, { timeout_strategy: 'reject' })),
  },
)
const jobSketch = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 2 }), follows: fc.boolean() })
const stageSketch = fc.record({ jobs: fc.array(jobSketch, { minLength: 1, maxLength: 3 }), always: fc.boolean() })
const codearts = fc.array(stageSketch, { minLength: 1, maxLength: 3 }).map((stages) =>
  made(
    ({ id }) => `/v5/${id}/api/pipelines`,
    dto(
      stages.map(({ jobs, always }, at) =>
        stage(
          `S${at}`,
          jobs.map(({ steps, follows }, place) =>
            job(`JOB_${at}_${place}`, steps, follows && place > 0 ? { depends_on: [`JOB_${at}_${place - 1}`] } : {}),
          ),
          { run_always: always && at > 0 },
        ),
      ),
    ),
  ),
)

const activity = fc.constantFrom(
  bkShell('make'),
  { ...bkShell('make'), error_ignorable: true },
  { ...bkShell('make'), skippable: false },
  display,
  pause,
  sleep('30'),
)
const inner = { start: 'start', end: 'end' }
const tree = fc
  .record({
    first: activity,
    branches: fc.constantFrom('none', 'Parallel', 'Exclusive'),
    left: activity,
    right: activity,
    condition: fc.constantFrom('1 == 1', '1 == 2', '${no} == 1'),
    sub: fc.option(activity),
  })
  .map(({ first, branches, left, right, condition, sub }) => {
    const end = sub === null ? inner.end : 'sub'
    const after = sub === null ? [] : ([['sub', inner.end]] as const)
    const extra =
      sub === null
        ? {}
        : {
            sub: subProcess(
              webTree({
                lines: [
                  ['start', 'x'],
                  ['x', 'end'],
                ],
                activities: { x: sub },
              }),
            ),
          }
    if (branches === 'none') {
      return webTree({ lines: [['start', 'a'], ['a', end], ...after], activities: { a: first, ...extra } })
    }
    if (branches === 'Parallel') {
      return webTree({
        lines: [['start', 'a'], ['a', 'g'], ['g', 'l'], ['g', 'r'], ['l', 'c'], ['r', 'c'], ['c', end], ...after],
        gateways: { g: 'Parallel', c: 'Converge' },
        activities: { a: first, l: left, r: right, ...extra },
      })
    }
    return webTree({
      lines: [
        ['start', 'a'],
        ['a', 'g'],
        ['g', 'l', condition],
        ['g', 'r', '1 == 3'],
        ['l', end],
        ['r', end],
        ...after,
      ],
      gateways: { g: 'Exclusive' },
      activities: { a: first, l: left, r: right, ...extra },
    })
  })
const blueking = tree.map((pipeline_tree) =>
  made(({ serial }) => `/api/bk-sops/prod/create_template/${serial}/`, { name: 'web', pipeline_tree }),
)

const check = fc
  .record({
    git_branch: fc.constantFrom('main', 'v1'),
    language: fc.subarray(['js', 'java', 'python'], { minLength: 1 }),
  })
  .map((body) => made(({ id }) => `/v2/${id}/task`, { git_url: 'https://git.example/team/web.git', ...body }))

const swrStage = fc
  .record({
    service: fc.constantFrom<readonly [string, object]>(
      ['jenkins_build', { basic_env: 'go', jenkins_shell: 'make' }],
      ['test_review', { review_mode: 'one', review_users: [{ user_name: 'ci' }] }],
      ['test_review', { review_mode: 'all', review_users: [{ user_name: 'ci' }, { user_name: 'li' }] }],
    ),
    handler: fc.constantFrom(
      undefined,
      { type: 'timeout_reset', params: { timespan: 1 } },
      { type: 'return_to_start' },
      { type: 'ignore_error', params: {} },
    ),
  })
  .map(({ service: [service_name, params], handler }) => ({
    service_name,
    params,
    ...(handler === undefined ? {} : { exception_handler: handler }),
  }))
const swr = fc.array(swrStage, { minLength: 1, maxLength: 4 }).map((stages) =>
  made(({ name }) => `/v3/manage/pipelinegroups/${name}/pipelines`, {
    name: 'web',
    description: 'made by chance',
    pre_operation: { operator: 'or', triggers: [{ webhook: {} }] },
    params: [],
    stages: stages.map((one, at) => ({ name: `s${at}`, ...one })),
  }),
)

const work = fc.constantFrom<object>(
  { script: 'make', role: 'build' },
  { script: 'make', role: 'deploy', rollback: { script: 'undo' } },
  { script: 'make', role: 'test', timeout: '30s', on_timeout: 'skip' },
  { script: 'make', retry: 1 },
  { approval: { reviewers: ['ci'] } },
  { sleep: '30s' },
  { uses: 'callback' },
  { uses: 'noop' },
)
const task = fc.record({ work, on_failure: fc.constantFrom('stop', 'hold', 'continue', 'restart') })
const native = fc
  .array(
    fc.record({ tasks: fc.array(task, { minLength: 1, maxLength: 3 }), parallel: fc.boolean(), always: fc.boolean() }),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map((stages) => ({
    name: 'web',
    restarts: 1,
    stages: stages.map(({ tasks, parallel, always }, at) => ({
      name: `s${at}`,
      ...(at > 0 && parallel ? { parallel: true } : {}),
      ...(at > 0 && always ? { always: true } : {}),
      tasks: tasks.map((one, place) => ({ name: `t${at}-${place}`, ...one.work, on_failure: one.on_failure })),
    })),
  }))
  .map((definition) => made(() => '/api/v1/pipelines', { project: 'default', definition: JSON.stringify(definition) }))

/** A way that is chosen, perhaps back to the beginning, and a stage that waits for a channel after it. */
const flows = fc
  .record({
    first: work,
    yes: work,
    again: fc.constantFrom('true', 'false'),
    loopMax: fc.constantFrom(2, 5),
    channel: fc.boolean(),
  })
  .map(({ first, yes, again, loopMax, channel }) => ({
    name: 'web',
    stages: [
      {
        name: 'flow',
        flow: {
          loops: loopMax,
          nodes: { begin: { start: {} }, first, which: { gateway: 'exclusive' }, yes, done: { end: {} } },
          edges: [
            { from: 'begin', to: 'first' },
            { from: 'first', to: 'which' },
            { key: 'back', from: 'which', to: 'first', when: again },
            { key: 'on', from: 'which', to: 'yes', default: true },
            { from: 'yes', to: 'done' },
          ],
        },
      },
      {
        name: 'after',
        ...(channel ? { triggers: [{ channel: 'go', name: 'go' }] } : {}),
        tasks: [{ name: 'last', script: 'make' }],
      },
    ],
  }))
  .map((definition) => made(() => '/api/v1/pipelines', { project: 'default', definition: JSON.stringify(definition) }))

/** Pipelines by chance, by whom they are made. */
export const makers: Readonly<Record<string, fc.Arbitrary<Made>>> = {
  'KodeRover, first generation': koderover,
  Zadig: zadig,
  'Zadig, product workflows': product,
  'Zadig, custom workflows': custom,
  'CodeArts Pipeline': codearts,
  BlueKing: blueking,
  'CodeArts Check': check,
  SWR: swr,
  'the native API': native,
  'the native API, flows': flows,
}
