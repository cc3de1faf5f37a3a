import { advance, type Outcome } from '../engine/advance.ts'
import { createRun, type Creation } from '../engine/create.ts'
import { fold, foldOnto } from '../engine/evolve.ts'
import type { Run } from '../engine/run.ts'
import { runOfSnapshot, snapshotOf } from '../engine/snapshot.ts'
import { runStatus } from '../engine/status.ts'
import { needsPerson, summaryOf } from '../engine/view.ts'
import type { RunCommand, SystemCommand } from '../model/command.ts'
import type { RunEffect } from '../model/effect.ts'
import type { Actor, LogEntry } from '../model/event.ts'
import type { PipelineId, RunId } from '../model/id.ts'
import type { Plan } from '../model/plan.ts'
import { StoreError, type RunCommit, type RunLog } from '../store/store.ts'
import type { Clock } from './clock.ts'
import type { Entropy } from './entropy.ts'
import { Lru } from './lru.ts'

/** A commit that is durable: what the host must now do and tell. */
export interface Committed {
  readonly run: Run
  readonly entries: readonly LogEntry[]
  readonly effects: readonly RunEffect[]
  /** Global number of the last of these events. */
  readonly lastNumber: number
  /** Whether the index row changed. */
  readonly summaryChanged: boolean
}

interface Dependencies {
  readonly log: RunLog
  readonly clock: Clock
  readonly entropy: Entropy
  readonly planOf: (pipelineId: PipelineId, version: number) => Promise<Plan>
  /** Called in the order of the events' numbers, in the turn in which the commit became durable. */
  readonly onCommitted: (committed: Committed) => void
  /** A broken assumption, met while nobody waits for the answer. */
  readonly onDefect: (error: unknown) => void
}

interface Waiting {
  readonly command: RunCommand
  readonly actor: Actor
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

interface Handle {
  /** As of the last durable commit: what readers see. */
  run: Run
  readonly waiting: Waiting[]
  busy: boolean
}

/** A run with more events than this gets a snapshot when it ends: below, folding its log is as quick as parsing one. */
const SNAPSHOT_FROM_EVENTS = 500
/** Ended runs kept in memory, in nodes. */
const ENDED_NODES_MAX = 200_000
/** Commands of one run that go into one commit. */
const BATCH_MAX = 256
const RETRY_MS = 1_000

/**
 * Runs in memory and the one write path: load -> advance -> commit -> publish. Commands of one run are taken in
 * order; those that wait while a commit is under way go into the next one together. Readers see committed runs only.
 */
export class LiveRuns {
  readonly #deps: Dependencies
  readonly #live = new Map<RunId, Handle>()
  readonly #ended = new Lru<RunId, Handle>(ENDED_NODES_MAX)
  readonly #loading = new Map<RunId, Promise<Handle | undefined>>()

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** The run as of its last durable commit, when it is in memory: every live run is. */
  peek(id: RunId): Run | undefined {
    return (this.#live.get(id) ?? this.#ended.get(id))?.run
  }

  async get(id: RunId): Promise<Run | undefined> {
    return this.peek(id) ?? (await this.#handle(id))?.run
  }

  /** Runs that have not ended. */
  *all(): Iterable<Run> {
    for (const handle of this.#live.values()) yield handle.run
  }

  /** @throws StoreError `conflict` when the idempotency key is taken. */
  async create(creation: Creation, idempotency: RunCommit['idempotency']): Promise<Run> {
    const { run, events, effects } = createRun(creation)
    const entry: LogEntry = { v: 1, seq: run.seq, at: creation.at, actor: creation.actor, events }
    const receipt = await this.#deps.log.commit({
      runId: run.id,
      expectedSeq: 0,
      entries: [entry],
      summary: summaryOf(run),
      snapshot: null,
      idempotency,
    })
    this.#keep({ run, waiting: [], busy: false })
    this.#deps.onCommitted({ run, entries: [entry], effects, lastNumber: receipt.lastNumber, summaryChanged: true })
    return run
  }

  /**
   * Takes a command through the engine. Resolves when what it caused is durable, or at once with a rejection.
   * @returns undefined when there is no such run. @throws StoreError when the commit could not be written.
   */
  async submit(id: RunId, command: RunCommand, actor: Actor): Promise<Outcome | undefined> {
    const handle = this.#live.get(id) ?? (await this.#handle(id))
    if (handle === undefined) return undefined
    return new Promise((resolve, reject) => this.#enqueue(handle, { command, actor, resolve, reject }))
  }

  /**
   * A report of the system: never lost to a full disk, tried again until the store takes it.
   * @returns false when the run is not live: then nothing is done and `done` is not called.
   */
  report(id: RunId, command: SystemCommand, actor: Actor, done: (outcome: Outcome) => void = ignore): boolean {
    const handle = this.#live.get(id)
    if (handle === undefined) return false
    const again = (error: unknown): void => {
      if (!(error instanceof StoreError)) return this.#deps.onDefect(error)
      if (error.code === 'closed') return
      this.#deps.clock.at(this.#deps.clock.now() + RETRY_MS, () => this.report(id, command, actor, done))
    }
    this.#enqueue(handle, { command, actor, resolve: done, reject: again })
    return true
  }

  #enqueue(handle: Handle, waiting: Waiting): void {
    handle.waiting.push(waiting)
    this.#pump(handle)
  }

  /** Takes what waits through the engine and commits it. One commit of a run at a time; who is told may enqueue more. */
  #pump(handle: Handle): void {
    if (handle.busy || handle.waiting.length === 0) return
    handle.busy = true
    const before = handle.run
    const { run, entries, effects, answers } = this.#decide(before, handle.waiting.splice(0, BATCH_MAX))
    const answer = (): void => {
      for (const { waiting, outcome } of answers) waiting.resolve(outcome)
      this.#pump(handle)
    }
    if (entries.length === 0) {
      handle.busy = false
      answer()
      return
    }
    const summaryChanged = isSummaryChanged(before, run)
    const commit: RunCommit = {
      runId: run.id,
      expectedSeq: before.seq,
      entries,
      summary: summaryChanged ? summaryOf(run) : null,
      snapshot: run.phase === 'ended' && run.seq > SNAPSHOT_FROM_EVENTS ? snapshotOf(run) : null,
      idempotency: null,
    }
    this.#deps.log.commit(commit).then(
      ({ lastNumber }) => {
        handle.run = run
        handle.busy = false
        if (run.phase !== before.phase) this.#keep(handle)
        this.#deps.onCommitted({ run, entries, effects, lastNumber, summaryChanged })
        answer()
      },
      (error: unknown) => {
        // Nothing was written: what readers see is still true, and what waits behind is decided anew.
        handle.busy = false
        for (const { waiting } of answers) waiting.reject(error)
        this.#pump(handle)
      },
    )
  }

