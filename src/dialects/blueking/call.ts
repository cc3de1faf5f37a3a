import type { App, Caller, RunRef } from '../../host/app.ts'
import { nodeIndexOf } from '../../model/id.ts'
import type { Problem } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { ProjectView, RunView } from '../../model/view.ts'
import { doorErrorOf, DoorRefusal } from './errors.ts'
import { CODES } from './codes.ts'
import { eventId, parseSerial, parseTaskName } from './ids.ts'
import { optionalText, type Params } from './params.ts'
import type { Style } from './present.ts'
import type { Engine } from './status.ts'
import type { Envelope, Failure } from './wire.ts'

/** One authenticated request, however it was addressed. */
export interface Call {
  readonly app: App
  readonly caller: Caller
  /** The app that called; empty: none had to say. */
  readonly appCode: string
  readonly params: Params
  /** `YYYY-MM-DD HH:MM:SS +ZZZZ` in the server's zone; empty for an unset instant. */
  readonly time: (at: Instant | null) => string
  readonly engine: Engine
  /** Whether it is answered as by a version after the seed's, which knows codes and projects. */
  readonly isLater: boolean
  readonly zoneOffsetMinutes: number
  readonly baseUrl: string
}

export const styleOf = ({ engine, time, zoneOffsetMinutes, app }: Call): Style => ({
  engine,
  time,
  zoneOffsetMinutes,
  now: app.now(),
})

export interface Operation {
  /** What the gateway insists on. The ESB takes POST for reads too. */
  readonly method: 'GET' | 'POST'
  /** Names of the ids in the gateway's path, in its order. */
  readonly path: readonly string[]
  /** Whether 3.1.32 has it: its answers have no code then, unless engine 2 is asked for. */
  readonly first?: true
  /** The ESB does not declare it. */
  readonly gatewayOnly?: true
  /** Whether its document calls the business `project_id`. */
  readonly byProject?: true
  /** Whether times are written in the zone that `expected_timezone` names. */
  readonly zoned?: true
  /** What the table of endpoints says of it. */
  readonly about: string
  run(call: Call): Promise<Reply>
}

export interface Reply {
  readonly envelope: Envelope
  /** The run that the answer was made from and nothing else, when it may be kept: see DEPENDS_HEADER. */
  readonly of?: Pick<RunView, 'id' | 'seq'>
  /** JSON of the children that the envelope shows none of: see {@link presentLarge}. */
  readonly children?: readonly Buffer[]
}

export const succeed = (data: unknown): Reply => ({ envelope: { result: true, data } })
/** @param code of bk-sops, for its versions that give one. */
export const fail = (message: string, code: number = CODES.unknown): Failure => ({ result: false, message, code })

/** A task as a client named it, and the node when it named one. */
type Located =
  | { readonly ok: true; readonly run: RunView; readonly nodeId: string | null }
  | { readonly ok: false; readonly failure: Failure }

/**
 * Finds the task in the business that the client says it is of.
 * @param missing what bk-sops says when it is not there; also said of tasks that the caller may not see.
 */
export async function locateTask(call: Call, taskId: string, bizId: string, missing: string): Promise<Located> {
  const name = parseTaskName(taskId)
  if (name === undefined) return { ok: false, failure: fail(missing, CODES.notFound) }
  const found = name.kind === 'serial' ? await readRun(call, { serial: name.serial }) : await findByHex(call, name.id)
  if (found !== undefined && found.project.serial === parseSerial(bizId)) {
    return { ok: true, run: found, nodeId: name.kind === 'hex' && name.id !== found.id ? name.id : null }
  }
  const business = await findBusiness(call, bizId)
  return { ok: false, failure: business.ok ? fail(missing, CODES.notFound) : business.failure }
}

type Business = { readonly ok: true; readonly project: ProjectView } | { readonly ok: false; readonly failure: Failure }

export async function findBusiness(call: Call, bizId: string): Promise<Business> {
  const scope = optionalText(call.params, 'scope') ?? 'cmdb_biz'
  const missing = call.isLater
    ? `project(${bizId}) with scope(${scope}) does not exist.`
    : `business: ${bizId} does not exist`
  const serial = parseSerial(bizId)
  if (serial === undefined) return { ok: false, failure: fail(missing, CODES.notFound) }
  const found = await call.app.projects.get(call.caller, { serial })
  if (found.ok) return { ok: true, project: found.value }
  return { ok: false, failure: refused(call, found.problem, bizId, { missing, refused: missing }) }
}

/** What bk-sops says to a refusal of ours. @throws DoorRefusal where the door says it. */
export function refused(
  call: Call,
  problem: Problem,
  bizId: string,
  words: { readonly missing: string; readonly refused: string },
): Failure {
  const doorError = doorErrorOf[problem.code]
  if (doorError !== null) throw new DoorRefusal(doorError, problem.message)
  if (problem.code === 'not_found') return fail(words.missing, CODES.notFound)
  if (problem.code === 'forbidden') {
    return fail(`user: ${call.caller.user.name} does not have perm of business: ${bizId}`, CODES.noPermission)
  }
  if (problem.code === 'not_allowed') return fail(words.refused)
  const details = (problem.errors ?? []).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  return fail([problem.message, ...details].join(', '), CODES.badParameter)
}

/** The same of what says all that is to be said by itself. */
export const refusedReply = (call: Call, problem: Problem, bizId: string): Reply => ({
  envelope: refused(call, problem, bizId, { missing: problem.message, refused: problem.message }),
})

async function readRun(call: Call, ref: RunRef): Promise<RunView | undefined> {
  const found = await call.app.runs.get(call.caller, ref)
  if (found.ok) return found.value
  const doorError = doorErrorOf[found.problem.code]
  if (doorError !== null) throw new DoorRefusal(doorError, found.problem.message)
  return undefined
}

/** How many places are tried when a client names nothing but a node. `subprocess_id` beside a task's id has no such end. */
const PLACES_TRIED = 100

/** A run by its own id, or by that of one of its nodes or events: those are the run's id and a place (ids.ts). */
async function findByHex(call: Call, hex: string): Promise<RunView | undefined> {
  const own = await readRun(call, { id: hex })
  if (own !== undefined) return own
  for (const guess of [runOfNode, runOfEvent]) {
    const refs = Array.from({ length: PLACES_TRIED }, (_, place) => ({ id: guess(hex, place) }))
    const found = await call.app.runs.batch(call.caller, refs)
    if (found.ok && found.value.length > 0) return found.value.find((run) => holds(run, hex))
  }
  return undefined
}

const withTail = (hex: string, change: number): string => {
  const tail = (Number.parseInt(hex.slice(24), 16) + change + 2 ** 32) % 2 ** 32
  return hex.slice(0, 24) + tail.toString(16).padStart(8, '0')
}
const runOfNode = (hex: string, place: number): string => withTail(hex, -(place + 1))
const runOfEvent = (hex: string, place: number): string => withTail(hex, place + 1)

/** Whether the id is of this run's tree, not one that merely lies near it. */
const holds = (run: RunView, hex: string): boolean =>
  isNodeOf(run, hex) ||
  [-1, ...run.stages.map(({ index }) => index)].some(
    (container) => eventId(run.id, container, 'start') === hex || eventId(run.id, container, 'end') === hex,
  )

/** Of a stage or a task; events are nothing that one could do something to. */
export function isNodeOf(run: RunView, hex: string): boolean {
  const nodeCount = run.stages.reduce((count, { tasks }) => count + 1 + tasks.length, 0)
  return nodeIndexOf(run.id, hex, nodeCount) !== undefined
}
