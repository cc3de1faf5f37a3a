import type { NodeStatus } from '../model/status.ts'

/** What is drawn of a run. The native wire's run is one as it comes. */
export interface GraphRun {
  readonly stages: readonly GraphStage[]
}

export interface GraphStage {
  readonly id: string
  readonly key: string
  readonly name: string
  readonly status: NodeStatus
  /** Runs together with the stage before it. */
  readonly parallel: boolean
  readonly tasks: readonly GraphTask[]
  /** Of a flow; null: its tasks begin when what they need is over. */
  readonly edges: readonly GraphEdge[] | null
}

export interface GraphTask {
  readonly id: string
  readonly key: string
  readonly name: string
  readonly status: NodeStatus
  /** Keys of tasks of the same stage. */
  readonly needs: readonly string[]
  /** Key of the sub-flow that it is in. */
  readonly parent: string | null
  /** `start`, `end`, `gateway` and `subflow` have shapes of their own. */
  readonly work: string
}

export interface GraphEdge {
  readonly key: string
  readonly name: string
  readonly from: string
  readonly to: string
  readonly taken: boolean
}

export type BoxKind = 'stage' | 'fold' | 'task' | 'gateway' | 'event' | 'subflow'

/** A rectangle in pixels from the upper left corner of the whole; boxes of one parent never overlap. */
export interface Box {
  /** The node's id; of a fold, its stage's with `:fold`. */
  readonly id: string
  readonly kind: BoxKind
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly name: string
  readonly status: NodeStatus
  /** Id of the box that it is in. */
  readonly parent: string | null
  /** Of a fold: what is in it, by status, in the order of the statuses' list. */
  readonly counts: readonly { readonly status: NodeStatus; readonly count: number }[] | null
}

export interface Point {
  readonly x: number
  readonly y: number
}

/** An arrow, or a piece of one where several share their way. */
export interface Line {
  readonly id: string
  readonly points: readonly Point[]
  /** Curved where it turns; else in right angles. */
  readonly curved: boolean
  /** Whether the run has gone this way. */
  readonly taken: boolean
  readonly arrow: boolean
  readonly name: string
}

export interface Layout {
  readonly width: number
  readonly height: number
  /** Parents before what is in them. */
  readonly boxes: readonly Box[]
  readonly lines: readonly Line[]
}

/** Pixels. */
export const SIZES = {
  margin: 24,
  task: { width: 216, height: 44 },
  gateway: { width: 104, height: 64, diamond: 36 },
  event: { width: 36, height: 36 },
  fold: { width: 216, height: 92 },
  header: 40,
  padding: 12,
  between: 10,
  /** Between two columns of tasks, where their arrows are. */
  lane: 44,
  /** Between two columns of stages. */
  gap: 56,
} as const
