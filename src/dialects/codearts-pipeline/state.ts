import type { App, Caller, DocumentView } from '../../host/app.ts'
import { isJsonObject, type Json } from '../../model/json.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { PipelineView } from '../../model/view.ts'
import { shortened } from '../kit/query.ts'

/** What this vendor's clients say of a pipeline beside its definition, whoever made it. */
export interface PipelineState {
  /** null: in none. */
  readonly groupId: string | null
  /** May not be started or edited. */
  readonly banned: boolean
  /** Who edited it last through this dialect. */
  readonly updaterId: string | null
  readonly tagIds: readonly string[]
  /** Parameter groups, in the order in which they were bound: the first that has a variable gives it. */
  readonly variableGroupIds: readonly string[]
}
export const NO_STATE: PipelineState = {
  groupId: null,
  banned: false,
  updaterId: null,
  tagIds: [],
  variableGroupIds: [],
}

const KIND = 'codearts-pipeline/pipeline'
const PAGE = 1_000
const TRIES = 5

export async function stateOf(app: App, caller: Caller, pipeline: PipelineView): Promise<PipelineState> {
  const found = await app.documents.get(caller, refOf(pipeline))
  return found.ok ? parsed(found.value.value) : NO_STATE
}

/** Of all pipelines of a project that have one, by id of the pipeline. */
export async function statesOf(
  app: App,
  caller: Caller,
  projectId: string,
): Promise<Result<ReadonlyMap<string, PipelineState>>> {
  const documents = await everyDocument(app, caller, projectId, KIND)
  if (!documents.ok) return documents
  return accept(new Map(documents.value.map(({ key, value }) => [key, parsed(value)])))
}

/** Changes what is given; two who change at once do not undo each other. */
export async function changeState(
  app: App,
  caller: Caller,
  pipeline: PipelineView,
  change: Partial<PipelineState>,
): Promise<Result<null>> {
  for (let left = TRIES; ; left -= 1) {
    const found = await app.documents.get(caller, refOf(pipeline))
    const value = { ...(found.ok ? parsed(found.value.value) : NO_STATE), ...change }
    const expectedRevision = found.ok ? found.value.revision : 0
    const put = await app.documents.put(caller, { ...refOf(pipeline), value, expectedRevision })
    if (put.ok) return accept(null)
    if (put.problem.code !== 'conflict' || left === 0) return put
  }
}

export const removeState = (app: App, caller: Caller, pipeline: PipelineView): Promise<Result<null>> =>
  app.documents.remove(caller, refOf(pipeline))

const refOf = ({ id, project }: PipelineView) => ({ project: { id: project.id }, kind: KIND, key: id }) as const

const parsed = (value: Json): PipelineState => {
  if (!isJsonObject(value)) return NO_STATE
  const { groupId, banned, updaterId } = value
  return {
    groupId: typeof groupId === 'string' ? groupId : null,
    banned: banned === true,
    updaterId: typeof updaterId === 'string' ? updaterId : null,
    tagIds: idsOf(value['tagIds']),
    variableGroupIds: idsOf(value['variableGroupIds']),
  }
}

const idsOf = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((id) => typeof id === 'string') : []

/** Every document of a kind in a project. */
export async function everyDocument(
  app: App,
  caller: Caller,
  projectId: string,
  kind: string,
): Promise<Result<readonly DocumentView[]>> {
  const all: DocumentView[] = []
  for (let after: string | null = null; ;) {
    const query = { project: { id: projectId }, kind, limit: PAGE, ...(after === null ? {} : { after }) }
    const page = await app.documents.list(caller, query)
    if (!page.ok) return page
    all.push(...page.value.items)
    if (page.value.next === null) return accept(all)
    after = page.value.next
  }
}

/**
 * The kind that a document is stored as says nothing to a client, and an id that could not be the key of one is one that
 * nothing has. @param what e.g. `group <id>`
 */
export const calledThus = <Value>(result: Result<Value>, what: string): Result<Value> =>
  result.ok || (result.problem.code !== 'not_found' && result.problem.code !== 'invalid_request')
    ? result
    : refuse('not_found', `there is no ${shortened(what)}`)
