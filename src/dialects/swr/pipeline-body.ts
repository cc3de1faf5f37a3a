import type { Json, JsonObject } from '../../model/json.ts'
import { quote } from '../kit/query.ts'
import { errors, type VendorError } from './errors.ts'
import { list, number, object, refusing, text, wrong, type Place } from './fields.ts'
import type { Read } from './request.ts'
import { isServiceName, type ServiceName } from './service.ts'
import { readStageParams } from './stage-params.ts'

/** What a client sends to create or change a pipeline ("创建流水线", "更新流水线"), checked; what is unknown is passed over. */
export interface PipelineBody {
  readonly name: string
  readonly description: string
  readonly preOperation: PreOperationBody | null
  readonly postOperation: PostOperationBody | null
  readonly params: readonly ParamBody[]
  readonly stages: readonly StageBody[]
  readonly source: string | null
}
export interface ParamBody {
  readonly name: string
  readonly description: string
  readonly value: string
}
export interface PreOperationBody {
  readonly operator: 'and' | 'or'
  /** Never empty: "for an empty array, a webhook is generated". */
  readonly triggers: readonly TriggerBody[]
}
export interface PostOperationBody {
  readonly triggers: readonly TriggerBody[]
  /** As it was sent. */
  readonly sent: JsonObject
}
export type TriggerBody = {
  /** Trigger parameter -> pipeline parameter, in the vendor's names. */
  readonly converts: readonly { readonly name: string; readonly param: string }[]
} & (
  | { readonly kind: 'webhook'; readonly url: string | null; readonly method: 'GET' | 'POST' | 'PUT' | null }
  | { readonly kind: 'channel'; readonly name: string }
)
export interface StageBody {
  readonly id: number | null
  readonly name: string
  readonly service: ServiceName
  /** As they were sent, checked. */
  readonly params: JsonObject
  readonly handler: JsonObject | null
  readonly inputs: readonly ResourceBody[] | null
  readonly outputs: readonly ResourceBody[] | null
  readonly preOperation: PreOperationBody | null
  readonly postOperation: PostOperationBody | null
}
export type ResourceBody = { readonly name: string; readonly sent: JsonObject } & (
  | { readonly type: 'code_source'; readonly stageIndex: number }
  | { readonly type: 'image'; readonly namespace: string; readonly repository: string; readonly tag: string }
  | {
      readonly type: 'package'
      readonly namespace: string
      readonly package: string
      readonly version: string
      readonly filePath: string
      readonly localFilePath: string
    }
)

/** The two that the server gives itself: clients send them back with what they read. */
export const isSystemParam = (name: string): boolean => name === 'SYS_TIMESTAMP' || name === 'SYS_INCREMENT'

const DESCRIPTION_MAX = 4_096
/** The same rule for groups and pipelines (errors 4001142; "创建流水线组", table 1). */
const NAME = /^[a-z](?:[a-z0-9]|-|_)*$/
const STAGES_MAX = 100
const PARAMS_MAX = 190
const TRIGGERS_MAX = 20
const RESOURCES_MAX = 20
const PARAM_VALUE_MAX = 8_192

/** Begins with a lower-case letter, ends with a letter or digit, no three `_` in a row and none beside a `-`, 1 to 64. */
export const isGroupName = (name: string): boolean =>
  name.length <= 64 && NAME.test(name) && !/_{3}|_-|-_|[-_]$/.test(name)

/** Names that a pipeline and its stages have already: they may have been made by other rules than the vendor's. */
export interface KeptNames {
  readonly name: string
  readonly stages: readonly string[]
}

