import { resolve } from 'node:path'
import { machineUptime, systemClock } from '../host/clock.ts'
import { systemEntropy } from '../host/entropy.ts'
import type { ContainerChoice } from '../model/executor.ts'
import type { DurationMs } from '../model/time.ts'
import { capabilityLabels } from '../runner/capabilities.ts'
import { allowedEnvironment } from '../runner/environment.ts'
import { startRemoteRunner, type RemoteRunner } from '../runner/remote/remote.ts'
import { lockDirectory } from '../store/sqlite/lock.ts'
import { foundExecutors } from './executors.ts'
import { outsideLabels } from './steps.ts'

/** What a runner on another machine is made of. */
export interface RunnerOptions {
  /** Of Millrace itself. */
  readonly version: string
  /** Of servers of one store: when one does not answer, the next is asked. */
  readonly urls: readonly string[]
  readonly token: string
  /** What the server must call it; null: whatever its token says. */
  readonly name: string | null
  readonly labels: readonly string[]
  readonly slots: number
  readonly dataDirectory: string
  readonly drainMs: DurationMs
  readonly containers?: ContainerChoice
  /** As of a server's options. */
  readonly containerPaths: readonly string[]
  readonly stepDirectories?: readonly string[]
  readonly cacheMaxBytes: number
  readonly httpAllow: string | null
}

/**
 * Works for a server on another machine, with the same agent as the embedded runner.
 * @throws StoreError `conflict` when another server or runner holds the directory.
 */
export async function openRunner(
  options: RunnerOptions,
  onNotice: (sentence: string) => void,
  onReady: (name: string) => void,
): Promise<RemoteRunner> {
  // What `http` steps may reach is read where they run, which is in this process.
  if (options.httpAllow !== null) process.env['MILLRACE_HTTP_ALLOW'] = options.httpAllow
  const dataDirectory = resolve(options.dataDirectory)
  const unlock = await lockDirectory(dataDirectory)
  try {
    const executors = await foundExecutors(options.containers)
    for (const notice of executors.notices) onNotice(notice)
    const capabilities = capabilityLabels(allowedEnvironment(process.env).PATH, executors)
    const runner = await startRemoteRunner({
      ...options,
      urls: options.urls.map((url) => url.replace(/(?<!\/)\/+$/, '')),
      labels: [...new Set([...options.labels, ...capabilities, ...outsideLabels(options)])],
      stepDirectories: options.stepDirectories ?? [],
      executors,
      dataDirectory,
      incarnation: systemEntropy.id(systemClock.now()),
      uptime: machineUptime,
      onNotice,
      onReady,
    })
    void runner.ended.then(unlock, unlock)
    return runner
  } catch (error) {
    unlock()
    throw error
  }
}
