import { Worker } from 'node:worker_threads'
import { parseDefinition, type DefinitionResult } from '../definition/parse-definition.ts'
import type { DurationMs } from '../model/time.ts'
import { stepSpecs } from '../steps/index.ts'
import { outsideSteps } from '../steps/outside.ts'
import type { StepSpec } from '../steps/step.ts'

/**
 * Texts that are longer, in UTF-16 units, are checked in a thread of their own: one of a mebibyte that means harm, or
 * has 20,000 tasks, takes seconds, in which the server would answer nobody.
 */
const HERE_MAX = 16_384
const LIMIT_MS: DurationMs = 10_000
/** Texts that wait for the thread; more are refused, as each may be a mebibyte. */
const WAITING_MAX = 32
const MEMORY_MAX_MIB = 512

export interface CheckerOptions {
  /** What one text may take once it is its turn. */
  readonly limitMs?: DurationMs
  /** A text that takes more ends the thread, not the server. */
  readonly memoryMaxMib?: number
  /** Directories of step types of third parties. */
  readonly stepDirectories?: readonly string[]
  /** The thread's file. */
  readonly script?: URL
}

/** Checks definitions, long ones one after the other in a thread that is started for the first of them. */
export class DefinitionChecker {
  readonly #limitMs: DurationMs
  readonly #memoryMaxMib: number
  readonly #script: URL
  readonly #stepDirectories: readonly string[]
  readonly #steps: readonly StepSpec[]
  #worker: Worker | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(options: CheckerOptions = {}) {
    this.#limitMs = options.limitMs ?? LIMIT_MS
    this.#memoryMaxMib = options.memoryMaxMib ?? MEMORY_MAX_MIB
    this.#stepDirectories = options.stepDirectories ?? []
    this.#steps = [...stepSpecs, ...outsideSteps(this.#stepDirectories)]
    this.#script = options.script ?? new URL('./worker.ts', import.meta.url)
  }

  /** As `parseDefinition`. A text that could not be checked to its end is refused, with the reason as its error. */
  async check(text: string, file: string): Promise<DefinitionResult> {
    if (text.length <= HERE_MAX) return parseDefinition(text, file, this.#steps)
    if (this.#waiting >= WAITING_MAX)
      return refused(file, `${WAITING_MAX} other long texts wait to be checked: try again`)
    this.#waiting += 1
    const result = this.#turn.then(() => this.#inThread(text, file))
    this.#turn = result
    try {
      return await result
    } finally {
      this.#waiting -= 1
    }
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #inThread(text: string, file: string): Promise<DefinitionResult> {
    const worker = (this.#worker ??= this.#start())
    return new Promise((resolve) => {
      const over = (result: DefinitionResult): void => {
        clearTimeout(timer)
        worker.off('message', over)
        worker.off('error', onError)
        worker.off('exit', onExit)
        resolve(result)
      }
      const end = (reason: string): void => {
        this.#worker = undefined
        void worker.terminate()
        over(refused(file, `the text could not be checked${reason}`))
      }
      const onError = (error: unknown): void => end(`: ${error instanceof Error ? error.message : String(error)}`)
      const onExit = (): void => end(': the server is closing')
      const timer = setTimeout(() => end(` within ${this.#limitMs / 1_000} s`), this.#limitMs)
      worker.on('message', over)
      worker.on('error', onError)
      worker.on('exit', onExit)
      worker.postMessage({ text, file })
    })
  }

  #start(): Worker {
    const worker = new Worker(this.#script, {
      name: 'definition checker',
      execArgv: [],
      workerData: this.#stepDirectories,
      resourceLimits: { maxOldGenerationSizeMb: this.#memoryMaxMib },
    })
    // Also when nobody waits for it: an error that nobody listens to ends the process.
    worker.on('error', () => undefined)
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
    })
    worker.unref()
    return worker
  }
}

const refused = (file: string, message: string): DefinitionResult => ({
  ok: false,
  errors: [{ file, line: null, column: null, path: '', message }],
})
