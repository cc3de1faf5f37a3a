import { open, readFile, rm, stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Artifact } from '../../model/artifact.ts'
import { REPORT_KINDS } from '../../model/report.ts'
import type { RunnerRefusalCode, RunnerReport } from '../../model/runner.ts'
import type { DurationMs } from '../../model/time.ts'
import { artifactPath, type RunnerPaths } from '../paths.ts'
import type { Held } from './held.ts'
import { isSize, type Wire, type WireAnswer } from './wire.ts'

export interface SenderSetting {
  readonly wire: Wire
  readonly paths: RunnerPaths
  /** Longest piece that the server takes. */
  readonly chunkBytes: () => number
  readonly timeoutMs: () => DurationMs
  /** Nothing more is tried. */
  readonly stop: AbortSignal
  readonly onNotice: (sentence: string) => void
}

/** How often a log is looked at for more: readers see it that late. */
const LOOK_MS = 100
const RETRY_MS = [100, 200, 400, 800, 1_600] as const
/** A line that is so slow that this much does not get through in time is no line. */
const PIECE_MIN_BYTES = 16 * 1_024

/** They are about the runner, not about the attempt: its next poll is told, too, and greets the server anew or ends. */
const OF_THE_RUNNER: readonly RunnerRefusalCode[] = ['hello_again', 'superseded', 'unauthenticated', 'protocol']

/** Why something could not be sent that the server will not take the next time either. */
class Refused extends Error {}

/** What the server gets of attempts: the log while it is written, then the reports, then the end. */
export class Sender {
  readonly #setting: SenderSetting
  #pieceBytes = Number.POSITIVE_INFINITY
  /** Attempts of which it was said that the server cannot store what is sent of them. */
  readonly #waiting = new WeakSet<Held>()

  constructor(setting: SenderSetting) {
    this.#setting = setting
  }

  /** Resolves when the server has taken its end, or does not want to hear of it; never rejects. */
  async follow(held: Held): Promise<void> {
    try {
      let sent = await this.#log(held, 0)
      for (let round = 0; held.ended !== undefined && !held.forgotten && !this.#setting.stop.aborted; round += 1) {
        const { result, logBytes } = held.ended
        await this.#reports(held)
        const last: RunnerReport =
          held.lost === null ? { result, logBytes } : { result: { kind: 'lost', reason: held.lost }, logBytes }
        const answer = await this.#send(held, 'POST', 'end', last)
        if (answer === undefined || answer.kind === 'ok') break
        if (answer.refusal.code !== 'incomplete') throw new Refused(answer.refusal.message)
        await this.#pause(round)
        sent = await this.#log(held, answer.refusal.size ?? sent)
      }
    } catch (error) {
      await this.#giveUp(held, error instanceof Error ? error.message : String(error))
    }
    await this.#remove(held)
  }

  /** The server has refused what it was told, or it cannot be read here: then that is how the attempt ended. */
  async #giveUp(held: Held, reason: string): Promise<void> {
    this.#setting.onNotice(`Attempt ${held.name} could not be reported: ${reason}.`)
    while (held.ended === undefined && !held.forgotten && !this.#setting.stop.aborted) await held.change(LOOK_MS)
    const failure = { kind: 'internal', reason: `it could not be reported: ${reason}`.slice(0, 1_000) } as const
    const last: RunnerReport = { result: { kind: 'failed', failure, outputs: null }, logBytes: 0 }
    await this.#send(held, 'POST', 'end', last)
  }

