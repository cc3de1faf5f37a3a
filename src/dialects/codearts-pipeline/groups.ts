import type { App, Caller, DocumentView } from '../../host/app.ts'
import { isJsonObject } from '../../model/json.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import { accountId } from '../kit/derived-id.ts'
import { shortened } from '../kit/query.ts'
import { plainText } from './read.ts'
import { calledThus, changeState, everyDocument, statesOf } from './state.ts'
import type { Moves } from './v5-request.ts'
import type { GroupV5 } from './v5-wire.ts'

/** Groups of pipelines: a tree of names in a project, kept as documents. Which pipeline is in which says its state. */
interface Group {
  readonly id: string
  readonly name: string
  readonly parentId: string | null
  readonly ordinal: number
  readonly creator: string
  readonly updater: string
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

const KIND = 'codearts-pipeline/group'
const GROUPS_MAX = 1_000
/** The vendor's page has three levels. */
const DEPTH_MAX = 10

export async function createGroup(
  app: App,
  caller: Caller,
  projectId: string,
  input: { readonly name: string; readonly parentId: string | null },
): Promise<Result<GroupV5>> {
  const groups = await everyGroup(app, caller, projectId)
  if (!groups.ok) return groups
  const { name, parentId } = input
  const parent = groups.value.find(({ id }) => id === parentId)
  if (parentId !== null && parent === undefined) return refuse('not_found', `there is no group ${shortened(parentId)}`)
  if (groups.value.length >= GROUPS_MAX) return refuse('invalid_request', `expected at most ${GROUPS_MAX} groups`)
  if (parent !== undefined && pathOf(parent, groups.value).split('.').length >= DEPTH_MAX) {
    return refuse('invalid_request', `expected groups in at most ${DEPTH_MAX} levels`)
  }
  const siblings = groups.value.filter((group) => group.parentId === parentId)
  const free = nameIsFree(name, siblings)
  if (!free.ok) return free
  const at = app.now()
  const { id: user } = caller.user
  const ordinal = 1 + Math.max(0, ...siblings.map((group) => group.ordinal))
  const group: Group = {
    id: app.freshId(),
    name,
    parentId,
    ordinal,
    creator: user,
    updater: user,
    createdAt: at,
    updatedAt: at,
  }
  const put = await putGroup(app, caller, projectId, group, 0)
  return put.ok ? accept(present(group, [...groups.value, group], new Map(), caller, projectId)) : put
}

export async function renameGroup(
  app: App,
  caller: Caller,
  projectId: string,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<Result<null>> {
  const found = await app.documents.get(caller, { project: { id: projectId }, kind: KIND, key: id })
  if (!found.ok) return calledThus(found, `group ${id}`)
  const groups = await everyGroup(app, caller, projectId)
  if (!groups.ok) return groups
  const before = groupOf(found.value)
  const siblings = groups.value.filter((group) => group.parentId === before.parentId && group.id !== id)
  const free = nameIsFree(name, siblings)
  if (!free.ok) return free
  const group = { ...before, name, updater: caller.user.id, updatedAt: app.now() }
  return putGroup(app, caller, projectId, group, found.value.revision)
}

const nameIsFree = (name: string, siblings: readonly Group[]): Result<null> =>
  siblings.some((group) => group.name === name) ? refuse('conflict', `there is a group ${name} already`) : accept(null)

/** Two groups with the same parent take each other's place. */
export async function swapGroups(
  app: App,
  caller: Caller,
  projectId: string,
  a: string,
  b: string,
): Promise<Result<null>> {
  const found: DocumentView[] = []
  for (const key of [a, b]) {
    const group = await app.documents.get(caller, { project: { id: projectId }, kind: KIND, key })
    if (!group.ok) return calledThus(group, `group ${key}`)
    found.push(group.value)
  }
  const [first, second] = found.map(groupOf)
  if (first === undefined || second === undefined || a === b) return accept(null)
  if (first.parentId !== second.parentId) return refuse('invalid_request', 'expected two groups of one parent')
  const updater = caller.user.id
  const places = [second.ordinal, first.ordinal]
  for (const [index, document] of found.entries()) {
    const group = { ...groupOf(document), ordinal: places[index] ?? 1, updater, updatedAt: app.now() }
    const put = await putGroup(app, caller, projectId, group, document.revision)
    if (!put.ok) return put
  }
  return accept(null)
}

/** With all below it; their pipelines are then in none. */
export async function removeGroup(app: App, caller: Caller, projectId: string, id: string): Promise<Result<null>> {
  const groups = await everyGroup(app, caller, projectId)
  if (!groups.ok) return groups
  if (!groups.value.some((group) => group.id === id)) return refuse('not_found', `there is no group ${shortened(id)}`)
  const doomed = groups.value.filter((group) => pathOf(group, groups.value).split('.').includes(id))
  const states = await statesOf(app, caller, projectId)
  if (!states.ok) return states
  for (const group of doomed) {
    const removed = await app.documents.remove(caller, { project: { id: projectId }, kind: KIND, key: group.id })
    if (!removed.ok && removed.problem.code !== 'not_found') return removed
  }
  for (const [pipelineId, { groupId }] of states.value) {
    if (!doomed.some((group) => group.id === groupId)) continue
    const pipeline = await app.pipelines.get(caller, { id: pipelineId })
    if (pipeline.ok) await changeState(app, caller, pipeline.value, { groupId: null })
  }
  return accept(null)
}

/** Those on top, each with those below it. */
export async function groupTree(app: App, caller: Caller, projectId: string): Promise<Result<readonly GroupV5[]>> {
  const groups = await everyGroup(app, caller, projectId)
  if (!groups.ok) return groups
  const states = await statesOf(app, caller, projectId)
  if (!states.ok) return states
  const counts = new Map<string, number>()
  for (const { groupId } of states.value.values()) {
    if (groupId !== null) counts.set(groupId, (counts.get(groupId) ?? 0) + 1)
  }
  const tops = groups.value.filter(({ parentId }) => parentId === null)
  return accept(tops.map((group) => present(group, groups.value, counts, caller, projectId)))
}

/** Each on its own: one that is not there does not keep the others. */
export async function movePipelines(
  app: App,
  caller: Caller,
  projectId: string,
  { groupId, pipelines }: Moves,
): Promise<
  Result<
    readonly { readonly code: 'success' | 'failed'; readonly pipeline_id: string; readonly pipeline_name: string }[]
  >
> {
  if (groupId !== null) {
    const group = await app.documents.get(caller, { project: { id: projectId }, kind: KIND, key: groupId })
    if (!group.ok) return calledThus(group, `group ${groupId}`)
  }
  const moved: { code: 'success' | 'failed'; pipeline_id: string; pipeline_name: string }[] = []
  for (const { id, name } of pipelines) {
    const pipeline = await app.pipelines.get(caller, { id })
    const isHere = pipeline.ok && pipeline.value.project.id === projectId
    const change = isHere ? await changeState(app, caller, pipeline.value, { groupId }) : null
    if (change !== null && !change.ok && change.problem.code === 'forbidden') return change
    moved.push({
      code: change?.ok === true ? 'success' : 'failed',
      pipeline_id: id,
      pipeline_name: isHere ? pipeline.value.name : name,
    })
  }
  return accept(moved)
}

/** Whether there is such a group; its name. */
export async function groupNamed(app: App, caller: Caller, projectId: string, id: string): Promise<string | null> {
  const found = await app.documents.get(caller, { project: { id: projectId }, kind: KIND, key: id })
  return found.ok ? groupOf(found.value).name : null
}

/** `path_id` of every group by its id. */
export async function groupPaths(app: App, caller: Caller, projectId: string): Promise<ReadonlyMap<string, string>> {
  const groups = await everyGroup(app, caller, projectId)
  return new Map(groups.ok ? groups.value.map((group) => [group.id, pathOf(group, groups.value)]) : [])
}

async function everyGroup(app: App, caller: Caller, projectId: string): Promise<Result<readonly Group[]>> {
  const documents = await everyDocument(app, caller, projectId, KIND)
  return documents.ok ? accept(documents.value.map(groupOf).toSorted((a, b) => a.ordinal - b.ordinal)) : documents
}

async function putGroup(
  app: App,
  caller: Caller,
  projectId: string,
  group: Group,
  expectedRevision: number,
): Promise<Result<null>> {
  const { id, ...value } = group
  const put = await app.documents.put(caller, {
    project: { id: projectId },
    kind: KIND,
    key: id,
    value,
    expectedRevision,
  })
  return put.ok ? accept(null) : put
}

function groupOf({ key, value, updatedAt }: DocumentView): Group {
  const fields = isJsonObject(value) ? value : {}
  const { name, parentId, ordinal, creator, updater, createdAt } = fields
  const changedAt = fields['updatedAt']
  return {
    id: key,
    name: plainText(name),
    parentId: typeof parentId === 'string' ? parentId : null,
    ordinal: Number(ordinal ?? 1),
    creator: plainText(creator),
    updater: plainText(updater),
    createdAt: Number(createdAt ?? updatedAt),
    updatedAt: Number(changedAt ?? updatedAt),
  }
}

/** From the top; one whose parent is gone is on top. */
function pathOf(group: Group, groups: readonly Group[]): string {
  const path = [group.id]
  for (let at = group; at.parentId !== null && path.length <= DEPTH_MAX;) {
    const parent = groups.find(({ id }) => id === at.parentId)
    if (parent === undefined) break
    path.unshift(parent.id)
    at = parent
  }
  return path.join('.')
}

const present = (
  group: Group,
  groups: readonly Group[],
  counts: ReadonlyMap<string, number>,
  caller: Caller,
  projectId: string,
): GroupV5 => ({
  id: group.id,
  domain_id: accountId(caller.domain),
  project_id: projectId,
  name: group.name,
  parent_id: group.parentId,
  path_id: pathOf(group, groups),
  ordinal: group.ordinal,
  creator: group.creator,
  updater: group.updater,
  create_time: group.createdAt,
  update_time: group.updatedAt,
  pipeline_count: counts.get(group.id) ?? 0,
  no_group_count: 0,
  children: groups
    .filter(({ parentId }) => parentId === group.id)
    .map((child) => present(child, groups, counts, caller, projectId)),
})
