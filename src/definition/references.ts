import { wordList } from '../model/word-list.ts'
import { RUN_FACTS } from '../engine/expression/expression.ts'
import { isSecretName } from '../model/secret.ts'
import { TASK_FIELDS } from './form.ts'
import { CHANGE_FACTS } from '../model/change.ts'
import type { Keys } from './keys.ts'
import type { ReadPipeline, ReadStage, ReadTask } from './pipeline-shape.ts'
import type { Problems } from './problems.ts'
import type { Reference } from './shape.ts'
import { type MapTree, type Path, quote, type Tree } from './tree.ts'

const ROOTS = ['params', 'vars', 'tasks', 'run', 'trigger', 'secrets'] as const
const SYSTEM_PARAMS = ['SYS_TIMESTAMP', 'SYS_INCREMENT'] as const

/** Names in expressions: what they name is there, and is decided when the expression is looked at. */
export function checkReferences(
  references: readonly Reference[],
  pipeline: ReadPipeline,
  stages: readonly ReadStage[],
  keys: Keys,
  problems: Problems,
): void {
  // A param that is wrong has been reported; those that name it need not be.
  const params = entriesOf(pipeline.tree, 'params')
  const paramNames = [...params.keys(), ...SYSTEM_PARAMS]
  const variableNames = [...entriesOf(pipeline.tree, 'variables').keys()]
  const taskKeys = [...keys.tasks.keys()]
  const knownParams = new Set(paramNames)
  const knownVariables = new Set(variableNames)
  const members = stages.map(({ tasks }) => new Map(tasks.map((task) => [task.path.at(-1), task])))
  for (const { names, at, path, whole } of references) {
    const message =
      shapeProblem(names, problems) ??
      (names[0] === 'secrets' ? secretProblem(whole, path, members) : undefined) ??
      (names[0] === 'params' ? nameProblem('a param', names[1]!, knownParams, paramNames, problems) : undefined) ??
      (names[0] === 'params' ? depthProblem(names, params.get(names[1]!)?.value) : undefined) ??
      (names[0] === 'vars'
        ? nameProblem('a variable', names[1]!, knownVariables, variableNames, problems)
        : undefined) ??
      (names[0] === 'tasks' ? taskProblem(names[1]!, placeOf(path), members, keys, taskKeys, problems) : undefined)
    if (message !== undefined) problems.add(at, path, message)
  }
}

function shapeProblem(names: readonly string[], problems: Problems): string | undefined {
  const [root = '', , part] = names
  const written = quote(names.join('.'))
  switch (root) {
    case 'params':
    case 'vars':
      return names.length >= 2 ? undefined : `expected ${root}.NAME, found ${written}`
    case 'run':
      if (names.length === 2 && (RUN_FACTS as readonly string[]).includes(names[1]!)) return undefined
      return `expected ${wordList(RUN_FACTS.map((fact) => `run.${fact}`))}, found ${written}`
    case 'trigger':
      if (names.length === 2 && (CHANGE_FACTS as readonly string[]).includes(names[1]!)) return undefined
      return `expected ${wordList(CHANGE_FACTS.map((fact) => `trigger.${fact}`))}, found ${written}`
    case 'tasks':
      if (names.length === 3 && part === 'status') return undefined
      if (names.length >= 4 && part === 'outputs') return undefined
      return `expected tasks.KEY.status or tasks.KEY.outputs.NAME, found ${written}`
    case 'secrets':
      if (names.length === 2 && isSecretName(names[1]!)) return undefined
      return `expected secrets.NAME, the name in capital letters, digits and _, found ${written}`
    default: {
      const hint = names.length === 1 ? ', or text in quotes' : ''
      return `expected a name that begins with params., vars., tasks., run. or trigger.${hint}, found ${written}${problems.suggestion(root, ROOTS)}`
    }
  }
}

