// Kills its own process with SIGKILL at a named point of its work. Loaded into the process that is to die, and into its
// database threads, by `NODE_OPTIONS=--import`: the product knows nothing of it.
//
//   CRASH_POINT=<point>:<n>    dies when the point is met for the nth time, from 1
import { ServerResponse } from 'node:http'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { Worker, isMainThread, workerData } from 'node:worker_threads'

/** Those of the writing thread, then those of the main thread; `answer` is met by whole servers only. */
export const POINTS = {
  /** A statement of the opening of the database, migrations among them. */
  open: 12,
  /** A transaction has begun, nothing is written. */
  begin: 60,
  /** A row is written, the transaction is under way. */
  write: 400,
  'before-commit': 60,
  /** Durable, and nobody knows yet. */
  'after-commit': 60,
  /** The last connection is about to fold the WAL into the file. */
  close: 1,
  /** A message to a database thread, commits among them, is about to be posted. */
  ask: 100,
  /** The answer of a database thread has come, and nobody was told. */
  hear: 100,
  /** An answer of 2xx is about to be sent. */
  answer: 40,
} as const satisfies Record<string, number>
export type Point = keyof typeof POINTS

const [wanted, count] = (process.env['CRASH_POINT'] ?? '').split(':')
let left = Number(count)

function meet(point: Point): void {
  if (point !== wanted) return
  left -= 1
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}

/** Calls `around` in place of a method, with the method bound to its object. */
function wrap(
  prototype: object,
  name: string,
  around: (call: (...args: unknown[]) => unknown, args: unknown[]) => unknown,
): void {
  const method = Reflect.get(prototype, name) as (...args: unknown[]) => unknown
  Reflect.set(prototype, name, function (this: unknown, ...args: unknown[]): unknown {
    return around((...given) => Reflect.apply(method, this, given), args)
  })
}

function watchWriter(): void {
  wrap(DatabaseSync.prototype, 'exec', (call, args) => {
    const sql = String(args[0])
    const point = sql === 'begin immediate' ? 'begin' : sql === 'commit' ? 'before-commit' : 'open'
    if (point === 'before-commit') meet(point)
    const result = call(...args)
    meet(point === 'before-commit' ? 'after-commit' : point)
    return result
  })
  wrap(StatementSync.prototype, 'run', (call, args) => {
    const result = call(...args)
    meet('write')
    return result
  })
  wrap(DatabaseSync.prototype, 'close', (call, args) => {
    meet('close')
    return call(...args)
  })
}

function watchMain(): void {
  wrap(Worker.prototype, 'postMessage', (call, args) => {
    meet('ask')
    return call(...args)
  })
  wrap(Worker.prototype, 'emit', (call, args) => {
    if (args[0] === 'message') meet('hear')
    return call(...args)
  })
  wrap(ServerResponse.prototype, 'writeHead', (call, args) => {
    if (Number(args[0]) < 300) meet('answer')
    return call(...args)
  })
}

if (wanted !== '') {
  if (isMainThread) watchMain()
  else if ((workerData as { role?: unknown } | null)?.role === 'writer') watchWriter()
}
