import type { Json, JsonObject } from '../../model/json.ts'
import type { Instant } from '../../model/time.ts'
import { quote } from '../kit/query.ts'
import { parsePlain } from '../kit/time.ts'
import {
  BadValue,
  integer,
  kindOf,
  listAt,
  objectAt,
  objectsAt,
  oneOf,
  optionalFlag,
  optionalText,
  plainText,
  queryInteger,
  read,
  type Read,
  readBody,
  readBodyObject,
  readObject,
  requiredText,
  textsAt,
  VALUE_MAX,
} from './read.ts'
import { VARIABLES_MAX, variablesOf } from './dto.ts'
import type { GivenRef } from './sources.ts'
import type { TagInput } from './tags.ts'
import { RUN_WORDS } from './v5-status.ts'
import type { RunWord } from './v5-wire.ts'
import type { VariableGroupInput } from './variable-groups.ts'

/** What the v5 calls ask, checked. Unknown keys are passed over: newer SDKs have more of them. */

const IDS_MAX = 100
/** Parameter groups that a pipeline may have. */
const BOUND_MAX = 20
const OFFSET_MAX = 10_000_000
const PAGE = { max: 100, fallback: 10 } as const
const LIMIT = { min: 0, max: 1_000, fallback: PAGE.fallback } as const

export interface ListV5 {
  readonly projectIds: readonly string[]
  readonly text: string | null
  readonly statuses: readonly RunWord[]
  readonly isPublish: boolean | null
  readonly creatorIds: readonly string[]
  readonly executorIds: readonly string[]
  /** When the newest run began. */
  readonly from: Instant | null
  readonly to: Instant | null
  /** Of the group and those below; null: of any. */
  readonly groupPath: string | null
  /** Without a path: only those in no group. */
  readonly byGroup: boolean
  /** Shown too. */
  readonly banned: boolean
  /** Any of these. */
  readonly tagIds: readonly string[]
  readonly manifests: readonly string[]
  readonly componentId: string | null
  /** Pipelines that began a run since. */
  readonly updatedFrom: Instant | null
  readonly include: string | null
  readonly exclude: string | null
  readonly sort: { readonly key: SortKeyV5; readonly descending: boolean } | null
  readonly offset: number
  readonly limit: number
}

const SORT_KEYS = ['name', 'create_time', 'update_time'] as const
export type SortKeyV5 = (typeof SORT_KEYS)[number]

export const readListV5 = (bytes: Uint8Array, zoneOffsetMinutes: number): Read<ListV5> =>
  readBodyObject(bytes, (body) => ({
    projectIds: [...new Set([optionalText(body, 'project_id') ?? [], ids(body, 'project_ids')].flat())],
    text: optionalText(body, 'name'),
    statuses: words(body),
    isPublish: optionalFlag(body, 'is_publish'),
    creatorIds: [...new Set([optionalText(body, 'creator_id') ?? [], ids(body, 'creator_ids')].flat())],
    executorIds: ids(body, 'executor_ids'),
    from: instantOf(body, 'start_time', zoneOffsetMinutes),
    to: instantOf(body, 'end_time', zoneOffsetMinutes, 999),
    groupPath: optionalText(body, 'group_path_id'),
    byGroup: optionalFlag(body, 'by_group') ?? false,
    banned: optionalFlag(body, 'is_banned') ?? true,
    tagIds: ids(body, 'tag_list'),
    manifests: ids(body, 'manifest_version_list'),
    componentId: optionalText(body, 'component_id') || null,
    updatedFrom: instantOf(body, 'pipeline_run_update_time', zoneOffsetMinutes),
    include: optionalText(body, 'include_pipeline_id'),
    exclude: optionalText(body, 'exclude_pipeline_id'),
    sort: sortOf(body, SORT_KEYS, 'create_time'),
    ...pageOf(body),
  }))

export interface RunsV5 {
  readonly statuses: readonly RunWord[]
  readonly from: Instant | null
  readonly to: Instant | null
  readonly updatedFrom: Instant | null
  readonly executorIds: readonly string[]
  readonly triggerTypes: readonly string[]
  readonly sort: { readonly key: 'start_time' | 'update_time'; readonly descending: boolean } | null
  readonly offset: number
  readonly limit: number
}

export const readRunsV5 = (bytes: Uint8Array, zoneOffsetMinutes: number): Read<RunsV5> =>
  readBodyObject(bytes, (body) => ({
    statuses: words(body),
    from: instantOf(body, 'start_time', zoneOffsetMinutes),
    to: instantOf(body, 'end_time', zoneOffsetMinutes, 999),
    updatedFrom: instantOf(body, 'update_time', zoneOffsetMinutes),
    executorIds: ids(body, 'executor_ids'),
    triggerTypes: textsAt(body['trigger_type'], 'trigger_type', 20),
    sort: sortOf(body, ['start_time', 'update_time'], 'start_time'),
    ...pageOf(body),
  }))

