import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** A program that is started again whenever it ends, as a supervisor would. */
export class Supervised {
  readonly name: string
  readonly #start: () => ChildProcess
  readonly #log: string
  #child: ChildProcess
  #isOver = false
  #up = Promise.withResolvers<boolean>()
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

  /** It gets this, ends, is started again and says that it is ready. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    }
    await this.up()
  }

  /** It is there and has said so. */
  async up(): Promise<void> {
    // One that ends before is started again.
    while (!this.#isOver && !(await this.#up.promise)) await delay(AGAIN_MS / 4)
  }

  async end(): Promise<void> {
    this.#isOver = true
    this.#up.resolve(false)
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  #begin(): ChildProcess {
    const child = this.#start()
    const up = Promise.withResolvers<boolean>()
    this.#up = up
    child.stdout?.once('data', () => up.resolve(true))
    child.stdout?.resume()
    child.stderr?.on('data', (text: Buffer) => appendFileSync(this.#log, `${this.name}: ${text.toString()}`))
    child.once('exit', (code, signal) => {
      this.ends += 1
      up.resolve(false)
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

const COMPILED = join(import.meta.dirname, '../../node_modules/.cache/compile')

/** Says on standard output when it is ready. @param wrap what it is started with */
export function program(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  wrap: readonly string[] = [],
): ChildProcess {
  const [command = '', ...rest] = [...wrap, process.execPath, '--disable-warning=ExperimentalWarning', ...args]
  return spawn(command, rest, {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: COMPILED, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
