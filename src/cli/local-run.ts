import { type Client, ClientError, createClient, type Run } from '../client/client.ts'
import type { Local } from '../compose/local.ts'
import type { Config } from '../config/settings.ts'
import { createLog } from '../telemetry/log.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { followRun } from './follow-run.ts'
import type { Params } from './params.ts'
import { decide } from './person.ts'
import { lastLine } from './progress.ts'
import { exitCodeOf } from './statuses.ts'
import type { Terminal } from './terminal.ts'
import { throwAwayDirectory } from './throw-away.ts'
import { version } from './version.ts'

export interface LocalRun {
  readonly text: string
  readonly file: string
  readonly params: Params
  readonly approve: boolean
  readonly say: (line: string) => void
}

export interface LocalResult {
  readonly run: Run
  readonly exitCode: ExitCode
}

/**
 * Runs a definition with the real engine, store and runner in a directory that is thrown away.
 * @throws ClientError when the definition or the params are not valid.
 */
export async function runLocally(
  terminal: Terminal,
  config: Pick<
    Config,
    | 'slots'
    | 'labels'
    | 'containers'
    | 'containerPaths'
    | 'stepDirectories'
    | 'cacheMaxBytes'
    | 'httpAllow'
    | 'distributeTo'
    | 'bodyMaxBytes'
  >,
  work: LocalRun,
): Promise<LocalResult> {
  const { openLocal } = await import('../compose/local.ts')
  const log = createLog({ level: 'warn', readable: terminal.errIsTty, write: terminal.err })
  await using directory = await throwAwayDirectory()
  const interrupts = new Interrupts(terminal, work.say)
  try {
    const options = { ...config, version: version(), dataDirectory: directory.path }
    const local = await openLocal(options, log)
    try {
      return await runIn(local, terminal, work, interrupts)
    } finally {
      await local.close()
    }
  } finally {
    interrupts.close()
  }
}

async function runIn(local: Local, terminal: Terminal, work: LocalRun, interrupts: Interrupts): Promise<LocalResult> {
  const { text, file, params, approve, say } = work
  const client = createClient({ baseUrl: 'http://local', token: local.token, fetch: local.fetch })
  const pipeline = await client.pipelines.create({ project: local.project, definition: text, file })
  const { id } = await client.runs.start(pipeline.id, { params })
  interrupts.cancels(client, id)
  let needsPerson = false
  const person = { client, local, terminal, say, approve, cancelling: interrupts.signal }
  const last = await followRun({
    client,
    run: id,
    say,
    paint: terminal.paint,
    logs: true,
    onRun: async (run) => {
      if (needsPerson || (await withoutRefusals(decide(person, run)))) return
      needsPerson = true
      say('it waits for a person and none is here (--approve says yes to every review): cancelling')
      await withoutRefusals(client.runs.act(id, 'cancel', { reason: 'it waited for a person, and none was there' }))
    },
  })
  const run = last ?? (await client.runs.get(id))
  say(lastLine(run, terminal.now(), terminal.paint))
  return { run, exitCode: needsPerson ? EXIT.needsPerson : exitCodeOf(run) }
}

/** What the run has outrun by itself needs no answer any more. */
async function withoutRefusals<Value>(asked: Promise<Value>): Promise<Value | true> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof ClientError && error.code === 'not_allowed') return true
    throw error
  }
}

/** Ctrl-C cancels the run; a second one does not wait for its processes; a third one ends everything at once. */
class Interrupts {
  readonly #stop: () => void
  readonly #aborter = new AbortController()
  readonly signal = this.#aborter.signal
  #count = 0
  #cancel: ((force: boolean) => void) | undefined

  constructor(terminal: Terminal, say: (line: string) => void) {
    this.#stop = terminal.onSignal((signal) => {
      this.#count += 1
      if (this.#count > 2) process.exit(signal === 'SIGINT' ? 130 : 143)
      say(this.#count === 1 ? `${signal}: cancelling; once more does not wait for what runs` : 'ending it now')
      this.#aborter.abort()
      this.#cancel?.(this.#count > 1)
    })
  }

  cancels(client: Client, run: string): void {
    this.#cancel = (force) => {
      const cancelled = client.runs.act(run, 'cancel', { reason: 'Ctrl-C', ...(force ? { force } : {}) })
      // Ended in the meantime: that is what was wanted.
      cancelled.catch(() => undefined)
    }
    if (this.#count > 0) this.#cancel(this.#count > 1)
  }

  close(): void {
    this.#stop()
  }
}
