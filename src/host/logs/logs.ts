import { mkdirSync, watch, type FSWatcher } from 'node:fs'
import { stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { LogSource } from '../app.ts'
import { isMissing, openIfThere } from '../file-if-there.ts'
import { timesAt } from './log-times.ts'

/** What one `read` or one piece of `follow` gives at most. */
const PIECE_BYTES = 256 * 1024
/** Between two looks at the size where the kernel tells nothing: no room for another watch, or a network file system. */
const LOOK_MS = 1_000

/**
 * The log of an attempt, as its runner writes it to a file; see {@link LogSource}. The file may not exist yet.
 * @param ended aborted by the host once the attempt has ended, which is after the last byte was stored.
 */
export function openLog(path: string, attempt: number, ended: AbortSignal): Omit<LogSource, 'key'> {
  return {
    attempt,
    size: () => sizeOf(path),
    ended: () => ended.aborted,
    async read(offset, length) {
      const file = await openIfThere(path)
      try {
        return file === undefined ? new Uint8Array() : await readAll(file, offset, length)
      } finally {
        await file?.close()
      }
    },
    async times(offsets) {
      // First whether it has ended: what is noted last is then read.
      const isOver = ended.aborted
      const written = isOver ? null : await stat(path).then(({ mtimeMs }) => Math.round(mtimeMs), noneIfMissing)
      return timesAt(path, offsets, written)
    },
    follow: (offset, signal) => follow(path, offset, ended, signal),
  }
}

async function* follow(
  path: string,
  offset: number,
  ended: AbortSignal,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const changes = new Changes(path, [ended, signal])
  let file: FileHandle | undefined
  try {
    let position = offset
    while (!signal.aborted) {
      // Asked before reading: what was stored until then is then read, and nothing comes after it.
      const last = ended.aborted
      file ??= await openIfThere(path)
      const piece = file === undefined ? new Uint8Array() : await readAll(file, position, PIECE_BYTES)
      if (piece.length > 0) {
        position += piece.length
        yield piece
      } else if (last) {
        return
      } else {
        await changes.next()
      }
    }
  } finally {
    changes.close()
    await file?.close()
  }
}

/** Tells that a file may have changed since the last time it was asked; before the file exists, that it may exist now. */
class Changes {
  readonly #path: string
  readonly #signals: readonly AbortSignal[]
  #watcher: FSWatcher | undefined
  #ofFile = false
  #changed = true
  #wake: (() => void) | undefined
  readonly #look: NodeJS.Timeout

  constructor(path: string, signals: readonly AbortSignal[]) {
    this.#path = path
    this.#signals = signals
    for (const signal of signals) signal.addEventListener('abort', this.#notice)
    this.#look = setInterval(this.#notice, LOOK_MS).unref()
    this.#watch()
  }

  async next(): Promise<void> {
    this.#watch()
    if (!this.#changed && !this.#signals.some(({ aborted }) => aborted)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#changed = false
  }

  close(): void {
    this.#watcher?.close()
    clearInterval(this.#look)
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#notice)
    this.#notice()
  }

  readonly #notice = (): void => {
    this.#changed = true
    this.#wake?.()
    this.#wake = undefined
  }

  /** The file itself as soon as it is there; until then its directory, which is made when it is missing. */
  #watch(): void {
    if (this.#ofFile) return
    const watcher = tryWatch(this.#path, this.#notice)
    if (watcher !== undefined) {
      this.#watcher?.close()
      this.#watcher = watcher
      this.#ofFile = true
      this.#changed = true
    } else if (this.#watcher === undefined) {
      const directory = dirname(this.#path)
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      this.#watcher = tryWatch(directory, (name) => {
        if (name === null || name === basename(this.#path)) this.#notice()
      })
      this.#changed = true
    }
  }
}

function tryWatch(path: string, onChange: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: false }, (_, name) => onChange(name))
    watcher.on('error', () => onChange(null))
    return watcher
  } catch {
    return undefined
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
}

function noneIfMissing(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}

/** As many bytes as there are, at most `length`. */
async function readAll(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const { size } = await file.stat()
  const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - offset)))
  let filled = 0
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