  /** What a batch of commands does to a run. Refusals are answered with the rest: they may rest on what is not durable yet. */
  #decide(before: Run, batch: readonly Waiting[]) {
    const { clock, entropy } = this.#deps
    let run = before
    const entries: LogEntry[] = []
    const effects: RunEffect[] = []
    const answers: { readonly waiting: Waiting; readonly outcome: Outcome }[] = []
    for (const waiting of batch) {
      const outcome = this.#advance(run, waiting, clock.now(), entropy)
      if (outcome === undefined) continue
      answers.push({ waiting, outcome })
      if (!outcome.ok || outcome.events.length === 0) continue
      run = outcome.run
      entries.push({ v: 1, seq: run.seq, at: run.updatedAt, actor: waiting.actor, events: outcome.events })
      effects.push(...outcome.effects)
    }
    return { run, entries, effects, answers }
  }

  /** A broken assumption in the engine fails this command and leaves the run as it was. */
  #advance(run: Run, waiting: Waiting, at: number, entropy: Entropy): Outcome | undefined {
    try {
      return advance(run, { command: waiting.command, actor: waiting.actor, at, entropy: () => entropy.draw() })
    } catch (error) {
      waiting.reject(error)
      return undefined
    }
  }

  #keep(handle: Handle): void {
    const { id, phase, plan } = handle.run
    if (phase === 'ended') {
      this.#live.delete(id)
      this.#ended.set(id, handle, plan.nodes.length)
    } else {
      this.#ended.delete(id)
      this.#live.set(id, handle)
    }
  }

  #handle(id: RunId): Promise<Handle | undefined> {
    const kept = this.#live.get(id) ?? this.#ended.get(id)
    if (kept !== undefined) return Promise.resolve(kept)
    const underWay = this.#loading.get(id)
    if (underWay !== undefined) return underWay
    const loading = this.#load(id).finally(() => this.#loading.delete(id))
    this.#loading.set(id, loading)
    return loading
  }

  async #load(id: RunId): Promise<Handle | undefined> {
    const run = await this.fromLog(id, Number.POSITIVE_INFINITY)
    if (run === undefined) return undefined
    const handle: Handle = { run, waiting: [], busy: false }
    this.#keep(handle)
    return handle
  }

  /** A run as its log tells it, up to this seq. */
  async fromLog(id: RunId, upTo: number): Promise<Run | undefined> {
    const { log, planOf } = this.#deps
    const first = await log.entries(id, 0, 1)
    const created = first[0]?.events[0]
    if (created?.type !== 'RunCreated') return undefined
    const plan = await planOf(created.pipelineId, created.version)
    let run: Run | undefined
    const snapshot = await log.snapshot(id)
    if (snapshot !== undefined && snapshot.seq <= upTo) run = runOfSnapshot(id, plan, snapshot.data)
    run ??= fold(id, plan, first, upTo)
    for (;;) {
      const entries = await log.entries(id, run.seq, 1_000)
      const next: Run = foldOnto(run, entries, upTo)
      if (entries.length === 0 || next.seq === run.seq || next.seq >= upTo) return next
      run = next
    }
  }
}

const ignore = (): void => undefined

const isSummaryChanged = (before: Run, after: Run): boolean =>
  before.phase !== after.phase ||
  before.startedAt !== after.startedAt ||
  runStatus(before) !== runStatus(after) ||
  needsPerson(before) !== needsPerson(after)
