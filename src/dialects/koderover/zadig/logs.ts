import type { JsonObject } from '../../../model/json.ts'
import { isEnded } from '../../../model/status.ts'
import type { RunView, StageView, TaskView } from '../../../model/view.ts'
import { json } from '../errors.ts'
import { factOf, nearTask, runFacts } from '../facts.ts'
import { objectsOf, textOf } from '../fields.ts'
import { type Call, type Route, runRef } from '../route.ts'
import { familyOf, ZADIG, ZADIG_V4 } from '../rows.ts'
import { openLog, readLogs, tailOffset } from '../run-log.ts'
import { bySlot } from '../slots.ts'
import { followLines } from '../v1-builds.ts'
import { zadigFace as face } from './face.ts'
import { bodyOf } from './pipeline.ts'
import { placeOf, typeOf } from './sub-tasks.ts'
import { lines } from './sse.ts'

const route = familyOf(ZADIG)
/** How long a stream waits for its job to begin: `timeout` of aslan's log service. */
const BEGIN_MS = 5 * 60_000
const SECOND_MS = 1_000

/** `job`: one of a custom workflow, by its name. */
type What = 'build' | 'test' | 'job'

/**
 * Both under the service's own prefix and through the gateway.
 * @param names parts of the path that say which job it is, the first first.
 */
const logRoute = (path: string, from: string, what: What, follows: boolean, ...names: readonly string[]): Route =>
  route('GET', `/api/logs${path}`, from, (call) => (follows ? follow(call, what, names) : whole(call, what, names)), {
    also: [`/api/aslan/logs${path}`],
  })

export const logRoutes: readonly Route[] = [
  logRoute('/log/pipelines/:p/tasks/:id/service/:s', 'a build’s log as a JSON string', 'build', false, 's'),
  logRoute('/log/pipelines/:p/tasks/:id/tests/:t', 'a test’s log as a JSON string', 'test', false, 't'),
  logRoute('/log/workflow/:p/tasks/:id/service/:s?type=', 'a build’s log, of a workflow', 'build', false, 's'),
  // `tests/test` in the portal's addresses, whatever the test is called.
  logRoute('/log/workflow/:p/tasks/:id/tests/:t/service/:s', 'a test’s log, of a workflow', 'test', false, 's', 't'),
  logRoute('/sse/build/:p/:id/:lines?subTask=', 'a build’s log, a line an event', 'build', true),
  logRoute('/sse/workflow/build/:p/:id/:lines/:s', 'a build’s log of a workflow, a line an event', 'build', true, 's'),
  logRoute('/sse/test/:p/:id/:t/:lines', 'a test’s log, a line an event', 'test', true, 't'),
  logRoute(
    '/sse/workflow/test/:p/:id/:t/:lines/:s',
    'a test’s log of a workflow, a line an event',
    'test',
    true,
    's',
    't',
  ),
  logRoute(
    '/log/v4/workflow/:p/tasks/:id/jobs/:job',
    'a job’s log as a JSON string, from 1.13 on',
    'job',
    false,
    'job',
  ),
  logRoute('/sse/v4/workflow/:p/:id/:job/:lines', 'a job’s log, a line an event, from 1.13 on', 'job', true, 'job'),
]

const openRoute = familyOf(ZADIG_V4)

/** The same by the public API: paths of its documents of 4.1 and 5.0. */
export const openLogRoutes: readonly Route[] = [
  openRoute('GET', '/openapi/logs/log/v4/workflow/:p/:id/:job', 'a job’s log as a JSON string, from 4.0 on', (call) =>
    whole(call, 'job', ['job']),
  ),
  openRoute(
    'GET',
    '/openapi/logs/sse/v4/workflow/:p/:id/:job/:lines',
    'a job’s log, a line an event, from 4.0 on',
    (call) => follow(call, 'job', ['job']),
  ),
]

/** A task that may be meant, where it is. */
interface Placed {
  readonly task: TaskView
  readonly stage: StageView
}
interface Found {
  readonly run: RunView
  /** Empty: nothing there is called so. */
  readonly tasks: readonly TaskView[]
}

/** Of what is not there, or has not begun, the log is empty: no file in the store of logs has such a name. */
async function whole(call: Call, what: What, names: readonly string[]): Promise<Response> {
  const found = await find(call, what, names)
  if (found instanceof Response) return found
  return json(200, await readLogs(call.app, call.caller, found.run, found.tasks))
}

