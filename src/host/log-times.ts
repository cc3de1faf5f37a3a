import { open, type FileHandle } from 'node:fs/promises'
import { TIME_RECORD_BYTES, timeRecordIn, timesPathOf, type TimeRecord } from '../model/log-times.ts'
import type { Instant } from '../model/time.ts'

/** Read at once: what is looked for next is mostly near. */
const BLOCK_RECORDS = 256

/**
 * When the bytes at these offsets of a log were written.
 * @param offsets ascending
 * @param unnoted what holds for bytes that no record covers yet; null: nobody knows.
 */
export async function timesAt(
  logPath: string,
  offsets: readonly number[],
  unnoted: Instant | null,
): Promise<readonly (Instant | null)[]> {
  const file = await openIfThere(timesPathOf(logPath))
  if (file === undefined) return offsets.map(() => unnoted)
  try {
    const records = new Records(file)
    const count = Math.floor((await file.stat()).size / TIME_RECORD_BYTES)
    const times: (Instant | null)[] = []
    let at = 0
    for (const offset of offsets) {
      at = await firstBeyond(records, offset, at, count)
      times.push(at < count ? (await records.at(at)).at : unnoted)
    }
    return times
  } finally {
    await file.close()
  }
}

/** The first record from `low` on of a log that had more bytes than `offset`; `count` when there is none. */
async function firstBeyond(records: Records, offset: number, low: number, count: number): Promise<number> {
  let [from, to] = [low, count]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((await records.at(middle)).size > offset) to = middle
    else from = middle + 1
  }
  return from
}

class Records {
  readonly #file: FileHandle
  readonly #blocks = new Map<number, Uint8Array>()

  constructor(file: FileHandle) {
    this.#file = file
  }

  async at(index: number): Promise<TimeRecord> {
    const block = Math.floor(index / BLOCK_RECORDS)
    const bytes = this.#blocks.get(block) ?? (await this.#read(block))
    return timeRecordIn(bytes, index % BLOCK_RECORDS)
  }

  async #read(block: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(BLOCK_RECORDS * TIME_RECORD_BYTES)
    await this.#file.read(bytes, 0, bytes.length, block * bytes.length)
    this.#blocks.set(block, bytes)
    return bytes
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
