import type { Json, JsonObject } from '../../model/json.ts'
import type { AttemptView, RunView, TaskView } from '../../model/view.ts'
import type { Call } from './call.ts'
import { tasksOf } from './task-tree.ts'
import { storedTree, subProcesses } from './tree/stored-tree.ts'

/** What a sub-process is given: its constants that are shown, as what is around it has them when it begins. */
export async function subProcessInputs(call: Call, run: RunView, task: TaskView, attempt: number): Promise<JsonObject> {
  const found = subProcessOf(run, task)
  if (found === undefined) return {}
  const shown = [...found.tree.constants.values()].filter(({ shown }) => shown)
  const given = Object.fromEntries(shown.map(({ variable, value }) => [variable, value]))
  return await rendered(call, run, task.id, given, attempt)
}

/**
 * What a sub-process has made, by the keys of its constants: as its end event found them, in the pass that is asked for.
 * What an earlier pass made stays until the next has ended, as in the original.
 * @param pass null: of the last one that has ended.
 */
export async function subProcessOutputs(
  call: Call,
  run: RunView,
  task: TaskView,
  pass: Pick<AttemptView, 'attempt'> | null,
): Promise<JsonObject> {
  const found = subProcessOf(run, task)
  const end = tasksOf(run).find(({ key }) => key === found?.endKey)
  if (found === undefined || end === undefined) return {}
  const passes = ended(task)
  const at = pass === null ? passes.length - 1 : passes.findIndex(({ attempt }) => attempt === pass.attempt)
  const own = passes[at]
  const reached = ended(end)[at]
  if (own === undefined || reached === undefined) return {}
  const keys = Object.fromEntries(found.tree.outputs.map((key) => [key, key]))
  const made = await rendered(call, run, end.id, keys, reached.attempt)
  return { ...made, _loop: own.loop, _inner_loop: own.innerLoop }
}

/** The passes that went well, the present one among them, the oldest first. */
const ended = (task: TaskView): readonly Pick<AttemptView, 'attempt' | 'loop' | 'innerLoop'>[] =>
  [...task.earlier.filter(({ attempt }) => attempt !== task.attempt), task].filter(
    ({ status }) => status === 'succeeded',
  )

function subProcessOf(run: RunView, { key }: TaskView) {
  const stored = storedTree(run.definition)
  return stored === undefined ? undefined : subProcesses(stored).get(key)
}

async function rendered(
  call: Call,
  run: RunView,
  asker: string,
  templates: Readonly<Record<string, Json>>,
  attempt: number,
): Promise<JsonObject> {
  const found = await call.app.runs.rendered(call.caller, { id: run.id }, { id: asker }, templates, attempt)
  return (found.ok ? found.value : templates) as JsonObject
}