export interface RunV5Input {
  readonly variables: ReadonlyMap<string, string>
  /** Identifiers; empty: all. Stages outweigh jobs. */
  readonly chosenStages: readonly string[]
  readonly chosenJobs: readonly string[]
  readonly description: string
  /** What to build instead of the default branch, by source. */
  readonly refs: readonly GivenRef[]
}

export const readRunV5 = (bytes: Uint8Array): Read<RunV5Input> =>
  readBodyObject(bytes, (body) => {
    const variables = new Map<string, string>()
    for (const [index, variable] of objectsAt(body['variables'], 'variables', 200).entries()) {
      const name = requiredText(variable, 'name', 128)
      const { value = '' } = variable
      if (typeof value !== 'string' || value.length > VALUE_MAX) {
        throw new BadValue(`variables[${index}].value: expected text of at most ${VALUE_MAX} characters`)
      }
      if (variables.has(name)) throw new BadValue(`variables: ${quote(name)} is given twice`)
      variables.set(name, value)
    }
    return {
      variables,
      chosenStages: textsAt(body['choose_stages'], 'choose_stages', 200),
      chosenJobs: textsAt(body['choose_jobs'], 'choose_jobs', 1_000),
      description: optionalText(body, 'description', 1_024) ?? '',
      refs: objectsAt(body['sources'], 'sources', 20).flatMap((source, place) => refOf(source, place)),
    }
  })

function refOf(source: JsonObject, place: number): readonly GivenRef[] {
  const at = `sources[${place}]`
  const params = objectAt(source['params'] ?? {}, `${at}.params`)
  const given = objectAt(params['build_params'] ?? {}, `${at}.params.build_params`)
  const type = optionalText(given, 'build_type') === 'tag' ? 'tag' : 'branch'
  const ref = optionalText(given, type === 'tag' ? 'tag' : 'target_branch') ?? optionalText(params, 'default_branch')
  if (ref === null) return []
  const url = plainText(params['git_url'])
  return [{ place, url, alias: plainText(params['alias']), repository: plainText(params['codehub_id']), type, ref }]
}

/** Ids of jobs; empty, as without a body: all that failed. */
export const readRetry = (bytes: Uint8Array): Read<readonly string[]> =>
  readObject(bytes, (body) => [...new Set(textsAt(body['job_run_ids'], 'job_run_ids', IDS_MAX))])

/** `pipeline_run_number` of a query, from 1. null: not given. */
export function runNumberOf(query: URLSearchParams): number | null {
  const number = queryInteger(query, 'pipeline_run_number', { min: 0, max: 2 ** 31 - 1, fallback: 0 })
  return number === 0 ? null : number
}

/** A bare array of ids. */
export const readBatch = (bytes: Uint8Array): Read<readonly string[]> =>
  readBody(bytes, (body) => {
    if (!Array.isArray(body)) throw new BadValue('the body: expected an array of pipeline ids')
    return [...new Set(textsAt(body, 'the body', IDS_MAX))]
  })

/** `mode` of run-variables; the vendor asks for it, and 0 is what it means mostly. */
export const readMode = (query: URLSearchParams): Read<0 | 1 | 2> =>
  read(() => queryInteger(query, 'mode', { min: 0, max: 2, fallback: 0 }) as 0 | 1 | 2)

/** `order`, `pageNo` and `pageSize` of how many pipelines each project has. */
export const readCounts = (
  query: URLSearchParams,
): Read<{ readonly order: 'asc' | 'desc' | null; readonly pageNo: number; readonly pageSize: number }> =>
  read(() => ({
    order: oneOf(query.get('order') || null, 'order', ['asc', 'desc']),
    pageNo: queryInteger(query, 'pageNo', { min: 1, max: OFFSET_MAX, fallback: 1 }),
    pageSize: queryInteger(query, 'pageSize', { min: 1, max: 1_000, fallback: PAGE.fallback }),
  }))

/** `{pipeline_ids}`. */
export const readBatchRun = (bytes: Uint8Array): Read<readonly string[]> =>
  readBodyObject(bytes, (body) => {
    const wanted = ids(body, 'pipeline_ids')
    if (wanted.length === 0) throw new BadValue('pipeline_ids: expected at least one, found none')
    return wanted
  })

export const readBatchResult = (
  bytes: Uint8Array,
): Read<readonly { readonly pipelineId: string; readonly runId: string }[]> =>
  readBodyObject(bytes, (body) =>
    objectsAt(body['query'], 'query', IDS_MAX).map((one) => ({
      pipelineId: requiredText(one, 'pipeline_id', 128),
      runId: optionalText(one, 'pipeline_run_id', 128) ?? '',
    })),
  )

