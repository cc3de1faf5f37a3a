import { describe, expect, test } from 'vitest'
import type { ProjectId, RunId } from '../../model/id.ts'
import type { MessageMark, NewMessage, Store } from '../store.ts'
import { expectRefusal, type Open, openForTest } from './open.ts'
import { freshId, sampleProject, T0 } from './samples.ts'

const home = async ({ catalog }: Store): Promise<ProjectId> =>
  (await catalog.addProject(sampleProject(`project ${freshId()}`))).id

export const sampleMessage = (projectId: ProjectId, id: string, more: Partial<NewMessage> = {}): NewMessage => ({
  id,
  projectId,
  runId: null,
  kind: 'webhook',
  target: 'ops',
  lane: null,
  body: '{"a":"漢😀"}',
  createdAt: T0,
  ...more,
})

const delivered: MessageMark = { state: 'delivered', tries: 1, nextAt: null, error: null, at: T0 + 5 }

export function describeOutbox(open: Open): void {
  describe('messages', () => {
    test('wait from the start, and are found by their id', async () => {
      const { store } = await openForTest(open)
      const message = sampleMessage(await home(store), 'm', { runId: freshId<RunId>(), lane: 'l' })
      await store.outbox.putMessages([message])
      const fresh = { state: 'waiting', tries: 0, nextAt: T0, error: null, updatedAt: T0, serial: 1 }
      expect(await store.outbox.message('m')).toEqual({ ...message, ...fresh })
      expect(await store.outbox.newestOf('l')).toEqual({ ...message, ...fresh })
      expect(await store.outbox.message('n')).toBeUndefined()
      expect(await store.outbox.newestOf('m')).toBeUndefined()
    })

    test('that are put again stay what has become of them', async () => {
      const { store } = await openForTest(open)
      const { outbox } = store
      const project = await home(store)
      await outbox.putMessages([sampleMessage(project, 'm')])
      await outbox.markMessage('m', delivered)
      await outbox.putMessages([sampleMessage(project, 'm', { body: '2' }), sampleMessage(project, 'n')])
      expect(await outbox.message('m')).toMatchObject({ state: 'delivered', body: '{"a":"漢😀"}' })
      expect((await outbox.dueMessages(T0, 10)).map(({ id }) => id)).toEqual(['n'])
    })

    test('are put all or none', async () => {
      const { store } = await openForTest(open)
      const messages = [sampleMessage(await home(store), 'm'), sampleMessage(freshId<ProjectId>(), 'n')]
      await expectRefusal('missing', store.outbox.putMessages(messages))
      expect(await store.outbox.message('m')).toBeUndefined()
    })

    test('come due in order of their instants, then as they were put', async () => {
      const { store } = await openForTest(open)
      const { outbox } = store
      const project = await home(store)
      expect(await outbox.nextDue()).toBeUndefined()
      const at = (id: string, createdAt: number): NewMessage => sampleMessage(project, id, { createdAt })
      await outbox.putMessages([at('c', T0 + 2), at('a', T0), at('b', T0), at('d', T0 + 3)])
      expect((await outbox.dueMessages(T0 + 2, 10)).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
      expect((await outbox.dueMessages(T0 + 2, 2)).map(({ id }) => id)).toEqual(['a', 'b'])
      expect(await outbox.dueMessages(T0 - 1, 10)).toEqual([])
      expect(await outbox.nextDue()).toBe(T0)
      expect([await outbox.nextDue(T0), await outbox.nextDue(T0 + 3)]).toEqual([T0 + 2, undefined])
      await outbox.markMessage('a', delivered)
      await outbox.markMessage('b', { ...delivered, state: 'waiting', nextAt: T0 + 9, error: 'status 503' })
      expect((await outbox.dueMessages(T0 + 9, 10)).map(({ id }) => id)).toEqual(['c', 'd', 'b'])
      expect(await outbox.message('b')).toMatchObject({ tries: 1, error: 'status 503', updatedAt: T0 + 5 })
    })

    test('come due without those for whom nothing is to be sent now, however many these are', async () => {
      const { store } = await openForTest(open)
      const { outbox } = store
      const project = await home(store)
      const to = (id: string, target: string): NewMessage => sampleMessage(project, id, { target })
      await outbox.putMessages([
        to('a', 'hung'),
        to('b', 'hung'),
        to('c', 'pau,sed'),
        to('d', 'hung'),
        to('e', 'quick'),
      ])
      const due = async (limit: number, without: readonly string[]) =>
        (await outbox.dueMessages(T0, limit, without)).map(({ id }) => id)
      expect(await due(2, ['hung'])).toEqual(['c', 'e'])
      expect(await due(2, ['hung', 'pau,sed', 'nobody'])).toEqual(['e'])
      expect(await due(2, ['hung', 'pau,sed', 'quick'])).toEqual([])
    })

    test('of a lane give way to the newest', async () => {
      const { store } = await openForTest(open)
      const { outbox } = store
      const project = await home(store)
      const inLane = (id: string, lane = 'l'): NewMessage => sampleMessage(project, id, { lane })
      await outbox.putMessages([inLane('a')])
      await outbox.markMessage('a', delivered)
      await outbox.putMessages([inLane('b'), inLane('other', 'k')])
      await outbox.putMessages([{ ...inLane('c'), createdAt: T0 + 3 }])
      expect(await outbox.message('a')).toMatchObject({ state: 'delivered' })
      expect(await outbox.message('b')).toMatchObject({ state: 'superseded', nextAt: null, updatedAt: T0 + 3 })
      expect(await outbox.message('other')).toMatchObject({ state: 'waiting' })
      expect(await outbox.newestOf('l')).toMatchObject({ id: 'c' })
      // Its last try comes back after a newer one was put.
      expect(await outbox.markMessage('b', delivered)).toBe(false)
      expect(await outbox.message('b')).toMatchObject({ state: 'superseded', tries: 0 })
      // The same once more is no newer one.
      await outbox.putMessages([inLane('b')])
      expect(await outbox.newestOf('l')).toMatchObject({ id: 'c', state: 'waiting' })
    })

    test('are marked while they wait', async () => {
      const { store } = await openForTest(open)
      const { outbox } = store
      await outbox.putMessages([sampleMessage(await home(store), 'm')])
      expect(await outbox.markMessage('m', { ...delivered, state: 'dead', error: 'gone' })).toBe(true)
      expect(await outbox.markMessage('m', delivered)).toBe(false)
      expect(await outbox.message('m')).toMatchObject({ state: 'dead', error: 'gone' })
      expect(await outbox.nextDue()).toBeUndefined()
      await expectRefusal('missing', outbox.markMessage('n', delivered))
    })

    test('are sent again from their first try, unless something newer was said', async () => {
      const { store } = await openForTest(open)
      const { outbox } = store
      const project = await home(store)
      await outbox.putMessages([sampleMessage(project, 'm'), sampleMessage(project, 'a', { lane: 'l' })])
      for (const id of ['m', 'a']) {
        await outbox.markMessage(id, { ...delivered, state: 'dead', tries: 9, error: 'gone' })
      }
      const again = await outbox.replayMessage('m', T0 + 7)
      expect(again).toMatchObject({ state: 'waiting', tries: 0, nextAt: T0 + 7, error: null, updatedAt: T0 + 7 })
      expect(await outbox.message('m')).toEqual(again)
      await outbox.putMessages([sampleMessage(project, 'b', { lane: 'l' }), sampleMessage(project, 'c', { lane: 'l' })])
      await expectRefusal('conflict', outbox.replayMessage('a', T0))
      await expectRefusal('conflict', outbox.replayMessage('b', T0))
      await expectRefusal('missing', outbox.replayMessage('x', T0))
      expect(await outbox.replayMessage('c', T0)).toMatchObject({ id: 'c', state: 'waiting' })
    })

    test('are listed newest first, page by page, as the filter says', async () => {
      const { store } = await openForTest(open)
      const { outbox } = store
      const [project, other] = [await home(store), await home(store)]
      const runId = freshId<RunId>()
      await outbox.putMessages([
        sampleMessage(project, 'a', { runId }),
        sampleMessage(project, 'b', { kind: 'email' }),
        sampleMessage(other, 'c', { runId }),
        sampleMessage(project, 'd', { target: 'dev' }),
      ])
      await outbox.markMessage('a', { ...delivered, state: 'dead' })
      const ids = async (...args: Parameters<typeof outbox.messages>): Promise<string> =>
        (await outbox.messages(...args)).map(({ id }) => id).join('')
      expect(await ids({}, null, 10)).toBe('dcba')
      expect(await ids({}, null, 2)).toBe('dc')
      expect(await ids({}, (await outbox.message('c'))?.serial ?? 0, 2)).toBe('ba')
      expect(await ids({ projectIds: [project] }, null, 10)).toBe('dba')
      expect(await ids({ projectIds: [] }, null, 10)).toBe('')
      expect(await ids({ runId }, null, 10)).toBe('ca')
      expect(await ids({ kind: 'email' }, null, 10)).toBe('b')
      expect(await ids({ target: 'dev' }, null, 10)).toBe('d')
      expect(await ids({ state: 'dead', projectIds: [project] }, null, 10)).toBe('a')
      expect(await ids({}, null, 0)).toBe('')
    })

    test('are dropped once they are over and old; none that waits is', async () => {
      const { store } = await openForTest(open)
      const { outbox } = store
      const project = await home(store)
      await outbox.putMessages(['a', 'b', 'c'].map((id) => sampleMessage(project, id)))
      await outbox.markMessage('a', { ...delivered, at: T0 + 1 })
      await outbox.markMessage('b', { ...delivered, state: 'dead', at: T0 + 2 })
      expect(await outbox.pruneMessages(T0 + 2)).toBe(1)
      expect((await outbox.messages({}, null, 10)).map(({ id }) => id)).toEqual(['c', 'b'])
      expect(await outbox.pruneMessages(T0 + 99)).toBe(1)
      await outbox.putMessages([sampleMessage(project, 'd')])
      expect((await outbox.messages({}, null, 10)).map(({ serial }) => serial)).toEqual([4, 3])
    })
  })
}
