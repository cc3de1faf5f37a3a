import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { isSealedText } from '../../model/secret.ts'
import { parseJson } from '../kit/body.ts'
import { mapTexts, masked, sealLogin, sealQuery, type Seal, withKeptTexts } from '../kit/credentials.ts'
import { quote } from '../kit/query.ts'
import {
  BadValue,
  integer,
  isTrue,
  listAt,
  objectAt,
  objectsAt,
  oneOf,
  optionalFlag,
  optionalText,
  plainText,
  requiredText,
  textsAt,
} from './read.ts'
import { DEFINITION_MAX, readStages, type StageDoc } from './stages.ts'

/** `PipelineDTO`: what a v5 pipeline is made of, and edited with. */
export interface PipelineDto {
  /** As it came; what is not read is only shown again. */
  readonly given: JsonObject
  readonly name: string
  readonly description: string
  readonly stages: readonly StageDoc[]
  readonly variables: readonly Variable[]
  readonly sources: readonly Source[]
  readonly schedules: readonly JsonObject[]
  /** null: no events of a code host start it. */
  readonly codeEvents: CodeEvents | null
  /** null: as many at once as are started. */
  readonly concurrency: { readonly limit: number; readonly whenFull: 'queue' | 'abort' } | null
  readonly groupId: string | null
}
export interface CodeEvents {
  /** What calls must be signed with, as `signed` of a webhook has it; null: they need not be. */
  readonly signed: string | null
}
export interface Variable {
  readonly name: string
  /** null: not said. */
  readonly sequence: number | null
  readonly type: 'string' | 'enum' | 'autoIncrement'
  readonly value: string
  readonly description: string
  readonly isSecret: boolean
  /** Of one that grows by itself: with this edit it begins anew. */
  readonly isReset: boolean
  readonly limits: readonly string[]
}
export interface Source {
  readonly url: string
  readonly alias: string
  readonly branch: string
  /** Its id at the code host. */
  readonly repository: string
}

export const VARIABLES_MAX = 150
const SOURCES_MAX = 20
/** How a secret is shown; given back like that it stays what it was. */
export const SECRET = '******'

/** @throws BadValue */
export function dtoOf(body: JsonObject): PipelineDto {
  const name = requiredText(body, 'name', 128)
  if (!/^[\p{L}\p{M}\p{N}_-]+$/u.test(name)) {
    throw new BadValue(`name: expected letters, digits, - and _, found ${quote(name)}`)
  }
  if (optionalFlag(body, 'is_publish') === null) throw new BadValue('is_publish: expected true or false, found nothing')
  return {
    given: body,
    name,
    description: optionalText(body, 'description', 1_024) ?? '',
    stages: readStages(requiredText(body, 'definition', DEFINITION_MAX)),
    variables: variablesOf(body),
    sources: objectsAt(body['sources'], 'sources', SOURCES_MAX).map(sourceOf),
    schedules: objectsAt(body['schedules'], 'schedules', 20),
    codeEvents: codeEventsOf(body),
    concurrency: concurrencyOf(body),
    groupId: optionalText(body, 'group_id', 128),
  }
}

/** One address is called for all of them: as soon as one has a token, a call must know one. */
function codeEventsOf(body: JsonObject): CodeEvents | null {
  const enabled = objectsAt(body['triggers'], 'triggers', SOURCES_MAX).filter((trigger, index) => {
    if (typeof (trigger[HOOK_TOKEN] ?? '') !== 'string') {
      throw new BadValue(`triggers[${index}].${HOOK_TOKEN}: expected text, found something else`)
    }
    return objectsAt(trigger['events'], `triggers[${index}].events`, 20).some((event) => optionalFlag(event, 'enable'))
  })
  if (enabled.length === 0) return null
  const tokens = new Set(enabled.map((trigger) => plainText(trigger[HOOK_TOKEN])).filter((token) => token !== ''))
  // One that is not known here, as in a copy of another pipeline, is not `******`: then the server makes a secret.
  const isUnknown = tokens.delete(SECRET)
  return { signed: tokens.size > 0 ? [...tokens].join('') : isUnknown ? '1' : null }
}

