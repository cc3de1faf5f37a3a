import type { FlowSpec, PipelineDefinition, StageSpec, TaskSpec } from '../model/definition.ts'
import type { FlowPlace, Plan, PlanNode, StagePlan, TaskPlan } from '../model/plan.ts'
import { matchFlow, type FlowMatch } from './flow.ts'

/**
 * Lays a checked definition out as one array of nodes, each stage directly before its tasks.
 * @throws TypeError when the definition breaks what definition/ checks: keys unique, needs inside the stage and no
 * cycle, a flow that a token can walk.
 */
export function compile(definition: PipelineDefinition): Plan {
  const index = indexKeys(definition.stages)
  const nodes: PlanNode[] = []
  const stages: number[] = []
  const rows: number[][] = []
  let taskCount = 0
  for (const stage of definition.stages) {
    const at = nodes.length
    stages.push(at)
    if (stage.parallel && rows.length > 0) rows.at(-1)!.push(at)
    else rows.push([at])
    const match = stage.flow === null ? null : matched(stage, stage.flow)
    nodes.push(stagePlan(stage, at, rows.length - 1, match, index), ...taskPlans(stage, at, match, index))
    taskCount += stage.tasks.length
  }
  return { v: 1, definition, nodes, stages, rows, index, taskCount }
}

function matched(stage: StageSpec, flow: FlowSpec): FlowMatch {
  const result = matchFlow(stage.tasks, flow.edges)
  if (result.ok) return result.match
  const [{ key, message } = { key: stage.key, message: 'it is none' }] = result.problems
  throw new TypeError(`a checked flow can be walked, found of ${key}: ${message}`)
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

function stagePlan(
  stage: StageSpec,
  at: number,
  row: number,
  match: FlowMatch | null,
  index: Readonly<Record<string, number>>,
): StagePlan {
  const { tasks, ...spec } = stage
  const bounds = match?.bounds.get(null)
  const always = tasks.flatMap((task, place) => (task.always === true ? [at + 1 + place] : []))
  return {
    kind: 'stage',
    index: at,
    spec,
    tasks: tasks.map((_, place) => at + 1 + place),
    ...(always.length === 0 ? undefined : { always }),
    row,
    flow: bounds === undefined ? null : { start: index[bounds.start]!, end: index[bounds.end]! },
  }
}

function taskPlans(
  stage: StageSpec,
  at: number,
  match: FlowMatch | null,
  index: Readonly<Record<string, number>>,
): TaskPlan[] {
  if (stage.flow !== null && match !== null) return flowPlans(stage, stage.flow, at, match, index)
  const first = at + 1
  const needs = stage.tasks.map((task) => task.needs.map((key) => needed(task, key, index, first, stage.tasks.length)))
  const dependents: number[][] = stage.tasks.map(() => [])
  for (const [place, needed] of needs.entries())
    for (const need of needed) dependents[need - first]!.push(first + place)
  refuseCycle(stage, needs, dependents, first)
  const late = lateOf(stage, dependents, first)
  return stage.tasks.map((spec, place) => ({
    kind: 'task',
    index: first + place,
    spec,
    stage: at,
    needs: needs[place]!,
    ...(late.has(first + place) ? { late: true } : undefined),
    dependents: dependents[place]!,
    flow: null,
  }))
}

/** What always runs, and what waits for it. */
function lateOf(stage: StageSpec, dependents: readonly (readonly number[])[], first: number): ReadonlySet<number> {
  const late = new Set(stage.tasks.flatMap(({ always }, place) => (always === true ? [first + place] : [])))
  for (const index of late) for (const dependent of dependents[index - first]!) late.add(dependent)
  return late
}

function flowPlans(
  stage: StageSpec,
  flow: FlowSpec,
  at: number,
  match: FlowMatch,
  index: Readonly<Record<string, number>>,
): TaskPlan[] {
  const first = at + 1
  const out: { readonly edge: number; readonly to: number }[][] = stage.tasks.map(() => [])
  for (const [edge, { from, to }] of flow.edges.entries()) out[index[from]! - first]!.push({ edge, to: index[to]! })
  const before = cameBefore(stage.tasks, out, match, index, first)
  return stage.tasks.map((spec, place) => {
    const inner = spec.work.kind === 'subflow' ? match.bounds.get(spec.key)?.start : match.joins.get(spec.key)
    const flowPlace: FlowPlace = {
      parent: spec.parent === null ? null : index[spec.parent]!,
      out: out[place]!,
      inner: inner === undefined ? null : index[inner]!,
      before: before[place]!,
    }
    return {
      kind: 'task',
      index: first + place,
      spec,
      stage: at,
      needs: [],
      dependents: [...new Set(out[place]!.map(({ to }) => to))],
      flow: flowPlace,
    }
  })
}

/** Where the token of each node comes from, into sub-flows and out of them, but for ways that lead back in a loop. */
function cameBefore(
  tasks: readonly TaskSpec[],
  out: readonly (readonly { readonly to: number }[])[],
  match: FlowMatch,
  index: Readonly<Record<string, number>>,
  first: number,
): readonly (readonly number[])[] {
  const nextOf = (place: number): readonly number[] => {
    const { key, work, parent } = tasks[place]!
    const inner = work.kind === 'subflow' ? match.bounds.get(key)?.start : undefined
    if (inner !== undefined) return [index[inner]! - first]
    const around = work.kind === 'end' && parent !== null ? index[parent]! - first : place
    return out[around]!.map(({ to }) => to - first)
  }
  const before: number[][] = tasks.map(() => [])
  const seen = new Set<number>()
  const start = match.bounds.get(null)?.start
  // A walk in depth, with what it came along: a way back to that closes a loop.
  const way: { readonly place: number; readonly next: readonly number[]; at: number }[] = []
  const onWay = new Set<number>()
  const enter = (place: number): void => {
    seen.add(place)
    onWay.add(place)
    way.push({ place, next: nextOf(place), at: 0 })
  }
  if (start !== undefined) enter(index[start]! - first)
  for (let last = way.at(-1); last !== undefined; last = way.at(-1)) {
    const to = last.next[last.at]
    last.at += 1
    if (to === undefined) {
      onWay.delete(last.place)
      way.pop()
    } else if (!onWay.has(to)) {
      before[to]!.push(last.place + first)
      if (!seen.has(to)) enter(to)
    }
  }
  return before
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
