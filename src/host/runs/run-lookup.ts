import type { Run } from '../../engine/run.ts'
import { nodeIndexOf, parseRunId, type RunId } from '../../model/id.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { RunFilter, RunLog, RunRef as StoredRef } from '../../store/store.ts'
import { maySee } from '../access/rights.ts'
import type { Caller, NodeRef, RunListFilter, RunRef } from '../app.ts'
import type { CatalogUseCases } from '../catalog/catalog.ts'
import { shortened } from '../catalog/projects.ts'
import { Lru } from '../lru.ts'
import type { Histories } from './history.ts'
import type { LiveRuns } from './live.ts'

interface Dependencies {
  readonly log: RunLog
  readonly live: LiveRuns
  readonly histories: Histories
  readonly catalog: CatalogUseCases
}

const IDS_MAX = 100_000

/** Runs and their nodes by the names that callers have for them, as far as they may see them. */
export class RunLookup {
  readonly #deps: Dependencies
  readonly #ids = new Lru<string, RunId>(IDS_MAX)

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  async run(caller: Caller, ref: RunRef): Promise<Result<Run>> {
    const id = await this.#runId(caller, ref)
    if (!id.ok) return id
    const run = id.value === undefined ? undefined : await this.#deps.live.get(id.value)
    if (run === undefined || !maySee(caller, run.projectId))
      return refuse('not_found', `there is no run ${shortened(runName(ref))}${wordsOf(ref)}`)
    return accept(run)
  }

  async #runId(caller: Caller, ref: RunRef): Promise<Result<RunId | undefined>> {
    if ('id' in ref) return accept(parseRunId(ref.id))
    if ('serial' in ref) return accept(await this.#named({ by: 'serial', serial: ref.serial }, ref.serial))
    const record = await this.#deps.catalog.record(caller, ref.pipeline)
    if (!record.ok) return record
    const pipelineId = record.value.id
    if ('latest' in ref) return accept((await this.#deps.histories.of(pipelineId)).latestRun?.id)
    return accept(await this.#named({ by: 'number', pipelineId, number: ref.number }, ref.number))
  }

  /** A number or serial never comes to mean another run, so it is looked up once. */
  async #named(ref: Extract<StoredRef, { by: 'serial' | 'number' }>, integer: number): Promise<RunId | undefined> {
    if (!Number.isSafeInteger(integer)) return undefined
    const key = ref.by === 'serial' ? `${integer}` : `${ref.pipelineId}/${integer}`
    const kept = this.#ids.get(key)
    if (kept !== undefined) return kept
    const found = await this.#deps.log.summary(ref)
    if (found !== undefined) this.#ids.set(key, found.id)
    return found?.id
  }

  async node(
    caller: Caller,
    ref: RunRef,
    node: NodeRef,
  ): Promise<Result<{ readonly run: Run; readonly index: number }>> {
    const found = await this.run(caller, ref)
    if (!found.ok) return found
    const index = indexOf(found.value, node)
    if (index === undefined)
      return refuse(
        'not_found',
        `run ${found.value.name} #${found.value.number} has no node ${shortened(nodeName(node))}`,
      )
    return accept({ run: found.value, index })
  }

  async filter(caller: Caller, filter: RunListFilter): Promise<Result<RunFilter>> {
    const { project, pipeline, ...rest } = filter
    const scope = this.#deps.catalog.scope(caller, project)
    if (!scope.ok) return scope
    const record = pipeline === undefined ? undefined : await this.#deps.catalog.record(caller, pipeline)
    if (record !== undefined && !record.ok) return record
    return accept({
      ...rest,
      ...(scope.value === undefined ? undefined : { projectIds: scope.value }),
      ...(record === undefined ? undefined : { pipelineId: record.value.id }),
    })
  }
}

function indexOf(run: Run, node: NodeRef): number | undefined {
  const { plan } = run
  if ('index' in node)
    return Number.isSafeInteger(node.index) && plan.nodes[node.index] !== undefined ? node.index : undefined
  if ('key' in node) return Object.hasOwn(plan.index, node.key) ? plan.index[node.key] : undefined
  return nodeIndexOf(run.id, node.id, plan.nodes.length)
}

const nodeName = (node: NodeRef): string => ('id' in node ? node.id : 'key' in node ? node.key : String(node.index))

function runName(ref: RunRef): string {
  if ('id' in ref) return ref.id
  if ('serial' in ref) return String(ref.serial)
  return 'latest' in ref ? 'of this pipeline' : `#${ref.number} of this pipeline`
}

/** Whoever gives a pipeline's name alone learns how runs are called. */
const wordsOf = (ref: RunRef): string =>
  'id' in ref && parseRunId(ref.id) === undefined ? ': expected an id, a serial or pipeline#number' : ''
