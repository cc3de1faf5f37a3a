import { suggestion } from '../definition/suggest.ts'
import { SEAL_KEY_VARIABLES } from './seal-keys.ts'
import { type Config, type Setting, type SettingName, settingNames, settings } from './settings.ts'

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[]; readonly warnings: readonly string[] }

export type Flags = Readonly<Partial<Record<SettingName, string | undefined>>>

/** Variables of ours that are no settings of the server: of the command line's connection, the bench, the launcher. */
const OTHERS = [
  'MILLRACE_URL',
  'MILLRACE_TOKEN',
  'MILLRACE_RUNNER_TOKEN',
  'MILLRACE_BENCH_DIR',
  'MILLRACE_NODE_HANDED_OVER',
  ...SEAL_KEY_VARIABLES,
]

/**
 * Flags first, then variables, then what holds without either. Everything that is wrong comes at once, and an unknown
 * `MILLRACE_*` variable gives a warning. A variable that is set to nothing counts as not set, as compose files do it.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>, flags: Flags = {}): LoadedConfig {
  const errors: string[] = []
  const values = Object.fromEntries(
    settingNames.map((name) => {
      // Each has its own type of value; the table's own type joins them again.
      const { fallback, ...setting } = settings[name] as Setting<unknown>
      const [source, text] = flags[name] === undefined ? [setting.env, env[setting.env]] : [setting.flag, flags[name]]
      if (text === undefined || (text === '' && source === setting.env)) return [name, fallback()]
      const value = text.trim() === '' ? undefined : setting.parse(text.trim())
      if (value === undefined)
        errors.push(
          `${source}: expected ${setting.expected}, found ${setting.secret === true ? 'something else' : shown(text)}`,
        )
      return [name, value]
    }),
  )
  const warnings = unknownVariables(env)
  return errors.length === 0
    ? { ok: true, config: values as unknown as Config, warnings }
    : { ok: false, errors, warnings }
}

function unknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = [...settingNames.map((name): string => settings[name].env), ...OTHERS]
  return Object.keys(env)
    .filter((name) => name.startsWith('MILLRACE_') && !known.includes(name))
    .toSorted()
    .map((name) => `${name} is set, but there is no such setting${suggestion(name, known)}`)
}

const shown = (text: string): string => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text)
