import type { RunView, StageView, TaskView } from '../../model/view.ts'
import { present, type Style } from './present.ts'
import { shownHead, shownTask, type Shown } from './shown.ts'
import { reportedState, type Engine } from './status.ts'
import { goneKeys } from './task-tree.ts'
import { taskName } from './task-name.ts'
import type { State, Status } from './wire.ts'

/** A status whose children are JSON already: `,"<id>":{...}` of each, some of them in one buffer. */
export interface LargeStatus {
  /** With no children in it. */
  readonly status: Status
  readonly children: readonly Buffer[]
}

/** Nodes that stand beside each other, as they were written last. */
interface Written {
  readonly zoneOffsetMinutes: number
  /** A comma before each; empty: none of them was entered. */
  readonly bytes: Buffer
  readonly states: ReadonlySet<State>
  /** The elapsed time of one of them goes on: it is another text each second. */
  readonly ticks: boolean
}

/** By the part of the view that they are in: StageView.parts. */
const written: Readonly<Record<Engine, WeakMap<readonly TaskView[], Written>>> = { 1: new WeakMap(), 2: new WeakMap() }

/**
 * What presentStatus makes of a task with one large tree, its children as bytes: of 10,000 nodes few change from one
 * answer to the next. undefined: it is no such task, as it is small, not begun, or has sub-processes or stages.
 */
export function presentLarge(run: RunView, style: Style): LargeStatus | undefined {
  const stage = largeStage(run)
  const head = shownHead(run, taskName(run, style))
  if (stage === undefined || head === undefined || run.startedAt === null) return undefined
  const parts = stage.parts.map((part) => partOf(run, part, style, head.id))
  const states = new Set<State>()
  for (const part of parts) for (const state of part.states) states.add(state)
  const status = present(head, style, run.id, run.id)
  return {
    status: { ...status, state: reportedState(head.own, [...states], style.engine) },
    children: parts.map(({ bytes }) => bytes).filter(({ length }) => length > 0),
  }
}

/** The only stage, when its nodes are those of one flow without sub-processes, and there are many. */
function largeStage(run: RunView): StageView | undefined {
  const [stage, ...more] = run.stages
  if (stage === undefined || more.length > 0 || stage.flow === null || stage.parts.length === 1) return undefined
  if (stage.tasks.some(({ work }) => work.kind === 'subflow')) return undefined
  return goneKeys(run).size === 0 ? stage : undefined
}

function partOf(run: RunView, part: readonly TaskView[], style: Style, parentId: string): Written {
  const kept = written[style.engine].get(part)
  if (kept !== undefined && !kept.ticks && kept.zoneOffsetMinutes === style.zoneOffsetMinutes) return kept
  const shown = part.flatMap((task) => shownTask(run, task) ?? [])
  const statuses = shown.map((one) => present(one, style, parentId, run.id))
  const made: Written = {
    zoneOffsetMinutes: style.zoneOffsetMinutes,
    bytes: Buffer.from(
      shown.map(({ id }, place) => `,${JSON.stringify(id)}:${JSON.stringify(statuses[place])}`).join(''),
    ),
    states: new Set(statuses.map(({ state }) => state)),
    ticks: style.engine === 2 && shown.some(isUnderWay),
  }
  written[style.engine].set(part, made)
  return made
}

const isUnderWay = ({ startedAt, endedAt }: Shown): boolean => startedAt !== null && endedAt === null
