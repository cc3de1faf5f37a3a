import { describe, expect, test } from 'vitest'
import type { RunSummary } from '../../model/view.ts'
import type { Store } from '../store.ts'
import { expectRefusal, type Open, openForTest } from './open.ts'
import { addPipeline, firstCommit, freshId, nextCommit, reserveRun, T0 } from './samples.ts'

/** What goes when it was kept for long enough. */
export function describeRemoval(open: Open, { durable }: { readonly durable: boolean }): void {
  describe('removing runs', () => {
    async function endedRun(store: Store, pipeline: Awaited<ReturnType<typeof addPipeline>>): Promise<RunSummary> {
      const summary = await reserveRun(store, pipeline, { status: 'succeeded', endedAt: T0 + 1 })
      const idempotency = { key: `key of ${summary.id}`, fingerprint: 'f', at: T0 }
      await store.runs.commit(firstCommit(summary, [2, 1], { snapshot: '{"whole":1}', idempotency }))
      return summary
    }

    test('takes all of them away, and leaves the others as they were', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const [first, second, third] = [
        await endedRun(store, pipeline),
        await endedRun(store, pipeline),
        await endedRun(store, pipeline),
      ]
      const unknown = freshId<RunSummary['id']>()
      expect(await store.runs.remove([second.id, unknown, second.id])).toEqual([second.id])
      expect(await store.runs.summary({ by: 'id', id: second.id })).toBeUndefined()
      expect(await store.runs.summary({ by: 'serial', serial: second.serial })).toBeUndefined()
      expect(await store.runs.entries(second.id, 0, 9)).toEqual([])
      expect(await store.runs.events(second.id, 0, 9)).toEqual([])
      expect(await store.runs.snapshot(second.id)).toBeUndefined()
      expect(await store.runs.idempotent(`key of ${second.id}`, T0 + 1)).toBeUndefined()
      expect((await store.runs.list({}, null, 9)).map(({ id }) => id)).toEqual([third.id, first.id])
      expect(await store.runs.count({ pipelineId: pipeline.id })).toBe(2)
      expect(await store.runs.entries(first.id, 0, 9)).toHaveLength(2)
      expect(await store.runs.idempotent(`key of ${first.id}`, T0 + 1)).toMatchObject({ runId: first.id })
    })

    test('gives no number twice: the feed goes on over what is gone', async () => {
      const opened = await openForTest(open)
      const { store } = opened
      const pipeline = await addPipeline(store)
      const [first, second] = [await endedRun(store, pipeline), await endedRun(store, pipeline)]
      const last = await store.runs.lastNumber()
      const before = (await store.runs.feed(0, {}, 100)).filter(({ runId }) => runId === second.id)
      // The second one has the newest event of the server.
      expect(await store.runs.remove([first.id, second.id])).toEqual([first.id])
      expect(await store.runs.lastNumber()).toBe(last)
      expect(await store.runs.feed(0, {}, 100)).toEqual(before)
      expect(await store.runs.feed(1, {}, 2)).toEqual(before.slice(0, 2))
      const again = durable ? await opened.reopen() : store
      const next = await endedRun(again, pipeline)
      expect(next.serial).toBeGreaterThan(second.serial)
      expect(next.number).toBe(3)
      expect(await again.runs.lastNumber()).toBe(last + 3)
      expect(await again.runs.remove([second.id])).toEqual([second.id])
    })

    test('leaves alone what has not ended', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const live = await reserveRun(store, pipeline, { status: 'running' })
      await store.runs.commit(firstCommit(live))
      await endedRun(store, pipeline)
      expect(await store.runs.remove([live.id])).toEqual([])
      await store.runs.commit(nextCommit(live.id, 1))
      expect(await store.runs.live()).toEqual([live.id])
    })

    test('makes of a commit that comes later one of a run that is not there', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const [gone] = [await endedRun(store, pipeline), await endedRun(store, pipeline)]
      await store.runs.remove([gone.id])
      await expectRefusal('conflict', store.runs.commit(nextCommit(gone.id, 3)))
    })
  })
}
