import { describe, expect, test } from 'vitest'
import type { PipelineId, UserId } from '../../model/id.ts'
import type { KeyRecord, NewSecret, PipelineRecord, SecretRecord } from '../store.ts'
import { expectRefusal, type Open, openForTest } from './open.ts'
import { addPipeline, freshId, T0 } from './samples.ts'

const by = { id: freshId<UserId>(), name: '吴' }

export const sampleSecret = (
  { projectId, id }: Pick<PipelineRecord, 'projectId' | 'id'>,
  more: Partial<NewSecret> = {},
): NewSecret => ({ projectId, pipelineId: id, name: 'TOKEN', sealed: 'sealed', at: T0, by, ...more })

const recordOf = ({ at, by: who, ...secret }: NewSecret, more: Partial<SecretRecord> = {}): SecretRecord => ({
  ...secret,
  createdAt: at,
  createdBy: who,
  updatedAt: at,
  updatedBy: who,
  lastUsedAt: null,
  ...more,
})

export function describeSecrets(open: Open): void {
  describe('secrets', () => {
    test('have a name of their own where they are, and come in the order they were first put', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const [own, ofProject] = [sampleSecret(pipeline), sampleSecret(pipeline, { pipelineId: null })]
      const other = sampleSecret(pipeline, { name: 'OTHER', sealed: '漢😀' })
      for (const secret of [own, ofProject, other]) {
        expect(await store.secrets.putSecret(secret)).toEqual(recordOf(secret))
      }
      expect(await store.secrets.secrets()).toEqual([own, ofProject, other].map((secret) => recordOf(secret)))
    })

    test('put again are changed, and were made and used when they were', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const first = sampleSecret(pipeline)
      await store.secrets.putSecret(first)
      await store.secrets.usedSecrets([first, { ...first, name: 'GONE' }], T0 + 1)
      const who = { id: freshId<UserId>(), name: 'an' }
      const next = { ...first, sealed: 'other', at: T0 + 2, by: who }
      const expected = recordOf(first, { sealed: 'other', updatedAt: T0 + 2, updatedBy: who, lastUsedAt: T0 + 1 })
      expect(await store.secrets.putSecret(next)).toEqual(expected)
      expect(await store.secrets.secrets()).toEqual([expected])
    })

    test('are removed once', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const secret = sampleSecret(pipeline)
      await store.secrets.putSecret(secret)
      await expectRefusal('missing', store.secrets.removeSecret({ ...secret, pipelineId: null }))
      await store.secrets.removeSecret(secret)
      await expectRefusal('missing', store.secrets.removeSecret(secret))
      expect(await store.secrets.secrets()).toEqual([])
    })

    test('are of a project that is there, and of a pipeline in it', async () => {
      const { store } = await openForTest(open)
      const [pipeline, other] = [await addPipeline(store), await addPipeline(store)]
      await expectRefusal('missing', store.secrets.putSecret(sampleSecret(pipeline, { projectId: freshId() })))
      await expectRefusal(
        'missing',
        store.secrets.putSecret(sampleSecret(pipeline, { pipelineId: freshId<PipelineId>() })),
      )
      await expectRefusal('missing', store.secrets.putSecret(sampleSecret(pipeline, { projectId: other.projectId })))
      await store.catalog.deletePipeline(pipeline.id, T0)
      await expectRefusal('missing', store.secrets.putSecret(sampleSecret(pipeline)))
      expect(await store.secrets.secrets()).toEqual([])
    })
  })

  describe('sealing everything again', () => {
    const key = (userId: UserId): KeyRecord => ({
      kind: 'aksk',
      name: 'AK',
      secret: 'old',
      userId,
      label: '',
      createdAt: T0,
      expiresAt: null,
      revokedAt: null,
    })

    test('replaces secrets, keys and settings together', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const secret = sampleSecret(pipeline)
      await store.secrets.putSecret(secret)
      await store.keys.addUser(sampleUser())
      await store.keys.addKey(key(by.id))
      await store.secrets.reseal({
        secrets: [{ place: secret, was: 'sealed', sealed: 'new' }],
        keys: [{ kind: 'aksk', name: 'AK', was: 'old', secret: 'newer' }],
        settings: [{ name: 'seal', value: '2' }],
      })
      expect(await store.secrets.secrets()).toEqual([recordOf({ ...secret, sealed: 'new' })])
      expect(await store.keys.key('aksk', 'AK')).toEqual({ ...key(by.id), secret: 'newer' })
      expect(await store.keys.setting('seal')).toBe('2')
    })

    test('changes nothing when one of them is not as it was', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const secret = sampleSecret(pipeline)
      await store.secrets.putSecret(secret)
      await store.keys.addUser(sampleUser())
      await store.keys.addKey(key(by.id))
      const settings = [{ name: 'seal', value: '2' }]
      const secrets = [{ place: secret, was: 'sealed', sealed: 'new' }]
      const keys = [{ kind: 'aksk', name: 'AK', was: 'old', secret: 'newer' }] as const
      await expectRefusal(
        'conflict',
        store.secrets.reseal({ secrets, keys: [{ ...keys[0], was: 'another' }], settings }),
      )
      await expectRefusal(
        'conflict',
        store.secrets.reseal({ secrets: [...secrets, { ...secrets[0]!, was: 'another' }], keys, settings }),
      )
      await expectRefusal(
        'conflict',
        store.secrets.reseal({ secrets: [{ ...secrets[0]!, place: { ...secret, name: 'NO' } }], keys, settings }),
      )
      expect(await store.secrets.secrets()).toEqual([recordOf(secret)])
      expect(await store.keys.key('aksk', 'AK')).toEqual(key(by.id))
      expect(await store.keys.setting('seal')).toBeUndefined()
    })

    const sampleUser = () =>
      ({
        id: by.id,
        name: by.name,
        domain: 'd',
        passwordHash: null,
        role: 'admin',
        projectIds: null,
        createdAt: T0,
        disabledAt: null,
      }) as const
  })
}
