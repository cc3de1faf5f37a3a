import type { ParamSpec, PipelineDefinition } from '../model/definition.ts'
import type { Json, JsonObject } from '../model/json.ts'
import type { LocatedError } from '../model/problem.ts'
import type { Instant } from '../model/time.ts'

/** Longest value of a param, in UTF-16 units. */
export const PARAM_VALUE_MAX = 8_192

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const NAME_MAX = 64

/**
 * Params become environment variables, and whoever may start a run chooses their values: none may be one that makes a
 * shell, a loader, an interpreter or git run other code, or one that Millrace gives itself.
 */
const RESERVED_NAMES = new Set(
  (
    'PATH HOME SHELL IFS ENV BASH_ENV BASHOPTS SHELLOPTS PROMPT_COMMAND PS4 CDPATH GLOBIGNORE TMPDIR ' +
    'NODE_OPTIONS NODE_PATH PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONINSPECT PERL5LIB PERL5OPT PERL5DB RUBYLIB RUBYOPT ' +
    'JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS CLASSPATH EDITOR VISUAL PAGER BROWSER GCONV_PATH LOCPATH NLSPATH HOSTALIASES ' +
    'GIT_SSH GIT_SSH_COMMAND GIT_ASKPASS SSH_ASKPASS GIT_EXEC_PATH GIT_DIR GIT_WORK_TREE GIT_TEMPLATE_DIR GIT_PAGER ' +
    'GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_EXTERNAL_DIFF GIT_PROXY_COMMAND GIT_ALTERNATE_OBJECT_DIRECTORIES'
  ).split(' '),
)
const RESERVED_STARTS = ['MILLRACE_', 'SYS_', 'LD_', 'DYLD_', 'BASH_FUNC_', 'GIT_CONFIG'] as const

/** What is wrong with a param's name, or undefined: `expected ..., found ...`. */
export function paramNameProblem(name: string): string | undefined {
  if (!NAME.test(name) || name.length > NAME_MAX) {
    return `expected a name of letters, digits and _ that begins with no digit, at most ${NAME_MAX} characters, found ${quote(name)}`
  }
  const upper = name.toUpperCase()
  const start = RESERVED_STARTS.find((prefix) => upper.startsWith(prefix))
  if (start !== undefined) return `names that begin with ${start} are reserved, found ${quote(name)}`
  if (RESERVED_NAMES.has(upper) || name in Object.prototype) {
    return `this name is reserved: as an environment variable it would change how programs run, found ${quote(name)}`
  }
  return undefined
}

export type ParamsResult =
  | { readonly ok: true; readonly params: JsonObject }
  | { readonly ok: false; readonly errors: readonly LocatedError[] }

/**
 * The params of a run: what was given, checked against the definition, else the defaults, else null; then the server's own.
 * Number and boolean params also take their text (`"3"`, `"true"`), since foreign wires send nothing but text.
 * @param system from {@link systemParams}.
 * @returns all errors, with paths such as `params.tag` and no place in a file.
 */
export function resolveParams(
  definition: Pick<PipelineDefinition, 'params'>,
  given: Readonly<Record<string, Json>>,
  system: JsonObject,
): ParamsResult {
  const errors: LocatedError[] = []
  const refuse = (name: string, message: string): void => {
    errors.push({ file: null, line: null, column: null, path: `params.${name.slice(0, NAME_MAX)}`, message })
  }
  const known = new Set(definition.params.map(({ name }) => name))
  for (const name of Object.keys(given)) {
    if (known.has(name)) continue
    if (Object.hasOwn(system, name)) refuse(name, 'this param is given by the server')
    else
      refuse(
        name,
        `expected ${known.size === 0 ? 'no params' : `one of ${[...known].join(', ')}`}, found ${quote(name)}`,
      )
  }
  const params: [string, Json][] = []
  for (const spec of definition.params) {
    const value = Object.hasOwn(given, spec.name) ? (given[spec.name] ?? null) : null
    if (value === null) {
      if (spec.required && spec.default === null) refuse(spec.name, `expected ${wordFor(spec)}, found nothing`)
      params.push([spec.name, spec.default])
      continue
    }
    const checked = checkParamValue(spec, value)
    if (checked.ok) params.push([spec.name, checked.value])
    else refuse(spec.name, checked.message)
  }
  return errors.length > 0
    ? { ok: false, errors }
    : { ok: true, params: Object.fromEntries([...params, ...Object.entries(system)]) }
}

