import { StoreError } from '../../store.ts'
import type { Connection } from '../connection.ts'

/** A run as commits need it. */
export interface RunPosition {
  readonly serial: number
  seq: number
}

/** More runs than this are not remembered: the next commit of a forgotten one looks in the database again. */
const REMEMBERED_MAX = 20_000

/**
 * What the one writing thread knows besides its connection. Nobody else writes to the file, so what is remembered
 * here is what the database would say, until a transaction is rolled back: then it is forgotten.
 */
export class Writer {
  readonly connection: Connection
  readonly #positions = new Map<string, RunPosition>()
  #lastNumber: number | undefined

  constructor(connection: Connection) {
    this.connection = connection
  }

  /** Global number of the newest event. */
  get lastNumber(): number {
    this.#lastNumber ??=
      this.connection.get<{ number: number }>('select coalesce(max(number), 0) as number from entries')?.number ?? 0
    return this.#lastNumber
  }

  set lastNumber(value: number) {
    this.#lastNumber = value
  }

  position(runId: string): RunPosition | undefined {
    const known = this.#positions.get(runId)
    if (known !== undefined) return known
    const found = this.connection.get<{ serial: number; seq: number }>(
      'select serial, (select max(seq) from entries where run = serial) as seq from runs where id = ?',
      runId,
    )
    return found === undefined ? undefined : this.remember(runId, { serial: found.serial, seq: found.seq })
  }

  remember(runId: string, position: RunPosition): RunPosition {
    if (this.#positions.size >= REMEMBERED_MAX) this.#positions.clear()
    this.#positions.set(runId, position)
    return position
  }

  /** The run is gone. */
  drop(runId: string): void {
    this.#positions.delete(runId)
  }

  /** After a rollback. */
  forget(): void {
    this.#positions.clear()
    this.#lastNumber = undefined
  }
}

/**
 * Says no. Operations look before they write: what refuses has written nothing yet, so the others of its transaction
 * can go on. (They may: within the transaction of the only writer nothing changes between looking and writing.)
 */
export function refuse(code: 'conflict' | 'missing', message: string): never {
  throw new StoreError(code, message)
}
