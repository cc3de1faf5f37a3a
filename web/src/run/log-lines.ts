import { useCallback, useEffect, useRef, useState } from 'react'
import type { LogLines } from '../../../src/client/client.ts'
import { ClientError, client } from '../api/client.ts'

export interface LogOf {
  readonly run: string
  /** Id of a task. */
  readonly node: string
  readonly attempt: number
}

interface Extent {
  readonly total: number
  readonly size: number
  readonly ended: boolean
}
type Line = LogLines['lines'][number]

export interface LogState {
  /** null: not known yet. */
  readonly extent: Extent | null
  readonly line: (number: number) => Line | undefined
  /** Asks for what is not there of these lines. */
  readonly need: (from: number, to: number) => void
  /** It could not be read the last time. */
  readonly failed: boolean
  /** Another one: what is not there may be asked for again. */
  readonly round: number
}

/** Asked for at once. */
const WINDOW = 200
/** Lines that are kept; those that were asked for first go first. */
const KEPT_MAX = 8_000
/** Between two answers at the end of a log that grows without a pause. */
const BREATH_MS = 200
const RETRY_MS = 2_000

/**
 * The lines of a log that are looked at, and how many there are. While the log grows the server holds an answer back
 * until there is more: nothing is polled, and a log that is written faster than it can be shown costs no more.
 */
export function useLogLines({ run, node, attempt }: LogOf): LogState {
  const [extent, setExtent] = useState<Extent | null>(null)
  const [failed, setFailed] = useState(false)
  const [round, setRound] = useState(0)
  const [, setVersion] = useState(0)
  const kept = useRef(new Map<number, Line>())
  const asked = useRef(new Set<number>())
  const gone = useRef(new AbortController())

  const take = useCallback((answer: LogLines): void => {
    for (const line of answer.lines) {
      // The last one of a log that grows is not whole yet.
      const isWhole = answer.ended || line.number < answer.total
      kept.current.delete(line.number)
      kept.current.set(line.number, isWhole ? line : { ...line, number: -line.number })
    }
    for (const number of kept.current.keys()) {
      if (kept.current.size <= KEPT_MAX) break
      kept.current.delete(number)
    }
    setExtent((before) =>
      before !== null && before.size > answer.size
        ? before
        : { total: answer.total, size: answer.size, ended: answer.ended },
    )
    setVersion((version) => version + 1)
  }, [])

  useEffect(() => {
    const stop = new AbortController()
    gone.current = stop
    kept.current = new Map()
    asked.current = new Set()
    setExtent(null)
    void follow()
    return () => stop.abort()

    async function follow(): Promise<void> {
      let beyond: number | undefined
      while (!stop.signal.aborted) {
        try {
          const answer = await client.logs.lines(run, node, {
            attempt,
            from: -WINDOW,
            count: WINDOW,
            beyond,
            signal: stop.signal,
          })
          setFailed(false)
          take(answer)
          if (answer.ended) return
          beyond = answer.size
          await pause(BREATH_MS, stop.signal)
        } catch (error) {
          if (stop.signal.aborted) return
          setFailed(true)
          if (error instanceof ClientError && error.code === 'not_found') return
          await pause(RETRY_MS, stop.signal)
        }
      }
    }
  }, [run, node, attempt, take])

  const need = useCallback(
    (from: number, to: number): void => {
      for (let first = from; first <= to; first += 1) {
        if (kept.current.has(first)) continue
        const begin = Math.max(1, first - 40)
        const window = Math.floor(begin / 50)
        if (asked.current.has(window)) return
        asked.current.add(window)
        void read(begin, gone.current.signal).finally(() => asked.current.delete(window))
        return
      }

      async function read(begin: number, signal: AbortSignal): Promise<void> {
        try {
          take(await client.logs.lines(run, node, { attempt, from: begin, count: WINDOW, signal }))
          setFailed(false)
        } catch (error) {
          if (signal.aborted) return
          setFailed(true)
          if (error instanceof ClientError && error.code === 'not_found') return
          void pause(RETRY_MS, signal).then(() => setRound((before) => before + 1))
        }
      }
    },
    [run, node, attempt, take],
  )

  const line = useCallback((number: number) => kept.current.get(number), [])
  return { extent, line, need, failed, round }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
