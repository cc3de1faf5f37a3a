import type { Runner } from '../../host/dispatch/runner.ts'
import type { Host } from '../../host/host.ts'
import type { AttemptResult } from '../../model/command.ts'
import type { Job } from '../../model/job.ts'
import { jobName } from '../../model/job.ts'
import type { Clock } from '../../host/clock.ts'
import { below, pickOf } from '../dice.ts'

const MINUTE = 60_000

interface Held {
  readonly job: Job
  /** It was told to stop. */
  cancelled: boolean
  over: boolean
}

/**
 * Runners of one server: each report comes after its own time, so in any order; some come twice, some long after the
 * attempt was given up; a runner dies with all it holds, now and then, and comes back. What the host promises them is
 * looked at: no attempt is given out twice, and no two of a task at once.
 */
export class SimulatedRunners {
  readonly #clock: Clock
  readonly #draw: () => number
  readonly #host: Host
  readonly #found: (what: string) => void
  readonly #slots: number
  readonly #names: readonly string[]
  readonly #held = new Map<string, Set<Held>>()
  readonly #given = new Set<string>()
  #alive = true
  calm = false
  jobs = 0

  constructor(parts: {
    readonly clock: Clock
    readonly draw: () => number
    readonly host: Host
    readonly found: (what: string) => void
  }) {
    this.#clock = parts.clock
    this.#draw = parts.draw
    this.#host = parts.host
    this.#found = parts.found
    this.#slots = 2 + below(this.#draw, 4)
    this.#names = ['north', 'south'].slice(0, 1 + below(this.#draw, 2))
    for (const name of this.#names) this.#add(name)
  }

  /** The server is dead, and its runners with it. */
  close(): void {
    this.#alive = false
  }

  /** One of them dies with all that it holds, and is there again a little later. */
  crashOne(): void {
    const name = pickOf(this.#draw, this.#names)
    const held = [...(this.#held.get(name) ?? [])]
    this.#host.dispatcher.remove(name)
    this.#held.delete(name)
    for (const one of held) {
      one.over = true
      this.#later(below(this.#draw, MINUTE), () => this.#host.dispatcher.lost(name, one.job, 'the runner died'))
      // What it had on its lips comes, too: before the loss is known, or long after.
      if (below(this.#draw, 3) === 0)
        this.#later(below(this.#draw, 5 * MINUTE), () => this.#host.dispatcher.ended(name, one.job, this.#result(one)))
    }
    this.#later(below(this.#draw, 2 * MINUTE), () => this.#add(name))
  }

  #add(name: string): void {
    const held = new Set<Held>()
    this.#held.set(name, held)
    const runner: Runner = {
      name,
      labels: ['linux'],
      slots: this.#slots,
      start: (job) => this.#start(name, held, job),
      cancel: (attempt) => {
        for (const one of held)
          if (one.job.runId === attempt.runId && one.job.fence === attempt.fence) this.#stop(name, one)
      },
      clean: () => undefined,
    }
    this.#host.addRunner(runner)
  }

  #start(name: string, held: Set<Held>, job: Job): void {
    this.jobs += 1
    const title = `${jobName(job)} (fence ${job.fence})`
    if (this.#given.has(title)) this.#found(`attempt ${title} is given out twice`)
    this.#given.add(title)
    for (const all of this.#held.values()) {
      // One that was told to stop and does not is given up after its grace, by right: this one may then begin.
      for (const { job: other, cancelled } of all)
        if (!cancelled && other.runId === job.runId && other.node === job.node)
          this.#found(`${title} begins while ${jobName(other)} is at work`)
    }
    const one: Held = { job, cancelled: false, over: false }
    held.add(one)
    this.#later(this.#durationMs(), () => this.#end(name, one))
  }

  /** Mostly minutes, sometimes at once, sometimes hours: past every limit that a definition may set. */
  #durationMs(): number {
    const what = below(this.#draw, 10)
    if (what < 2) return 0
    return what < 9 ? below(this.#draw, MINUTE) : below(this.#draw, 3 * 60 * MINUTE)
  }

  #stop(name: string, one: Held): void {
    one.cancelled = true
    // Most stop soon; some not before the engine has given them up, and are killed in the end.
    this.#later(below(this.#draw, below(this.#draw, 4) === 0 ? 10 * MINUTE : 5_000), () => this.#end(name, one))
  }

  #end(name: string, one: Held): void {
    if (one.over) return
    one.over = true
    this.#held.get(name)?.delete(one)
    const result = this.#result(one)
    this.#host.dispatcher.ended(name, one.job, result)
    if (below(this.#draw, 8) > 0) return
    this.#later(below(this.#draw, 10 * MINUTE), () => {
      this.#host.dispatcher.ended(
        name,
        one.job,
        below(this.#draw, 2) === 0 ? result : { kind: 'succeeded', outputs: null },
      )
    })
  }

  #result({ cancelled }: Held): AttemptResult {
    const what = below(this.#draw, 20)
    if (cancelled && what < 16) return { kind: 'cancelled' }
    if (what < 13 || this.calm) return { kind: 'succeeded', outputs: what % 2 === 0 ? null : { n: String(what) } }
    if (what < 18) return { kind: 'failed', failure: { kind: 'exit-code', code: 1 + what }, outputs: null }
    if (what === 18) return { kind: 'failed', failure: { kind: 'unauthorized', reason: 'no' }, outputs: null }
    return { kind: 'cancelled' }
  }

  #later(durationMs: number, then: () => void): void {
    this.#clock.at(this.#clock.now() + durationMs, () => {
      if (this.#alive) then()
    })
  }
}
