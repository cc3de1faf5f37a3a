import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { offsetsOf } from '../../kit/zone.ts'
import { hasTemplate } from './params.ts'

/**
 * What a constant stands for, by its `custom_type`: most types are their value as it is, these are made of it. What only
 * a CMDB knows (hosts of a module, staff groups) stays as it was chosen.
 * Source: bk-sops `pipeline_plugins/variables/collections/`, each class's get_value, read 2026-11-23.
 */
const TYPES: Readonly<Record<string, (value: Json, constant: JsonObject) => Json | undefined>> = {
  select: (value) => (Array.isArray(value) ? (value as readonly Json[]).map(pythonText).join(',') : undefined),
  text_value_select: (value, constant) => chosenTexts(value, constant['meta']),
  time: (value) => (typeof value === 'string' && !hasTemplate(value) ? value.slice(0, -3) : undefined),
  current_time: (value) => currentTime(value, isJsonObject(value) ? unitsFormat(value['time_unit']) : ''),
  format_support_current_time: (value) => currentTime(value, formatIn(value, 'time_format')),
  format_support_datetime: (value) => writtenDatetime(value, formatIn(value, 'datetime_format')),
  json_variable: (value) => (typeof value === 'string' ? parsed(value) : undefined),
  ip: (value) => pickedIps(value),
  set_module_ip_selector: (value) => pickedIps(value),
  ip_selector: (value) => selectedIps(value),
}

/** The value that a constant's type makes of what was chosen. @param constant as {@link withMeta} gives it. */
export function valueOfType(constant: JsonObject, value: Json): Json {
  const type = constant['custom_type']
  // What a node gives is no choice of anybody's.
  if (typeof type !== 'string' || constant['source_type'] === 'component_outputs') return value
  return (Object.hasOwn(TYPES, type) ? TYPES[type]?.(value, constant) : undefined) ?? value
}

/** Whether a task's tree has to say what was chosen, as its type makes something else of it. */
export const isMadeOfChoice = (constant: Json | undefined, value: Json): boolean =>
  isJsonObject(constant) && JSON.stringify(valueOfType(withMeta(constant), value)) !== JSON.stringify(value)

/**
 * A template's list of choices -> a task's constant: its value is the choice that is made when nobody makes one, and
 * `meta` has the list. Source: `create_pipeline_instance_exclude_task_nodes` of bk-sops' taskflow3/models.py.
 */
export function withMeta(constant: JsonObject): JsonObject {
  if (constant['is_meta'] !== true || constant['meta'] !== undefined) return constant
  const { value = '' } = constant
  if (!isJsonObject(value)) return { ...constant, meta: constant }
  return { ...constant, meta: constant, value: value['default'] || (value['default_text'] ?? '') }
}

/** As Python's str() writes it. */
function pythonText(value: Json): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

interface Choice {
  readonly text: string
  readonly value: string
}

function chosenTexts(value: Json, meta: Json | undefined): JsonObject | undefined {
  // A sub-process is handed what its own constant is there already.
  if (hasTemplate(value)) return undefined
  const choices = choicesIn(meta)
  const chosen = typeof value === 'string' ? [value] : Array.isArray(value) ? value.map(String) : undefined
  if (choices === undefined || chosen === undefined) return undefined
  const others = choices.filter((choice) => !chosen.includes(choice.value))
  const texts = chosen.flatMap((one) => choices.filter((choice) => choice.value === one && choice.text !== ''))
  return {
    value: chosen.join(','),
    text: texts.map(({ text }) => text).join(','),
    text_not_selected: others.map(({ text }) => text).join(','),
    value_not_selected: others.map((choice) => choice.value).join(','),
  }
}

function choicesIn(meta: Json | undefined): readonly Choice[] | undefined {
  const source = isJsonObject(meta) ? meta['value'] : undefined
  if (!isJsonObject(source)) return undefined
  const listed = source['datasource'] === '1' ? source['remote_data'] : source['items_text']
  const items = typeof listed === 'string' ? parsed(listed) : listed
  if (!Array.isArray(items)) return undefined
  return (items as readonly Json[])
    .filter(isJsonObject)
    .map(({ text = '', value = '' }) => ({ text: pythonText(text), value: pythonText(value) }))
}

