import { createHash, type Hash } from 'node:crypto'
import { appendFile, mkdir, open, readFile, rename, rm, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ARTIFACT_BYTES_MAX } from '../../model/artifact.ts'
import type { Json } from '../../model/json.ts'
import { timeRecord, timesPathOf } from '../../model/log-times.ts'
import type { ReportKind } from '../../model/report.ts'
import {
  REPORT_BYTES_MAX,
  refText,
  type AttemptRef,
  type Received,
  type RunnerAnswer,
  type RunnerRefusal,
} from '../../model/runner.ts'
import type { Piece } from '../app.ts'
import { artifactsOf, isReport } from '../reports/report-shapes.ts'
import { Turns } from '../turns.ts'

/** Where files of attempts are. Ids are hex and the rest are integers, so no name is made by a runner. */
export interface AttemptFiles {
  log(attempt: AttemptRef): string
  report(attempt: AttemptRef, kind: ReportKind): string
  artifact(sha256: string): string
  /** Directory of what has not come whole yet; of nobody else. */
  readonly parts: string
}

/** A file that comes in pieces. */
interface Part {
  readonly path: string
  readonly file: FileHandle
  readonly hash: Hash
  readonly total: number
  size: number
}

/** Files of one runner that may be under way at once. */
const PARTS_MAX = 256
/** Artifacts of one runner that are remembered as having come from it. */
const PROVEN_MAX = 10_000

/**
 * What runners on other machines send: logs, piece by piece into the files that readers follow, and reports and
 * artifacts, which have their place only when they are whole and on disk. The rights to do so are looked at before.
 */
export class Uploads {
  readonly #files: AttemptFiles
  readonly #logMaxBytes: number
  readonly #turns = new Turns<string>()
  readonly #parts = new Map<string, Map<string, Part>>()
  /** SHA-256 and size of the artifacts whose bytes a runner has sent us: it may name only these. */
  readonly #proven = new Map<string, Map<string, number>>()
  readonly #onDefect: (error: unknown) => void
  #swept: Promise<void> | undefined
  /** Said once, and again when there was room meanwhile. */
  #isFull = false

  constructor(files: AttemptFiles, logMaxBytes: number, onDefect: (error: unknown) => void) {
    this.#files = files
    this.#logMaxBytes = logMaxBytes
    this.#onDefect = onDefect
  }

  /** What runners have sent last found no room here: they send it until it does. */
  get isFull(): boolean {
    return this.#isFull
  }

