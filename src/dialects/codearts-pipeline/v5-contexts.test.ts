import { beforeEach, describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { dto, job, shell, stage } from '../../testing/codearts-documents.ts'
import { exited, ScriptedRunner, succeeded } from '../../testing/scripted-runner.ts'
import { openWorld, type World } from '../../testing/world.ts'
import { codeartsPipeline } from './index.ts'

// Conditions and contexts that name jobs, on runs (usermanual-pipeline/pipeline_01_0005, 0006 and 0075).

const BASE = 'http://127.0.0.1:8080'
type Body = ReturnType<typeof JSON.parse>

let world: World
let runner: ScriptedRunner
let call: (method: string, path: string, body?: unknown) => Promise<Body>
beforeEach(async () => {
  runner = new ScriptedRunner(10)
  world = await openWorld({ runner, check: (text, file) => parseDefinition(text, file, stepSpecs) })
  const handle = codeartsPipeline.create(world.app, { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 1_000_000 })
  call = async (method, path, body) => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) }
    const headers = { 'X-Auth-Token': world.credentials.token }
    const response = await handle(
      new Request(`${BASE}/v5/${world.project.id}/api/pipelines${path}`, { method, headers, ...init }),
    )
    return JSON.parse(await response.text())
  }
})

/** Runs stages with a script that fails where it is asked to; what each job came to, by its name. */
async function statuses(stages: readonly object[], fails: string): Promise<Record<string, string>> {
  runner.script = ({ with: { script } }) => (script === fails ? exited(1) : succeeded())
  const { pipeline_id: id } = await call('POST', '', dto(stages))
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  await call('POST', `/${id}/run`, {})
  await world.settled()
  const run = await call('GET', `/${id}/pipeline-runs/detail`)
  return Object.fromEntries(
    run.stages.flatMap(({ jobs }: Body) => jobs.map(({ identifier, status }: Body) => [identifier, status])),
  )
}

const work = () => stage('Work', [job('JOB_A', [shell('one'), shell('two')]), job('JOB_B', [shell('other')])])
const last = (conditions: Readonly<Record<string, string>>) =>
  stage(
    'Last',
    Object.entries(conditions).map(([name, condition]) => job(name, [shell(name)], { condition })),
    { run_always: true },
  )

describe('in a stage that always runs', () => {
  const asking = {
    JOB_BAD: '${{ failure() }}',
    JOB_GOOD: '${{ success() }}',
    JOB_ANY: '${{ always() }}',
    JOB_OF_A: "${{ jobs.JOB_A.status == 'FAILED' }}",
    JOB_OF_B: "${{ jobs.JOB_B.status != 'COMPLETED' }}",
    JOB_EITHER: "${{ jobs.JOB_A.status == 'COMPLETED' || jobs.JOB_A.status == 'FAILED' }}",
    JOB_SOME: "${{ contains(jobs.*.status, 'FAILED') }}",
  }

  test('jobs are told of a failure before it', async () => {
    expect(await statuses([work(), last(asking)], 'two')).toEqual({
      JOB_A: 'FAILED',
      JOB_B: 'COMPLETED',
      JOB_BAD: 'COMPLETED',
      JOB_GOOD: 'SKIPPED',
      JOB_ANY: 'COMPLETED',
      JOB_OF_A: 'COMPLETED',
      JOB_OF_B: 'SKIPPED',
      JOB_EITHER: 'COMPLETED',
      JOB_SOME: 'COMPLETED',
    })
  })

  test('and that there was none', async () => {
    expect(await statuses([work(), last(asking)], '')).toEqual({
      JOB_A: 'COMPLETED',
      JOB_B: 'COMPLETED',
      JOB_BAD: 'SKIPPED',
      JOB_GOOD: 'COMPLETED',
      JOB_ANY: 'COMPLETED',
      JOB_OF_A: 'SKIPPED',
      JOB_OF_B: 'SKIPPED',
      JOB_EITHER: 'COMPLETED',
      JOB_SOME: 'SKIPPED',
    })
  })
})

