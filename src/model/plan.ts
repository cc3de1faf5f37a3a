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
  /** The next stage, or null for the last one. */
  readonly next: number | null
}

export interface TaskPlan {
  readonly kind: 'task'
  readonly index: number
  readonly spec: TaskSpec
  readonly stage: number
  readonly needs: readonly number[]
  readonly dependents: readonly number[]
}
