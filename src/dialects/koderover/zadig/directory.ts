import type { JsonObject } from '../../../model/json.ts'
import type { RunView } from '../../../model/view.ts'
import { json } from '../errors.ts'
import { factOf, nearTask, runFacts } from '../facts.ts'
import { objectOf, objectsOf, textOf } from '../fields.ts'
import type { Call, Route } from '../route.ts'
import { familyOf, notServed, ZADIG_PUBLIC } from '../rows.ts'
import { directoryFace as face } from './face.ts'
import { byCommit } from './overview.ts'
import { runOf } from './request.ts'
import { taskWord } from './status.ts'
import { cancelRun, restartRun } from './tasks.ts'
import { argsOfRun } from './workflow-args.ts'
import { startWorkflow, workflowTaskArgs } from './workflows.ts'

/** The public API of Zadig until 1.18, as its documents of 1.6 to 1.18 and picket's handlers have it. */

const route = familyOf(ZADIG_PUBLIC)
const TASK = '/api/directory/workflowTask'

export const directoryRoutes: readonly Route[] = [
  route('GET', `${TASK}?commitId=`, 'tasks of the last day that worked on a commit', byCommit),
  route('POST', `${TASK}/create`, 'run: `{workflow_name, env_name, targets[], release_images[]}`', create),
  route('GET', `${TASK}/id/:id/pipelines/:name`, 'one task: services, images, test reports', detail),
  route('POST', `${TASK}/id/:id/pipelines/:name/restart`, 'what failed of it, again; error 6164', restart),
  route('POST', `${TASK}/id/:id/pipelines/:name/cancel`, 'cancel; error 6163', cancel),
  route('DELETE', `${TASK}/id/:id/pipelines/:name/cancel`, 'the same, as in 1.7', cancel),
]

const NO_CENTRE = 'there is none here: what a run has kept is its files'
export const directoryNotServed = notServed(ZADIG_PUBLIC, '/api/directory', [
  ['GET', '/dc/releases', 'the delivery centre', NO_CENTRE],
  ['GET', '/dc/artifact', 'the delivery centre', NO_CENTRE],
])

async function create(call: Call): Promise<Response> {
  const given = await workflowTaskArgs(call, '', face)
  if (given instanceof Response) return given
  if (textOf(objectOf(given, 'callback'), 'callback_url') !== '')
    return face.badRequest('callback: nobody is called from here; ask for the task, or have the pipeline notify')
  // Single pipelines were started so, too: the sample of the documents is one.
  const builds = objectsOf(given, 'builds')
  const args = {
    ...given,
    workflow_name: textOf(given, 'workflow_name') || textOf(given, 'pipeline_name'),
    targets: builds.length === 0 ? [...objectsOf(given, 'targets')] : [{ build: { repos: [...builds] } }],
  }
  return await startWorkflow(
    call,
    args,
    ({ project_name, pipeline_name, task_id }) => json(200, { project_name, workflow_name: pipeline_name, task_id }),
    face,
  )
}

const ask = (call: Call, operation: 'getTask' | 'restartTask' | 'cancelTask'): Promise<RunView | Response> =>
  runOf(call, face, operation, call.param('id'), call.param('name'))

async function restart(call: Call): Promise<Response> {
  const run = await ask(call, 'restartTask')
  return run instanceof Response ? run : done(await restartRun(call, face, run))
}

async function cancel(call: Call): Promise<Response> {
  const run = await ask(call, 'cancelTask')
  return run instanceof Response ? run : done(await cancelRun(call, face, run))
}

/** In both forms that its documents have had: `resultCode` until 1.7, `message` after. */
const done = (answer: Response): Response =>
  answer.status === 200 ? json(200, { message: 'success', resultCode: 0, errorMsg: 'success' }) : answer

/** `WorkflowTaskDetail`. */
async function detail(call: Call): Promise<Response> {
  const run = await ask(call, 'getTask')
  if (run instanceof Response) return run
  const args = argsOfRun(run)
  return json(200, {
    workflow_name: run.pipeline.name,
    env_name: textOf(args, 'env_name'),
    targets: objectsOf(args, 'targets').map((target) => ({
      name: textOf(target, 'service_name'),
      service_type: textOf(target, 'service_type'),
      build: {
        repos: objectsOf(objectOf(target, 'build'), 'repos').map(({ repo_name = '', branch = '', pr = 0 }) => ({
          repo_name,
          branch,
          pr,
        })),
      },
    })),
    images: imagesOf(run),
    test_reports: await testReports(call, run),
    status: taskWord(run),
  })
}

/** Of builds that have passed and have told of an image. */
function imagesOf(run: RunView): readonly JsonObject[] {
  const facts = runFacts(run)
  return run.stages.flatMap((stage) =>
    stage.tasks
      .filter(({ role, status }) => (role === 'build' || role === 'image') && status === 'succeeded')
      .map((task) => {
        const near = nearTask(facts, task, stage)
        const [name, tag] = [factOf(near, 'image_name') ?? '', factOf(near, 'image_tag') ?? '']
        return {
          image: tag === '' ? name : `${name}:${tag}`,
          service_name: factOf(near, 'service_name') ?? run.pipeline.name,
          registry_repo: name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : '',
        }
      })
      .filter(({ image }) => image !== ''),
  )
}

/** Of tests that have left a report. */
async function testReports(call: Call, run: RunView): Promise<readonly JsonObject[]> {
  const reports: JsonObject[] = []
  for (const task of run.stages.flatMap(({ tasks }) => tasks)) {
    if (task.role !== 'test') continue
    const page = { skip: 0, limit: 1 }
    const found = await call.app.tests.list(call.caller, { id: run.id }, { node: { id: task.id } }, page)
    if (!found.ok || found.value.files.length === 0) continue
    const { counts } = found.value
    const tests = Object.values(counts).reduce((sum, count) => sum + count, 0)
    reports.push({
      test_name: task.annotations['koderover/service_name'] ?? task.name,
      function_test_report: {
        tests,
        successes: counts.passed,
        failures: counts.failed,
        skips: counts.skipped,
        errors: counts.errored,
        detail_url: `${call.options.baseUrl}/runs/${run.id}?node=${task.id}`,
      },
    })
  }
  return reports
}
