import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Event, Run } from '../../../src/client/client.ts'
import { listenToEvents } from '../api/live.ts'
import { runQuery } from './queries.ts'

/** Between two readings of one run: long enough for a burst of events to be one, and for a large tree to be drawn. */
const PAUSE_MS = 150
const PAUSE_LARGE_MS = 800
const LARGE_TASKS = 300

/**
 * A run that is always what it is: every event of it says a seq, and as long as what is shown has a lower one, it is
 * read again, never twice at once.
 */
export function useRun(id: string): UseQueryResult<Run> {
  const queries = useQueryClient()
  const result = useQuery(runQuery(id))
  useEffect(() => {
    let wanted = 0
    let busy = false
    let gone = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const known = (): Run | undefined => queries.getQueryData(runQuery(id).queryKey)
    const read = async (): Promise<void> => {
      timer = undefined
      busy = true
      try {
        await queries.fetchQuery({ ...runQuery(id), staleTime: 0, retry: false })
      } catch {
        // The server is away; the stream tells again what was missed.
      } finally {
        busy = false
        plan()
      }
    }
    const plan = (): void => {
      const run = known()
      if (gone || busy || timer !== undefined || run === undefined || wanted <= run.seq) return
      const large = run.stages.reduce((sum, { tasks }) => sum + tasks.length, 0) > LARGE_TASKS
      timer = setTimeout(() => void read(), large ? PAUSE_LARGE_MS : PAUSE_MS)
    }
    const stop = listenToEvents((event) => {
      if (event.run_id !== id && event.run_id !== known()?.id) return
      wanted = Math.max(wanted, event.seq)
      append(event)
      plan()
    })
    /** The list of events needs no reading: what comes next is put behind what was there. */
    const append = (event: Event): void => {
      queries.setQueryData<readonly Event[]>(['run-events', event.run_id], (events) =>
        events?.at(-1)?.seq === event.seq - 1 ? [...events, event] : events,
      )
    }
    return () => {
      gone = true
      clearTimeout(timer)
      stop()
    }
  }, [id, queries])
  return result
}

/** A value that changes at most once in this time; what is costly to make hangs on it. */
export function useCalm<Value>(value: Value, ms: number): Value {
  const [calm, setCalm] = useState(value)
  useEffect(() => {
    if (Object.is(value, calm)) return
    const timer = setTimeout(() => setCalm(value), ms)
    return () => clearTimeout(timer)
    // A newer value waits no longer than the one before it would have.
  }, [Object.is(value, calm)])
  return calm
}
