import { compile } from '../../engine/compile.ts'
import { upcastPlan } from '../../engine/upcast.ts'
import type { PipelineDefinition } from '../../model/definition.ts'
import { asId, parsePipelineId, type PipelineId, type ProjectId } from '../../model/id.ts'
import type { Plan } from '../../model/plan.ts'
import { accept, refuse, type LocatedError, type Result } from '../../model/problem.ts'
import { isSealedText } from '../../model/secret.ts'
import type { PipelineView, ProjectView } from '../../model/view.ts'
import type { Catalog, PipelineFilter, PipelineRecord } from '../../store/store.ts'
import type { Caller, NextFires, Page, PipelineListFilter, PipelineRef, Pipelines, ProjectRef } from '../app.ts'
import type { Refusal } from '../triggers/auto-starts.ts'
import type { AuditTrail } from '../access/audit.ts'
import type { Clock } from '../clock.ts'
import type { Entropy } from '../entropy.ts'
import { Lru } from '../lru.ts'
import { lacks, maySee } from '../access/rights.ts'
import { nextFires } from '../triggers/scheduler.ts'
import { webhookSpec } from '../triggers/stage-triggers.ts'
import { unlessTaken } from '../store-problems.ts'
import { webhookSecret } from '../triggers/webhook-secret.ts'
import { nameOf, ProjectUseCases } from './projects.ts'
import { sameAddress, webhookAddresses } from './webhook-addresses.ts'

export type Checked =
  | { readonly ok: true; readonly definition: PipelineDefinition }
  | { readonly ok: false; readonly errors: readonly LocatedError[] }

interface Dependencies {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly entropy: Entropy
  /** definition/: text -> checked definition. */
  readonly check: (text: string, file: string) => Checked | Promise<Checked>
  /** What the runs know of a pipeline. */
  readonly history: (id: PipelineId) => Promise<Pick<PipelineView, 'latestRun' | 'runCount' | 'lastStartedAt'>>
  /** How many of its runs have not ended. */
  readonly openRuns: (id: PipelineId) => Promise<number>
  readonly onChange: (topics: readonly string[]) => void
  readonly audit: AuditTrail
  /** A pipeline has a new version, its first one too, or (null) is deleted. Called before any reader is told. */
  readonly onPipeline: (record: PipelineRecord, definition: PipelineDefinition | null) => void
  /** What the secrets of webhooks are made of. */
  readonly sealKey: Uint8Array
  /** Starts by triggers that were refused. */
  readonly refusals: (id: PipelineId) => readonly Refusal[]
}

const PLANS_MAX = 1_000
const PIPELINES_MAX = 10_000
/** In pipelines that they name, and one for each. */
const ANSWERS_MAX = 20_000
const FIRES_MAX = 100

/** Pipelines and their versions, and the projects that they are in: read from memory where they were read before. */
export class CatalogUseCases implements Pipelines {
  readonly #deps: Dependencies
  #records = new Lru<PipelineId, PipelineRecord>(PIPELINES_MAX)
  readonly #plans = new Lru<string, Plan>(PLANS_MAX)
  /** Answers of the store about which pipelines there are, until one is made, changed or deleted. */
  #answers = new Lru<string, unknown>(ANSWERS_MAX)
  readonly projects: ProjectUseCases

  private constructor(deps: Dependencies) {
    this.#deps = deps
    this.projects = new ProjectUseCases({
      catalog: deps.catalog,
      clock: deps.clock,
      entropy: deps.entropy,
      audit: deps.audit,
      onChange: deps.onChange,
      onRemoved: () => {
        this.#answers = new Lru(ANSWERS_MAX)
      },
    })
  }

  static async open(deps: Dependencies): Promise<CatalogUseCases> {
    const catalog = new CatalogUseCases(deps)
    await catalog.reload()
    return catalog
  }

  /** Projects as the store has them now: another server may have changed them. */
  async reload(): Promise<void> {
    await this.projects.reload()
    this.#answers = new Lru(ANSWERS_MAX)
  }

  /** Another server has made, changed or deleted it. @returns it as it is now; undefined: there is no such pipeline */
  async renew(id: PipelineId): Promise<PipelineRecord | undefined> {
    this.#records.delete(id)
    this.#answers = new Lru(ANSWERS_MAX)
    return this.recordOf(id)
  }

  /** Anything may have been missed: nothing that was read before is given any more. */
  async renewAll(): Promise<void> {
    this.#records = new Lru(PIPELINES_MAX)
    await this.reload()
  }

