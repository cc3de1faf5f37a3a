import { formatDuration } from '../model/time.ts'

/** `850ms`, `1.2s`, `42s`, `3m20s`: as much as one wants to know. */
export function shortDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`
  const unit = ms < 3_600_000 ? 1_000 : 60_000
  return formatDuration(Math.floor(ms / unit) * unit)
}

/** From one wire time to another, or to now; empty when it has not begun. */
export function took(from: string | null, to: string | null, now: number): string {
  return from === null ? '' : shortDuration((to === null ? now : Date.parse(to)) - Date.parse(from))
}

/** `just now`, `5m ago`, `3d ago`. */
export function ago(at: string | null, now: number): string {
  if (at === null) return ''
  const ms = now - Date.parse(at)
  if (ms < 1_000) return 'just now'
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const) {
    if (ms >= size) return `${Math.floor(ms / size)}${unit} ago`
  }
  return `${Math.floor(ms / 1_000)}s ago`
}
