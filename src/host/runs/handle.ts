import type { Run } from '../../engine/run.ts'
import type { Waiting } from './decide.ts'

/** A run in memory, and what waits for it. */
export interface Handle {
  /** As of the last durable commit: what readers see. */
  run: Run
  readonly waiting: Waiting[]
  /** Nothing more is taken of what waits. */
  busy: boolean
  /** A commit is under way: nobody knows what the log says of it. */
  writing: boolean
  /** Up to this seq everybody was told of it: what was folded from the log, and not followed, nobody was. */
  told: number
  /** Called when no commit is under way any more. */
  idle: (() => void)[]
  /** How often in a row others were quicker. */
  behind: number
}

export const handleOf = (run: Run, told: number): Handle => ({
  run,
  waiting: [],
  busy: false,
  writing: false,
  told,
  idle: [],
  behind: 0,
})
