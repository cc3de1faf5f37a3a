import type { Creation } from '../../engine/create.ts'
import { resolveParams, systemParams } from '../../engine/params.ts'
import type { Run } from '../../engine/run.ts'
import type { Actor, Cause, ParentRef } from '../../model/event.ts'
import { asId, type PipelineId, type RunId } from '../../model/id.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import type { Priority } from '../../model/priority.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { DurationMs } from '../../model/time.ts'
import type { PipelineRecord, RunCommit, RunLog } from '../../store/store.ts'
import type { Caller } from '../app.ts'
import type { CatalogUseCases } from '../catalog/catalog.ts'
import type { Clock } from '../clock.ts'
import type { Entropy } from '../entropy.ts'
import { unlessFull } from '../store-problems.ts'
import type { AutoStart } from '../triggers/auto-starts.ts'
import { Turns } from '../turns.ts'
import type { ConcurrencyGroups } from './concurrency.ts'
import { excludedOf } from './left-out.ts'
import type { LiveRuns } from './live.ts'
import { fingerprintOf } from './run-problems.ts'

/** What a run is made of. */
export interface NewRun {
  readonly params: Readonly<Record<string, Json>>
  readonly cause: Cause
  readonly wait: boolean
  readonly actor: Actor
  readonly key: RunCommit['idempotency']
  readonly annotations?: Readonly<Record<string, string>>
  readonly only?: readonly string[]
  readonly exclude?: readonly string[]
  /** The same by place in the plan, instead of both. */
  readonly excluded?: readonly number[]
  readonly parent?: ParentRef
  readonly priority?: Priority
}

interface Dependencies {
  readonly log: RunLog
  readonly live: LiveRuns
  readonly catalog: CatalogUseCases
  readonly concurrency: ConcurrencyGroups
  readonly clock: Clock
  readonly entropy: Entropy
}

/** Of an idempotency key, in characters. */
export const KEY_MAX = 255
const AUTO_KEY_MS: DurationMs = 30 * 86_400_000

