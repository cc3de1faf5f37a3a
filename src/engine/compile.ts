import type { PipelineDefinition, StageSpec, TaskSpec } from '../model/definition.ts'
import type { Plan, PlanNode, StagePlan, TaskPlan } from '../model/plan.ts'

/**
 * Lays a checked definition out as one array of nodes, each stage directly before its tasks.
 * @throws TypeError when the definition breaks what definition/ checks: keys unique, needs inside the stage and no cycle.
 */
export function compile(definition: PipelineDefinition): Plan {
  const index = indexKeys(definition.stages)
  const nodes: PlanNode[] = []
  const stages: number[] = []
  let taskCount = 0
  for (const stage of definition.stages) {
    const at = nodes.length
    stages.push(at)
    const tasks = stage.tasks.map((_, place) => at + 1 + place)
    const next = stages.length < definition.stages.length ? at + 1 + tasks.length : null
    nodes.push(stagePlan(stage, at, tasks, next), ...taskPlans(stage, at, index))
    taskCount += tasks.length
  }
  return { v: 1, definition, nodes, stages, index, taskCount }
}

function indexKeys(stages: readonly StageSpec[]): Record<string, number> {
  // Keys are text of a user's: without a prototype none of them meets `constructor`.
  const tasks = Object.create(null) as Record<string, number>
  const others = Object.create(null) as Record<string, number>
  const put = (index: Record<string, number>, key: string, at: number): void => {
    if (key in index) throw new TypeError(`a checked definition has every key once, found ${key} twice`)
    index[key] = at
  }
  let at = 0
  for (const stage of stages) {
    put(others, stage.key, at)
    for (const [place, { key }] of stage.tasks.entries()) put(tasks, key, at + 1 + place)
    at += 1 + stage.tasks.length
  }
  for (const [key, place] of Object.entries(others)) tasks[key] ??= place
  return tasks
}

function stagePlan(stage: StageSpec, index: number, tasks: readonly number[], next: number | null): StagePlan {
  const { tasks: _, ...spec } = stage
  return { kind: 'stage', index, spec, tasks, next }
}

function taskPlans(stage: StageSpec, stageAt: number, index: Readonly<Record<string, number>>): TaskPlan[] {
  const first = stageAt + 1
  const needs = stage.tasks.map((task) => task.needs.map((key) => needed(task, key, index, first, stage.tasks.length)))
  const dependents: number[][] = stage.tasks.map(() => [])
  for (const [place, needed] of needs.entries())
    for (const need of needed) dependents[need - first]!.push(first + place)
  refuseCycle(stage, needs, dependents, first)
  return stage.tasks.map((spec, place) => ({
    kind: 'task',
    index: first + place,
    spec,
    stage: stageAt,
    needs: needs[place]!,
    dependents: dependents[place]!,
  }))
}

function needed(
  task: TaskSpec,
  key: string,
  index: Readonly<Record<string, number>>,
  first: number,
  count: number,
): number {
  const at = index[key]
  if (at === undefined || at < first || at >= first + count) {
    throw new TypeError(`a checked definition needs tasks of the same stage, found that ${task.key} needs ${key}`)
  }
  return at
}

/** Takes away, again and again, what needs nothing that is left; a cycle is what stays. */
function refuseCycle(
  stage: StageSpec,
  needs: readonly (readonly number[])[],
  dependents: readonly (readonly number[])[],
  first: number,
): void {
  const open = needs.map((list) => list.length)
  const ready = open.flatMap((count, place) => (count === 0 ? [place] : []))
  for (let done = 0; done < ready.length; done += 1) {
    for (const dependent of dependents[ready[done]!]!) {
      const place = dependent - first
      open[place]! -= 1
      if (open[place] === 0) ready.push(place)
    }
  }
  if (ready.length < needs.length) throw new TypeError(`a checked definition has no cycle, found one in ${stage.key}`)
}
