import { isEnded } from '../../model/status.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { RunView, TaskView } from '../../model/view.ts'
import { json, operationError, problemAnswer, type OperationName } from './errors.ts'
import { factOf, runFacts } from './facts.ts'
import type { Call, Route } from './route.ts'
import { familyOf, V1 } from './rows.ts'
import { linesOf, openLog, readLogs } from './run-log.ts'
import { bySlot } from './slots.ts'
import { creatorOf, jobWord } from './status.ts'
import type { BuildLine, DroneBuild, DroneProc } from './wire.ts'

const route = familyOf(V1)

/** A build is a run, by its serial: `build_nubmer` of a task. Its one job has the tasks of the build as its processes. */
export const buildRoutes: readonly Route[] = [
  route(
    'GET',
    '/api/builds/:owner/:name/logs/:buildNum/:jobNum/:proc',
    'log of one process (a task’s key or name) of a build that is over; error 6701',
    logs,
  ),
  route('GET', '/api/builds/:owner/:name/id/:buildNum', 'the build with its processes, as Drone 0.8; error 500', build),
  route(
    'GET',
    '/api/builds/:owner/:name/ws/logs/:buildNum/:jobNum',
    'log of a build under way as a stream of JSON lines, in place of the WebSocket; error 6701',
    liveLogs,
  ),
]

async function logs(call: Call): Promise<Response> {
  const found = await buildOf(call)
  if (!found.ok) return problemAnswer('getBuildLogs', found.problem)
  const { run, tasks } = found.value
  const proc = call.param('proc')
  const own = tasks.filter(({ key, name }) => key === proc || name === proc)
  if (call.param('jobNum') !== '1' || own.length === 0) {
    return operationError('getBuildLogs', `there is no process ${JSON.stringify(proc.slice(0, 64))} in this job`)
  }
  if (!own.every(({ status }) => isEnded(status))) {
    return operationError('getBuildLogs', 'the build is still under way: its log is there when it is over')
  }
  const lines = linesOf(await readLogs(call.app, call.caller, run, own))
  return json(
    200,
    lines.map((out, pos): BuildLine => ({ proc, pos, out })),
  )
}

async function build(call: Call): Promise<Response> {
  const found = await buildOf(call)
  return found.ok ? json(200, presentBuild(found.value)) : problemAnswer('getBuild', found.problem)
}

async function liveLogs(call: Call): Promise<Response> {
  const found = await buildOf(call)
  if (!found.ok) return problemAnswer('getBuildLogs', found.problem)
  const { run, tasks } = found.value
  const at = tasks.find(({ status, attempt }) => attempt > 0 && !isEnded(status))
  const log = at === undefined ? undefined : await openLog(call.app, call.caller, run, at)
  if (log === undefined || at === undefined) return operationError('getBuildLogs', 'nothing of the build is under way')
  return followed(call, 'getBuildLogs', async function* (until) {
    let pos = 0
    for await (const lines of followLines(log.follow(0, until))) {
      yield lines.map((out) => `${JSON.stringify({ proc: at.key, pos: pos++, out } satisfies BuildLine)}\n`).join('')
    }
  })
}

/** A stream of text, for as long as the reader stays and there is something to come. */
export function followed(
  { options, request }: Call,
  operation: OperationName,
  chunks: (until: AbortSignal) => AsyncIterable<string>,
): Response {
  const body = options.streams?.open(request, async function* (until) {
    const encoder = new TextEncoder()
    for await (const chunk of chunks(until)) yield encoder.encode(chunk)
  })
  if (body === undefined) return operationError(operation, 'too many streams are open on this server')
  return new Response(body, {
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' },
  })
}

/** Whole lines of what comes, and the rest at the end. */
export async function* followLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const lines = linesOf(rest + decoder.decode(chunk, { stream: true }))
    const last = lines.at(-1)
    rest = last === undefined || last.endsWith('\n') ? '' : last
    const whole = rest === '' ? lines : lines.slice(0, -1)
    if (whole.length > 0) yield whole
  }
  rest += decoder.decode()
  if (rest !== '') yield [rest]
}

interface Build {
  readonly run: RunView
  readonly tasks: readonly TaskView[]
}

async function buildOf({ app, caller, param }: Call): Promise<Result<Build>> {
  const number = param('buildNum')
  const nothing = refuse('not_found', `there is no build ${JSON.stringify(number.slice(0, 64))} of this repository`)
  if (!/^\d{1,15}$/.test(number)) return nothing
  const run = await app.runs.get(caller, { serial: Number(number) })
  if (!run.ok) return run
  const facts = runFacts(run.value)
  // A build whose repository nobody has named is found by its number alone.
  for (const [fact, given] of [
    [factOf(facts, 'repo_owner'), param('owner')],
    [factOf(facts, 'repo_name'), param('name')],
  ]) {
    if (fact !== undefined && fact !== given) return nothing
  }
  const placed = run.value.stages.flatMap((stage) => stage.tasks.map((task) => ({ role: task.role, task, stage })))
  const tasks = bySlot(placed).build.flatMap(({ task }) => (task.excluded ? [] : [task]))
  return tasks.length === 0 ? nothing : accept({ run: run.value, tasks })
}

function presentBuild({ run, tasks }: Build): DroneBuild {
  const facts = runFacts(run)
  const seconds = (at: number | null | undefined): number => (at == null ? 0 : Math.floor(at / 1_000))
  const states = tasks.map(({ status }) => jobWord[status])
  const bad = (['killed', 'error', 'failure'] as const).find((word) => states.includes(word))
  const state =
    bad ??
    (states.every((word) => word === 'success' || word === 'skipped')
      ? 'success'
      : (states.find((word) => word !== 'success') ?? 'pending'))
  const started = tasks.map(({ startedAt }) => startedAt).find((at) => at !== null)
  const over = tasks.every(({ status }) => isEnded(status))
  const ended = over ? tasks.map(({ endedAt }) => endedAt).findLast((at) => at !== null) : null
  const branch = factOf(facts, 'branch') ?? ''
  const title = `MANUAL_BUILD_BRANCH #${branch}`
  const procs = tasks.map((task, place): DroneProc => ({
    id: run.serial * 1_000 + place + 1,
    pid: place + 2,
    ppid: 1,
    pgid: place + 2,
    name: task.key,
    state: jobWord[task.status],
    exit_code: exitCode(task),
    start_time: seconds(task.startedAt),
    end_time: seconds(task.endedAt),
  }))
  return {
    id: run.serial,
    number: run.serial,
    parent: 0,
    event: 'push',
    status: state,
    error: '',
    enqueued_at: seconds(run.createdAt),
    created_at: seconds(run.createdAt),
    started_at: seconds(started),
    finished_at: seconds(ended),
    deploy_to: '',
    commit: factOf(facts, 'commit_id') ?? '',
    branch,
    ref: `refs/heads/${branch}`,
    refspec: '',
    remote: '',
    title,
    message: title,
    timestamp: 0,
    sender: '',
    author: creatorOf(run),
    author_avatar: '',
    author_email: '',
    link_url: '',
    reviewed_by: '',
    reviewed_at: 0,
    procs: [
      {
        id: run.serial * 1_000,
        pid: 1,
        ppid: 0,
        pgid: 1,
        name: '',
        state,
        exit_code: procs.find(({ exit_code }) => exit_code !== 0)?.exit_code ?? 0,
        start_time: seconds(started),
        end_time: seconds(ended),
        children: procs,
      },
    ],
  }
}

const exitCode = ({ failure }: TaskView): number =>
  failure === null ? 0 : failure.kind === 'exit-code' ? failure.code : 1
