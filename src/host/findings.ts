import { FINDINGS_MAX, SEVERITIES, type CodeMetrics, type FindingsReport } from '../model/finding.ts'
import type { RunId } from '../model/id.ts'
import { accept } from '../model/problem.ts'
import type { RunView, TaskView } from '../model/view.ts'
import { LINT_RULES } from '../steps/index.ts'
import type { Findings, NodeRef, Runs } from './app.ts'
import { Lru } from './lru.ts'

interface Dependencies {
  readonly runs: Pick<Runs, 'get'>
  /** JSON of a {@link FindingsReport}, or undefined: the attempt has kept none. */
  readonly read: (runId: RunId, node: number, attempt: number) => Promise<string | undefined>
}

/** Reports of ended attempts never change; lists are read page by page. */
const KEPT_MAX = 16

/** Findings of the newest attempt of each `check` task of a run. */
export function findingsUseCases({ runs, read }: Dependencies): Findings {
  const kept = new Lru<string, FindingsReport>(KEPT_MAX)

  const reportOf = async (run: RunView, task: TaskView): Promise<FindingsReport | undefined> => {
    const name = `${run.id}/${task.index}/${task.attempt}`
    const known = kept.get(name)
    if (known !== undefined) return known
    const text = task.attempt === 0 ? undefined : await read(run.id, task.index, task.attempt)
    if (text === undefined) return undefined
    const report = JSON.parse(text) as FindingsReport
    if (task.endedAt !== null) kept.set(name, report)
    return report
  }

  return {
    list: async (caller, ref, { node, severities = SEVERITIES }, { skip, limit }) => {
      const run = await runs.get(caller, ref)
      if (!run.ok) return run
      const tasks = run.value.stages
        .flatMap((stage) => stage.tasks)
        .filter((task) => isCheck(task) && (node === undefined || isNode(task, node)))
      const reports = (await Promise.all(tasks.map((task) => reportOf(run.value, task)))).filter(
        (report) => report !== undefined,
      )
      const found = reports.flatMap(({ findings }) => findings).filter(({ severity }) => severities.includes(severity))
      const wanted = Math.min(Math.max(1, Math.trunc(limit)), FINDINGS_MAX)
      const counts = { fatal: 0, serious: 0, normal: 0, hint: 0 }
      for (const report of reports) for (const severity of SEVERITIES) counts[severity] += report.counts[severity]
      return accept({
        items: found.slice(skip, skip + wanted),
        total: found.length,
        counts,
        tools: [...new Set(reports.flatMap(({ tools }) => tools))],
        metrics: sumOf(reports.flatMap(({ metrics }) => (metrics === null ? [] : [metrics]))),
        files: reports.flatMap(({ files }) => files),
        checked: reports.length > 0,
      })
    },
    rules: () => LINT_RULES,
  }
}

const isCheck = ({ work }: TaskView): boolean => work.kind === 'runner' && work.uses === 'check'

const isNode = (task: TaskView, ref: NodeRef): boolean =>
  'id' in ref ? task.id === ref.id : 'key' in ref ? task.key === ref.key : task.index === ref.index

function sumOf(all: readonly CodeMetrics[]): CodeMetrics | null {
  const [first, ...rest] = all
  if (first === undefined) return null
  return rest.reduce<CodeMetrics>(
    (sum, next) => ({
      files: sum.files + next.files,
      folders: sum.folders + next.folders,
      lines: sum.lines + next.lines,
      codeLines: sum.codeLines + next.codeLines,
      commentLines: sum.commentLines + next.commentLines,
      duplicatedFiles: sum.duplicatedFiles + next.duplicatedFiles,
      duplicatedLines: sum.duplicatedLines + next.duplicatedLines,
      duplicatedBlocks: sum.duplicatedBlocks + next.duplicatedBlocks,
    }),
    first,
  )
}
