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

const NEWLINE = 10

/** Where the last lines of what is there begin. @param count how many; 0: all of them. */
export async function tailOffset(log: LogSource, count: number): Promise<number> {
  const size = await log.size()
  // No line is shorter than its end.
  if (count <= 0 || count >= size) return 0
  let missing = count
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK_BYTES)
    const bytes = await log.read(start, end - start)
    // What ends the last line has no line after it.
    const last = end === size ? bytes.length - 2 : bytes.length - 1
    for (let at = last < 0 ? -1 : bytes.lastIndexOf(NEWLINE, last); at >= 0;) {
      missing -= 1
      if (missing === 0) return start + at + 1
      at = at === 0 ? -1 : bytes.lastIndexOf(NEWLINE, at - 1)
    }
    end = start
  }
  return 0
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
export const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.split(/(?<=\n)/))
