import type { Outcome } from '../../engine/advance.ts'
import { createRun, type Creation } from '../../engine/create.ts'
import { fold, foldOnto } from '../../engine/evolve.ts'
import type { Run } from '../../engine/run.ts'
import { upcastEntry } from '../../engine/upcast.ts'
import { summaryOf } from '../../engine/view.ts'
import type { RunCommand } from '../../model/command.ts'
import type { RunEffect } from '../../model/effect.ts'
import type { Actor, LogEntry } from '../../model/event.ts'
import type { PipelineId, RunId } from '../../model/id.ts'
import type { Plan } from '../../model/plan.ts'
import type { Instant } from '../../model/time.ts'
import { type RunCommit, type RunLog, StoreError } from '../../store/store.ts'
import type { Clock } from '../clock.ts'
import type { Entropy } from '../entropy.ts'
import { Lru } from '../lru.ts'
import { type Answer, batchOf, commitOf, decide, isSummaryChanged, type Waiting } from './decide.ts'
import { type Handle, handleOf } from './handle.ts'
import { readRun } from './read-run.ts'

/** A commit that is durable: what the host must now tell. */
export interface Committed {
  readonly run: Run
  readonly entries: readonly LogEntry[]
  /** Global number of the last of these events. */
  readonly lastNumber: number
  /** Whether the index row changed. */
  readonly summaryChanged: boolean
  /** Another server has committed it, and performs what follows from it. */
  readonly foreign?: true
}

interface Dependencies {
  readonly log: RunLog
  readonly clock: Clock
  readonly entropy: Entropy
  readonly planOf: (pipelineId: PipelineId, version: number) => Promise<Plan>
  /** Called in the order of the events' numbers, in the turn in which the commit became durable. */
  readonly onCommitted: (committed: Committed) => void
  /** Then, and after the commands were answered: an attempt is started before the same commit can have it cancelled. */
  readonly perform: (run: Run, effect: RunEffect) => void
  /** A broken assumption, met while nobody waits for the answer. */
  readonly onDefect: (error: unknown) => void
  /**
   * There when other servers write to the same log: has {@link LiveRuns.follow} told of all that they have committed
   * until now.
   */
  readonly catchUp?: () => Promise<void>
}

/** Ended runs kept in memory, in nodes. */
const ENDED_NODES_MAX = 20_000
const RETRY_MS = 1_000
/** So often in a row other servers may be quicker with a run before a command is given back. */
const BEHIND_MAX = 50

/**
 * Runs in memory and the one write path: load -> advance -> commit -> publish. Commands of one run are taken in
 * order; those that wait while a commit is under way go into the next one together. Readers see committed runs only.
 */
export class LiveRuns {
  readonly #deps: Dependencies
  readonly #now = (): Instant => this.#deps.clock.now()
  readonly #draw = (): number => this.#deps.entropy.draw()
  /** Those that have not ended, and those that are being written. */
  readonly #live = new Map<RunId, Handle>()
  readonly #ended: Lru<RunId, Handle>
  readonly #loading = new Map<RunId, Promise<Handle | undefined>>()
  /** Runs of which something was wanted since {@link together} began. */
  #gathered: Set<Handle> | undefined
  /** Runs of a pipeline whose first commit is under way. */
  readonly #creating = new Map<PipelineId, number>()

  constructor(deps: Dependencies, endedNodesMax = ENDED_NODES_MAX) {
    this.#deps = deps
    this.#ended = new Lru(endedNodesMax)
  }

