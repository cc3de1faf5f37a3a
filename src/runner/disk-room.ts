import { statfsSync } from 'node:fs'
import { getuid } from 'node:process'

/** A file system with less is full: programs that failed there failed for it. */
const FULL_BYTES = 64 * 1024

/** Errors of the system that mean it: no room on the device, or the user's share of it is used up. */
const FULL_CODES: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT'])

export const isDiskFullCode = (code: string | undefined): boolean => FULL_CODES.has(code)

export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && isDiskFullCode((error as NodeJS.ErrnoException).code)

/** What another process of ours has met, with the code that it was told. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull'
  readonly code: string
  constructor(message: string, code: string) {
    super(message)
    this.code = code
  }
}

/** @returns what is full, for people: the first of the directories whose file system has no room; undefined: none. */
export function fullDisk(directories: Readonly<Record<string, string>>): string | undefined {
  for (const [what, directory] of Object.entries(directories)) {
    try {
      const { bsize, bfree, bavail, blocks, files, ffree } = statfsSync(directory)
      const freeBytes = bsize * (getuid?.() === 0 ? bfree : bavail)
      if (freeBytes < FULL_BYTES) return `${what} has no room left, of ${mebibytes(bsize * blocks)} in all`
      // Some file systems count no files at all.
      if (files > 0 && ffree === 0) return `${what} has room, but no file more can be made, ${files} are there`
    } catch {
      // It is not there, or does not tell.
    }
  }
  return undefined
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`
