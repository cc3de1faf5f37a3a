import { type Command, Option } from 'commander'
import { loadConfig, type Flags } from '../config/load.ts'
import { sealKeysOf } from '../config/seal-keys.ts'
import { type Config, type SettingName, settingNames, settings } from '../config/settings.ts'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'
import type { Terminal } from './terminal.ts'

/** Adds the flags of these settings. Their values stay text: config/ reads them, and collects what is wrong. */
export function withSettings(command: Command, names: readonly SettingName[] = settingNames): Command {
  for (const name of names) {
    const { flag, placeholder, doc, standard, env } = settings[name]
    const text = `${doc} Default: ${standard}; or ${env}.`.replaceAll('`', '')
    command.addOption(new Option(`${flag} ${placeholder}`, text))
  }
  return command
}

/** What whoever does tasks on this machine is told: a runner, and a run without a server. */
export const TASK_SETTINGS = [
  'slots',
  'labels',
  'containers',
  'containerPaths',
  'stepDirectories',
  'cacheMaxBytes',
  'httpAllow',
] as const satisfies readonly SettingName[]

/** What commander calls an option: `--data-dir` is `dataDir`. */
const optionOf = (name: SettingName): string =>
  settings[name].flag.slice(2).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

/**
 * @param options as commander gives them.
 * @param names what the verb uses: nothing else is read, so nothing else can be wrong.
 * @throws Fault `badConfiguration` with everything that is wrong.
 */
export function configOf(
  terminal: Terminal,
  options: Readonly<Record<string, unknown>>,
  names: readonly SettingName[] = settingNames,
): Config {
  const flags: Flags = Object.fromEntries(
    names.flatMap((name) => {
      const value = options[optionOf(name)]
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )
  const env =
    names === settingNames
      ? terminal.env
      : Object.fromEntries(names.map((name) => [settings[name].env, terminal.env[settings[name].env]]))
  const loaded = loadConfig(env, flags)
  for (const warning of loaded.warnings) terminal.err(`warning: ${warning}\n`)
  if (loaded.ok) return loaded.config
  const { errors } = loaded
  const title = `the configuration has ${errors.length === 1 ? 'an error' : `${errors.length} errors`}:`
  throw new Fault(EXIT.badConfiguration, [title, ...errors.map((error) => `  ${error}`)].join('\n'))
}

/** @throws Fault `badConfiguration`, which shows nothing of what was found. */
export function sealKeysFrom(terminal: Terminal) {
  const read = sealKeysOf(terminal.env)
  if (read.ok) return read.keys
  throw new Fault(EXIT.badConfiguration, read.error)
}
