import { PRIORITIES, type Priority } from '../../model/priority.ts'
import type { Instant } from '../../model/time.ts'

/** Who wants the place that is free: the first of all those that wait with the same priority, project and needs. */
export interface Claimant {
  readonly priority: Priority
  readonly project: string
  readonly since: Instant
  /** How often it was passed over by a higher priority since one of its priority had its turn. */
  readonly passed: number
}

/** What a project has. */
export interface Share {
  /** Places that it holds. */
  readonly busy: number
  /** Rises with every place that was given to anybody; 0: it never had one. */
  readonly last: number
}

/** So often a lower priority is passed over by higher ones, then it has a turn. */
export const PASSES_MAX = 10

/**
 * Who gets the place: the highest priority, but the one that was passed over too often goes first; among those the
 * project that holds the fewest places, then the one whose last turn is longest ago, then who has waited longest.
 * Costs one look at each claimant, however many wait behind them.
 */
export function nextOf<One extends Claimant>(
  claimants: Iterable<One>,
  shareOf: (project: string) => Share,
): One | undefined {
  let first: One | undefined
  for (const claimant of claimants) {
    if (first === undefined || before(claimant, first, shareOf) < 0) first = claimant
  }
  return first
}

function before(left: Claimant, right: Claimant, shareOf: (project: string) => Share): number {
  const owed = owedOf(right) - owedOf(left)
  if (owed !== 0) return owed
  const rank = rankOf(left.priority) - rankOf(right.priority)
  if (rank !== 0) return rank
  if (left.project !== right.project) {
    const [one, other] = [shareOf(left.project), shareOf(right.project)]
    if (one.busy !== other.busy) return one.busy - other.busy
    if (one.last !== other.last) return one.last - other.last
  }
  return left.since - right.since
}

/** What each claimant's {@link Claimant.passed} is when `chosen`, one of them, has had the place. */
export function passedAfter({ priority, passed }: Claimant, chosen: Claimant): number {
  const behind = rankOf(priority) - rankOf(chosen.priority)
  if (behind === 0) return 0
  return behind > 0 ? passed + 1 : passed
}

/**
 * Everything that waits in the order in which it is taken if nobody else comes and nobody gives back a place: by
 * priority, and among projects in turn. That lower ones are let through now and then is left out.
 */
export function inOrder<One extends Omit<Claimant, 'passed'>>(
  waiting: readonly One[],
  shareOf: (project: string) => Share,
): readonly One[] {
  const ahead = new Map<string, number>()
  const ranked = waiting
    .toSorted((left, right) => rankOf(left.priority) - rankOf(right.priority) || left.since - right.since)
    .map((one) => {
      const taken = ahead.get(one.project) ?? shareOf(one.project).busy
      ahead.set(one.project, taken + 1)
      return { one, taken }
    })
  return ranked
    .toSorted(
      (left, right) =>
        rankOf(left.one.priority) - rankOf(right.one.priority) ||
        left.taken - right.taken ||
        shareOf(left.one.project).last - shareOf(right.one.project).last ||
        left.one.since - right.one.since,
    )
    .map(({ one }) => one)
}

const rankOf = (priority: Priority): number => PRIORITIES.indexOf(priority)

/** All that are owed a turn go before the others, whoever has waited longer for it first. */
const owedOf = ({ passed }: Claimant): number => (passed >= PASSES_MAX ? passed : 0)
