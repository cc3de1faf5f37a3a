import type { StageSpec, Triggers, Work } from '../../model/definition.ts'
import type { JsonObject } from '../../model/json.ts'
import type { PipelineView } from '../../model/view.ts'
import type { Seal } from '../kit/credentials.ts'
import { jsonAnnotation } from './annotations.ts'
import { stageAnnotations, stageTasks, withoutUserInfo, type PlacedStage, type Surroundings } from './compile-stage.ts'
import type { PipelineBody, PostOperationBody, PreOperationBody, StageBody, TriggerBody } from './pipeline-body.ts'
import type { Read } from './request.ts'
import { refusing, wrong } from './fields.ts'
import { withSealedLogins } from './logins.ts'
import { otherTriggers } from './other-triggers.ts'
import { PLACES, serviceName, stageId, visibleStages } from './stage.ts'
import { webhookId } from './webhook-url.ts'
import { wordsOf, type Words } from './words.ts'

/**
 * The vendor's document as a definition of ours (JSON, which is YAML). One stage for each of its stages, and one after
 * it for what is to be told when it has ended. What only the vendor has a word for stands in annotations.
 * @param before the pipeline that is changed; null: a new one.
 * @param seal for the credentials in addresses.
 */
export const compilePipeline = (body: PipelineBody, before: PipelineView | null, seal: Seal): Read<string> =>
  refusing(() => JSON.stringify(new Compiler(withSealedLogins(body, seal), before, seal).definition()))

/** On every node that only tells what has ended: it is no stage of the vendor's. */
const POST = { post: 'true' }

class Compiler {
  readonly #body: PipelineBody
  readonly #before: PipelineView | null
  readonly #words: Words
  readonly #seal: Seal
  readonly #webhooks: WebhookNames

  constructor(body: PipelineBody, before: PipelineView | null, seal: Seal) {
    this.#seal = seal
    this.#body = body
    this.#before = before
    this.#words = wordsOf(body.params)
    this.#webhooks = new WebhookNames(body, before)
  }

