import type { Run } from '../../engine/run.ts'
import type { PipelineId, ProjectId } from '../../model/id.ts'
import type { JobRequest } from '../../model/job.ts'
import type { JsonObject } from '../../model/json.ts'
import { accept, refuse, type Problem, type Result } from '../../model/problem.ts'
import {
  isSealedText,
  isSecretName,
  SECRET_MAX_BYTES,
  SECRET_MIN_BYTES,
  SECRET_NAME_MAX,
  SECRETS_OF_TASK_MAX_BYTES,
} from '../../model/secret.ts'
import type { DurationMs } from '../../model/time.ts'
import { StoreError, type SecretPlace, type SecretRecord, type Secrets as SecretStore } from '../../store/store.ts'
import type { Caller, PipelineRef, Projects, SealedPlace, SecretOwner, Secrets, SecretView } from '../app.ts'
import type { AuditTrail } from '../access/audit.ts'
import type { CatalogUseCases } from '../catalog/catalog.ts'
import type { Clock } from '../clock.ts'
import type { Entropy } from '../entropy.ts'
import { resolveSecrets, type Resolved } from './job-secrets.ts'
import { lacks } from '../access/rights.ts'
import { secretPlace } from './seal-key.ts'
import { seal, unseal } from './seal.ts'
import { openSealed, sealedFor, sealText } from './sealed-text.ts'
import { unlessFull } from '../store-problems.ts'

interface Dependencies {
  readonly secrets: SecretStore
  readonly projects: Pick<Projects, 'get'>
  readonly pipelines: Pick<CatalogUseCases, 'record'>
  readonly clock: Clock
  readonly entropy: Entropy
  readonly sealKey: Uint8Array
  /** What texts are sealed with: it outlives the key. */
  readonly textRoot: Uint8Array
  readonly audit: AuditTrail
  readonly onDefect: (error: unknown) => void
}

/** Of one project, those of its pipelines counted. */
const SECRETS_MAX = 1_000
/** A secret that is used all the time is noted as used so often. */
const USED_EVERY_MS: DurationMs = 60_000
const SEALED_ELSEWHERE = 'a credential in its definition or its params was sealed for another place, project or server'

/** Secrets of projects and pipelines: sealed in memory as in the store, opened only for a task. */
export class SecretUseCases implements Secrets {
  readonly #deps: Dependencies
  readonly #records = new Map<string, SecretRecord>()

  private constructor(deps: Dependencies) {
    this.#deps = deps
  }

  static async open(deps: Dependencies): Promise<SecretUseCases> {
    const secrets = new SecretUseCases(deps)
    await secrets.reload()
    return secrets
  }

  /** As the store has them now: another server may have changed them. */
  async reload(): Promise<void> {
    const records = await this.#deps.secrets.secrets()
    this.#records.clear()
    for (const record of records) this.#records.set(secretPlace(record), record)
  }

  async list(caller: Caller, owner: SecretOwner): Promise<Result<readonly SecretView[]>> {
    const found = await this.#owner(caller, owner)
    if (!found.ok) return found
    const { projectId, pipelineId } = found.value
    const own = [...this.#records.values()].filter(
      (record) => record.projectId === projectId && record.pipelineId === pipelineId,
    )
    return accept(own.map(viewOf).toSorted((a, b) => (a.name < b.name ? -1 : 1)))
  }

