import type { App, Caller, LogSource } from '../../host/app.ts'
import type { RunView, TaskView } from '../../model/view.ts'

/** The most that is read of one log at a time, from its end. */
const LOG_MAX_BYTES = 8 * 1_024 * 1_024
const CHUNK_BYTES = 256 * 1_024

/** The log of a task's last attempt; undefined: it has none yet. */
export async function openLog(app: App, caller: Caller, run: RunView, task: TaskView): Promise<LogSource | undefined> {
  if (task.attempt === 0) return undefined
  const log = await app.runs.log(caller, { id: run.id }, { id: task.id }, null)
  return log.ok ? log.value : undefined
}

/** What is there of it, as text; of a longer one the end. */
export async function readLog(log: LogSource): Promise<string> {
  const size = await log.size()
  const chunks: Uint8Array[] = []
  for (let at = Math.max(0, size - LOG_MAX_BYTES); at < size;) {
    const bytes = await log.read(at, Math.min(CHUNK_BYTES, size - at))
    if (bytes.length === 0) break
    chunks.push(bytes)
    at += bytes.length
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

/** The logs of these tasks, one after the other. */
export async function readLogs(app: App, caller: Caller, run: RunView, tasks: readonly TaskView[]): Promise<string> {
  const texts: string[] = []
  for (const task of tasks) {
    const log = await openLog(app, caller, run, task)
    if (log !== undefined) texts.push(await readLog(log))
  }
  return texts.join('')
}

/** With their ends; the last one may have none. */
export const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? []
