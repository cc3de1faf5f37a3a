import type { Run } from '../../engine/run.ts'
import { filterProblem } from '../../forge/filter.ts'
import { forges } from '../../forge/index.ts'
import type { Reading } from '../../forge/forge.ts'
import { type Change, factsOf } from '../../model/change.ts'
import type { ForgeTrigger, ParamSpec, TriggerSpec } from '../../model/definition.ts'
import type { PipelineId } from '../../model/id.ts'
import type { Json } from '../../model/json.ts'
import type { Plan } from '../../model/plan.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { PipelineRecord, RunLog } from '../../store/store.ts'
import type { Ignored, WebhookCall } from '../app.ts'
import type { AutoStart } from './auto-starts.ts'
import type { Clock } from '../clock.ts'
import type { RepositoryDefinitions } from './repository-definitions.ts'
import { contentOf, deliveryOf, secretsOf, signatureProblem } from './webhook-secret.ts'

export type ForgeSpec = Extract<TriggerSpec, { kind: 'forge' }>

interface Dependencies {
  readonly clock: Clock
  readonly sealKey: Uint8Array
  readonly log: Pick<RunLog, 'idempotent'>
  readonly start: (pipelineId: PipelineId, input: AutoStart) => Promise<Result<Run>>
  readonly run: (id: Run['id']) => Promise<Run | undefined>
  readonly definitions: RepositoryDefinitions
}

/** Longest text that becomes what people call a run. */
const TITLE_MAX = 120

/** Starts runs of what forges tell: each delivery once, none that is not signed, and what strangers send after a look at it. */
export class ChangeStarts {
  readonly #deps: Dependencies

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** Within the turn of the pipeline. @param id of the webhook */
  async start(
    record: PipelineRecord,
    plan: Plan,
    spec: ForgeSpec,
    id: string,
    call: WebhookCall | undefined,
  ): Promise<Result<Run | Ignored>> {
    const { clock, sealKey, start } = this.#deps
    const { signatures } = forges[spec.forge]
    const secrets = secretsOf(sealKey, record.projectId, id, spec.secret)
    const problem = signatureProblem(call, secrets, clock.now(), signatures)
    if (problem !== undefined || call === undefined) return refuse('unauthenticated', problem ?? 'it is not signed')
    const key = `forge:${id}:${nameOf(spec, call)}`
    const made = await this.#made(key)
    if (made !== undefined) return accept(made)
    const reading = readCall(spec, call)
    if (reading.kind === 'invalid')
      return refuse('invalid_request', `${spec.forge} sends no such thing: ${reading.reason}`)
    const ignored = reading.kind === 'ignored' ? reading.reason : reasonToIgnore(spec, reading)
    if (ignored !== undefined || reading.kind === 'ignored') return accept({ ignored: ignored ?? '' })
    const { change } = reading
    const side =
      spec.definition === null
        ? null
        : await this.#deps.definitions.versionOf(record, plan.definition, spec.definition, change)
    if (side !== null && !side.ok) return side
    const { params } = side?.value.definition ?? plan.definition
    const isStrange = change.fork && spec.forks === 'approve'
    return start(record.id, {
      params: paramsOf(spec, change, params),
      ...(side === null ? {} : { version: side.value.version }),
      cause: {
        kind: change.kind === 'merge_request' ? 'merge_request' : 'push',
        by: change.author || spec.forge,
        change,
        trigger: spec.name,
        ...(isStrange ? { trusted: false as const } : {}),
      },
      actor: { kind: 'trigger', name: spec.name },
      annotations: titleOf(change),
      wait: isStrange,
      key,
    })
  }

  async #made(key: string): Promise<Run | undefined> {
    const { clock, log, run } = this.#deps
    const made = await log.idempotent(key, clock.now())
    return made === undefined ? undefined : run(made.runId)
  }
}

/**
 * What makes a delivery the same. Where its id is signed, or nothing is, that is its id. Elsewhere it is the body, which is
 * signed: one that was listened to is not taken again under another id.
 */
function nameOf({ forge }: ForgeTrigger, call: WebhookCall): string {
  const isNamed = forge === 'gitlab' || call.header('webhook-signature') !== undefined
  return (isNamed ? deliveryOf(call) : undefined) ?? contentOf(call)
}

function readCall({ forge }: ForgeTrigger, call: WebhookCall): Reading {
  try {
    return forges[forge].read(call, JSON.parse(jsonOf(call.body)) as Json)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof URIError) return { kind: 'invalid', reason: 'it is not JSON' }
    throw error
  }
}

/** GitHub and Gitea also send it as a form, if so configured. */
const jsonOf = (body: string): string =>
  body.startsWith('payload=') ? (new URLSearchParams(body).get('payload') ?? '') : body

function reasonToIgnore(spec: ForgeSpec, { change, files }: Extract<Reading, { kind: 'change' }>): string | undefined {
  if (change.fork && spec.forks === 'ignore') return 'the trigger is not about forks'
  return filterProblem(spec, change, files)
}

/** As text every param takes them that takes them at all. */
function paramsOf(spec: ForgeSpec, change: Change, params: readonly ParamSpec[]): Readonly<Record<string, Json>> {
  const facts: Readonly<Record<string, Json>> = factsOf(change)
  return Object.fromEntries(
    Object.entries(spec.params).flatMap(([from, to]) => {
      const value = Object.hasOwn(facts, from) ? facts[from] : undefined
      const isParam = params.some(({ name }) => name === to)
      return value === undefined || value === null || !isParam
        ? []
        : [[to, typeof value === 'string' ? value : JSON.stringify(value)] as const]
    }),
  )
}

function titleOf({ title, message }: Change): Readonly<Record<string, string>> {
  const [line = ''] = (title ?? message).split('\n', 1)
  return line.trim() === '' ? {} : { title: line.trim().slice(0, TITLE_MAX) }
}
