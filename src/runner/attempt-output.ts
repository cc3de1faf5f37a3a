import { execFile } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { AttemptResult } from '../model/command.ts'
import { MissingTool } from '../steps/step.ts'
import type { AttemptLog } from './attempt-log.ts'
import { Mask, type MaskStream } from './masking.ts'

/** Where an attempt and its programs write. */
export interface AttemptOutput {
  append(text: string | Uint8Array): void
  /** Call it before a program begins, and what it gives when no process of it is left. */
  open(): Promise<ProgramOutput>
  /** What a step says besides its log, as it may be known. */
  shown<Value>(value: Value): Value
  /** @returns the final size, once every byte is on disk. */
  finish(): Promise<number>
}

export interface ProgramOutput {
  /** Of a file or a pipe that may be appended to. */
  readonly path: string
  /** Resolves when all that was written is in the log. */
  close(): Promise<void>
}

/** Programs have the log open themselves, so that nothing is read and written again on the way. */
export const plainOutput = (log: AttemptLog): AttemptOutput => ({
  append: (text) => log.append(text),
  open: () => Promise.resolve({ path: log.path, close: () => Promise.resolve() }),
  shown: (value) => value,
  finish: () => log.finish(),
})

const run = promisify(execFile)

/** How long what may be the beginning of a secret waits for the rest, so that the log stays live. */
const QUIET_MS = 200
/** How long a process that nobody can find any more may keep the pipe open. */
const LINGER_MS = 1_000

/** Everything passes the mask: programs write into a pipe, which is read here. */
export class MaskedOutput implements AttemptOutput {
  readonly #log: AttemptLog
  readonly #mask: Mask
  readonly #stream: MaskStream
  readonly #path: string
  readonly #searchPath: string
  #made: Promise<unknown> | undefined
  #quiet: NodeJS.Timeout | undefined
  /** What kept something from being written that came by itself, so that nobody could be told. */
  #problem: unknown

  /** @param place where the pipe is made: the attempt's own directory. @param searchPath PATH. */
  constructor(log: AttemptLog, values: readonly string[], place: string, searchPath: string) {
    this.#log = log
    this.#mask = new Mask(values)
    this.#stream = this.#mask.stream()
    this.#path = join(place, 'masked')
    this.#searchPath = searchPath
  }

  append(text: string | Uint8Array): void {
    clearTimeout(this.#quiet)
    this.#write(this.#stream.push(typeof text === 'string' ? Buffer.from(text) : text))
    this.#quiet = setTimeout(() => this.#try(() => this.#write(this.#stream.settle())), QUIET_MS).unref()
  }

  async open(): Promise<ProgramOutput> {
    // Node cannot make one itself.
    await (this.#made ??= this.#make())
    // A writer of our own: the pipe has no end before we say so, and opening it waits for nobody.
    const held = openSync(this.#path, constants.O_RDWR | constants.O_NONBLOCK)
    const source = new Socket({
      fd: openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK),
      readable: true,
      writable: false,
    })
    const ended = new Promise<void>((resolve) => source.once('close', () => resolve()))
    source.on('data', (bytes: Buffer) => this.#try(() => this.append(bytes)))
    source.on('error', () => source.destroy())
    return {
      path: this.#path,
      close: async () => {
        closeSync(held)
        const late = setTimeout(() => source.destroy(), LINGER_MS)
        await ended
        clearTimeout(late)
      },
    }
  }

  shown<Value>(value: Value): Value {
    return this.#mask.json(value)
  }

  finish(): Promise<number> {
    clearTimeout(this.#quiet)
    this.#try(() => this.#write(this.#stream.end()))
    if (this.#problem === undefined) return this.#log.finish()
    return this.#log.finish().then(() => {
      throw this.#problem
    })
  }

  /** The rest is read all the same: its program does not wait for a reader who is gone. */
  #try(write: () => void): void {
    try {
      write()
    } catch (error) {
      this.#problem ??= error
    }
  }

  async #make(): Promise<void> {
    try {
      await run('mkfifo', ['-m', '600', this.#path], { env: { PATH: this.#searchPath } })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new MissingTool('mkfifo')
      throw error
    }
  }

  #write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#log.append(bytes)
  }
}

/** A result as everybody may read it: its kinds are words of ours. */
export function shownResult(output: AttemptOutput, result: AttemptResult): AttemptResult {
  switch (result.kind) {
    case 'cancelled':
      return result
    case 'succeeded':
      return { ...result, outputs: output.shown(result.outputs) }
    case 'failed': {
      const { failure, outputs } = result
      return {
        ...result,
        failure: { ...output.shown(failure), kind: failure.kind } as typeof failure,
        outputs: output.shown(outputs),
      }
    }
  }
}
