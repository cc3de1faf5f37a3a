import type { Instant } from '../../model/time.ts'

/** An attempt's log: bytes numbered by offset from 0. */
export interface LogSource {
  /** Names the log, for what is kept of it; the same for every caller. */
  readonly key: string
  readonly attempt: number
  /** Bytes stored so far. */
  size(): Promise<number>
  /** True once the last byte is stored: nothing more will come. */
  ended(): boolean
  read(offset: number, length: number): Promise<Uint8Array>
  /**
   * When the bytes at these offsets were written, to a quarter of a second; from a runner on another machine: when the
   * server got them. null: nobody noted it. `offsets` are ascending and within what is stored.
   */
  times(offsets: readonly number[]): Promise<readonly (Instant | null)[]>
  /**
   * Everything from `offset`, then what comes, until the attempt has ended and its last byte was given,
   * or `signal` is aborted.
   */
  follow(offset: number, signal: AbortSignal): AsyncIterable<Uint8Array>
}
