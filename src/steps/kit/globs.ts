import { glob, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { CannotStart } from '../step.ts'

/** @throws CannotStart when it is no directory inside of the workspace, also by a link. */
export async function directoryIn(workspace: string, path: string): Promise<string> {
  const root = await realpath(workspace)
  const real =
    isAbsolute(path) || path.includes('\0') ? undefined : await realpath(join(root, path)).catch(() => undefined)
  if (real === undefined || leadsOut(relative(root, real))) {
    throw new CannotStart(`there is no directory ${JSON.stringify(path)} in the workspace`)
  }
  return real
}

/** Whether a relative path begins outside of what it is relative to. */
const leadsOut = (path: string): boolean => isAbsolute(path) || path === '..' || path.startsWith(`..${sep}`)

/**
 * What the patterns find below `root`, as paths relative to it, in order and each once. What is behind a link that
 * leads out of `root` is not found; a link itself is.
 * @throws CannotStart for a pattern that leads out, and for more than `max` paths.
 */
export async function findPaths(
  root: string,
  patterns: readonly string[],
  max: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = new Set<string>()
  const inside = new Map<string, boolean>()
  for (const pattern of patterns) {
    if (isAbsolute(pattern) || pattern.split(/[\\/]/).includes('..') || pattern.includes('\0')) {
      throw new CannotStart(`expected a path inside the workspace, found ${JSON.stringify(pattern)}`)
    }
    for await (const path of glob(pattern, { cwd: root })) {
      signal.throwIfAborted()
      const directory = join(root, path, '..')
      const isIn = inside.get(directory) ?? (await isInside(root, directory))
      inside.set(directory, isIn)
      if (!isIn) continue
      found.add(path)
      if (found.size > max) throw new CannotStart(`expected at most ${max} files, found more`)
    }
  }
  return [...found].toSorted((a, b) => (a < b ? -1 : Number(a > b)))
}

async function isInside(root: string, directory: string): Promise<boolean> {
  // A pattern may mean the root itself; above it is only the name that it has there.
  if (relative(root, directory) === '..') return true
  const real = await realpath(directory).catch(() => undefined)
  return real !== undefined && !leadsOut(relative(root, real))
}