async function follow(call: Call, what: What, names: readonly string[]): Promise<Response> {
  // What is no number is ten, and none or less is all of them, as there.
  const count = /^[+-]?\d{1,15}$/.test(call.param('lines')) ? Number(call.param('lines')) : 10
  const found = await find(call, what, names)
  if (found instanceof Response) return found
  if (found.tasks.length === 0) return face.operation('getTask', `the task has no ${what} of this name`)
  const { app, caller } = call
  return lines(call, face, 'getTask', async function* (until) {
    for (const { id } of found.tasks) {
      const begun = await begunTask(call, found.run, id, until)
      const log = begun === undefined ? undefined : await openLog(app, caller, found.run, begun)
      if (log !== undefined) yield* followLines(log.follow(await tailOffset(log, count), until))
    }
  })
}

/** As its pod is waited for there. undefined: it did not begin in that time, or there is nothing to begin any more. */
async function begunTask(
  { app, caller, options }: Call,
  { id }: RunView,
  task: string,
  until: AbortSignal,
): Promise<TaskView | undefined> {
  for (let waitedMs = 0; waitedMs <= BEGIN_MS && !until.aborted; waitedMs += SECOND_MS) {
    const run = await app.runs.get(caller, { id })
    const now = run.ok ? run.value.stages.flatMap(({ tasks }) => tasks).find((one) => one.id === task) : undefined
    if (now === undefined || now.attempt > 0) return now
    if (isEnded(now.status) || (run.ok && isEnded(run.value.status))) return undefined
    await options.streams?.wait(SECOND_MS, until)
  }
  return undefined
}

async function find(call: Call, what: What, names: readonly string[]): Promise<Found | Response> {
  const ref = runRef(call, call.param('id'), call.param('p'))
  if (ref === undefined) return face.badRequest('invalid task id')
  const found = await call.app.runs.get(call.caller, ref)
  if (!found.ok) return face.problem('getTask', found.problem)
  const run = found.value
  const all = run.stages.flatMap((stage) => stage.tasks.map((task) => ({ role: task.role, task, stage })))
  if (what === 'job') return { run, tasks: namedOf(all, call, names, ({ task }) => [task.key, task.name]) }
  // `?subTask=` of a stream, `?type=` of a whole log: one kind of what builds.
  const kind = what === 'build' ? call.query('subTask') || call.query('type') : ''
  const own = bySlot(all)[what].filter(
    ({ task, stage }) => kind === '' || kindOf(kindIn(task, stage, run)) === kindOf(kind),
  )
  return { run, tasks: namedOf(own, call, names, ({ task, stage }) => namesOf(task, stage, run)) }
}

/** Those that the path names; all, where it names none. */
function namedOf(
  own: readonly Placed[],
  call: Call,
  names: readonly string[],
  calledOf: (placed: Placed) => readonly string[],
): readonly TaskView[] {
  if (names.length === 0) return own.map(({ task }) => task)
  for (const name of names) {
    // In small letters, as their jobs are named. The name of a container: what stands before its `_` is the service's,
    // unless something is called by the whole.
    const asked = call.param(name).toLowerCase()
    for (const text of [asked, asked.split('_')[0] ?? '']) {
      const called = own.filter((placed) => calledOf(placed).some((one) => one.toLowerCase() === text))
      if (called.length > 0) return called.map(({ task }) => task)
    }
  }
  return []
}

/** What its body says of a sub-task; undefined: the pipeline was made elsewhere. */
function saidOf(stage: StageView, run: RunView): JsonObject | undefined {
  const place = placeOf(stage)
  const body = bodyOf(run.definition)
  return place === null || body === undefined ? undefined : objectsOf(body, 'sub_tasks')[place]
}

/** All by which answers call it. */
function namesOf(task: TaskView, stage: StageView, run: RunView): readonly string[] {
  const said = saidOf(stage, run)
  const own = [task.key, task.name]
  if (said === undefined)
    return [...own, factOf(nearTask(runFacts(run), task, stage), 'service_name') ?? run.pipeline.name]
  const names = ['service_name', 'service', 'test_name', 'test_module_name'].map((name) => textOf(said, name))
  const known = names.filter((name) => name !== '')
  return known.length === 0 ? [...own, textOf(said, 'type')] : [...own, ...known]
}

const kindIn = (task: TaskView, stage: StageView, run: RunView): string => {
  const said = saidOf(stage, run)
  return said === undefined ? typeOf(task.role, 'zadig') : textOf(said, 'type')
}

/** Builds of all generations are one kind; `docker_build` is written with a dash, too. */
const kindOf = (type: string): string => type.replaceAll('_', '-').replace(/^build(?:v\d)?$/, 'build')
