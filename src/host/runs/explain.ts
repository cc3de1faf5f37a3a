import { type Run, taskAt } from '../../engine/run.ts'
import type { Explanation } from '../app.ts'
import type { Turn } from './concurrency.ts'
import { explainRun, failedTasks, openTasks } from './explain-run.ts'
import { explainTask } from './explain-task.ts'
import { named, plain, type Runners } from './reason.ts'

/**
 * Why the run and each of its open nodes is where it is, in one sentence each, and what would change that.
 * The first entry is the run's.
 */
export function explain(
  run: Run,
  webhooks: readonly { readonly id: string; readonly name: string }[],
  runners: Runners,
  turn?: Turn,
): readonly Explanation[] {
  const nodes =
    run.phase === 'live' ? openTasks(run).map((index) => explainTask(run, index, runners)) : failedTasks(run)
  return [explainRun(run, webhooks, nodes, turn), ...nodes, ...aheadWithoutRunner(run, nodes, runners)]
}

/** How many are told: the first says what is missing. */
const AHEAD_MAX = 20

/** Of what is still to come, what no runner that is there could do: told before the run has come so far. */
function aheadWithoutRunner(run: Run, told: readonly Explanation[], { standing }: Runners): readonly Explanation[] {
  if (run.phase === 'ended') return []
  const known = new Set(told.filter(({ code }) => code === 'no-runner-with-labels').map(({ node }) => node?.id))
  const lacking = new Map<string, boolean>()
  const ahead: Explanation[] = []
  for (const node of run.plan.nodes) {
    if (node.kind !== 'task' || node.spec.work.kind !== 'runner' || node.spec.labels.length === 0) continue
    if (taskAt(run, node.index).status !== 'pending') continue
    const labels = node.spec.labels.join(', ')
    const isLacking = lacking.get(labels) ?? !standing(node.index).capable
    lacking.set(labels, isLacking)
    const name = named(run, node.index)
    if (!isLacking || known.has(name?.id)) continue
    ahead.push({
      node: name,
      ...plain,
      code: 'no-runner-with-labels',
      sentence: `When it is its turn, no runner can do this: needs ${labels}`,
      since: run.updatedAt,
      unblocks: ['a runner with these labels'],
    })
    if (ahead.length === AHEAD_MAX) break
  }
  return ahead
}
