import type { Client, Run, Stage, Task } from '../client/client.ts'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'
import { quoted, runName, tasksOf } from './names.ts'
import { safe } from './output.ts'

/** What a verb is about. A stage may have the key of a task of its own; where both can be meant, the task is. */
const KINDS = {
  task: { of: tasksOf, one: 'task' },
  stage: { of: (run: Run): readonly Stage[] => run.stages, one: 'stage' },
  node: { of: (run: Run): readonly (Stage | Task)[] => [...tasksOf(run), ...run.stages], one: 'task or stage' },
} as const
export type NodeKind = keyof typeof KINDS

/**
 * The id of a task or stage by its id, key or, where only one is called so, by its name.
 * @throws Fault that names those there are.
 */
export async function findNode(client: Client, ref: string, text: string, kind: NodeKind): Promise<string> {
  return /^[0-9a-f]{32}$/.test(text) ? text : nodeIn(await client.runs.get(ref), text, kind).id
}

export const findTask = (client: Client, ref: string, text: string): Promise<string> =>
  findNode(client, ref, text, 'task')

function nodeIn(run: Run, text: string, kind: NodeKind): Stage | Task {
  const { of, one } = KINDS[kind]
  const nodes: readonly (Stage | Task)[] = of(run)
  const byKey = nodes.find(({ key }) => key === text)
  if (byKey !== undefined) return byKey
  const [byName, second] = nodes.filter(({ name }) => name === text)
  if (byName !== undefined && second === undefined) return byName
  const what = second === undefined ? `no ${one}` : `more than one ${one}`
  const keys = [...new Set(nodes.map(({ key }) => key))]
  const more = keys.length > SHOWN_MAX ? `, and ${keys.length - SHOWN_MAX} more` : ''
  throw new Fault(
    EXIT.failed,
    `${quoted(safe(runName(run)))} has ${what} ${JSON.stringify(text)}: expected one of ${keys.slice(0, SHOWN_MAX).join(', ')}${more}`,
  )
}

const SHOWN_MAX = 20
