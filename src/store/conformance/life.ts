import { describe, expect, test } from 'vitest'
import type { KeyRecord, Store, UserRecord } from '../store.ts'
import { expectRefusal, type Open, openForTest } from './open.ts'
import { sampleMessage } from './outbox.ts'
import { sampleSecret } from './secrets.ts'
import {
  addPipeline,
  addRun,
  firstCommit,
  freshId,
  nextCommit,
  reserveRun,
  samplePipeline,
  sampleProject,
  sampleVersion,
  T0,
} from './samples.ts'

/** Closing, and opening again. */
export function describeLife(open: Open, { durable }: { readonly durable: boolean }): void {
  describe('closing', () => {
    test('waits for what is under way', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const runs = await Promise.all(Array.from({ length: 20 }, () => addRun(store, pipeline)))
      const commits = runs.map((run) => store.runs.commit(nextCommit(run.id, 1)))
      const read = store.runs.count({})
      await store.close()
      await expect(Promise.all(commits)).resolves.toHaveLength(20)
      await expect(read).resolves.toBe(20)
    })

    test('a second time does nothing', async () => {
      const { store } = await openForTest(open)
      await Promise.all([store.close(), store.close()])
      await expect(store.close()).resolves.toBeUndefined()
    })

    test('refuses every call after it as closed', async () => {
      const { store } = await openForTest(open)
      const calls = everyCall(store)
      await store.close()
      const methods = [store.runs, store.catalog, store.keys, store.documents, store.outbox, store.secrets].flatMap(
        (port) => Object.keys(port),
      )
      expect(Object.keys(calls).toSorted()).toEqual(methods.toSorted())
      for (const call of Object.values(calls)) await expectRefusal('closed', call())
    })
  })

  if (durable) describeReopening(open)
}

function describeReopening(open: Open): void {
  describe('opening again', () => {
    test('finds everything as it was', async () => {
      const opened = await openForTest(open)
      const before = await fill(opened.store)
      const after = await opened.reopen()
      expect(await everythingOf(after)).toEqual(before)
    })

    test('goes on with runs and numbers where it was', async () => {
      const opened = await openForTest(open)
      const run = await addRun(opened.store, await addPipeline(opened.store), [3])
      const store = await opened.reopen()
      await expectRefusal('conflict', store.runs.commit(nextCommit(run.id, 2)))
      await expectRefusal('conflict', store.runs.commit(firstCommit(run)))
      expect(await store.runs.commit(nextCommit(run.id, 3, [2]))).toEqual({ lastNumber: 5 })
      expect((await store.runs.feed(0, {}, 10)).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5])
    })

    test('gives no name of a run twice, whether the run was committed or not', async () => {
      const opened = await openForTest(open)
      const pipeline = await addPipeline(opened.store)
      await addRun(opened.store, pipeline)
      const lost = await opened.store.runs.reserve(pipeline.id)
      const store = await opened.reopen()
      const next = await store.runs.reserve(pipeline.id)
      expect(next.number).toBeGreaterThan(lost.number)
      expect(next.serial).toBeGreaterThan(lost.serial)
    })

    test('gives no serial of a project or pipeline twice', async () => {
      const opened = await openForTest(open)
      const first = await addPipeline(opened.store, 'a')
      await opened.store.catalog.deletePipeline(first.id, T0)
      const store = await opened.reopen()
      const second = await addPipeline(store, 'a')
      expect(second.serial).toBe(first.serial + 1)
      expect((await store.catalog.projects()).map(({ serial }) => serial)).toEqual([1, 2])
    })
  })
}

const sampleUser = (): UserRecord => ({
  id: freshId(),
  name: 'li',
  domain: 'd',
  passwordHash: null,
  role: 'admin',
  projectIds: [freshId()],
  createdAt: T0,
  disabledAt: T0 + 1,
})
const sampleKey = ({ id }: UserRecord): KeyRecord => ({
  kind: 'token',
  name: 'k',
  secret: 's',
  userId: id,
  label: '',
  createdAt: T0,
  expiresAt: T0 + 1,
  revokedAt: null,
})

async function fill(store: Store): Promise<unknown> {
  const pipeline = await addPipeline(store)
  const idempotency = { key: 'k', fingerprint: 'f', at: T0 }
  const run = await reserveRun(store, pipeline)
  await store.runs.commit(firstCommit(run, [2, 1], { idempotency }))
  const ended = { ...run, status: 'failed' as const, seq: 5, endedAt: T0 }
  await store.runs.commit(nextCommit(run.id, 3, [2], { snapshot: '{"a":"漢"}', summary: ended }))
  await addRun(store, pipeline, [4])
  const change = { name: 'b', webhooks: [{ id: 'w', name: 'push' }] }
  await store.catalog.addVersion(pipeline.id, sampleVersion('b'), change, 1)
  const user = sampleUser()
  await store.keys.addUser(user)
  await store.keys.addKey(sampleKey(user))
  await store.keys.putSetting('s', 'v')
  await store.documents.putDocument({ projectId: pipeline.projectId, kind: 'd/thing', key: 'k' }, '{"a":1}', T0, 0)
  await store.secrets.putSecret(sampleSecret(pipeline))
  await store.catalog.audit({ at: T0, actor: { kind: 'server', name: 's' }, action: 'a', target: 't', detail: 'd' })
  await store.outbox.putMessages([sampleMessage(pipeline.projectId, 'm', { runId: run.id, lane: 'l' })])
  return everythingOf(store)
}

