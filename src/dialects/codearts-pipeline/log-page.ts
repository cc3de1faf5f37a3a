import type { LogSource } from '../../host/app.ts'
import type { LogQuery } from './v5-request.ts'

/** What one page holds at most, however many lines were asked for. */
const PAGE_BYTES = 1024 * 1024
const NEWLINE = 0x0a

/** Bytes from `start` to `end` of a log, as whole lines. */
export interface LogSlice {
  readonly start: number
  readonly end: number
  readonly text: string
  /** Whether there are lines beyond this page already. What is yet to be written does not count. */
  readonly hasMore: boolean
}

/**
 * Offsets are bytes. A page names where it begins and ends; given back, the next page follows its end, or with the
 * newest lines first goes before its start. Both 0, or neither: from the beginning, or from the end.
 */
export async function readLogPage(log: LogSource, query: LogQuery): Promise<LogSlice> {
  const ended = log.ended()
  const size = await log.size()
  return query.newestFirst ? before(log, query, size, ended) : after(log, query, size, ended)
}

async function after(log: LogSource, { start, end, lines }: LogQuery, size: number, ended: boolean): Promise<LogSlice> {
  const from = Math.min(end !== null && end > 0 ? end : (start ?? 0), size)
  const bytes = await log.read(from, Math.min(PAGE_BYTES, size - from))
  const isLast = from + bytes.length >= size
  let length = 0
  for (let count = 0; count < lines && length < bytes.length; count += 1) {
    const newline = bytes.indexOf(NEWLINE, length)
    if (newline === -1) {
      // The last line of a log that goes on is not whole yet, one longer than a page never is.
      if (isLast ? ended : length === 0) length = isLast ? bytes.length : wholeCharacters(bytes)
      break
    }
    length = newline + 1
  }
  const text = textOf(bytes.subarray(0, length))
  const hasMore = isLast ? length > 0 && hasLine(bytes, length, ended) : true
  return { start: from, end: from + length, text, hasMore }
}

async function before(
  log: LogSource,
  { start, end, lines }: LogQuery,
  size: number,
  ended: boolean,
): Promise<LogSlice> {
  // A page that began at 0 has nothing before it.
  if (start === 0 && end !== null && end > 0) return { start: 0, end: 0, text: '', hasMore: false }
  const until = Math.min(start !== null && start > 0 ? start : end !== null && end > 0 ? end : size, size)
  const from = Math.max(0, until - PAGE_BYTES)
  const bytes = await log.read(from, until - from)
  const stop = until < size || ended ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1
  let first = stop
  for (let count = 0; count < lines && first > 0; count += 1) {
    const newline = first < 2 ? -1 : bytes.lastIndexOf(NEWLINE, first - 2)
    if (newline === -1 && from > 0 && first < stop) break
    first = newline + 1
  }
  const text = textOf(bytes.subarray(first, stop))
  return { start: from + first, end: from + stop, text: reversed(text), hasMore: from + first > 0 }
}

const hasLine = (bytes: Uint8Array, from: number, ended: boolean): boolean =>
  ended ? from < bytes.length : bytes.indexOf(NEWLINE, from) !== -1

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function reversed(text: string): string {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.length === 0 ? '' : `${lines.toReversed().join('\n')}\n`
}

/** Up to the last byte that begins a character of UTF-8: its other bytes are 10xxxxxx. */
function wholeCharacters(bytes: Uint8Array): number {
  let length = bytes.length
  while (length > bytes.length - 4 && length > 0 && ((bytes[length - 1] ?? 0) & 0xc0) === 0x80) length -= 1
  return length > 0 && (bytes[length - 1] ?? 0) >= 0xc0 ? length - 1 : bytes.length
}
