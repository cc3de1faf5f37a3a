import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { MillraceOptions } from '../../src/compose/options.ts'

const MAIN = fileURLToPath(new URL('./server-main.ts', import.meta.url))

/** A real server process on a data directory, and its native API. */
export interface ServerProcess {
  readonly url: string
  /** Of the first start; null on later ones. */
  readonly token: string | null
  readonly recovered: { readonly runs: number; readonly lostAttempts: number }
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>
  /** Ends it as an operator would. */
  close(): Promise<void>
}

/**
 * @param options in place of those of server-main.ts.
 * @throws Error with the server's own sentence when it refuses to start.
 */
export async function startServerProcess(
  dataDirectory: string,
  options: Partial<MillraceOptions> = {},
): Promise<ServerProcess> {
  const child = fork(MAIN, [dataDirectory, JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [
    { url: string; token: string | null; recovered: ServerProcess['recovered'] } | { refused: string } | number,
  ]
  if (typeof said !== 'object') throw new Error(`the server exited with code ${String(said)} before it was up`)
  if ('refused' in said) throw new Error(said.refused)
  return {
    ...said,
    kill: () => ended(child, () => child.kill('SIGKILL')),
    close: () => ended(child, () => child.send('close')),
  }
}

async function ended(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  end()
  await exit
}

/** Calls the native API. @throws Error for anything but 2xx. */
export async function api<Answer>(
  server: { readonly url: string },
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Answer
}
