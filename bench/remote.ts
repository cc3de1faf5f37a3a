import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMillrace } from '../src/compose/millrace.ts'
import { runnerPaths } from '../src/runner/paths.ts'
import { asId, type RunId } from '../src/model/id.ts'
import { createClient } from '../src/client/client.ts'
import { startRunnerProcess } from '../test/support/runner-process.ts'
import { percentile, round } from './support.ts'

const STARTS = 200
const WARM_UP = 20

/** From a task's being queued until its process runs, on a runner of its own process over HTTP on loopback. */
export async function remote(): Promise<Record<string, number>> {
  const directory = mkdtempSync(join(process.env['MILLRACE_BENCH_DIR'] ?? tmpdir(), 'millrace-bench-'))
  const quiet = { debug: () => {}, info: () => {}, warn: console.error, error: console.error }
  const at = { host: '127.0.0.1', port: 0, baseUrl: null, dataDirectory: join(directory, 'server') }
  const facts = { version: 'bench', slots: 1, labels: [], zoneOffsetMinutes: 0, bodyMaxBytes: 1 << 20 }
  const millrace = await openMillrace({ ...at, ...facts, httpAllow: null, samples: false }, quiet)
  const client = createClient({ baseUrl: millrace.url, token: millrace.firstStart?.adminToken ?? '' })
  const { token } = await client.runners.create('far')
  const runner = startRunnerProcess(millrace.url, token, join(directory, 'runner'), ['--labels', 'far', '--slots', '4'])
  try {
    await runner.ready
    await client.projects.create({ name: 'bench' })
    const { id } = await client.pipelines.create({ project: 'bench', definition: ONE })
    const paths = runnerPaths(at.dataDirectory)
    const times: number[] = []
    for (let count = 0; count < STARTS + WARM_UP; count += 1) {
      const run = await client.runs.start(id)
      for await (const event of client.events.follow({ run: run.id, after: 0 })) if (event.type === 'run_ended') break
      const { items } = await client.events.list({ run: run.id, after: 0 })
      const queued = Date.parse(items.find(({ type }) => type === 'task_queued')?.at ?? '')
      const log = paths.log({ runId: asId<RunId>(run.id), node: 1, attempt: 1 })
      if (count >= WARM_UP) times.push(Number(readFileSync(log, 'utf8')) * 1_000 - queued)
    }
    return { 'start p50 ms': round(percentile(times, 0.5)), 'start p95 ms': round(percentile(times, 0.95)) }
  } finally {
    await runner.kill()
    await millrace.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Bash tells the time by itself: no other program has to be started for it. */
const ONE = 'name: one\ntasks: [{key: t, runs_on: far, script: "echo $EPOCHREALTIME", with: {shell: bash}}]\n'
