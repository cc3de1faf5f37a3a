import type { App, Caller, DocumentView } from '../../host/app.ts'
import { asId, type ProjectId } from '../../model/id.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import { accountId } from '../kit/derived-id.ts'
import { sealFor } from '../kit/credentials.ts'
import { shortened } from '../kit/query.ts'
import { SECRET, variablesOf } from './dto.ts'
import type { SharedVariable } from './original.ts'
import { plainText } from './read.ts'
import { calledThus, everyDocument } from './state.ts'
import type { VariableGroupV5 } from './v5-wire.ts'

/**
 * Parameter groups: variables that several pipelines of a project have. Which groups a pipeline has says its state; what
 * they hold is in the pipeline's definition, so that it counts however a run is started.
 */
export interface VariableGroup {
  readonly id: string
  readonly name: string
  readonly description: string
  /** As `variables` of a pipeline; values of secrets are sealed. */
  readonly variables: readonly JsonObject[]
  readonly creator: Person
  readonly updater: Person
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly revision: number
}
interface Person {
  readonly id: string
  readonly name: string
}
export interface VariableGroupInput {
  readonly name: string
  readonly description: string
  readonly variables: readonly JsonObject[]
}

const KIND = 'codearts-pipeline/variable-group'
const GROUPS_MAX = 500

/** Oldest first. */
export async function everyVariableGroup(
  app: App,
  caller: Caller,
  projectId: string,
): Promise<Result<readonly VariableGroup[]>> {
  const documents = await everyDocument(app, caller, projectId, KIND)
  if (!documents.ok) return documents
  return accept(documents.value.map(groupOf).toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)))
}

export async function variableGroup(
  app: App,
  caller: Caller,
  projectId: string,
  id: string,
): Promise<Result<VariableGroup>> {
  const found = await app.documents.get(caller, refOf(projectId, id))
  return found.ok ? accept(groupOf(found.value)) : calledThus(found, `parameter group ${id}`)
}

/** @returns the id */
export async function createVariableGroup(
  app: App,
  caller: Caller,
  projectId: string,
  input: VariableGroupInput,
): Promise<Result<string>> {
  const groups = await everyVariableGroup(app, caller, projectId)
  if (!groups.ok) return groups
  if (groups.value.length >= GROUPS_MAX) {
    return refuse('invalid_request', `expected at most ${GROUPS_MAX} parameter groups`)
  }
  if (groups.value.some(({ name }) => name === input.name)) return taken(input.name)
  const id = app.freshId()
  const value = {
    ...sealed(app, projectId, input, []),
    creator: personOf(caller),
    updater: personOf(caller),
    createdAt: app.now(),
  }
  const put = await app.documents.put(caller, { ...refOf(projectId, id), value, expectedRevision: 0 })
  return put.ok ? accept(id) : put
}

/** Values of secrets that come as they are shown stay what they were. */
export async function updateVariableGroup(
  app: App,
  caller: Caller,
  projectId: string,
  { id, ...input }: VariableGroupInput & { readonly id: string },
): Promise<Result<null>> {
  const groups = await everyVariableGroup(app, caller, projectId)
  if (!groups.ok) return groups
  const former = groups.value.find((group) => group.id === id)
  if (former === undefined) return refuse('not_found', `there is no parameter group ${shortened(id)}`)
  if (groups.value.some((group) => group.name === input.name && group.id !== id)) return taken(input.name)
  const { creator, createdAt, variables, revision } = former
  const value = {
    ...sealed(app, projectId, input, variables),
    creator: { ...creator },
    updater: personOf(caller),
    createdAt,
  }
  const put = await app.documents.put(caller, { ...refOf(projectId, id), value, expectedRevision: revision })
  return put.ok ? accept(null) : put
}

export const removeVariableGroup = async (
  app: App,
  caller: Caller,
  projectId: string,
  id: string,
): Promise<Result<null>> =>
  calledThus(await app.documents.remove(caller, refOf(projectId, id)), `parameter group ${id}`)

/** The variables of some groups, group after group; one that is not there any more has none. */
export async function sharedVariables(
  app: App,
  caller: Caller,
  projectId: string,
  ids: readonly string[],
): Promise<Result<readonly SharedVariable[]>> {
  const shared: SharedVariable[] = []
  for (const id of ids) {
    const found = await variableGroup(app, caller, projectId, id)
    if (!found.ok && found.problem.code !== 'not_found') return found
    if (!found.ok) continue
    const { name: group, variables } = found.value
    shared.push(...variablesOf({ variables }).map((variable) => ({ group, variable })))
  }
  return accept(shared)
}

/**
 * @param related pipelines that have it, by id and name.
 * Times are seconds: the SDK for Go reads them into 32 bits, and would refuse the whole answer for milliseconds.
 */
export const presentVariableGroup = (
  group: VariableGroup,
  projectId: string,
  domain: string,
  related: readonly Person[],
): VariableGroupV5 => ({
  id: group.id,
  project_id: projectId,
  domain_id: accountId(domain),
  name: group.name,
  description: group.description,
  variables: variablesOf({ variables: group.variables }).map(
    ({ name, sequence, type, value, isSecret, description }) => ({
      name,
      // As its client gave it: Terraform's come in an order of their own, and would never be what was asked for.
      sequence,
      type,
      value: isSecret && value !== '' ? SECRET : value,
      is_secret: isSecret,
      description,
    }),
  ),
  related_pipelines: related,
  creator_id: group.creator.id,
  updater_id: group.updater.id,
  creator_name: group.creator.name,
  updater_name: group.updater.name,
  create_time: Math.floor(group.createdAt / 1_000),
  update_time: Math.floor(group.updatedAt / 1_000),
})

const taken = (name: string) => refuse('conflict', `there is a parameter group ${name} already`)

const refOf = (projectId: string, id: string) => ({ project: { id: projectId }, kind: KIND, key: id }) as const

const personOf = ({ user: { id, name } }: Caller): Person & JsonObject => ({ id, name })

function sealed(
  app: App,
  projectId: string,
  { name, description, variables }: VariableGroupInput,
  former: readonly JsonObject[],
): JsonObject {
  const seal = sealFor(app, asId<ProjectId>(projectId))
  const values = new Map(variablesOf({ variables: former }).map((variable) => [variable.name, variable.value]))
  return {
    name,
    description,
    variables: variablesOf({ variables }).map((variable) => {
      const { sequence, type, value, isSecret } = variable
      const shown = { name: variable.name, sequence, type, description: variable.description, is_secret: isSecret }
      if (!isSecret || value === '') return { ...shown, value }
      return { ...shown, value: value === SECRET ? (values.get(variable.name) ?? '') : seal(value) }
    }),
  }
}

function groupOf({ key, value, revision, updatedAt }: DocumentView): VariableGroup {
  const fields = isJsonObject(value) ? value : {}
  const { variables, creator, updater, createdAt } = fields
  return {
    id: key,
    name: plainText(fields['name']),
    description: plainText(fields['description']),
    variables: Array.isArray(variables) ? variables.filter(isJsonObject) : [],
    creator: storedPerson(creator),
    updater: storedPerson(updater),
    createdAt: typeof createdAt === 'number' ? createdAt : updatedAt,
    updatedAt,
    revision,
  }
}

const storedPerson = (value: JsonObject[string] | undefined): Person => {
  const { id, name } = value !== undefined && isJsonObject(value) ? value : {}
  return { id: plainText(id), name: plainText(name) }
}
