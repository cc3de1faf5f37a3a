import type { PipelineDefinition } from '../../model/definition.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { SealParam } from '../kit/credentials.ts'
import { quote } from '../kit/query.ts'
import { SECRET, type Variable } from './dto.ts'
import { BadValue, isTrue, plainText } from './read.ts'
import { readStages, type StageDoc } from './stages.ts'

/**
 * What a v5 client gave when it made a pipeline, kept in the pipeline's annotations so that it gets the same back: the
 * body of the request, cut into pieces that annotations can hold, and what was made of it, to tell when somebody has
 * changed the pipeline by another way since.
 */
export interface Original {
  /** The body, with `definition`. */
  readonly dto: JsonObject
  readonly stages: readonly StageDoc[]
}

const PIECE = 'codearts-pipeline/dto.'
const MADE = 'codearts-pipeline/made'
/** Where in the document a task comes from: `stage.job.step`, `stage.pre.step`, `stage.post.step`. */
export const AT = 'codearts-pipeline/at'
/** Annotation values are at most 8192 UTF-16 units. */
const PIECE_LENGTH = 8_000

export function originalAnnotations(dto: JsonObject, tree: Tree): Readonly<Record<string, string>> {
  return { ...packed(PIECE, dto), [MADE]: fingerprint(tree) }
}

const packed = (name: string, value: Json): Readonly<Record<string, string>> =>
  Object.fromEntries(cut(JSON.stringify(value)).map((piece, index) => [name + index, piece]))

/** undefined: nothing that was packed. */
function unpackedFrom(annotations: PipelineDefinition['annotations'], name: string): Json | undefined {
  let text = ''
  for (let index = 0; annotations[name + index] !== undefined; index += 1) text += annotations[name + index]
  try {
    return text === '' ? undefined : (JSON.parse(text) as Json)
  } catch {
    // Annotations are anybody's to write.
    return undefined
  }
}

/** A variable that a pipeline has of a parameter group. */
export interface SharedVariable {
  /** The group's name. */
  readonly group: string
  readonly variable: Variable
}
const SHARED = 'codearts-pipeline/shared.'

/** Which params are of which group, and which of them are secret. */
export const sharedAnnotations = (shared: readonly SharedVariable[]): Readonly<Record<string, string>> =>
  shared.length === 0
    ? {}
    : packed(
        SHARED,
        shared.map(({ group, variable: { name, isSecret } }) => ({ group, name, is_secret: isSecret })),
      )

const sharedOf = ({ annotations }: PipelineDefinition): readonly JsonObject[] => {
  const shared = unpackedFrom(annotations, SHARED)
  return Array.isArray(shared) ? shared.filter(isJsonObject) : []
}

/** The parameter group that each param is of, where it is of one. */
export const groupNames = (definition: PipelineDefinition): ReadonlyMap<string, string> =>
  new Map(sharedOf(definition).map(({ name, group }) => [plainText(name), plainText(group)]))

const kept = new WeakMap<PipelineDefinition, Original | null>()

/** null: not made by a v5 client, or changed by another way since. */
export function originalOf(definition: PipelineDefinition): Original | null {
  const known = kept.get(definition)
  if (known !== undefined) return known
  const original = unpacked(definition)
  kept.set(definition, original)
  return original
}

function unpacked({ annotations, stages }: PipelineDefinition): Original | null {
  const dto = annotations[MADE] === fingerprint(stages) ? unpackedFrom(annotations, PIECE) : undefined
  if (dto === undefined || !isJsonObject(dto)) return null
  const read = readIfWhole(() => readStages(plainText(dto['definition'])))
  return read === null ? null : { dto, stages: read }
}

/** Annotations are anybody's to write. */
function readIfWhole<Value>(reader: () => Value): Value | null {
  try {
    return reader()
  } catch {
    return null
  }
}

type Tree = readonly { readonly key: string; readonly tasks: readonly { readonly key: string }[] }[]

/** Keys are given by this dialect; whoever adds, removes or moves something changes their order. */
const fingerprint = (stages: Tree): string => {
  let hash = 5_381
  const text = stages.map(({ key, tasks }) => [key, ...tasks.map((task) => task.key)].join(' ')).join('\n')
  for (let at = 0; at < text.length; at += 1) hash = (hash * 33 + text.charCodeAt(at)) % 2 ** 48
  return `${text.length}-${hash.toString(16)}`
}

/** Never between the halves of a character. */
function cut(text: string): readonly string[] {
  const pieces: string[] = []
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + PIECE_LENGTH, text.length)
    if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1] ?? '')) end -= 1
    pieces.push(text.slice(start, end))
    start = end
  }
  return pieces
}

/** Names of the params whose values this vendor's clients do not show. */
export const secretNames = (definition: PipelineDefinition): ReadonlySet<string> =>
  new Set(secretsOf(definition).map(({ name }) => plainText(name)))

const secretsOf = (definition: PipelineDefinition): readonly JsonObject[] => {
  const { variables } = originalOf(definition)?.dto ?? {}
  const own = Array.isArray(variables) ? variables.filter(isJsonObject) : []
  return [...own, ...sharedOf(definition)].filter(({ is_secret }) => isTrue(is_secret))
}

/**
 * What a start gives, as it is stored: values of secrets sealed; one that comes as it is shown is what the pipeline has.
 * @throws BadValue for a secret that is to be one of some values (our params check the others) and is none of them.
 */
export function sealedParams(
  given: Iterable<readonly [string, string]>,
  definition: PipelineDefinition,
  seal: SealParam,
): Map<string, string> {
  const secrets = new Map(secretsOf(definition).map((variable) => [plainText(variable['name']), choicesOf(variable)]))
  const params = new Map<string, string>()
  for (const [name, value] of given) {
    const choices = secrets.get(name)
    if (choices === undefined) params.set(name, value)
    else if (value === SECRET) continue
    else if (choices.length > 0 && !choices.includes(value))
      throw new BadValue(`${quote(name)}: expected one of its limits, found something else`)
    else params.set(name, value === '' ? value : seal(name)(value))
  }
  return params
}

/** None: any value will do. */
const choicesOf = ({ type, limits }: JsonObject): readonly string[] =>
  type === 'enum' && Array.isArray(limits) ? (limits as readonly Json[]).map(plainText) : []
