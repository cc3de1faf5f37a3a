import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWorks, type Works } from '../src/compose/works.ts'
import type { Caller } from '../src/host/app.ts'
import type { RunId } from '../src/model/id.ts'
import type { PipelineView } from '../src/model/view.ts'
import { runnerPaths } from '../src/runner/paths.ts'
import { need } from '../src/testing/world.ts'
import { ended, percentile, round } from './support.ts'

const STARTS = 200
const TASKS = 1_000
const AT_ONCE = 4

/**
 * What it costs to have a task done by the embedded runner: from being queued until its process runs, and 1,000 tasks of
 * `true` against xargs, which does the same without a server. Everything is fsynced as in production; since xargs
 * promises nothing to anyone, {@link fsyncs} are done after it and counted to its time.
 */
export async function overhead(): Promise<Record<string, number>> {
  const directory = mkdtempSync(join(process.env['MILLRACE_BENCH_DIR'] ?? tmpdir(), 'millrace-bench-'))
  const quiet = { debug: () => {}, info: () => {}, warn: console.error, error: console.error }
  const works = await openWorks({ dataDirectory: directory, slots: AT_ONCE, labels: [], httpAllow: null }, quiet)
  try {
    const { host } = works
    const admin = await host.credentials.addUser({ name: 'bench', domain: 'bench', password: null, role: 'admin' })
    const project = need(await host.app.projects.create(admin, { name: 'bench', description: '' }))
    const make = async (text: string): Promise<PipelineView> =>
      need(await host.app.pipelines.create(admin, { project: { id: project.id }, text }))
    const starts = await startTimes(works, admin, directory, await make(ONE))
    const many = await make(`name: many\ntasks:\n${manyTasks()}`)
    const ours: number[] = []
    const theirs: number[] = []
    for (let turn = 0; turn < 3; turn += 1) {
      ours.push(await timed(() => runOnce(works, admin, many)))
      theirs.push((await timed(xargs)) + (await timed(() => fsyncs(directory))))
    }
    const best = (times: readonly number[]): number => Math.min(...times)
    return {
      'start p50 ms': round(percentile(starts, 0.5)),
      'start p95 ms': round(percentile(starts, 0.95)),
      'tasks of true': TASKS,
      'millrace s': round(best(ours) / 1_000, 3),
      'xargs and fsyncs s': round(best(theirs) / 1_000, 3),
      ratio: round(best(ours) / best(theirs)),
    }
  } finally {
    await works.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Bash tells the time by itself: no other program has to be started for it. */
const ONE = 'name: one\ntasks: [{key: t, script: "echo $EPOCHREALTIME", with: {shell: bash}}]\n'

const manyTasks = (): string =>
  Array.from({ length: TASKS }, (_, index) => `  - {key: t${index}, script: 'true'}\n`).join('')

async function startTimes(works: Works, admin: Caller, directory: string, pipeline: PipelineView): Promise<number[]> {
  const paths = runnerPaths(directory)
  const times: number[] = []
  for (let count = 0; count < STARTS + 20; count += 1) {
    const run = await runOnce(works, admin, pipeline)
    const events = need(await works.host.app.feed.read(admin, 0, { runId: run }, 100))
    const queued = events.find(({ event }) => event.type === 'TaskQueued')?.at ?? Number.NaN
    const running = Number(readFileSync(paths.log({ runId: run, node: 1, attempt: 1 }), 'utf8')) * 1_000
    if (count >= 20) times.push(running - queued)
  }
  return times
}

async function runOnce({ host }: Works, admin: Caller, pipeline: PipelineView): Promise<RunId> {
  const started = need(await host.app.runs.start(admin, { pipeline: { id: pipeline.id }, params: {} }))
  await ended({ host }, started.id)
  return started.id
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

async function xargs(): Promise<void> {
  const child = spawn('xargs', [`-P${AT_ONCE}`, '-n1', 'sh', '-c', 'true'], { stdio: ['pipe', 'ignore', 'inherit'] })
  child.stdin?.end(Array.from({ length: TASKS }, (_, index) => `${index}\n`).join(''))
  await once(child, 'exit')
}

/**
 * What it takes to make the tasks durable: one commit each, which says that a task has ended and that the next one has
 * got its place, so nobody need wait for two; one after the other, since a log has one end. A task of `true` has an
 * empty log, of which nothing is synced. (Here it is 0.9 a task: some of four that end at once share one.)
 */
async function fsyncs(directory: string): Promise<void> {
  const file = openSync(join(directory, 'fsyncs'), 'w')
  const page = Buffer.alloc(4_096)
  for (let count = 0; count < TASKS; count += 1) {
    writeSync(file, page)
    fdatasyncSync(file)
  }
  closeSync(file)
}
