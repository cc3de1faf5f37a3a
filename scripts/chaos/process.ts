import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'

/** A program that is started again whenever it ends, as a supervisor would. */
export class Supervised {
  readonly name: string
  readonly #start: () => ChildProcess
  readonly #log: string
  #child: ChildProcess
  #isOver = false
  /** How often it has ended. */
  ends = 0

  /** @param log what it says on standard error is added there */
  constructor(name: string, start: () => ChildProcess, log: string) {
    this.name = name
    this.#start = start
    this.#log = log
    this.#child = this.#begin()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** As a restart by its supervisor: it is asked to end. */
  async restart(): Promise<void> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }

  async end(): Promise<void> {
    this.#isOver = true
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  #begin(): ChildProcess {
    const child = this.#start()
    child.stderr?.on('data', (text: Buffer) => appendFileSync(this.#log, `${this.name}: ${text.toString()}`))
    child.once('exit', (code, signal) => {
      this.ends += 1
      appendFileSync(this.#log, `${this.name}: ended with ${code ?? signal}\n`)
      if (this.#isOver) return
      setTimeout(() => {
        if (!this.#isOver) this.#child = this.#begin()
      }, AGAIN_MS)
    })
    return child
  }
}

const AGAIN_MS = 200

export const program = (args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess =>
  spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
