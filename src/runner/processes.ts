import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'

/** What `/proc` tells of processes. Where there is none (macOS), everything here finds nothing. */

export interface ProcessStat {
  readonly pid: number
  /** One letter of proc(5); `Z` and `X` are dead. */
  readonly state: string
  readonly parent: number
  readonly group: number
  /** Clock ticks from boot to its start: with the pid and the boot id the name of a process that is never used again. */
  readonly startTime: number
}

/** Field numbers as in proc_pid_stat(5); the name in field 2 may hold spaces and parentheses, so it is cut off first. */
export function statOf(pid: number): ProcessStat | undefined {
  const text = readShort(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    pid,
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    startTime: Number(fields[19]),
  }
}

export const isAlive = (stat: ProcessStat): boolean => stat.state !== 'Z' && stat.state !== 'X'

/** Changes with every start of the machine; empty where it is not known. */
export const bootId = (): string => (boot ??= (readText('/proc/sys/kernel/random/boot_id') ?? '').trim())
let boot: string | undefined

/** Living members of a process group. */
export function groupMembers(group: number): readonly ProcessStat[] {
  return allPids().flatMap((pid) => {
    const stat = statOf(pid)
    return stat !== undefined && stat.group === group && isAlive(stat) ? [stat] : []
  })
}

/**
 * Living processes whose first environment holds one of these entries (`NAME=value`). It finds what left its group
 * with setsid(2) or a double fork, but not what was started with another environment.
 */
export function taggedProcesses(entries: ReadonlySet<string>): readonly ProcessStat[] {
  if (entries.size === 0) return []
  // A server that a task started, so as to replace the one that ran it, does not end itself.
  const others = allPids().filter((pid) => pid !== process.pid)
  return others.flatMap((pid) => {
    const environment = readText(`/proc/${pid}/environ`)
    if (environment === undefined || !environment.split('\0').some((entry) => entries.has(entry))) return []
    const stat = statOf(pid)
    return stat !== undefined && isAlive(stat) ? [stat] : []
  })
}

/** Sends to a process, or with a negative number to a group. False: there is none that we may signal. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

function allPids(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/** As {@link readText} of a file of one line, in half as many calls: it is read for every program. */
function readShort(path: string): string | undefined {
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    return short.toString('latin1', 0, readSync(fd, short))
  } catch {
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
const short = Buffer.alloc(4_096)

/** undefined: gone meanwhile, not ours to read, or no `/proc`. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}
