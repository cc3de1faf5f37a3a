import type { RunSummary, RunView } from '../../model/view.ts'
import { refuse, type Result } from '../../model/problem.ts'
import { json, type OperationName, problemAnswer, success } from './errors.ts'
import { factOf, runFacts } from './facts.ts'
import type { Call, Route } from './route.ts'
import { familyOf, V1 } from './rows.ts'
import { oldestRuns } from './run-rows.ts'
import { creatorOf } from './status.ts'
import type { QueueItem } from './wire.ts'

/** What stands in the queue there: made, and not begun. */
const QUEUED = ['waiting', 'queued'] as const
const QUEUE_MAX = 100
const CREATED = 0

const route = familyOf(V1)

export const queueRoutes: readonly Route[] = [
  route(
    'GET',
    '/api/pipeline/queue',
    'tasks that have not begun, the first 100, in the order in which they were made; error 6805',
    list,
    {
      also: ['/api/queue', '/api/queue/ws'],
    },
  ),
  route(
    'DELETE',
    '/api/pipeline/queue/:id',
    'cancel such a task, by its ObjectId; error 6900',
    (call) => act(call, 'cancelQueued'),
    { also: ['/api/queue/:id'] },
  ),
  route(
    'POST',
    '/api/queue/:id/restart',
    'let it begin: one that waits for a person is started, another waits for a runner anyway; July 2017, error 6902',
    (call) => act(call, 'restartQueued'),
    { also: ['/api/pipeline/queue/:id/restart'] },
  ),
]

async function list(call: Call): Promise<Response> {
  const runs = await oldestRuns(call, { statuses: QUEUED }, QUEUE_MAX)
  return runs.ok ? json(200, runs.value.map(presentQueued)) : problemAnswer('listQueue', runs.problem)
}

function presentQueued(run: RunView): QueueItem {
  const facts = runFacts(run)
  const number = Number(run.params.find(({ name }) => name === 'pull_request_number')?.value)
  return {
    id: objectId(run.id),
    pipeline_name: run.pipeline.name,
    status: CREATED,
    task_creator: creatorOf(run),
    repo_name: factOf(facts, 'repo_name') ?? '',
    repo_owner: factOf(facts, 'repo_owner') ?? '',
    branch: factOf(facts, 'branch') ?? '',
    pull_request_number: Number.isSafeInteger(number) ? number : 0,
    commit_id: factOf(facts, 'commit_id') ?? '',
    created: Math.floor(run.createdAt / 1_000),
  }
}

/** 24 of an id's 32 digits: its time and half of its dice, enough to tell apart what stands in one queue. */
export const objectId = (id: string): string => id.slice(0, 24)

async function act(call: Call, operation: 'cancelQueued' | 'restartQueued'): Promise<Response> {
  const found = await queuedRun(call)
  if (!found.ok) return problemAnswer(operation, found.problem)
  const run = { id: found.value.id }
  // One that has its place in the queue needs no more to begin.
  if (operation === 'restartQueued' && found.value.status === 'queued') return success()
  const action = operation === 'cancelQueued' ? 'cancel' : 'start'
  const done = await call.app.runs.act(call.caller, run, { action })
  return done.ok ? success() : problemAnswer(operation satisfies OperationName, done.problem)
}

async function queuedRun({ app, caller, param }: Call): Promise<Result<RunSummary>> {
  const id = param('id')
  let before: number | null = null
  do {
    const page = await app.runs.list(caller, { statuses: QUEUED }, { before, limit: QUEUE_MAX })
    if (!page.ok) return page
    const found = page.value.items.find((run) => objectId(run.id) === id.toLowerCase())
    if (found !== undefined) return { ok: true, value: found }
    before = page.value.next
  } while (before !== null)
  return refuse('not_found', `there is no task ${JSON.stringify(id.slice(0, 64))} in the queue`)
}
