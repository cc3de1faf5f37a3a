/**
 * Names of things. An id is 32 lowercase hex digits (a UUIDv7, RFC 9562 section 5.7, without its
 * dashes), so that it serves Huawei's and BlueKing's clients as it is. A `serial` is an integer that
 * is unique in the server, for vendors that address things by integer. Only this file casts.
 */

declare const brand: unique symbol
type Brand<Text, Name extends string> = Text & { readonly [brand]: Name }

export type ProjectId = Brand<string, 'ProjectId'>
export type PipelineId = Brand<string, 'PipelineId'>
export type RunId = Brand<string, 'RunId'>
export type NodeId = Brand<string, 'NodeId'>
export type UserId = Brand<string, 'UserId'>

const HEX_32 = /^[0-9a-f]{32}$/

export const parseProjectId = (text: string): ProjectId | undefined =>
  HEX_32.test(text) ? (text as ProjectId) : undefined

export const parsePipelineId = (text: string): PipelineId | undefined =>
  HEX_32.test(text) ? (text as PipelineId) : undefined

export const parseRunId = (text: string): RunId | undefined => (HEX_32.test(text) ? (text as RunId) : undefined)

export const parseUserId = (text: string): UserId | undefined => (HEX_32.test(text) ? (text as UserId) : undefined)

/** For ids that we drew or stored ourselves; a wrong one is a broken assumption and throws. */
export function asId<Id extends ProjectId | PipelineId | RunId | UserId>(text: string): Id {
  if (!HEX_32.test(text)) throw new TypeError(`an id is 32 lowercase hex digits, found ${JSON.stringify(text)}`)
  return text as Id
}

/**
 * A node's id is made of its run's id and its place in the plan, so that a run of 20,000 nodes needs
 * no 20,000 stored names: the run's first 24 hex digits, then the last 8 with the place added (mod 2^32).
 * The place counts from 1, so no node has the id of its run.
 */
export function nodeId(runId: RunId, index: number): NodeId {
  return (runId.slice(0, 24) + hex8(Number.parseInt(runId.slice(24), 16) + index + 1)) as NodeId
}

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Of a number modulo 2^32. Looked up: a view of a large run has as many ids as nodes, and as many versions. */
const hex8 = (number: number): string =>
  `${BYTES[(number >>> 24) & 255]}${BYTES[(number >>> 16) & 255]}${BYTES[(number >>> 8) & 255]}${BYTES[number & 255]}`

/** The place of a node in its run's plan, or undefined when the text is no id of a node of this run. */
export function nodeIndexOf(runId: RunId, text: string, nodeCount: number): number | undefined {
  if (!HEX_32.test(text) || text.slice(0, 24) !== runId.slice(0, 24)) return undefined
  const distance = Number.parseInt(text.slice(24), 16) - Number.parseInt(runId.slice(24), 16)
  const index = ((distance + 2 ** 32) % 2 ** 32) - 1
  return index >= 0 && index < nodeCount ? index : undefined
}

/** The version of a node's attempt: 32 hex digits, another one for each attempt, that a callback may show. */
export const attemptVersion = (runId: RunId, index: number, attempt: number): string =>
  runId.slice(16) + hex8(index + 1) + hex8(attempt)