// The example of usermanual-pipeline/pipeline_01_0075, and what pipeline_01_0073 says: an expression is asked when the job
// before is over, however it ended.
describe('a job that depends on another and asks an expression', () => {
  const asking = {
    JOB_EITHER: "${{ jobs.JOB_A.status == 'COMPLETED' || jobs.JOB_A.status == 'FAILED' }}",
    JOB_BAD: "${{ jobs.JOB_A.status == 'FAILED' }}",
    JOB_BRANCH: "${{ pipeline.trigger_type == 'Manual' }}",
    JOB_NOT: "${{ !completed('JOB_A') }}",
    JOB_OF: "${{ completed('JOB_A') }}",
    JOB_DEFAULT: '${{ default() }}',
    JOB_SUCCESS: '${{ completed() }}',
  }
  const work = () =>
    stage('Work', [
      job('JOB_A', [shell('one'), shell('two')]),
      ...Object.entries(asking).map(([name, condition]) =>
        job(name, [shell(name)], { condition, depends_on: ['JOB_A'] }),
      ),
    ])

  test('is asked after a failure', async () => {
    expect(await statuses([work()], 'one')).toEqual({
      JOB_A: 'FAILED',
      JOB_EITHER: 'COMPLETED',
      JOB_BAD: 'COMPLETED',
      JOB_BRANCH: 'COMPLETED',
      JOB_NOT: 'COMPLETED',
      JOB_OF: 'SKIPPED',
      JOB_DEFAULT: 'INIT',
      JOB_SUCCESS: 'INIT',
    })
  })

  test('and when all went well', async () => {
    expect(await statuses([work()], '')).toEqual({
      JOB_A: 'COMPLETED',
      JOB_EITHER: 'COMPLETED',
      JOB_BAD: 'SKIPPED',
      JOB_BRANCH: 'COMPLETED',
      JOB_NOT: 'SKIPPED',
      JOB_OF: 'COMPLETED',
      JOB_DEFAULT: 'COMPLETED',
      JOB_SUCCESS: 'COMPLETED',
    })
  })

  test('as jobs of a stage that always runs ask for several of those before', async () => {
    const both = "completed('JOB_A', 'JOB_B')"
    const gate = {
      JOB_GOOD: `\${{ ${both} }}`,
      JOB_BAD: `\${{ !${both} }}`,
      JOB_ANY: "${{ failed('JOB_A', 'JOB_B') }}",
    }
    const before = stage('Work', [job('JOB_A', [shell('one')]), job('JOB_B', [shell('other')])])
    expect(await statuses([before, last(gate)], 'other')).toMatchObject({
      JOB_GOOD: 'SKIPPED',
      JOB_BAD: 'COMPLETED',
      JOB_ANY: 'COMPLETED',
    })
  })
})

// usermanual-pipeline/pipeline_01_0073: `default()` when the job before went well or was not chosen, `success()` when it went
// well.
test('a job behind one that was not chosen or passed over runs by default, and not on its success', async () => {
  const conditions = {
    JOB_DEFAULT: '${{ default() }}',
    JOB_SUCCESS: '${{ success() }}',
    JOB_DONE: '${{ completed() }}',
  }
  const jobs = [
    job('JOB_A', [shell('one')], { condition: "${{ env.NOBODY == 'x' }}" }),
    ...Object.entries(conditions).map(([name, condition]) =>
      job(name, [shell(name)], { condition, depends_on: ['JOB_A'] }),
    ),
  ]
  expect(await statuses([stage('Work', jobs)], '')).toEqual({
    JOB_A: 'SKIPPED',
    JOB_DEFAULT: 'COMPLETED',
    JOB_SUCCESS: 'SKIPPED',
    JOB_DONE: 'SKIPPED',
  })
  runner.script = () => succeeded()
  const { pipeline_id: id } = await call('POST', '', dto([stage('Work', jobs)], { name: 'again' }))
  await call('POST', `/${id}/run`, { choose_jobs: Object.keys(conditions) })
  await world.settled()
  const [{ jobs: ran }] = (await call('GET', `/${id}/pipeline-runs/detail`)).stages
  expect(ran.map(({ status }: Body) => status)).toEqual(['UNSELECTED', 'COMPLETED', 'SKIPPED', 'SKIPPED'])
})

