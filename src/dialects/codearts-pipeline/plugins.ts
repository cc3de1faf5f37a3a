import type { TaskRole } from '../../model/definition.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import { quote } from '../kit/query.ts'
import { type Contexts, withContexts, withValues } from './contexts.ts'
import { amount, BadValue, kindOf, plainText, UnknownPlugin } from './read.ts'
import { type Inputs, inputsOf, type StepDoc } from './stages.ts'

/**
 * What a step's plugin (`task`) becomes here. The vendor's own plugins are services of its cloud; those that mean
 * something on a machine of one's own are here, the others are refused when a pipeline is made, as the vendor refuses
 * plugins that it does not know: a pipeline that was taken must be able to run.
 */
export interface StepWork {
  readonly uses: string
  readonly with: JsonObject
  readonly role: TaskRole
  /** Variables that its script reads, and the tasks that they name. */
  readonly env?: Readonly<Record<string, string>>
  readonly tasks?: readonly string[]
  /** Passed over when its time runs out, instead of failing. */
  readonly skipOnTimeout?: boolean
}

export interface PluginContext extends Contexts {
  /** Names of users by id or name, as a checkpoint's approvers are given. */
  readonly userNames: ReadonlyMap<string, string>
  /** Pipelines of the project by id. */
  readonly pipelines: ReadonlyMap<string, OtherPipeline>
}
/** One that a step starts. */
export interface OtherPipeline {
  readonly name: string
  readonly params: ReadonlySet<string>
}

export const AUTO_TRIGGER = 'official_devcloud_autoTrigger'
export const MANUAL_TRIGGER = 'official_devcloud_manualTrigger'
const CHECKPOINT = 'official_devcloud_checkpoint'
const CODE_CHECK = 'official_devcloud_codeCheck'
const SUB_PIPELINES = ['official_devcloud_subPipeline', 'official_devcloud_cloudBuild', CODE_CHECK]
/** Our own step types, so that every pipeline of ours can be shown, and taken back, in the vendor's form. */
const OWN = 'millrace_'

type Convert = (inputs: Inputs, context: PluginContext, at: string) => StepWork

const plugins: Readonly<Record<string, Convert>> = {
  official_shell_plugin: (inputs, context, at) => shell(inputs, context, at),
  [CHECKPOINT]: (inputs, context, at) => checkpoint(inputs, context, at),
  [MANUAL_TRIGGER]: () => ({ uses: 'approval', with: { question: '' }, role: 'review' }),
  official_devcloud_delay: (inputs, _, at) => delay(inputs, at),
  official_git_clone: (inputs, context, at) => clone(inputs, context, at),
  official_devcloud_subPipeline: (inputs, context, at) => subPipeline(inputs, context, at),
  official_devcloud_cloudBuild: (inputs, context, at) => subPipeline(inputs, context, at),
  [CODE_CHECK]: (inputs, context, at) => ({ ...subPipeline(inputs, context, at), role: 'check' }),
}

/** @throws UnknownPlugin, BadValue */
export function workOf(step: JsonObject, context: PluginContext, at: string): StepWork {
  const { task } = step
  if (typeof task !== 'string') throw new BadValue(`${at}.task: expected the name of a plugin`)
  const inputs = inputsOf(step, at)
  // `md_check@0.0.7`
  const [name = ''] = task.split('@', 1)
  const convert = Object.hasOwn(plugins, name) ? plugins[name] : undefined
  if (convert !== undefined) return withRole(convert(inputs, context, at), step)
  if (name.startsWith(OWN)) return withRole(own(name.slice(OWN.length), inputs), step)
  // A plugin of somebody's own is as good as its script.
  if (scriptOf(inputs) !== undefined) return withRole(shell(inputs, context, at), step)
  throw new UnknownPlugin(
    `${at}.task: the plugin ${quote(task)} does not exist here; there are ${Object.keys(plugins).join(', ')}, ` +
      `${OWN}<step type>, and any plugin with a script in its inputs`,
  )
}

/** Ids or names of people that a definition names as approvers; the ids of pipelines that it starts. */
export function namedIn(steps: readonly StepDoc[]): {
  readonly users: readonly string[]
  readonly pipelines: readonly string[]
} {
  const users: string[] = []
  const pipelines: string[] = []
  for (const step of steps) {
    const [name = ''] = step.task.split('@', 1)
    const inputs = inputsOf(step.given, 'step')
    if (name === CHECKPOINT) users.push(...approversOf(inputs))
    if (SUB_PIPELINES.includes(name)) pipelines.push(...[pipelineIdOf(inputs) ?? []].flat())
  }
  return { users, pipelines }
}

