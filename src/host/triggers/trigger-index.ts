import type { Triggers, TriggerSpec } from '../../model/definition.ts'
import type { PipelineId, ProjectId } from '../../model/id.ts'
import type { Plan } from '../../model/plan.ts'
import type { Catalog, PipelineRecord } from '../../store/store.ts'

type Listening = Extract<TriggerSpec, { kind: 'channel' | 'upstream' }>

/** A pipeline with its triggers of today. */
export interface Triggered {
  readonly record: PipelineRecord
  readonly triggers: Triggers
}
/** A trigger that listens, and whose it is. */
export interface Listener<Kind extends Listening['kind']> {
  readonly record: PipelineRecord
  readonly trigger: Extract<TriggerSpec, { kind: Kind }>
}

/** Which pipelines listen to which channel and to which other pipeline: nobody looks at all of them for every event. */
export class TriggerIndex {
  readonly #pipelines = new Map<PipelineId, Triggered>()
  /** By what they listen to. */
  readonly #listeners = new Map<string, Map<PipelineId, Triggered>>()

  get size(): number {
    return this.#pipelines.size
  }

  all(): Iterable<Triggered> {
    return this.#pipelines.values()
  }

  /** Its newest version has these triggers, or none. */
  put(record: PipelineRecord, triggers: Triggers | null): void {
    this.remove(record.id)
    if (triggers === null) return
    const entry = { record, triggers }
    this.#pipelines.set(record.id, entry)
    for (const key of keysOf(entry)) {
      let listeners = this.#listeners.get(key)
      if (listeners === undefined) this.#listeners.set(key, (listeners = new Map<PipelineId, Triggered>()))
      listeners.set(record.id, entry)
    }
  }

  remove(id: PipelineId): void {
    const entry = this.#pipelines.get(id)
    if (entry === undefined) return
    this.#pipelines.delete(id)
    for (const key of keysOf(entry)) {
      const listeners = this.#listeners.get(key)
      listeners?.delete(id)
      if (listeners?.size === 0) this.#listeners.delete(key)
    }
  }

  /** Those that start a run when one of the pipeline with this name has ended. */
  afterRunsOf(projectId: ProjectId, pipeline: string): readonly Listener<'upstream'>[] {
    const entries = this.#listeners.get(keyOf('upstream', projectId, pipeline))?.values() ?? []
    return [...entries].flatMap(({ record, triggers }) =>
      triggers.list.flatMap((trigger) =>
        trigger.kind === 'upstream' && trigger.pipeline === pipeline ? [{ record, trigger }] : [],
      ),
    )
  }

  /** Those that a channel fires. */
  onChannel(projectId: ProjectId, channel: string): readonly Listener<'channel'>[] {
    const entries = this.#listeners.get(keyOf('channel', projectId, channel))?.values() ?? []
    return [...entries].flatMap(({ record, triggers }) =>
      triggers.list.flatMap((trigger) =>
        trigger.kind === 'channel' && trigger.channel === channel ? [{ record, trigger }] : [],
      ),
    )
  }
}

const keyOf = (kind: Listening['kind'], projectId: ProjectId, name: string): string => `${kind} ${projectId} ${name}`

const keysOf = ({ record, triggers }: Triggered): ReadonlySet<string> =>
  new Set(
    triggers.list.flatMap((trigger) => {
      if (trigger.kind === 'upstream') return [keyOf('upstream', record.projectId, trigger.pipeline)]
      return trigger.kind === 'channel' ? [keyOf('channel', record.projectId, trigger.channel)] : []
    }),
  )

const PAGE = 500

/** Tells the index of all pipelines that have triggers; each of these has an id for every one of them. */
export async function loadTriggers(
  index: TriggerIndex,
  catalog: Pick<Catalog, 'pipelines'>,
  planOf: (id: PipelineId, version: number) => Promise<Plan>,
): Promise<void> {
  for (let after: number | null = null; ;) {
    const records: readonly PipelineRecord[] = await catalog.pipelines({}, after, PAGE)
    for (const record of records) {
      if (record.webhooks.length === 0) continue
      const { definition } = await planOf(record.id, record.version)
      index.put(record, definition.triggers)
    }
    const last = records.at(-1)
    if (last === undefined || records.length < PAGE) return
    after = last.serial
  }
}
