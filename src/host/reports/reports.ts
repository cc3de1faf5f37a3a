import type { RunId } from '../../model/id.ts'
import type { ReportKind } from '../../model/report.ts'
import type { NodeStatus } from '../../model/status.ts'
import type { RunView, TaskView } from '../../model/view.ts'
import { Lru } from '../lru.ts'

/** Where what attempts leave beside their logs is read from. */
export interface ReportFiles {
  /** Which attempts of the run have left one of this kind, in any order. */
  list(runId: RunId, kind: ReportKind): Promise<readonly { readonly node: number; readonly attempt: number }[]>
  /** Its JSON; undefined: none. */
  read(runId: RunId, node: number, attempt: number, kind: ReportKind): Promise<string | undefined>
}

export interface TaskReport<Report> {
  readonly task: TaskView
  readonly attempt: number
  readonly report: Report
}

/** Reports of ended attempts never change, and lists are read page by page. */
const KEPT_MAX = 64

/** Reports of one kind. Which step type a task is of does not matter: whoever leaves one has one. */
export class Reports<Report> {
  readonly #files: ReportFiles
  readonly #kind: ReportKind
  readonly #kept = new Lru<string, Report>(KEPT_MAX)

  constructor(files: ReportFiles, kind: ReportKind) {
    this.#files = files
    this.#kind = kind
  }

  /** Those of the run's tasks, in the order of the plan: of each its newest attempt's, if that has left one. */
  async of(run: RunView, wanted: (task: TaskView) => boolean = () => true): Promise<readonly TaskReport<Report>[]> {
    const begun = run.stages.flatMap(({ tasks }) => tasks.filter((task) => task.attempt > 0 && wanted(task)))
    if (begun.length === 0) return []
    const left = new Map<number, number[]>()
    for (const { node, attempt } of await this.#files.list(run.id, this.#kind)) {
      left.set(node, [...(left.get(node) ?? []), attempt])
    }
    const found = begun.flatMap((task) => {
      const attempt = chosen(task, left.get(task.index) ?? [])
      return attempt === undefined ? [] : [{ task, attempt }]
    })
    const read = await Promise.all(found.map(({ task, attempt }) => this.#read(run.id, task, attempt)))
    return found.flatMap(({ task, attempt }, index) => {
      const report = read[index]
      return report === undefined ? [] : [{ task, attempt, report }]
    })
  }

  async #read(runId: RunId, task: TaskView, attempt: number): Promise<Report | undefined> {
    const name = `${runId}/${task.index}/${attempt}`
    const known = this.#kept.get(name)
    if (known !== undefined) return known
    const text = await this.#files.read(runId, task.index, attempt, this.#kind)
    if (text === undefined) return undefined
    const report = JSON.parse(text) as Report
    if (attempt < task.attempt || task.endedAt !== null) this.#kept.set(name, report)
    return report
  }
}

const ROLLBACK: ReadonlySet<NodeStatus> = new Set<NodeStatus>([
  'rolling_back',
  'rolled_back',
  'rollback_failed',
  'rollback_errored',
])

/** The way back is an attempt, too, and takes nothing away from what the way there has left. */
function chosen({ attempt, status }: TaskView, left: readonly number[]): number | undefined {
  if (left.includes(attempt)) return attempt
  if (!ROLLBACK.has(status)) return undefined
  const newest = Math.max(0, ...left.filter((one) => one < attempt))
  return newest === 0 ? undefined : newest
}
