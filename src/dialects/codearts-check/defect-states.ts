import { isJsonObject, type Json } from '../../model/json.ts'
import type { PipelineView } from '../../model/view.ts'
import { need, refusalOf, type Call } from './call.ts'
import { errors } from './errors.ts'

/** `0` unresolved, `1` resolved, `2` ignored: what people have said of findings, by fingerprint. */
export type DefectStatus = '0' | '1' | '2'

/**
 * A kind about runs, so operators may write it. A document holds those of one task whose fingerprints begin with the
 * same two digits: 256 documents of up to 6,000 each, so that no number of findings is too many, and two people seldom
 * write the same one.
 */
const KIND = 'codearts-check/run-defects'
const SHARD_DIGITS = 2
const TRIES_MAX = 10

const shardOf = (task: PipelineView, fingerprint: string): string => `${task.id}/${fingerprint.slice(0, SHARD_DIGITS)}`

export async function defectStates(
  { app, caller }: Call,
  task: PipelineView,
): Promise<ReadonlyMap<string, DefectStatus>> {
  const where = { project: { id: task.project.id }, kind: KIND, prefix: `${task.id}/`, limit: 16 ** SHARD_DIGITS }
  const { items } = need(await app.documents.list(caller, where), errors.noTask)
  return new Map(items.flatMap(({ value }) => Object.entries(statesOf(value))))
}

/** All or, when the store has no room, some of them: the call may be sent again. */
export async function setDefectStates(
  call: Call,
  task: PipelineView,
  fingerprints: readonly string[],
  status: DefectStatus,
): Promise<void> {
  const shards = Map.groupBy(fingerprints, (fingerprint) => shardOf(task, fingerprint))
  for (const [key, ids] of shards) await setShard(call, task, key, ids, status)
}

async function setShard(
  { app, caller }: Call,
  task: PipelineView,
  key: string,
  ids: readonly string[],
  status: DefectStatus,
): Promise<void> {
  const ref = { project: { id: task.project.id }, kind: KIND, key }
  for (let tries = 1; ; tries += 1) {
    const found = await app.documents.get(caller, ref)
    if (!found.ok && found.problem.code !== 'not_found') throw refusalOf(found.problem, errors.noTask)
    const before = found.ok ? statesOf(found.value.value) : {}
    const value = {
      ...Object.fromEntries(Object.entries(before).filter(([id]) => !ids.includes(id))),
      // Unresolved is what a finding is that nobody spoke of.
      ...(status === '0' ? {} : Object.fromEntries(ids.map((id) => [id, status]))),
    }
    const expectedRevision = found.ok ? found.value.revision : 0
    const put = await app.documents.put(caller, { ...ref, value, expectedRevision })
    if (put.ok) return
    // Somebody else was faster: what they have said stays.
    if (put.problem.code !== 'conflict' || tries >= TRIES_MAX) throw refusalOf(put.problem, errors.noTask)
  }
}

/** With the task. */
export async function forgetDefectStates({ app, caller }: Call, task: PipelineView): Promise<void> {
  const project = { id: task.project.id }
  const where = { project, kind: KIND, prefix: `${task.id}/`, limit: 16 ** SHARD_DIGITS }
  const listed = await app.documents.list(caller, where)
  if (!listed.ok) return
  await Promise.all(listed.value.items.map(({ key }) => app.documents.remove(caller, { project, kind: KIND, key })))
}

function statesOf(value: Json): Readonly<Record<string, DefectStatus>> {
  if (!isJsonObject(value)) return {}
  const known = Object.entries(value).filter(
    (entry): entry is [string, '1' | '2'] => entry[1] === '1' || entry[1] === '2',
  )
  return Object.fromEntries(known)
}
