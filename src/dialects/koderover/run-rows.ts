import type { RunListFilter } from '../../host/app.ts'
import { accept, type Result } from '../../model/problem.ts'
import type { RunSummary, RunView } from '../../model/view.ts'
import type { Call } from './route.ts'

const PAGE = 100
/** Rows of a queue that are looked at. */
const QUEUE_ROWS_MAX = 10_000

/** What stands in a queue, as it will have its turn: what was made first comes first (aslan's `QueueColl.List`). */
export async function oldestRuns(
  call: Pick<Call, 'app' | 'caller'>,
  filter: RunListFilter,
  max: number,
): Promise<Result<readonly RunView[]>> {
  const rows = await newestRows(call, filter, QUEUE_ROWS_MAX)
  return rows.ok ? await wholeRuns(call, rows.value.toReversed().slice(0, max)) : rows
}

/** At least so many of the index rows, newest first, unless there are fewer. */
export async function newestRows(
  { app, caller }: Pick<Call, 'app' | 'caller'>,
  filter: RunListFilter,
  count: number,
): Promise<Result<readonly RunSummary[]>> {
  const rows: RunSummary[] = []
  let before: number | null = null
  do {
    const page = await app.runs.list(caller, filter, { before, limit: PAGE })
    if (!page.ok) return page
    rows.push(...page.value.items)
    before = page.value.next
  } while (before !== null && rows.length < count)
  return accept(rows)
}

/** The runs of these rows, in their order. */
export async function wholeRuns(
  { app, caller }: Pick<Call, 'app' | 'caller'>,
  rows: readonly RunSummary[],
): Promise<Result<readonly RunView[]>> {
  const runs: RunView[] = []
  for (let at = 0; at < rows.length; at += PAGE) {
    const batch = await app.runs.batch(
      caller,
      rows.slice(at, at + PAGE).map(({ id }) => ({ id })),
    )
    if (!batch.ok) return batch
    runs.push(...batch.value)
  }
  return accept(runs)
}