/** @throws BadValue */
export function variablesOf(body: JsonObject): readonly Variable[] {
  const variables = objectsAt(body['variables'], 'variables', VARIABLES_MAX).map(variableOf)
  const again = variables.find(({ name }, at) => variables.findIndex((other) => other.name === name) !== at)
  if (again !== undefined) throw new BadValue(`variables: ${quote(again.name)} is given twice`)
  return variables
}

/** Where a variable is shown, as its client numbers it; it is no number of ours, so that any other value is none. */
export const sequenceOf = ({ sequence }: JsonObject): number | null =>
  typeof sequence === 'number' && Number.isInteger(sequence) ? sequence : null

function variableOf(variable: JsonObject): Variable {
  const name = requiredText(variable, 'name', 128)
  const type = oneOf(optionalText(variable, 'type'), `variables.${name}.type`, ['string', 'enum', 'autoIncrement'])
  return {
    name,
    sequence: sequenceOf(variable),
    type: type ?? 'string',
    value: optionalText(variable, 'value') ?? '',
    description: optionalText(variable, 'description', 1_024) ?? '',
    isSecret: optionalFlag(variable, 'is_secret') ?? false,
    isReset: optionalFlag(variable, 'is_reset') ?? false,
    limits: [...new Set(textsAt(variable['limits'], `variables.${name}.limits`, 200))],
  }
}

/** @throws BadValue */
export function sourceOf(source: JsonObject, index: number): Source {
  const given = source['params'] ?? null
  const params = given === null ? {} : objectAt(given, `sources[${index}].params`)
  return {
    url: plainText(params['git_url']),
    alias: plainText(params['alias']),
    branch: plainText(params['default_branch']),
    repository: plainText(params['codehub_id']),
  }
}

function concurrencyOf(body: JsonObject): PipelineDto['concurrency'] {
  const given = body['concurrency_control'] ?? null
  if (given === null) return null
  const control = objectAt(given, 'concurrency_control')
  // What is not in force may say anything: clients send 0, -1 or nothing with it.
  if (optionalFlag(control, 'enable') !== true) return null
  const limit = integer(control['concurrency_number'], 'concurrency_control.concurrency_number', {
    min: 1,
    max: 1_000,
    fallback: 1,
  })
  const action = oneOf(optionalText(control, 'exceed_action'), 'concurrency_control.exceed_action', ['QUEUE', 'ABORT'])
  return { limit, whenFull: action === 'ABORT' ? 'abort' : 'queue' }
}

/** The body of an edit: secrets that came as they are shown are what they were. */
export function withSecretsOf(body: JsonObject, former: JsonObject | null): JsonObject {
  if (former === null) return body
  const kept = withKeptDefinition(withKeptTexts(withKeptTokens(body, former), former, SECRET), former)
  if (!Array.isArray(kept['variables'])) return kept
  const secrets = new Map(variablesOf(former).map(({ name, value }) => [name, value]))
  const variables = listAt(kept['variables'], 'variables', VARIABLES_MAX).map((variable) => {
    const name = isJsonObject(variable) && variable['value'] === SECRET ? plainText(variable['name']) : ''
    const value = secrets.get(name)
    return isJsonObject(variable) && value !== undefined ? { ...variable, value } : variable
  })
  return { ...kept, variables }
}

/** That of the trigger which it was, of the same repository or in the same place: of several each has its own. */
function withKeptTokens(body: JsonObject, former: JsonObject): JsonObject {
  const { triggers } = body
  if (!Array.isArray(triggers) || !Array.isArray(former['triggers'])) return body
  const before = former['triggers'].filter(isJsonObject)
  const kept = (triggers as readonly Json[]).map((trigger, place) => {
    if (!isJsonObject(trigger) || trigger[HOOK_TOKEN] !== SECRET) return trigger
    const same = before.filter((one) => repositoryOf(one) === repositoryOf(trigger))
    const here = before[place]
    const was = here !== undefined && (same.length === 0 || same.includes(here)) ? here : same[0]
    return { ...trigger, [HOOK_TOKEN]: was?.[HOOK_TOKEN] ?? SECRET }
  })
  return { ...body, triggers: kept }
}