const ROLES: Readonly<Record<string, TaskRole>> = {
  Build: 'build',
  Test: 'test',
  Deploy: 'deploy',
  Check: 'check',
  Gate: 'check',
}

/** `business_type`: Normal, Build, Test, Check (older: Gate), Deploy. */
function withRole(work: StepWork, { business_type }: JsonObject): StepWork {
  const role =
    typeof business_type === 'string' && Object.hasOwn(ROLES, business_type) ? ROLES[business_type] : undefined
  return work.role === 'other' && role !== undefined ? { ...work, role } : work
}

const own = (uses: string, inputs: Inputs): StepWork => ({ uses, with: inputs, role: 'other' })

/** What looks like a template of ours stays text. The replacement is a function, as `$$` in a text means one `$`. */
export const escaped = (text: string): string => text.replaceAll('${{', () => '$${{')

// --- Scripts ---------------------------------------------------------------------------------------------------------

const SCRIPT_KEYS = ['OFFICIAL_SHELL_SCRIPT_INPUT', 'script', 'command', 'commands', 'shell', 'cmd']

function scriptOf(inputs: Inputs): string | undefined {
  for (const key of SCRIPT_KEYS) {
    const value = inputs[key]
    const text = Array.isArray(value) ? value.map(plainText).join('\n') : value
    if (typeof text === 'string' && text.trim() !== '') return decoded(text)
  }
  return undefined
}

/** The vendor's page sends scripts as `(decode)` and Base64, so that its firewall does not stumble over them. */
function decoded(text: string): string {
  const encoded = /^\(decode\)([A-Za-z0-9+/=\s]*)$/.exec(text)?.[1]
  return encoded === undefined ? text : Buffer.from(encoded, 'base64').toString('utf8')
}

function shell(inputs: Inputs, context: PluginContext, at: string): StepWork {
  const written = scriptOf(inputs)
  if (written === undefined || written.trim() === '') {
    throw new BadValue(`${at}.inputs: expected a script in ${SCRIPT_KEYS[0]}, found none`)
  }
  // Theirs run in bash, whose `sh` is bash too.
  // What another interpreter reads has no variables of the shell.
  const isShell = !written.startsWith('#!') || /^#!\S*(?:\/|\s)(?:ba|da|k|z|a)?sh\b/.test(written)
  const { script, env, tasks } = isShell ? withContexts(written, context) : { script: written, env: {}, tasks: [] }
  const given = { script: escaped(script) }
  const fields = script.startsWith('#!') ? given : { ...given, shell: 'bash' }
  return { uses: 'script', with: fields, role: 'other', env, tasks }
}

// --- Reviews and waits -----------------------------------------------------------------------------------------------

const DAY_S = 86_400
const APPROVERS_MAX = 100

/**
 * `audit_source` members or roles, `approvers` joined with commas, `check_strategy` all or any, `timeout` in seconds,
 * `timeout_strategy` reject or pass (usermanual-pipeline/pipeline_01_0090). What is none of these is refused: a review that
 * was misread would let through what it should hold.
 */
function checkpoint(inputs: Inputs, { userNames }: PluginContext, at: string): StepWork {
  const word = (name: string, words: readonly string[]): string | null => {
    const found = inputs[name] ?? ''
    if (found === '' || words.some((one) => one === found)) return found === '' ? null : plainText(found)
    throw new BadValue(`${at}.inputs.${name}: expected one of ${words.join(', ')}, found ${kindOf(found)}`)
  }
  word('audit_source', ['members', 'roles'])
  const isAll = word('check_strategy', ['all', 'any']) === 'all'
  const named = approversOf(inputs)
  checkApprovers(inputs, named, at)
  const reviewers = [...new Set(named.map((name) => userNames.get(name) ?? name))]
  const seconds = Math.min(amount(inputs['timeout'], `${at}.inputs.timeout`, 'seconds'), 366 * DAY_S)
  const comment = typeof inputs['comment'] === 'string' ? inputs['comment'] : ''
  return {
    uses: 'approval',
    with: {
      reviewers,
      required: isAll && reviewers.length > 0 ? 'all' : 1,
      ...(seconds > 0 ? { expire: seconds } : {}),
      question: escaped(comment.slice(0, 5_000)),
    },
    role: 'review',
    skipOnTimeout: word('timeout_strategy', ['reject', 'pass']) === 'pass',
  }
}

