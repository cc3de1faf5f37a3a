import type { RunId } from '../model/id.ts'
import type { Plan } from '../model/plan.ts'
import type { NodeState, Run } from './run.ts'
import { Table } from './table.ts'

/** Raised when `Run` or its nodes change their form: an older snapshot is then not read, the log is folded instead. */
const FORM = 5

/** A run as JSON, without its plan. */
export function snapshotOf(run: Run): string {
  const { plan: _, nodes, ...rest } = run
  return JSON.stringify({ form: FORM, run: rest, nodes: nodes.toArray() })
}

/** @returns undefined when the snapshot has another form or is of another run or plan. */
export function runOfSnapshot(id: RunId, plan: Plan, text: string): Run | undefined {
  const read = JSON.parse(text) as { form: number; run: Omit<Run, 'plan' | 'nodes'>; nodes: NodeState[] }
  if (read.form !== FORM || read.run.id !== id || read.nodes.length !== plan.nodes.length) return undefined
  return { ...read.run, plan, nodes: Table.from(read.nodes) }
}