  /** Follows the log to its end. @returns how much of it was sent. */
  async #log(held: Held, from: number): Promise<number> {
    const path = this.#setting.paths.log(held.job)
    for (let [sent, idle] = [from, 0]; ;) {
      // Asked before the file is: what was written until then is then seen.
      const isLast = held.ended !== undefined
      if (held.forgotten) return sent
      const piece = await this.#pieceOf(path, sent)
      if (piece.length > 0) {
        const answer = await this.#send(held, 'PUT', `log?offset=${sent}`, piece)
        if (answer === undefined) return sent
        const before = sent
        if (answer.kind === 'ok') sent = sizeIn(answer, sent + piece.length)
        else if (answer.refusal.code === 'offset') sent = answer.refusal.size ?? 0
        else if (answer.refusal.code === 'too_large') return sent
        else throw new Refused(answer.refusal.message)
        // A server that has less than it had is asked again and again, and not in a hurry.
        idle = sent > before ? 0 : idle + 1
        if (idle > 0) await this.#pause(idle - 1)
      } else if (isLast) {
        return sent
      } else {
        await held.change(LOOK_MS)
      }
    }
  }

  async #reports(held: Held): Promise<void> {
    const { paths } = this.#setting
    for (const kind of REPORT_KINDS) {
      const path = paths.report(held.job, kind)
      const total = await sizeOf(path)
      if (total === undefined) continue
      if (kind === 'artifacts') {
        const kept = JSON.parse(await readFile(path, 'utf8')) as readonly Artifact[]
        for (const { sha256, sizeBytes } of kept) {
          await this.#file(held, artifactPath(paths.kept(held.job), sha256), `artifacts/${sha256}`, sizeBytes)
        }
      }
      await this.#file(held, path, `reports/${kind}`, total)
    }
  }

  async #file(held: Held, path: string, name: string, total: number): Promise<void> {
    for (let [sent, again, idle] = [0, true, 0]; again || sent < total;) {
      const piece = await this.#pieceOf(path, sent)
      const answer = await this.#send(held, 'PUT', `${name}?offset=${sent}&total=${total}`, piece)
      if (answer === undefined) return
      const before = sent
      if (answer.kind === 'ok') sent = sizeIn(answer, sent + piece.length)
      else if (answer.refusal.code === 'offset') sent = answer.refusal.size ?? 0
      else throw new Refused(answer.refusal.message)
      again = false
      idle = sent > before ? 0 : idle + 1
      if (idle > 0) await this.#pause(idle - 1)
    }
  }

  /** As often as it takes. @returns undefined when it is not wanted any more. */
  async #send(
    held: Held,
    method: 'POST' | 'PUT',
    name: string,
    body: Uint8Array<ArrayBuffer> | object,
  ): Promise<Exclude<WireAnswer, { kind: 'silent' }> | undefined> {
    const { wire, timeoutMs, stop, onNotice } = this.#setting
    for (let failures = 0; !held.forgotten && !stop.aborted; failures += 1) {
      const answer = await wire.send(method, `attempts/${held.name}/${name}`, {
        body,
        timeoutMs: timeoutMs(),
        signal: stop,
      })
      if (answer.kind === 'ok') {
        this.#pieceBytes *= 2
        return answer
      }
      if (answer.kind === 'refused') {
        const { code } = answer.refusal
        if (code === 'stale') {
          held.forget()
          return undefined
        }
        if (code !== 'unavailable' && !OF_THE_RUNNER.includes(code)) return answer
        if (code === 'unavailable' && !this.#waiting.has(held)) {
          this.#waiting.add(held)
          onNotice(`Attempt ${held.name} is sent again and again: ${answer.refusal.message}.`)
        }
      } else if (body instanceof Uint8Array && body.length > PIECE_MIN_BYTES) {
        // The line may be slow: the next piece is smaller. This one begins where the server says.
        this.#pieceBytes = Math.max(PIECE_MIN_BYTES, Math.ceil(body.length / 2))
        body = body.subarray(0, this.#pieceBytes)
      }
      await this.#pause(failures)
    }
    return undefined
  }

  async #pause(failures: number): Promise<void> {
    const pauseMs = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]
    await delay(pauseMs, undefined, { signal: this.#setting.stop }).catch(() => undefined)
  }

  async #pieceOf(path: string, offset: number): Promise<Uint8Array<ArrayBuffer>> {
    const size = await sizeOf(path)
    if (size === undefined || size <= offset) return new Uint8Array()
    const length = Math.min(size - offset, this.#setting.chunkBytes(), this.#pieceBytes)
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  }

  async #remove({ job }: Held): Promise<void> {
    const { paths } = this.#setting
    const files = [paths.log(job), ...REPORT_KINDS.map((kind) => paths.report(job, kind))]
    for (const path of [...files, paths.kept(job)]) {
      await rm(path, { recursive: true, force: true }).catch((error: Error) => this.#setting.onNotice(error.message))
    }
  }
}

function sizeIn(answer: Extract<WireAnswer, { kind: 'ok' }>, expected: number): number {
  const { size } = answer.body
  return isSize(size) ? size : expected
}

const sizeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ size }) => size,
    () => undefined,
  )
