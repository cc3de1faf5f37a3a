import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** `millrace runner` as people start it. */
export interface RunnerProcess {
  readonly child: ChildProcess
  /** Resolves when the server has let it in. Rejects when it ends before. */
  readonly ready: Promise<{ readonly name: string }>
  /** What it has said on standard error. */
  readonly said: () => string
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  kill(signal?: NodeJS.Signals): Promise<number | string>
}

/** @param wrap what it is started with, e.g. `ip netns exec`. */
export function startRunnerProcess(
  url: string,
  token: string,
  dataDirectory: string,
  options: readonly string[] = [],
  wrap: readonly string[] = [],
): RunnerProcess {
  const args = ['runner', '--json', '--containers', 'off', '--url', url, '--data-dir', dataDirectory, ...options]
  const [program, ...rest] = [...wrap, process.execPath, '--disable-warning=ExperimentalWarning', MAIN, ...args] as [
    string,
    ...string[],
  ]
  const child = spawn(program, rest, {
    env: { PATH: process.env['PATH'], MILLRACE_RUNNER_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => code ?? signal ?? 'unknown')
  const line = once(createInterface({ input: child.stdout }), 'line').then(
    ([text]: string[]) => JSON.parse(text ?? '') as { name: string },
  )
  const ready = Promise.race([
    line,
    ended.then((how) => {
      throw new Error(`the runner ended by ${how} before it was ready: ${said}`)
    }),
  ])
  ready.catch(() => undefined)
  return {
    child,
    ready,
    ended,
    said: () => said,
    kill: async (signal = 'SIGKILL') => {
      child.kill(signal)
      return ended
    },
  }
}
