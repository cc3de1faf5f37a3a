import { createReadStream, createWriteStream } from 'node:fs'
import { lstat, mkdir, readdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip, constants } from 'node:zlib'
import { extract, type Headers, pack, type Pack } from 'tar-stream'
import { syncFile } from '../store/sqlite/private-file.ts'
import { StoreError } from '../store/store.ts'

/** A backup as a file: a tar of a few known names, in this order. */

/** What of the data directory goes in besides the store: files that runs have left, and the samples' repository. */
export const FOLDERS = ['logs', 'artifacts', 'samples'] as const

const TOP = new Set<string>(['backup.json', 'millrace.db', 'secret.key', ...FOLDERS])
const SEGMENT = /^(?!\.{1,2}$)[\w.+@=,~-]{1,255}$/
const DEPTH_MAX = 16

/** Whether a name of an archive may be made on disk: below a known name, and never above the directory. */
export function isSafeName(name: string): boolean {
  const segments = name.split('/')
  return (
    TOP.has(segments[0] ?? '') && segments.length <= DEPTH_MAX && segments.every((segment) => SEGMENT.test(segment))
  )
}

const isZipped = (path: string): boolean => path.endsWith('gz')

/** Where the parts of an archive are put. */
export interface ArchiveWriter {
  text(name: string, text: string): Promise<void>
  /** As much as there is now: logs may grow meanwhile. One that is gone is passed over. */
  file(name: string, path: string): Promise<void>
  /** With all in it, however deep; passed over when it is not there. Only plain files and directories. */
  folder(name: string, path: string): Promise<void>
}

/**
 * Makes `path` of what `fill` puts in, for its owner only; the file is there when it is whole and on the disk.
 * @throws StoreError `conflict` when there is such a file
 */
export async function writeArchive(path: string, fill: (writer: ArchiveWriter) => Promise<void>): Promise<void> {
  const part = `${path}.part`
  const out = createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true })
  const tar = pack()
  const sunk = isZipped(path) ? pipeline(tar, createGzip({ level: constants.Z_BEST_SPEED }), out) : pipeline(tar, out)
  try {
    await Promise.race([fill(writerOf(tar)), sunk])
    tar.finalize()
    await sunk
  } catch (error) {
    tar.destroy()
    await sunk.catch(() => {})
    throw error
  }
  await rename(part, path)
  syncFile(dirname(path))
}

function writerOf(tar: Pack): ArchiveWriter {
  const file = async (name: string, path: string): Promise<void> => {
    const stats = await lstat(path).catch(goneIsNothing)
    if (stats === undefined || !stats.isFile()) return
    const entry = tar.entry({ name, size: stats.size, mode: stats.mode & 0o700, mtime: stats.mtime })
    if (stats.size === 0) entry.end()
    else await pipeline(createReadStream(path, { end: stats.size - 1 }), entry)
  }
  const folder = async (name: string, path: string): Promise<void> => {
    const found = await readdir(path, { withFileTypes: true }).catch(goneIsNothing)
    if (found === undefined) return
    tar.entry({ name, type: 'directory', mode: 0o700 })
    for (const each of found.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = `${name}/${each.name}`
      // What we did not make is left alone.
      if (!isSafeName(inner)) continue
      if (each.isDirectory()) await folder(inner, join(path, each.name))
      else await file(inner, join(path, each.name))
    }
  }
  return {
    text: async (name, text) => {
      tar.entry({ name, mode: 0o600 }, text)
    },
    file,
    folder,
  }
}

/**
 * Puts the parts of an archive below a directory.
 * @throws StoreError `corrupt` when it is none of ours, or not whole
 */
export async function readArchive(path: string, directory: string, onFile: (name: string) => void): Promise<void> {
  const tar = extract()
  const source: Readable = createReadStream(path)
  const read = isZipped(path) ? pipeline(source, createGunzip(), tar) : pipeline(source, tar)
  // Told by the loop below.
  read.catch(() => {})
  try {
    for await (const entry of tar) {
      await put(entry.header, entry, directory)
      onFile(entry.header.name)
    }
    await read
  } catch (error) {
    if (error instanceof StoreError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new StoreError('corrupt', `${path} cannot be read as a backup: ${message}`, { cause: error })
  }
}

async function put(header: Headers, content: Readable, directory: string): Promise<void> {
  const name = header.name.replace(/\/$/, '')
  if (!isSafeName(name)) throw new StoreError('corrupt', `a backup has nothing called ${JSON.stringify(header.name)}`)
  const path = join(directory, name)
  if (header.type === 'directory') {
    await mkdir(path, { recursive: true, mode: 0o700 })
    content.resume()
    return
  }
  if (header.type !== 'file') {
    throw new StoreError('corrupt', `a backup has no ${String(header.type)}, such as ${JSON.stringify(header.name)}`)
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const mode = 0o600 | ((header.mode ?? 0) & 0o100)
  // Each name comes once.
  await pipeline(content, createWriteStream(path, { flags: 'wx', mode, flush: true }))
}

function goneIsNothing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
    return undefined
  throw error
}