/** It is put in by the host, at the last moment, where a runner alone will see it. */
function secretProblem(
  whole: boolean,
  path: Path,
  members: readonly ReadonlyMap<unknown, ReadTask>[],
): string | undefined {
  if (!whole) return 'expected a secret on its own, ${{ secrets.NAME }}: no condition and no call sees its value'
  if (path[0] === 'env') return undefined
  const around = taskAround(path, members)
  if (around?.field === 'env') return undefined
  const isInput = around !== undefined && !Object.hasOwn(TASK_FIELDS, String(around.field))
  if (isInput && (around.task.work === undefined || around.task.work.kind === 'runner')) return undefined
  return 'expected secrets only in `env` and in the input of a step that a runner does'
}

/** The task that a text belongs to, and the key of the task under which it stands. */
function taskAround(
  path: Path,
  members: readonly ReadonlyMap<unknown, ReadTask>[],
): { readonly task: ReadTask; readonly field: unknown } | undefined {
  const place = placeOf(path)
  if (place === undefined) return undefined
  const list = path.findIndex((part) => part === 'tasks' || part === 'nodes')
  const task = list < 0 ? undefined : members[place.stage]?.get(path[list + 1])
  return task === undefined ? undefined : { task, field: path[list + 2] }
}

function nameProblem(
  what: string,
  name: string,
  known: ReadonlySet<string>,
  names: readonly string[],
  problems: Problems,
): string | undefined {
  return known.has(name)
    ? undefined
    : `expected the name of ${what}, found ${quote(name)}${problems.suggestion(name, names)}`
}

/** Only a value of the type `json` has something inside. */
function depthProblem(names: readonly string[], param: Tree | undefined): string | undefined {
  if (names.length === 2) return undefined
  const type = param?.kind === 'map' ? param.entries.get('type')?.value : undefined
  if (type?.kind === 'scalar' && type.value === 'json') return undefined
  return `expected params.NAME, found ${quote(names.join('.'))}: only a param of the type json has something inside`
}

function entriesOf(tree: MapTree, key: string): MapTree['entries'] {
  const value = tree.entries.get(key)?.value
  return value?.kind === 'map' ? value.entries : new Map()
}

/** A task may be named where it is surely over: from later stages, and from the tasks that need it. */
function taskProblem(
  key: string,
  place: Place | undefined,
  members: readonly ReadonlyMap<unknown, ReadTask>[],
  keys: Keys,
  taskKeys: readonly string[],
  problems: Problems,
): string | undefined {
  const target = keys.tasks.get(key)
  if (target === undefined)
    return `expected the key of a task, found ${quote(key)}${problems.suggestion(key, taskKeys)}`
  if (place === undefined) return 'expected params or run here, which holds for every task, found the name of a task'
  if (target.stage < place.stage) return undefined
  const task = place.task === undefined ? undefined : members[place.stage]?.get(place.task)
  // In a flow a loop may come back to any node: what has not run yet has no outputs.
  if (target.stage === place.stage && place.flow) return undefined
  if (target.stage === place.stage && task !== undefined) {
    if (task === target.task) return `expected a task that is over by then, found ${quote(key)}, the task itself`
    if (task.values.needs?.includes(key) === true) return undefined
    return `expected a task that is over by then, found ${quote(key)}: name it in \`needs\``
  }
  return `expected a task of an earlier stage, found ${quote(key)}`
}

/** Which stage and task a text belongs to, by its path; undefined: the pipeline. */
interface Place {
  readonly stage: number
  readonly task: number | undefined
  readonly flow: boolean
}
function placeOf(path: Path): Place | undefined {
  const [list, first, inner, second] = path
  if (list === 'flow') return { stage: 0, task: undefined, flow: true }
  if (list === 'variables') return { stage: Number.POSITIVE_INFINITY, task: undefined, flow: false }
  if (typeof first !== 'number') return undefined
  if (list === 'tasks') return { stage: 0, task: first, flow: false }
  const task = inner === 'tasks' && typeof second === 'number' ? second : undefined
  return { stage: first, task, flow: inner === 'flow' }
}
