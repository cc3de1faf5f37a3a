// A run that retention has removed: every surface says that it is not there, each as its vendor says it.
import { expect, test } from 'vitest'
import { silent } from '../http/logger.ts'
import { nativeMounts } from '../http/native/index.ts'
import type { RunId } from '../model/id.ts'
import type { RunView } from '../model/view.ts'
import { allDialects, type Told } from '../testing/all-dialects.ts'
import { definition, script, stage } from '../testing/definitions.ts'
import { succeeded } from '../testing/scripted-runner.ts'
import { need, openWorld } from '../testing/world.ts'

const DAY = 24 * 3_600_000

const isGood = ({ status, body }: Told): boolean => status < 300 && body?.result !== false

test('a run that was removed is not there, in our own API and in those of all vendors; what is left is', async () => {
  const files = new Set<RunId>()
  const world = await openWorld({
    retention: {
      policy: { runs: 1, forMs: null },
      files: {
        runs: () => Promise.resolve([...files]),
        remove: (id) => Promise.resolve(void files.delete(id)),
        sweepArtifacts: () => Promise.resolve(),
      },
    },
  })
  const { app, admin, project } = world
  const pipeline = await world.pipeline(definition({ name: 'web', stages: [stage('build', [script('a')])] }))
  const ended = async (): Promise<RunView> => {
    const run = need(await app.runs.start(admin, { pipeline: { id: pipeline.id }, params: {} }))
    await world.settled()
    world.runner.endTask('a', succeeded())
    await world.settled()
    files.add(run.id)
    return world.run(run.id)
  }
  const old = await ended()
  const young = await ended()

  const native = nativeMounts({ version: '0.0.0', pipelineSchema: {} })({
    app,
    baseUrl: 'http://127.0.0.1:8080',
    bodyMaxBytes: 1_000_000,
    closing: new AbortController().signal,
    logger: silent,
  }).filter(({ name }) => name === 'native')
  const own = allDialects(world, native, { Authorization: `Bearer ${world.credentials.token}` })
  const vendors = allDialects(world)
  const ask = (path: string): Promise<Told> => (path.startsWith('/api/v1/') ? own : vendors)('GET', path)
  const paths = ({ id, number, serial, stages }: RunView): readonly string[] => [
    `/api/v1/runs/${id}`,
    `/api/v1/runs/${id}/explain`,
    `/api/v1/runs/${id}/events`,
    `/api/v1/runs/${id}/artifacts`,
    `/api/v1/runs/${id}/timeline`,
    `/api/v1/runs/${id}/nodes/${stages[0]?.tasks[0]?.id}`,
    `/api/tasks/id/${number}/pipeline/${pipeline.name}`,
    `/api/workflow/v2/tasks/id/${number}/pipelines/${pipeline.name}`,
    `/v3/pipelines/${pipeline.id}/status?build_id=${number}`,
    `/v5/${project.id}/api/pipelines/${pipeline.id}/pipeline-runs/detail?pipeline_run_id=${id}`,
    `/api/bk-sops/prod/get_task_status/${serial}/${project.serial}/`,
  ]
  for (const path of [...paths(old), ...paths(young)]) expect([path, isGood(await ask(path))]).toEqual([path, true])

  world.clock.advance(2 * DAY)
  expect(await world.host.sweepRuns()).toBe(1)
  expect([...files]).toEqual([young.id])
  for (const path of paths(old)) {
    const told = await ask(path)
    expect([path, isGood(told)]).toEqual([path, false])
    expect([path, told.status < 500]).toEqual([path, true])
    if (path.startsWith('/api/v1/')) expect([path, told.status, told.body.code]).toEqual([path, 404, 'not_found'])
    // Of what has gone only what was asked for is said.
    expect(told.text).not.toContain('"build"')
  }
  for (const path of paths(young)) expect([path, isGood(await ask(path))]).toEqual([path, true])
  const listed = await ask(`/api/v1/runs?pipeline=${pipeline.id}`)
  expect(listed.body.items.map(({ id }: { id: string }) => id)).toEqual([young.id])
})
