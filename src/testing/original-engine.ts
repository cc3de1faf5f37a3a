import { isDeepStrictEqual } from 'node:util'
import type { AttemptResult } from '../model/command.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { taskOf, type BkTask } from './blueking-task.ts'
import {
  component,
  constant,
  outputOf,
  shell,
  subProcess,
  webTree,
  type Line,
  type TreeSketch,
} from './blueking-trees.ts'
import { exited } from './scripted-runner.ts'

/** What was said to a task, as operate_node and operate_task have it; `end` is what its worker says, `wait` that time passes. */
type Word =
  | { readonly do: 'end'; readonly node: string; readonly how: 'ok' | 'fail'; readonly outputs?: JsonObject }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'task'; readonly action: 'pause' | 'resume' | 'revoke' }
  | { readonly do: 'retry'; readonly node: string; readonly inputs?: JsonObject }
  | { readonly do: 'callback'; readonly node: string; readonly data: JsonObject }
  | { readonly do: 'skip_exg'; readonly node: string; readonly flow: string }
  | { readonly do: 'skip_cpg'; readonly node: string; readonly flows: readonly string[]; readonly converge: string }
  | {
      readonly do: 'skip' | 'pause' | 'resume' | 'forced_fail' | 'retry_subprocess' | 'pause_subproc' | 'resume_subproc'
      readonly node: string
    }

interface Constant {
  readonly value?: Json
  readonly show?: boolean
  /** A node and its output, instead. */
  readonly of?: readonly [string, string]
}
interface Activity {
  readonly kind?: 'display' | 'pause' | 'shell'
  readonly content?: string
  readonly ignore?: boolean
  readonly skippable?: boolean
  readonly retryable?: boolean
  readonly auto_retry?: JsonObject
  readonly timeout_config?: JsonObject
  readonly sub?: Sketch
}
interface Sketch {
  readonly activities: Readonly<Record<string, Activity>>
  readonly gateways: NonNullable<TreeSketch['gateways']>
  readonly lines: readonly Line[]
  readonly constants: Readonly<Record<string, Constant>>
  readonly outputs: readonly string[]
}

/** State, loop, retry, skip, error_ignored, and how many versions it has had. */
type Shown = readonly [string, number, number, boolean, boolean, number]
interface Told extends Attempt {
  /** `retry` and `skip` of each row of the present pass. */
  readonly histories: readonly (readonly [number, boolean])[]
  /** What was given and made in each of these rows, and in the passes before by their number. Left out: nobody looked. */
  readonly rows?: readonly Attempt[]
  readonly past?: Readonly<Record<string, Attempt>>
}
interface Attempt {
  readonly inputs: JsonObject
  /** Without `ex_data`, which is in their words there. */
  readonly outputs: JsonObject
}

/** One task in the original engine: what was said to it, and what it was then. Nodes of sub-processes are joined with dots. */
export interface OriginalCase {
  readonly seed: number
  readonly sketch: Sketch
  readonly steps: readonly {
    /** null: the start. */
    readonly op: Word | null
    /** Left out: it was taken. */
    readonly why?: string
    /** Nodes that are otherwise than before, or new. */
    readonly changed: Readonly<Record<string, Shown>>
    /** Of each failed node that is tried again by itself: how often it was, and may be. Left out: nobody looked. */
    readonly auto?: Readonly<Record<string, readonly [number, number]>>
  }[]
  readonly nodes: Readonly<Record<string, Told>>
  /** When it has finished. */
  readonly outputs: JsonObject | null
}

/** What is read of the answers. */
interface Level {
  readonly start_event: { readonly id: string }
  readonly end_event: { readonly id: string }
  readonly gateways: Readonly<Record<string, { readonly template_node_id: string }>>
  readonly activities: Readonly<Record<string, { readonly template_node_id: string; readonly pipeline?: Level }>>
  readonly flows: Readonly<Record<string, unknown>>
}
interface Node {
  readonly state: string
  readonly loop: number
  readonly retry: number
  readonly skip: boolean
  readonly error_ignored: boolean
  readonly version: string
  readonly children: Readonly<Record<string, Node>>
}
type Outputs = readonly { readonly key: string; readonly value: Json }[]
interface Detail {
  readonly inputs: JsonObject
  readonly outputs: Outputs
  readonly histories: readonly (Attempt & { readonly retry: number; readonly skip: boolean })[]
}

const CODES = { display: ['bk_display', 'bk_display_message'], pause: ['pause_node', 'description'] } as const

function activity({ kind, content = '', ignore, skippable, retryable, sub, ...timing }: Activity): JsonObject {
  if (sub !== undefined) return subProcess(webTree(treeOf(sub)))
  const flags = {
    error_ignorable: ignore ?? false,
    skippable: skippable ?? true,
    retryable: retryable ?? true,
    ...timing,
  }
  if (kind === 'shell' || kind === undefined) return { ...shell(content), ...flags }
  const [code, field] = CODES[kind]
  return { ...component(code, { [field]: content }), ...flags }
}

