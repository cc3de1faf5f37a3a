import type { Change } from '../../model/change.ts'
import type { PipelineDefinition, RepositoryFile } from '../../model/definition.ts'
import type { PipelineId, ProjectId } from '../../model/id.ts'
import { refuse, type Result } from '../../model/problem.ts'
import type { DurationMs } from '../../model/time.ts'
import type { PipelineRecord } from '../../store/store.ts'
import type { SideVersion, SideVersions } from '../catalog/side-versions.ts'
import type { Outbound } from '../notifications/outbound.ts'

interface Dependencies {
  readonly read: Outbound['file'] | undefined
  readonly sideVersions: SideVersions
  readonly secret: (projectId: ProjectId, pipelineId: PipelineId | null, name: string) => string | undefined
}

const TIMEOUT_MS: DurationMs = 60_000

/** Definitions that are read where the change is: versions beside that of the server. */
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
    const { read, secret, sideVersions } = this.#deps
    if (read === undefined) return refuse('not_allowed', 'this server reads no repositories')
    const credentials = file.credentials === null ? undefined : secret(record.projectId, record.id, file.credentials)
    if (file.credentials !== null && credentials === undefined) {
      return refuse('not_allowed', `there is no secret ${file.credentials} to read ${file.path} with`)
    }
    const revision = revisionOf(change)
    const { url, path, knownHosts } = file
    const found = await read({ url, path, revision, credentials, knownHosts, timeoutMs: TIMEOUT_MS })
    if (!found.ok) return refuse('not_allowed', `${file.path} could not be read: ${found.reason}`)
    const where = `${file.path} at ${revision}`
    return sideVersions.versionOf(record, held, found.text, { file: file.path, where, by: record.createdBy })
  }
}

/** What a stranger changed says nothing about how it is tested: it is read where the change would go. */
function revisionOf({ fork, before, branch, sha }: Change): string {
  return fork ? (before ?? `refs/heads/${branch ?? ''}`) : sha
}
