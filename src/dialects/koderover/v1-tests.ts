import { isEnded } from '../../model/status.ts'
import type { RunView, TaskView } from '../../model/view.ts'
import { readInteger } from '../kit/query.ts'
import { errorAnswer, json, operationError, problemAnswer } from './errors.ts'
import { type Call, pipelineRef, type Route, runRef } from './route.ts'
import { familyOf, V1 } from './rows.ts'
import { linesOf, openLog, readLogs, tailOffset } from './run-log.ts'
import { bySlot } from './slots.ts'
import { followed, followLines } from './v1-builds.ts'

const route = familyOf(V1)

/** Lines of a log that are given at once at most. */
const LINES_MAX = 10_000
/** Outputs by which a test tells where its report is. */
const REPORTS = ['result_url', 'report_url', 'test_report'] as const

export const testRoutes: readonly Route[] = [
  route(
    'GET',
    '/api/tasks/pipeline/:name/logs/realtime?since=0&tail=0',
    'the running test’s log as a stream of text; errors 6803, 6305',
    realtime,
  ),
  route(
    'GET',
    '/api/tasks/id/:id/pipeline/:name/resulturl',
    'where the test’s report is, as a JSON string: its output `result_url`, or our own API where a `test` step has read one; errors 400, 6806, 6812, 6813',
    resultUrl,
  ),
  route(
    'GET',
    '/api/task/id/:id/pipeline/:name/logs/search?tail&from&size',
    'lines of a test’s log, the last one says how many there are; errors 400, 6806, 6812, 6814',
    search,
    // The singular is theirs; who mends it is served, too.
    { also: ['/api/tasks/id/:id/pipeline/:name/logs/search?tail&from&size'] },
  ),
]

async function realtime(call: Call): Promise<Response> {
  const { app, caller } = call
  const pipeline = await app.pipelines.get(caller, pipelineRef(call))
  if (!pipeline.ok) return problemAnswer('findTestedPipeline', pipeline.problem)
  const run = await app.runs.get(caller, { pipeline: { id: pipeline.value.id }, latest: true })
  const test = run.ok ? testsOf(run.value).find(({ status, attempt }) => attempt > 0 && !isEnded(status)) : undefined
  const log = run.ok && test !== undefined ? await openLog(app, caller, run.value, test) : undefined
  if (log === undefined) return operationError('followTestLogs', 'no test of this pipeline is running')
  const tail = readInteger(new URL(call.request.url).searchParams, 'tail', {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    fallback: 0,
  })
  if (!tail.ok) return errorAnswer(400, 'Bad Request', tail.message)
  return followed(call, 'followTestLogs', async function* (until) {
    const begin = await tailOffset(log, tail.value)
    for await (const lines of followLines(log.follow(begin, until))) yield lines.join('')
  })
}

async function resultUrl(call: Call): Promise<Response> {
  const found = await testedRun(call)
  if (found instanceof Response) return found
  for (const { outputs } of found.tests.toReversed()) {
    for (const name of REPORTS) {
      const value = Object.hasOwn(outputs, name) ? outputs[name] : undefined
      if (typeof value === 'string' && value !== '') return json(200, value)
    }
  }
  const { id } = found.run
  const reported = await call.app.tests.list(call.caller, { id }, {}, { skip: 0, limit: 1 })
  if (reported.ok && reported.value.files.length > 0)
    return json(200, `${call.options.baseUrl}/api/v1/runs/${id}/tests`)
  return operationError(
    'findTestResult',
    `no test of this task has left a report, and none has an output ${REPORTS.join(', ')}`,
  )
}

async function search(call: Call): Promise<Response> {
  const found = await testedRun(call)
  if (found instanceof Response) return found
  const tail = call.query('tail')
  if (tail !== '' && !/^(?:true|false|1|0|t|f)$/i.test(tail)) return invalid('tail')
  const query = new URL(call.request.url).searchParams
  const from = readInteger(query, 'from', { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 })
  if (!from.ok) return invalid('from')
  const size = readInteger(query, 'size', { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 })
  if (!size.ok) return invalid('size')
  const begun = found.tests.filter(({ attempt }) => attempt > 0)
  if (begun.length === 0) return operationError('findTestLogs', 'the test has not begun')
  const lines = linesOf(await readLogs(call.app, call.caller, found.run, begun)).map((line) =>
    line.replace(/\r?\n$/, ''),
  )
  const count = size.value === 0 ? LINES_MAX : Math.min(size.value, LINES_MAX)
  const end = /^(?:true|1|t)$/i.test(tail) ? Math.max(0, lines.length - from.value) : undefined
  const shown =
    end === undefined ? lines.slice(from.value, from.value + count) : lines.slice(Math.max(0, end - count), end)
  return json(200, [...shown, `Summary: ${shown.length}/${lines.length}`])
}

async function testedRun(
  call: Call,
): Promise<{ readonly run: RunView; readonly tests: readonly TaskView[] } | Response> {
  const ref = runRef(call)
  if (ref === undefined) return invalid('id')
  const run = await call.app.runs.get(call.caller, ref)
  if (!run.ok) return problemAnswer('getTestedTask', run.problem)
  const tests = testsOf(run.value)
  return tests.length > 0 ? { run: run.value, tests } : operationError('findTestTask', 'the pipeline tests nothing')
}

function testsOf(run: RunView): readonly TaskView[] {
  const placed = run.stages.flatMap((stage) => stage.tasks.map((task) => ({ role: task.role, task, stage })))
  return bySlot(placed).test.map(({ task }) => task)
}

const invalid = (name: string): Response =>
  errorAnswer(400, `Invalid GetPipelineTestResultUrl ${name} Args`, `${name}: expected another value`)