  async set(caller: Caller, owner: SecretOwner, name: string, value: string): Promise<Result<SecretView>> {
    const place = await this.#writable(caller, owner, name, 'set a secret')
    if (!place.ok) return place
    const problem = valueProblem(name, value)
    if (problem !== undefined) return problem
    const { sealKey, entropy, clock, audit } = this.#deps
    const key = secretPlace(place.value)
    const full = [...this.#records.values()].filter(({ projectId }) => projectId === place.value.projectId)
    if (full.length >= SECRETS_MAX && !this.#records.has(key)) {
      return refuse('conflict', `a project has at most ${SECRETS_MAX} secrets, those of its pipelines counted`)
    }
    const sealed = seal(sealKey, value, key, entropy)
    const { secrets } = audit.of(caller, 'secret.set', nameOf(place.value))
    const stored = await this.#written(secrets.putSecret({ ...place.value, sealed, at: clock.now(), by: caller.user }))
    if (!stored.ok) return stored
    this.#records.set(key, stored.value)
    return accept(viewOf(stored.value))
  }

  async remove(caller: Caller, owner: SecretOwner, name: string): Promise<Result<null>> {
    const place = await this.#writable(caller, owner, name, 'remove a secret')
    if (!place.ok) return place
    const { secrets } = this.#deps.audit.of(caller, 'secret.remove', nameOf(place.value))
    const removed = await this.#written(secrets.removeSecret(place.value))
    if (!removed.ok) return removed
    this.#records.delete(secretPlace(place.value))
    return accept(null)
  }

  sealText(place: SealedPlace, value: string): string {
    return isSealedText(value) ? value : sealText(this.#deps.textRoot, place, value, this.#deps.entropy)
  }

  /** For a runner, in the last moment: those of the pipeline before those of its project, and what is sealed in texts. */
  resolve(run: Run, request: JobRequest): Resolved {
    const resolved = this.#named(run, request)
    if (!resolved.ok) return resolved
    try {
      return {
        ok: true,
        job: openSealed(resolved.job, this.#deps.textRoot, { ...run, definition: run.plan.definition }),
      }
    } catch {
      return cannotStart(SEALED_ELSEWHERE)
    }
  }

  /** Params that a run gives to a run of another pipeline. Refused: what is sealed in them is not this run's to give. */
  given(run: Run, pipeline: PipelineId, params: JsonObject): Result<JsonObject> {
    const { textRoot, entropy } = this.#deps
    try {
      return accept(sealedFor(pipeline, params, textRoot, { ...run, definition: run.plan.definition }, entropy))
    } catch {
      return refuse('invalid_request', SEALED_ELSEWHERE)
    }
  }

  #named(run: Run, request: JobRequest): Resolved {
    if (request.secrets.length === 0) return resolveSecrets(request, () => undefined)
    const used = new Map<string, SecretRecord>()
    let bytes = 0
    try {
      const resolved = resolveSecrets(request, (name) => {
        const record = this.#find(run, name)
        if (record === undefined) return undefined
        const value = unseal(this.#deps.sealKey, record.sealed, secretPlace(record))
        bytes += used.has(secretPlace(record)) ? 0 : Buffer.byteLength(value)
        used.set(secretPlace(record), record)
        return value
      })
      if (!resolved.ok) return resolved
      if (bytes > SECRETS_OF_TASK_MAX_BYTES) {
        return cannotStart(`its secrets have ${bytes} bytes together, at most ${SECRETS_OF_TASK_MAX_BYTES} are given`)
      }
      this.#used([...used.values()])
      return resolved
    } catch (error) {
      const names = request.secrets.map(({ name }) => name).join(', ')
      return cannotStart(`one of the secrets ${names} cannot be read: ${(error as Error).message}`)
    }
  }

  /** For what the server itself tells others; undefined: there is none, or it cannot be opened. */
  valueOf(projectId: ProjectId, pipelineId: PipelineId | null, name: string): string | undefined {
    const places = [
      ...(pipelineId === null ? [] : [{ projectId, pipelineId, name }]),
      { projectId, pipelineId: null, name },
    ]
    const record = places.map((place) => this.#records.get(secretPlace(place))).find((one) => one !== undefined)
    if (record === undefined) return undefined
    try {
      const value = unseal(this.#deps.sealKey, record.sealed, secretPlace(record))
      this.#used([record])
      return value
    } catch {
      return undefined
    }
  }

  /** Of a pipeline that is gone. */
  async dropPipeline(pipelineId: PipelineId): Promise<void> {
    for (const [key, record] of this.#records) {
      if (record.pipelineId !== pipelineId) continue
      await this.#deps.secrets.removeSecret(record)
      this.#records.delete(key)
    }
  }

  #find({ projectId, pipelineId }: Run, name: string): SecretRecord | undefined {
    return (
      this.#records.get(secretPlace({ projectId, pipelineId, name })) ??
      this.#records.get(secretPlace({ projectId, pipelineId: null, name }))
    )
  }

  #used(records: readonly SecretRecord[]): void {
    const now = this.#deps.clock.now()
    const due = records.filter(({ lastUsedAt }) => lastUsedAt === null || lastUsedAt + USED_EVERY_MS <= now)
    if (due.length === 0) return
    for (const record of due) this.#records.set(secretPlace(record), { ...record, lastUsedAt: now })
    this.#deps.secrets.usedSecrets(due, now).catch((error: unknown) => {
      // A server that closes, or a full disk: the task is what counts.
      if (!(error instanceof StoreError) || error.code === 'corrupt') this.#deps.onDefect(error)
    })
  }

  async #owner(
    caller: Caller,
    owner: SecretOwner,
  ): Promise<Result<{ readonly projectId: ProjectId; readonly pipelineId: PipelineId | null }>> {
    if ('pipeline' in owner) return this.#pipeline(caller, owner.pipeline)
    const project = await this.#deps.projects.get(caller, owner.project)
    return project.ok ? accept({ projectId: project.value.id, pipelineId: null }) : project
  }