async function everythingOf({ runs, catalog, keys, documents, outbox, secrets }: Store): Promise<unknown> {
  const list = await runs.list({}, null, 100)
  const pipelines = await catalog.pipelines({}, null, 100)
  const projects = await catalog.projects()
  return {
    list,
    live: await runs.live(),
    feed: await runs.feed(0, {}, 1_000),
    lastNumber: await runs.lastNumber(),
    entries: await Promise.all(list.map(({ id }) => runs.entries(id, 0, 100))),
    snapshots: await Promise.all(list.map(({ id }) => runs.snapshot(id))),
    idempotent: await runs.idempotent('k', T0),
    projects,
    pipelines,
    versions: await Promise.all(pipelines.map(({ id }) => catalog.versions(id))),
    texts: await Promise.all(pipelines.map(({ id, version }) => catalog.version(id, version))),
    webhook: await catalog.webhook('w'),
    users: await keys.users(),
    keys: await keys.keys(),
    setting: await keys.setting('s'),
    secrets: await secrets.secrets(),
    audits: await catalog.audits({}, null, 100),
    messages: await outbox.messages({}, null, 100),
    documents: await Promise.all(
      projects.map(({ id }) => documents.documents({ projectId: id, kind: 'd/thing', prefix: '' }, null, 100)),
    ),
  }
}

/** One call of every method, by its name. */
function everyCall({ runs, catalog, keys, documents, outbox, secrets }: Store): Record<string, () => Promise<unknown>> {
  const id = freshId<UserRecord['id']>()
  const pipelineId = freshId<Parameters<typeof runs.reserve>[0]>()
  const runId = freshId<Parameters<typeof runs.snapshot>[0]>()
  const document = {
    projectId: freshId<Parameters<typeof documents.document>[0]['projectId']>(),
    kind: 'd/t',
    key: 'k',
  }
  const actor = { kind: 'server', name: '' } as const
  return {
    reserve: () => runs.reserve(pipelineId),
    commit: () => runs.commit(nextCommit(runId, 1)),
    entries: () => runs.entries(runId, 0, 1),
    events: () => runs.events(runId, 0, 1),
    feed: () => runs.feed(0, {}, 1),
    lastNumber: () => runs.lastNumber(),
    snapshot: () => runs.snapshot(runId),
    summary: () => runs.summary({ by: 'id', id: runId }),
    summaries: () => runs.summaries([runId]),
    list: () => runs.list({}, null, 1),
    count: () => runs.count({}),
    live: () => runs.live(),
    idempotent: () => runs.idempotent('k', T0),
    remove: () => runs.remove([freshId()]),
    addProject: () => catalog.addProject(sampleProject('p')),
    projects: () => catalog.projects(),
    deletedProjects: () => catalog.deletedProjects(),
    changeProject: () => catalog.changeProject(freshId(), { name: 'x', description: '' }),
    deleteProject: () => catalog.deleteProject(freshId(), T0),
    addPipeline: () => catalog.addPipeline(samplePipeline(freshId(), 'a'), sampleVersion('')),
    addVersion: () => catalog.addVersion(pipelineId, sampleVersion(''), { name: 'a', webhooks: [] }, null),
    addSideVersion: () => catalog.addSideVersion(pipelineId, sampleVersion('')),
    deletePipeline: () => catalog.deletePipeline(pipelineId, T0),
    pipeline: () => catalog.pipeline({ by: 'id', id: pipelineId }),
    pipelines: () => catalog.pipelines({}, null, 1),
    countPipelines: () => catalog.countPipelines({}),
    version: () => catalog.version(pipelineId, 1),
    versions: () => catalog.versions(pipelineId),
    webhook: () => catalog.webhook('w'),
    audit: () => catalog.audit({ at: T0, actor, action: '', target: '', detail: '' }),
    audits: () => catalog.audits({}, null, 1),
    addUser: () => keys.addUser(sampleUser()),
    user: () => keys.user({ by: 'id', id }),
    users: () => keys.users(),
    changeUser: () => keys.changeUser(id, {}),
    addKey: () => keys.addKey(sampleKey({ ...sampleUser(), id })),
    key: () => keys.key('token', 'k'),
    keys: () => keys.keys(),
    revokeKey: () => keys.revokeKey('token', 'k', T0),
    setting: () => keys.setting('s'),
    putSetting: () => keys.putSetting('s', 'v'),
    document: () => documents.document(document),
    putDocument: () => documents.putDocument(document, '{}', T0, null),
    removeDocument: () => documents.removeDocument(document, null),
    documents: () => documents.documents({ ...document, prefix: '' }, null, 1),
    putMessages: () => outbox.putMessages([]),
    dueMessages: () => outbox.dueMessages(T0, 1),
    nextDue: () => outbox.nextDue(),
    message: () => outbox.message('m'),
    newestOf: () => outbox.newestOf('l'),
    messages: () => outbox.messages({}, null, 1),
    markMessage: () => outbox.markMessage('m', { state: 'dead', tries: 1, nextAt: null, error: null, at: T0 }),
    replayMessage: () => outbox.replayMessage('m', T0),
    pruneMessages: () => outbox.pruneMessages(T0),
    secrets: () => secrets.secrets(),
    putSecret: () => secrets.putSecret(sampleSecret({ projectId: document.projectId, id: pipelineId })),
    removeSecret: () => secrets.removeSecret({ projectId: document.projectId, pipelineId: null, name: 'A' }),
    usedSecrets: () => secrets.usedSecrets([], T0),
    reseal: () => secrets.reseal({ secrets: [], keys: [], settings: [] }),
  }
}
