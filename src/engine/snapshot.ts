import type { RunId } from '../model/id.ts'
import type { Plan } from '../model/plan.ts'
import { freshNode, type NodeState, type Run } from './run.ts'
import { Table } from './table.ts'

/** Raised when `Run` or its nodes change their form, or what they are at first: an older snapshot is then not read, the log is folded instead. */
const FORM = 8

/** What of a node is not as it was before the run began. */
type Changes = Readonly<Record<string, unknown>>

/** A run as JSON, without its plan. Most of what a node could tell stays as it was at first, and is left out. */
export function snapshotOf(run: Run): string {
  const { plan, nodes, ...rest } = run
  const changes = plan.nodes.map((node) => changesOf({ ...nodes.at(node.index) }, { ...freshNode(node) }))
  return JSON.stringify({ form: FORM, run: rest, nodes: changes })
}

/** @returns undefined when the snapshot has another form or is of another run or plan. */
export function runOfSnapshot(id: RunId, plan: Plan, text: string): Run | undefined {
  const read = JSON.parse(text) as { form: number; run: Omit<Run, 'plan' | 'nodes'>; nodes: Changes[] }
  if (read.form !== FORM || read.run.id !== id || read.nodes.length !== plan.nodes.length) return undefined
  const nodes = plan.nodes.map((node): NodeState => ({ ...freshNode(node), ...read.nodes[node.index] }))
  return { ...read.run, plan, nodes: Table.from(nodes) }
}

/** In the order of the fresh one's fields, whatever order the other's have: what is the same is the same text. */
function changesOf(state: Changes, fresh: Changes): Changes {
  const changes: Record<string, unknown> = {}
  for (const name in fresh) if (!isSame(state[name], fresh[name])) changes[name] = state[name]
  return changes
}

const isSame = (one: unknown, other: unknown): boolean => one === other || (isEmpty(one) && isEmpty(other))

/** No list and no object at first has anything in it but the triggers of a stage. */
function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  for (const _ in value) return false
  return true
}
