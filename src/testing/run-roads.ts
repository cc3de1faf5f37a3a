import type { AttemptResult } from '../model/command.ts'
import type { RunStatus } from '../model/status.ts'
import type { PipelineView, RunView } from '../model/view.ts'
import { exited, ScriptedRunner, succeeded } from './scripted-runner.ts'
import { definition, stageSpec, taskSpec } from './views.ts'
import { need, openWorld, type World } from './world.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const review = { kind: 'review', reviewers: [], required: 1, expireMs: null, question: 'Go?' } as const

/** A build that may fail softly, then a review. */
export const staged = (policy: 'stop' | 'hold' = 'stop') =>
  definition({
    name: 'web',
    stages: [
      stageSpec({
        key: 'build',
        name: 'Build',
        tasks: [
          taskSpec({ key: 'compile', name: 'Compile', role: 'build', work, onFailure: { policy, expireMs: null } }),
        ],
      }),
      stageSpec({
        key: 'gate',
        name: 'Gate',
        tasks: [taskSpec({ key: 'decide', name: 'Decide', role: 'review', work: review })],
      }),
    ],
  })

/** A run in a world of its own. */
export interface Place {
  readonly world: World
  readonly pipeline: PipelineView
  readonly run: RunView
}

export async function begin(policy: 'stop' | 'hold' = 'stop', slots = 1): Promise<Place> {
  const world = await openWorld({ runner: new ScriptedRunner(slots) })
  const pipeline = await world.pipeline(staged(policy))
  const run = await world.start(pipeline)
  await world.settled()
  return { world, pipeline, run }
}
const failing = async (failure: { kind: 'cannot-start'; reason: string } | { kind: 'timeout'; afterMs: number }) => {
  const place = await begin()
  place.world.runner.endTask('compile', { kind: 'failed', failure, outputs: null })
  return place
}
const acting = async (place: Place, action: 'pause' | 'cancel') => {
  const input = action === 'cancel' ? ({ action, force: true } as const) : ({ action } as const)
  need(await place.world.app.runs.act(place.world.admin, { id: place.run.id }, input))
  return place
}

const wayBack = { kind: 'runner', uses: 'script', with: { script: 'undo' } } as const

/** A delivery that went through and is taken back. */
async function takenBack(): Promise<Place> {
  const world = await openWorld()
  const tasks = [taskSpec({ key: 'ship', name: 'Compile', role: 'deploy', work, rollback: wayBack })]
  const pipeline = await world.pipeline(definition({ name: 'web', stages: [stageSpec({ key: 'deploy', tasks })] }))
  const run = await world.start(pipeline)
  await world.settled()
  world.runner.endTask('ship', succeeded())
  await world.settled()
  const stage = { id: run.stages[0]!.id }
  need(await world.app.runs.actOnNode(world.admin, { id: run.id }, stage, { action: 'rollback' }))
  await world.settled()
  return { world, pipeline, run }
}
async function takenBackAs(result: AttemptResult): Promise<Place> {
  const place = await takenBack()
  place.world.runner.endTask('ship', result)
  return place
}

/** How a run comes to be there. */
export const roads = {
  waiting: async () => {
    const world = await openWorld()
    const pipeline = await world.pipeline(staged())
    const run = need(await world.app.runs.start(world.admin, { pipeline: { id: pipeline.id }, params: {}, wait: true }))
    return { world, pipeline, run }
  },
  queued: () => begin('stop', 0),
  running: () => begin(),
  reviewing: async () => {
    const place = await begin()
    place.world.runner.endTask('compile', succeeded())
    return place
  },
  paused: async () => acting(await begin(), 'pause'),
  held: async () => {
    const place = await begin('hold')
    place.world.runner.endTask('compile', exited(1))
    return place
  },
  succeeded: async () => {
    const place = await begin()
    place.world.runner.endTask('compile', succeeded())
    await place.world.settled()
    const { app, admin } = place.world
    need(await app.runs.actOnNode(admin, { id: place.run.id }, { key: 'decide' }, { action: 'approve' }))
    return place
  },
  failed: async () => {
    const place = await begin()
    place.world.runner.endTask('compile', exited(1))
    return place
  },
  errored: () => failing({ kind: 'cannot-start', reason: 'no such image' }),
  timed_out: () => failing({ kind: 'timeout', afterMs: 1_000 }),
  cancelled: async () => acting(await begin(), 'cancel'),
  rolling_back: takenBack,
  rolled_back: () => takenBackAs(succeeded()),
  rollback_failed: () => takenBackAs(exited(1)),
  rollback_errored: () =>
    takenBackAs({ kind: 'failed', failure: { kind: 'cannot-start', reason: 'no such image' }, outputs: null }),
} satisfies Record<RunStatus, () => Promise<Place>>
