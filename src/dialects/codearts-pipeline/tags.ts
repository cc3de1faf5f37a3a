import type { App, Caller, DocumentView } from '../../host/app.ts'
import { isJsonObject } from '../../model/json.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { ProjectView } from '../../model/view.ts'
import { accountId } from '../kit/derived-id.ts'
import { shortened } from '../kit/query.ts'
import { plainText } from './read.ts'
import { calledThus, changeState, everyDocument, stateOf, statesOf } from './state.ts'
import type { ListedTag, TagV5 } from './v5-wire.ts'

/** Tags of a project, by which people sort its pipelines. Which a pipeline has says its state. */
export interface Tag {
  readonly id: string
  readonly name: string
  readonly color: string
  readonly creator: string
  readonly updater: string
  readonly createdAt: Instant
  readonly updatedAt: Instant
}
export interface TagInput {
  readonly name: string
  readonly color: string
}

const KIND = 'codearts-pipeline/tag'
const TAGS_MAX = 500

export async function everyTag(app: App, caller: Caller, projectId: string): Promise<Result<readonly Tag[]>> {
  const documents = await everyDocument(app, caller, projectId, KIND)
  if (!documents.ok) return documents
  return accept(documents.value.map(tagOf).toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)))
}

export async function createTag(
  app: App,
  caller: Caller,
  projectId: string,
  { name, color }: TagInput,
): Promise<Result<null>> {
  const tags = await everyTag(app, caller, projectId)
  if (!tags.ok) return tags
  if (tags.value.length >= TAGS_MAX) return refuse('invalid_request', `expected at most ${TAGS_MAX} tags`)
  if (tags.value.some((tag) => tag.name === name)) return refuse('conflict', `there is a tag ${name} already`)
  const [at, { id: user }] = [app.now(), caller.user]
  const ref = { project: { id: projectId }, kind: KIND, key: app.freshId() } as const
  const value = { name, color, creator: user, updater: user, createdAt: at }
  const put = await app.documents.put(caller, { ...ref, value, expectedRevision: 0 })
  return put.ok ? accept(null) : put
}

export async function updateTag(
  app: App,
  caller: Caller,
  projectId: string,
  { id, name, color }: TagInput & { readonly id: string },
): Promise<Result<null>> {
  const tags = await everyTag(app, caller, projectId)
  if (!tags.ok) return tags
  if (tags.value.some((tag) => tag.name === name && tag.id !== id)) {
    return refuse('conflict', `there is a tag ${name} already`)
  }
  const ref = { project: { id: projectId }, kind: KIND, key: id } as const
  const found = await app.documents.get(caller, ref)
  if (!found.ok) return calledThus(found, `tag ${id}`)
  const { creator, createdAt } = tagOf(found.value)
  const value = { name, color, creator, updater: caller.user.id, createdAt }
  const put = await app.documents.put(caller, { ...ref, value, expectedRevision: found.value.revision })
  return put.ok ? accept(null) : put
}

/** Pipelines that had it lose it. */
export async function removeTag(app: App, caller: Caller, projectId: string, id: string): Promise<Result<null>> {
  const removed = await app.documents.remove(caller, { project: { id: projectId }, kind: KIND, key: id })
  if (!removed.ok) return calledThus(removed, `tag ${id}`)
  const states = await statesOf(app, caller, projectId)
  if (!states.ok) return states
  for (const [pipelineId, { tagIds }] of states.value) {
    if (!tagIds.includes(id)) continue
    const pipeline = await app.pipelines.get(caller, { id: pipelineId })
    if (!pipeline.ok) continue
    const put = await changeState(app, caller, pipeline.value, { tagIds: tagIds.filter((other) => other !== id) })
    if (!put.ok) return put
  }
  return accept(null)
}

/** Each of the pipelines has these tags then, and no others. */
export async function setTags(
  app: App,
  caller: Caller,
  projectId: string,
  { pipelineIds, tagIds }: { readonly pipelineIds: readonly string[]; readonly tagIds: readonly string[] },
): Promise<Result<null>> {
  const tags = await everyTag(app, caller, projectId)
  if (!tags.ok) return tags
  const missing = tagIds.find((id) => !tags.value.some((tag) => tag.id === id))
  if (missing !== undefined) return refuse('not_found', `there is no tag ${shortened(missing)}`)
  for (const id of pipelineIds) {
    const pipeline = await app.pipelines.get(caller, { id })
    if (!pipeline.ok) return pipeline
    if (pipeline.value.project.id !== projectId) return refuse('not_found', `there is no pipeline ${id}`)
    const { tagIds: before } = await stateOf(app, caller, pipeline.value)
    if (before.length === 0 && tagIds.length === 0) continue
    const put = await changeState(app, caller, pipeline.value, { tagIds })
    if (!put.ok) return put
  }
  return accept(null)
}

export const presentTag = ({ id, name, color }: Tag, { id: project_id, name: project_name }: ProjectView): TagV5 => ({
  tag_id: id,
  name,
  color,
  project_id,
  project_name,
})

/** As a pipeline in a list has it. */
export const presentListedTag = (tag: Tag, projectId: string, domain: string): ListedTag => ({
  tag_id: tag.id,
  name: tag.name,
  color: tag.color,
  project_id: projectId,
  domain_id: accountId(domain),
  creator_id: tag.creator,
  updater_id: tag.updater,
  create_time: tag.createdAt,
  update_time: tag.updatedAt,
})

function tagOf({ key, value, updatedAt }: DocumentView): Tag {
  const fields = isJsonObject(value) ? value : {}
  return {
    id: key,
    name: plainText(fields['name']),
    color: plainText(fields['color']),
    creator: plainText(fields['creator']),
    updater: plainText(fields['updater']),
    createdAt: Number(fields['createdAt'] ?? updatedAt),
    updatedAt,
  }
}
