import { expect, test } from 'vitest'
import { asId, type RunId } from '../../model/id.ts'
import type { RunCommit } from '../store.ts'
import { Commits } from './commits.ts'

const runId = (number: number): RunId => asId<RunId>(String(number).padStart(32, '0'))

const commitOf = (run: number, seq: number): RunCommit => ({
  runId: runId(run),
  expectedSeq: seq - 1,
  entries: [{ v: 1, seq, at: 0, actor: { kind: 'server', name: 'x' }, events: [{ type: 'RunResumed' }] }],
  summary: null,
  snapshot: null,
  idempotency: null,
})

/** A connection that answers when it is told to; gives the runs of each batch. */
function openLine() {
  const batches: { readonly runs: readonly string[]; readonly answer: () => void }[] = []
  let number = 0
  const commits = new Commits(
    {
      inOrder: <Row>(_sql: string, [runs]: readonly unknown[]) =>
        new Promise<Row[]>((resolve) => {
          const ids = runs as readonly string[]
          const rows = ids.map((_id, place) => ({ ord: place + 1, refusal: null, last_number: (number += 1) }))
          batches.push({ runs: ids, answer: () => resolve(rows as Row[]) })
        }),
    },
    (error) => {
      throw error
    },
  )
  return { commits, batches, sizes: () => batches.map(({ runs }) => runs.length) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('many commits of a turn go as two batches, the second before the first is answered', async () => {
  const { commits, batches, sizes } = openLine()
  const all = Array.from({ length: 100 }, (_, run) => commits.commit(commitOf(run, 1)))
  await turn()
  expect(sizes()).toEqual([50, 50])
  const more = Array.from({ length: 50 }, (_, run) => commits.commit(commitOf(run + 200, 1)))
  await turn()
  expect(sizes()).toEqual([50, 50])
  for (const { answer } of batches) answer()
  await Promise.all(all)
  await turn()
  expect(sizes()).toEqual([50, 50, 50])
  batches[2]?.answer()
  await Promise.all(more)
})

test('a few go together, and others wait for them to be many or the first to be over', async () => {
  const { commits, batches, sizes } = openLine()
  const first = [1, 2, 3].map((run) => commits.commit(commitOf(run, 1)))
  await turn()
  const later = [4, 5].map((run) => commits.commit(commitOf(run, 1)))
  await turn()
  expect(sizes()).toEqual([3])
  batches[0]?.answer()
  await Promise.all(first)
  await turn()
  expect(sizes()).toEqual([3, 2])
  batches[1]?.answer()
  expect((await Promise.all(later)).map(({ lastNumber }) => lastNumber)).toEqual([4, 5])
})

test('the next commit of a run, or of a key, is never under way together with the one before', async () => {
  const { commits, batches } = openLine()
  const key = { key: 'k', fingerprint: '', at: 0 }
  const all = Array.from({ length: 80 }, (_, run) => commits.commit(commitOf(run, 1)))
  all.push(commits.commit(commitOf(7, 2)))
  all.push(commits.commit({ ...commitOf(90, 1), idempotency: key }))
  all.push(commits.commit({ ...commitOf(91, 1), idempotency: key }))
  await turn()
  const underWay = batches.flatMap(({ runs }) => runs)
  expect(new Set(underWay).size).toBe(underWay.length)
  expect(underWay).toContain(runId(90))
  expect(underWay).not.toContain(runId(91))
  for (let at = 0; at < batches.length; at += 1) {
    batches[at]?.answer()
    await turn()
  }
  await Promise.all(all)
  const runs = batches.flatMap((batch) => batch.runs)
  expect(runs.filter((id) => id === runId(7))).toHaveLength(2)
  expect(runs.filter((id) => id === runId(91))).toHaveLength(1)
})
