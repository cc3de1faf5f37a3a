import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

/** How long a statement waits for another process, e.g. a person with the sqlite3 shell, before it is refused. */
const BUSY_TIMEOUT_MS = 5_000

/**
 * One connection with its prepared statements, kept by their text. Rows are taken as what their SQL says: the tables
 * are STRICT, so a column never holds another type than its own.
 */
export class Connection {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string, mode: 'read-write' | 'read-only') {
    this.#database = new DatabaseSync(path, { readOnly: mode === 'read-only', timeout: BUSY_TIMEOUT_MS })
  }

  /** Any number of statements; for schema, pragmas and transactions. */
  exec(sql: string): void {
    this.#database.exec(sql)
  }

  /** @returns how many rows it changed */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepared(sql).run(...values).changes)
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepared(sql).get(...values) as Row | undefined
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepared(sql).all(...values) as Row[]
  }

  iterate<Row>(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    return this.#prepared(sql).iterate(...values) as Iterable<Row>
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}
