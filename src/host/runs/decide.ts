import { advance, type Outcome } from '../../engine/advance.ts'
import type { Run } from '../../engine/run.ts'
import { snapshotOf } from '../../engine/snapshot.ts'
import { runStatus } from '../../engine/status.ts'
import { needsPerson, summaryOf } from '../../engine/view.ts'
import type { RunCommand } from '../../model/command.ts'
import type { RunEffect } from '../../model/effect.ts'
import type { Actor, LogEntry } from '../../model/event.ts'
import type { Instant } from '../../model/time.ts'
import type { RunCommit } from '../../store/store.ts'

/** A command that waits for its turn, and whoever waits for the answer. */
export interface Waiting {
  readonly command: RunCommand
  readonly actor: Actor
  /** Stored with what it causes. */
  readonly key: RunCommit['idempotency']
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

export interface Answer {
  readonly waiting: Waiting
  readonly outcome: Outcome
}

/** What commands have come to. Nothing of it is true before it is committed. */
export interface Decided {
  readonly run: Run
  readonly entries: readonly LogEntry[]
  readonly effects: readonly RunEffect[]
  readonly answers: readonly Answer[]
}

const NONE: readonly never[] = []

/** A run with more events than this gets a snapshot when it ends: below, folding its log is as quick as parsing one. */
const SNAPSHOT_FROM_EVENTS = 500
/** Commands of one run that go into one commit. */
const BATCH_MAX = 256

/** What a batch of commands does to a run. Refusals are answered with the rest: they may rest on what is not durable yet. */
export function decide(before: Run, batch: readonly Waiting[], now: () => Instant, draw: () => number): Decided {
  const [only] = batch
  if (only !== undefined && batch.length === 1) return decideOne(before, only, now(), draw)
  let run = before
  const entries: LogEntry[] = []
  const effects: RunEffect[] = []
  const answers: Answer[] = []
  for (const waiting of batch) {
    const decided = decideOne(run, waiting, now(), draw)
    run = decided.run
    entries.push(...decided.entries)
    effects.push(...decided.effects)
    answers.push(...decided.answers)
  }
  return { run, entries, effects, answers }
}

function decideOne(run: Run, waiting: Waiting, at: Instant, entropy: () => number): Decided {
  const outcome = advanced(run, waiting, at, entropy)
  if (outcome === undefined) return { run, entries: NONE, effects: NONE, answers: NONE }
  const answers = [{ waiting, outcome }]
  if (!outcome.ok || outcome.events.length === 0) return { run, entries: NONE, effects: NONE, answers }
  const { seq, updatedAt } = outcome.run
  const entries: LogEntry[] = [{ v: 1, seq, at: updatedAt, actor: waiting.actor, events: outcome.events }]
  return { run: outcome.run, entries, effects: outcome.effects, answers }
}

/** A broken assumption in the engine fails this command and leaves the run as it was. */
function advanced(run: Run, waiting: Waiting, at: Instant, entropy: () => number): Outcome | undefined {
  try {
    return advance(run, { command: waiting.command, actor: waiting.actor, at, entropy })
  } catch (error) {
    waiting.reject(error)
    return undefined
  }
}

/** @param isShared other servers write to the same log */
export function commitOf(
  before: Run,
  { run, entries, answers }: Decided,
  key: RunCommit['idempotency'],
  isShared: boolean,
): RunCommit {
  return {
    runId: run.id,
    expectedSeq: before.seq,
    entries,
    summary: isSummaryChanged(before, run) ? summaryOf(run) : null,
    snapshot: run.phase === 'ended' && run.seq > SNAPSHOT_FROM_EVENTS ? snapshotOf(run) : null,
    idempotency: key,
    ...(isShared && isForDuty(answers) ? { onDuty: true } : undefined),
  }
}

/** How many commands go into the next commit: one with a key has a commit of its own. */
export function batchOf(waiting: readonly Waiting[]): number {
  const keyed = waiting.findIndex(({ key }) => key !== null)
  return keyed === -1 ? BATCH_MAX : Math.max(1, Math.min(keyed, BATCH_MAX))
}

/** Only one server at a time lets runs in: see {@link ConcurrencyGroups}. */
const isForDuty = (answers: readonly Answer[]): boolean =>
  answers.some(({ waiting }) => waiting.command.type === 'admit')

export const isSummaryChanged = (before: Run, after: Run): boolean =>
  before.phase !== after.phase ||
  before.startedAt !== after.startedAt ||
  // It was taken up again, and has ended as before, in one commit.
  before.endedAt !== after.endedAt ||
  runStatus(before) !== runStatus(after) ||
  needsPerson(before) !== needsPerson(after)
