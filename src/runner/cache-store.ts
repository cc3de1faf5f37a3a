import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { writeDurably } from './durable-file.ts'

/** One saved cache: a tar archive, and a file that tells its key. */
export interface Entry {
  readonly key: string
  readonly sizeBytes: number
  /** Of the archive. */
  readonly path: string
  /** Milliseconds since 1970: the last time that it was saved or restored. */
  readonly usedAt: number
}

/**
 * Archives by scope and key, in a directory for each scope. What is there is whole: it gets its name when it is on disk.
 * What was not used for longest goes when there is more than `maxBytes` in all.
 */
export class CacheStore {
  readonly #directory: string
  readonly #maxBytes: number

  constructor(directory: string, maxBytes: number) {
    this.#directory = directory
    this.#maxBytes = maxBytes
  }

  /** The one with this key, or else the newest with the first of the prefixes that any has; it counts as used. */
  async find(scope: string, key: string, prefixes: readonly string[]): Promise<Entry | undefined> {
    const exact = await this.#entry(this.#archive(scope, key))
    const found = exact?.key === key ? exact : await this.#newest(scope, prefixes)
    const now = new Date()
    // It may have been evicted meanwhile: whoever opens it finds out.
    if (found !== undefined) await utimes(found.path, now, now).catch(() => undefined)
    return found
  }

  async has(scope: string, key: string): Promise<boolean> {
    return (await this.#entry(this.#archive(scope, key))) !== undefined
  }

  /** A file to make an archive in, for {@link save} or {@link drop}. */
  async fresh(): Promise<string> {
    const directory = join(this.#directory, 'new')
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const path = join(directory, randomUUID())
    // For us alone, also when another program fills it.
    await writeFile(path, '', { mode: 0o600, flag: 'wx' })
    return path
  }

  async drop(fresh: string): Promise<void> {
    await unlink(fresh).catch(() => undefined)
  }

  /**
   * Takes a fresh archive in. The first one under a key stays.
   * @returns its size, or undefined when it is larger than all may be; then it is gone.
   */
  async save(scope: string, key: string, fresh: string): Promise<number | undefined> {
    const { size } = await stat(fresh)
    if (size > this.#maxBytes) {
      await this.drop(fresh)
      return undefined
    }
    const archive = this.#archive(scope, key)
    await mkdir(join(this.#directory, basename(scope)), { recursive: true, mode: 0o700 })
    await sync(fresh)
    await writeDurably(`${archive}.json`, JSON.stringify({ key, sizeBytes: size }))
    await rename(fresh, archive)
    await this.#evict()
    return size
  }

  #archive(scope: string, key: string): string {
    return join(this.#directory, basename(scope), sha256(key))
  }

  async #newest(scope: string, prefixes: readonly string[]): Promise<Entry | undefined> {
    if (prefixes.length === 0) return undefined
    const entries = await this.#entriesOf(basename(scope))
    for (const prefix of prefixes) {
      const [newest] = entries
        .filter(({ key }) => key.startsWith(prefix))
        .toSorted((left, right) => right.usedAt - left.usedAt)
      if (newest !== undefined) return newest
    }
    return undefined
  }

  async #entriesOf(scope: string): Promise<readonly Entry[]> {
    const directory = join(this.#directory, scope)
    const names = await readdir(directory).catch(() => [])
    const archives = names.filter((name) => /^[0-9a-f]{64}$/.test(name))
    const entries = await Promise.all(archives.map((name) => this.#entry(join(directory, name))))
    return entries.filter((entry) => entry !== undefined)
  }

  async #entry(path: string): Promise<Entry | undefined> {
    try {
      const [{ size, mtimeMs }, text] = await Promise.all([stat(path), readFile(`${path}.json`, 'utf8')])
      const { key, sizeBytes } = JSON.parse(text) as { readonly key?: unknown; readonly sizeBytes?: unknown }
      // Not every archive that was cut off looks so to tar.
      return typeof key === 'string' && sizeBytes === size ? { key, sizeBytes: size, path, usedAt: mtimeMs } : undefined
    } catch {
      // Not there, going, or broken: the same for who looks for it.
      return undefined
    }
  }

  async #evict(): Promise<void> {
    const scopes = (await readdir(this.#directory)).filter((name) => name !== 'new')
    const entries = (await Promise.all(scopes.map((scope) => this.#entriesOf(scope)))).flat()
    let total = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    for (const { path, sizeBytes } of entries.toSorted((left, right) => left.usedAt - right.usedAt)) {
      if (total <= this.#maxBytes) return
      // The archive first: without it the other file is nothing.
      await rm(path, { force: true })
      await rm(`${path}.json`, { force: true })
      total -= sizeBytes
    }
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Of the content of these files, in this order: 16 hex digits. A file that is not there counts as empty. */
export async function hashFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined)
    hash.update(`${basename(path)}\0${found?.isFile() === true ? found.size : -1}\0`)
    if (found?.isFile() === true) for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  }
  return hash.digest('hex').slice(0, 16)
}
