import type { Run } from '../../engine/run.ts'
import { needsPerson } from '../../engine/view.ts'
import { forges } from '../../forge/index.ts'
import { DESCRIPTION_MAX, type StatusReport } from '../../forge/forge.ts'
import type { ForgeName } from '../../model/change.ts'
import { failureSentence } from '../../model/failure.ts'
import type { ForgeTrigger } from '../../model/definition.ts'
import type { EventRecord } from '../../model/event.ts'
import type { PipelineId, RunId } from '../../model/id.ts'
import type { Json } from '../../model/json.ts'
import type { NotificationEvent } from '../../model/notification.ts'
import { isEnded, type RunStatus } from '../../model/status.ts'
import type { DurationMs } from '../../model/time.ts'
import type { RunView } from '../../model/view.ts'
import { type Keys, type NewMessage, type Outbox, type RunLog, StoreError } from '../../store/store.ts'
import type { Clock } from '../clock.ts'
import type { Committed } from '../runs/live.ts'
import { messageId, type NotificationUseCases } from './notifications.ts'

interface Dependencies {
  readonly clock: Clock
  readonly log: Pick<RunLog, 'feed' | 'list'>
  readonly outbox: Outbox
  readonly settings: Pick<Keys, 'setting' | 'putSetting'>
  readonly subscriptions: NotificationUseCases
  readonly run: (id: RunId) => Promise<Run | undefined>
  readonly view: (run: Run) => Promise<RunView>
  readonly runUrl: (runId: string) => string
  readonly lastNumber: () => number
  /** There is something new to send. */
  readonly wake: () => void
  readonly onDefect: (error: unknown) => void
}

const MARK = 'notices'
const MARK_EVERY_MS: DurationMs = 60_000
const RETRY_MS: DurationMs = 1_000
const FEED_PAGE = 1_000
const SENTENCE_MAX = 1_000
const REMEMBERED_MAX = 10_000

interface Listener {
  /** Of the notification, or {@link namedTarget}. */
  readonly id: string
  readonly events: readonly NotificationEvent[]
  readonly kind: 'webhook' | 'email'
}

/** Somebody whom a definition names, by their place in it: the sender reads the rest from the run. */
const namedTarget = (pipeline: PipelineId, index: number): string => `definition:${pipeline}:${index}`

/** @returns the place in `notify`; undefined for another target. */
export function namedIndex(target: string): number | undefined {
  const found = /^definition:[^:]+:(\d{1,3})$/.exec(target)?.[1]
  return found === undefined ? undefined : Number(found)
}

/** What a message of the kind `status` holds. */
export interface StatusNotice extends StatusReport {
  readonly forge: ForgeName
  /** Name of a secret. */
  readonly token: string
  readonly runNumber: number
}

/**
 * Puts into the outbox what others want to know of runs. Beside the commits, in their order, holding up none of them; what
 * a server that was killed has not put there, the next one finds in the log. The same thing has the same id, so it is
 * told once.
 */
export class Notices {
  readonly #deps: Dependencies
  /** Numbers of events whose runs are still to be looked at. */
  readonly #waiting: { readonly number: number; readonly run: Run }[] = []
  /** Runs that have failed since this server began, and may yet succeed. */
  readonly #failed = new Set<RunId>()
  #noted = -1
  #isWorking = false
  #isClosed = false
  #stopMark: () => void = () => undefined
  #idle: (() => void)[] = []

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** Makes up for what happened since the mark. @param live runs that have not ended */
  async recover(live: readonly Run[]): Promise<void> {
    const { lastNumber, log, run, settings } = this.#deps
    const last = lastNumber()
    const mark = Number((await settings.setting(MARK)) ?? last)
    const touched = new Set<RunId>()
    for (let after = mark; after < last;) {
      const events: readonly EventRecord[] = await log.feed(after, {}, FEED_PAGE)
      for (const { event, runId } of events) if (event.type === 'RunEnded') touched.add(runId)
      const next = events.at(-1)
      if (next === undefined) break
      after = next.number
    }
    for (const id of touched) {
      const ended = await run(id)
      if (ended !== undefined) this.#look(ended, mark + 1)
    }
    for (const one of live) this.#look(one, mark + 1)
    this.#note()
  }

  /** After every commit. */
  committed({ run, summaryChanged, entries, lastNumber }: Committed): void {
    // Another node may wait for a person while the run as a whole stays what it is.
    const mayAsk = summaryChanged || (needsPerson(run) && entries.some(({ events }) => events.some(mayNeedPerson)))
    if (mayAsk) this.#look(run, lastNumber)
  }

