import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, realpath, rename, rm } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { CannotStart } from '../step.ts'
import type { Carrier, Parcel } from './carrier.ts'
import type { DistributeInput } from './spec.ts'

/** Each file is there whole or not at all: written beside its place, fsynced, then renamed. */
export async function toDirectory({ path }: NonNullable<DistributeInput['directory']>): Promise<Carrier> {
  const directory = await allowedDirectory(path, (process.env['MILLRACE_DISTRIBUTE_TO'] ?? '').split(':'))
  return async ({ name, path: from }: Parcel, signal) => {
    const fresh = join(directory, `.${name.slice(0, 100)}.${randomUUID()}`)
    const to = join(directory, name)
    try {
      const file = await open(fresh, 'wx', 0o644)
      try {
        await pipeline(createReadStream(from), file.createWriteStream({ flush: true }), { signal })
      } finally {
        await file.close()
      }
      await rename(fresh, to)
    } catch (error) {
      await rm(fresh, { force: true })
      throw error
    }
    return to
  }
}

/** @throws CannotStart when it is, or by a link leads, outside of what is allowed. */
async function allowedDirectory(path: string, allowed: readonly string[]): Promise<string> {
  const roots = allowed.filter((root) => isAbsolute(root))
  const [first] = roots
  if (first === undefined) throw new CannotStart('MILLRACE_DISTRIBUTE_TO on the runner allows no directory')
  const refused = new CannotStart(
    `${JSON.stringify(path)} is not below a directory that MILLRACE_DISTRIBUTE_TO on the runner allows`,
  )
  const wanted = isAbsolute(path) ? resolve(path) : resolve(first, path)
  const root = roots.find((one) => isBelow(resolve(one), wanted))
  if (root === undefined || path.includes('\0')) throw refused
  await mkdir(root, { recursive: true })
  // As far as it is there already it may not lead out, and what is made below that does not.
  const realRoot = await realpath(root)
  for (let at = wanted; at !== resolve(root); at = resolve(at, '..')) {
    const real = await realpath(at).catch(() => undefined)
    if (real === undefined) continue
    if (!isBelow(realRoot, real)) throw refused
    break
  }
  await mkdir(wanted, { recursive: true })
  const real = await realpath(wanted)
  if (!isBelow(realRoot, real)) throw refused
  return real
}

function isBelow(root: string, path: string): boolean {
  const inner = relative(root, path)
  return inner !== '..' && !inner.startsWith('../') && !isAbsolute(inner)
}