  /** The run as of its last durable commit, when it is in memory: every live run is. */
  peek(id: RunId): Run | undefined {
    return (this.#live.get(id) ?? this.#ended.get(id))?.run
  }

  async get(id: RunId): Promise<Run | undefined> {
    return this.peek(id) ?? (await this.#handle(id))?.run
  }

  /** The store has it no more: it had ended, and nothing waits for it. */
  forget(id: RunId): void {
    this.#ended.delete(id)
  }

  /** Whether a run of this pipeline may be in the store that nobody has heard of yet. */
  isCreating(id: PipelineId): boolean {
    return this.#creating.has(id)
  }

  /** @throws StoreError `conflict` when the idempotency key is taken. */
  async create(creation: Creation, idempotency: RunCommit['idempotency']): Promise<Run> {
    const made = createRun(creation)
    const { id, pipelineId } = made.run
    this.#creating.set(pipelineId, (this.#creating.get(pipelineId) ?? 0) + 1)
    const creating = this.#create(creation, made, idempotency)
    // Lists may show it before we hear that it is durable: who asks for it then waits, and reads no second copy.
    this.#loading.set(
      id,
      creating.catch(() => undefined),
    )
    try {
      return (await creating).run
    } finally {
      this.#loading.delete(id)
    }
  }

  #create(
    { at, actor }: Creation,
    { run, events, effects }: ReturnType<typeof createRun>,
    idempotency: RunCommit['idempotency'],
  ): Promise<Handle> {
    const entry: LogEntry = { v: 1, seq: run.seq, at, actor, events }
    const commit: RunCommit = {
      runId: run.id,
      expectedSeq: 0,
      entries: [entry],
      summary: summaryOf(run),
      snapshot: null,
      idempotency,
    }
    return this.#deps.log.commit(commit).then(
      ({ lastNumber }) => {
        this.#created(run.pipelineId)
        const handle = handleOf(run, run.seq)
        this.#keep(handle)
        this.#tell({ run, entries: [entry], lastNumber, summaryChanged: true })
        this.#perform(run, effects)
        return handle
      },
      (error: unknown) => {
        this.#created(run.pipelineId)
        throw error
      },
    )
  }

  #created(id: PipelineId): void {
    const count = (this.#creating.get(id) ?? 1) - 1
    if (count === 0) this.#creating.delete(id)
    else this.#creating.set(id, count)
  }

  /**
   * Takes a command through the engine. Resolves when what it caused is durable, or at once with a rejection.
   * @param key stored with what it causes, if that is anything.
   * @returns undefined when there is no such run. @throws StoreError when the commit could not be written.
   */
  async submit(
    id: RunId,
    command: RunCommand,
    actor: Actor,
    key: RunCommit['idempotency'] = null,
  ): Promise<Outcome | undefined> {
    const handle = this.#live.get(id) ?? (await this.#handle(id))
    if (handle === undefined) return undefined
    return new Promise((resolve, reject) => this.#enqueue(handle, { command, actor, key, resolve, reject }))
  }

  /**
   * What the system wants: never lost to a full disk, tried again until the store takes it.
   * @param done called once, with undefined when the run is not live any more or the engine failed.
   * @param closed called in place of it when the store was closed: nobody here will know what becomes of it.
   */
  report(
    id: RunId,
    command: RunCommand,
    actor: Actor,
    done: (outcome: Outcome | undefined) => void = ignore,
    closed: () => void = ignore,
  ): void {
    const handle = this.#live.get(id)
    if (handle === undefined) {
      done(undefined)
      return
    }
    const again = (error: unknown): void => {
      if (!(error instanceof StoreError)) {
        this.#deps.onDefect(error)
        done(undefined)
        return
      }
      if (error.code === 'closed') {
        closed()
        return
      }
      const mayCome = error.code === 'full' || (error.code === 'conflict' && this.#deps.catchUp !== undefined)
      if (!mayCome) this.#deps.onDefect(error)
      this.#deps.clock.at(this.#deps.clock.now() + RETRY_MS, () => this.report(id, command, actor, done, closed))
    }
    this.#enqueue(handle, { command, actor, key: null, resolve: done, reject: again })
  }

  /** What is wanted of a run meanwhile goes into one commit, as far as it can: all that waits for one waits once. */
  together(work: () => void): void {
    if (this.#gathered !== undefined) return work()
    const gathered = (this.#gathered = new Set<Handle>())
    try {
      work()
    } finally {
      this.#gathered = undefined
      for (const handle of gathered) this.#pump(handle)
    }
  }

  #enqueue(handle: Handle, waiting: Waiting): void {
    // Nearly always nothing else waits.
    if (this.#gathered === undefined && !handle.busy && handle.waiting.length === 0) {
      this.#take(handle, [waiting])
      return
    }
    handle.waiting.push(waiting)
    if (this.#gathered === undefined) this.#pump(handle)
    else this.#gathered.add(handle)
  }

  /** One commit of a run at a time; who is told of it may enqueue more. */
  #pump(handle: Handle): void {
    while (!handle.busy && handle.waiting.length > 0) {
      this.#take(handle, handle.waiting.splice(0, batchOf(handle.waiting)))
    }
  }

  /** Takes a batch through the engine and commits what it caused. */
  #take(handle: Handle, batch: readonly Waiting[]): void {
    const before = handle.run
    const decided = decide(before, batch, this.#now, this.#draw)
    const { run, entries, effects, answers } = decided
    if (entries.length === 0) {
      const isRefused = answers.some(({ outcome }) => !outcome.ok)
      if (isRefused && this.#deps.catchUp !== undefined) void this.#confirm(handle, batch, answers)
      else this.#answer(answers)
      return
    }
    const commit = commitOf(before, decided, batch[0]?.key ?? null, this.#deps.catchUp !== undefined)
    const summaryChanged = commit.summary !== null
    this.#begin(handle)
    this.#deps.log.commit(commit).then(
      ({ lastNumber }) => {
        handle.told = run.seq
        handle.behind = 0
        this.#over(handle, run)
        this.#tell({ run, entries, lastNumber, summaryChanged })
        this.#answer(answers)
        this.#perform(run, effects)
        this.#pump(handle)
      },
      (error: unknown) => {
        // Nothing was written: what readers see is still true, and what waits behind is decided anew.
        if (isConflict(error) && this.#deps.catchUp !== undefined) {
          void this.#again(handle, before, answers, error)
          return
        }
        this.#over(handle, before)
        for (const { waiting } of answers) waiting.reject(error)
        this.#pump(handle)
      },
    )
  }

  /** Another server was quicker: what it has committed is folded first, and then the same is decided anew. */
  async #again(handle: Handle, before: Run, answers: readonly Answer[], error: unknown): Promise<void> {
    let reason = error
    let isBehind = false
    handle.behind += 1
    try {
      await this.#catchUp(handle)
      isBehind = handle.run.seq > before.seq && handle.behind <= BEHIND_MAX
    } catch (failure) {
      reason = failure
    }
    if (isBehind) handle.waiting.unshift(...answers.map(({ waiting }) => waiting))
    else handle.behind = 0
    this.#over(handle, handle.run)
    if (!isBehind) for (const { waiting } of answers) waiting.reject(reason)
    this.#pump(handle)
  }

  /**
   * Entries of one run that are in the log, whoever has committed them; in the order of their numbers. What is known
   * already changes nothing.
   */
  async follow(id: RunId, entries: readonly LogEntry[], lastNumber: number): Promise<void> {
    // Our own first commit of it, which is durable: its answer is on the way.
    await this.#loading.get(id)
    let handle = this.#live.get(id) ?? this.#ended.get(id)
    while (handle?.writing === true) {
      const { idle } = handle
      await new Promise<void>((resolve) => idle.push(resolve))
      handle = this.#live.get(id) ?? this.#ended.get(id)
    }
    const last = entries.at(-1)
    if (last === undefined || (handle !== undefined && handle.told >= last.seq)) return
    const before = handle?.run
    if (handle === undefined) handle = await this.#followed(id, entries)
    else if (handle.run.seq < last.seq) await this.#foldOn(handle, entries)
    // Taken away since.
    if (handle === undefined) return
    // Of what we have committed ourselves everybody was told when it was new, and what follows from it was done.
    const { told } = handle
    const news = entries.filter(({ seq }) => seq > told)
    handle.told = last.seq
    this.#keep(handle)
    const { run } = handle
    const summaryChanged = before === undefined || before === run || isSummaryChanged(before, run)
    this.#tell({ run, entries: news, lastNumber, summaryChanged, foreign: true })
  }

  async #followed(id: RunId, entries: readonly LogEntry[]): Promise<Handle | undefined> {
    const created = entries[0]?.events[0]
    if (created?.type !== 'RunCreated') return this.#handle(id)
    const plan = await this.#deps.planOf(created.pipelineId, created.version)
    const known = this.#live.get(id) ?? this.#ended.get(id)
    return known ?? handleOf(fold(id, plan, entries.map(upcastEntry)), 0)
  }

  async #foldOn(handle: Handle, entries: readonly LogEntry[]): Promise<void> {
    const { run } = handle
    const news = entries.filter(({ seq }) => seq > run.seq)
    const [first] = news
    if (first === undefined) return
    if (first.seq - first.events.length === run.seq) {
      handle.run = foldOnto(run, news.map(upcastEntry))
      return
    }
    const read = await this.fromLog(run.id, Number.POSITIVE_INFINITY)
    if (read !== undefined && read.seq > handle.run.seq) handle.run = read
  }

  /** It stays busy, so that nobody decides on what is old; but who follows the log may go on. */
  async #catchUp(handle: Handle): Promise<void> {
    handle.busy = true
    this.#free(handle)
    await this.#deps.catchUp?.()
  }

  /** What would be refused is refused only when the log says nothing newer of the run. */
  async #confirm(handle: Handle, batch: readonly Waiting[], answers: readonly Answer[]): Promise<void> {
    const { seq } = handle.run
    let failure: unknown
    try {
      await this.#catchUp(handle)
    } catch (error) {
      failure = error
    }
    const isOld = handle.run.seq > seq && handle.behind < BEHIND_MAX
    if (isOld) {
      handle.behind += 1
      handle.waiting.unshift(...batch.filter((one) => answers.some(({ waiting }) => waiting === one)))
    } else handle.behind = 0
    this.#over(handle, handle.run)
    if (failure !== undefined) for (const { waiting } of answers) waiting.reject(failure)
    else if (!isOld) this.#answer(answers)
    this.#pump(handle)
  }

  /** Whoever waits for the commit goes on. */
  #free(handle: Handle): void {
    handle.writing = false
    for (const resolve of handle.idle.splice(0)) resolve()
  }

  /** An ended run may be forgotten, but not while it is being written: who asks for it must not get a second copy. */
  #begin(handle: Handle): void {
    handle.busy = true
    handle.writing = true
    if (handle.run.phase === 'ended') this.#keep(handle)
  }

  #over(handle: Handle, run: Run): void {
    const keep = handle.run.phase === 'ended' || run.phase !== handle.run.phase
    handle.run = run
    handle.busy = false
    if (keep) this.#keep(handle)
    this.#free(handle)
  }

  /** Runs that have not ended. */
  *live(): Iterable<Run> {
    for (const { run } of this.#live.values()) yield run
  }

  // Whoever is told, answered or ordered: a throw of theirs is theirs, and keeps nothing of this from the others.

  #tell(committed: Committed): void {
    try {
      this.#deps.onCommitted(committed)
    } catch (error) {
      this.#deps.onDefect(error)
    }
  }

  #answer(answers: readonly Answer[]): void {
    for (const { waiting, outcome } of answers) {
      try {
        waiting.resolve(outcome)
      } catch (error) {
        this.#deps.onDefect(error)
      }
    }
  }

  #perform(run: Run, effects: readonly RunEffect[]): void {
    for (const effect of effects) {
      try {
        this.#deps.perform(run, effect)
      } catch (error) {
        this.#deps.onDefect(error)
      }
    }
  }

  #keep(handle: Handle): void {
    const { id, phase, plan } = handle.run
    if (phase === 'ended' && !handle.busy) {
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
    const kept = this.#live.get(id) ?? this.#ended.get(id)
    if (kept !== undefined || run === undefined) return kept
    const handle = handleOf(run, 0)
    this.#keep(handle)
    return handle
  }

  /** As its log tells it, up to this seq. */
  fromLog(id: RunId, upTo: number): Promise<Run | undefined> {
    return readRun(this.#deps, id, upTo)
  }
}

const ignore = (): void => undefined

const isConflict = (error: unknown): boolean => error instanceof StoreError && error.code === 'conflict'
