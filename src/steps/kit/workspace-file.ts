import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'

/** Files of a workspace: made by the work that ran there, so they may be anything: a link, a pipe, a gigabyte. */

/** The real path of what a name in `directory` means, or undefined when it, or a link on the way, leads out. */
export function insideOf(directory: string, name: string): string | undefined {
  if (isAbsolute(name) || name.includes('\0')) return undefined
  try {
    const root = realpathSync(directory)
    // Of the last part only the place is asked for: a link there is told when it is opened.
    const path = join(root, name)
    const real = path === root ? root : join(realpathSync(dirname(path)), basename(path))
    const inner = relative(root, real)
    return inner === '..' || inner.startsWith('../') || isAbsolute(inner) ? undefined : real
  } catch {
    return undefined
  }
}

export type FileRead =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly why: 'missing' | 'no-file' | 'too-large' }

export function readSmallFile(path: string, bytesMax: number): FileRead {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    return { ok: false, why: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'no-file' }
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return { ok: false, why: 'no-file' }
    if (stat.size > bytesMax) return { ok: false, why: 'too-large' }
    return { ok: true, bytes: readFileSync(fd) }
  } finally {
    closeSync(fd)
  }
}

/** The first bytes of a regular file; empty when it is none. */
export function readStart(path: string, bytesMax: number): Uint8Array {
  const buffer = Buffer.alloc(bytesMax)
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return new Uint8Array()
  }
  try {
    return fstatSync(fd).isFile() ? buffer.subarray(0, readSync(fd, buffer, 0, bytesMax, 0)) : new Uint8Array()
  } finally {
    closeSync(fd)
  }
}
