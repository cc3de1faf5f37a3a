import { open, type FileHandle } from 'node:fs/promises'

/** To be read; undefined when there is no such file. */
export function openIfThere(path: string): Promise<FileHandle | undefined> {
  return open(path, 'r').catch(ifMissing(undefined))
}

/** For `catch`: this in place of the error that there is no such file or directory. Other errors go on. */
export const ifMissing =
  <Instead>(instead: Instead) =>
  (error: unknown): Instead => {
    if (isMissing(error)) return instead
    throw error
  }

export const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'
