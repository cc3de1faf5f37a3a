import type { TaskRole } from '../../../model/definition.ts'
import type { JsonObject } from '../../../model/json.ts'
import { failureSentence } from '../../../model/failure.ts'
import type { RunView, StageView, TaskView } from '../../../model/view.ts'
import {
  asName,
  isAddress,
  PLAIN_BASH,
  repositoryScript,
  type StageText,
  type TaskText,
  verbatim,
  wrapped,
} from '../definition-text.ts'
import { flagOf, integerOf, objectOf, objectsOf, textOf } from '../fields.ts'
import type { Slot } from '../slots.ts'
import { withoutSecrets } from './secrets.ts'
import { nodeWord } from './status.ts'
import { zadigSubTask } from './struct-fields.ts'

/** What a kind of sub-task is here: its role, and what it runs when its body has no commands; null: nothing. */
interface Kind {
  readonly role: TaskRole
  readonly slot: Slot | 'none'
  readonly script: Parameters<typeof repositoryScript>[0] | null
}
const BUILD = { role: 'build', slot: 'build', script: 'build' } as const satisfies Kind
const DEPLOY = { role: 'deploy', slot: 'deploy', script: 'deploy' } as const satisfies Kind
const TEST = { role: 'test', slot: 'test', script: 'test' } as const satisfies Kind
const DISTRIBUTE = { role: 'distribute', slot: 'distribute', script: 'distribute' } as const satisfies Kind
const NOTHING = { role: 'other', slot: 'none', script: null } as const satisfies Kind

/** Names of 2017 and of Zadig. What asks another system of theirs (jira, jenkins, an artifact store) does nothing here. */
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['build', BUILD],
  ['buildv2', BUILD],
  ['buildv3', BUILD],
  ['docker_build', { ...BUILD, role: 'image' }],
  ['deploy', DEPLOY],
  ['testing', TEST],
  ['testingv2', TEST],
  ['distribute', DISTRIBUTE],
  ['distribute2kodo', DISTRIBUTE],
  ['release_image', DISTRIBUTE],
  ['security', { role: 'check', slot: 'test', script: 'security' }],
  ['artifact', NOTHING],
  ['jenkins_build', NOTHING],
  ['reset_image', NOTHING],
  ['jira', NOTHING],
])

/** What is wrong with it; undefined: nothing. */
export function wrongSubTask(subTask: JsonObject): string | undefined {
  const type = textOf(subTask, 'type')
  if (type === '') return 'type: expected the type of a sub-task'
  return KINDS.has(type)
    ? undefined
    : `type: expected one of ${[...KINDS.keys()].join(', ')}, found ${JSON.stringify(type.slice(0, 64))}`
}

/** The stage that does what a sub-task says. @param enabled what it counts as when it does not say. */
export function stageOf(subTask: JsonObject, place: number, enabled: boolean, key = `s${place + 1}`): StageText {
  const type = textOf(subTask, 'type')
  const kind = KINDS.get(type) ?? NOTHING
  const fetches = kind.role === 'build' || kind.role === 'image' || kind.role === 'test' ? fetchTasks(subTask, key) : []
  const work = workOf(subTask, kind)
  const own: TaskText = {
    key: `${key}-${type.replaceAll('_', '-')}`,
    name: nameOf(subTask),
    role: kind.role,
    ...work,
    ...(fetches.length > 0 ? { needs: fetches.map((task) => task.key) } : {}),
    ...(work.uses === 'noop' ? {} : timeoutOf(subTask)),
    annotations: { 'koderover/place': String(place) },
  }
  return {
    key: `${key}-${type.replaceAll('_', '-')}`,
    name: type,
    ...((flagOf(subTask, 'enabled') ?? enabled) ? {} : { when: false }),
    tasks: [...fetches, own],
    annotations: { 'koderover/place': String(place), 'koderover/sub_task': kind.slot },
  }
}

/** What people know it by: the service or test that it is about, else its kind. */
const nameOf = (subTask: JsonObject): string =>
  asName(
    textOf(subTask, 'service_name') || textOf(subTask, 'test_name') || textOf(subTask, 'service'),
    textOf(subTask, 'type'),
  )

function workOf(subTask: JsonObject, { script }: Kind): Pick<TaskText, 'uses' | 'with' | 'env'> {
  const context = objectOf(subTask, 'job_ctx')
  const steps = objectsOf(context, 'build_steps')
    .map((step) => textOf(step, 'scripts'))
    .filter((text) => text !== '')
  const commands = steps.length > 0 ? steps.join('\n') : textOf(subTask, 'command')
  if (commands === '')
    return script === null ? { uses: 'noop' } : { uses: 'script', with: { script: repositoryScript(script) } }
  return {
    uses: 'script',
    // As their agent runs it: by bash, in the workspace, under the names it has there.
    with: { shell: 'bash', script: `${PLAIN_BASH} TASK_ID="$MILLRACE_RUN_NUMBER"\n${verbatim(wrapped(commands))}\n` },
  }
}

const TIMEOUT_MAX_S = 366 * 24 * 3_600

