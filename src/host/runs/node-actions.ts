import { secretNamesOf } from '../../engine/job.ts'
import type { Run } from '../../engine/run.ts'
import type { OperatorCommand } from '../../model/command.ts'
import type { JsonObject } from '../../model/json.ts'
import { OUTPUTS_MAX_BYTES } from '../../model/limits.ts'
import { DURATION_MAX_MS } from '../../model/time.ts'
import { lacks } from '../access/rights.ts'
import type { Caller, NodeActionInput } from '../app.ts'
import { holdsSealed } from '../secrets/sealed-text.ts'

const COMMENT_MAX = 4_096

export const cut = (text: string | undefined): string | undefined => text?.slice(0, COMMENT_MAX)

export function nodeCommand(input: NodeActionInput, node: number, user: string): OperatorCommand {
  const comment = cut(input.comment) ?? ''
  const by = input.as ?? user
  const reason = (otherwise: string): string => (comment === '' ? `${otherwise} by ${user}` : comment)
  switch (input.action) {
    case 'retry':
      return {
        type: 'retry-node',
        node,
        inputs: input.inputs ?? null,
        ...(input.given === undefined ? {} : { given: input.given }),
      }
    case 'skip':
      return { type: 'skip-node', node, reason: reason('skipped') }
    case 'approve':
      return { type: 'approve', node, by, comment }
    case 'reject':
      return { type: 'reject', node, by, comment }
    case 'pause':
      return { type: 'pause-node', node }
    case 'resume':
      return { type: 'resume-node', node }
    case 'fail':
      return { type: 'fail-node', node, by, reason: comment }
    case 'callback': {
      const { version = null, succeeded = true, outputs = {} } = input
      return { type: 'callback', node, version, succeeded, outputs, reason: reason('called back as failed') }
    }
    case 'choose':
      return { type: 'choose', node, edges: input.edges, reason: reason('chosen') }
    case 'rollback':
      return { type: 'rollback', node }
    case 'delay':
      return { type: 'delay-node', node, byMs: input.byMs }
    case 'expire':
      return { type: 'expire-node', node }
  }
}

/** Other inputs are another script: with them, who may only start and steer a task could read the secrets it is given. */
export function inputsDenied(caller: Caller, run: Run, index: number, input: NodeActionInput) {
  const node = run.plan.nodes[index]
  if (input.action !== 'retry' || input.inputs === undefined || node?.kind !== 'task') return undefined
  const names = secretNamesOf(run, node)
  if (names.length > 0) return lacks(caller, 'admin', `give other inputs to a task with secrets (${names.join(', ')})`)
  return holdsSealed([run.plan.definition, run.params, input.inputs, input.given ?? null])
    ? lacks(caller, 'admin', 'give other inputs to a task of a run with credentials')
    : undefined
}

/** What is wrong with what came with an action; undefined: nothing. */
export function inputProblem(input: NodeActionInput): string | undefined {
  switch (input.action) {
    case 'callback': {
      const bytes = Buffer.byteLength(JSON.stringify(input.outputs ?? {}))
      if (holdsSealed(input.outputs)) return 'expected outputs without sealed credentials, found one'
      return bytes > OUTPUTS_MAX_BYTES
        ? `expected outputs of at most ${OUTPUTS_MAX_BYTES} bytes, found ${bytes}`
        : undefined
    }
    case 'retry': {
      const bytes = Math.max(sizeOf(input.inputs), sizeOf(input.given))
      return bytes > INPUTS_MAX_BYTES
        ? `expected inputs of at most ${INPUTS_MAX_BYTES} bytes, found ${bytes}`
        : undefined
    }
    case 'delay':
      return Number.isSafeInteger(input.byMs) && input.byMs > 0 && input.byMs <= DURATION_MAX_MS
        ? undefined
        : `expected a delay of 1 to ${DURATION_MAX_MS} ms, found ${input.byMs}`
    case 'choose':
      return input.edges.length <= EDGES_MAX
        ? undefined
        : `expected at most ${EDGES_MAX} edges, found ${input.edges.length}`
    case 'skip':
    case 'approve':
    case 'reject':
    case 'pause':
    case 'resume':
    case 'fail':
    case 'rollback':
    case 'expire':
      return undefined
  }
}

const sizeOf = (value: JsonObject = {}): number => Buffer.byteLength(JSON.stringify(value))

const INPUTS_MAX_BYTES = 262_144
const EDGES_MAX = 1_000
