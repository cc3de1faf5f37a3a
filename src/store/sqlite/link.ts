import { Worker } from 'node:worker_threads'
import { StoreError } from '../store.ts'
import { errorOf } from './failure.ts'
import type { Arguments, Operations, Output } from './operations.ts'
import type { Answer, Answers, Call, Request, WorkerStart } from './protocol.ts'

interface Waiting {
  readonly call: Call
  readonly resolve: (value: unknown) => void
  readonly reject: (error: StoreError) => void
}

/** While the worker is at one batch, the next one lies ready for it; what comes meanwhile makes the one after. */
const IN_FLIGHT_MAX = 2
/** A batch of so many calls takes longer to write than one more fsync does. */
const SPLIT_FROM = 64
/** So many answers are told in one turn: who is woken by one goes on at once, and readers must not wait for all of them. */
const TOLD_MAX = 32

/**
 * The main thread's end of a worker: collects the calls of a turn and posts them as one message. When the worker dies,
 * every waiting call rejects as `closed`, and so does every later one.
 */
export class WorkerLink<Ops extends Operations> {
  readonly #worker: Worker
  readonly #exited: Promise<void>
  #waiting: Waiting[] = []
  readonly #inFlight: Waiting[][] = []
  /** Answers that have come, to the first of those in flight, and how many of them were told. */
  readonly #answers: Answers[] = []
  #told = 0
  #scheduled = false
  #closing: Promise<void> | undefined
  #dead: StoreError | undefined

  private constructor(worker: Worker, onFatal: (error: Error) => void) {
    this.#worker = worker
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => resolve())
    })
    worker.on('message', (answer: Answer) => {
      if (answer.kind === 'answers') this.#answered(answer)
    })
    const die = (error: Error): void => {
      if (this.#dead !== undefined) return
      this.#die(
        new StoreError('closed', `the ${worker.threadName ?? 'database'} thread died: ${error.message}`, {
          cause: error,
        }),
      )
      onFatal(error)
    }
    worker.once('error', (error) => die(error instanceof Error ? error : new Error(String(error))))
    worker.once('messageerror', die)
    worker.once('exit', (code) => {
      if (this.#closing === undefined) die(new Error(`it exited with code ${code}`))
    })
  }

  /** Resolves when the worker is ready. @throws StoreError what the worker refuses to start for */
  static async start<Ops extends Operations>(
    script: URL,
    start: WorkerStart,
    onFatal: (error: Error) => void,
  ): Promise<WorkerLink<Ops>> {
    // Flags of the process's own entry, e.g. --input-type, mean nothing to this file.
    const worker = new Worker(script, { workerData: start, name: `store ${start.role}`, execArgv: [] })
    const answer = await firstAnswer(worker)
    if (answer.kind === 'refused') {
      await worker.terminate()
      throw errorOf(answer.failure)
    }
    return new WorkerLink<Ops>(worker, onFatal)
  }

  call<Name extends keyof Ops & string>(name: Name, ...args: Arguments<Ops[Name]>): Promise<Output<Ops[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== undefined) return reject(this.#dead)
      if (this.#closing !== undefined) return reject(new StoreError('closed', 'the store is closed'))
      this.#waiting.push({ call: [name, args], resolve: resolve as (value: unknown) => void, reject })
      this.#schedule()
    })
  }

  /** Waits for what was called before, then for the worker to have closed its connection. */
  close(): Promise<void> {
    this.#closing ??= this.#finish()
    return this.#closing
  }

  async #finish(): Promise<void> {
    if (this.#dead !== undefined) return this.#exited
    // Messages are taken in order, so the worker closes after everything that is posted before.
    this.#post()
    const last: Request = null
    this.#worker.postMessage(last)
    await this.#exited
  }

  /** At the end of the turn, when everyone who was woken by the last answers has asked for what comes next. */
  #schedule(): void {
    if (this.#scheduled || this.#answers.length > 0 || this.#inFlight.length >= IN_FLIGHT_MAX) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#post()
    })
  }

  #post(): void {
    if (this.#waiting.length === 0 || this.#dead !== undefined) return
    const all = this.#waiting
    this.#waiting = []
    // The worker is idle: with a large batch cut in two, it writes one half while we take up what the other one caused.
    if (this.#inFlight.length > 0 || all.length < SPLIT_FROM) this.#send(all)
    else {
      const half = all.length >> 1
      this.#send(all.slice(0, half))
      this.#send(all.slice(half))
    }
  }

  #send(batch: Waiting[]): void {
    this.#inFlight.push(batch)
    const request: Request = batch.map(({ call }) => call)
    this.#worker.postMessage(request)
  }

  #answered(answers: Answers): void {
    this.#answers.push(answers)
    if (this.#answers.length === 1) this.#tell(TOLD_MAX)
  }

  /** Some now, the rest in turns of their own. */
  #tell(count: number): void {
    const [answers] = this.#answers
    if (answers === undefined) return
    const batch = this.#inFlight[0] ?? []
    const end = Math.min(this.#told + count, batch.length)
    for (; this.#told < end; this.#told += 1) {
      const failure = answers.failures.find(([index]) => index === this.#told)
      if (failure === undefined) batch[this.#told]?.resolve(answers.values[this.#told])
      else batch[this.#told]?.reject(errorOf(failure[1]))
    }
    if (this.#told === batch.length) {
      this.#answers.shift()
      this.#inFlight.shift()
      this.#told = 0
    }
    if (this.#answers.length > 0) setImmediate(() => this.#tell(TOLD_MAX))
    else if (this.#waiting.length > 0) this.#schedule()
  }

  #die(error: StoreError): void {
    this.#dead = error
    // What was answered is done.
    while (this.#answers.length > 0) this.#tell(Number.POSITIVE_INFINITY)
    for (const { reject } of [...this.#inFlight.flat(), ...this.#waiting]) reject(error)
    this.#inFlight.length = 0
    this.#waiting = []
  }
}

function firstAnswer(worker: Worker): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const fail = (error: unknown): void =>
    reject(new StoreError('closed', `the database thread did not start: ${String(error)}`, { cause: error }))
  const exit = (code: number): void => fail(`it exited with code ${code}`)
  worker.once('message', resolve)
  worker.once('error', fail)
  worker.once('exit', exit)
  return promise.finally(() => {
    worker.off('message', resolve)
    worker.off('error', fail)
    worker.off('exit', exit)
  })
}
