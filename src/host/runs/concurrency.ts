import type { Outcome } from '../../engine/advance.ts'
import type { Run } from '../../engine/run.ts'
import type { Concurrency, PipelineDefinition } from '../../model/definition.ts'
import type { PipelineId, ProjectId, RunId } from '../../model/id.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { Priority } from '../../model/priority.ts'
import type { Instant } from '../../model/time.ts'
import type { PipelineRecord } from '../../store/store.ts'
import { TurnQueue } from './turn-queue.ts'

/** What is known of a run that counts. */
interface Member {
  readonly id: RunId
  readonly serial: number
  readonly priority: Priority
  /** Since when it waits for its turn. */
  readonly queuedAt: Instant
  /** `deploy #12` */
  readonly title: string
  readonly concurrency: Concurrency | null
}

/** Who is under way in a group, and who waits for it. */
export interface GroupState {
  readonly running: readonly RunId[]
  /** Those whose turn is next first, `QUEUE_MAX` of them. */
  readonly queue: readonly { readonly id: RunId; readonly since: Instant }[]
  readonly queued: number
}

/** So many of a queue are told at once. */
export const QUEUE_MAX = 100

/** Where a run that waits for its turn stands. */
export interface Turn {
  /** From 1. */
  readonly position: number
  readonly concurrency: Concurrency
  /** `deploy #11 is`, `deploy #8, deploy #9 and 3 more are`: what is under way. */
  readonly running: string
}

interface Dependencies {
  readonly admit: (id: RunId, done: (outcome: Outcome | undefined) => void) => void
  readonly cancel: (id: RunId, reason: string) => void
}

/** Runs that count together. Every table is in the order of arrival, the queue by priority first. */
interface Group {
  readonly running: Map<RunId, Member>
  /** Their turn has come, their start is not durable yet. */
  readonly admitted: Map<RunId, Member>
  readonly queue: TurnQueue<Member>
  /** Starts under way of which it is not known yet whether they come to wait. */
  claims: number
}

/**
 * How many runs there are at once, and whose turn comes next. Nothing of it is stored: the log says which runs have
 * begun and which wait, so after a restart the same ones are let in. What a step costs does not grow with the number
 * of those that wait. A run that is taken up again after its end counts, but does not wait.
 */
export class ConcurrencyGroups {
  readonly #deps: Dependencies
  readonly #groups = new Map<string, Group>()
  /** Where each run counts. */
  readonly #keys = new Map<RunId, readonly string[]>()
  /** Until all runs are known nobody is let in. */
  #isOpen = false

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** All runs of before a restart have been told of: those that waited are let in as there is room. */
  open(): void {
    this.#isOpen = true
    for (const [key, { queue }] of this.#groups) {
      const members = [...queue.values()].toSorted(
        (left, right) => left.queuedAt - right.queuedAt || left.serial - right.serial,
      )
      queue.clear()
      for (const member of members) queue.add(member)
      for (const member of members) this.#makeRoom(key, member)
      this.#letIn(key)
    }
  }

  /** Another server lets them in from now on. */
  close(): void {
    this.#isOpen = false
    for (const { admitted, queue } of this.#groups.values()) {
      for (const member of admitted.values()) queue.add(member)
      admitted.clear()
    }
  }

  /** After every commit of a run, before its effects. */
  committed(run: Run): void {
    switch (run.phase) {
      case 'waiting':
        return
      case 'live':
        if (this.#isRunning(run.id)) return
        this.#begin(run)
        return
      case 'ended':
        this.#leave(run.id)
    }
  }

  /** A run may begin when its turn has come. */
  enqueue(run: Run): void {
    const member = memberOf(run)
    const { concurrency } = member
    if (run.phase !== 'waiting' || concurrency === null) return
    const key = keyOf(run.projectId, run.pipelineId, concurrency)
    const group = this.#group(key)
    if (group.queue.has(run.id) || group.admitted.has(run.id)) return
    group.queue.add(member)
    this.#keys.set(run.id, [key])
    if (!this.#isOpen) return
    this.#makeRoom(key, member)
    this.#letIn(key)
  }

  /**
   * A place for a run that is about to be made, so that of two only one is made when there is room for one. Refused as
   * `conflict` when the definition says so; otherwise the value gives the place up, once the run is there or not.
   */
  claim(pipeline: PipelineRecord, definition: PipelineDefinition): Result<() => void> {
    const concurrency = definition.concurrency ?? null
    if (concurrency === null || concurrency.whenFull !== 'abort') return accept(() => undefined)
    const key = keyOf(pipeline.projectId, pipeline.id, concurrency)
    const group = this.#group(key)
    if (sizeOf(group) + group.queue.size + group.claims >= concurrency.limit) {
      const members = [...group.running.values(), ...group.admitted.values(), ...group.queue.values()]
      this.#tidy(key)
      return refuse(
        'conflict',
        `pipeline ${pipeline.name} takes ${roomOf(concurrency)}: ${titlesOf(members)} under way`,
      )
    }
    group.claims += 1
    return accept(() => {
      group.claims -= 1
      this.#tidy(key)
    })
  }

  /** undefined: it does not wait for its turn. Costs a look at those before it. */
  turn(id: RunId): Turn | undefined {
    const [key = ''] = this.#keys.get(id) ?? []
    const group = this.#groups.get(key)
    const member = group?.queue.get(id) ?? group?.admitted.get(id)
    if (group === undefined || member === undefined || member.concurrency === null) return undefined
    const position = Math.max(1, [...group.queue.values()].findIndex((other) => other.id === id) + 1)
    const running = [...group.running.values(), ...group.admitted.values()].filter((other) => other.id !== id)
    return { position, concurrency: member.concurrency, running: titlesOf(running) }
  }

  /** The group in which runs of this definition count, or those of its pipeline if it has no limit. */
  group(pipeline: PipelineRecord, definition: PipelineDefinition): GroupState {
    const group = this.#groups.get(keyOf(pipeline.projectId, pipeline.id, definition.concurrency ?? null))
    if (group === undefined) return { running: [], queue: [], queued: 0 }
    const queue: { readonly id: RunId; readonly since: Instant }[] = []
    for (const { id, queuedAt } of group.queue.values()) {
      if (queue.length === QUEUE_MAX) break
      queue.push({ id, since: queuedAt })
    }
    return { running: [...group.running.keys(), ...group.admitted.keys()], queue, queued: group.queue.size }
  }

  #isRunning(id: RunId): boolean {
    const [key = ''] = this.#keys.get(id) ?? []
    return this.#groups.get(key)?.running.has(id) ?? false
  }

  /** It counts among the runs of its pipeline, also when its version has no limit: a later one may. */
  #begin(run: Run): void {
    const member = memberOf(run)
    const { projectId, pipelineId } = run
    const keys = [...new Set([keyOf(projectId, pipelineId, null), keyOf(projectId, pipelineId, member.concurrency)])]
    for (const key of keys) {
      const group = this.#group(key)
      group.queue.delete(run.id)
      group.admitted.delete(run.id)
      group.running.set(run.id, member)
    }
    this.#keys.set(run.id, keys)
  }

