import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What generated clients of a vendor read answers into, as a file *.models of test/fixtures tells it. Go's SDK is the strict
 * one: it refuses a whole answer when one value is of another type than its struct declares, and passes over null and
 * over keys that it does not know. Python and Java turn numbers into text and the other way, where they can.
 */
interface Field {
  readonly type: string
  readonly isRequired: boolean
  readonly isNullable: boolean
}

const INT32_MAX = 2 ** 31 - 1

const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  s: (value) => typeof value === 'string',
  /** An ObjectID of MongoDB. */
  oid: (value) => typeof value === 'string' && /^[0-9a-f]{24}$/.test(value),
  b: (value) => typeof value === 'boolean',
  i32: (value) => Number.isSafeInteger(value) && Math.abs(value as number) <= INT32_MAX,
  i64: (value) => Number.isSafeInteger(value),
  f32: (value) => typeof value === 'number',
  any: () => true,
}

export class SdkModels {
  readonly #operations = new Map<string, string>()
  readonly #models = new Map<string, ReadonlyMap<string, Field>>()
  readonly #words = new Map<string, ReadonlySet<string>>()
  /** `Model.field` -> whether an answer had it. */
  readonly #seen = new Map<string, boolean>()
  readonly #declarations: string | null

  private constructor(declarations: string | null) {
    this.#declarations = declarations
  }

  /** Of the `.d.ts` files of a client for Node: each model in one of its own. */
  static ofDeclarations(directory: string): SdkModels {
    return new SdkModels(directory)
  }

  /** @param file its path in test/fixtures. */
  static ofFixture(file: string): SdkModels {
    const models = new SdkModels(null)
    models.#read(file)
    return models
  }

  #read(file: string): void {
    const path = join(import.meta.dirname, '../fixtures', file)
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const operation = /^([A-Z]+ [^?\s]+)\S* -> (\S+)$/.exec(line)
      const model = /^(\w+):(.*)$/.exec(line)
      const words = /^(\w+) = (.+)$/.exec(line)
      if (operation !== null) this.#operations.set(operation[1] ?? '', operation[2] ?? '')
      else if (model !== null) this.#models.set(model[1] ?? '', fieldsOf(model[2] ?? ''))
      else if (words !== null) this.#words.set(words[1] ?? '', new Set(words[2]?.split(' ')))
      else throw new Error(`${file}: neither an operation nor a model: ${line}`)
    }
  }

  /** `POST /v5/{project_id}/api/pipelines`, each. */
  get operations(): readonly string[] {
    return [...this.#operations.keys()]
  }

  /** `Model.field` of the models that were read so far: those that no answer had. */
  get neverSent(): readonly string[] {
    return [...this.#seen].flatMap(([name, wasSent]) => (wasSent ? [] : [name])).toSorted()
  }

  isList(operation: string): boolean {
    return this.#operations.get(operation)?.startsWith('[') ?? false
  }

  /** What a client stumbles over in the answer to an operation. */
  mismatches(operation: string, body: unknown): readonly string[] {
    const type = this.#operations.get(operation)
    if (type === undefined) throw new Error(`no SDK has ${operation}`)
    // Go's SDK panics on null in the place of a whole answer.
    return body === null ? [`${operation}: null`] : [...this.#wrong(type, body, operation)]
  }

  /** The same for an answer of which only the model is known. */
  mismatchesOf(model: string, body: unknown): readonly string[] {
    return [...this.#wrong(model, body, model)]
  }

  #model(name: string): ReadonlyMap<string, Field> {
    const known = this.#models.get(name)
    if (known !== undefined) return known
    if (this.#declarations === null) throw new Error(`no model ${name}`)
    const declared = declaredFields(readFileSync(join(this.#declarations, `${name}.d.ts`), 'utf8'))
    this.#models.set(name, declared)
    return declared
  }

  *#wrong(type: string, value: unknown, at: string): Iterable<string> {
    if (value === null) return
    const words = this.#words.get(type)
    const scalar = words === undefined ? SCALARS[type] : (one: unknown) => typeof one === 'string' && words.has(one)
    const [, inner = ''] = /^[[{](.*)[\]}]$/.exec(type) ?? []
    const said = `${at}: ${type} is declared, ${JSON.stringify(value).slice(0, 80)} is sent`
    if (scalar !== undefined) {
      if (!scalar(value)) yield said
    } else if (type.includes('|')) {
      yield said
    } else if (type.startsWith('[')) {
      if (!Array.isArray(value)) yield said
      else for (const [index, item] of value.entries()) yield* this.#wrong(inner, item, `${at}[${index}]`)
    } else if (typeof value !== 'object' || Array.isArray(value)) {
      yield said
    } else if (type.startsWith('{')) {
      for (const [key, item] of Object.entries(value)) yield* this.#wrong(inner, item, `${at}.${key}`)
    } else {
      const sent = new Map(Object.entries(value))
      for (const [name, field] of this.#model(type)) {
        this.#seen.set(`${type}.${name}`, sent.has(name) || this.#seen.get(`${type}.${name}`) === true)
        if (sent.get(name) === null && !field.isNullable) yield `${at}.${name}: never null with the vendor`
        else if (sent.has(name)) yield* this.#wrong(field.type, sent.get(name), `${at}.${name}`)
        else if (field.isRequired) yield `${at}.${name}: never left out by the vendor`
      }
    }
  }
}

const fieldsOf = (text: string): ReadonlyMap<string, Field> =>
  new Map(
    text
      .split(' ')
      .filter((part) => part !== '')
      .map((part) => {
        const [name = '', type = ''] = part.split(':')
        return [
          name,
          { type: type.replace(/!+$/, ''), isRequired: type.endsWith('!'), isNullable: !type.endsWith('!!') },
        ]
      }),
  )

/** `name?: T` as it is on the wire; of a private one the accessor beside it tells the type. */
function declaredFields(text: string): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>()
  for (const [, name = '', type] of text.matchAll(/^ {4}(?:private )?'?(\w+)'?\??(?:: ([^;]+))?;$/gm)) {
    const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
    const declared = type ?? new RegExp(`get ${camel}\\(\\): ([^|;]+)`).exec(text)?.[1]?.trim()
    if (declared !== undefined) fields.set(name, { type: typeOf(declared), isRequired: false, isNullable: true })
  }
  return fields
}

function typeOf(declared: string): string {
  const [, item] = /^Array<(.+)>$/.exec(declared) ?? []
  if (item !== undefined) return `[${typeOf(item)}]`
  switch (declared) {
    case 'string':
    case 'Date':
      return 's'
    case 'number':
      return 'f32'
    case 'boolean':
      return 'b'
    default:
      return /^\w+$/.test(declared) && !['object', 'any'].includes(declared) ? declared : 'any'
  }
}
