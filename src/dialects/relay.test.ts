// One run in the hands of all five: each command comes from another vendor's client, and all see what came of it.
import { expect, test } from 'vitest'
import { allDialects, type Ask } from '../testing/all-dialects.ts'
import { checkpoint, dto, job, shell, stage } from '../testing/codearts-documents.ts'
import { exited, succeeded } from '../testing/scripted-runner.ts'
import { need, openWorld, type World } from '../testing/world.ts'

interface Relay {
  readonly world: World
  /** Sends what a client sends, and lets everything happen that comes of it. */
  readonly send: (method: string, path: string, body?: unknown) => Promise<Awaited<ReturnType<Ask>>>
}

async function openRelay(): Promise<Relay> {
  const world = await openWorld()
  const ask = allDialects(world)
  return {
    world,
    send: async (...request) => {
      const answer = await ask(...request)
      expect(answer.status, answer.text).toBeLessThan(300)
      expect(answer.body?.result, answer.text).not.toBe(false)
      await world.settled()
      return answer
    },
  }
}

test('started in one, paused in the second, resumed in the third, reviewed in the fourth, cancelled and retried in the fifth', async () => {
  const { world, send } = await openRelay()
  const { project, runner } = world
  // A client of CodeArts Pipeline makes it.
  const document = dto([
    stage('Build', [job('JOB_build', [shell('make')])]),
    stage('Gate', [job('JOB_gate', [checkpoint('ci')])]),
    stage('Ship', [job('JOB_ship', [shell('make ship')])]),
  ])
  const { pipeline_id: id } = (await send('POST', `/v5/${project.id}/api/pipelines`, document)).body
  const pipeline = need(await world.app.pipelines.get(world.admin, { id }))

  // A client of CodeArts Check starts it: `exec_id` is the run's id everywhere.
  const { exec_id: runId } = (await send('POST', `/v2/tasks/${id}/run`, {})).body
  const statuses = async () => {
    const run = await world.run(runId)
    return [run.status, ...run.stages.flatMap(({ tasks }) => tasks.map(({ status }) => status))]
  }
  expect(await statuses()).toEqual(['running', 'running', 'pending', 'pending'])

  // BlueKing's pauses it, by the number that its list gives.
  const { data } = (await send('GET', `/api/bk-sops/prod/get_task_list/${project.serial}/`)).body
  const serial = data[0].id
  const operate = (action: string) =>
    send('POST', `/api/bk-sops/prod/operate_task/${serial}/${project.serial}/`, { action })
  await operate('pause')
  runner.endTask('JOB_build', succeeded())
  await world.settled()
  expect(await statuses()).toEqual(['paused', 'succeeded', 'pending', 'pending'])
  const codearts = await send('GET', `/v3/pipelines/${id}/status`)
  expect(codearts.body).toMatchObject({ status: 'suspending', build_id: '1' })

  // No other vendor's words resume a whole run: our own API does, and a client of SWR sees it go on.
  need(await world.app.runs.act(world.admin, { id: runId }, { action: 'resume' }))
  await world.settled()
  const stages = `/v3/manage/pipelines/${pipeline.serial}/stages`
  const swr = await send('GET', `/v3/manage/pipelines/${pipeline.serial}`)
  expect(swr.body.status).toMatchObject({
    status: 'running',
    stage_index: 1,
    stages: [{}, { state: { review_results: [{ user_name: 'ci', result: 'waiting' }] } }, {}],
  })

  // SWR's decides the review.
  await send('PUT', `${stages}/1/start_info`, { mode: 'review', review_result: 'pass' })
  expect(await statuses()).toEqual(['running', 'succeeded', 'succeeded', 'running'])

  // KodeRover's cancels it, and restarts it under the same number.
  const task = `id/1/pipeline/${pipeline.name}`
  await send('DELETE', `/api/tasks/${task}`)
  runner.endTask('JOB_ship', { kind: 'cancelled' })
  await world.settled()
  expect(await statuses()).toEqual(['cancelled', 'succeeded', 'succeeded', 'cancelled'])
  expect((await send('GET', `/v2/tasks/${id}/progress`)).body.task_status).toBe(3)
  await send('GET', `/api/tasks/restart/${task}`)
  expect(await statuses()).toEqual(['running', 'succeeded', 'succeeded', 'running'])

  // It fails; CodeArts Pipeline tries again, and all see it through.
  runner.endTask('JOB_ship', exited(1))
  await world.settled()
  expect(await statuses()).toEqual(['failed', 'succeeded', 'succeeded', 'failed'])
  await send('PUT', `/v5/${project.id}/api/pipelines/${id}/pipeline-runs/${runId}/retry`, {})
  runner.endTask('JOB_ship', succeeded())
  await world.settled()
  expect(await statuses()).toEqual(['succeeded', 'succeeded', 'succeeded', 'succeeded'])
  expect((await send('GET', `/api/tasks/${task}`)).body.status).toBe('passed')
  expect((await send('GET', `/api/bk-sops/prod/get_task_status/${serial}/${project.serial}/`)).body.data.state).toBe(
    'FINISHED',
  )
  expect((await send('GET', `/v2/tasks/${id}/progress`)).body.task_status).toBe(2)
  expect((await send('GET', `/v3/manage/pipelines/${pipeline.serial}`)).body.status.status).toBe('success')
})
