import type { TaskRole } from '../../model/definition.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { zoneOf } from '../kit/zone.ts'

/** A definition as the pipelines of this dialect are stored: JSON, in the words of docs/reference/definition.md. */
export interface DefinitionText {
  readonly name: string
  readonly description: string
  /** With their defaults. */
  readonly params: Readonly<Record<string, Json>>
  readonly annotations: Readonly<Record<string, string>>
  readonly stages: readonly StageText[]
  readonly concurrency?: JsonObject
  /** Those that the vendor's body asks for; their names begin with {@link OWN_TRIGGER}. */
  readonly triggers?: readonly JsonObject[]
}
/** What names of triggers begin with that are made of a body, and made anew with each. */
export const OWN_TRIGGER = 'koderover-schedule'
export interface StageText {
  readonly key: string
  readonly name: string
  /** false: passed over, always. */
  readonly when?: boolean
  readonly tasks: readonly TaskText[]
  readonly annotations?: Readonly<Record<string, string>>
}
export interface TaskText {
  readonly key: string
  readonly name: string
  readonly role: TaskRole
  readonly uses: string
  readonly with?: JsonObject
  readonly needs?: readonly string[]
  /** An expression: where it is not true the task is passed over. */
  readonly when?: string
  readonly env?: Readonly<Record<string, string>>
  /** e.g. `7200s`. */
  readonly timeout?: string
  readonly retry?: JsonObject
  readonly on_failure?: Json
  readonly annotations?: Readonly<Record<string, string>>
}

/**
 * Fields of a schedule are the server's local time, as there, and so is the day of `@daily`; `@every` has none.
 * `@midnight` is another name of `@daily` (robfig/cron).
 */
export function inZone(trigger: JsonObject, offsetMinutes: number): JsonObject {
  const { schedule } = trigger
  if (typeof schedule !== 'string' || schedule.trim().startsWith('@every')) return trigger
  return {
    ...trigger,
    schedule: schedule.trim() === '@midnight' ? '@daily' : schedule,
    timezone: zoneOf(offsetMinutes),
  }
}

/** @param before what the version before says under `triggers`: those that no body speaks of stay. */
export function writeDefinition({ triggers = [], ...definition }: DefinitionText, before: Json | undefined): string {
  const list = isJsonObject(before) ? before['list'] : before
  const kept = isList(list) ? list.filter((trigger) => !isOwn(trigger)) : []
  const all = [...kept, ...triggers]
  const operator = isJsonObject(before) ? before['operator'] : undefined
  const written = operator === undefined ? all : { operator, list: all }
  return JSON.stringify({ ...definition, ...(all.length === 0 ? {} : { triggers: written }) }, null, 2)
}

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value)

const isOwn = (trigger: Json): boolean =>
  isJsonObject(trigger) && typeof trigger['name'] === 'string' && trigger['name'].startsWith(OWN_TRIGGER)

/** The kinds of work that repositories say how to do by a script of their own. */
type ScriptName = 'build' | 'deploy' | 'deploy_cs' | 'test' | 'distribute' | 'security'

/**
 * The bodies of 2017 carry no commands: kci read them from the repository. Here they are in `.koderover/<name>.sh`, and
 * a repository without such a script has nothing to do there, which the log says.
 * @param folders where repositories are beside `source`: names that no shell reads otherwise.
 */
export const repositoryScript = (name: ScriptName, folders: readonly string[] = []): string =>
  [
    `for file in ${['.', ...folders, 'source'].map((folder) => `${folder === '.' ? '' : `${folder}/`}.koderover/${name}.sh`).join(' ')}; do`,
    '  if [ -f "$file" ]; then',
    '    cd "$(dirname "$file")/.." && exec sh ".koderover/$(basename "$file")"',
    '  fi',
    'done',
    `echo "there is no .koderover/${name}.sh in the workspace: nothing to do"`,
    '',
  ].join('\n')

/**
 * The first line of commands of a body: their executors give them to a bash that is told nothing, so it goes on behind a
 * command that fails, and the last one tells how it went, unless they say `set -e` themselves. Source: `ShellStep` of
 * Zadig's jobexecutor.
 */
export const PLAIN_BASH = 'set +e +o pipefail; export WORKSPACE="$PWD"'

/** Commands with line ends that bash knows: browsers on Windows send others. Source: `replaceWrapLine` of aslan's jobs. */
export const wrapped = (commands: string): string => commands.replaceAll(/\r\n?/g, '\n')

/** Text of a body as it is: what would be a template of ours in it is escaped. */
export const verbatim = (text: string): string => text.split('${{').join('$${{')

/** A text as a name: one line of at most 128 characters; what is left of nothing is `other`. */
export function asName(text: string, other: string): string {
  const line = text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 128)
    .toWellFormed()
    .trim()
  return line === '' ? other : line
}

/** Where a repository is, when its owner is told as an address (`https://git.example/team`, `/srv/git`). */
export const isAddress = (owner: string): boolean => /^(?:https?|ssh|git|file):\/\/|^\//.test(owner)

/** Fetches the repository that the params name. */
export const fetchTask = (key: string, needs: readonly string[] = []): TaskText => ({
  key,
  name: 'fetch',
  role: 'source',
  uses: 'git',
  with: { url: '${{ params.repo_owner }}/${{ params.repo_name }}', ref: '${{ params.ref }}', path: 'source' },
  needs,
})
