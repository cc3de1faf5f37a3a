import { asId, type UserId } from '../../src/model/id.ts'
import { sampleMessage } from '../../src/store/conformance/outbox.ts'
import { sampleSecret } from '../../src/store/conformance/secrets.ts'
import {
  addRun,
  firstCommit,
  reserveRun,
  samplePipeline,
  sampleProject,
  sampleVersion,
  T0,
} from '../../src/store/conformance/samples.ts'
import type { Store } from '../../src/store/store.ts'
import { api, startServerProcess } from './server-process.ts'

const STEPS = `
name: two steps
params:
  tag: v1
triggers:
  - {webhook: push}
tasks:
  - {key: compile, uses: noop}
  - {key: sign, needs: [compile], approval: May it be signed?}
`
const ONE = 'name: one\ntasks:\n  - {key: a, script: "echo said; exit 1"}\n'

/**
 * A data directory as a real server leaves it: users, tokens, secrets, pipelines of several versions, runs in many states.
 * @returns the admin's token
 */
export async function makeInstallation(directory: string): Promise<string> {
  const server = await startServerProcess(directory)
  const token = server.token ?? ''
  const call = <Answer>(method: string, path: string, body?: unknown): Promise<Answer> =>
    api<Answer>(server, token, method, path, body)
  try {
    const { id } = await call<{ id: string }>('POST', '/pipelines', { project: 'default', definition: STEPS })
    const one = await call<{ id: string }>('POST', '/pipelines', { project: 'default', definition: ONE })
    const runs: string[] = []
    for (let count = 0; count < 4; count += 1) {
      runs.push((await call<{ id: string }>('POST', `/pipelines/${id}/runs`, {})).id)
    }
    const failed = await call<{ id: string }>('POST', `/pipelines/${one.id}/runs`, {})
    await call('PUT', `/pipelines/${id}`, { definition: STEPS.replace('v1', 'v2') })
    await untilStatus(server, token, failed.id, 'failed')
    for (const run of runs) await untilStatus(server, token, run, 'reviewing')
    await call('POST', `/runs/${runs[0]}/nodes/sign/actions/approve`, {})
    await call('POST', `/runs/${runs[1]}/actions/cancel`, {})
    await untilStatus(server, token, runs[0] ?? '', 'succeeded')
    await untilStatus(server, token, runs[1] ?? '', 'cancelled')
    await call('PUT', '/projects/default/secrets/NPM_TOKEN', { value: 'a secret 漢' })
    await call('POST', '/users', { name: 'li', role: 'operator', projects: ['default'], password: 'a long password' })
    return token
  } finally {
    await server.close()
  }
}

async function untilStatus(server: { readonly url: string }, token: string, id: string, status: string): Promise<void> {
  for (;;) {
    const run = await api<{ status: string; seq: number }>(server, token, 'GET', `/runs/${id}`)
    if (run.status === status) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** What a server makes seldom: whatever a store can hold that is easily lost on the way to another. */
export async function addOddities(store: Store): Promise<void> {
  const { catalog, documents, keys, outbox, runs, secrets } = store
  const project = await catalog.addProject({ ...sampleProject('odd \u0000 \u0001 \u00010 漢😀'), description: '' })
  const gone = await catalog.addProject(sampleProject('gone'))
  await catalog.deleteProject(gone.id, T0)
  const pipeline = await catalog.addPipeline(
    samplePipeline(project.id, 'Ärger "x" {y}, \\z', [
      { id: 'hook-1', name: 'a' },
      { id: 'hook-0', name: 'b' },
    ]),
    sampleVersion('text\u0000'),
  )
  await catalog.addVersion(pipeline.id, sampleVersion('2'), { name: 'b', webhooks: [{ id: 'hook-2', name: 'c' }] }, 1)
  await catalog.addSideVersion(pipeline.id, sampleVersion('side'))
  const old = await catalog.addPipeline(samplePipeline(project.id, 'old'), sampleVersion(''))
  await catalog.deletePipeline(old.id, T0)
  // A number and a serial that nobody has.
  await runs.reserve(pipeline.id)
  const ended = await addRun(store, pipeline, [2, 3], {
    status: 'succeeded',
    endedAt: T0,
    annotations: { a: '\u0001' },
  })
  await runs.commit(firstCommit(await reserveRun(store, pipeline), [1], { snapshot: '{"v":0}' }))
  const idempotency = { key: 'k\u0000', fingerprint: 'f', at: T0, standsMs: 5 }
  const keyed = await reserveRun(store, pipeline, { cause: { kind: 'manual', by: '' } })
  await runs.commit(firstCommit(keyed, [1], { idempotency }))
  const doomed = await addRun(store, pipeline, [1], { status: 'failed', endedAt: T0 })
  await addRun(store, pipeline, [1], { status: 'failed', endedAt: T0 })
  await runs.remove([doomed.id])
  const user = asId<UserId>('f'.repeat(32))
  const zoe = { id: user, name: 'zoë', domain: 'd', role: 'viewer', createdAt: T0, disabledAt: T0 + 1 } as const
  await keys.addUser({ ...zoe, passwordHash: null, projectIds: [] })
  await keys.addKey({
    kind: 'aksk',
    name: 'AK',
    secret: 'sealed',
    userId: user,
    label: 'l',
    createdAt: T0,
    expiresAt: null,
    revokedAt: T0,
  })
  await keys.putSetting('Z', '\u0000')
  for (const key of ['b', 'B', 'ä', '\u{10000}', 'a\u0000']) {
    await documents.putDocument({ projectId: project.id, kind: 'd/k', key }, '{"a":"漢"}', T0, 0)
  }
  await documents.removeDocument({ projectId: project.id, kind: 'd/k', key: 'b' }, null)
  await secrets.putSecret(sampleSecret(pipeline))
  await secrets.putSecret(sampleSecret(pipeline, { pipelineId: null, name: 'LAST' }))
  await secrets.usedSecrets([sampleSecret(pipeline)], T0 + 3)
  await secrets.removeSecret(sampleSecret(pipeline, { pipelineId: null, name: 'LAST' }))
  await outbox.putMessages([
    sampleMessage(project.id, 'm1', { lane: 'l', runId: ended.id }),
    sampleMessage(project.id, 'm2', { lane: 'l' }),
    sampleMessage(project.id, 'm3'),
  ])
  await outbox.markMessage('m3', { state: 'delivered', tries: 2, nextAt: null, error: 'once 500', at: T0 })
  await outbox.pruneMessages(T0 + 1)
  await catalog.audit({ at: T0, actor: { kind: 'user', name: 'zoë' }, action: 'a.b', target: 't', detail: '{}' })
}
