import type { FileHandle } from 'node:fs/promises'
import { TIME_RECORD_BYTES, timeRecordIn, timesPathOf, type TimeRecord } from '../../model/log-times.ts'
import type { Instant } from '../../model/time.ts'
import { openIfThere } from '../file-if-there.ts'

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
    return await timesIn(await recordsOf(file), offsets, unnoted)
  } finally {
    await file.close()
  }
}

/** The file of records, wherever it is. */
export interface RecordBytes {
  readonly sizeBytes: number
  /** As many as there are. */
  read(offset: number, length: number): Promise<Uint8Array>
}

const recordsOf = async (file: FileHandle): Promise<RecordBytes> => ({
  sizeBytes: (await file.stat()).size,
  read: async (offset, length) => {
    const bytes = new Uint8Array(length)
    const { bytesRead } = await file.read(bytes, 0, length, offset)
    return bytes.subarray(0, bytesRead)
  },
})

/** As {@link timesAt}. */
export async function timesIn(
  bytes: RecordBytes,
  offsets: readonly number[],
  unnoted: Instant | null,
): Promise<readonly (Instant | null)[]> {
  const records = new Records(bytes)
  const count = Math.floor(bytes.sizeBytes / TIME_RECORD_BYTES)
  const times: (Instant | null)[] = []
  let at = 0
  for (const offset of offsets) {
    at = await firstBeyond(records, offset, at, count)
    times.push(at < count ? (await records.at(at)).at : unnoted)
  }
  return times
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
  readonly #file: RecordBytes
  readonly #blocks = new Map<number, Uint8Array>()

  constructor(file: RecordBytes) {
    this.#file = file
  }

  async at(index: number): Promise<TimeRecord> {
    const block = Math.floor(index / BLOCK_RECORDS)
    const bytes = this.#blocks.get(block) ?? (await this.#read(block))
    return timeRecordIn(bytes, index % BLOCK_RECORDS)
  }

  async #read(block: number): Promise<Uint8Array> {
    const length = BLOCK_RECORDS * TIME_RECORD_BYTES
    const bytes = await this.#file.read(block * length, length)
    this.#blocks.set(block, bytes)
    return bytes
  }
}
