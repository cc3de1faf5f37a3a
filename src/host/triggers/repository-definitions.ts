import { createHash } from 'node:crypto'
import { compile } from '../../engine/compile.ts'
import type { Change } from '../../model/change.ts'
import type { PipelineDefinition, RepositoryFile } from '../../model/definition.ts'
import type { PipelineId, ProjectId } from '../../model/id.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { DurationMs } from '../../model/time.ts'
import type { Catalog, Documents, PipelineRecord } from '../../store/store.ts'
import type { Checked } from '../catalog/catalog.ts'
import type { Clock } from '../clock.ts'
import type { Outbound } from '../notifications/outbound.ts'

interface Dependencies {
  readonly read: Outbound['file'] | undefined
  readonly check: (text: string, file: string) => Checked | Promise<Checked>
  readonly catalog: Pick<Catalog, 'addSideVersion'>
  readonly documents: Pick<Documents, 'document' | 'putDocument'>
  readonly clock: Clock
  readonly secret: (projectId: ProjectId, pipelineId: PipelineId | null, name: string) => string | undefined
}

const TIMEOUT_MS: DurationMs = 60_000
const KIND = 'millrace/source'

/** A version that was made of a file of a repository. */
interface SideVersion {
  readonly version: number
  readonly definition: PipelineDefinition
}

/**
 * Definitions that are read where the change is. Each text is a version beside that of the server, the same text the same
 * one; name, triggers, concurrency and priority stay those of the server, so that no branch takes the trigger away that reads it, or
 * a place before others.
 */
export class RepositoryDefinitions {
  readonly #deps: Dependencies

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** Within the turn of the pipeline. */
  async versionOf(
    record: PipelineRecord,
    held: PipelineDefinition,
    file: RepositoryFile,
    change: Change,
  ): Promise<Result<SideVersion>> {
    const { check, read, secret } = this.#deps
    if (read === undefined) return refuse('not_allowed', 'this server reads no repositories')
    const credentials = file.credentials === null ? undefined : secret(record.projectId, record.id, file.credentials)
    if (file.credentials !== null && credentials === undefined) {
      return refuse('not_allowed', `there is no secret ${file.credentials} to read ${file.path} with`)
    }
    const revision = revisionOf(change)
    const { url, path, knownHosts } = file
    const found = await read({ url, path, revision, credentials, knownHosts, timeoutMs: TIMEOUT_MS })
    if (!found.ok) return refuse('not_allowed', `${file.path} could not be read: ${found.reason}`)
    const checked = await check(found.text, file.path)
    if (!checked.ok) {
      const [first] = checked.errors
      const place = first === undefined ? '' : `, the first in line ${first.line}: ${first.message}`
      return refuse('invalid_definition', `${file.path} at ${revision} has ${checked.errors.length} errors${place}`, {
        errors: checked.errors,
      })
    }
    const { name, triggers, concurrency, priority = 'normal' } = held
    const definition = { ...checked.definition, name, triggers, concurrency, priority }
    return accept({ definition, version: await this.#stored(record, found.text, definition) })
  }

  async #stored(record: PipelineRecord, text: string, definition: PipelineDefinition): Promise<number> {
    const { catalog, clock, documents } = this.#deps
    const plan = JSON.stringify(compile(definition))
    const key = `${record.id}/${createHash('sha256').update(plan).digest('hex')}`
    const ref = { projectId: record.projectId, kind: KIND, key }
    const known = await documents.document(ref)
    if (known !== undefined) return JSON.parse(known.value) as number
    const at = clock.now()
    const version = await catalog.addSideVersion(record.id, { createdAt: at, createdBy: record.createdBy, text, plan })
    await documents.putDocument(ref, JSON.stringify(version), at, null)
    return version
  }
}

/** What a stranger changed says nothing about how it is tested: it is read where the change would go. */
function revisionOf({ fork, before, branch, sha }: Change): string {
  return fork ? (before ?? `refs/heads/${branch ?? ''}`) : sha
}
