import { formatDuration } from '../model/time.ts'
import { type Setting, type SettingName, settingNames, settings } from './settings.ts'

/** A setting as admins may see it. */
interface Shown {
  /** The variable that sets it. */
  readonly name: string
  /** null: nothing. */
  readonly value: string | null
  readonly isSecret: boolean
  readonly standard: string
  readonly doc: string
}

/** What holds of the settings that were given, in the order of the reference. What may hold a password is not told. */
export const shownSettings = (values: Readonly<Partial<Record<SettingName, unknown>>>): readonly Shown[] =>
  settingNames
    .filter((name) => Object.hasOwn(values, name))
    .map((name) => {
      const { env, secret, standard, doc } = settings[name] as Setting<unknown>
      const isSecret = secret === true
      const text = textOf(name, values[name])
      return { name: env, value: isSecret && text !== null ? 'set' : text, isSecret, standard, doc }
    })

function textOf(name: SettingName, value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (Array.isArray(value)) return value.length === 0 ? null : value.join(', ')
  if (typeof value === 'string' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'number') throw new Error(`${name} has a value that cannot be told`)
  if (name === 'zoneOffsetMinutes') return offsetText(value)
  if (name.endsWith('Ms')) return formatDuration(value)
  return name.endsWith('Bytes') ? sizeText(value) : String(value)
}

function offsetText(minutes: number): string {
  const size = Math.abs(minutes)
  const two = (part: number): string => String(Math.floor(part)).padStart(2, '0')
  return `${minutes < 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** With the largest unit that it is a whole number of. */
function sizeText(bytes: number): string {
  let unit = 0
  let rest = bytes
  while (rest >= 1_024 && rest % 1_024 === 0 && unit < UNITS.length - 1) {
    rest /= 1_024
    unit += 1
  }
  return `${rest} ${UNITS[unit]}`
}
