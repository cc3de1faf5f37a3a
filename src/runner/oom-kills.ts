import { readFileSync } from 'node:fs'

/**
 * How many processes the kernel has ended for want of memory since the machine was started, whatever had run out: the
 * machine's, or that of a cgroup. proc_vmstat(5). undefined: it does not tell (older than Linux 4.13, or no Linux).
 */
export function oomKills(): number | undefined {
  try {
    const [, count] = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'latin1')) ?? []
    return count === undefined ? undefined : Number(count)
  } catch {
    return undefined
  }
}

/**
 * The same, perhaps as it was a moment ago: to be compared with later. Reading it costs the kernel a tenth of a
 * millisecond, which is much beside the start of a process.
 */
export function recentOomKills(): number | undefined {
  const now = performance.now()
  if (now - readAt > RECENT_MS) {
    recent = oomKills()
    readAt = now
  }
  return recent
}

const RECENT_MS = 200
let readAt = Number.NEGATIVE_INFINITY
let recent: number | undefined