/** As it is shown. */
const repositoryOf = ({ git_type: type, git_url: url, repo_id: id }: JsonObject): string =>
  masked([type, url, id].map(plainText).join('\n'), SECRET)

const HOOK_ADDRESS = 'callback_url'
const ADDRESSES: readonly string[] = ['git_url', 'ssh_git_url', 'web_url', HOOK_ADDRESS]
/** What a code host shows when it calls. */
const HOOK_TOKEN = 'security_token'
const HOOK_TOKEN_MAX = 1_024

/**
 * As it is stored: values of secret variables, of sources and triggers logins in addresses and tokens, and logins in
 * addresses that steps are given, sealed; what is the same is the same then, as steps name sources by their addresses.
 */
export function sealedDto(body: JsonObject, sealing: Seal): JsonObject {
  const { variables, definition } = body
  const done = new Map<string, string>()
  const seal: Seal = (text) => {
    const known = done.get(text) ?? sealing(text)
    done.set(text, known)
    return known
  }
  const sealed = (text: string, field: string): string => {
    if (field === HOOK_TOKEN) return sealedToken(text, seal)
    const address = ADDRESSES.includes(field) ? sealLogin(text, seal) : text
    // That of a repository has no query, and names it for steps.
    return field === HOOK_ADDRESS ? sealQuery(address, seal) : address
  }
  const texts = (name: 'sources' | 'triggers'): JsonObject =>
    body[name] === undefined ? {} : { [name]: mapTexts(body[name], sealed) }
  return {
    ...body,
    ...(Array.isArray(variables)
      ? { variables: (variables as readonly Json[]).map((variable) => sealedVariable(variable, seal)) }
      : {}),
    ...texts('sources'),
    ...texts('triggers'),
    ...(typeof definition === 'string' ? { definition: sealedDefinition(definition, seal) } : {}),
  }
}

function sealedToken(text: string, seal: Seal): string {
  if (text === '' || text === SECRET || isSealedText(text)) return text
  if (text.length <= HOOK_TOKEN_MAX) return seal(text)
  throw new BadValue(`${HOOK_TOKEN}: expected at most ${HOOK_TOKEN_MAX} characters, found ${text.length}`)
}

/** Its steps may be given addresses; a login that a variable gives is known to a run only. */
const sealedDefinition = (definition: string, seal: Seal): string =>
  definition.includes('://')
    ? mapDefinition(definition, (read) =>
        mapTexts(read, (text) => (/\s|\$\{/.test(text) ? text : sealLogin(text, seal))),
      )
    : definition

function withKeptDefinition(body: JsonObject, { definition: former }: JsonObject): JsonObject {
  const { definition } = body
  if (typeof definition !== 'string' || typeof former !== 'string' || !definition.includes(SECRET)) return body
  const keep = (read: Json): Json => withKeptTexts({ read }, jsonOf(former), SECRET)['read'] ?? null
  return { ...body, definition: mapDefinition(definition, keep) }
}

/** The text as it was where nothing is changed, or where it is none that could be read: then it is refused later. */
function mapDefinition(definition: string, change: (read: Json) => Json): string {
  const read = jsonOf(definition)
  if (read === null) return definition
  const changed = JSON.stringify(change(read))
  return changed === JSON.stringify(read) ? definition : changed
}

/** null: it is none, or goes deeper than any definition does. */
function jsonOf(text: string): Json {
  const json = text.length > DEFINITION_MAX ? undefined : parseJson(new TextEncoder().encode(text))
  return json?.ok === true ? (json.value ?? null) : null
}

function sealedVariable(variable: Json, seal: Seal): Json {
  if (!isJsonObject(variable)) return variable
  const { is_secret: isSecret, value } = variable
  if (!isTrue(isSecret)) return variable
  const sealed = typeof value === 'string' && value !== '' ? { value: seal(value) } : {}
  // What it was in other runs is nobody's to know, and not used.
  const others = ['latest_value', 'runtime_value'].filter((name) => variable[name] !== undefined)
  return { ...variable, ...sealed, ...Object.fromEntries(others.map((name) => [name, null])) }
}