  /**
   * Appends what is new of the bytes, and notes when; what is there already is passed over, so a piece may come twice.
   */
  log(ref: AttemptRef, offset: number, bytes: Uint8Array): Promise<RunnerAnswer<Received>> {
    return this.#take(refText(ref), `the log of ${refText(ref)}`, async () => {
      const path = this.#files.log(ref)
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const file = await open(path, 'a', 0o600)
      try {
        const { size } = await file.stat()
        if (offset > size) return refuse('offset', `the log has ${size} bytes, found a piece from ${offset}`, size)
        const fresh = bytes.subarray(size - offset)
        if (size + fresh.length > this.#logMaxBytes) {
          return refuse('too_large', `a log may have ${this.#logMaxBytes} bytes`, size)
        }
        if (fresh.length > 0) {
          await file.appendFile(fresh)
          const { size: now, mtimeMs } = await file.stat()
          await appendFile(timesPathOf(path), timeRecord({ size: now, at: Math.round(mtimeMs) }), { mode: 0o600 })
        }
        return taken({ size: size + fresh.length })
      } finally {
        await file.close()
      }
    })
  }

  /** How much there is of a log. */
  logSize(ref: AttemptRef): Promise<number> {
    return stat(this.#files.log(ref)).then(
      ({ size }) => size,
      () => 0,
    )
  }

  /** Waits until the log is on disk. @returns `incomplete` when it has less than `logBytes`. */
  finishLog(ref: AttemptRef, logBytes: number): Promise<RunnerAnswer<null>> {
    return this.#take(refText(ref), `the log of ${refText(ref)}`, async () => {
      const size = await this.logSize(ref)
      // What is beyond the limit nobody asks for.
      if (size < Math.min(logBytes, this.#logMaxBytes)) {
        return refuse('incomplete', `the log has ${size} of ${logBytes} bytes`, size)
      }
      if (size > 0) await sync(this.#files.log(ref))
      return taken(null)
    })
  }

  artifact(owner: string, sha256: string, piece: Piece): Promise<RunnerAnswer<Received>> {
    const name = `artifact-${sha256}`
    return this.#take(`${owner}/${name}`, `the artifact ${sha256}`, async () => {
      if (this.#proven.get(owner)?.get(sha256) === piece.total) return taken({ size: piece.total })
      const received = await this.#receive(owner, name, piece, ARTIFACT_BYTES_MAX)
      if (!received.ok || received.value === 'more') return this.#sizeOf(owner, name, received)
      const { path, hash } = received.value
      if (hash.digest('hex') !== sha256) {
        await unlink(path)
        return refuse('mismatch', 'the bytes have another SHA-256 than was said')
      }
      await place(path, this.#files.artifact(sha256))
      const proven = this.#proven.get(owner) ?? new Map<string, number>()
      if (proven.size >= PROVEN_MAX) proven.clear()
      this.#proven.set(owner, proven.set(sha256, piece.total))
      return taken({ size: piece.total })
    })
  }

  report(owner: string, ref: AttemptRef, kind: ReportKind, piece: Piece): Promise<RunnerAnswer<Received>> {
    const name = `${refText(ref).replaceAll('/', '-')}-${kind}`
    return this.#take(`${owner}/${name}`, `the report ${kind} of ${refText(ref)}`, async () => {
      const received = await this.#receive(owner, name, piece, REPORT_BYTES_MAX)
      if (!received.ok || received.value === 'more') return this.#sizeOf(owner, name, received)
      const { path } = received.value
      const wrong = this.#wrongIn(owner, kind, jsonOf(await readFile(path, 'utf8')))
      if (wrong !== undefined) {
        await unlink(path)
        return wrong
      }
      await place(path, this.#files.report(ref, kind))
      return taken({ size: piece.total })
    })
  }

  /** How much there is of a file that comes in pieces. */
  artifactSize(owner: string, sha256: string): number {
    return this.#proven.get(owner)?.get(sha256) ?? this.#parts.get(owner)?.get(`artifact-${sha256}`)?.size ?? 0
  }

  /** The runner is gone: what it has not sent whole goes. */
  async forget(owner: string): Promise<void> {
    const parts = [...(this.#parts.get(owner)?.values() ?? [])]
    this.#parts.delete(owner)
    this.#proven.delete(owner)
    await Promise.all(parts.map(discard))
  }

  #wrongIn(owner: string, kind: ReportKind, value: Json | undefined): ReturnType<typeof refuse> | undefined {
    if (value === undefined || !isReport[kind](value)) return refuse('mismatch', `that is no report of kind ${kind}`)
    if (kind !== 'artifacts') return undefined
    const proven = this.#proven.get(owner)
    const missing = artifactsOf(value).find(({ sha256, sizeBytes }) => proven?.get(sha256) !== sizeBytes)
    return missing === undefined
      ? undefined
      : refuse('incomplete', `the bytes of ${missing.sha256} have not been sent by this runner`)
  }

  /** Takes a piece. @returns the whole file, once it is that, or `more`. */
  async #receive(
    owner: string,
    name: string,
    { offset, total, bytes }: Piece,
    max: number,
  ): Promise<RunnerAnswer<Part | 'more'>> {
    if (total > max) return refuse('too_large', `expected at most ${max} bytes, found ${total}`)
    const known = this.#parts.get(owner)?.get(name)
    const part = known?.total === total && offset <= known.size ? known : undefined
    if (part === undefined && offset > 0) {
      const size = known?.size ?? 0
      return refuse('offset', `the file has ${size} bytes here, found a piece from ${offset}`, size)
    }
    const open = part ?? (await this.#begin(owner, name, total))
    if (open === undefined) return refuse('unavailable', `more than ${PARTS_MAX} files of one runner are under way`)
    const fresh = bytes.subarray(open.size - offset)
    if (open.size + fresh.length > total) return refuse('too_large', `expected ${total} bytes, found more`)
    await writeAt(open.file, fresh, open.size)
    // Only what is there counts: a piece that found no room comes again.
    open.hash.update(fresh)
    open.size += fresh.length
    if (open.size < total) return taken('more')
    this.#parts.get(owner)?.delete(name)
    try {
      // Where this fails nobody knows what is on disk (fsync(2)): it is sent anew.
      await open.file.sync()
    } catch (error) {
      await discard(open)
      throw error
    }
    await open.file.close()
    return taken(open)
  }

  /** As {@link Turns.take}; where there is no room the runner is told what that keeps from being stored, and sends it later. */
  async #take<Value>(
    key: string,
    what: string,
    work: () => Promise<RunnerAnswer<Value>>,
  ): Promise<RunnerAnswer<Value>> {
    try {
      const answer = await this.#turns.take(key, work)
      this.#isFull = false
      return answer
    } catch (error) {
      if (!isDiskFull(error)) throw error
      const reason = `the server has no room for ${what}: ${error.message}`
      if (!this.#isFull) this.#onDefect(new Error(`${reason}; its runner sends it until there is`, { cause: error }))
      this.#isFull = true
      return refuse('unavailable', reason)
    }
  }

  async #begin(owner: string, name: string, total: number): Promise<Part | undefined> {
    const parts = this.#parts.get(owner) ?? new Map<string, Part>()
    this.#parts.set(owner, parts)
    const before = parts.get(name)
    if (before !== undefined) {
      parts.delete(name)
      await discard(before)
    }
    if (parts.size >= PARTS_MAX) return undefined
    // What an earlier server had of files is of no use: nobody knows their hash so far.
    await (this.#swept ??= rm(this.#files.parts, { recursive: true, force: true }))
    await mkdir(this.#files.parts, { recursive: true, mode: 0o700 })
    const path = join(this.#files.parts, `${owner}-${name}`)
    const part: Part = { path, file: await open(path, 'w', 0o600), hash: createHash('sha256'), total, size: 0 }
    parts.set(name, part)
    return part
  }

  #sizeOf(owner: string, name: string, received: RunnerAnswer<unknown>): RunnerAnswer<Received> {
    return received.ok ? taken({ size: this.#parts.get(owner)?.get(name)?.size ?? 0 }) : received
  }
}

async function discard({ file, path }: Part): Promise<void> {
  await file.close().catch(() => undefined)
  await rm(path, { force: true })
}

/** All of it or an error: then what has come so far counts for nothing, and the next one is written over it. */
async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

/** No room on the device, or the user's share of it is used up. */
const isDiskFull = (error: unknown): error is Error =>
  error instanceof Error && ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')

/** From then on it is there for everybody: its bytes and its name are on disk. Where it has no place it goes, and is sent anew. */
async function place(from: string, to: string): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true, mode: 0o700 })
    await rename(from, to)
  } catch (error) {
    await rm(from, { force: true })
    throw error
  }
  await sync(dirname(to))
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

function jsonOf(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

const taken = <Value>(value: Value): RunnerAnswer<Value> => ({ ok: true, value })

const refuse = (
  code: RunnerRefusal['code'],
  message: string,
  size?: number,
): { readonly ok: false; readonly refusal: RunnerRefusal } => ({
  ok: false,
  refusal: { code, message, ...(size === undefined ? undefined : { size }) },
})