  async validate(text: string, file: string): Promise<readonly LocatedError[]> {
    const checked = await this.#deps.check(text, file)
    return checked.ok ? [] : checked.errors
  }

  async create(
    caller: Caller,
    input: { readonly project: ProjectRef; readonly text: string; readonly file?: string },
  ): Promise<Result<PipelineView>> {
    const project = this.projects.find(caller, input.project)
    if (!project.ok) return project
    const denied = lacks(caller, 'admin', 'create a pipeline')
    if (denied !== undefined) return denied
    const checked = await this.#checked(input.text, input.file)
    if (!checked.ok) return checked
    const at = this.#deps.clock.now()
    const definition = checked.value
    const id = asId<PipelineId>(this.#deps.entropy.id(at))
    const common = { createdAt: at, createdBy: caller.user }
    const added = await unlessTaken(
      `project ${project.value.name} has a pipeline ${definition.name} already`,
      this.#deps.audit
        .of(caller, 'pipeline.create', id, `${definition.name} in ${project.value.name}`)
        .catalog.addPipeline(
          {
            id,
            projectId: project.value.id,
            name: definition.name,
            ...common,
            updatedAt: at,
            webhooks: webhookAddresses(definition, [], this.#deps.entropy),
          },
          { ...common, text: input.text, plan: JSON.stringify(compile(definition)) },
        ),
    )
    if (!added.ok) return added
    this.#deps.onPipeline(added.value, definition)
    return this.#changed(added.value)
  }

  async update(
    caller: Caller,
    ref: PipelineRef,
    input: { readonly text: string; readonly file?: string; readonly expectedVersion: number | null },
  ): Promise<Result<PipelineView>> {
    const found = await this.record(caller, ref)
    if (!found.ok) return found
    const denied = lacks(caller, 'admin', 'change a pipeline')
    if (denied !== undefined) return denied
    const before = found.value
    if (input.expectedVersion !== null && input.expectedVersion !== before.version) {
      return stale(before, input.expectedVersion)
    }
    const checked = await this.#checked(input.text, input.file)
    if (!checked.ok) return checked
    const definition = checked.value
    const detail = `${definition.name}, version ${before.version + 1}`
    const added = await unlessTaken(
      `pipeline ${before.name} was changed meanwhile, or the name ${definition.name} is taken`,
      this.#deps.audit.of(caller, 'pipeline.update', before.id, detail).catalog.addVersion(
        before.id,
        {
          createdAt: this.#deps.clock.now(),
          createdBy: caller.user,
          text: input.text,
          plan: JSON.stringify(compile(definition)),
        },
        { name: definition.name, webhooks: webhookAddresses(definition, before.webhooks, this.#deps.entropy) },
        before.version,
      ),
    )
    if (added.ok) {
      this.#deps.onPipeline(added.value, definition)
      return this.#changed(added.value)
    }
    // Two of them with the same If-Match: the slower one is told so, not that a name is taken.
    const now =
      input.expectedVersion === null ? undefined : await this.#deps.catalog.pipeline({ by: 'id', id: before.id })
    return now === undefined || now.version === before.version ? added : stale(now, input.expectedVersion)
  }

  async get(caller: Caller, ref: PipelineRef): Promise<Result<PipelineView>> {
    const found = await this.record(caller, ref)
    return found.ok ? accept(await this.#view(found.value)) : found
  }

  async list(
    caller: Caller,
    filter: PipelineListFilter,
    page: { readonly after: number | null; readonly limit: number },
  ): Promise<Result<Page<PipelineView>>> {
    const selected = this.#filter(caller, filter)
    if (!selected.ok) return selected
    const { after, limit } = page
    const records = await this.#kept(`${limit + 1} after ${after} ${JSON.stringify(selected.value)}`, () =>
      this.#deps.catalog.pipelines(selected.value, after, limit + 1),
    )
    const items = await Promise.all(records.slice(0, limit).map((record) => this.#view(record)))
    return accept({ items, next: records.length > limit ? (items.at(-1)?.serial ?? null) : null })
  }

  async slice(caller: Caller, filter: PipelineListFilter, skip: number, limit: number) {
    const selected = this.#filter(caller, filter)
    if (!selected.ok) return selected
    const key = JSON.stringify(selected.value)
    const total = await this.#kept(`count ${key}`, () => this.#deps.catalog.countPipelines(selected.value))
    if (skip >= total) return accept({ items: [], total })
    const records = await this.#kept(`first ${skip + limit} ${key}`, () =>
      this.#deps.catalog.pipelines(selected.value, null, skip + limit),
    )
    return accept({ items: await Promise.all(records.slice(skip).map((record) => this.#view(record))), total })
  }

  async remove(caller: Caller, ref: PipelineRef): Promise<Result<PipelineView>> {
    const found = await this.record(caller, ref)
    if (!found.ok) return found
    const denied = lacks(caller, 'admin', 'delete a pipeline')
    if (denied !== undefined) return denied
    const view = await this.#view(found.value)
    const open = await this.#deps.openRuns(view.id)
    if (open > 0) {
      const runs = open === 1 ? 'a run that has' : `${open} runs that have`
      return refuse('conflict', `pipeline ${view.name} has ${runs} not ended: cancel what is under way first`)
    }
    const { catalog } = this.#deps.audit.of(caller, 'pipeline.delete', view.id, view.name)
    const written = await unlessTaken('', catalog.deletePipeline(view.id, this.#deps.clock.now()))
    if (!written.ok) return written
    this.#deps.onPipeline(found.value, null)
    this.#records.delete(view.id)
    this.#forget(view.id, view.project.id)
    return accept(view)
  }

  async versions(caller: Caller, ref: PipelineRef) {
    const found = await this.record(caller, ref)
    return found.ok ? accept(await this.#deps.catalog.versions(found.value.id)) : found
  }

  async text(caller: Caller, ref: PipelineRef, version: number): Promise<Result<string>> {
    const found = await this.record(caller, ref)
    if (!found.ok) return found
    const kept = await this.#deps.catalog.version(found.value.id, version)
    if (kept === undefined) return refuse('not_found', `pipeline ${found.value.name} has no version ${version}`)
    return accept(kept.text)
  }

  async webhookSecret(caller: Caller, ref: PipelineRef, name: string): Promise<Result<string>> {
    const found = await this.record(caller, ref)
    if (!found.ok) return found
    const denied = lacks(caller, 'admin', 'read the secret of a webhook')
    if (denied !== undefined) return denied
    const { id, version, webhooks } = found.value
    const { definition } = await this.planOf(id, version)
    const trigger = webhookSpec(definition, name)
    const address = webhooks.find((webhook) => webhook.name === name)
    const isCalled = trigger?.kind === 'webhook' || trigger?.kind === 'forge'
    if (!isCalled || address === undefined || (trigger.secret ?? null) === null) {
      return refuse('not_found', `pipeline ${found.value.name} has no webhook ${name} that is signed`)
    }
    if (isSealedText(trigger.secret ?? '')) {
      return refuse(
        'not_allowed',
        `what calls of webhook ${name} are signed with came with the definition, and is shown to nobody`,
      )
    }
    return accept(webhookSecret(this.#deps.sealKey, address.id, trigger.secret ?? ''))
  }

  async nextFires(caller: Caller, ref: PipelineRef, count: number): Promise<Result<NextFires>> {
    const found = await this.record(caller, ref)
    if (!found.ok) return found
    if (!Number.isSafeInteger(count) || count < 1 || count > FIRES_MAX) {
      return refuse('invalid_request', `expected a count from 1 to ${FIRES_MAX}, found ${count}`)
    }
    const { id, version } = found.value
    const { definition } = await this.planOf(id, version)
    const fires = nextFires(definition, this.#deps.clock.now(), count)
    return accept({ fires, refusals: this.#deps.refusals(id) })
  }

  // Below: what the other use cases need.

  async record(caller: Caller, ref: PipelineRef): Promise<Result<PipelineRecord>> {
    const found = 'name' in ref ? await this.#byName(caller, ref) : await this.#byId(ref)
    if (found === 'several') {
      return refuse('conflict', `there are several pipelines with this name: say which project's`)
    }
    if (found === undefined || found.deletedAt !== null || !maySee(caller, found.projectId)) {
      return refuse('not_found', `there is no pipeline ${nameOf(ref)}`)
    }
    return accept(found)
  }

  async recordOf(id: PipelineId): Promise<PipelineRecord | undefined> {
    const kept = this.#records.get(id)
    if (kept !== undefined) return kept
    const answers = this.#answers
    const found = await this.#deps.catalog.pipeline({ by: 'id', id })
    // What was read while something changed is given, but not kept.
    if (found !== undefined && answers === this.#answers) this.#records.set(id, found)
    return found
  }

  projectOf(id: ProjectId): ProjectView {
    return this.projects.of(id)
  }

  async planOf(id: PipelineId, version: number): Promise<Plan> {
    const key = `${id}/${version}`
    const kept = this.#plans.get(key)
    if (kept !== undefined) return kept
    const stored = await this.#deps.catalog.version(id, version)
    if (stored === undefined) throw new Error(`version ${version} of pipeline ${id} is not there`)
    const plan = upcastPlan(JSON.parse(stored.plan))
    this.#plans.set(key, plan)
    return plan
  }

  /** The pipeline whose webhook this is now, and the name of its trigger. */
  async webhook(id: string): Promise<{ readonly record: PipelineRecord; readonly name: string } | undefined> {
    const found = await this.#deps.catalog.webhook(id)
    const record = found === undefined ? undefined : await this.recordOf(found.pipelineId)
    const webhook = record?.webhooks.find((one) => one.id === id)
    if (record === undefined || webhook === undefined || record.deletedAt !== null) return undefined
    return { record, name: webhook.name }
  }

  /** The ids of the projects that a list is about; undefined: all. */
  scope(caller: Caller, project: ProjectRef | undefined): Result<readonly ProjectId[] | undefined> {
    return this.projects.scope(caller, project)
  }

  async #byId(ref: { readonly id: string } | { readonly serial: number }): Promise<PipelineRecord | undefined> {
    if ('id' in ref) {
      const id = parsePipelineId(ref.id)
      return id === undefined ? undefined : this.recordOf(id)
    }
    const { serial } = ref
    if (!Number.isSafeInteger(serial)) return undefined
    return this.#kept(`serial ${serial}`, () => this.#deps.catalog.pipeline({ by: 'serial', serial }))
  }

  async #byName(
    caller: Caller,
    ref: { readonly name: string; readonly project?: ProjectRef },
  ): Promise<PipelineRecord | 'several' | undefined> {
    const scope = this.scope(caller, ref.project)
    if (!scope.ok) return undefined
    const filter = { name: ref.name, ...(scope.value === undefined ? undefined : { projectIds: scope.value }) }
    const found = await this.#kept(`named ${JSON.stringify(filter)}`, () =>
      this.#deps.catalog.pipelines(filter, null, 2),
    )
    return found.length > 1 ? 'several' : found[0]
  }

  /** What was read while something changed is given, but not kept. */
  async #kept<Answer>(question: string, ask: () => Promise<Answer>): Promise<Answer> {
    const answers = this.#answers
    const kept = answers.get(question)
    if (kept !== undefined) return kept as Answer
    const answer = await ask()
    if (answer !== undefined) answers.set(question, answer, Array.isArray(answer) ? answer.length + 1 : 1)
    return answer
  }

  #filter(caller: Caller, filter: PipelineListFilter): Result<PipelineFilter> {
    const scope = this.scope(caller, filter.project)
    if (!scope.ok) return scope
    return accept({
      ...(scope.value === undefined ? undefined : { projectIds: scope.value }),
      ...(filter.text === undefined ? undefined : { text: filter.text }),
    })
  }

  async #view(record: PipelineRecord): Promise<PipelineView> {
    const [plan, history] = await Promise.all([this.planOf(record.id, record.version), this.#deps.history(record.id)])
    return {
      id: record.id,
      serial: record.serial,
      project: this.projectOf(record.projectId),
      name: record.name,
      version: record.version,
      createdAt: record.createdAt,
      createdBy: record.createdBy,
      updatedAt: record.updatedAt,
      definition: plan.definition,
      webhooks: record.webhooks,
      ...history,
    }
  }

  #changed(record: PipelineRecord): Promise<Result<PipelineView>> {
    this.#records.set(record.id, record)
    this.#forget(record.id, record.projectId)
    return this.#view(record).then(accept)
  }

  #forget(id: PipelineId, projectId: ProjectId): void {
    this.#answers = new Lru(ANSWERS_MAX)
    this.#deps.onChange([`pipeline:${id}`, `project:${projectId}`])
  }

  async #checked(text: string, file = 'pipeline.yaml'): Promise<Result<PipelineDefinition>> {
    const checked = await this.#deps.check(text, file)
    if (checked.ok) {
      const twice = sameAddress(checked.definition)
      if (twice === undefined) return accept(checked.definition)
      const message = `expected a name of its own for every webhook, found ${JSON.stringify(twice)} for one of the pipeline and for one of a stage`
      const error = { file, line: null, column: null, path: 'triggers', message }
      return refuse('invalid_definition', `${file}: ${message}`, { errors: [error] })
    }
    const count = checked.errors.length
    return refuse('invalid_definition', `${file} has ${count} error${count === 1 ? '' : 's'}`, {
      errors: checked.errors,
    })
  }
}

const stale = ({ name, version }: PipelineRecord, expected: number | null) =>
  refuse('stale_version', `pipeline ${name} is at version ${version}, expected ${expected}`)
