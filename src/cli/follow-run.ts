import type { Client, Run, Task } from '../client/client.ts'
import { safe } from './output.ts'
import { type Step, stepLine, stepsBetween } from './progress.ts'
import type { Terminal } from './terminal.ts'

export interface Following {
  readonly client: Client
  readonly run: string
  /** A line for the reader. */
  readonly say: (line: string) => void
  readonly paint: Terminal['paint']
  /** Whether what the tasks say is passed on too. */
  readonly logs: boolean
  readonly signal?: AbortSignal | undefined
  /** After what has changed was said. */
  readonly onRun?: (run: Run) => Promise<void> | void
  /** Whether that is enough, though the run goes on. */
  readonly enough?: (run: Run) => boolean
}

/** Tells what happens to a run, line by line, until it has ended or that is enough. @returns the run as it was last seen. */
export async function followRun(following: Following): Promise<Run | undefined> {
  const { client, run: ref, signal, onRun, enough } = following
  const logs = new Map<string, Promise<void>>()
  let last: Run | undefined
  for await (const run of client.runs.watch(ref, { signal })) {
    for (const step of stepsBetween(last, run)) await tell(following, run, step, logs)
    last = run
    await onRun?.(run)
    if (enough?.(run) === true) break
  }
  await Promise.all(logs.values())
  return last
}

async function tell(following: Following, run: Run, step: Step, logs: Map<string, Promise<void>>): Promise<void> {
  const { say, paint } = following
  const { what, task, attempt } = step
  const key = `${task.id}/${attempt}`
  if (what === 'started') {
    say(stepLine(step, paint))
    if (following.logs && task.work === 'runner') logs.set(key, passOn(following, run, task, attempt))
    return
  }
  // Its last words come before its end: the log is whole by then, so this does not take long.
  if (what === 'ended') {
    await logs.get(key)
    logs.delete(key)
  }
  say(stepLine(step, paint))
}

async function passOn({ client, say, paint, signal }: Following, run: Run, task: Task, attempt: number): Promise<void> {
  const lines = new Lines((line) => say(`${paint('dim', `${safe(task.name)} │`)} ${line}`))
  try {
    for await (const bytes of client.logs.follow(run.id, task.id, { attempt, signal })) lines.add(bytes)
  } catch (error) {
    say(`${safe(task.name)} │ (its log could not be read: ${error instanceof Error ? error.message : String(error)})`)
  }
  lines.end()
}

/** Longest line that is waited for; a longer one comes in pieces. */
const LINE_MAX = 16_384

/** Bytes to lines of text. */
export class Lines {
  readonly #say: (line: string) => void
  readonly #decoder = new TextDecoder()
  #rest = ''

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  add(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#say(line.endsWith('\r') ? line.slice(0, -1) : line)
    while (this.#rest.length > LINE_MAX) {
      this.#say(this.#rest.slice(0, LINE_MAX))
      this.#rest = this.#rest.slice(LINE_MAX)
    }
  }

  end(): void {
    const rest = this.#rest + this.#decoder.decode()
    this.#rest = ''
    if (rest !== '') this.#say(rest)
  }
}
