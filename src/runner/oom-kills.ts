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