const treeOf = (sketch: Sketch): TreeSketch => ({
  ...sketch,
  activities: Object.fromEntries(Object.entries(sketch.activities).map(([id, one]) => [id, activity(one)])),
  constants: Object.fromEntries(
    Object.entries(sketch.constants).map(([key, { of, value, show }]) => [
      key,
      of === undefined ? constant(value ?? '', { show_type: show === true ? 'show' : 'hide' }) : outputOf(...of),
    ]),
  ),
})

/** Says the same to a task of ours. @returns what is otherwise here: of the first step that is, else of the end. */
export async function differences(original: OriginalCase): Promise<readonly string[]> {
  const t = await taskOf(treeOf(original.sketch))
  const status: Record<string, Shown> = {}
  const versions: Versions = new Map()
  for (const [at, { op, why, changed, auto }] of original.steps.entries()) {
    const taken = op === null || (await say(t, op))
    await pass(t, 1)
    const said = `${at} ${JSON.stringify(op)}`
    if (taken !== (why === undefined)) return [`${said}: ${why ?? 'taken'} there, ${String(taken)} here`]
    Object.assign(status, changed)
    const seen = await statusOf(t, versions)
    // What was at work when the task was revoked is RUNNING for ever there.
    if (status['root']?.[0] === 'REVOKED') return unlike(`${said}: root`, 'REVOKED', seen['root']?.[0])
    const names = new Set([...Object.keys(status), ...Object.keys(seen)])
    const other = [...names].flatMap((name) => unlike(`${said}: ${name}`, status[name], seen[name]))
    if (auto !== undefined) other.push(...unlike(`${said}: auto`, auto, await retriedOf(t)))
    if (other.length > 0) return other
  }
  return [...(await nodeDifferences(t, original)), ...(await outputDifferences(t, original))]
}

/** @returns whether it was taken. */
async function say(t: BkTask, word: Word): Promise<boolean> {
  switch (word.do) {
    case 'end':
      await end(t, word.node, ended(word))
      return true
    case 'wait':
      for (let second = 0; second < word.seconds; second++) await pass(t, 1_000)
      return true
    case 'task':
      return isTaken(await t.operate(word.action))
    case 'retry':
      return await act(t, word, word.inputs === undefined ? {} : { inputs: { ...FIELDS, ...word.inputs } })
    case 'callback':
      return await act(t, word, { data: word.data })
    case 'skip_exg':
      return await act(t, word, { flow_id: flowId(t, word.flow) })
    case 'skip_cpg': {
      const flow_ids = word.flows.map((id) => flowId(t, id))
      return await act(t, word, { flow_ids, converge_gateway_id: t.node(word.converge) })
    }
    case 'forced_fail':
    case 'skip':
    case 'pause':
    case 'resume':
    case 'retry_subprocess':
    case 'pause_subproc':
    case 'resume_subproc':
      return await act(t, word)
  }
}

function ended({ how, outputs }: Extract<Word, { do: 'end' }>): AttemptResult {
  const made = { outputs: outputs ?? null }
  return how === 'ok' ? { kind: 'succeeded', ...made } : { ...exited(1), ...made }
}

const act = async (
  t: BkTask,
  word: { readonly do: string; readonly node: string },
  more: JsonObject = {},
): Promise<boolean> => isTaken(await t.act(word.node, word.do, more))
const isTaken = (answer: unknown): boolean => (answer as { readonly result: boolean }).result

/** What a script cannot be without, as a retry's inputs are all that it is given. */
const FIELDS = { job_script_source: 'manual', job_script_type: '1' }

const lastName = (name: string): string => name.split('.').at(-1) ?? name

/** Time passes, at least the millisecond that an attempt waits for which is to come at once; what was told to stop has. */
async function pass(t: BkTask, durationMs: number): Promise<void> {
  const { world } = t.client
  const { clock, runner } = world
  clock.advance(durationMs)
  await world.settled()
  const told = new Set(runner.cancelled.map(({ node, attempt }) => `${node}/${attempt}`))
  for (const job of runner.jobs.filter(({ node, attempt }) => told.has(`${node}/${attempt}`))) {
    runner.end(job, { kind: 'cancelled' })
    await world.settled()
    clock.advance(1)
    await world.settled()
  }
}

async function end(t: BkTask, name: string, result: AttemptResult): Promise<void> {
  t.client.world.runner.endTask(lastName(name), result)
  await t.client.world.settled()
}

