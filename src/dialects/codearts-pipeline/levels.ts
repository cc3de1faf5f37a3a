import type { JobDoc, StageDoc } from './stages.ts'

/** What a condition asks that can hold after a failure of what its job depends on. */
const AFTER_FAILURE = /\b(?:always|completed|failure|failed)\s*\(\s*\)/

const asksAfterFailure = ({ condition, dependsOn }: JobDoc): boolean =>
  dependsOn.length > 0 && AFTER_FAILURE.test(condition ?? '')

/**
 * A task of ours begins when what it needs went well. So a job that is to run after a failure of another one of its
 * stage needs nothing: it stands in a stage of ours behind that one, which runs whatever became of it, and its condition
 * asks. This is how many such stages a job stands behind the first, by its identifier; what depends on it goes with it.
 */
export function levelsOf({ jobs }: Pick<StageDoc, 'jobs'>): ReadonlyMap<string, number> {
  const docs = new Map(jobs.map((job) => [job.identifier, job]))
  const levels = new Map<string, number>()
  const levelOf = (name: string): number => {
    const known = levels.get(name)
    if (known !== undefined) return known
    // Of a circle, which jobsInOrder refuses.
    levels.set(name, 0)
    const job = docs.get(name)
    const before = Math.max(0, ...(job?.dependsOn ?? []).map(levelOf))
    const level = before + (job !== undefined && asksAfterFailure(job) ? 1 : 0)
    levels.set(name, level)
    return level
  }
  for (const { identifier } of jobs) levelOf(identifier)
  return levels
}