export const readPipelineBody = (value: Json | undefined, kept: KeptNames | null = null): Read<PipelineBody> =>
  refusing(() => {
    const body = object(value, { path: 'the body' })
    const name = text(body, 'name', { required: true, max: 128, error: errors.badPipelineName })
    if (name !== kept?.name && !isGroupName(name)) {
      wrong(
        `name: expected 1 to 64 lower-case letters, digits, - and _, the first a letter, found ${quote(name)}`,
        errors.badPipelineName,
      )
    }
    const params = readParams(body)
    const stages = list(body, 'stages', { required: true, max: STAGES_MAX }).map((stage, index) =>
      readStage(stage, index, kept?.stages ?? []),
    )
    if (stages.length === 0) wrong('stages: expected at least one stage, found none')
    checkSources(stages)
    const read: PipelineBody = {
      name,
      description: text(body, 'description', { max: DESCRIPTION_MAX }),
      preOperation: readPreOperation(body, { path: 'pre_operation' }),
      postOperation: readPostOperation(body, { path: 'post_operation' }),
      params,
      stages,
      source: body['source'] === undefined ? null : text(body, 'source', { max: 64 }),
    }
    checkConverts(read)
    return read
  })

function readParams(body: JsonObject): readonly ParamBody[] {
  const params = list(body, 'params', { max: PARAMS_MAX })
    .map((one, index) => {
      const place = { path: `params[${index}]` }
      const param = object(one, place)
      return {
        name: text(param, 'name', { ...place, required: true, max: 64 }),
        description: text(param, 'description', { ...place, max: DESCRIPTION_MAX }),
        value: text(param, 'value', { ...place, max: PARAM_VALUE_MAX }),
      }
    })
    .filter(({ name }) => !isSystemParam(name))
  const names = new Set<string>()
  for (const { name } of params) {
    if (names.has(name)) wrong(`params: ${quote(name)} is there twice`, errors.paramExists)
    names.add(name)
  }
  return params
}

function readPreOperation(owner: JsonObject, place: Place): PreOperationBody | null {
  const given = owner['pre_operation'] ?? null
  if (given === null) return null
  const operation = object(given, place)
  // `{}` is what a pipeline without triggers shows.
  if (Object.keys(operation).length === 0) return null
  const operator = text(operation, 'operator', { ...place, max: 16 })
  if (operator !== 'and' && operator !== 'or' && operator !== '') {
    wrong(`${place.path}.operator: expected and or or, found ${quote(operator)}`)
  }
  const triggers = readTriggers(operation, place)
  const [first] = triggers
  const webhook: TriggerBody = { kind: 'webhook', url: null, method: null, converts: [] }
  return { operator: operator === 'or' ? 'or' : 'and', triggers: first === undefined ? [webhook] : triggers }
}

function readPostOperation(owner: JsonObject, place: Place): PostOperationBody | null {
  const given = owner['post_operation'] ?? null
  if (given === null) return null
  const operation = object(given, place)
  const triggers = readTriggers(operation, place)
  for (const [index, trigger] of triggers.entries()) {
    const at = `${place.path}.triggers[${index}].webhook`
    if (trigger.kind !== 'webhook') continue
    if (trigger.url === null) wrong(`${at}.url: expected an http or https URL, found nothing`)
    if (trigger.method === null) wrong(`${at}.method: expected POST, GET or PUT, found nothing`)
  }
  return { triggers, sent: operation }
}

function readTriggers(operation: JsonObject, place: Place): readonly TriggerBody[] {
  const triggers = list(operation, 'triggers', { ...place, max: TRIGGERS_MAX }).map((one, index) =>
    readTrigger(one, { path: `${place.path}.triggers[${index}]` }),
  )
  const channels = triggers.flatMap((trigger) => (trigger.kind === 'channel' ? [trigger.name] : []))
  const again = channels.find((name, index) => channels.indexOf(name) !== index)
  if (again !== undefined) wrong(`${place.path}: the channel ${quote(again)} is there twice`, errors.channelExists)
  return triggers
}

