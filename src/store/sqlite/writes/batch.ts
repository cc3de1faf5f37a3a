import { StoreError } from '../../store.ts'
import { type Failure, failureOf } from '../failure.ts'
import type { Operations } from '../operations.ts'
import type { Answers, Call } from '../protocol.ts'
import { writes } from './index.ts'
import type { Writer } from './writer.ts'

/**
 * All calls of a turn in one transaction, so that they share one fsync. A call that refuses has written nothing yet
 * and the others go on without it. When one breaks instead (disk full, or our own mistake), all is rolled back and
 * each is tried in a transaction of its own: so each fails alone, and the common path needs no savepoints.
 */
export function writeBatch(writer: Writer, calls: readonly Call[]): Answers {
  try {
    writer.connection.exec('begin immediate')
  } catch (error) {
    return allFailed(calls, failureOf(error))
  }
  try {
    const answers = attemptAll(writer, calls)
    writer.connection.exec('commit')
    return answers
  } catch (error) {
    rollBack(writer)
    return calls.length === 1 ? allFailed(calls, failureOf(error)) : oneByOne(writer, calls)
  }
}

function attemptAll(writer: Writer, calls: readonly Call[]): Answers {
  const operations: Operations = writes
  const values: unknown[] = []
  const failures: [number, Failure][] = []
  for (const [index, [name, args]] of calls.entries()) {
    try {
      values[index] = operations[name]?.(...([writer, ...args] as never[]))
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      values[index] = undefined
      failures.push([index, failureOf(error)])
    }
  }
  return { kind: 'answers', values, failures }
}

function oneByOne(writer: Writer, calls: readonly Call[]): Answers {
  const values: unknown[] = []
  const failures: [number, Failure][] = []
  for (const [index, call] of calls.entries()) {
    const answers = writeBatch(writer, [call])
    values[index] = answers.values[0]
    for (const [, failure] of answers.failures) failures.push([index, failure])
  }
  return { kind: 'answers', values, failures }
}

/** SQLite has rolled back by itself after some errors, a full disk among them. */
function rollBack(writer: Writer): void {
  writer.forget()
  if (writer.connection.inTransaction) writer.connection.exec('rollback')
}

const allFailed = (calls: readonly Call[], failure: Failure): Answers => ({
  kind: 'answers',
  values: calls.map(() => undefined),
  failures: calls.map((_, index) => [index, failure]),
})
