import type { JsonObject } from '../../model/json.ts'
import { accept, type Result } from '../../model/problem.ts'
import { RUN_STATUSES } from '../../model/status.ts'
import type { Instant } from '../../model/time.ts'
import type { PipelineView, RunSummary, RunView, TaskView } from '../../model/view.ts'
import { refusedReply, type Call, type Operation } from './call.ts'
import { requiredText } from './params.ts'
import { elapsedSeconds } from './present.ts'
import { runState } from './status.ts'
import { tasksOf, TEMPLATE_ANNOTATION } from './task-tree.ts'
import { locateTemplate } from './templates.ts'
import { assignKeys, type LevelKeys } from './tree/keys.ts'
import { storedTree } from './tree/stored-tree.ts'

const PAGE = 100
/** So many of the newest tasks of the project are looked at. */
const SCANNED_MAX = 2_000
const TASKS_MAX = 200
/** `MAX_RECORDED_NODE_EXECUTION_TIMES` of bk-sops. */
const SHOWN_MAX = 5

interface Passed {
  readonly startedAt: Instant
  readonly endedAt: Instant
}

/** Source: bk-sops `apigw/views/get_node_execution_record.py`; its statistics are written when a task is over. */
export const getNodeExecutionRecord: Operation = {
  method: 'GET',
  path: ['template_id', 'bk_biz_id'],
  gatewayOnly: true,
  about: `how long a node of a template took: its last ${SHOWN_MAX} successes in the ${TASKS_MAX} newest tasks that are over; \`template_node_id\``,
  async run(call) {
    const nodeId = requiredText(call.params, 'template_node_id')
    const bizId = requiredText(call.params, 'bk_biz_id')
    const found = await locateTemplate(call, requiredText(call.params, 'template_id'), bizId)
    if (!found.ok) return { envelope: found.failure }
    const record = await executionRecord(call, found.pipeline, nodeId)
    if (!record.ok) return refusedReply(call, record.problem, bizId)
    return { envelope: { result: true, data: record.value, message: '' } }
  },
}

export async function executionRecord(call: Call, template: PipelineView, nodeId: string): Promise<Result<JsonObject>> {
  const over = await tasksOver(call, template)
  if (!over.ok) return over
  const passed = over.value
    .flatMap((run) => successesIn(run, nodeId))
    .toSorted((one, other) => other.endedAt - one.endedAt)
  const rows = passed.slice(0, SHOWN_MAX).map((one) => ({
    archived_time: call.time(one.endedAt),
    elapsed_time: elapsedSeconds(one, one.endedAt),
  }))
  return accept({ execution_time: rows, total: passed.length })
}

const OVER = RUN_STATUSES.filter((status) => runState[status] === 'FINISHED' || runState[status] === 'REVOKED')

async function tasksOver(call: Call, pipeline: PipelineView): Promise<Result<readonly RunView[]>> {
  const isOfTemplate = ({ pipelineId, annotations }: RunSummary): boolean =>
    pipelineId === pipeline.id || annotations[TEMPLATE_ANNOTATION] === String(pipeline.serial)
  const filter = { project: { id: pipeline.project.id }, statuses: OVER }
  const refs: { readonly id: string }[] = []
  let before: number | null = null
  let scanned = 0
  do {
    const page = await call.app.runs.list(call.caller, filter, { before, limit: PAGE })
    if (!page.ok) return page
    refs.push(...page.value.items.filter(isOfTemplate).map(({ id }) => ({ id })))
    scanned += page.value.items.length
    before = page.value.next
  } while (before !== null && scanned < SCANNED_MAX && refs.length < TASKS_MAX)
  const views: RunView[] = []
  for (let at = 0; at < Math.min(refs.length, TASKS_MAX); at += PAGE) {
    const found = await call.app.runs.batch(call.caller, refs.slice(at, Math.min(at + PAGE, TASKS_MAX)))
    if (!found.ok) return found
    views.push(...found.value)
  }
  return accept(views)
}

function successesIn(run: RunView, nodeId: string): readonly Passed[] {
  const stored = storedTree(run.definition)
  const keys = stored === undefined ? new Set([nodeId]) : keysOf(assignKeys(stored.tree), nodeId)
  return tasksOf(run)
    .filter(({ key }) => keys.has(key))
    .flatMap((task) => [...task.earlier.filter(({ attempt }) => attempt !== task.attempt), task])
    .flatMap(spanOf)
}

/** Sub-processes of one template share their ids. */
const keysOf = ({ nodes, inner }: LevelKeys, id: string): ReadonlySet<string> =>
  new Set([...[nodes.get(id) ?? []].flat(), ...[...inner.values()].flatMap((level) => [...keysOf(level, id)])])

const spanOf = ({
  status,
  startedAt,
  endedAt,
}: Pick<TaskView, 'status' | 'startedAt' | 'endedAt'>): readonly Passed[] =>
  status === 'succeeded' && startedAt !== null && endedAt !== null ? [{ startedAt, endedAt }] : []
