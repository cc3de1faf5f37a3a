import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWorks, type Works } from '../src/compose.ts'
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
 * promises nothing to anyone, the two fsyncs of a task that a server must wait for (its start, its end) are done beside
 * it, as many at once, and counted to its time.
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

async function fsyncs(directory: string): Promise<void> {
  const one = async (number: number): Promise<void> => {
    const file = await open(join(directory, `fsyncs-${number}`), 'w')
    const bytes = Buffer.alloc(4_096)
    for (let count = 0; count < (2 * TASKS) / AT_ONCE; count += 1) {
      await file.write(bytes)
      await file.datasync()
    }
    await file.close()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, number) => one(number)))
}
