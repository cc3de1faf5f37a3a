import type { App, Caller } from '../../host/app.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { ProjectView, RunView, TaskView } from '../../model/view.ts'
import { asId, type UserId } from '../../model/id.ts'
import { isEnded } from '../../model/status.ts'
import { runState } from './status.ts'

/**
 * Calls to the `callback_url` of a task: when it has succeeded or was revoked, and for each failure of a node
 * (blueking.md A2.4). What is owed is derived from the run, so nothing is lost when the server dies between two looks;
 * a document of the run's project says which runs to look at, and what was handed over. The call itself is a run of a
 * pipeline that no list shows, so it is tried again, logged and guarded as every other request of ours. Each is made at
 * least once; its run is made once, as it has a key.
 */
export const CALLBACK_ANNOTATION = 'blueking/callback_url'
export const CALLBACK_VERSION_ANNOTATION = 'blueking/callback_version'
const KIND = 'blueking/run-callback'
/** Its runs are no tasks: no list of them shows one. */
export const CALLBACK_PIPELINE = 'blueking callbacks'
const HANDED_MAX = 2_000
const PAGE = 1_000

/** The server itself: what it does was asked for by somebody who might. */
const SERVER: Caller = {
  user: { id: asId<UserId>('0'.repeat(32)), name: 'blueking' },
  role: 'admin',
  domain: '',
  projectIds: null,
  expiresAt: null,
}

interface Watched {
  readonly projectId: string
  readonly handed: Set<string>
  /** Asked to look again while it was looking. */
  again: boolean
  looking: boolean
}

/** By app: routes add to what the follower looks at. */
const watched = new WeakMap<App, Map<string, Watched>>()

function watchOf(app: App): Map<string, Watched> {
  const known = watched.get(app) ?? new Map<string, Watched>()
  watched.set(app, known)
  return known
}

/** Before the run can begin, so that nothing of it is missed. @returns why it cannot be done, or undefined. */
export async function watchCallbacks(
  app: App,
  caller: Caller,
  project: ProjectView,
  runId: string,
): Promise<string | undefined> {
  const ready = await callbackPipeline(app, caller, project)
  if (ready !== undefined) return ready
  const stored = await app.documents.put(SERVER, {
    project: { id: project.id },
    kind: KIND,
    key: runId,
    value: { handed: [] },
  })
  if (!stored.ok) return stored.problem.message
  watchOf(app).set(runId, { projectId: project.id, handed: new Set(), again: false, looking: false })
  return undefined
}

async function callbackPipeline(app: App, caller: Caller, project: ProjectView): Promise<string | undefined> {
  const found = await app.pipelines.get(SERVER, { name: CALLBACK_PIPELINE, project: { id: project.id } })
  if (found.ok) return undefined
  const text = JSON.stringify({
    name: CALLBACK_PIPELINE,
    annotations: { hidden: 'true' },
    params: { url: { type: 'string', required: true }, type: 'application/json', body: { type: 'json' } },
    tasks: [
      {
        key: 'call',
        name: 'call',
        uses: 'http',
        with: {
          method: 'POST',
          url: '${{ params.url }}',
          headers: { 'Content-Type': '${{ params.type }}' },
          body: '${{ params.body }}',
          timeout: '10s',
        },
        retry: { max: 10, delay: '1s', max_delay: '5m', jitter: 0 },
      },
    ],
  })
  // Whoever makes the task is in the records as its maker.
  const as = { ...caller, role: 'admin' as const }
  const made = await app.pipelines.create(as, { project: { id: project.id }, text, file: 'callbacks.json' })
  return made.ok || made.problem.code === 'conflict' ? undefined : made.problem.message
}

/** Takes up what an earlier server left, then looks at every watched run that changes. */
export function followCallbacks(app: App, onDefect: (error: unknown) => void, until: AbortSignal): void {
  const watch = watchOf(app)
  const look = (runId: string): void => {
    lookAt(app, watch, runId).catch(onDefect)
  }
  const stop = app.feed.onChange((topics) => {
    if (watch.size === 0) return
    for (const topic of topics) {
      if (!topic.startsWith('run:')) continue
      const runId = topic.slice('run:'.length)
      if (watch.has(runId)) look(runId)
    }
  })
  until.addEventListener('abort', stop, { once: true })
  takeUp(app, watch)
    .then(() => {
      for (const runId of watch.keys()) look(runId)
    })
    .catch(onDefect)
}

