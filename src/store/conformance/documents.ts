import { describe, expect, test } from 'vitest'
import type { ProjectId } from '../../model/id.ts'
import type { DocumentRef, Store } from '../store.ts'
import { expectRefusal, type Open, openForTest } from './open.ts'
import { freshId, sampleProject, T0 } from './samples.ts'

const home = async ({ catalog }: Store): Promise<ProjectId> =>
  (await catalog.addProject(sampleProject(`project ${freshId()}`))).id

const thing = (projectId: ProjectId, key: string, kind = 'dialect/thing'): DocumentRef => ({ projectId, kind, key })

export function describeDocuments(open: Open): void {
  describe('documents', () => {
    test('are found by project, kind and key, as they were put last', async () => {
      const { store } = await openForTest(open)
      const [project, other] = [await home(store), await home(store)]
      const { documents } = store
      expect(await documents.document(thing(project, 'a'))).toBeUndefined()
      const first = await documents.putDocument(thing(project, 'a'), '{"a":"漢😀\\u0000"}', T0, null)
      const again = await documents.putDocument(thing(project, 'a'), '[]', T0 + 1, null)
      expect(again.revision).toBeGreaterThan(first.revision)
      expect(await documents.document(thing(project, 'a'))).toEqual({
        key: 'a',
        value: '[]',
        revision: again.revision,
        updatedAt: T0 + 1,
      })
      for (const ref of [thing(project, 'A'), thing(project, 'a', 'dialect/other'), thing(other, 'a')]) {
        expect(await documents.document(ref)).toBeUndefined()
      }
    })

    test('are changed by who knows their revision', async () => {
      const { store } = await openForTest(open)
      const { documents } = store
      const ref = thing(await home(store), 'a')
      await expectRefusal('conflict', documents.putDocument(ref, '1', T0, 1))
      const { revision } = await documents.putDocument(ref, '1', T0, 0)
      await expectRefusal('conflict', documents.putDocument(ref, '2', T0, 0))
      await expectRefusal('conflict', documents.putDocument(ref, '2', T0, revision + 1))
      await expectRefusal('conflict', documents.removeDocument(ref, revision + 1))
      expect(await documents.document(ref)).toMatchObject({ value: '1', revision })
      const next = await documents.putDocument(ref, '2', T0, revision)
      await expectRefusal('conflict', documents.putDocument(ref, '3', T0, revision))
      await documents.removeDocument(ref, next.revision)
      expect(await documents.document(ref)).toBeUndefined()
    })

    test('of two writers who know the same revision one wins', async () => {
      const { store } = await openForTest(open)
      const { documents } = store
      const ref = thing(await home(store), 'a')
      const outcomes = await Promise.allSettled(
        ['1', '2', '3'].map((value) => documents.putDocument(ref, value, T0, 0)),
      )
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
      expect((await documents.document(ref))?.value).toBe('1')
    })

    test('that were removed and made again have a revision of their own', async () => {
      const { store } = await openForTest(open)
      const { documents } = store
      const ref = thing(await home(store), 'a')
      const first = await documents.putDocument(ref, '1', T0, null)
      await documents.removeDocument(ref, null)
      await expectRefusal('missing', documents.removeDocument(ref, null))
      await expectRefusal('conflict', documents.putDocument(ref, '2', T0, first.revision))
      const second = await documents.putDocument(ref, '2', T0, 0)
      expect(second.revision).toBeGreaterThan(first.revision)
    })

    test('need a project', async () => {
      const { store } = await openForTest(open)
      await expectRefusal('missing', store.documents.putDocument(thing(freshId<ProjectId>(), 'a'), '1', T0, null))
    })

    test('are listed by kind, in order of code points, page by page', async () => {
      const { store } = await openForTest(open)
      const { documents } = store
      const project = await home(store)
      const keys = ['A', 'a', 'a/', 'a/1', 'a/2', 'a/\u{ffee}', 'a/\u{1f600}', 'a0', 'b', '漢']
      for (const key of keys.toReversed()) await documents.putDocument(thing(project, key), `"${key}"`, T0, null)
      await documents.putDocument(thing(project, 'a', 'dialect/other'), '1', T0, null)
      await documents.putDocument(thing(await home(store), 'a'), '1', T0, null)
      const page = async (prefix: string, after: string | null, limit: number): Promise<string[]> =>
        (await documents.documents({ projectId: project, kind: 'dialect/thing', prefix }, after, limit)).map(
          ({ key }) => key,
        )
      expect(await page('', null, 100)).toEqual(keys)
      expect(await page('', 'a', 3)).toEqual(['a/', 'a/1', 'a/2'])
      expect(await page('a/', null, 100)).toEqual(['a/', 'a/1', 'a/2', 'a/\u{ffee}', 'a/\u{1f600}'])
      expect(await page('a/', 'a/1', 1)).toEqual(['a/2'])
      expect(await page('a/', 'b', 1)).toEqual([])
      expect(await page('', null, 0)).toEqual([])
      const [first] = await documents.documents({ projectId: project, kind: 'dialect/thing', prefix: '漢' }, null, 1)
      expect(first).toMatchObject({ key: '漢', value: '"漢"', updatedAt: T0 })
    })
  })
}