test('a job may ask for one that it waits for, directly or not, and for its outputs', async () => {
  const when = "${{ jobs.JOB_A.status == 'COMPLETED' && jobs.JOB_A.outputs.level == 'high' }}"
  const jobs = [
    job('JOB_A', [shell('one'), shell('two')]),
    job('JOB_B', [shell('b')], { depends_on: ['JOB_A'] }),
    job('JOB_C', [shell('c'), shell('d')], { depends_on: ['JOB_B'], condition: when }),
  ]
  expect(await statuses([stage('Work', jobs)], '')).toMatchObject({ JOB_B: 'COMPLETED', JOB_C: 'SKIPPED' })
  runner.script = ({ with: { script } }) =>
    script === 'one' ? { kind: 'succeeded', outputs: { level: 'high' } } : succeeded()
  const { pipeline_id: id } = await call('POST', '', dto([stage('Work', jobs)], { name: 'again' }))
  await call('POST', `/${id}/run`, {})
  await world.settled()
  expect((await call('GET', `/${id}/pipeline-runs/detail`)).stages[0].jobs[2].status).toBe('COMPLETED')
})

describe('a script', () => {
  test('reads contexts as variables of its environment', async () => {
    const script = 'echo ${{ pipeline.run_number }} ${{pipeline.trigger_type}} "${{ env.TAG }}" ${{ env.x-y }}'
    const of =
      'echo ${{ jobs.JOB_A.outputs.v }} ${{ jobs.JOB_A.status }} ${{ pipeline.timestamp }} ${{ nothing.known }}'
    const jobs = [job('JOB_A', [shell(script)]), job('JOB_B', [shell(of)], { depends_on: ['JOB_A'] })]
    runner.script = ({ uses }) => (uses === 'script' ? undefined : succeeded())
    const { pipeline_id: id } = await call(
      'POST',
      '',
      dto([stage('Work', jobs)], { variables: [{ name: 'TAG', value: '$(x) v1' }] }),
    )
    await call('POST', `/${id}/run`, {})
    await world.settled()
    const [first] = runner.jobs
    expect(first?.with['script']).toBe(
      'echo ${CTX_PIPELINE_RUN_NUMBER} ${CTX_PIPELINE_TRIGGER_TYPE} "${CTX_ENV_TAG}" ${CTX_ENV_X_Y}',
    )
    expect(first?.env).toMatchObject({
      CTX_PIPELINE_RUN_NUMBER: '1',
      CTX_PIPELINE_TRIGGER_TYPE: 'Manual',
      CTX_ENV_TAG: '$(x) v1',
      CTX_ENV_X_Y: '',
    })
    runner.endTask('JOB_A', { kind: 'succeeded', outputs: { v: '7' } })
    await world.settled()
    const second = runner.jobs.at(-1)
    expect(second?.with['script']).toBe(
      'echo ${CTX_JOBS_JOB_A_OUTPUTS_V} ${CTX_JOBS_JOB_A_STATUS} ${CTX_PIPELINE_TIMESTAMP} ${{ nothing.known }}',
    )
    expect(second?.env).toMatchObject({
      CTX_JOBS_JOB_A_OUTPUTS_V: '7',
      CTX_JOBS_JOB_A_STATUS: 'COMPLETED',
      CTX_PIPELINE_TIMESTAMP: expect.stringMatching(/^2026\d{10}$/),
    })
  })

  test('of another interpreter stays as it is', async () => {
    const script = '#!/usr/bin/env python3\nprint("${{ pipeline.run_number }}")'
    const { pipeline_id: id } = await call('POST', '', dto([stage('Work', [job('JOB_A', [shell(script)])])]))
    await call('POST', `/${id}/run`, {})
    await world.settled()
    expect(runner.jobs[0]?.with['script']).toBe(script)
  })
})
