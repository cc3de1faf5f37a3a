import { createHash, type Hash } from 'node:crypto'
import { StoreError } from '../store.ts'

/**
 * What a whole store holds, as tables that every SQL adapter has alike: the way in which an installation goes from one
 * store to another, with every number as it is. Not for servers at work: they have the port of store.ts.
 */

/** Flags are 0 or 1, lists are JSON. */
export type Cell = string | number | null
/** In the order of the table's columns. */
export type Row = readonly Cell[]
type ColumnKind = 'integer' | 'text' | 'flag' | 'list'

export interface TableSpec {
  readonly name: string
  readonly columns: Readonly<Record<string, ColumnKind>>
  /** What rows are read in the order of; texts by their code points. */
  readonly order: readonly string[]
  /** Rows of a batch: few where a row may be large. */
  readonly batch: number
}

const table = (
  name: string,
  order: readonly string[],
  columns: Readonly<Record<string, ColumnKind>>,
  batch = 2_000,
): TableSpec => ({ name, columns, order, batch })

const created = { created_at: 'integer', created_by_id: 'text', created_by_name: 'text' } as const

/** In the order in which they can be filled: what a row names comes before it. */
export const TABLES: readonly TableSpec[] = [
  table('projects', ['serial'], {
    serial: 'integer',
    id: 'text',
    name: 'text',
    description: 'text',
    created_at: 'integer',
    deleted_at: 'integer',
  }),
  table('pipelines', ['serial'], {
    serial: 'integer',
    id: 'text',
    project: 'text',
    name: 'text',
    name_folded: 'text',
    version: 'integer',
    ...created,
    updated_at: 'integer',
    deleted_at: 'integer',
    last_number: 'integer',
  }),
  table(
    'versions',
    ['pipeline', 'version'],
    { pipeline: 'integer', version: 'integer', ...created, text: 'text', plan: 'text' },
    20,
  ),
  table('webhooks', ['pipeline', 'place'], { id: 'text', pipeline: 'integer', place: 'integer', name: 'text' }),
  table('runs', ['serial'], {
    serial: 'integer',
    id: 'text',
    number: 'integer',
    project: 'text',
    pipeline: 'text',
    pipeline_name: 'text',
    pipeline_name_folded: 'text',
    version: 'integer',
    status: 'text',
    live: 'flag',
    cause_kind: 'text',
    cause_by: 'text',
    needs_person: 'flag',
    annotations: 'text',
    created_at: 'integer',
    started_at: 'integer',
    ended_at: 'integer',
    seq: 'integer',
    updated_at: 'integer',
  }),
  table('entries', ['number'], {
    number: 'integer',
    run: 'integer',
    seq: 'integer',
    at: 'integer',
    event_count: 'integer',
    body: 'text',
  }),
  table('snapshots', ['run'], { run: 'integer', seq: 'integer', data: 'text' }, 20),
  table('idempotency', ['key'], { key: 'text', fingerprint: 'text', run: 'integer', until: 'integer' }),
  table('users', ['place'], {
    place: 'integer',
    id: 'text',
    name: 'text',
    domain: 'text',
    password_hash: 'text',
    role: 'text',
    project_ids: 'list',
    created_at: 'integer',
    disabled_at: 'integer',
  }),
  table('keys', ['place'], {
    place: 'integer',
    kind: 'text',
    name: 'text',
    secret: 'text',
    user: 'text',
    label: 'text',
    created_at: 'integer',
    expires_at: 'integer',
    revoked_at: 'integer',
  }),
  table('settings', ['name'], { name: 'text', value: 'text' }),
  table('audit', ['number'], {
    number: 'integer',
    at: 'integer',
    actor_kind: 'text',
    actor_name: 'text',
    action: 'text',
    target: 'text',
    detail: 'text',
  }),
  table('secrets', ['place'], {
    place: 'integer',
    project: 'text',
    pipeline: 'text',
    name: 'text',
    sealed: 'text',
    ...created,
    updated_at: 'integer',
    updated_by_id: 'text',
    updated_by_name: 'text',
    last_used_at: 'integer',
  }),
  table('documents', ['project', 'kind', 'key'], {
    project: 'text',
    kind: 'text',
    key: 'text',
    value: 'text',
    revision: 'integer',
    updated_at: 'integer',
  }),
  table('outbox', ['serial'], {
    serial: 'integer',
    id: 'text',
    project: 'text',
    run: 'text',
    kind: 'text',
    target: 'text',
    lane: 'text',
    body: 'text',
    created_at: 'integer',
    state: 'text',
    tries: 'integer',
    next_at: 'integer',
    error: 'text',
    updated_at: 'integer',
  }),
  // What was given last although no row may tell: `message`, `revision`, `run`.
  table('counters', ['name'], { name: 'text', value: 'integer' }),
]

/** A store that no server works on, or one moment of it, for reading. */
export interface TableSource {
  /** All rows, in order, in batches. */
  read(spec: TableSpec): AsyncIterable<readonly Row[]>
  /** How many there are, for the progress that is told. */
  count(spec: TableSpec): Promise<number>
  close(): Promise<void>
}

/** An empty store that is being filled: nobody sees anything of it before {@link TableTarget.finish}. */
export interface TableTarget {
  write(spec: TableSpec, rows: readonly Row[]): Promise<void>
  /** What was written, read again. */
  read(spec: TableSpec): AsyncIterable<readonly Row[]>
  /** Makes all of it durable and seen, at once. */
  finish(): Promise<void>
  /** Lets go of it; what was not finished is gone. */
  close(): Promise<void>
}

/** What a table came to. */
export interface CopiedTable {
  readonly name: string
  readonly rows: number
  /** Of its rows as JSON, a line each, in order. */
  readonly sha256: string
}

/**
 * Copies everything and reads it back.
 * @param onProgress told after every batch
 * @throws StoreError `corrupt` when what is read back is not what was written; then nothing is left in the target
 */
export async function copyTables(
  source: TableSource,
  target: TableTarget,
  onProgress: (table: string, done: number, of: number) => void,
): Promise<readonly CopiedTable[]> {
  const copied: CopiedTable[] = []
  for (const spec of TABLES) {
    const of = await source.count(spec)
    const sum = new Sum(spec.name)
    for await (const rows of source.read(spec)) {
      sum.add(rows)
      await target.write(spec, rows)
      onProgress(spec.name, sum.rows, of)
    }
    copied.push(sum.result())
  }
  for (const [index, spec] of TABLES.entries()) {
    const expected = copied[index]
    const found = await sumOf(target, spec)
    if (expected === undefined || found.rows !== expected.rows || found.sha256 !== expected.sha256) {
      throw new StoreError(
        'corrupt',
        `the table ${spec.name} was read back otherwise than it was written: ${found.rows} rows with the checksum ` +
          `${found.sha256}, expected ${expected?.rows} with ${expected?.sha256}`,
      )
    }
  }
  await target.finish()
  return copied
}

/** Reads a table for its checksum. */
export async function sumOf(from: Pick<TableSource, 'read'>, spec: TableSpec): Promise<CopiedTable> {
  const sum = new Sum(spec.name)
  for await (const rows of from.read(spec)) sum.add(rows)
  return sum.result()
}

class Sum {
  readonly #name: string
  readonly #hash: Hash = createHash('sha256')
  rows = 0

  constructor(name: string) {
    this.#name = name
  }

  add(rows: readonly Row[]): void {
    this.rows += rows.length
    this.#hash.update(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  }

  result(): CopiedTable {
    return { name: this.#name, rows: this.rows, sha256: this.#hash.digest('hex') }
  }
}
