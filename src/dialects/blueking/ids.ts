import type { Failure } from '../../model/failure.ts'
import type { RunId } from '../../model/id.ts'

/**
 * BlueKing's tree has start and end events, ours does not: their ids are made here, always the same ones for a run.
 * A node of ours is the run's id plus its place (model/id.ts), so an event is the run's id minus a number: with at
 * most 2^29 nodes the two never meet.
 * @param container place in the plan of the stage whose event it is; -1: the task's own.
 */
export function eventId(runId: RunId, container: number, event: 'start' | 'end'): string {
  const distance = 2 * (container + 1) + (event === 'start' ? 1 : 2)
  const tail = (Number.parseInt(runId.slice(24), 16) - distance + 2 ** 32) % 2 ** 32
  return runId.slice(0, 24) + tail.toString(16).padStart(8, '0')
}

/**
 * 32 hex that change with every execution of a node, as v1 keeps its version through a skip.
 * It begins with pass and attempt, where an id of ours has its time of making, so it is never one.
 */
export function executionVersion(id: string, pass: number, attempt: number): string {
  const counters = ((pass % 0x1000) * 0x1_0000 + (attempt % 0x1_0000)).toString(16).padStart(8, '0')
  return counters + id.slice(8)
}

/** By a person, or as its time was over: the engines do the same then. */
export const isForced = (failure: Failure | null): boolean => failure?.kind === 'forced' || failure?.kind === 'timeout'

/** To both engines what was failed by force is another execution: what its worker says yet is of the one before. */
export const versionAfter = (version: string, failure: Failure | null): string =>
  isForced(failure) ? version.replace(/^./, 'e') : version

/** Whether two versions are of one attempt, before and after it was failed by force, or skipped. */
export const isSameAttempt = (one: string, other: string): boolean => one.slice(1) === other.slice(1)

const HEX_32 = /^[0-9a-f]{32}$/
const DECIMAL = /^[0-9]{1,15}$/

/** How a client names a task or a node: our serial, or 32 hex. */
export type TaskName =
  | { readonly kind: 'serial'; readonly serial: number }
  | { readonly kind: 'hex'; readonly id: string }

export function parseTaskName(text: string): TaskName | undefined {
  if (DECIMAL.test(text)) return { kind: 'serial', serial: Number(text) }
  return HEX_32.test(text) ? { kind: 'hex', id: text } : undefined
}

export const parseSerial = (text: string): number | undefined => (DECIMAL.test(text) ? Number(text) : undefined)

/** An id of a gateway or a flow of a made-up tree, or of a flow of a task's own: no id of ours begins with an `f`. */
export const jointId = (rootId: string, place: number): string =>
  `f${(place % 2 ** 28).toString(16).padStart(7, '0')}${rootId.slice(8)}`

/** The place that {@link jointId} was made of; undefined: the id is none of this root's. */
export function jointPlace(rootId: string, id: string): number | undefined {
  if (!/^f[0-9a-f]{31}$/.test(id) || id.slice(8) !== rootId.slice(8)) return undefined
  return Number.parseInt(id.slice(1, 8), 16)
}
