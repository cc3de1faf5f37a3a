import type { JsonObject } from '../../model/json.ts'
import type { Instant } from '../../model/time.ts'
import type { ProjectView, RunView } from '../../model/view.ts'
import { fail, succeed, type Call, type Operation } from './call.ts'
import { DoorRefusal } from './errors.ts'
import { FUNCTION_KIND, claimState, claimValue, isFunctional, readClaim, type Claim } from './functional.ts'
import { pageOf } from './page.ts'
import { integerParam, optionalText, readTime } from './params.ts'
import { presentTask } from './present-rows.ts'
import { runState } from './status.ts'
import { changeConstants, locateNamed, readConstants, refusedHere } from './task-calls.ts'
import { taskName } from './task-name.ts'
import type { Failure } from './wire.ts'

export const claimFunctionalizationTask: Operation = {
  method: 'POST',
  path: ['task_id', 'bk_biz_id'],
  about:
    'takes over a task of the flow type common_func, with other values for its `constants`; it can be started then',
  async run(call) {
    const located = await locateNamed(call)
    if (!located.ok) return { envelope: located.failure }
    const { run } = located
    if (!isFunctional(run)) return { envelope: fail('task is not functional') }
    const { claim, revision } = await claimState(call, run)
    const closed = runState[run.status] === 'FINISHED' || runState[run.status] === 'REVOKED'
    if (closed || run.startedAt !== null || claim !== undefined) {
      return { envelope: fail(`task with current_flow:${closed ? 'finished' : 'execute_task'} cannot be claimed`) }
    }
    const read = readConstants(call, run)
    if (!read.ok) return { envelope: read.failure }
    const own = claimValue({ claimant: call.caller.user.name, claimedAt: call.app.now() })
    const claimed = await writeClaim(call, run, own, revision)
    if (!claimed.ok) return { envelope: claimed.failure }
    // Only whoever has claimed it changes it: of two at once, one.
    const refusal = await changeConstants(call, run, read.params)
    if (refusal === undefined) return succeed('success')
    await writeClaim(call, run, {}, claimed.revision)
    return { envelope: refusal }
  },
}

type Claimed = { readonly ok: true; readonly revision: number } | { readonly ok: false; readonly failure: Failure }

async function writeClaim(call: Call, run: RunView, value: JsonObject, revision: number): Promise<Claimed> {
  const document = { project: { id: run.project.id }, kind: FUNCTION_KIND, key: run.id }
  const done = await call.app.documents.put(call.caller, { ...document, value, expectedRevision: revision })
  if (done.ok) return { ok: true, revision: done.value.revision }
  const taken = done.problem.code === 'conflict' || done.problem.code === 'stale_version'
  const failure = taken
    ? fail('task has been claimed by others')
    : refusedHere(call, done.problem, done.problem.message)
  return { ok: false, failure }
}

/** A project with more than these shows the first ones only. */
const TASKS_MAX = 10_000
const PAGE = 1_000

export const getFunctionalizationTaskList: Operation = {
  method: 'GET',
  path: [],
  zoned: true,
  about:
    'tasks of the flow type common_func that the caller sees, newest first; `id_in`, `task_id_in`, `status`, `project_id`, times',
  async run(call) {
    const from = timeOf(call, 'create_time_gte')
    const to = timeOf(call, 'create_time_lte')
    const wantedId = integerParam(call.params, 'project_id', 0, [0, 2_147_483_647])
    const status = optionalText(call.params, 'status')
    const page = pageOf(call.params)
    if (!page.ok) return { envelope: page.failure }
    const ids = [listed(call, 'id_in'), listed(call, 'task_id_in')]
    const zoned = optionalText(call.params, 'expected_timezone') !== undefined
    const rows: JsonObject[] = []
    for (const project of await call.app.projects.list(call.caller)) {
      if (wantedId !== 0 && project.serial !== wantedId) continue
      for (const { run, claim } of await functionalTasks(call, project)) {
        const row = present(run, claim, call, zoned)
        const isWanted =
          ids.every((some) => some === undefined || some.includes(run.serial)) &&
          (status === undefined || row['status'] === status) &&
          (from === undefined || run.createdAt >= from) &&
          (to === undefined || run.createdAt <= to)
        if (isWanted) rows.push(row)
      }
    }
    const newest = rows.toSorted((a, b) => Number(b['id']) - Number(a['id']))
    return {
      envelope: { result: true, data: newest.slice(page.offset, page.offset + page.limit), count: newest.length },
    }
  },
}

/** @throws DoorRefusal when it is none. */
function timeOf(call: Call, name: string): Instant | undefined {
  const text = optionalText(call.params, name)
  const at = text === undefined ? undefined : readTime(text, call.zoneOffsetMinutes)
  if (text === undefined || at !== undefined) return at
  throw new DoorRefusal('bad-parameter', `param ${name} must be a time like 2018-04-26 16:08:34 +0800`)
}

const listed = (call: Call, name: string): readonly number[] | undefined =>
  optionalText(call.params, name)?.split(',').map(Number)

interface FunctionalTask {
  readonly run: RunView
  readonly claim: Claim | undefined
}

async function functionalTasks(call: Call, project: ProjectView): Promise<readonly FunctionalTask[]> {
  const found: FunctionalTask[] = []
  let after: string | undefined
  do {
    const page = await call.app.documents.list(call.caller, {
      project: { id: project.id },
      kind: FUNCTION_KIND,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    })
    if (!page.ok) break
    const claims = new Map(page.value.items.map(({ key, value }) => [key, readClaim(value)]))
    for (const key of claims.keys()) {
      const run = await call.app.runs.get(call.caller, { id: key })
      if (run.ok) found.push({ run: run.value, claim: claims.get(key) })
    }
    after = page.value.next ?? undefined
  } while (after !== undefined && found.length < TASKS_MAX)
  return found
}

/** A claim has the number of its task. */
function present(run: RunView, claim: Claim | undefined, call: Call, zoned: boolean): JsonObject {
  const time = (at: number | null): string | null =>
    zoned ? call.time(at) : at === null ? null : new Date(at).toISOString()
  return {
    id: run.serial,
    name: taskName(run, call),
    creator: run.cause.by,
    rejecter: '',
    claimant: claim?.claimant ?? '',
    predecessor: '',
    create_time: time(run.createdAt),
    claim_time: time(claim?.claimedAt ?? null),
    reject_time: time(null),
    transfer_time: time(null),
    status: statusOf(run, claim),
    task: {
      ...presentTask(run, run.project, { definition: run.definition, serial: run.pipeline.serial }, call, zoned),
    },
  }
}

/** There are `rejected` ones elsewhere, too: nothing here rejects one. */
function statusOf(run: RunView, claim: Claim | undefined): 'submitted' | 'claimed' | 'executed' | 'finished' {
  if (runState[run.status] === 'FINISHED') return 'finished'
  if (run.startedAt !== null) return 'executed'
  return claim === undefined ? 'submitted' : 'claimed'
}
