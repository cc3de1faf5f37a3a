import { readSchedule, type Schedule } from '../../definition/schedule.ts'
import type { PipelineDefinition, Triggers, TriggerSpec } from '../../model/definition.ts'
import type { PipelineId } from '../../model/id.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import type { PipelineRecord } from '../../store/store.ts'
import type { Clock } from '../clock.ts'

export type ScheduleSpec = Extract<TriggerSpec, { kind: 'schedule' }>

/**
 * What came due while nobody looked (the server was down, or the machine slept) is late by more than this: then the
 * trigger's `missed` decides. What is less late is started, so that a quick restart loses nothing.
 */
const LATE_MS: DurationMs = 60_000

interface Armed {
  readonly spec: ScheduleSpec
  readonly schedule: Schedule
  /** Up to this instant everything has been started, or left out. */
  handled: Instant
  /** null: never again. */
  next: Instant | null
  disarm: () => void
}

/**
 * The schedules of all pipelines, each with a timer of the clock for its next instant. Several instants that were
 * missed are one run: the one of the last of them.
 */
export class Scheduler {
  readonly #clock: Clock
  readonly #due: (pipeline: PipelineRecord, spec: ScheduleSpec, at: Instant) => void
  readonly #armed = new Map<PipelineId, readonly Armed[]>()

  constructor(clock: Clock, due: (pipeline: PipelineRecord, spec: ScheduleSpec, at: Instant) => void) {
    this.#clock = clock
    this.#due = due
  }

  /** @param since what came due up to then is no business of ours any more. */
  put(record: PipelineRecord, triggers: Triggers | null, since: Instant): void {
    const before = this.#armed.get(record.id) ?? []
    for (const { disarm } of before) disarm()
    const specs = (triggers?.list ?? []).filter((trigger) => trigger.kind === 'schedule')
    const armed = specs.flatMap((spec): readonly Armed[] => {
      const read = readSchedule(spec.cron, spec.timezone)
      if (!read.ok) return []
      // A version that changes something else must neither repeat nor lose what came due in its very instant.
      const same = before.find((one) => one.spec.cron === spec.cron && one.spec.timezone === spec.timezone)
      const handled = same?.spec.name === spec.name ? same.handled : Math.min(since, this.#clock.now())
      return [{ spec, schedule: read.schedule, handled, next: null, disarm: () => undefined }]
    })
    if (armed.length === 0) this.#armed.delete(record.id)
    else this.#armed.set(record.id, armed)
    for (const one of armed) this.#look(record, one)
  }

  remove(id: PipelineId): void {
    for (const { disarm } of this.#armed.get(id) ?? []) disarm()
    this.#armed.delete(id)
  }

  /** Everything that came due up to and with this instant has been told of. */
  handled(): Instant {
    let handled = this.#clock.now()
    for (const armed of this.#armed.values()) {
      for (const { next } of armed) if (next !== null && next <= handled) handled = next - 1
    }
    return handled
  }

  close(): void {
    for (const id of this.#armed.keys()) this.remove(id)
  }

  #look(record: PipelineRecord, one: Armed): void {
    const now = this.#clock.now()
    // The clock was set back: what comes due once more has its run already, found by the key of its start.
    if (one.handled > now) one.handled = now - LATE_MS
    const last = one.schedule.last(now)
    if (last !== null && last > one.handled) {
      if (one.spec.missed === 'once' || now - last <= LATE_MS) this.#due(record, one.spec, last)
    }
    one.handled = now
    one.next = one.schedule.next(now)
    one.disarm = one.next === null ? () => undefined : this.#clock.at(one.next, () => this.#look(record, one))
  }
}

/** When the schedules of a definition come due next, the first first. */
export function nextFires(
  definition: PipelineDefinition,
  after: Instant,
  count: number,
): readonly { readonly trigger: string; readonly at: Instant }[] {
  const fires = (definition.triggers?.list ?? []).flatMap((spec) => {
    const read = spec.kind === 'schedule' ? readSchedule(spec.cron, spec.timezone) : undefined
    return read?.ok === true ? firesOf(spec.name, read.schedule, after, count) : []
  })
  return fires.toSorted((left, right) => left.at - right.at).slice(0, count)
}

function firesOf(trigger: string, schedule: Schedule, after: Instant, count: number) {
  const fires: { readonly trigger: string; readonly at: Instant }[] = []
  for (let at = schedule.next(after); at !== null && fires.length < count; at = schedule.next(at)) {
    fires.push({ trigger, at })
  }
  return fires
}