  definition(): JsonObject {
    const { name, description, params, preOperation, postOperation, source } = this.#body
    const stages = placeStages(this.#body.stages, this.#before)
    const last = Math.max(...stages.map((stage) => stage.number), lastNumber(this.#before))
    const around = { words: this.#words, stages, seal: this.#seal }
    return {
      name,
      description,
      params: Object.fromEntries(
        params.map((param) => [
          this.#words.names.get(param.name) ?? param.name,
          { type: 'string', description: param.description, default: param.value },
        ]),
      ),
      ...this.#triggers(preOperation, otherTriggers(this.#before)),
      annotations: {
        'swr/last_stage': String(last),
        ...jsonAnnotation('swr/param_names', renamed(this.#words)),
        ...jsonAnnotation('swr/post_operation', postOperation?.sent),
        ...jsonAnnotation('swr/source', source ?? undefined),
      },
      stages: [
        ...stages.flatMap((stage, place) => this.#stage(stage, { ...around, place })),
        ...this.#telling(postOperation, { key: 'post', name: 'post_operation', when: null }),
      ],
    }
  }

  #stage(stage: PlacedStage, around: Surroundings): readonly JsonObject[] {
    const { body, key } = stage
    return [
      {
        key,
        name: body.name,
        ...this.#triggers(body.preOperation, [], `${key}/`),
        on_failure: policyOf(body),
        tasks: stageTasks(stage, around),
        annotations: stageAnnotations(stage),
      },
      ...this.#telling(body.postOperation, {
        key: `${key}_post`,
        name: `${body.name} post_operation`.slice(0, 128),
        when: `tasks.${key}.status in ['succeeded', 'failed', 'errored', 'timed_out']`,
      }),
    ]
  }

  #triggers(operation: PreOperationBody | null, others: readonly JsonObject[], prefix = ''): JsonObject {
    const list = (operation?.triggers ?? []).map((trigger) => {
      const params = Object.fromEntries(
        trigger.converts.map(({ name, param }) => [name, this.#words.names.get(param) ?? param]),
      )
      if (trigger.kind === 'channel') return { channel: trigger.name, name: `channel ${trigger.name}`, params }
      return { ...this.#webhooks.of(trigger, prefix), params }
    })
    const all = [...list, ...others]
    return all.length === 0 ? {} : { triggers: { operator: operation?.operator ?? 'or', list: all } }
  }

  /** A stage that tells the world, or a channel, of an end: whatever comes of it changes nothing. */
  #telling(
    operation: PostOperationBody | null,
    { key, name, when }: { readonly key: string; readonly name: string; readonly when: string | null },
  ): readonly JsonObject[] {
    if (operation === null || operation.triggers.length === 0) return []
    const tasks = operation.triggers.map((trigger, index) => ({
      key: `${key}_${index + 1}`,
      name: `${name} ${index + 1}`.slice(0, 128),
      ...this.#tell(trigger),
      annotations: POST,
    }))
    return [
      { key, name, always: true, ...(when === null ? {} : { when }), on_failure: 'continue', tasks, annotations: POST },
    ]
  }

  #tell(trigger: TriggerBody): JsonObject {
    const values = trigger.converts.map(
      ({ name, param }) => [name, `\${{ params.${this.#words.names.get(param) ?? param} }}`] as const,
    )
    if (trigger.kind === 'channel') {
      return { uses: 'publish', with: { channel: trigger.name, params: Object.fromEntries(values) } }
    }
    const query = values.map(([name, value]) => `${encodeURIComponent(name)}=${value}`).join('&')
    const url = this.#words.template(trigger.url ?? '')
    const address = query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`
    return { http: { url: address, method: trigger.method ?? 'POST' } }
  }
}

/** What a failure of a stage means. Without a handler the run has failed. */
function policyOf({ handler }: StageBody): string | JsonObject {
  if (handler === null) return 'stop'
  const { type } = handler
  if (type === 'return_to_start') return 'restart'
  if (type === 'ignore_error') return 'continue'
  if (type !== 'timeout_reset') return 'stop'
  const { timespan } = handler['params'] as { readonly timespan: number | string }
  return { policy: 'hold', expire: `${timespan}h` }
}

const renamed = ({ names }: Words): JsonObject | undefined => {
  const others = [...names].filter(([vendor, ours]) => vendor !== ours)
  return others.length === 0 ? undefined : Object.fromEntries(others.map(([vendor, ours]) => [ours, vendor]))
}

/** `number`: makes the key; never given to another stage of the pipeline. */
type NumberedStage = PlacedStage & { readonly number: number }

const lastNumber = (before: PipelineView | null): number => {
  if (before === null) return 0
  const given = Number(before.definition.annotations['swr/last_stage'] ?? 0)
  return Math.max(Number.isSafeInteger(given) ? given : 0, visibleStages(before.definition).length)
}

/**
 * A stage that is sent with its id keeps it, and the key that was made of it; one without gets the next. In a new
 * pipeline ids are those of what its document was copied from: a template, or another pipeline.
 */
function placeStages(sent: readonly StageBody[], before: PipelineView | null): readonly NumberedStage[] {
  const bodies = before === null ? sent.map((body) => ({ ...body, id: null })) : sent
  const serial = before?.serial ?? 0
  const known = new Map(
    before === null
      ? []
      : visibleStages(before.definition).map(({ spec }, place) => [stageId(serial, place, spec), spec] as const),
  )
  const kept = bodies.map((body) => (body.id === null ? undefined : keptStage(body.id, body, known)))
  const taken = new Set([
    ...bodies.flatMap(({ id }) => (id === null ? [] : [id - serial * PLACES])),
    ...kept.flatMap((stage) => numberIn(stage?.key) ?? []),
  ])
  let next = lastNumber(before)
  const fresh = (): number => {
    do next += 1
    while (taken.has(next))
    // After a thousand stages in the life of one pipeline, what is free is given again.
    if (next > PLACES) next = firstFree(taken)
    taken.add(next)
    return next
  }
  return bodies.map((body, place) => {
    const own = (body.id ?? 0) - serial * PLACES
    // An id that was given by hand says nothing of a number.
    const number = body.id !== null && own >= 1 && own <= PLACES ? own : fresh()
    const id = body.id ?? (before === null ? null : serial * PLACES + number)
    return { body, number, key: keyOf(kept[place], number), id, fullUrl: fullUrlOf(body, kept[place]?.tasks[0]?.work) }
  })
}

const numberIn = (key = ''): number | undefined => {
  const [, number] = /^stage_([1-9]\d{0,3})$/.exec(key) ?? []
  return number === undefined ? undefined : Number(number)
}

/**
 * A stage that was made elsewhere keeps its key too, as the addresses of its webhooks stand under it; unless it is none
 * that can stand in an expression, or one that what follows a stage is named by.
 */
const keyOf = (kept: StageSpec | undefined, number: number): string =>
  kept !== undefined && /^[A-Za-z]\w*$/.test(kept.key) && !/(?:^post|_post|_(?:post|fetch|keep)_\d+)$/.test(kept.key)
    ? kept.key
    : `stage_${number}`

/** The stage that is changed; each at most once. */
function keptStage(id: number, { service }: StageBody, known: Map<number, StageSpec>): StageSpec {
  const found = known.get(id)
  if (found === undefined) return wrong(`the pipeline has no stage ${id}, or it is sent twice`)
  known.delete(id)
  const before = serviceName(found)
  if (service !== before) wrong(`stage ${id} is ${before}: service_name may not change, found ${service}`)
  return found
}

function firstFree(taken: ReadonlySet<number>): number {
  let number = 1
  while (taken.has(number)) number += 1
  return number
}

/** Readers see an address without its password; sent back so, it means the one that is there. */
function fullUrlOf({ service, params }: StageBody, work: Work | undefined): string | null {
  const url = work?.kind === 'runner' ? work.with['url'] : undefined
  const kept = service === 'code_source' && typeof url === 'string' && url.includes('@')
  return kept && withoutUserInfo(url) === params['url'] ? url : null
}

/** Webhooks that are called with a signature, by the name that they have among all of the pipeline. */
const signedOf = (triggers: Triggers | null | undefined, prefix: string): (readonly [string, JsonObject])[] =>
  (triggers?.list ?? []).flatMap((one) =>
    one.kind === 'webhook' && typeof one.secret === 'string'
      ? [[`${prefix}${one.name}`, { signed: one.secret }] as const]
      : [],
  )

/**
 * Names of webhooks: an address stays while its name does. A trigger that is sent with its address keeps it; one
 * without takes the next of those that are not named, so that a handed-out address does not change for nothing.
 */
class WebhookNames {
  readonly #byId: ReadonlyMap<string, string>
  #unnamed: readonly string[]
  readonly #taken: Set<string>
  /** What the vendor has no word for, and a change of something else should not take away. */
  readonly #signed: ReadonlyMap<string, JsonObject>

  constructor(body: PipelineBody, before: PipelineView | null) {
    const webhooks = before?.webhooks ?? []
    this.#byId = new Map(webhooks.map(({ id, name }) => [id, name]))
    const triggers = [body.preOperation, ...body.stages.map((stage) => stage.preOperation)].flatMap(
      (operation) => operation?.triggers ?? [],
    )
    const named = new Set(triggers.map((trigger) => this.#known(trigger)))
    this.#unnamed = webhooks.map(({ name }) => name).filter((name) => !named.has(name))
    this.#taken = new Set(webhooks.map(({ name }) => name))
    this.#signed = new Map([
      ...signedOf(before?.definition.triggers, ''),
      ...(before?.definition.stages ?? []).flatMap(({ key, triggers }) => signedOf(triggers, `${key}/`)),
    ])
  }

  /** @param prefix what the names of a stage's webhooks begin with; '' for the pipeline's. */
  of(trigger: TriggerBody, prefix: string): JsonObject {
    const own = (name: string | undefined): string | undefined =>
      name?.startsWith(prefix) === true && !name.slice(prefix.length).includes('/') ? name : undefined
    const known = own(this.#known(trigger)) ?? this.#unnamed.find((name) => own(name) !== undefined)
    if (known !== undefined) {
      this.#unnamed = this.#unnamed.filter((name) => name !== known)
      return { webhook: known.slice(prefix.length), ...this.#signed.get(known) }
    }
    let count = 1
    while (this.#taken.has(`${prefix}webhook-${count}`)) count += 1
    this.#taken.add(`${prefix}webhook-${count}`)
    return { webhook: `webhook-${count}` }
  }

  #known(trigger: TriggerBody): string | undefined {
    return trigger.kind === 'webhook' && trigger.url !== null ? this.#byId.get(webhookId(trigger.url)) : undefined
  }
}
