import { fold, foldOnto } from '../../engine/evolve.ts'
import type { Run } from '../../engine/run.ts'
import type { EventRecord } from '../../model/event.ts'
import type { RunId } from '../../model/id.ts'
import type { Plan } from '../../model/plan.ts'
import type { CommitReceipt, RunCommit } from '../../store/store.ts'
import { brokenByStep, brokenLaws } from '../engine-laws.ts'
import { brokenByEvents } from '../step-laws.ts'

/** Every run a second time, made of nothing but what is durable; each step of it is held against the engine's laws. */
export class Shadow {
  readonly runs = new Map<RunId, Run>()
  /** What was written, by number: what the stream must give. */
  readonly numbers: string[] = []
  readonly #planOf: (pipelineId: string, version: number) => Plan
  readonly #found: (what: string) => void
  steps = 0

  constructor(planOf: (pipelineId: string, version: number) => Plan, found: (what: string) => void) {
    this.#planOf = planOf
    this.#found = found
  }

  durable({ runId, entries }: RunCommit, { lastNumber }: CommitReceipt): void {
    for (const entry of entries) {
      const before = this.runs.get(runId)
      const after = before === undefined ? this.#created(runId, entry) : foldOnto(before, [entry])
      this.runs.set(runId, after)
      this.steps += 1
      const step =
        before === undefined ? [] : [...brokenByStep(before, after, entry.events), ...brokenByEvents(before, [entry])]
      const broken = [...brokenLaws(after), ...step]
      for (const law of broken) this.#found(`run ${runId} at ${entry.seq}: ${law}`)
      for (const [place, event] of entry.events.entries())
        this.numbers.push(nameOf(runId, entry.seq - entry.events.length + place + 1, event.type))
    }
    if (this.numbers.length !== lastNumber)
      this.#found(`${lastNumber} is the newest number after ${this.numbers.length} events`)
  }

  /** What a reader of the stream sees next. */
  seen({ number, runId, seq, event }: EventRecord, next: number): void {
    if (number !== next) this.#found(`the stream gives event ${number} where ${next} is due`)
    const name = nameOf(runId, seq, event.type)
    if (this.numbers[number - 1] !== name)
      this.#found(`event ${number} is ${this.numbers[number - 1]}, seen is ${name}`)
  }

  #created(runId: RunId, entry: RunCommit['entries'][number]): Run {
    const [first] = entry.events
    if (first?.type !== 'RunCreated') throw new TypeError(`run ${runId} begins with ${first?.type}`)
    return fold(runId, this.#planOf(first.pipelineId, first.version), [entry])
  }
}

const nameOf = (runId: string, seq: number, type: string): string => `${type} of ${runId} at ${seq}`
