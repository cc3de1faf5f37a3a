import { expect, test } from 'vitest'
import { open, type Body } from '../../../testing/koderover-client.ts'
import { exited, succeeded } from '../../../testing/scripted-runner.ts'

// `error_policy` and `run_policy` of jobs: `runJob` of aslan's jobcontroller and `HandleJobError`, read 2026-11-24.

const BASE = '/api/aslan/workflow/v4'
const shell = (name: string, more: object = {}): Body => ({
  name,
  type: 'freestyle',
  spec: { steps: [{ type: 'shell', spec: { script: `make ${name}` } }] },
  ...more,
})

/** A workflow of one stage after the other, started once. */
async function started(...stages: readonly (readonly Body[])[]) {
  const { ask, world } = await open()
  const workflow = {
    name: 'w',
    project: 'default',
    stages: stages.map((jobs, at) => ({ name: `s${at + 1}`, parallel: true, jobs })),
  }
  expect((await ask('POST', BASE, workflow)).body).toEqual({ message: 'success' })
  expect((await ask('POST', `${BASE}/workflowtask`, { name: 'w' })).body).toMatchObject({ task_id: 1 })
  const task = async (): Promise<Body> => (await ask('GET', `${BASE}/workflowtask/workflow/w/task/1`)).body
  return {
    ask,
    world,
    task,
    /** Words of the task, its stages and its jobs. */
    words: async () => {
      const { status, stages: shown } = await task()
      return [status, ...shown.flatMap((stage: Body) => [stage.status, ...stage.jobs.map((job: Body) => job.status)])]
    },
    running: () => world.runner.jobs.map(({ env }) => env['MILLRACE_TASK']),
    end: async (job: string, code = 0): Promise<void> => {
      world.runner.endTask(job, code === 0 ? succeeded() : exited(code))
      await world.settled()
    },
    decide: (job_name: string, decision: string) =>
      ask('POST', `${BASE}/workflowtask/handle/error`, { workflow_name: 'w', job_name, task_id: 1, decision }),
  }
}

test('a failure that is ignored makes its job unstable, and the task goes on and passes', async () => {
  const t = await started([shell('a', { error_policy: { policy: 'ignore_error' } })], [shell('b')])
  await t.end('a', 1)
  expect(await t.words()).toEqual(['running', 'passed', 'unstable', 'running', 'running'])
  await t.end('b')
  expect(await t.words()).toEqual(['passed', 'passed', 'unstable', 'passed', 'passed'])
  expect((await t.task()).stages[0].jobs[0].error_policy).toEqual({ policy: 'ignore_error' })
})

test('a job is tried again as often as it says, every ten seconds', async () => {
  const t = await started([shell('a', { error_policy: { policy: 'retry', maximum_retry: 2 } })], [shell('b')])
  for (const seconds of [10, 10]) {
    await t.end('a', 1)
    expect(t.running()).toEqual([])
    expect((await t.words())[0]).toBe('running')
    t.world.clock.advance(seconds * 1_000)
    await t.world.settled()
    expect(t.running()).toEqual(['a'])
  }
  await t.end('a', 1)
  expect(await t.words()).toEqual(['failed', 'failed', 'failed', 'created', 'created'])
  expect((await t.task()).stages[0].jobs[0].retry_count).toBe(2)
})

const fetching = (policy: object): Body => ({
  ...shell('a', { error_policy: policy }),
  spec: { repos: [{ repo_owner: '/srv/git', repo_name: 'web', branch: 'main' }], script: 'make' },
})

test('what fetches for a job is a part of it: a failure there is ignored with the job, and tried again with it', async () => {
  const ignored = await started([fetching({ policy: 'ignore_error' })], [shell('b')])
  await ignored.end('a-fetch-1', 1)
  expect(await ignored.words()).toEqual(['running', 'passed', 'unstable', 'running', 'running'])
  expect((await ignored.task()).stages[0].jobs[0].error).not.toBe('')
  await ignored.end('b')
  expect((await ignored.words())[0]).toBe('passed')
  const good = await started([fetching({ policy: 'ignore_error' })])
  await good.end('a-fetch-1')
  await good.end('a')
  expect(await good.words()).toEqual(['passed', 'passed', 'passed'])
  const again = await started([fetching({ policy: 'retry', maximum_retry: 1 })])
  await again.end('a-fetch-1', 1)
  again.world.clock.advance(10_000)
  await again.world.settled()
  await again.end('a-fetch-1')
  await again.end('a')
  expect(await again.words()).toEqual(['passed', 'passed', 'passed'])
})

const MANUAL = { policy: 'manual_check', approval_users: [{ type: 'user', user_name: 'ci' }] }

