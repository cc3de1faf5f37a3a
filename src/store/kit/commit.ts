import { type RunCommit, StoreError } from '../store.ts'

/**
 * What every adapter refuses before it looks at the run: a commit that is not one in itself. The caller made a
 * mistake, and a log with a gap could never be mended.
 * @throws StoreError `conflict`
 */
export function checkCommit({ runId, expectedSeq, entries, summary }: RunCommit): void {
  const malformed = (reason: string): StoreError =>
    new StoreError('conflict', `commit of run ${runId} at seq ${expectedSeq}: ${reason}`)
  if (!Number.isSafeInteger(expectedSeq) || expectedSeq < 0) throw malformed('the expected seq is no seq')
  if (entries.length === 0) throw malformed('it has no entries')
  let seq = expectedSeq
  for (const entry of entries) {
    if (entry.events.length === 0) throw malformed(`the entry at seq ${entry.seq} has no events`)
    seq += entry.events.length
    if (entry.seq !== seq) throw malformed(`an entry ends at seq ${entry.seq}, where ${seq} follows`)
  }
  if (summary === null) {
    if (expectedSeq === 0) throw malformed('the first commit of a run comes without a summary')
  } else if (summary.id !== runId || summary.seq !== seq) {
    throw malformed(`the summary is of run ${summary.id} at seq ${summary.seq}, not of this one at ${seq}`)
  }
}
