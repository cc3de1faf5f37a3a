import { createHash } from 'node:crypto'
import { compile } from '../../engine/compile.ts'
import type { PipelineDefinition } from '../../model/definition.ts'
import type { UserRef } from '../../model/view.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { Catalog, Documents, PipelineRecord } from '../../store/store.ts'
import type { Clock } from '../clock.ts'
import type { Checked } from './catalog.ts'

interface Dependencies {
  readonly check: (text: string, file: string) => Checked | Promise<Checked>
  readonly catalog: Pick<Catalog, 'addSideVersion'>
  readonly documents: Pick<Documents, 'document' | 'putDocument'>
  readonly clock: Clock
}

const KIND = 'millrace/source'

/** A version beside those of the pipeline: it is run, and nothing else of the pipeline knows it. */
export interface SideVersion {
  readonly version: number
  readonly definition: PipelineDefinition
}

/**
 * Versions beside the newest one of a pipeline: each text is one, the same text the same one. Name, triggers, concurrency
 * and priority stay those of the pipeline, so that none takes the trigger away that made it, or a place before others.
 */
export class SideVersions {
  readonly #deps: Dependencies

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** @param found what errors call it: the file, and where it was found. */
  async versionOf(
    record: PipelineRecord,
    held: PipelineDefinition,
    text: string,
    found: { readonly file: string; readonly where: string; readonly by: UserRef },
  ): Promise<Result<SideVersion>> {
    const checked = await this.#deps.check(text, found.file)
    if (!checked.ok) {
      const [first] = checked.errors
      const place = first === undefined ? '' : `, the first in line ${first.line}: ${first.message}`
      return refuse('invalid_definition', `${found.where} has ${checked.errors.length} errors${place}`, {
        errors: checked.errors,
      })
    }
    const { name, triggers, concurrency, priority = 'normal' } = held
    const definition = { ...checked.definition, name, triggers, concurrency, priority }
    return accept({ definition, version: await this.#stored(record, text, definition, found.by) })
  }

  async #stored(
    record: PipelineRecord,
    text: string,
    definition: PipelineDefinition,
    createdBy: UserRef,
  ): Promise<number> {
    const { catalog, clock, documents } = this.#deps
    const plan = JSON.stringify(compile(definition))
    const key = `${record.id}/${createHash('sha256').update(plan).digest('hex')}`
    const ref = { projectId: record.projectId, kind: KIND, key }
    const known = await documents.document(ref)
    if (known !== undefined) return JSON.parse(known.value) as number
    const at = clock.now()
    const version = await catalog.addSideVersion(record.id, { createdAt: at, createdBy, text, plan })
    await documents.putDocument(ref, JSON.stringify(version), at, null)
    return version
  }
}