function readTrigger(value: Json, place: Place): TriggerBody {
  const trigger = object(value, place)
  const converts = list(trigger, 'pipeline_param_converts', { ...place, max: PARAMS_MAX }).map((one, index) => {
    const at = { path: `${place.path}.pipeline_param_converts[${index}]` }
    const convert = object(one, at)
    return {
      name: text(convert, 'name', { ...at, required: true, max: 64 }),
      param: text(convert, 'pipeline_param_name', { ...at, required: true, max: 64 }),
    }
  })
  const again = converts.find(({ name }, index) => converts.findIndex((other) => other.name === name) !== index)
  if (again !== undefined) wrong(`${place.path}: ${quote(again.name)} is converted twice`, errors.paramExists)
  const { webhook = null, channel = null } = trigger
  if ((webhook === null) === (channel === null)) wrong(`${place.path}: expected either webhook or channel`)
  if (channel !== null) {
    const at = { path: `${place.path}.channel` }
    return { kind: 'channel', name: text(object(channel, at), 'name', { ...at, required: true, max: 64 }), converts }
  }
  const at = { path: `${place.path}.webhook` }
  const hook = object(webhook, at)
  const url = text(hook, 'url', { ...at, max: 2_048 })
  const method = text(hook, 'method', { ...at, max: 16 }).toUpperCase()
  if (method !== '' && method !== 'GET' && method !== 'POST' && method !== 'PUT') {
    wrong(`${at.path}.method: expected POST, GET or PUT, found ${quote(method)}`)
  }
  return { kind: 'webhook', url: url === '' ? null : url, method: method === '' ? null : method, converts }
}

/** "4001141": Chinese characters, letters, digits, `.`, `-`, `_`, 1 to 64. */
const STAGE_NAME = /^[\p{Script=Han}A-Za-z0-9._-]{1,64}$/u

function readStage(value: Json, index: number, kept: readonly string[]): StageBody {
  const place = { path: `stages[${index}]` }
  const stage = object(value, place)
  const name = text(stage, 'name', { ...place, required: true, max: 128, error: errors.badStageName })
  if (!STAGE_NAME.test(name) && !kept.includes(name)) {
    const expected = 'expected 1 to 64 Chinese characters, letters, digits, ., - and _'
    wrong(`${place.path}.name: ${expected}, found ${quote(name)}`, errors.badStageName)
  }
  const service = text(stage, 'service_name', { ...place, required: true, max: 64 })
  if (!isServiceName(service)) return wrong(`${place.path}.service_name: unknown, found ${quote(service)}`)
  const id = stage['id'] ?? null
  return {
    id: id === null || id === 0 ? null : number(stage, 'id', { ...place, min: 1, max: Number.MAX_SAFE_INTEGER }),
    name,
    service,
    params: readStageParams(service, stage['params'] ?? {}, { path: `${place.path}.params` }),
    handler: readHandler(stage['exception_handler'] ?? null, { path: `${place.path}.exception_handler` }),
    inputs: readResources(stage, 'input_resources', place),
    outputs: readResources(stage, 'output_resources', place),
    preOperation: readPreOperation(stage, { path: `${place.path}.pre_operation` }),
    postOperation: readPostOperation(stage, { path: `${place.path}.post_operation` }),
  }
}

/** 366 days: what a duration may be here. */
const TIMESPAN_MAX = 8_784

function readHandler(value: Json, place: Place): JsonObject | null {
  if (value === null) return null
  const handler = object(value, place)
  const type = text(handler, 'type', { ...place, required: true, max: 64 })
  if (type === 'timeout_reset') {
    const at = { path: `${place.path}.params` }
    number(object(handler['params'] ?? {}, at), 'timespan', { ...at, min: 1, max: TIMESPAN_MAX })
  } else if (type !== 'return_to_start' && type !== 'ignore_error') {
    wrong(`${place.path}.type: expected timeout_reset, return_to_start or ignore_error, found ${quote(type)}`)
  }
  return handler
}