const FORMAT = '%Y-%m-%d %H:%M:%S'
const UNITS = [
  ['year', '%Y', ''],
  ['month', '%m', '-'],
  ['day', '%d', '-'],
  ['hour', '%H', ''],
  ['minute', '%M', ':'],
  ['second', '%S', ':'],
] as const

function unitsFormat(units: Json | undefined): string {
  const wanted = Array.isArray(units) && units.length > 0 ? (units as readonly Json[]) : UNITS.map(([unit]) => unit)
  let format = ''
  for (const [unit, letters, separator] of UNITS) {
    if (unit === 'hour') format += ' '
    if (!wanted.includes(unit)) continue
    format += (format === '' || format.endsWith(' ') ? '' : separator) + letters
  }
  return format.trim()
}

function formatIn(value: Json, name: string): string {
  const format = isJsonObject(value) ? value[name] : undefined
  return typeof format === 'string' ? format.trim() : FORMAT
}

/** What stands between apostrophes in an expression as it is. */
const isPlain = (text: string): boolean => /^[^'\\${}#\p{Cc}]*$/u.test(text)

const WINTER = Date.UTC(2026, 0, 1)

/** The clock of each moment that somebody asks, in the zone that was chosen; of one with summer time, without it. */
function currentTime(value: Json, format: string): string | undefined {
  if (!isJsonObject(value) || !isPlain(format)) return undefined
  const { time_zone: zone = 'Asia/Shanghai' } = value
  const minutes = typeof zone === 'string' ? offsetsOf(zone)?.(WINTER) : undefined
  if (minutes === undefined) return undefined
  return `\${(datetime.datetime.utcnow() + datetime.timedelta(minutes=${minutes})).strftime('${format}')}`
}

function writtenDatetime(value: Json, format: string): string | undefined {
  const at = isJsonObject(value) ? value['datetime'] : undefined
  if (typeof at !== 'string' || !isPlain(at) || !isPlain(format)) return undefined
  return `\${datetime.datetime.strptime('${at}', '${FORMAT}').strftime('${format}')}`
}

const IP = /(?<!\d)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\d)/g
const ipsIn = (text: string): string => [...new Set(text.match(IP))].join(',')
/** What is filled in later is taken as it will be. */
const listedIps = (text: string): string => (hasTemplate(text) ? text : ipsIn(text))

function pickedIps(value: Json): string | undefined {
  if (!isJsonObject(value)) return undefined
  const { var_ip_method: method, var_ip_custom_value: custom, var_ip_tree: tree } = value
  if (method === 'custom') return typeof custom === 'string' ? listedIps(custom) : undefined
  const places = Array.isArray(tree) ? (tree as readonly Json[]).map(String) : []
  const isHost = (place: string): boolean => ipsIn(place) !== ''
  return places.length > 0 && places.every(isHost) ? ipsIn(places.join(',')) : undefined
}

function selectedIps(value: Json): string | undefined {
  if (!isJsonObject(value)) return undefined
  const { selectors, ip, manual_input: input, separator = ',', with_cloud_id: withCloud } = value
  const [selector] = Array.isArray(selectors) ? (selectors as readonly Json[]) : []
  if (selector === 'manual') {
    const { type, value: given } = isJsonObject(input) ? input : {}
    return type === 'ip' && typeof given === 'string' ? listedIps(given) : undefined
  }
  if (selector !== 'ip' || !Array.isArray(ip) || typeof separator !== 'string') return undefined
  const hosts = (ip as readonly Json[]).filter(isJsonObject)
  return hosts
    .flatMap(({ bk_host_innerip: address, bk_cloud_id: cloud }) => {
      if (typeof address !== 'string') return []
      return [withCloud === true ? `${typeof cloud === 'number' ? cloud : 0}:${address}` : address]
    })
    .join(separator)
}
