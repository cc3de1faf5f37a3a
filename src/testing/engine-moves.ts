import { allowedOnNode, allowedOnRun } from '../engine/admits.ts'
import { taskAt, type Run } from '../engine/run.ts'
import type { AttemptResult, RunCommand } from '../model/command.ts'
import { onNode, onRun } from './engine-laws.ts'
import type { EngineWorld } from './engine-world.ts'

const RESULTS: readonly AttemptResult[] = [
  { kind: 'succeeded', outputs: null },
  { kind: 'succeeded', outputs: { tag: 'v1' } },
  { kind: 'failed', failure: { kind: 'exit-code', code: 1 }, outputs: null },
  { kind: 'cancelled' },
]

/** Everything that would be taken of people and runners now, but for what triggers give. */
export function movesOf(run: Run): readonly RunCommand[] {
  const moves: RunCommand[] = allowedOnRun(run).map(onRun)
  for (const { index, kind } of run.plan.nodes) {
    moves.push(...allowedOnNode(run, index).map((action) => onNode(run, index, action)))
    if (kind === 'task') moves.push(...reportsOf(run, index))
  }
  return moves
}

function reportsOf(run: Run, node: number): readonly RunCommand[] {
  const { status, fence, attempt, runner } = taskAt(run, node)
  if (status === 'queued') return [{ type: 'lease-attempt', node, attempt, runner: 'r1' }]
  if (status !== 'running' || runner === null) return []
  return [
    ...RESULTS.map((result): RunCommand => ({ type: 'report-attempt', node, fence, result })),
    { type: 'lose-attempt', node, fence, reason: 'silent' },
  ]
}

/** Plays moves by their places in {@link movesOf}; every fifth lets time pass instead, to the next deadline. */
export function playMoves(w: EngineWorld, places: readonly number[]): void {
  for (const place of places) {
    const moves = movesOf(w.run)
    const move = moves[place % Math.max(1, moves.length)]
    if (place % 5 === 4 && w.timers.size > 0) w.wait(Math.max(0, Math.min(...w.timers.values()) - w.now))
    else if (move !== undefined) w.try(move)
  }
}
