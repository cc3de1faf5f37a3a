import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { asId, type RunId } from '../src/model/id.ts'
import { Agent } from '../src/runner/agent.ts'
import { allowedEnvironment } from '../src/runner/environment.ts'
import { helperLauncher } from '../src/runner/helper.ts'
import type { LaunchRequest } from '../src/runner/launch.ts'
import { runnerPaths } from '../src/runner/paths.ts'
import { round } from './support.ts'

const PROGRAMS = 600
const ATTEMPTS = 400
const ROUNDS = 3

type Launch = (request: LaunchRequest) => Promise<void>

/**
 * How many programs (`true`) a second the runner starts and ends, through its helpers and by child_process.spawn, and
 * whole attempts of a script step with their workspace, log and record. Rounds take turns, so that what the machine
 * does besides meets all of them.
 */
export async function launch(): Promise<Record<string, number>> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const helpers = await helperLauncher()
  if (helpers === undefined) throw new Error('there is no Perl here, so the runner uses child_process.spawn')
  const ways: Readonly<Record<string, Launch>> = {
    helper: async (request) => {
      const answer = await helpers.launch(request)
      if (answer.kind === 'started') await answer.ended
    },
    spawn: async ({ argv: [program, ...args], env, cwd, stdout }) => {
      const log = openSync(stdout, 'a')
      const child = spawn(program, args, { env, cwd, detached: true, stdio: ['ignore', log, log] })
      closeSync(log)
      await once(child, 'exit')
    },
  }
  try {
    const rates = new Map<string, number[]>()
    for (let count = 0; count < ROUNDS; count += 1) {
      for (const [name, way] of Object.entries(ways)) {
        for (const atOnce of [1, 4]) note(rates, `${name}_${atOnce}_per_s`, await programs(way, directory, atOnce))
      }
      note(rates, 'attempts_per_s', await attempts(directory))
    }
    const medians = [...rates].map(([name, all]) => [name, round(all.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0, 0)])
    return Object.fromEntries(medians) as Record<string, number>
  } finally {
    await helpers.close()
    rmSync(directory, { recursive: true })
  }
}

async function programs(way: Launch, directory: string, atOnce: number): Promise<number> {
  const log = join(directory, 'log')
  const request: LaunchRequest = {
    argv: ['true'],
    env: allowedEnvironment(process.env),
    cwd: directory,
    stdin: '/dev/null',
    stdout: log,
    stderr: log,
  }
  let left = PROGRAMS
  const start = performance.now()
  const one = async (): Promise<void> => {
    while (left-- > 0) await way(request)
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  return (PROGRAMS / (performance.now() - start)) * 1_000
}

async function attempts(dataDirectory: string): Promise<number> {
  const launcher = await helperLauncher()
  if (launcher === undefined) return 0
  const paths = runnerPaths(dataDirectory)
  const { promise, resolve } = Promise.withResolvers<void>()
  let left = ATTEMPTS
  const agent = new Agent({
    paths,
    launcher,
    env: allowedEnvironment(process.env),
    slots: availableParallelism(),
    logMaxBytes: 1024 ** 3,
    send: () => {
      left -= 1
      if (left === 0) resolve()
    },
  })
  const runId = asId<RunId>('0193a1b2c3d4e5f60718293a4b5c6d7e')
  const start = performance.now()
  for (let node = 0; node < ATTEMPTS; node += 1) {
    const job = { runId, node, attempt: 1, fence: 1, uses: 'script', with: { script: 'true' }, env: {}, graceMs: 1_000 }
    agent.receive({ type: 'start', job, logPath: paths.log(job) })
  }
  await promise
  const rate = (ATTEMPTS / (performance.now() - start)) * 1_000
  await agent.stop(0)
  return rate
}

function note(rates: Map<string, number[]>, name: string, rate: number): void {
  const all = rates.get(name)
  if (all === undefined) rates.set(name, [rate])
  else all.push(rate)
}