function readResources(stage: JsonObject, key: string, place: Place): readonly ResourceBody[] | null {
  if ((stage[key] ?? null) === null) return null
  return list(stage, key, { ...place, max: RESOURCES_MAX }).map((one, index) =>
    readResource(one, { path: `${place.path}.${key}[${index}]` }),
  )
}

function readResource(value: Json, place: Place): ResourceBody {
  const given = object(value, place)
  const name = text(given, 'name', { ...place, required: true, max: 64 })
  const type = text(given, 'type', { ...place, required: true, max: 32 })
  const at = { path: `${place.path}.params` }
  const params = asTexts(object(given['params'], at))
  const sent = { ...given, params }
  const part = (key: string, required = true): string => text(params, key, { ...at, required, max: 255 })
  switch (type) {
    case 'code_source':
      return { name, sent, type, stageIndex: number(params, 'stage_index', { ...at, min: 0, max: STAGES_MAX }) }
    case 'image':
      return { name, sent, type, namespace: part('namespace'), repository: part('repository'), tag: part('tag') }
    case 'package':
      return {
        name,
        sent,
        type,
        namespace: part('namespace'),
        package: part('package'),
        version: part('version'),
        filePath: pathOf(part('file_path', false), `${at.path}.file_path`),
        localFilePath: pathOf(part('local_file_path', false), `${at.path}.local_file_path`),
      }
    default:
      return wrong(`${place.path}.type: expected code_source, image or package, found ${quote(type)}`)
  }
}

/** All that names a resource is text by the table (`stage_index: "0"`), however YAML wrote it. */
const asTexts = (params: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(params).map(([key, value]) => [key, typeof value === 'object' ? value : String(value)]),
  )

function pathOf(path: string, at: string): string {
  return path.split('/').includes('..') ? wrong(`${at}: expected a path without .., found ${quote(path)}`) : path
}

/** An input code source names the place of a code_source stage. */
function checkSources(stages: readonly StageBody[]): void {
  for (const [index, { inputs }] of stages.entries()) {
    for (const input of inputs ?? []) {
      if (input.type !== 'code_source' || stages[input.stageIndex]?.service === 'code_source') continue
      wrong(`stages[${index}].input_resources: stage ${input.stageIndex} is no code_source stage`)
    }
  }
}

/** What a trigger gives must have a param to go to. */
function checkConverts({ params, preOperation, stages }: PipelineBody): void {
  const names = new Set(params.map(({ name }) => name))
  const operations = [preOperation, ...stages.map((stage) => stage.preOperation)]
  for (const { converts } of operations.flatMap((operation) => operation?.triggers ?? [])) {
    const unknown = converts.find(({ param }) => !names.has(param))
    if (unknown !== undefined) wrong(`the pipeline has no param ${quote(unknown.param)}`, errors.noSuchParam)
  }
}

/** What names the pipeline that is changed, as the body of an update carries it. */
export interface Addressee {
  readonly id: number
  readonly groupId: number
  readonly groupName: string
}

/** The body of an update says which pipeline it means: another one than the path's is refused. */
export const readAddressee = (value: Json | undefined, expected: Addressee): Read<JsonObject> =>
  refusing(() => {
    const body = object(value, { path: 'the body' })
    if ((body['group_id'] ?? null) === null) wrong('group_id: expected an integer, found nothing', errors.noGroupId)
    check(body, 'id', expected.id)
    check(body, 'group_id', expected.groupId)
    const group = text(body, 'group_name', { max: 128 })
    if (group !== '' && group !== expected.groupName) {
      wrong(`group_name: the pipeline is in the group ${quote(expected.groupName)}, found ${quote(group)}`)
    }
    return body
  })

function check(body: JsonObject, key: string, expected: number, error: VendorError = errors.badParameter): void {
  if ((body[key] ?? null) === null) return
  const found = number(body, key, { min: 0, max: Number.MAX_SAFE_INTEGER })
  if (found !== expected) wrong(`${key}: expected ${expected}, found ${found}`, error)
}
