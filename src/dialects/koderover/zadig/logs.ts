import type { RunView, TaskView } from '../../../model/view.ts'
import { json } from '../errors.ts'
import { objectsOf, textOf } from '../fields.ts'
import { type Call, type Route, runRef } from '../route.ts'
import { familyOf, ZADIG, ZADIG_V4 } from '../rows.ts'
import { openLog, readLogs } from '../run-log.ts'
import { bySlot } from '../slots.ts'
import { followLines } from '../v1-builds.ts'
import { zadigFace as face } from './face.ts'
import { bodyOf } from './pipeline.ts'
import { placeOf } from './sub-tasks.ts'
import { lines } from './sse.ts'

const route = familyOf(ZADIG)
const LINES_MAX = 10_000

/** `job`: one of a custom workflow, by its name. */
type What = 'build' | 'test' | 'job'

/** Both under the service's own prefix and through the gateway. */
const logRoute = (path: string, from: string, what: What, follows: boolean, name: string): Route =>
  route('GET', `/api/logs${path}`, from, (call) => (follows ? follow(call, what, name) : whole(call, what, name)), {
    also: [`/api/aslan/logs${path}`],
  })

export const logRoutes: readonly Route[] = [
  logRoute('/log/pipelines/:p/tasks/:id/service/:s', 'a build’s log as a JSON string', 'build', false, 's'),
  logRoute('/log/pipelines/:p/tasks/:id/tests/:t', 'a test’s log as a JSON string', 'test', false, 't'),
  logRoute('/log/workflow/:p/tasks/:id/service/:s?type=', 'a build’s log, of a workflow', 'build', false, 's'),
  logRoute('/log/workflow/:p/tasks/:id/tests/:t/service/:s', 'a test’s log, of a workflow', 'test', false, 't'),
  logRoute('/sse/build/:p/:id/:lines?subTask=', 'a build’s log, a line an event', 'build', true, ''),
  logRoute('/sse/workflow/build/:p/:id/:lines/:s', 'a build’s log of a workflow, a line an event', 'build', true, 's'),
  logRoute('/sse/test/:p/:id/:t/:lines', 'a test’s log, a line an event', 'test', true, 't'),
  logRoute('/sse/workflow/test/:p/:id/:t/:lines/:s', 'a test’s log of a workflow, a line an event', 'test', true, 't'),
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
    whole(call, 'job', 'job'),
  ),
  openRoute(
    'GET',
    '/openapi/logs/sse/v4/workflow/:p/:id/:job/:lines',
    'a job’s log, a line an event, from 4.0 on',
    (call) => follow(call, 'job', 'job'),
  ),
]

interface Found {
  readonly run: RunView
  readonly tasks: readonly TaskView[]
}

async function whole(call: Call, what: What, name: string): Promise<Response> {
  const found = await find(call, what, name)
  if (found instanceof Response) return found
  return json(200, await readLogs(call.app, call.caller, found.run, found.tasks))
}

async function follow(call: Call, what: What, name: string): Promise<Response> {
  // What is no number is ten, as there.
  const tail = /^-?\d{1,9}$/.test(call.param('lines')) ? call.param('lines') : '10'
  const found = await find(call, what, name)
  if (found instanceof Response) return found
  const { app, caller } = call
  return lines(call, face, 'getTask', async function* (until) {
    for (const task of found.tasks) {
      const log = await openLog(app, caller, found.run, task)
      if (log === undefined) continue
      let first = true
      for await (const some of followLines(log.follow(0, until))) {
        // What is there already comes as one; of that so many lines are wanted, all with -1.
        const last = Math.min(Number(tail), LINES_MAX)
        yield first && last >= 0 ? some.slice(some.length - Math.min(last, some.length)) : some
        first = false
      }
    }
  })
}

async function find(call: Call, what: What, name: string): Promise<Found | Response> {
  const ref = runRef(call, call.param('id'), call.param('p'))
  if (ref === undefined) return face.badRequest('invalid task id')
  const run = await call.app.runs.get(call.caller, ref)
  if (!run.ok) return face.problem('getTask', run.problem)
  const all = run.value.stages.flatMap((stage) => stage.tasks.map((task) => ({ role: task.role, task, stage })))
  const own = (what === 'job' ? all : bySlot(all)[what]).map(({ task }) => task)
  // The name of a container: what stands before its `_` is the service's, unless something is called by the whole.
  const whole = (name === '' ? '' : call.param(name)).toLowerCase()
  const called = (asked: string) => own.filter((task) => namesOf(task, run.value).includes(asked))
  const exact = called(whole)
  const named = exact.length > 0 ? exact : called(whole.split('_')[0]!)
  // One that nothing here is called by is the service as a whole: all that is built or tested of it.
  const tasks = named.length > 0 || what === 'job' ? named : own
  return tasks.length > 0 ? { run: run.value, tasks } : face.operation('getTask', `the task has no ${what} with a log`)
}

/** In small letters, as their jobs are named. */
function namesOf(task: TaskView, run: RunView): readonly string[] {
  const place = placeOf(task)
  const body = bodyOf(run.definition)
  const said = place === null || body === undefined ? {} : (objectsOf(body, 'sub_tasks')[place] ?? {})
  return [task.key, task.name, textOf(said, 'service_name'), textOf(said, 'test_name')]
    .filter((text) => text !== '')
    .map((text) => text.toLowerCase())
}