export type ParamValueResult =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly message: string }

const NUMBER_TEXT = /^-?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?$/

/** One value that is not null, as its param's type; also used for defaults. */
export function checkParamValue(spec: Pick<ParamSpec, 'type' | 'options'>, value: Json): ParamValueResult {
  if (typeof value === 'string') {
    if (value.length > PARAM_VALUE_MAX) {
      return no(`expected at most ${PARAM_VALUE_MAX} characters, found ${value.length}`)
    }
    // An environment variable cannot hold it.
    if (value.includes('\0')) return no('expected text without a NUL character')
  }
  switch (spec.type) {
    case 'string':
      return typeof value === 'string' ? { ok: true, value } : no(`expected ${wordFor(spec)}, found ${quote(value)}`)
    case 'number': {
      const number = typeof value === 'string' && NUMBER_TEXT.test(value.trim()) ? Number(value) : value
      if (typeof number === 'number' && Number.isFinite(number)) return { ok: true, value: number }
      return no(`expected ${wordFor(spec)}, found ${quote(value)}`)
    }
    case 'boolean':
      if (value === true || value === 'true') return { ok: true, value: true }
      if (value === false || value === 'false') return { ok: true, value: false }
      return no(`expected ${wordFor(spec)}, found ${quote(value)}`)
    case 'json':
      return JSON.stringify(value).length <= PARAM_VALUE_MAX * 8
        ? { ok: true, value }
        : no(`expected at most ${PARAM_VALUE_MAX * 8} characters of JSON`)
    case 'choice':
      if (typeof value === 'string' && spec.options.includes(value)) return { ok: true, value }
      return no(`expected ${wordFor(spec)}, found ${quote(value)}`)
  }
}

const no = (message: string): ParamValueResult => ({ ok: false, message })

function wordFor(spec: Pick<ParamSpec, 'type' | 'options'>): string {
  switch (spec.type) {
    case 'string':
      return 'text'
    case 'number':
      return 'a number'
    case 'boolean':
      return 'true or false'
    case 'json':
      return 'a JSON value'
    case 'choice':
      return `one of ${spec.options.join(', ')}`
  }
}

function quote(value: Json): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/**
 * What the server gives to every run, as Huawei's SWR does: `SYS_TIMESTAMP`, 18 digits, yyyyMMddHHmmss in UTC+8 and four
 * digits of the fraction of a second; `SYS_INCREMENT`, the run's number as text (checked against the samples in its API reference).
 * @param subMs tenths of a millisecond, 0 to 9.
 */
export function systemParams(run: {
  readonly at: Instant
  readonly number: number
  readonly subMs?: number
}): JsonObject {
  return { SYS_TIMESTAMP: timestamp(run.at, run.subMs ?? 0), SYS_INCREMENT: String(run.number) }
}

const DAY_MS = 86_400_000
const UTC_8_MS = 8 * 3_600_000

function timestamp(at: Instant, subMs: number): string {
  const local = at + UTC_8_MS
  const day = Math.floor(local / DAY_MS)
  const ms = local - day * DAY_MS
  const [year, month, date] = civil(day)
  const digits = (value: number, width: number): string => String(Math.floor(value)).padStart(width, '0')
  return (
    digits(year, 4) +
    digits(month, 2) +
    digits(date, 2) +
    digits(ms / 3_600_000, 2) +
    digits((ms / 60_000) % 60, 2) +
    digits((ms / 1_000) % 60, 2) +
    digits(ms % 1_000, 3) +
    digits(subMs % 10, 1)
  )
}

/** Days since 1970-01-01 -> year, month, day. Source: "chrono-Compatible Low-Level Date Algorithms", H. Hinnant, civil_from_days. */
function civil(day: number): readonly [number, number, number] {
  const shifted = day + 719_468 // days since 0000-03-01
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return [year, month, dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1]
}