/** `[{pipeline_id}]`. */
export const readVersions = (bytes: Uint8Array): Read<readonly string[]> =>
  readBody(bytes, (body) => [
    ...new Set(objectsAt(body, 'the body', IDS_MAX).map((one) => requiredText(one, 'pipeline_id', 128))),
  ])

/** What a role, or a user, may do with a pipeline. */
export interface Rights {
  readonly operation_query: boolean
  readonly operation_execute: boolean
  readonly operation_update: boolean
  readonly operation_delete: boolean
  readonly operation_authorize: boolean
}
const rightsOf = (body: JsonObject): Rights => {
  const right = (name: keyof Rights): boolean => optionalFlag(body, name) ?? false
  return {
    operation_query: right('operation_query'),
    operation_execute: right('operation_execute'),
    operation_update: right('operation_update'),
    operation_delete: right('operation_delete'),
    operation_authorize: right('operation_authorize'),
  }
}
export const readRoleRights = (bytes: Uint8Array): Read<{ readonly roleId: number; readonly rights: Rights }> =>
  readBodyObject(bytes, (body) => ({ roleId: roleIdOf(body), rights: rightsOf(body) }))
export const readUserRights = (bytes: Uint8Array): Read<{ readonly userId: string; readonly rights: Rights }> =>
  readBodyObject(bytes, (body) => ({ userId: requiredText(body, 'user_id', 128), rights: rightsOf(body) }))

/** `{pipeline_ids, roles}`: the same of each pipeline, for each of these roles. */
export const readRolesOfMany = (
  bytes: Uint8Array,
): Read<{
  readonly pipelineIds: readonly string[]
  readonly roles: readonly { readonly roleId: number; readonly rights: Rights }[]
}> =>
  readBodyObject(bytes, (body) => ({
    pipelineIds: ids(body, 'pipeline_ids'),
    roles: objectsAt(body['roles'], 'roles', 100).map((role) => ({ roleId: roleIdOf(role), rights: rightsOf(role) })),
  }))

/** `{resource_ids}`, which other pages call `resourceIds`. */
export const readResources = (bytes: Uint8Array): Read<readonly string[]> =>
  readBodyObject(bytes, (body) => ids(body, 'resource_ids' in body ? 'resource_ids' : 'resourceIds'))

const roleIdOf = (body: JsonObject): number =>
  integer(body['role_id'], 'role_id', { min: -(2 ** 31), max: 2 ** 31 - 1, fallback: 0 })

export interface LogQuery {
  /** Bytes; null: not said. */
  readonly start: number | null
  readonly end: number | null
  readonly lines: number
  readonly newestFirst: boolean
}

export const readLogs = (bytes: Uint8Array): Read<LogQuery> =>
  readBodyObject(bytes, (body) => {
    const sort = oneOf(requiredText(body, 'sort'), 'sort', ['asc', 'desc'])
    const limit = body['limit'] ?? null
    if (limit === null) throw new BadValue('limit: expected a number of lines, found none')
    return {
      start: offsetOf(body, 'start_offset'),
      end: offsetOf(body, 'end_offset'),
      lines: Math.min(integer(numberOf(limit), 'limit', { min: 1, max: 1_000_000, fallback: 1 }), 10_000),
      newestFirst: sort === 'desc',
    }
  })

/** Numbers in the request, text in the answer: clients send back either. */
function offsetOf(body: JsonObject, name: string): number | null {
  const value = body[name] ?? null
  if (value === null || value === '') return null
  return integer(numberOf(value), name, { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 })
}

const numberOf = (value: Json): Json => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value)

export interface Moves {
  /** null: out of any group. */
  readonly groupId: string | null
  readonly pipelines: readonly { readonly id: string; readonly name: string }[]
}

export const readMoves = (bytes: Uint8Array): Read<Moves> =>
  readBodyObject(bytes, (body) => ({
    groupId: optionalText(body, 'group_id', 128),
    pipelines: objectsAt(body['pipelines'], 'pipelines', IDS_MAX).map((pipeline) => ({
      id: requiredText(pipeline, 'pipeline_id', 128),
      name: optionalText(pipeline, 'pipeline_name', 128) ?? '',
    })),
  }))

const groupName = (body: JsonObject): string => requiredText(body, 'name', 128)

export const readNewGroup = (bytes: Uint8Array): Read<{ readonly name: string; readonly parentId: string | null }> =>
  readBodyObject(bytes, (body) => ({ name: groupName(body), parentId: optionalText(body, 'parent_id', 128) }))

export const readGroupName = (bytes: Uint8Array): Read<{ readonly id: string; readonly name: string }> =>
  readBodyObject(bytes, (body) => ({ id: requiredText(body, 'id', 128), name: groupName(body) }))

