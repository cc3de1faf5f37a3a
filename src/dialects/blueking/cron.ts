/**
 * A crontab as bk-sops reads it, which is as celery does (`crontab_parser` of its celery/schedules.py): no `L`, `W` and
 * `#`, Sunday is 0 alone, a range may go round (`22-2`), steps count from the first value of their range, and a day has
 * to be right by the month and by the week.
 */
export const CRON_FIELDS = ['minute', 'hour', 'day_of_month', 'month_of_year', 'day_of_week'] as const
export type CronField = (typeof CRON_FIELDS)[number]

/** The values that there are, from the first one on. */
const BOUNDS = {
  minute: { first: 0, count: 60 },
  hour: { first: 0, count: 24 },
  day_of_month: { first: 1, count: 31 },
  month_of_year: { first: 1, count: 12 },
  day_of_week: { first: 0, count: 7 },
} as const satisfies Record<CronField, Bounds>
interface Bounds {
  readonly first: number
  readonly count: number
}

export type CronRead =
  /** As schedules of ours are written (definition/schedule.ts). */
  | { readonly ok: true; readonly schedule: string }
  /** In celery's words. */
  | { readonly ok: false; readonly message: string }

/** @param field each without spaces, and not empty. */
export function readCron(field: (name: CronField) => string): CronRead {
  try {
    const [minute, hour, day, month, weekday] = CRON_FIELDS.map((name) => written(field(name), BOUNDS[name]))
    // Either of the two would do otherwise.
    const both = day !== '*' && weekday !== '*' ? '+' : ''
    return { ok: true, schedule: `${minute} ${hour} ${day} ${month} ${both}${weekday}` }
  } catch (error) {
    if (error instanceof CronRefusal) return { ok: false, message: error.message }
    throw error
  }
}

class CronRefusal extends Error {}

/** As it is where our schedules mean the same by it, else value by value. */
function written(field: string, bounds: Bounds): string {
  const parts = field.split(',')
  const values = new Set(parts.flatMap((part) => valuesOf(part, bounds)))
  if (parts.every((part) => isSame(part, bounds))) return field
  return values.size === bounds.count ? '*' : [...values].toSorted((one, other) => one - other).join(',')
}

function isSame(part: string, { count }: Bounds): boolean {
  const plain = /^(?:\d+|\*(?:\/(\d+))?)$/.exec(part)
  return plain !== null && Number(plain[1] ?? 1) <= count
}

const STEPS = /^(?:\*|(\w+?)-(\w+))\/(\w+)?$/
/** What comes behind a range is not looked at there. */
const RANGE = /^(\w+?)-(\w+)/

function valuesOf(part: string, bounds: Bounds): readonly number[] {
  if (part === '') throw new CronRefusal('empty part')
  const all = Array.from({ length: bounds.count }, (_, at) => bounds.first + at)
  if (part === '*') return all
  const steps = STEPS.exec(part)
  const [, from, to] = steps ?? RANGE.exec(part) ?? []
  if (steps !== null && steps[3] === undefined) throw new CronRefusal('empty filter')
  const range = from === undefined || to === undefined ? undefined : rangeOf(from, to, bounds)
  if (steps !== null) return everyOf(range ?? all, steps[3] ?? '')
  return range ?? [numberOf(part, bounds)]
}

function rangeOf(from: string, to: string, bounds: Bounds): readonly number[] {
  const [start, end] = [numberOf(from, bounds), numberOf(to, bounds)]
  const length = end < start ? end + bounds.count - start + 1 : end - start + 1
  return Array.from({ length }, (_, at) => bounds.first + ((start - bounds.first + at) % bounds.count))
}

function everyOf(values: readonly number[], step: string): readonly number[] {
  const every = wholeOf(step)
  if (every === undefined) throw new CronRefusal(`invalid literal for int() with base 10: '${step}'`)
  if (every === 0) throw new CronRefusal('slice step cannot be zero')
  return values.filter((_, at) => at % every === 0)
}

const wholeOf = (text: string): number | undefined =>
  /^\d+(?:_\d+)*$/.test(text) ? Number(text.replaceAll('_', '')) : undefined

const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** A name of a weekday is its number in every field. */
function numberOf(text: string, { first, count }: Bounds): number {
  if (text.startsWith('-')) throw new CronRefusal('negative numbers not supported')
  const value = wholeOf(text) ?? WEEKDAYS.indexOf(text.slice(0, 3).toLowerCase())
  if (value === -1) throw new CronRefusal(`Invalid weekday literal '${text}'.`)
  const last = first + count - 1
  if (value > last) throw new CronRefusal(`Invalid end range: ${value} > ${last}.`)
  if (value < first) throw new CronRefusal(`Invalid beginning range: ${value} < ${first}.`)
  return value
}