/** Makes runs, of whatever wants one: people, triggers, other runs. One key makes one run. */
export class RunStarts {
  readonly #deps: Dependencies
  /** By idempotency key: a second start waits for the first. */
  readonly #turns = new Turns<string>()

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** What a schedule or the end of another run does. */
  async startBy(pipelineId: PipelineId, { key, ...input }: AutoStart): Promise<Result<Run>> {
    const record = await this.#deps.catalog.recordOf(pipelineId)
    if (record === undefined || record.deletedAt !== null) return refuse('not_found', 'the pipeline is deleted')
    // Kept for longer than those of clients: a server may be down for as long.
    const kept = (taken: RunCommit['idempotency']) => (taken === null ? null : { ...taken, standsMs: AUTO_KEY_MS })
    return this.#turns.take(key, () =>
      this.#once({ key, fingerprint: '' }, (taken) =>
        this.create(
          { ...record, version: input.version ?? record.version },
          { ...input, wait: input.wait ?? false, key: kept(taken) },
        ),
      ),
    )
  }

  /** A run that waits for its triggers. */
  createWaiting(record: PipelineRecord, input: Omit<NewRun, 'wait'>): Promise<Result<Run>> {
    return this.create(record, { ...input, wait: true })
  }

  /** Within the turn of the client's key, when it gave one. */
  async keyed(
    caller: Caller,
    given: string | undefined,
    request: JsonObject,
    create: (key: RunCommit['idempotency']) => Promise<Result<Run>>,
  ): Promise<Result<Run>> {
    if (given === undefined) return create(null)
    if (given === '' || given.length > KEY_MAX) {
      return refuse(
        'invalid_request',
        `expected an idempotency key of 1 to ${KEY_MAX} characters, found ${given.length}`,
      )
    }
    const key = `${caller.user.id}:${given}`
    return this.#turns.take(key, () => this.#once({ key, fingerprint: fingerprintOf(request) }, create))
  }

  create(record: PipelineRecord, input: NewRun): Promise<Result<Run>> {
    return unlessFull(this.#createInPlace(record, input))
  }

  /** With a place among the runs of a pipeline that takes only so many at once. */
  async #createInPlace(record: PipelineRecord, input: NewRun): Promise<Result<Run>> {
    if (input.wait) return this.#createOnDisk(record, input)
    const plan = await this.#deps.catalog.planOf(record.id, record.version)
    const claim = this.#deps.concurrency.claim(record, plan.definition)
    if (!claim.ok) return claim
    try {
      return await this.#createOnDisk(record, input)
    } finally {
      claim.value()
    }
  }

  async #createOnDisk(record: PipelineRecord, input: NewRun): Promise<Result<Run>> {
    const { catalog, clock, entropy, live, log } = this.#deps
    const plan = await catalog.planOf(record.id, record.version)
    const at = clock.now()
    const subMs = Math.floor(entropy.draw() * 10)
    const system = (number: number): JsonObject => systemParams({ at, number, subMs })
    // Checked before a number is taken: a refused start leaves no gap in the numbers.
    const checked = resolveParams(plan.definition, input.params, system(0))
    if (!checked.ok) {
      return refuse('invalid_request', `the params of pipeline ${record.name} were not accepted`, {
        errors: checked.errors,
      })
    }
    const excluded =
      input.excluded === undefined ? excludedOf(plan, input.only, input.exclude ?? []) : accept(input.excluded)
    if (!excluded.ok) return excluded
    const annotated = annotationsProblem(input.annotations ?? {})
    if (annotated !== undefined) return refuse('invalid_request', annotated)
    const { number, serial } = await log.reserve(record.id)
    const creation: Creation = {
      id: asId<RunId>(entropy.id(at)),
      plan,
      created: {
        type: 'RunCreated',
        projectId: record.projectId,
        pipelineId: record.id,
        version: record.version,
        number,
        serial,
        name: record.name,
        cause: input.cause,
        params: { ...checked.params, ...system(number) },
        ...(input.annotations === undefined ? {} : { annotations: input.annotations }),
        ...(input.parent === undefined ? {} : { parent: input.parent }),
        ...(input.priority === undefined ? {} : { priority: input.priority }),
        ...(excluded.value.length === 0 ? {} : { excluded: excluded.value }),
      },
      actor: input.actor,
      at,
      start: !input.wait,
      entropy: () => entropy.draw(),
    }
    return accept(await live.create(creation, input.key))
  }

  /** Within the turn of the key. */
  async #once(
    key: { readonly key: string; readonly fingerprint: string },
    create: (key: RunCommit['idempotency']) => Promise<Result<Run>>,
  ): Promise<Result<Run>> {
    const now = this.#deps.clock.now()
    const made = await this.#deps.log.idempotent(key.key, now)
    if (made === undefined) return create({ ...key, at: now })
    if (made.fingerprint !== key.fingerprint) {
      return refuse('idempotency_reused', 'this idempotency key was used with another request')
    }
    const run = await this.#deps.live.get(made.runId)
    return run === undefined ? refuse('not_found', `there is no run ${made.runId}`) : accept(run)
  }
}

const ANNOTATIONS_MAX = 50
const ANNOTATIONS_MAX_BYTES = 65_536

function annotationsProblem(annotations: Readonly<Record<string, string>>): string | undefined {
  const count = Object.keys(annotations).length
  if (count > ANNOTATIONS_MAX) return `expected at most ${ANNOTATIONS_MAX} annotations, found ${count}`
  const bytes = Buffer.byteLength(JSON.stringify(annotations))
  return bytes > ANNOTATIONS_MAX_BYTES
    ? `expected annotations of at most ${ANNOTATIONS_MAX_BYTES} bytes in all, found ${bytes}`
    : undefined
}
