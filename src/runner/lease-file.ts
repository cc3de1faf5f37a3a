import { closeSync, openSync, writeSync } from 'node:fs'
import { uptime } from 'node:os'
import type { DurationMs } from '../model/time.ts'

/** Longer than any time in it, so that one covers the other whole. */
const TEXT_BYTES = 32

/**
 * How long programs may go on without this process. It may be stopped (SIGSTOP, a debugger), and then ends nothing in
 * time: its fork helpers, which are processes of their own, read this file and do. The time is that of /proc/uptime, in
 * seconds, which everybody on the machine reads alike.
 */
export class LeaseFile {
  readonly path: string
  #fd: number | undefined
  #untilMs = Number.NEGATIVE_INFINITY

  constructor(path: string) {
    this.path = path
    this.#fd = openSync(path, 'w', 0o600)
  }

  /**
   * From now on; less than nothing: they end at once.
   *
   * @param stepMs what is nearer than this to what is written is not written: helpers may look at so much too little.
   */
  extend(leftMs: DurationMs, stepMs: DurationMs = 0): void {
    const untilMs = uptime() * 1_000 + leftMs
    if (this.#fd === undefined || Math.abs(untilMs - this.#untilMs) < stepMs) return
    this.#untilMs = untilMs
    writeSync(this.#fd, (untilMs / 1_000).toFixed(2).padEnd(TEXT_BYTES), 0)
  }

  /** Whether what is written has passed, so that helpers may have ended programs. */
  hasPassed(): boolean {
    return uptime() * 1_000 > this.#untilMs
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}