test('a failure that somebody has to see to waits for a word, and goes on once it is ignored', async () => {
  const t = await started([shell('a', { error_policy: MANUAL }), shell('c')], [shell('b')])
  await t.end('c')
  expect((await t.decide('a', 'ignore')).body.code).toBe(6169)
  await t.end('a', 1)
  expect(await t.words()).toEqual([
    'running',
    'running',
    'wait_for_manual_error_handling',
    'passed',
    'created',
    'created',
  ])
  const retried = await t.ask('POST', `${BASE}/workflowtask/retry/workflow/w/task/1`)
  expect(retried.body.code).toBe(6164)
  expect((await t.decide('a', 'later')).body.code).toBe(400)
  expect((await t.decide('b', 'ignore')).body.code).toBe(6169)
  expect((await t.decide('z', 'ignore')).body.code).toBe(6169)
  expect((await t.decide('a', 'ignore')).body).toEqual({ message: 'success' })
  expect(await t.words()).toEqual(['running', 'passed', 'unstable', 'passed', 'running', 'running'])
  expect((await t.task()).stages[0].jobs[0]).toMatchObject({ error_policy: MANUAL, error_handler_username: 'ci' })
  await t.end('b')
  expect((await t.words())[0]).toBe('passed')
})

test('one that is rejected fails the task, which can be tried again', async () => {
  const t = await started([shell('a', { error_policy: { policy: 'manual_check' } })], [shell('b')])
  await t.end('a', 7)
  expect((await t.decide('a', 'reject')).body).toEqual({ message: 'success' })
  expect(await t.words()).toEqual(['failed', 'failed', 'failed', 'created', 'created'])
  expect((await t.task()).stages[0].jobs[0].error).toContain('7')
  expect((await t.ask('POST', `${BASE}/workflowtask/retry/workflow/w/task/1`)).body).toEqual({ message: 'success' })
  expect(t.running()).toEqual(['a'])
})

test('only those whom it names have a word', async () => {
  const t = await started([shell('a', { error_policy: { ...MANUAL, approval_users: [{ user_name: 'li' }] } })])
  await t.end('a', 1)
  const { status, body } = await t.decide('a', 'ignore')
  expect([status, body.code, body.description]).toEqual([400, 6169, expect.stringContaining('not authorized')])
})

test('a job that is not run unless it is asked for is left out, and shown so to whoever starts one', async () => {
  const t = await started([shell('a'), shell('b', { run_policy: 'default_not_run' })])
  expect(t.running()).toEqual(['a'])
  const preset = (await t.ask('GET', `${BASE}/preset/w`)).body
  expect(preset.stages[0].jobs.map(({ skipped }: Body) => skipped)).toEqual([false, true])
  const jobs = preset.stages[0].jobs.map((job: Body) => ({ ...job, skipped: false }))
  await t.end('a')
  const asked = { ...preset, stages: [{ ...preset.stages[0], jobs }] }
  expect((await t.ask('POST', `${BASE}/workflowtask`, asked)).body).toMatchObject({ task_id: 2 })
  expect(t.running()).toEqual(['a', 'b'])
})

test('what waits for an approval says so: a stage with its task, or a job alone', async () => {
  const { ask } = await open()
  const approval = { enabled: true, type: 'native', native_approval: { approve_users: [{ user_name: 'ci' }] } }
  const job = { name: 'ok', type: 'approval', spec: { type: 'native', native_approval: approval.native_approval } }
  const stages = [
    { name: 'gate', approval, jobs: [{ name: 'a', type: 'jira', spec: {} }] },
    { name: 'ask', jobs: [job] },
  ]
  await ask('POST', BASE, { name: 'w', project: 'default', stages })
  await ask('POST', `${BASE}/workflowtask`, { name: 'w' })
  const task = async (): Promise<Body> => (await ask('GET', `${BASE}/workflowtask/workflow/w/task/1`)).body
  expect(await task()).toMatchObject({
    status: 'wait_for_approval',
    stages: [{ status: 'wait_for_approval', jobs: [{ status: 'created' }] }, { status: 'created' }],
  })
  const yes = { workflow_name: 'w', task_id: 1, approve: true, comment: '' }
  await ask('POST', `${BASE}/workflowtask/approve`, { ...yes, stage_name: 'gate' })
  expect(await task()).toMatchObject({
    status: 'running',
    stages: [{ status: 'passed' }, { status: 'running', jobs: [{ status: 'wait_for_approval' }] }],
  })
  await ask('POST', `${BASE}/workflowtask/approve`, { ...yes, job_name: 'ok', approve: false })
  expect(await task()).toMatchObject({
    status: 'reject',
    stages: [{}, { status: 'reject', jobs: [{ status: 'reject' }] }],
  })
})
