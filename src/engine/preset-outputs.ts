import { failureSentence } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import type { AttemptView } from '../model/view.ts'
import { attemptsOf } from './draft.ts'
import { taskAt, taskPlan, type Run } from './run.ts'

/**
 * What every node of a `bamboo` definition makes besides its own outputs: `_result`, `_loop`, `_inner_loop`, and `ex_data`
 * of a failure (bamboo-engine 2.x, handlers/service_activity and subprocess, read 2026-11-22). They are told when a node
 * ends by itself, for better or worse; what was done to it (forced fail, timeout, skip) tells nothing, and a node that
 * is begun again keeps what it told last.
 */
const PRESET = ['_result', '_loop', '_inner_loop', 'ex_data'] as const
type Preset = (typeof PRESET)[number]

/** Which pass of a loop a node is in: of all, or since its sub-flow began. */
type Count = '_loop' | '_inner_loop'
export const isCount = (name: string): name is Count => name === '_loop' || name === '_inner_loop'
/** How often a node has been come to. */
type Passes = Pick<AttemptView, 'loop' | 'innerLoop'>
export const countOf = (passes: Passes, name: Count): number => (name === '_loop' ? passes.loop : passes.innerLoop)

const isPreset = (output: string): output is Preset => (PRESET as readonly string[]).includes(output)

/** @param asker the node whose texts are filled in; null: none. @returns undefined: it is not known, or no such output. */
export function presetOutput(run: Run, node: number, output: string, asker: number | null): Json | undefined {
  if (!isPreset(output)) return undefined
  // A node knows its own count before it has ended, and so does what is in a sub-flow.
  if (isCount(output) && asker !== null && isAround(run, node, asker)) return countOf(taskAt(run, node), output)
  const told = attemptsOf(run, node, taskAt(run, node)).findLast(
    (attempt) => hasTold(attempt) && (output !== 'ex_data' || attempt.failure !== null),
  )
  if (told === undefined) return undefined
  if (isCount(output)) return countOf(told, output)
  if (output === '_result') return told.failure === null
  return told.failure === null ? undefined : failureSentence(told.failure)
}

const hasTold = ({ endedAt, status, failure }: AttemptView): boolean =>
  endedAt !== null &&
  (failure === null ? status === 'succeeded' : failure.kind !== 'forced' && failure.kind !== 'timeout')

function isAround(run: Run, node: number, inner: number): boolean {
  for (let at: number | null = inner; at !== null; at = taskPlan(run.plan, at).flow?.parent ?? null) {
    if (at === node) return true
  }
  return false
}
