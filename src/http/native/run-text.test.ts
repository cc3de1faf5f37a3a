import { expect, test } from 'vitest'
import { viewOf } from '../../engine/view.ts'
import { definition, flow, gateway, on, review, script, stage } from '../../testing/definitions.ts'
import { EngineWorld } from '../../testing/engine-world.ts'
import { pipelineView, projectView } from '../../testing/views.ts'
import { presentRun } from './present.ts'
import { runText } from './run-text.ts'

test('the text of a run is the JSON of what is presented, after every change', () => {
  const w = new EngineWorld(
    definition({
      stages: [
        flow(
          [
            gateway('p', 'parallel'),
            script('a', { ...on('hold'), annotations: { tasks: '"tasks":[]' } }),
            script('b'),
            gateway('m', 'converge'),
          ],
          ['start -> p -> a -> m -> end', 'p -> b -> m'],
        ),
        stage('ship', [review('r')]),
      ],
    }),
  )
  const look = (): void => {
    const view = viewOf(w.run, projectView(), pipelineView())
    const text = runText(view)
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(presentRun(view))))
    expect(runText(view)).toBe(text)
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
