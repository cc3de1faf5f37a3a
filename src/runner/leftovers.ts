import { closeSync, constants, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { DurationMs } from '../model/time.ts'
import { TAG } from './environment.ts'
import { runnerPaths } from './paths.ts'
import { removeTree } from './remove-tree.ts'
import { bootId, groupMembers, signal, statOf, taggedProcesses, type ProcessStat } from './processes.ts'

/** What is on disk about an attempt, so that a later process can end what a killed one left behind. */
interface AttemptRecord {
  /** `<runId>/<node>/<attempt>`: the value of MILLRACE_ATTEMPT in every process of it. */
  readonly attempt: string
  /** Of the group of its present program, or the last one. */
  readonly leader: Leader | null
}
interface Leader {
  readonly pid: number
  readonly startTime: number
  readonly bootId: string
}

/** Longer than any record, so that one covers the other whole. */
const RECORD_BYTES = 256

/**
 * The record of one attempt after the other. It stays when an attempt is over: then it names processes that are gone,
 * which does no harm. Not fsynced: it must survive the death of processes; after the death of the machine there are
 * none to find. Written over in its place, because ext4 flushes a file to disk when it is cut to nothing or renamed
 * over another (auto_da_alloc, ext4(5)), which took longer than the task.
 */
export class RecordFile {
  readonly #fd: number
  #attempt = ''

  constructor(path: string) {
    this.#fd = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600)
  }

  begin(attempt: string): void {
    this.#attempt = attempt
    this.#write(null)
  }

  /** A program of the attempt was started; it leads a group of its own. The one before is gone with all of its own. */
  setLeader(pid: number): void {
    const startTime = statOf(pid)?.startTime
    if (startTime !== undefined) this.#write({ pid, startTime, bootId: bootId() })
  }

  close(): void {
    closeSync(this.#fd)
  }

  #write(leader: Leader | null): void {
    const record: AttemptRecord = { attempt: this.#attempt, leader }
    writeSync(this.#fd, `${JSON.stringify(record).padEnd(RECORD_BYTES - 1)}\n`, 0)
  }
}

export interface Leftovers {
  /** Attempts of which a record was found. */
  readonly attempts: readonly string[]
  /** How many processes were killed. */
  readonly killed: number
  /** Pids that were still there at the deadline; their records stay for the next time. */
  readonly survivors: readonly number[]
}

/**
 * Kills every process of attempts that a runner on this data directory left behind, and removes their records.
 * Call it only while no runner works there: the data directory must be locked.
 *
 * A group is killed only when its leader is the process that was recorded (pid, start time and boot), so a recycled
 * pid is never touched; members of a group whose leader is gone, and processes that left their group, are found by
 * MILLRACE_ATTEMPT in their environment. That needs Linux; elsewhere nothing is found and nothing is killed.
 */
export async function killLeftovers(dataDirectory: string, deadlineMs: DurationMs = 10_000): Promise<Leftovers> {
  const { attempts: directory } = runnerPaths(dataDirectory)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const names = readdirSync(directory)
  const records = names.filter((name) => name.endsWith('.json')).flatMap((name) => readRecord(join(directory, name)))
  const tags = new Set(records.map(({ attempt }) => `${TAG}=${attempt}`))
  const boot = bootId()
  const leaders = records.flatMap(({ leader }) => (leader?.bootId === boot ? [leader] : []))

  const killed = new Set<string>()
  const started = performance.now()
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    const alive = [...leaders.flatMap((leader) => membersOf(leader)), ...taggedProcesses(tags)]
    for (const process of alive) {
      killed.add(`${process.pid}@${process.startTime}`)
      signal(process.pid, 'SIGKILL')
    }
    const attempts = records.map(({ attempt }) => attempt)
    if (alive.length === 0) {
      for (const name of names) await removeTree(join(directory, name))
      return { attempts, killed: killed.size, survivors: [] }
    }
    if (performance.now() - started > deadlineMs) {
      return { attempts, killed: killed.size, survivors: [...new Set(alive.map(({ pid }) => pid))] }
    }
    await delay(pauseMs)
  }
}

function membersOf(leader: Leader): readonly ProcessStat[] {
  const stat = statOf(leader.pid)
  // A zombie still holds its number, so the group is its own; once it is reaped the number may come again.
  if (stat === undefined || stat.startTime !== leader.startTime) return []
  const members = groupMembers(leader.pid)
  // All at once, so that nobody forks out of it between two signals.
  signal(-leader.pid, 'SIGKILL')
  return members
}

function readRecord(path: string): readonly AttemptRecord[] {
  let record: unknown
  try {
    record = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    // Made and not yet written, or not ours.
    return []
  }
  if (!isObject(record) || typeof record['attempt'] !== 'string') return []
  return [{ attempt: record['attempt'], leader: isLeader(record['leader']) ? record['leader'] : null }]
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const isLeader = (value: unknown): value is Leader =>
  isObject(value) &&
  Number.isSafeInteger(value['pid']) &&
  Number(value['pid']) > 1 &&
  typeof value['startTime'] === 'number' &&
  typeof value['bootId'] === 'string'