/** Lines are `l1`, `l2` ... in the order in which the tree has its flows. */
function flowId(t: BkTask, name: string): string {
  const line = Number(lastName(name).slice(1))
  const path = name.split('.').slice(0, -1)
  let level = t.tree as Level
  for (const at of path.keys()) {
    const inner = level.activities[t.node(path.slice(0, at + 1).join('.'))]?.pipeline
    if (inner !== undefined) level = inner
  }
  return Object.keys(level.flows)[line - 1] ?? name
}

/** Those that each node has been seen with. */
type Versions = Map<string, Set<string>>

async function retriedOf(t: BkTask): Promise<Readonly<Record<string, readonly [number, number]>>> {
  const names = new Map(namesIn(t.tree as Level, ''))
  const { failed_node_info: info } = (await t.status({ engine_ver: '2', with_failed_node_info: '1' })) as {
    readonly failed_node_info: Readonly<
      Record<string, { readonly auto_retry_times?: number; readonly max_auto_retry_times?: number }>
    >
  }
  return Object.fromEntries(
    Object.entries(info).flatMap(([id, { auto_retry_times: times, max_auto_retry_times: max }]) =>
      times === undefined || max === undefined ? [] : [[names.get(id) ?? id, [times, max] as const]],
    ),
  )
}

async function statusOf(t: BkTask, versions: Versions): Promise<Record<string, Shown>> {
  const names = new Map(namesIn(t.tree as Level, ''))
  const seen: Record<string, Shown> = {}
  const walk = (name: string, { state, loop, retry, skip, error_ignored, version, children }: Node): void => {
    const had = versions.get(name) ?? new Set()
    versions.set(name, had.add(version))
    seen[name] = [state, loop, retry, skip, error_ignored, had.size]
    for (const [id, child] of Object.entries(children)) walk(names.get(id) ?? id, child)
  }
  walk('root', (await t.status({ engine_ver: '2' })) as Node)
  return seen
}

function namesIn({ start_event, end_event, gateways, activities }: Level, prefix: string): readonly [string, string][] {
  const names: [string, string][] = [
    [start_event.id, `${prefix}start`],
    [end_event.id, `${prefix}end`],
  ]
  for (const [id, { template_node_id }] of Object.entries(gateways)) names.push([id, prefix + template_node_id])
  for (const [id, { template_node_id, pipeline }] of Object.entries(activities)) {
    names.push([id, prefix + template_node_id])
    if (pipeline !== undefined) names.push(...namesIn(pipeline, `${prefix}${template_node_id}.`))
  }
  return names
}

async function nodeDifferences(t: BkTask, { nodes }: OriginalCase): Promise<readonly string[]> {
  const found: string[] = []
  for (const [name, told] of Object.entries(nodes)) {
    const { inputs, outputs, histories } = (await t.detail(name)) as Detail
    found.push(...attemptDifferences(name, told, { inputs, outputs: byKey(outputs) }, told.past !== undefined))
    const rows = histories.map(({ retry, skip }) => [retry, skip])
    found.push(...unlike(`${name}: histories`, told.histories, rows))
    for (const [at, row] of (told.rows ?? []).entries()) {
      const seen = histories[at]
      if (seen !== undefined) found.push(...attemptDifferences(`${name}: row ${at}`, row, seen, true))
    }
    for (const [loop, pass] of Object.entries(told.past ?? {})) {
      const seen = (await t.detail(name, { loop })) as Detail
      const made = { inputs: seen.inputs, outputs: byKey(seen.outputs) }
      found.push(...attemptDifferences(`${name}: loop ${loop}`, pass, made, true))
    }
  }
  return found
}

/** @param whole nothing else was made either. */
function attemptDifferences(what: string, there: Attempt, here: Attempt, whole: boolean): readonly string[] {
  const given = Object.entries(there.inputs)
  const keys = Object.keys(whole ? { ...there.outputs, ...here.outputs } : there.outputs).filter(
    (key) => key !== 'ex_data',
  )
  return [
    ...given.flatMap(([key, value]) => unlike(`${what}: input ${key}`, value, here.inputs[key])),
    ...keys.flatMap((key) => unlike(`${what}: output ${key}`, there.outputs[key], here.outputs[key])),
  ]
}

async function outputDifferences(t: BkTask, { outputs }: OriginalCase): Promise<readonly string[]> {
  if (outputs === null) return []
  const { client, id } = t
  const whole = (await client.need(client.get('get_task_detail', [id, client.biz]))) as { readonly outputs: Outputs }
  const made = byKey(whole.outputs)
  return Object.entries(outputs).flatMap(([key, value]) => unlike(`output ${key}`, value, made[key]))
}

const byKey = (outputs: Outputs): Readonly<Record<string, Json>> =>
  Object.fromEntries(outputs.map(({ key, value }) => [key, value]))

function unlike(what: string, there: unknown, here: unknown): readonly string[] {
  if (isDeepStrictEqual(there, here)) return []
  return [`${what} is ${JSON.stringify(there)} there, ${JSON.stringify(here)} here`]
}
