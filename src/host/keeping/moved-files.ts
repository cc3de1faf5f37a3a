import { readdir, readFile, rmdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { parseRunId, type RunId } from '../../model/id.ts'
import { timesPathOf } from '../../model/log-times.ts'
import type { ReportKind } from '../../model/report.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import type { LogSource } from '../app.ts'
import type { Depot, DepotFile } from './depot.ts'
import { ifMissing } from '../file-if-there.ts'
import { timesIn } from '../logs/log-times.ts'
import { Turns } from '../turns.ts'

interface Dependencies {
  readonly depot: Depot
  /** Where each run under way has a directory. */
  readonly logs: string
  /** Where the bytes of an artifact are. */
  readonly artifact: (sha256: string) => string
  readonly now: () => Instant
}

/** Another server may be about to name bytes that this one finds unnamed: those that are fresh are left alone. */
const FRESH_MS: DurationMs = 24 * 3_600_000
/** What is as old as this is put once more when a run names it, so that it is fresh by then. */
const AGED_MS: DurationMs = FRESH_MS / 2

/**
 * Files of runs that have ended, in a depot instead of on disk: `logs/<run>/...` as they were, `artifacts/../<sha256>`,
 * and `named/<sha256>/<run>` for each run that names one, so that the last one to go takes it along without a look at all
 * others. A crash at any point leaves a file in both places, which is the same file, or a name too many.
 */
export class MovedFiles {
  readonly #deps: Dependencies
  /** Bytes are not taken away while they are being named. */
  readonly #turns = new Turns<'files'>()

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /**
   * Everything of a run that has ended, byte by byte as it is; then its directory goes. Artifacts stay on disk as well,
   * until nothing there names them.
   */
  move(runId: RunId): Promise<void> {
    return this.#turns.take('files', async () => {
      const { depot, logs, artifact, now } = this.#deps
      const directory = join(logs, runId)
      const names = await readdir(directory).catch(ifMissing([]))
      for (const sha256 of await namedIn(names, (name) => readFile(join(directory, name), 'utf8'))) {
        await depot.put(markOf(sha256, runId), { text: '' })
        const there = await depot.open(artifactOf(sha256))
        const isHere = await stat(artifact(sha256)).then(() => true, ifMissing(false))
        if (isHere && (there === undefined || there.putAt < now() - AGED_MS)) {
          await depot.put(artifactOf(sha256), { path: artifact(sha256) })
        }
      }
      const sizes = new Map<string, number>()
      for (const name of names) {
        const path = join(directory, name)
        sizes.set(name, (await stat(path)).size)
        await depot.put(fileOf(runId, name), { path })
      }
      for (const [name, size] of sizes) {
        const path = join(directory, name)
        // Someone still writes: it is moved another time.
        if ((await stat(path)).size === size) await unlink(path)
      }
      // A run that was taken up again has new files by now.
      await rmdir(directory).catch(() => undefined)
    })
  }

  /** Everything of a run that nobody knows any more, and the artifacts that only it has named. */
  remove(runId: RunId): Promise<void> {
    return this.#turns.take('files', async () => {
      const { depot, now } = this.#deps
      const names = await this.names(runId)
      const shas = await namedIn(names, async (name) => textOf(await depot.open(fileOf(runId, name))))
      for (const sha256 of shas) {
        await depot.remove([markOf(sha256, runId)])
        if (await hasAny(depot.list(markOf(sha256, '')))) continue
        const file = await depot.open(artifactOf(sha256))
        if (file !== undefined && file.putAt < now() - FRESH_MS) await depot.remove([artifactOf(sha256)])
      }
      // Last: until then a removal that was cut off is found and begun again.
      await depot.remove(names.map((name) => fileOf(runId, name)))
    })
  }

  /** Of which there is anything. */
  async runs(): Promise<readonly RunId[]> {
    return (await all(this.#deps.depot.folders('logs/'))).flatMap((name) => parseRunId(name) ?? [])
  }

  artifact(sha256: string): Promise<DepotFile | undefined> {
    return this.#deps.depot.open(artifactOf(sha256))
  }

  /** Names of the files of a run. */
  async names(runId: RunId): Promise<readonly string[]> {
    const prefix = fileOf(runId, '')
    return (await all(this.#deps.depot.list(prefix))).map((name) => name.slice(prefix.length))
  }

  async report(runId: RunId, node: number, attempt: number, kind: ReportKind): Promise<string | undefined> {
    const file = await this.#deps.depot.open(fileOf(runId, `${node}-${attempt}.${kind}.json`))
    return file === undefined ? undefined : textOf(file)
  }

  /** The log that is on disk as long as it is there, and then the same one in the depot. */
  log(local: Omit<LogSource, 'key'>, runId: RunId, node: number): Omit<LogSource, 'key'> {
    const name = fileOf(runId, `${node}-${local.attempt}.log`)
    let opened: Promise<DepotFile | undefined> | undefined
    const moved = async (): Promise<DepotFile | undefined> => {
      if (!local.ended()) return undefined
      const file = await (opened ??= this.#deps.depot.open(name))
      // It may be on its way there.
      if (file === undefined) opened = undefined
      return file
    }
    return {
      attempt: local.attempt,
      ended: () => local.ended(),
      size: async () => {
        const size = await local.size()
        return size > 0 ? size : ((await moved())?.sizeBytes ?? 0)
      },
      read: async (offset, length) => {
        const piece = await local.read(offset, length)
        if (piece.length > 0 || length <= 0) return piece
        const file = await moved()
        return file === undefined ? piece : bytesOf(file, offset, length)
      },
      times: async (offsets) => {
        if ((await local.size()) > 0) return local.times(offsets)
        const file = local.ended() ? await this.#deps.depot.open(timesPathOf(name)) : undefined
        if (file === undefined) return local.times(offsets)
        const records = { ...file, read: (at: number, length: number) => bytesOf(file, at, length) }
        return timesIn(records, offsets, null)
      },
      async *follow(offset, signal) {
        let at = offset
        if (!local.ended() || (await local.size()) > 0) {
          for await (const piece of local.follow(offset, signal)) {
            at += piece.length
            yield piece
          }
        }
        if (signal.aborted || (await local.size()) > 0) return
        const file = await moved()
        if (file !== undefined && at < file.sizeBytes) yield* file.read(at, file.sizeBytes - at, signal)
      },
    }
  }
}

const fileOf = (runId: RunId, name: string): string => `logs/${runId}/${name}`
const artifactOf = (sha256: string): string => `artifacts/${sha256.slice(0, 2)}/${sha256}`
const markOf = (sha256: string, runId: string): string => `named/${sha256}/${runId}`

async function namedIn(
  names: readonly string[],
  read: (name: string) => Promise<string>,
): Promise<ReadonlySet<string>> {
  const lists = names.filter((name) => name.endsWith('.artifacts.json'))
  const texts = await Promise.all(lists.map(read))
  return new Set(texts.flatMap((text) => text.match(/\b[0-9a-f]{64}\b/g) ?? []))
}

async function all(names: AsyncIterable<string>): Promise<readonly string[]> {
  const found: string[] = []
  for await (const name of names) found.push(name)
  return found
}

async function hasAny(names: AsyncIterable<string>): Promise<boolean> {
  for await (const _ of names) return true
  return false
}

async function bytesOf(file: DepotFile, offset: number, length: number): Promise<Uint8Array> {
  const wanted = Math.max(0, Math.min(length, file.sizeBytes - offset))
  if (wanted === 0) return new Uint8Array()
  const pieces: Uint8Array[] = []
  for await (const piece of file.read(offset, wanted, new AbortController().signal)) pieces.push(piece)
  return Buffer.concat(pieces)
}

const textOf = async (file: DepotFile | undefined): Promise<string> =>
  file === undefined ? '' : Buffer.from(await bytesOf(file, 0, file.sizeBytes)).toString('utf8')
