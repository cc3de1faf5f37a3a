import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DefinitionChecker } from '../checker/checker.ts'
import { systemClock } from '../host/clock.ts'
import { systemEntropy } from '../host/entropy.ts'
import { createHost, type Host } from '../host/host.ts'
import { openSealKeys } from '../host/secrets/key-file.ts'
import { measuredStore, measures } from '../host/measures.ts'
import type { Logger } from '../http/logger.ts'
import { poster } from '../outbound/http.ts'
import { mailer } from '../outbound/mail.ts'
import { repositoryReader } from '../outbound/repository-file.ts'
import { runnerPaths } from '../runner/paths.ts'
import { guard } from '../steps/kit/guard.ts'
import type { Store } from '../store/store.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { foundExecutors } from './executors.ts'
import { hostFiles, runsIn } from './files.ts'
import { tuneHeap } from './heap.ts'
import type { WorksOptions } from './options.ts'
import { startOwnRunner, type OwnRunner } from './own-runner.ts'
import { stepsOf } from './steps.ts'
import { alone, openStore } from './store.ts'

/** The engine at work on a store and an embedded runner, without HTTP: what `serve` and `run FILE` have in common. */
export interface Works {
  readonly host: Host
  readonly store: Store
  readonly recovered: { readonly runs: number; readonly lostAttempts: number }
  readonly metrics: Metrics
  /** The address that people find it at, for links in what others are told. */
  found(baseUrl: string): void
  close(): Promise<void>
}

/** @throws StoreError `conflict` when another server holds the directory. */
export async function openWorks(options: WorksOptions, logger: Logger): Promise<Works> {
  tuneHeap()
  let publicUrl: string | null = null
  const steps = stepsOf(options)
  const closing = new AbortController()
  // Containers are tried while the store is opened.
  const trying = foundExecutors(options.containers, closing.signal)
  const dataDirectory = resolve(options.dataDirectory)
  const filesDirectory = resolve(options.filesDirectory ?? options.dataDirectory)
  const paths = runnerPaths(dataDirectory, filesDirectory)
  const kept = { runs: options.keepRuns ?? null, forMs: options.keepForMs ?? null }
  const files = await hostFiles(paths, join(filesDirectory, 'logs'), options.filesStorage ?? null, kept)
  const onFatal = (error: Error): void => {
    logger.error({ error: error.message }, 'the store died: ending, so that nothing is answered that is not durable')
    process.exit(70)
  }
  // Its own runner is found again by this name after a restart, with the workspaces that it has.
  const embeddedName = options.databaseUrl == null ? 'embedded' : `embedded-${await serverName(dataDirectory)}`
  const serverId = systemEntropy.bytes(4).toString('hex')
  const opened = await openStore(dataDirectory, options, onFatal, serverId)
  await mkdir(filesDirectory, { recursive: true, mode: 0o700 })
  let current: Host | undefined
  const looks = measures(opened, systemClock, dataDirectory, () => current)
  const metrics = new Metrics(options.version ?? '', looks)
  const store = measuredStore(opened, metrics)
  const checker = new DefinitionChecker({ stepDirectories: options.stepDirectories ?? [] })
  let runner: OwnRunner | undefined
  try {
    const host: Host = await createHost({
      store,
      clock: systemClock,
      entropy: systemEntropy,
      ...(await alone(store, 'seal key', () =>
        openSealKeys(store, systemEntropy, filesDirectory, options.sealKeys ?? { key: null, old: null }),
      )),
      check: (text, file) => checker.check(text, file),
      verbatim: (uses) => steps.find(({ type }) => type === uses)?.verbatim ?? [],
      ...files,
      outbound: {
        post: poster(guard(options.httpAllow ?? '')),
        mail: options.smtp == null || options.mailFrom == null ? null : mailer(options.smtp, options.mailFrom),
        // A file: address would reach the server's own disk.
        file: repositoryReader(guard(options.httpAllow ?? ''), 'https:http:ssh'),
        runUrl: (id) => (publicUrl === null ? '' : `${publicUrl}/runs/${id}`),
      },
      attemptFiles:
        filesDirectory === dataDirectory ? paths : { ...paths, parts: join(filesDirectory, 'parts', embeddedName) },
      embedded: embeddedName,
      onGivenUp: () => onFatal(new Error('this server was not heard of, and the others have gone on without it')),
      ...(options.runnerLeaseMs === undefined ? undefined : { leaseMs: options.runnerLeaseMs }),
      onDefect: (error) =>
        logger.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'a defect'),
    })
    current = host
    // Kills what an earlier server left running, before anything is begun again.
    runner = await startOwnRunner({
      options,
      dataDirectory,
      filesDirectory,
      name: embeddedName,
      host,
      logger,
      closing: closing.signal,
    })
    const recovered = await host.recover()
    await runner.takeWork(trying)
    await host.sweep(runsIn(join(dataDirectory, 'work')))
    let closed: Promise<void> | undefined
    const closeAll = async (): Promise<void> => {
      closing.abort()
      host.close()
      await host.leave()
      await checker.close()
      await runner?.close()
      await store.close()
    }
    return {
      host,
      store,
      metrics,
      recovered,
      found: (baseUrl) => {
        publicUrl = baseUrl
      },
      close: () => (closed ??= closeAll()),
    }
  } catch (error) {
    closing.abort()
    await checker.close()
    await runner?.close()
    await store.close()
    throw error
  }
}

/** 8 hex digits that stay with a data directory. */
async function serverName(directory: string): Promise<string> {
  const path = join(directory, 'server-name')
  const kept = await readFile(path, 'utf8').catch(() => '')
  if (/^[0-9a-f]{8}$/.test(kept)) return kept
  const name = systemEntropy.bytes(4).toString('hex')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeFile(path, name, { mode: 0o600 })
  return name
}
