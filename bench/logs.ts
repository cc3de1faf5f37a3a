import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asId, type RunId } from '../src/model/id.ts'
import { Agent } from '../src/runner/agent.ts'
import { allowedEnvironment } from '../src/runner/environment.ts'
import { helperLauncher } from '../src/runner/helper.ts'
import { runnerPaths } from '../src/runner/paths.ts'
import { round } from './support.ts'

const MEBIBYTES = 900
const ROUNDS = 3

/** How fast a task can log: a program that writes as fast as it can, until its end is told, every byte fsynced. */
export async function logs(): Promise<Record<string, number>> {
  const directory = mkdtempSync(join(process.env['MILLRACE_BENCH_DIR'] ?? tmpdir(), 'millrace-bench-'))
  const paths = runnerPaths(directory)
  const launcher = await helperLauncher()
  if (launcher === undefined) throw new Error('there is no Perl here')
  const ends = new Map<number, () => void>()
  const agent = new Agent({
    paths,
    launcher,
    env: allowedEnvironment(process.env),
    slots: 1,
    logMaxBytes: 2 * 1024 ** 3,
    send: (message) => {
      if (message.type !== 'ended') return
      if (message.result.kind !== 'succeeded') throw new Error(JSON.stringify(message.result))
      ends.get(message.node)?.()
    },
  })
  const runId = asId<RunId>('0193a1b2c3d4e5f60718293a4b5c6d7e')
  const rates: number[] = []
  try {
    for (let node = 1; node <= ROUNDS; node += 1) {
      const job = { runId, node, attempt: 1, fence: 1, uses: 'script', env: {}, graceMs: 5_000 }
      const logPath = paths.log(job)
      const over = new Promise<void>((resolve) => ends.set(node, resolve))
      const started = performance.now()
      const script = `dd if=/dev/zero bs=64k count=${MEBIBYTES * 16} status=none`
      agent.receive({ type: 'start', job: { ...job, with: { script } }, logPath })
      await over
      rates.push(statSync(logPath).size / 1e6 / ((performance.now() - started) / 1_000))
      rmSync(logPath)
    }
    return {
      MB: round((MEBIBYTES * 1024 ** 2) / 1e6, 0),
      'MB/s to disk, best': round(Math.max(...rates), 0),
      worst: round(Math.min(...rates), 0),
    }
  } finally {
    await agent.stop(100)
    rmSync(directory, { recursive: true, force: true })
  }
}
