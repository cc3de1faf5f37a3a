import { KEY_MAX } from './limits.ts'
import type { ReadStage, ReadTask } from './pipeline-shape.ts'
import type { Problems } from './problems.ts'
import { formatPath, locate, type Path, quote } from './tree.ts'

/** Keys of stages and tasks share one space: a run's nodes are found by them. */
export interface Keys {
  readonly ofTask: ReadonlyMap<ReadTask, string>
  readonly ofStage: ReadonlyMap<ReadStage, string>
  /** Task key -> where the task is. */
  readonly tasks: ReadonlyMap<string, { readonly task: ReadTask; readonly stage: number }>
}

/**
 * Gives every stage and task its key: the one that is written, else one made from its name. Two tasks with one key are an
 * error, since expressions name tasks; a stage whose made key is taken gets another, since nothing in the text names it.
 */
export function assignKeys(stages: readonly ReadStage[], problems: Problems): Keys {
  const taken = new Map<string, Path>()
  const ofTask = new Map<ReadTask, string>()
  const ofStage = new Map<ReadStage, string>()
  const tasks = new Map<string, { task: ReadTask; stage: number }>()
  let count = 0
  for (const [stage, { tasks: members }] of stages.entries()) {
    for (const task of members) {
      count += 1
      const key = taskKey(task, count, problems)
      if (key === undefined) continue
      ofTask.set(task, key)
      if (claim(taken, key, task, problems)) tasks.set(key, { task, stage })
    }
  }
  for (const stage of stages) {
    const { key } = stage.values
    if (key === undefined) continue
    ofStage.set(stage, key)
    claim(taken, key, stage, problems)
  }
  for (const [place, stage] of stages.entries()) {
    if (ofStage.has(stage) || isWrong(stage)) continue
    const key = freeKey(slug(stage.values.name ?? '') ?? `stage-${place + 1}`, taken)
    ofStage.set(stage, key)
    taken.set(key, stage.path)
    if (!stage.tree.entries.has('name')) reportNameless(stage, 'a stage', problems)
  }
  return { ofTask, ofStage, tasks }
}

type Named = Pick<ReadTask, 'tree' | 'path'> & {
  readonly values: { readonly key: string | undefined; readonly name: string | undefined }
}

/** Its key or name is there and was refused: that has been reported, and no other key would be the right one. */
const isWrong = ({ tree, values }: Named): boolean =>
  (tree.entries.has('key') && values.key === undefined) || (tree.entries.has('name') && values.name === undefined)

function taskKey(task: ReadTask, count: number, problems: Problems): string | undefined {
  if (task.values.key !== undefined) return task.values.key
  if (isWrong(task)) return undefined
  if (task.values.name !== undefined) return slug(task.values.name) ?? `task-${count}`
  reportNameless(task, 'a task', problems)
  return undefined
}

function reportNameless({ tree, path }: Named, what: string, problems: Problems): void {
  problems.add(tree.at, [...path, 'name'], `expected \`name\` or \`key\` in ${what}, found neither`)
}

function claim(taken: Map<string, Path>, key: string, owner: Named, problems: Problems): boolean {
  const other = taken.get(key)
  if (other === undefined) {
    taken.set(key, owner.path)
    return true
  }
  const written = owner.tree.entries.has('key')
  const path = [...owner.path, written ? 'key' : 'name']
  const made = written ? '' : ' made from its name; give it a `key`'
  const message = `expected a key of its own, found ${quote(key)}${made}: ${formatPath(other)} has it already`
  problems.add(locate(owner.tree, [path.at(-1)!]).at, path, message)
  return false
}

function freeKey(wanted: string, taken: ReadonlyMap<string, Path>): string {
  if (!taken.has(wanted)) return wanted
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? '-stage' : `-stage-${count}`
    const key = wanted.slice(0, KEY_MAX - suffix.length) + suffix
    if (!taken.has(key)) return key
  }
}

/** `Build & test` -> `build-test`, `Créer` -> `creer`; undefined when nothing is left of it, as of a Chinese name. */
function slug(name: string): string | undefined {
  const key = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .slice(0, KEY_MAX)
    .replace(/^-+|-+$/g, '')
  return key === '' || key in Object.prototype ? undefined : key
}
