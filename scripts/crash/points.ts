// Kills its own process with SIGKILL at a named point of its work. Loaded into the process that is to die, and into its
// database threads, by `NODE_OPTIONS=--import`: the product knows nothing of it.
//
//   CRASH_POINT=<point>:<n>    dies when the point is met for the nth time, from 1
import { ServerResponse } from 'node:http'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { Worker, isMainThread, workerData } from 'node:worker_threads'

/** Of the embedded store: those of its writing thread, then those of the main thread. */
export const SQLITE_POINTS = {
  /** A statement of the opening of the database, migrations among them. */
  open: 12,
  /** A transaction has begun, nothing is written. */
  begin: 60,
  /** A row is written, the transaction is under way. */
  write: 400,
  'before-commit': 60,
  /** Durable, and nobody knows yet. */
  'after-commit': 60,
  /** A message to a database thread, commits among them, is about to be posted. */
  ask: 100,
  /** The answer of a database thread has come, and nobody was told. */
  hear: 100,
} as const satisfies Record<string, number>

/** Of a store in PostgreSQL, which goes on with what it was sent. */
export const POSTGRES_POINTS = {
  /** A statement of the opening, migrations among them. */
  schema: 8,
  /** A batch of commits is about to be sent. */
  send: 60,
  /** It has gone, and nobody has heard what became of it. */
  sent: 60,
  /** Durable, and nobody was told. */
  heard: 60,
} as const satisfies Record<string, number>

/** Of whole servers. */
export const SERVED_POINTS = {
  /** An answer of 2xx is about to be sent. */
  answer: 40,
} as const satisfies Record<string, number>

/** How many times each is met in a life, about. */
export const POINTS = { ...SQLITE_POINTS, ...POSTGRES_POINTS, ...SERVED_POINTS }
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

function watchDatabase({ Client }: { readonly Client: { readonly prototype: object } }): void {
  wrap(Client.prototype, 'query', (call, args) => {
    const [asked] = args as [string | { readonly text?: string }]
    const sql = typeof asked === 'string' ? asked : (asked.text ?? '')
    const isBatch = sql.includes('from commit_runs(')
    if (isBatch) meet('send')
    const result = call(...args)
    if (isBatch) meet('sent')
    if (/^\s*(?:--|create|insert into migrations)/.test(sql)) meet('schema')
    if (!isBatch || !(result instanceof Promise)) return result
    return result.then((rows: unknown) => {
      meet('heard')
      return rows
    })
  })
}

if (wanted !== '') {
  if (isMainThread) {
    watchMain()
    if (Object.keys(POSTGRES_POINTS).includes(wanted ?? '')) watchDatabase((await import('pg')).default)
  } else if ((workerData as { role?: unknown } | null)?.role === 'writer') watchWriter()
}
