import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { DurationMs } from '../model/time.ts'
import { TAG } from './environment.ts'
import { runnerPaths } from './paths.ts'
import { removeTree } from './remove-tree.ts'
import { bootId, groupMembers, signal, statOf, taggedProcesses, type ProcessStat } from './processes.ts'

/** What is on disk about an attempt while it runs, so that a later process can end what a killed one left behind. */
interface AttemptRecord {
  /** `<runId>/<node>/<attempt>`: the value of MILLRACE_ATTEMPT in every process of it. */
  readonly attempt: string
  /** Leaders of the groups of its programs so far. */
  readonly leaders: readonly Leader[]
}
interface Leader {
  readonly pid: number
  readonly startTime: number
  readonly bootId: string
}

/**
 * Writes a record, a line for each thing it learns. Not fsynced: it must survive the death of processes; after the
 * death of the machine there are none to find. Appended and never replaced, because ext4 flushes a file to disk when
 * it is renamed over another or cut to nothing (auto_da_alloc, ext4(5)), which took longer than the task.
 */
export class RecordFile {
  readonly #path: string
  readonly #fd: number

  constructor(path: string, attempt: string) {
    this.#path = path
    this.#fd = openSync(path, 'a', 0o600)
    this.#append({ attempt })
  }

  /** A program of the attempt was started; it leads a group of its own. */
  addLeader(pid: number): void {
    const startTime = statOf(pid)?.startTime
    if (startTime !== undefined) this.#append({ pid, startTime, bootId: bootId() })
  }

  remove(): void {
    closeSync(this.#fd)
    unlinkSync(this.#path)
  }

  #append(line: Leader | Pick<AttemptRecord, 'attempt'>): void {
    writeSync(this.#fd, `${JSON.stringify(line)}\n`)
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
  const leaders = records.flatMap((record) => record.leaders.filter((leader) => leader.bootId === boot))

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
  const [first, ...rest] = readFileSync(path, 'utf8').split('\n').map(parseLine)
  const attempt = first?.['attempt']
  if (typeof attempt !== 'string') return []
  const leaders = rest.flatMap((line) => (isLeader(line) ? [line] : []))
  return [{ attempt, leaders }]
}

/** The last line may be cut off. */
function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}

const isLeader = (
  line: Readonly<Record<string, unknown>> | undefined,
): line is Readonly<Record<string, unknown>> & Leader =>
  Number.isSafeInteger(line?.['pid']) && Number(line?.['pid']) > 1 && typeof line?.['startTime'] === 'number'
