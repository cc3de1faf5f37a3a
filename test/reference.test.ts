// What the documents say in tables is held against the tables of the code, in both directions: a new code, event or
// status is a red test until it is documented, and so is one that went away.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nodeAdmits, runAdmits } from '../src/engine/admits.ts'
import { runWords as pipelineWords } from '../src/dialects/codearts-pipeline/status.ts'
import { runWord as checkWord } from '../src/dialects/codearts-check/status.ts'
import { runState } from '../src/dialects/blueking/status.ts'
import { runWord as koderoverWord } from '../src/dialects/koderover/status.ts'
import { runStatusWord as swrWord } from '../src/dialects/swr/status.ts'
import { eventTypes } from '../src/http/native/event-types.ts'
import { PROBLEMS } from '../src/http/problem.ts'
import { FAILURE_POLICIES } from '../src/model/definition.ts'
import { failureStatus, isRetryable, type FailureKind } from '../src/model/failure.ts'
import { RUN_STATUSES } from '../src/model/status.ts'
import { tableUnder } from './support/markdown.ts'

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8')
const plain = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '')

describe('docs/reference/errors.md', () => {
  const page = read('docs/reference/errors.md')

  test('lists every problem code with its status and title', () => {
    const documented = tableUnder(page, 'Codes').map(([code, status, title]) => `${plain(code)} ${status} ${title}`)
    const known = Object.entries(PROBLEMS).map(([code, { status, title }]) => `${code} ${status} ${title}`)
    expect(documented.toSorted()).toEqual(known.toSorted())
  })

  test('lists every kind of failure, how its task ends and whether it is tried again', () => {
    const documented = tableUnder(page, 'Why a run failed').map(
      ([kind, end, again]) => `${plain(kind)} ${plain(end)} ${again}`,
    )
    const kinds = Object.keys(failureStatus) as FailureKind[]
    const known = kinds.map((kind) => `${kind} ${failureStatus[kind]} ${isRetryable[kind] ? 'yes' : 'no'}`)
    expect(documented.toSorted()).toEqual(known.toSorted())
  })
})

test('docs/reference/events.md lists every event type, once', () => {
  const page = read('docs/reference/events.md')
  const documented = ['The run', 'Stages', 'Tasks']
    .flatMap((title) => tableUnder(page, title))
    .map(([type]) => plain(type))
  expect(documented.toSorted()).toEqual(Object.values(eventTypes).toSorted())
})

describe('ARCHITECTURE.md', () => {
  const page = read('ARCHITECTURE.md')

  test('says of every status how each of the five dialects calls it', () => {
    const documented = tableUnder(page, 'What each dialect calls it').map((cells) => cells.map(plain))
    expect(documented).toEqual(
      RUN_STATUSES.map((status) => {
        const { status: word, outcome } = pipelineWords[status]
        return [
          status,
          koderoverWord[status],
          `${word}/${String(outcome)}`,
          // What failed in a held run has its say when nothing else is at work.
          status === 'held' ? 'FAILED' : runState[status],
          String(checkWord[status]),
          swrWord[status],
        ]
      }),
    )
  })

  test('says which statuses admit each command', () => {
    const documented = tableUnder(page, 'What is allowed when').map((cells) => cells.map(plain))
    expect(documented).toEqual([
      ...Object.entries(runAdmits).map(([action, statuses]) => ['run', action, statuses.join(', ')]),
      ...Object.entries(nodeAdmits).map(([action, statuses]) => ['node', action, statuses.join(', ')]),
    ])
  })

  test('explains every failure policy', () => {
    expect(tableUnder(page, 'What a failure means').map(([policy]) => plain(policy))).toEqual([...FAILURE_POLICIES])
  })
})
