import { useSyncExternalStore } from 'react'

/** One clock for everything on the page that counts, so that a thousand rows have one timer. */
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
let now = Date.now()

function listen(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    if (document.hidden) return
    now = Date.now()
    for (const one of listeners) one()
  }, 1_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Milliseconds, to the second; what reads it is drawn again every second. */
export const useNow = (): number => useSyncExternalStore(listen, () => (timer === undefined ? (now = seconds()) : now))

const seconds = (): number => Math.floor(Date.now() / 1_000) * 1_000
