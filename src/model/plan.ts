import type { PipelineDefinition, StageSpec, TaskSpec } from './definition.ts'

/**
 * A definition compiled for the engine: nodes in one array, named by their index, each stage directly
 * before its tasks. It is stored with its version, so that a run's events keep their meaning for ever.
 */
export interface Plan {
  readonly v: 1
  readonly definition: PipelineDefinition
  readonly nodes: readonly PlanNode[]
  /** Indexes of the stages in order. */
  readonly stages: readonly number[]
  /** The same in rows: the stages of one row run together. */
  readonly rows: readonly (readonly number[])[]
  /** Key -> index. A key that a stage and a task have both names the task. */
  readonly index: Readonly<Record<string, number>>
  readonly taskCount: number
}

export type PlanNode = StagePlan | TaskPlan

export interface StagePlan {
  readonly kind: 'stage'
  readonly index: number
  readonly spec: Omit<StageSpec, 'tasks'>
  readonly tasks: readonly number[]
  /** Those of them that always run. Left out: none. */
  readonly always?: readonly number[]
  /** Its place in `rows`. */
  readonly row: number
  /** Of a flow: where its token begins and ends. */
  readonly flow: { readonly start: number; readonly end: number } | null
}

export interface TaskPlan {
  readonly kind: 'task'
  readonly index: number
  readonly spec: TaskSpec
  readonly stage: number
  readonly needs: readonly number[]
  /** It always runs, or needs something that does: it begins in a failing run, too. Left out: it does not. */
  readonly late?: boolean
  /** What waits for it: tasks that need it, or, in a flow, the nodes that its edges lead to. */
  readonly dependents: readonly number[]
  readonly flow: FlowPlace | null
}

/** Where a node stands in its flow. */
export interface FlowPlace {
  /** The sub-flow that it is in. */
  readonly parent: number | null
  /** Edges out of it: their place in the flow's list, and where they lead. */
  readonly out: readonly { readonly edge: number; readonly to: number }[]
  /** Of a parallel or conditional gateway: where its branches meet. Of a sub-flow: where it begins. Else null. */
  readonly inner: number | null
  /** Where its token comes from, ways back in a loop left out. Plans of before stages were taken back in order lack it. */
  readonly before?: readonly number[]
}
