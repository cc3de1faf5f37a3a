import { KEY_MAX } from './limits.ts'
import type { ReadStage, ReadTask } from './pipeline-shape.ts'
import type { Problems } from './problems.ts'
import { formatPath, locate, type Path, quote } from './tree.ts'

/** Tasks have their keys among tasks, stages theirs among stages: a stage `build` may have a task `build`. */
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
  const ofTask = new Map<ReadTask, string>()
  const tasks = new Map<string, { task: ReadTask; stage: number }>()
  const taken = new Map<string, Path>()
  let count = 0
  for (const [stage, { tasks: members }] of stages.entries()) {
    for (const task of members) {
      count += 1
      const key = task.values.key ?? madeKey(task, `task-${count}`, 'a task', problems)
      if (key === undefined) continue
      ofTask.set(task, key)
      if (claim(taken, key, task, problems)) tasks.set(key, { task, stage })
    }
  }
  return { ofTask, ofStage: stageKeys(stages, problems), tasks }
}

function stageKeys(stages: readonly ReadStage[], problems: Problems): ReadonlyMap<ReadStage, string> {
  const ofStage = new Map<ReadStage, string>()
  const taken = new Map<string, Path>()
  for (const stage of stages) {
    const { key } = stage.values
    if (key === undefined) continue
    ofStage.set(stage, key)
    claim(taken, key, stage, problems)
  }
  for (const [place, stage] of stages.entries()) {
    if (ofStage.has(stage)) continue
    const wanted = madeKey(stage, `stage-${place + 1}`, 'a stage', problems)
    if (wanted === undefined) continue
    const key = freeKey(wanted, taken)
    ofStage.set(stage, key)
    taken.set(key, stage.path)
  }
  return ofStage
}

type Named = Pick<ReadTask, 'tree' | 'path'> & {
  readonly values: { readonly key: string | undefined; readonly name: string | undefined }
}

/** A key made from the name; undefined when key or name are there and were refused, or both are missing. */
function madeKey(owner: Named, otherwise: string, what: string, problems: Problems): string | undefined {
  const { tree, path, values } = owner
  if (values.name !== undefined) return tree.entries.has('key') ? undefined : (slug(values.name) ?? otherwise)
  if (!tree.entries.has('key') && !tree.entries.has('name')) {
    problems.add(tree.at, [...path, 'name'], `expected \`name\` or \`key\` in ${what}, found neither`)
  }
  return undefined
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

/** Linear in the number of stages of one name, which is at most a thousand. */
function freeKey(wanted: string, taken: ReadonlyMap<string, Path>): string {
  let key = wanted
  for (let count = 2; taken.has(key); count += 1) key = `${wanted.slice(0, KEY_MAX - 5)}-${count}`
  return key
}

/** `Build & test` -> `build-test`, `Créer` -> `creer`; undefined when nothing is left of it, as of a Chinese name. */
function slug(name: string): string | undefined {
  const key = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .slice(0, KEY_MAX)
    .replace(/^-+|(?<!-)-+$/g, '')
  return key === '' || key in Object.prototype ? undefined : key
}
