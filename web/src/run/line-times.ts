import { useState } from 'react'

/** Beside the lines of a log: nothing, the time of the day, or how long after the beginning of the attempt. */
export const LINE_TIMES = ['off', 'clock', 'since'] as const
export type LineTimes = (typeof LINE_TIMES)[number]

const KEPT_AS = 'millrace-log-times'
const isKnown = (text: string | null): text is LineTimes => (LINE_TIMES as readonly (string | null)[]).includes(text)

/** What this browser was told the last time. */
export function useLineTimes(): readonly [LineTimes, (next: LineTimes) => void] {
  const [times, setTimes] = useState<LineTimes>(() => {
    const kept = localStorage.getItem(KEPT_AS)
    return isKnown(kept) ? kept : 'off'
  })
  const change = (next: LineTimes): void => {
    localStorage.setItem(KEPT_AS, next)
    setTimes(next)
  }
  return [times, change]
}

/** As wide as the widest text of it, in characters. */
export const TIME_WIDTHS = { off: 0, clock: 8, since: 10 } as const satisfies Record<LineTimes, number>

/** @param at null: nobody noted it. @param began of the attempt, in ms. */
export function lineTime(times: LineTimes, at: string | null, began: number): string {
  if (times === 'off') return ''
  if (at === null) return ' '.repeat(TIME_WIDTHS[times])
  const text = times === 'clock' ? clockText(new Date(at)) : sinceText(Date.parse(at) - began)
  return text.padStart(TIME_WIDTHS[times])
}

/** Of the place where the browser is. */
const clockText = (date: Date): string =>
  [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')

/** `+0:07.3`, `+12:00.0`, `+1:02:07`: what is known of a line is a quarter of a second. */
function sinceText(ms: number): string {
  const tenths = Math.max(0, Math.floor(ms / 100))
  const seconds = `${String(Math.floor(tenths / 10) % 60).padStart(2, '0')}.${tenths % 10}`
  const minutes = Math.floor(tenths / 600)
  const hours = Math.floor(minutes / 60)
  return hours === 0
    ? `+${minutes}:${seconds}`
    : `+${hours}:${String(minutes % 60).padStart(2, '0')}:${seconds.slice(0, 2)}`
}