async function takeUp(app: App, watch: Map<string, Watched>): Promise<void> {
  for (const project of await app.projects.list(SERVER)) {
    let after: string | undefined
    do {
      const query = { project: { id: project.id }, kind: KIND, limit: PAGE, ...(after === undefined ? {} : { after }) }
      const page = await app.documents.list(SERVER, query)
      if (!page.ok) break
      for (const { key, value } of page.value.items) {
        if (!watch.has(key)) {
          watch.set(key, { projectId: project.id, handed: new Set(handedIn(value)), again: false, looking: false })
        }
      }
      after = page.value.next ?? undefined
    } while (after !== undefined)
  }
}

function handedIn(value: Json): readonly string[] {
  const handed = isJsonObject(value) ? value['handed'] : undefined
  return Array.isArray(handed) ? (handed as readonly Json[]).map(String) : []
}

async function lookAt(app: App, watch: Map<string, Watched>, runId: string): Promise<void> {
  const entry = watch.get(runId)
  if (entry === undefined) return
  entry.again = true
  if (entry.looking) return
  entry.looking = true
  try {
    while (entry.again) {
      entry.again = false
      await handOver(app, watch, runId, entry)
    }
  } finally {
    entry.looking = false
  }
}

async function handOver(app: App, watch: Map<string, Watched>, runId: string, entry: Watched): Promise<void> {
  const project = { id: entry.projectId }
  const found = await app.runs.get(SERVER, { id: runId })
  const run = found.ok ? found.value : undefined
  const owed = run === undefined ? [] : owedBy(run).filter(({ key }) => !entry.handed.has(key))
  for (const { key, succeeded } of owed) {
    if (run === undefined || !(await startCall(app, run, key, succeeded))) return
    entry.handed.add(key)
  }
  const over = run === undefined || isOver(run) || entry.handed.size >= HANDED_MAX
  if (over) {
    watch.delete(runId)
    await app.documents.remove(SERVER, { project, kind: KIND, key: runId })
  } else if (owed.length > 0) {
    await app.documents.put(SERVER, { project, kind: KIND, key: runId, value: { handed: [...entry.handed] } })
  }
}

/** Nothing takes it up again. */
const isOver = ({ status }: RunView): boolean => ['FINISHED', 'REVOKED'].includes(runState[status])

interface Owed {
  /** Names it among those of the run. */
  readonly key: string
  readonly succeeded: boolean
}

function owedBy(run: RunView): readonly Owed[] {
  const failures = run.stages.flatMap(({ tasks }) => tasks.flatMap(failuresOf))
  const end = isEnded(run.status) && isOver(run) ? [{ key: 'end', succeeded: runState[run.status] === 'FINISHED' }] : []
  return [...failures, ...end]
}

/** Every attempt that failed and was not passed over, the present one included. */
function failuresOf(task: TaskView): readonly Owed[] {
  const attempts = [...task.earlier, task]
  return attempts
    .filter((one) => ['failed', 'errored', 'timed_out'].includes(one.status) && !(one === task && task.ignored))
    .map(({ attempt }) => ({ key: `${task.index}.${attempt}`, succeeded: false }))
}

async function startCall(app: App, run: RunView, key: string, succeeded: boolean): Promise<boolean> {
  const later = run.annotations[CALLBACK_VERSION_ANNOTATION] === 'v2'
  const fields: JsonObject = { task_id: run.serial, task_success: succeeded }
  const outputs = Object.entries(run.outputs).map(([name, value]) => ({ key: `\${${name}}`, value }))
  const body = later
    ? JSON.stringify({ ...fields, task_outputs: outputs })
    : // As their Python writes a form.
      `task_id=${run.serial}&task_success=${succeeded ? 'True' : 'False'}`
  const started = await app.runs.start(SERVER, {
    pipeline: { name: CALLBACK_PIPELINE, project: { id: run.project.id } },
    params: {
      url: run.annotations[CALLBACK_ANNOTATION] ?? '',
      type: later ? 'application/json' : 'application/x-www-form-urlencoded',
      body,
    },
    cause: { kind: 'upstream', by: `task ${run.serial}` },
    idempotencyKey: `blueking-callback.${run.id}.${key}`,
  })
  return started.ok
}