function timeoutOf(subTask: JsonObject): { readonly timeout?: string } {
  const seconds = integerOf(subTask, 'timeout')
  return seconds > 0 ? { timeout: `${Math.min(seconds, TIMEOUT_MAX_S)}s` } : {}
}

/** Variables that a start may set: name -> default. */
export function variablesOf(subTasks: readonly JsonObject[]): JsonObject {
  const pairs = subTasks.flatMap((one) => [...objectsOf(objectOf(one, 'job_ctx'), 'envs'), ...objectsOf(one, 'envs')])
  const named = pairs.map((pair) => [textOf(pair, 'key'), textOf(pair, 'value')] as const)
  return Object.fromEntries(named.filter(([name]) => name !== ''))
}

/** The repositories of a sub-task that say where they are; the others cannot be fetched from here. */
export function repositoriesOf(subTask: JsonObject): readonly JsonObject[] {
  const builds = objectsOf(objectOf(subTask, 'job_ctx'), 'builds')
  return builds.length > 0 ? builds : textOf(subTask, 'repo_name') === '' ? [] : [subTask]
}

function fetchTasks(subTask: JsonObject, key: string): readonly TaskText[] {
  return repositoriesOf(subTask).flatMap((repository, place): readonly TaskText[] => {
    const [owner, name] = [textOf(repository, 'repo_owner'), textOf(repository, 'repo_name')]
    const address = textOf(repository, 'address')
    const base = isAddress(address) ? `${address.replace(/(?<!\/)\/+$/, '')}/` : ''
    if (name === '' || (base === '' && !isAddress(owner))) return []
    const folder = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name) ? name : `source-${place + 1}`
    // What a start may choose is the first repository's; the others are as the body has them.
    const first = place === 0
    const url = first
      ? `${verbatim(base)}\${{ params.repo_owner }}/\${{ params.repo_name }}`
      : verbatim(`${base}${owner}/${name}`)
    const ref = textOf(repository, 'commit_id') || textOf(repository, 'tag') || textOf(repository, 'branch') || 'HEAD'
    return [
      {
        key: `${key}-fetch${place === 0 ? '' : `-${place + 1}`}`,
        name: asName(`fetch ${name}`, 'fetch'),
        role: 'source',
        uses: 'git',
        with: { url, ref: first ? '${{ params.ref }}' : verbatim(ref), path: folder },
      },
    ]
  })
}

// --- As they are shown -------------------------------------------------------------------------------------------------

/** The place in the body that a stage or task stands for; null: it is no sub-task of a body. */
export function placeOf({ annotations }: { readonly annotations: Readonly<Record<string, string>> }): number | null {
  const place = annotations['koderover/place']
  return place !== undefined && /^\d{1,4}$/.test(place) ? Number(place) : null
}

const ZADIG_TYPES = {
  build: 'buildv2',
  source: 'buildv2',
  image: 'docker_build',
  test: 'testingv2',
  check: 'testingv2',
  deploy: 'deploy',
  distribute: 'distribute2kodo',
  review: 'buildv2',
  other: 'buildv2',
} as const satisfies Record<TaskRole, string>
const V2_TYPES = {
  ...ZADIG_TYPES,
  build: 'build',
  source: 'build',
  image: 'build',
  test: 'testing',
  check: 'testing',
  distribute: 'distribute',
  review: 'build',
  other: 'build',
} as const satisfies Record<TaskRole, string>
export type TypeNames = 'v2' | 'zadig'

export const typeOf = (role: TaskRole, names: TypeNames): string => (names === 'v2' ? V2_TYPES : ZADIG_TYPES)[role]

/** What a definition made elsewhere says of a task, in the words of a sub-task. */
export const seenSubTask = (
  task: { readonly key: string; readonly name: string; readonly role: TaskRole },
  serviceName: string,
  names: TypeNames,
): JsonObject => {
  const type = typeOf(task.role, names)
  const isTest = task.role === 'test' || task.role === 'check'
  return { type, enabled: true, ...(isTest ? { test_name: task.key } : { service_name: serviceName }) }
}

/** A sub-task as it is in a task: what was said of it, and how far it is. */
export function shownSubTask(said: JsonObject, node: TaskView | StageView, run: RunView, names: TypeNames): JsonObject {
  const failed = node.kind === 'task' ? node : node.tasks.find(({ failure }) => failure !== null)
  const disabled = node.status === 'skipped' && flagOf(said, 'enabled') === false
  const progress = {
    status: disabled ? 'disabled' : nodeWord[node.status],
    error: failed?.failure == null ? '' : failureSentence(failed.failure),
    start_time: seconds(node.startedAt),
    end_time: seconds(node.endedAt),
    is_restart: isRestarted(run),
  }
  const shown = withoutSecrets(said)
  if (names === 'zadig') return zadigSubTask(textOf(shown, 'type'), shown, progress, run.project.name)
  return { ...shown, ...progress, log_file: '' }
}

export const seconds = (at: number | null): number => (at === null ? 0 : Math.floor(at / 1_000))

/** Taken up again after its end, or something of it was tried again, as of what is held: `failed` is its word. */
export const isRestarted = ({ reopened, stages }: RunView): boolean =>
  reopened || stages.some(({ tasks }) => tasks.some(({ earlier }) => earlier.length > 0))
