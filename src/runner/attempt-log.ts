import { closeSync, fsync, mkdirSync, openSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { timeRecord, timesPathOf } from '../model/log-times.ts'
import type { Instant } from '../model/time.ts'
import { isDirectory } from './find-program.ts'

const fsyncFile = promisify(fsync)

/**
 * The log of one attempt: raw bytes, appended by us and by the task's processes, which have the file open themselves
 * (O_APPEND: no write overwrites another). So nothing is read and written again on the way, whatever its size. The file
 * is made by whoever writes first: that waits for the file system's journal, and the runner has other tasks to look after.
 */
export class AttemptLog {
  readonly path: string
  #fd: number | undefined
  /** Of the file of its times; undefined before the first, null when they are not kept. */
  #timesFd: number | undefined | null
  #noted = 0
  #finished = false

  /** @param timed whether the file of its times is kept beside it */
  constructor(path: string, timed = true) {
    this.path = path
    const directory = dirname(path)
    if (!isDirectory(directory)) mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.#timesFd = timed ? undefined : null
  }

  /**
   * Notes when it was written last, if it has grown since it was looked at before. Every line is known as exactly as
   * this is called often; it costs no more for a log that grows fast.
   * @returns its size so far; 0 once it is finished.
   */
  look(): number {
    if (this.#finished) return 0
    const { size, mtimeMs } = statSync(this.path, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 }
    if (size > this.#noted && this.#timesFd !== null) this.#note(size, Math.round(mtimeMs))
    return size
  }

  append(text: string | Uint8Array): void {
    let bytes = typeof text === 'string' ? Buffer.from(text) : text
    while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#open(), bytes))
  }

  /** Call it when no process writes any more. @returns the final size, once every byte is on disk. */
  async finish(): Promise<number> {
    try {
      const size = this.look()
      if (size > 0) await fsyncFile(this.#open())
      return size
    } finally {
      this.#finished = true
      if (this.#fd !== undefined) closeSync(this.#fd)
      if (typeof this.#timesFd === 'number') closeSync(this.#timesFd)
    }
  }

  #open(): number {
    return (this.#fd ??= openSync(this.path, 'a', 0o600))
  }

  #note(size: number, at: Instant): void {
    try {
      this.#timesFd ??= openSync(timesPathOf(this.path), 'a', 0o600)
      writeSync(this.#timesFd, timeRecord({ size, at }))
      this.#noted = size
    } catch {
      // A log without times is a log; what keeps them from being written will keep it, too, and is said then.
    }
  }
}
