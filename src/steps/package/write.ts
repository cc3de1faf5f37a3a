import { createWriteStream } from 'node:fs'
import { constants, open } from 'node:fs/promises'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack, type Pack } from 'tar-stream'
import { ZipFile } from 'yazl'
import { SaidNo } from '../kit/said-no.ts'
import { join } from 'node:path'
import type { Entry } from './entries.ts'

/**
 * The same entries give the same bytes, on any machine at any time: their order is that of the list, and owners, times
 * and all of the mode but the right to be run are left out (https://reproducible-builds.org/docs/archives/).
 */

const FILE = 0o644
const EXECUTABLE = 0o755
const LINK = 0o777

export type Format = 'tar.gz' | 'zip'

export async function writePackage(
  format: Format,
  path: string,
  root: string,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<void> {
  if (format === 'zip') await writeZip(path, root, entries, signal)
  else await writeTar(path, root, entries, signal)
}

async function writeTar(path: string, root: string, entries: readonly Entry[], signal: AbortSignal): Promise<void> {
  const tar = pack()
  const written = pipeline(tar, createGzip({ level: 6 }), createWriteStream(path, { mode: 0o600 }), { signal })
  // It may fail while nobody waits for it, as when there is no room.
  written.catch(() => undefined)
  try {
    for (const entry of entries) await addToTar(tar, root, entry, signal)
    tar.finalize()
  } catch (error) {
    tar.destroy(error as Error)
    // What ended it first is what it says, and not that it was closed.
    await written
    throw error
  }
  await written
}

const EPOCH = new Date(0)

async function addToTar(tar: Pack, root: string, entry: Entry, signal: AbortSignal): Promise<void> {
  const header = { mtime: EPOCH, uid: 0, gid: 0, uname: '', gname: '' }
  switch (entry.kind) {
    case 'directory':
      tar.entry({ ...header, name: `${entry.name}/`, type: 'directory', mode: EXECUTABLE })
      return
    case 'link':
      tar.entry({ ...header, name: entry.name, type: 'symlink', linkname: entry.target, mode: LINK })
      return
    case 'file': {
      const mode = entry.executable ? EXECUTABLE : FILE
      const to = tar.entry({ ...header, name: entry.name, type: 'file', size: entry.sizeBytes, mode })
      await pipeline(bytesOf(root, entry), to, { signal })
    }
  }
}

async function writeZip(path: string, root: string, entries: readonly Entry[], stop: AbortSignal): Promise<void> {
  for (const { name } of entries) refuseForZip(name)
  const zip = new ZipFile()
  // Whatever goes wrong ends all of it: no file stays open for a reader who is gone.
  const ended = new AbortController()
  const signal = AbortSignal.any([stop, ended.signal])
  const failed = new Promise<never>((_, reject) => zip.once('error', reject))
  const written = pipeline(zip.outputStream as Readable, createWriteStream(path, { mode: 0o600 }), { signal })
  // The time of a ZIP is that of a wall clock, without a zone: the first that it can name, whatever the zone is here.
  const common = { mtime: new Date(1980, 0, 1), forceDosTimestamp: true }
  for (const entry of entries) {
    switch (entry.kind) {
      case 'directory':
        zip.addEmptyDirectory(entry.name, { ...common, mode: 0o040000 | EXECUTABLE })
        break
      case 'link':
        zip.addBuffer(Buffer.from(entry.target), entry.name, { ...common, mode: 0o120000 | LINK })
        break
      case 'file': {
        const mode = 0o100000 | (entry.executable ? EXECUTABLE : FILE)
        zip.addReadStreamLazy(entry.name, { ...common, mode, size: entry.sizeBytes }, (callback) => {
          const from = new PassThrough()
          pipeline(bytesOf(root, entry), from, { signal }).catch((error: Error) => zip.emit('error', error))
          callback(null, from)
        })
      }
    }
  }
  zip.end()
  try {
    await Promise.race([written, failed])
  } finally {
    ended.abort()
  }
}

/** MS-DOS still owns these names, whatever ending they have ("Naming Files" of Microsoft's documentation). */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i

/** A ZIP is for any system, and there it must mean what it means here. */
function refuseForZip(name: string): void {
  const wrong =
    /[\p{Cc}\\:*?"<>|]/u.test(name) || name.split('/').some((part) => DEVICE.test(part) || /[ .]$/.test(part))
  if (wrong)
    throw new SaidNo(`a ZIP cannot hold a file of this name for every system: ${JSON.stringify(name.slice(0, 200))}`)
}

/** Exactly as many bytes as it had when it was listed: one that changes meanwhile would tear the package. */
async function* bytesOf(root: string, entry: Extract<Entry, { kind: 'file' }>): AsyncGenerator<Uint8Array> {
  const file = await open(join(root, entry.name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    let left = entry.sizeBytes
    while (left > 0) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(left, 256 * 1024)))
      if (bytesRead === 0) throw new SaidNo(`${JSON.stringify(entry.name)} became shorter while it was packed`)
      left -= bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
