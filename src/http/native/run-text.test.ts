import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Run } from '../../engine/run.ts'
import { runOfSnapshot, snapshotOf } from '../../engine/snapshot.ts'
import { viewOf } from '../../engine/view.ts'
import type { TaskSpec } from '../../model/definition.ts'
import type { Json } from '../../model/json.ts'
import type { RunView, TaskView } from '../../model/view.ts'
import { definition, flow, gateway, noop, on, review, script, stage } from '../../testing/definitions.ts'
import { playMoves } from '../../testing/engine-moves.ts'
import { EngineWorld } from '../../testing/engine-world.ts'
import { pipelineView, projectView } from '../../testing/views.ts'
import type { Chunks } from '../answer-cache.ts'
import { presentRun, presentTask } from './present.ts'
import { runText } from './run-text.ts'
import { taskText } from './task-text.ts'

/** So many that not all nodes and edges are in one part. */
const crowd = Array.from({ length: 40 }, (_, place) => noop(`n${place}`))

const wholeText = (text: string | Chunks): string =>
  typeof text === 'string' ? text : Buffer.concat(text.chunks, text.length).toString()

const wide = definition({
  stages: [
    flow(
      [
        gateway('p', 'parallel'),
        ...crowd,
        script('a', { ...on('hold'), annotations: { tasks: '"tasks":[]' } }),
        script('b'),
        gateway('m', 'converge'),
      ],
      ['start -> p -> a -> m -> end', 'p -> b -> m', ...crowd.map(({ key }) => `p -> ${key} -> m`)],
    ),
    stage('ship', [review('r')]),
  ],
})

/** What is kept of earlier looks must be what is made of a run that nobody has seen. */
function look({ run }: EngineWorld): void {
  const fresh = runOfSnapshot(run.id, run.plan, snapshotOf(run)) as Run
  const expected: unknown = JSON.parse(JSON.stringify(presentRun(shown(fresh, Number.POSITIVE_INFINITY))))
  for (const keepFrom of [0, Number.POSITIVE_INFINITY]) {
    const view = shown(run, keepFrom)
    const text = wholeText(runText(view))
    expect(JSON.parse(text)).toEqual(expected)
    for (const { tasks } of view.stages) expect(tasks.map(taskText)).toEqual(tasks.map(textOf))
    expect(wholeText(runText(view))).toBe(text)
  }
}
const textOf = (task: TaskView): string => JSON.stringify(presentTask(task))
const shown = (run: Run, keepFrom: number): RunView => viewOf(run, projectView(), pipelineView(), keepFrom)

test('the text of a run is the JSON of what is presented, after every change', () => {
  const w = new EngineWorld(wide)
  look(w)
  for (const step of [
    () => w.fail('a'),
    () => w.pause(),
    () => w.resume(),
    () => w.retry('a'),
    () => w.succeed('a', 'b'),
    () => w.approve('r'),
  ]) {
    step()
    look(w)
  }
  expect(w.status()).toBe('succeeded')
})

test('whatever people and runners do, what is kept of a text is what would be made anew', () => {
  // What is asked of the whole run comes first among the moves.
  const places = fc.array(fc.oneof(fc.nat({ max: 4 }), fc.nat()), { maxLength: 12 })
  const works = wide.stages.map((one) => ({ ...one, tasks: one.tasks.map(worked) }))
  fc.assert(
    fc.property(places, (moves) => {
      const w = new EngineWorld({ ...wide, stages: works })
      look(w)
      for (const move of moves) {
        playMoves(w, [move])
        look(w)
      }
    }),
    { numRuns: 15, seed: 1 },
  )
})

/** A runner's, so that it waits for somebody. */
const worked = (task: TaskSpec): TaskSpec => (task.work.kind === 'noop' ? { ...task, work: script('x').work } : task)

test('every text that people, tasks and definitions may have is written as JSON writes it', () => {
  const outputs = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue() as fc.Arbitrary<Json>)
  const texts = fc.string({ unit: 'binary' })
  const made = fc.record({ name: texts, description: texts, note: texts, outputs, inputs: fc.option(outputs) })
  fc.assert(
    fc.property(made, ({ name, description, note, outputs: out, inputs }) => {
      const task = { ...script('a'), name, description, annotations: { [note]: note }, labels: [note] }
      const w = new EngineWorld(definition({ stages: [stage('s', [task, { ...task, key: 'b', needs: ['a'] }])] }))
      w.lease('a')
      w.report('a', { kind: 'failed', failure: { kind: 'cannot-start', reason: note }, outputs: out })
      w.do({ type: 'retry-node', node: w.index('a'), inputs })
      for (const { tasks } of shown(w.run, 0).stages) expect(tasks.map(taskText)).toEqual(tasks.map(textOf))
    }),
    { numRuns: 50, seed: 1 },
  )
})