  #leave(id: RunId): void {
    const keys = this.#keys.get(id) ?? []
    this.#keys.delete(id)
    for (const key of keys) {
      const group = this.#group(key)
      group.running.delete(id)
      group.admitted.delete(id)
      group.queue.delete(id)
      if (this.#isOpen) this.#letIn(key)
      this.#tidy(key)
    }
  }

  #letIn(key: string): void {
    const group = this.#group(key)
    for (let member = group.queue.first(); member !== undefined; member = group.queue.first()) {
      if (sizeOf(group) >= (member.concurrency?.limit ?? 1)) return
      const { id } = member
      group.queue.take(member)
      group.admitted.set(member.id, member)
      this.#deps.admit(member.id, (outcome) => {
        // It was cancelled meanwhile, and has left already; or it could not be told, and makes room for the next.
        if (outcome?.ok !== true && group.admitted.delete(id)) this.#letIn(key)
      })
    }
  }

  #makeRoom(key: string, member: Member): void {
    const { concurrency } = member
    if (concurrency === null || concurrency.whenFull === 'queue') return
    const group = this.#group(key)
    const others = [...group.running.values(), ...group.admitted.values(), ...group.queue.values()].filter(
      ({ id, serial }) => id !== member.id && (concurrency.whenFull === 'abort' || serial < member.serial),
    )
    if (others.length < concurrency.limit) return
    if (concurrency.whenFull === 'abort') {
      if (group.queue.has(member.id)) this.#deps.cancel(member.id, `there is no room: ${titlesOf(others)} under way`)
      return
    }
    const oldest = others.toSorted((left, right) => left.serial - right.serial)
    for (const { id } of oldest.slice(0, others.length - concurrency.limit + 1)) {
      this.#deps.cancel(id, `superseded by ${member.title}`)
    }
  }

  #group(key: string): Group {
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = { running: new Map(), admitted: new Map(), queue: new TurnQueue(), claims: 0 }
      this.#groups.set(key, group)
    }
    return group
  }

  #tidy(key: string): void {
    const group = this.#groups.get(key)
    if (group !== undefined && sizeOf(group) + group.queue.size + group.claims === 0) this.#groups.delete(key)
  }
}

const sizeOf = ({ running, admitted }: Group): number => running.size + admitted.size

const memberOf = ({ id, serial, priority, queuedAt, createdAt, name, number, plan }: Run): Member => ({
  id,
  serial,
  priority,
  queuedAt: queuedAt ?? createdAt,
  title: `${name} #${number}`,
  // Definitions of before there was such a limit do not name it.
  concurrency: plan.definition.concurrency ?? null,
})

const keyOf = (projectId: ProjectId, pipelineId: PipelineId, concurrency: Concurrency | null): string =>
  concurrency?.group == null ? `pipeline ${pipelineId}` : `project ${projectId} ${concurrency.group}`

/** `1 run at once`, `3 runs of the group production at once` */
export const roomOf = ({ limit, group }: Concurrency): string =>
  `${limit} ${limit === 1 ? 'run' : 'runs'}${group === null ? '' : ` of the group ${group}`} at once`

const NAMED_MAX = 5

/** `a #1, a #2 and 7 more are` */
function titlesOf(members: readonly { readonly title: string }[]): string {
  // Only claims are in the way: they have no numbers yet.
  if (members.length === 0) return 'one that is being made is'
  const named = members.slice(0, NAMED_MAX).map(({ title }) => title)
  const rest = members.length - named.length
  return `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''} ${members.length === 1 ? 'is' : 'are'}`
}