  async #pipeline(caller: Caller, ref: PipelineRef) {
    const found = await this.#deps.pipelines.record(caller, ref)
    return found.ok ? accept({ projectId: found.value.projectId, pipelineId: found.value.id }) : found
  }

  async #writable(caller: Caller, owner: SecretOwner, name: string, what: string): Promise<Result<SecretPlace>> {
    const found = await this.#owner(caller, owner)
    if (!found.ok) return found
    const denied = lacks(caller, 'admin', what)
    if (denied !== undefined) return denied
    if (isSecretName(name)) return accept({ ...found.value, name })
    return refuse(
      'invalid_request',
      `a secret is called by capital letters, digits and _, at most ${SECRET_NAME_MAX}, not beginning with a digit or MILLRACE_; found ${JSON.stringify(name.slice(0, 100))}`,
    )
  }

  #written<Value>(writing: Promise<Value>): Promise<Result<Value>> {
    return unlessFull(
      writing.then(accept, (error: unknown) => {
        if (error instanceof StoreError && error.code === 'missing') return refuse('not_found', error.message)
        throw error
      }),
    )
  }
}

const nameOf = ({ projectId, pipelineId, name }: SecretPlace): string =>
  pipelineId === null ? `project ${projectId}: ${name}` : `pipeline ${pipelineId}: ${name}`

const viewOf = ({ name, createdAt, createdBy, updatedAt, updatedBy, lastUsedAt }: SecretRecord): SecretView => ({
  name,
  createdAt,
  createdBy,
  updatedAt,
  updatedBy,
  lastUsedAt,
})

const cannotStart = (reason: string): Resolved => ({ ok: false, failure: { kind: 'cannot-start', reason } })

/** Says nothing of the value but how long it is. */
function valueProblem(name: string, value: string): { readonly ok: false; readonly problem: Problem } | undefined {
  const bytes = Buffer.byteLength(value)
  if (bytes > SECRET_MAX_BYTES) {
    return refuse('too_large', `the secret ${name} may have ${SECRET_MAX_BYTES} bytes, found ${bytes}`)
  }
  if (value.includes('\0')) return refuse('invalid_request', `the secret ${name} holds a NUL character`)
  if (Buffer.byteLength(value.trim()) >= SECRET_MIN_BYTES) return undefined
  const message = `the secret ${name} is too short: below ${SECRET_MIN_BYTES} bytes, blanks around it not counted, it could not be masked in logs`
  return refuse('invalid_request', message)
}