/** A role (`audit_role`) is nobody's name here. */
function approversOf({ approvers }: Inputs): readonly string[] {
  const given = Array.isArray(approvers) ? approvers.map(plainText) : plainText(approvers).split(',')
  return given.map((name) => name.trim()).filter((name) => name !== '')
}

/** Of one that is nobody's name nothing would be left, and whoever may operate the project could decide. */
function checkApprovers({ approvers = null }: Inputs, named: readonly string[], at: string): void {
  const odd = named.find((name) => !/^[^\p{Cc}{}]{1,128}$/u.test(name))
  const isText = (value: Json): boolean => typeof value === 'string' || typeof value === 'number'
  const isList = approvers === null || (Array.isArray(approvers) ? approvers.every(isText) : isText(approvers))
  if (isList && odd === undefined && named.length <= APPROVERS_MAX) return
  const found = odd !== undefined ? quote(odd) : isList ? `${named.length} of them` : kindOf(approvers)
  throw new BadValue(`${at}.inputs.approvers: expected up to ${APPROVERS_MAX} ids or names, found ${found}`)
}

const DELAY_KEYS = ['delay_time', 'delay', 'duration', 'time', 'timeout']
const UNIT_S: Readonly<Record<string, number>> = { s: 1, second: 1, m: 60, minute: 60, h: 3_600, hour: 3_600, d: DAY_S }

function delay(inputs: Inputs, at: string): StepWork {
  const key = DELAY_KEYS.find((name) => Number(inputs[name] ?? 0) > 0)
  const unit = (plainText(inputs['time_unit'] ?? inputs['unit']) || 's').toLowerCase().replace(/s$/, '') || 's'
  const seconds = key === undefined ? Number.NaN : Number(inputs[key]) * (UNIT_S[unit] ?? Number.NaN)
  if (seconds > 0 && seconds <= 366 * DAY_S) return { uses: 'sleep', with: { duration: seconds }, role: 'other' }
  throw new BadValue(`${at}.inputs: expected how long to wait in ${DELAY_KEYS[0]}, with time_unit s, m, h or d`)
}

// --- Code and other pipelines ----------------------------------------------------------------------------------------

/** The source that `repository`, `alias` or `git_url` names, else the first. */
function clone(inputs: Inputs, { sources }: PluginContext, at: string): StepWork {
  const names = ['repository', 'alias', 'git_url'].map((key) => inputs[key]).filter((name) => typeof name === 'string')
  const source = sources.find(({ url, alias }) => names.includes(url) || names.includes(alias)) ?? sources[0]
  if (source === undefined) throw new BadValue(`${at}: official_git_clone needs a code source in sources`)
  const ref = source.branch === null ? {} : { ref: `\${{ params.${source.branch} }}` }
  return { uses: 'git', with: { url: source.url, ...ref }, role: 'source' }
}

const PIPELINE_KEYS = [
  // As the vendor's own pages write it.
  'SYSTEM_DEVCLOUD_SUBPIPELINE_TRIGGER_ID',
  'pipelineId',
  'pipeline_id',
  'subPipelineId',
  'sub_pipeline_id',
  'jobId',
  'job_id',
]

function pipelineIdOf(inputs: Inputs): string | undefined {
  const id = PIPELINE_KEYS.map((key) => inputs[key]).find((value) => typeof value === 'string' && value !== '')
  return typeof id === 'string' ? id : undefined
}

/**
 * A build task and a check task there are of services of their own; here they are other pipelines, by their ids. Inputs
 * with the name of a param of the other pipeline are what it is started with, the rest is about the step itself.
 */
function subPipeline(inputs: Inputs, context: PluginContext, at: string): StepWork {
  const id = pipelineIdOf(inputs)
  const pipeline = id === undefined ? undefined : context.pipelines.get(id)
  if (pipeline === undefined) {
    const found = id === undefined ? 'none' : quote(id)
    throw new BadValue(`${at}.inputs: expected the id of a pipeline of this project, found ${found}`)
  }
  const tasks = new Set<string>()
  const params: Record<string, string> = {}
  for (const [key, value] of Object.entries(inputs)) {
    if (!pipeline.params.has(key) || PIPELINE_KEYS.includes(key) || typeof value === 'object') continue
    const given = withValues(plainText(value), context)
    params[key] = given.text
    for (const task of given.tasks) tasks.add(task)
  }
  const passed = Object.keys(params).length === 0 ? {} : { params }
  return { uses: 'run', with: { pipeline: pipeline.name, ...passed }, role: 'build', tasks: [...tasks] }
}