/** A colour is the client's affair: shown, never used. */
const tagOf = (body: JsonObject): TagInput => ({
  name: requiredText(body, 'name', 128),
  color: requiredText(body, 'color', 64),
})
export const readTag = (bytes: Uint8Array): Read<TagInput> => readBodyObject(bytes, tagOf)
export const readTagChange = (bytes: Uint8Array): Read<TagInput & { readonly id: string }> =>
  readBodyObject(bytes, (body) => ({ id: requiredText(body, 'tagId', 128), ...tagOf(body) }))
export const readTagging = (
  bytes: Uint8Array,
): Read<{ readonly pipelineIds: readonly string[]; readonly tagIds: readonly string[] }> =>
  readBodyObject(bytes, (body) => ({ pipelineIds: ids(body, 'pipelineList'), tagIds: ids(body, 'tagList') }))

const variableGroupOf = (body: JsonObject): VariableGroupInput => {
  variablesOf(body)
  return {
    name: requiredText(body, 'name', 128),
    description: optionalText(body, 'description', 1_024) ?? '',
    variables: objectsAt(body['variables'], 'variables', VARIABLES_MAX),
  }
}
export const readVariableGroup = (bytes: Uint8Array): Read<VariableGroupInput> => readBodyObject(bytes, variableGroupOf)
export const readVariableGroupChange = (bytes: Uint8Array): Read<VariableGroupInput & { readonly id: string }> =>
  readBodyObject(bytes, (body) => ({ id: requiredText(body, 'id', 128), ...variableGroupOf(body) }))
export const readVariableGroups = (
  bytes: Uint8Array,
): Read<{ readonly name: string; readonly offset: number; readonly limit: number }> =>
  readBodyObject(bytes, (body) => ({ name: optionalText(body, 'name') ?? '', ...pageOf(body) }))
export const readBinding = (
  bytes: Uint8Array,
): Read<{ readonly pipelineId: string; readonly groupIds: readonly string[] }> =>
  readBodyObject(bytes, (body) => ({
    pipelineId: requiredText(body, 'pipeline_id', 128),
    groupIds: boundGroups(body['pipeline_group_ids']),
  }))

/** It replaces what there is: an empty list is said, and not left out. */
function boundGroups(value: Json | undefined): readonly string[] {
  if (value === undefined) throw new BadValue('pipeline_group_ids: expected an array, found nothing')
  return [...new Set(textsAt(value, 'pipeline_group_ids', BOUND_MAX))]
}

const ids = (body: JsonObject, name: string): readonly string[] => [...new Set(textsAt(body[name], name, IDS_MAX))]

const words = (body: JsonObject): readonly RunWord[] =>
  listAt(body['status'], 'status', 20).map((word: Json) => {
    const found = RUN_WORDS.find((candidate) => candidate === word)
    if (found !== undefined) return found
    throw new BadValue(`status: expected ${RUN_WORDS.join(', ')}, found ${kindOf(word)}`)
  })

function sortOf<Key extends string>(
  body: JsonObject,
  keys: readonly Key[],
  fallback: Key,
): { readonly key: Key; readonly descending: boolean } | null {
  const key = oneOf(optionalText(body, 'sort_key'), 'sort_key', keys)
  const direction = oneOf(optionalText(body, 'sort_dir'), 'sort_dir', ['asc', 'desc'])
  return key === null && direction === null ? null : { key: key ?? fallback, descending: direction === 'desc' }
}

/** `offset` and `limit` of a query. */
export const readPage = (query: URLSearchParams): Read<{ readonly offset: number; readonly limit: number }> =>
  read(() => ({
    offset: queryInteger(query, 'offset', { min: 0, max: OFFSET_MAX, fallback: 0 }),
    limit: limitOf(queryInteger(query, 'limit', LIMIT)),
  }))

export const pageOf = (body: JsonObject): { readonly offset: number; readonly limit: number } => ({
  offset: integer(body['offset'], 'offset', { min: 0, max: OFFSET_MAX, fallback: 0 }),
  limit: limitOf(integer(body['limit'], 'limit', LIMIT)),
})

/** "Value range: ≥ 0". A limit of 0 is none, and a page has no more than it has. */
const limitOf = (limit: number): number => Math.min(limit === 0 ? PAGE.fallback : limit, PAGE.max)

/** Epoch milliseconds, as a number or as text, or `yyyy-MM-dd HH:mm:ss`, of which it is the millisecond `within` of the second. */
function instantOf(body: JsonObject, name: string, zoneOffsetMinutes: number, within = 0): Instant | null {
  const value = body[name] ?? null
  if (value === null || value === '') return null
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text === 'string') {
    if (/^\d{1,15}$/.test(text)) return Number(text)
    const at = parsePlain(text, zoneOffsetMinutes)
    if (at !== undefined) return at + within
  }
  throw new BadValue(`${name}: expected epoch milliseconds or yyyy-MM-dd HH:mm:ss, found ${kindOf(value)}`)
}
