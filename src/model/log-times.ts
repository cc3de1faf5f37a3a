import type { Instant } from './time.ts'

/**
 * The file beside a log that says when it was written: records of one size, appended as the log grows. Each says up to
 * which byte the log had been written, and when that byte was.
 */
export const timesPathOf = (logPath: string): string => `${logPath}.times`

/** Two numbers of 64 bits, IEEE 754, the most significant byte first. */
export const TIME_RECORD_BYTES = 16

export interface TimeRecord {
  /** Bytes of the log that were there. */
  readonly size: number
  /** When the last of them was written. */
  readonly at: Instant
}

export function timeRecord({ size, at }: TimeRecord): Uint8Array {
  const bytes = new Uint8Array(TIME_RECORD_BYTES)
  const view = new DataView(bytes.buffer)
  view.setFloat64(0, size)
  view.setFloat64(8, at)
  return bytes
}

/** @param index of the record among those in `bytes` */
export function timeRecordIn(bytes: Uint8Array, index: number): TimeRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset + index * TIME_RECORD_BYTES, TIME_RECORD_BYTES)
  return { size: view.getFloat64(0), at: view.getFloat64(8) }
}
