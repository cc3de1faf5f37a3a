import { join, resolve } from 'node:path'
import type { Host } from '../host/host.ts'
import type { Logger } from '../http/logger.ts'
import type { Executors } from '../runner/capabilities.ts'
import { startEmbeddedRunner } from '../runner/embedded.ts'
import type { WorksOptions } from './options.ts'
import { outsideLabels } from './steps.ts'

/** The server's own runner: a process beside it that takes work as those on other machines do. */
export interface OwnRunner {
  /**
   * From now on it is given work. A container takes seconds to be tried on a busy machine: what needs none begins at
   * once, and what needs one waits for the label.
   */
  takeWork(trying: Promise<Executors>): Promise<void>
  close(): Promise<void>
}

interface Setting {
  readonly options: WorksOptions
  readonly dataDirectory: string
  readonly filesDirectory: string
  readonly name: string
  readonly host: Host
  readonly logger: Logger
  /** The server ends. */
  readonly closing: AbortSignal
}

export async function startOwnRunner(setting: Setting): Promise<OwnRunner> {
  const { options, dataDirectory, filesDirectory, name, host, logger, closing } = setting
  const runner = await startEmbeddedRunner({
    dataDirectory,
    filesDirectory,
    name,
    slots: options.slots,
    labels: [...options.labels, ...outsideLabels(options)],
    containerPaths: options.containerPaths ?? [],
    stepDirectories: options.stepDirectories ?? [],
    ...(options.cacheMaxBytes === undefined ? undefined : { cacheMaxBytes: options.cacheMaxBytes }),
    env: {
      ...(options.httpAllow === null ? undefined : { MILLRACE_HTTP_ALLOW: options.httpAllow }),
      ...authorities(options.caFile ?? null),
      MILLRACE_DISTRIBUTE_TO: (options.distributeTo ?? [join(dataDirectory, 'distributed')]).join(':'),
    },
    onEnded: (ended) => host.dispatcher.ended(name, ended, ended.result),
    onLost: (attempt, reason) => host.dispatcher.lost(name, attempt, reason),
    onNotice: (sentence) => logger.warn({}, sentence),
  })
  let found: Promise<void> = Promise.resolve()
  const add = (): void =>
    host.addRunner({
      name,
      labels: runner.labels,
      slots: runner.slots,
      start: (job) => runner.start(job),
      cancel: (attempt) => runner.cancel(attempt),
      clean: (runId) => {
        void runner.clean(runId).then((wrong) => {
          // What a closing runner has not cleaned is left for the next one.
          if (wrong !== null && !closing.aborted) logger.warn({ run: runId }, wrong)
        })
      },
    })
  return {
    takeWork: async (trying) => {
      await host.announceRunner(runner)
      add()
      found = trying.then(async (executors) => {
        if (closing.aborted) return
        for (const notice of executors.notices) logger.info({}, notice)
        await runner.found(executors)
        if (!closing.aborted) add()
      })
    },
    close: async () => {
      await found
      await runner.close()
    },
  }
}

/** What Node reads when a process begins. */
function authorities(caFile: string | null): Readonly<Record<string, string>> {
  const path = caFile ?? process.env['NODE_EXTRA_CA_CERTS'] ?? ''
  return path === '' ? {} : { NODE_EXTRA_CA_CERTS: resolve(path) }
}
