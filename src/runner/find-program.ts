import { accessSync, constants, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'

/** As execvp(3) looks for it. */
export function findProgram(name: string, path: string): string | undefined {
  for (const directory of path.split(':')) {
    if (!isAbsolute(directory)) continue
    const file = join(directory, name)
    if (isExecutable(file)) return file
  }
  return undefined
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

export const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
