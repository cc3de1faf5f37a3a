import { expect, test } from 'vitest'
import { viewOf } from '../../engine/view.ts'
import { definition, flow, gateway, noop, on, review, script, stage } from '../../testing/definitions.ts'
import { EngineWorld } from '../../testing/engine-world.ts'
import { pipelineView, projectView } from '../../testing/views.ts'
import type { Chunks } from '../answer-cache.ts'
import { presentRun } from './present.ts'
import { runText } from './run-text.ts'

/** So many that not all nodes and edges are in one part. */
const crowd = Array.from({ length: 40 }, (_, place) => noop(`n${place}`))

const wholeText = (text: string | Chunks): string =>
  typeof text === 'string' ? text : Buffer.concat(text.chunks, text.length).toString()

test('the text of a run is the JSON of what is presented, after every change', () => {
  const w = new EngineWorld(
    definition({
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
    }),
  )
  const look = (): void => {
    for (const keepFrom of [0, Number.POSITIVE_INFINITY]) {
      const view = viewOf(w.run, projectView(), pipelineView(), keepFrom)
      const text = wholeText(runText(view))
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(presentRun(view))))
      expect(wholeText(runText(view))).toBe(text)
    }
  }
  look()
  for (const step of [
    () => w.fail('a'),
    () => w.pause(),
    () => w.resume(),
    () => w.retry('a'),
    () => w.succeed('a', 'b'),
    () => w.approve('r'),
  ]) {
    step()
    look()
  }
  expect(w.status()).toBe('succeeded')
})
