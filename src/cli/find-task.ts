import type { Client, Run, Task } from '../client/client.ts'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'
import { quoted, runName, tasksOf } from './names.ts'
import { safe } from './output.ts'

/**
 * The id of a task by its id, key or, where only one is called so, by its name. A stage may have the key of a task of
 * its own; here the task is meant.
 * @throws Fault that names the tasks there are.
 */
export async function findTask(client: Client, ref: string, text: string): Promise<string> {
  return /^[0-9a-f]{32}$/.test(text) ? text : taskIn(await client.runs.get(ref), text).id
}

export function taskIn(run: Run, text: string): Task {
  const tasks = tasksOf(run)
  const byKey = tasks.find(({ key }) => key === text)
  if (byKey !== undefined) return byKey
  const [byName, second] = tasks.filter(({ name }) => name === text)
  if (byName !== undefined && second === undefined) return byName
  const what = second === undefined ? 'no task' : 'more than one task'
  const keys = tasks.slice(0, SHOWN_MAX).map(({ key }) => key)
  const more = tasks.length > SHOWN_MAX ? `, and ${tasks.length - SHOWN_MAX} more` : ''
  throw new Fault(
    EXIT.failed,
    `${quoted(safe(runName(run)))} has ${what} ${JSON.stringify(text)}: expected one of ${keys.join(', ')}${more}`,
  )
}

const SHOWN_MAX = 20
