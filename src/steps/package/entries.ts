import { lstat, readdir, readlink } from 'node:fs/promises'
import { dirname, isAbsolute, join, normalize } from 'node:path'
import { SaidNo } from '../kit/said-no.ts'

/** More than this are a mistake more often than a package. */
const ENTRIES_MAX = 100_000
/** Of all files, before they are packed. */
const BYTES_MAX = 16 * 1024 ** 3
const DEPTH_MAX = 100

/** What stands in a package: of the file system only what is the same on every machine. */
export type Entry =
  | { readonly kind: 'directory'; readonly name: string }
  | { readonly kind: 'file'; readonly name: string; readonly sizeBytes: number; readonly executable: boolean }
  | { readonly kind: 'link'; readonly name: string; readonly target: string }

/**
 * Everything at and below these paths, in the order of their names, directories before what is in them. Links are not
 * followed; one that leads out of the package would lead anywhere where it is unpacked, so it is refused.
 * @throws SaidNo for what no package may hold.
 */
export async function entriesOf(
  root: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly Entry[]> {
  const entries = new Map<string, Entry>()
  let bytes = 0

  const visit = async (name: string, depth: number): Promise<void> => {
    signal.throwIfAborted()
    if (entries.has(name)) return
    if (depth > DEPTH_MAX)
      throw new SaidNo(`expected at most ${DEPTH_MAX} directories in one another, found ${shown(name)}`)
    const stat = await lstat(join(root, name))
    if (stat.isDirectory()) {
      if (name !== '.') add({ kind: 'directory', name })
      for (const child of (await readdir(join(root, name))).toSorted()) {
        await visit(name === '.' ? child : `${name}/${child}`, depth + 1)
      }
    } else if (stat.isFile()) {
      bytes += stat.size
      if (bytes > BYTES_MAX) throw new SaidNo(`expected files of at most ${BYTES_MAX} bytes in all, found more`)
      add({ kind: 'file', name, sizeBytes: stat.size, executable: (stat.mode & 0o100) !== 0 })
    } else if (stat.isSymbolicLink()) {
      const target = await readlink(join(root, name))
      if (leadsOut(name, target))
        throw new SaidNo(`the link ${shown(name)} leads out of the package: to ${shown(target)}`)
      add({ kind: 'link', name, target })
    } else {
      throw new SaidNo(`expected files, directories and links, found something else: ${shown(name)}`)
    }
  }

  const add = (entry: Entry): void => {
    entries.set(entry.name, entry)
    if (entries.size > ENTRIES_MAX) throw new SaidNo(`expected at most ${ENTRIES_MAX} files in a package, found more`)
  }

  for (const path of paths) await visit(normalize(path).replace(/\/$/, '') || '.', 0)
  return [...entries.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** A `..` behind a name may be behind another link, and that one's parent is anywhere: only those at the beginning are counted. */
const leadsOut = (name: string, target: string): boolean => {
  const parts = target.split('/').filter((part) => part !== '' && part !== '.')
  const named = parts.findIndex((part) => part !== '..')
  if (isAbsolute(target) || (named >= 0 && parts.slice(named).includes('..'))) return true
  return join(dirname(name), target).split('/')[0] === '..'
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 200))
