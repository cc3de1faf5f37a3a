import type { Keys } from './keys.ts'
import type { ReadStage, ReadTask } from './pipeline-shape.ts'
import type { Problems } from './problems.ts'
import { locate, type Path, quote } from './tree.ts'

/** `needs` name other tasks of the same stage, each once, and lead back to no task. */
export function checkNeeds(stages: readonly ReadStage[], keys: Keys, problems: Problems): void {
  for (const [place, stage] of stages.entries()) {
    const needs = new Map<string, readonly string[]>()
    for (const task of stage.tasks) {
      const good = checkNames(task, place, stages, keys, problems)
      const key = keys.ofTask.get(task)
      if (key !== undefined) needs.set(key, good)
    }
    for (const cycle of cyclesOf(needs)) reportCycle(cycle, keys, problems)
  }
}

function checkNames(
  task: ReadTask,
  stage: number,
  stages: readonly ReadStage[],
  keys: Keys,
  problems: Problems,
): readonly string[] {
  const own = keys.ofTask.get(task)
  const seen = new Set<string>()
  for (const [index, need] of (task.values.needs ?? []).entries()) {
    const target = keys.tasks.get(need)
    const path = needPath(task, index)
    const report = (message: string): void =>
      problems.add(locate(task.tree, path.slice(task.path.length)).at, path, message)
    if (need === own) report(`expected another task, found ${quote(need)}: a task cannot need itself`)
    else if (seen.has(need)) report(`expected every task once, found ${quote(need)} again`)
    else if (target === undefined) {
      const others = stages[stage]!.tasks.flatMap((other) =>
        other === task ? [] : [keys.ofTask.get(other) ?? []],
      ).flat()
      report(`expected the key of a task of the same stage, found ${quote(need)}${problems.suggestion(need, others)}`)
    } else if (target.stage !== stage) {
      const hint = target.stage < stage ? 'which is over before this stage begins' : 'which begins after this stage'
      const name = keys.ofStage.get(stages[target.stage]!) ?? ''
      report(`expected the key of a task of the same stage, found ${quote(need)} of stage ${quote(name)}, ${hint}`)
    } else seen.add(need)
  }
  return [...seen]
}

/** `needs: build` has its one name on the key itself. */
function needPath(task: ReadTask, index: number): Path {
  const isList = task.tree.entries.get('needs')?.value.kind === 'list'
  return isList ? [...task.path, 'needs', index] : [...task.path, 'needs']
}

/** Each cycle that shares no task with one before it. Linear: tasks whose needs are met are taken away again and again. */
function cyclesOf(needs: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const dependents = new Map<string, string[]>()
  const open = new Map<string, number>()
  for (const [key, list] of needs) {
    open.set(key, list.length)
    for (const need of list) {
      const known = dependents.get(need)
      if (known === undefined) dependents.set(need, [key])
      else known.push(key)
    }
  }
  const left = new Set(needs.keys())
  const takeAway = (ready: string[]): void => {
    for (let key = ready.pop(); key !== undefined; key = ready.pop()) {
      if (!left.delete(key)) continue
      for (const dependent of dependents.get(key) ?? []) {
        const count = open.get(dependent)! - 1
        open.set(dependent, count)
        if (count === 0) ready.push(dependent)
      }
    }
  }
  takeAway([...needs.keys()].filter((key) => open.get(key) === 0))
  const cycles: (readonly string[])[] = []
  for (const start of needs.keys()) {
    if (!left.has(start)) continue
    const cycle = walkToCycle(start, needs, left)
    cycles.push(cycle)
    for (const key of cycle) open.set(key, 0)
    takeAway([...cycle])
  }
  return cycles
}

/** Every task that is left needs another that is left, so following them comes round. */
function walkToCycle(
  start: string,
  needs: ReadonlyMap<string, readonly string[]>,
  left: ReadonlySet<string>,
): readonly string[] {
  const walked = new Map<string, number>()
  let key = start
  while (!walked.has(key)) {
    walked.set(key, walked.size)
    key = needs.get(key)!.find((need) => left.has(need))!
  }
  return [...walked.keys()].slice(walked.get(key))
}

const CYCLE_SHOWN_MAX = 12

function reportCycle(cycle: readonly string[], keys: Keys, problems: Problems): void {
  const [first = ''] = cycle
  const { task } = keys.tasks.get(first)!
  const shown = cycle.length > CYCLE_SHOWN_MAX ? [...cycle.slice(0, CYCLE_SHOWN_MAX), '…'] : cycle
  const path = [...task.path, 'needs']
  const message = `expected no task to need itself in the end, found ${[...shown, first].join(' -> ')}`
  problems.add(locate(task.tree, ['needs']).at, path, message)
}
