import { closeSync, fstatSync, fsync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const fsyncFile = promisify(fsync)

/**
 * The log of one attempt: raw bytes, appended by us and by the task's processes, which have the file open themselves
 * (O_APPEND: no write overwrites another). So nothing is read and written again on the way, whatever its size.
 */
export class AttemptLog {
  readonly path: string
  readonly #fd: number
  #finished = false

  constructor(path: string) {
    this.path = path
    this.#fd = openLog(path)
  }

  /** 0 once it is finished. */
  get sizeBytes(): number {
    return this.#finished ? 0 : fstatSync(this.#fd).size
  }

  append(text: string | Uint8Array): void {
    let bytes = typeof text === 'string' ? Buffer.from(text) : text
    while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#fd, bytes))
  }

  /** Call it when no process writes any more. @returns the final size, once every byte is on disk. */
  async finish(): Promise<number> {
    try {
      const size = this.sizeBytes
      if (size > 0) await fsyncFile(this.#fd)
      return size
    } finally {
      this.#finished = true
      closeSync(this.#fd)
    }
  }
}

/** All logs of a run are in one directory, which mostly is there. */
function openLog(path: string): number {
  try {
    return openSync(path, 'a', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    return openSync(path, 'a', 0o600)
  }
}