  async settled(): Promise<void> {
    if (!this.#isWorking) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  close(): void {
    this.#isClosed = true
    this.#stopMark()
  }

  #look(run: Run, number: number): void {
    if (run.outcome !== null && isFailure(run.outcome)) this.#remember(run.id)
    if (statusSpec(run) === undefined && this.#listeners(run).length === 0) return
    this.#waiting.push({ number, run })
    if (!this.#isWorking && !this.#isClosed) void this.#work()
  }

  #remember(id: RunId): void {
    if (this.#failed.size >= REMEMBERED_MAX) this.#failed.clear()
    this.#failed.add(id)
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    const { clock, onDefect, outbox, wake } = this.#deps
    for (let next = this.#waiting[0]; next !== undefined && !this.#isClosed; next = this.#waiting[0]) {
      try {
        const messages = await this.#messages(next.run)
        if (messages.length > 0) {
          await outbox.putMessages(messages)
          wake()
        }
        this.#waiting.shift()
      } catch (error) {
        // A full disk is waited for; what is broken in one run keeps none of the others from being told.
        if (error instanceof StoreError && error.code === 'full') await later(clock, RETRY_MS)
        else {
          if (!(error instanceof StoreError)) onDefect(error)
          this.#waiting.shift()
        }
      }
    }
    this.#isWorking = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  async #messages(run: Run): Promise<readonly NewMessage[]> {
    const status = await this.#statusMessage(run)
    const listeners = this.#listeners(run)
    const told = listeners.length === 0 ? [] : await this.#noticesOf(run, listeners)
    return status === undefined ? told : [status, ...told]
  }

  /** Those whom the project knows, and those whom the definition of the run names. */
  #listeners(run: Run): readonly Listener[] {
    const known = this.#deps.subscriptions.of(run.projectId, run.pipelineId)
    const named = run.plan.definition.notify ?? []
    return [
      ...known.map(({ id, events, to }) => ({ id, events, kind: to.kind })),
      ...named.map(({ on, to }, index) => ({ id: namedTarget(run.pipelineId, index), events: on, kind: to.kind })),
    ]
  }

  async #noticesOf(run: Run, listeners: readonly Listener[]): Promise<readonly NewMessage[]> {
    const view = await this.#deps.view(run)
    const found: { readonly event: NotificationEvent; readonly of: string; readonly more: Json }[] = []
    if (run.outcome !== null && run.endedAt !== null) {
      const of = String(run.endedAt)
      found.push({ event: 'ended', of, more: null })
      if (isFailure(run.outcome)) found.push({ event: 'failed', of, more: null })
      if (run.outcome === 'succeeded' && (await this.#hadFailed(run)))
        found.push({ event: 'recovered', of, more: null })
    }
    for (const one of view.attention) {
      // What only a trigger or a call ends asks nothing of people.
      if (one.kind === 'trigger' || one.kind === 'callback') continue
      const node = 'node' in one ? one.node : ''
      const more = { needs: one.kind, node: node === '' ? null : node, name: 'nodeName' in one ? one.nodeName : null }
      found.push({ event: 'needs_person', of: `${one.kind} ${node} ${one.since}`, more })
    }
    const at = this.#deps.clock.now()
    return listeners.flatMap((one) =>
      found
        .filter(({ event }) => one.events.includes(event))
        .map(({ event, of, more }) => ({
          id: messageId(one.id, run.id, event, of),
          projectId: run.projectId,
          runId: run.id,
          kind: one.kind,
          target: one.id,
          lane: null,
          body: JSON.stringify(noticeOf(event, view, more, at, this.#deps.runUrl(run.id))),
          createdAt: at,
        })),
    )
  }

  /** This run before it was taken up again, or the one before it. */
  async #hadFailed(run: Run): Promise<boolean> {
    if (this.#failed.delete(run.id)) return true
    const [before] = await this.#deps.log.list({ pipelineId: run.pipelineId, statuses: ENDS }, run.serial, 1)
    return before !== undefined && isFailure(before.status)
  }

  /** What the forge is to be told now; undefined: nothing new. */
  async #statusMessage(run: Run): Promise<NewMessage | undefined> {
    const { clock, outbox, runUrl, view } = this.#deps
    const notice = statusNotice(run, (await view(run)).status, runUrl(run.id))
    if (notice === undefined) return undefined
    const { api, context, repository, sha } = notice
    const lane = JSON.stringify(['status', api, repository, sha, context])
    const newest = await outbox.newestOf(lane)
    const said = newest === undefined ? undefined : (JSON.parse(newest.body) as StatusNotice)
    // An older run of the same commit has nothing to say any more; a word that was said is not said again.
    if (said !== undefined && said.runNumber > notice.runNumber) return undefined
    if (said !== undefined && newest?.state !== 'dead' && isSame(said, notice)) return undefined
    return {
      id: messageId(lane, run.id, run.seq),
      projectId: run.projectId,
      runId: run.id,
      kind: 'status',
      target: api,
      lane,
      body: JSON.stringify(notice),
      createdAt: clock.now(),
    }
  }

  /** Notes the mark now, and every minute from now on. */
  #note(): void {
    const { clock, lastNumber, onDefect, settings } = this.#deps
    const first = this.#waiting[0]
    const mark = first === undefined ? lastNumber() : first.number - 1
    if (mark !== this.#noted) {
      this.#noted = mark
      settings.putSetting(MARK, String(mark)).catch((error: unknown) => {
        if (!(error instanceof StoreError)) onDefect(error)
      })
    }
    this.#stopMark = clock.at(clock.now() + MARK_EVERY_MS, () => this.#note())
  }
}

const ENDS: readonly RunStatus[] = [
  'succeeded',
  'failed',
  'errored',
  'timed_out',
  'rolled_back',
  'rollback_failed',
  'rollback_errored',
]

/** Who cancels a run knows it. */
const isFailure = (status: RunStatus): boolean => isEnded(status) && status !== 'succeeded' && status !== 'cancelled'

const mayNeedPerson = ({ type }: EventRecord['event']): boolean =>
  type === 'ReviewOpened' || type === 'AttemptFailed' || type === 'NodePaused' || type === 'RunPaused'

function statusSpec(run: Run): ForgeTrigger | undefined {
  const { change, trigger } = run.cause
  if (change === undefined) return undefined
  const spec = run.plan.definition.triggers?.list.find(({ kind, name }) => kind === 'forge' && name === trigger)
  return spec?.kind === 'forge' && spec.status !== null ? spec : undefined
}

/** What a forge is told of each status, in words. */
const DESCRIPTIONS = {
  waiting: 'Waiting to be started',
  queued: 'Waiting for its turn',
  running: 'Running',
  reviewing: 'Waiting for a review',
  paused: 'Paused',
  held: 'A task failed, and somebody must decide',
  succeeded: 'Succeeded',
  failed: 'Failed',
  errored: 'Could not be done',
  timed_out: 'Ran out of time',
  cancelled: 'Cancelled',
  rolling_back: 'Being rolled back',
  rolled_back: 'Rolled back',
  rollback_failed: 'The rollback failed',
  rollback_errored: 'The rollback could not be done',
} as const satisfies Record<RunStatus, string>

function statusNotice(run: Run, status: RunStatus, url: string): StatusNotice | undefined {
  const spec = statusSpec(run)
  const { change } = run.cause
  if (spec?.status == null || change === undefined) return undefined
  const api = spec.status.api ?? forges[change.forge].api
  if (api === null) return undefined
  const asks = run.cause.trusted === false && status === 'waiting'
  return {
    forge: change.forge,
    api,
    token: spec.status.token,
    repository: change.repository,
    sha: change.sha,
    ref: change.ref,
    status,
    context: spec.status.context ?? `millrace/${run.name}`.slice(0, 128),
    description:
      `#${run.number}: ${asks ? 'From a fork: somebody must look at it and start it' : DESCRIPTIONS[status]}`.slice(
        0,
        DESCRIPTION_MAX,
      ),
    url,
    runNumber: run.number,
  }
}

const isSame = (said: StatusNotice, now: StatusNotice): boolean =>
  forges[said.forge].states[said.status] === forges[now.forge].states[now.status] &&
  said.description === now.description

/** The body of a webhook: `type`, `timestamp` and `data`, as Standard Webhooks suggests. Well below 20 kB. */
function noticeOf(event: NotificationEvent, view: RunView, more: Json, at: number, url: string): Json {
  const { change } = view.cause
  const failure = view.failure === null ? null : failureSentence(view.failure.failure).slice(0, SENTENCE_MAX)
  return {
    type: `run.${event}`,
    timestamp: new Date(at).toISOString(),
    data: {
      run: {
        id: view.id,
        number: view.number,
        status: view.status,
        title: view.annotations['title']?.slice(0, 255) ?? null,
        created_at: new Date(view.createdAt).toISOString(),
        started_at: view.startedAt === null ? null : new Date(view.startedAt).toISOString(),
        ended_at: view.endedAt === null ? null : new Date(view.endedAt).toISOString(),
        url: url === '' ? null : url,
      },
      pipeline: { id: view.pipeline.id, name: view.pipeline.name },
      project: { id: view.project.id, name: view.project.name },
      cause: { kind: view.cause.kind, by: view.cause.by },
      change:
        change === undefined
          ? null
          : { repository: change.repository, ref: change.ref, sha: change.sha, author: change.author, url: change.url },
      failure: failure === null ? null : { task: view.failure?.nodeName ?? '', reason: failure },
      attention: more,
    },
  }
}

const later = (clock: Clock, ms: DurationMs): Promise<void> =>
  new Promise((resolve) => {
    clock.at(clock.now() + ms, resolve)
  })
