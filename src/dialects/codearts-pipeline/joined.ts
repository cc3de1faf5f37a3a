import type { StageSpec } from '../../model/definition.ts'
import { isEnded, type NodeStatus } from '../../model/status.ts'
import type { RunView, StageView } from '../../model/view.ts'
import { AT } from './original.ts'

/** The vendor's stages of a run: one of theirs may be several of ours (levels.ts). */
export const joinedStages = ({ stages, status }: Pick<RunView, 'stages' | 'status'>): readonly StageView[] =>
  joined(stages, (first, then) => joinViews(first, then, isEnded(status)))

/** The same of a definition. */
export const joinedSpecs = (stages: readonly StageSpec[]): readonly StageSpec[] =>
  joined(stages, (first, then) => ({ ...first, tasks: [...first.tasks, ...then.tasks] }))

interface Stage {
  readonly tasks: readonly { readonly annotations: Readonly<Record<string, string>> }[]
}

function joined<Kind extends Stage>(stages: readonly Kind[], join: (first: Kind, then: Kind) => Kind): readonly Kind[] {
  const found = new Map<string, Kind>()
  for (const [place, stage] of stages.entries()) {
    const [at = ''] = (stage.tasks[0]?.annotations[AT] ?? '').split('.')
    const name = /^\d+$/.test(at) ? at : `our ${place}`
    const first = found.get(name)
    found.set(name, first === undefined ? stage : join(first, stage))
  }
  return [...found.values()]
}

function joinViews(first: StageView, then: StageView, isOver: boolean): StageView {
  const status = joinedStatus(first.status, then.status, isOver)
  const counts = status !== first.status || (isEnded(then.status) && then.status !== 'skipped')
  return {
    ...first,
    status,
    startedAt: first.startedAt ?? (counts ? then.startedAt : null),
    endedAt: counts ? then.endedAt : first.endedAt,
    tasks: [...first.tasks, ...then.tasks],
    parts: [...first.parts, ...then.parts],
  }
}

/** Of two that run one after the other: the one at work, else the first unless it went well and the other did not. */
function joinedStatus(first: NodeStatus, then: NodeStatus, isOver: boolean): NodeStatus {
  // It begins when the stages beside the first are over, too.
  if (then === 'pending') return isEnded(first) && !isOver ? 'running' : first
  // Its conditions have passed over it, as they do when the first one was never reached.
  if (then === 'skipped') return first
  if (!isEnded(then) && isEnded(first)) return then
  return first === 'succeeded' || first === 'skipped' ? then : first
}
