import { join, resolve } from 'node:path'
import { shownSettings } from '../config/shown.ts'
import { definitionJsonSchema } from '../definition/json-schema.ts'
import { dialects } from '../dialects/index.ts'
import { systemClock } from '../host/clock.ts'
import { systemEntropy } from '../host/entropy.ts'
import type { Logger } from '../http/logger.ts'
import { metricsMount } from '../http/metrics.ts'
import { nativeMounts } from '../http/native/index.ts'
import { readPageBuild } from '../http/page/build.ts'
import { NOT_BUILT, pageOf } from '../http/page/page.ts'
import { runnerMount } from '../http/runner/index.ts'
import { startServer, type RunningServer } from '../http/server.ts'
import { firstStart, refreshQuickstart, type FirstStart } from '../samples/first-start.ts'
import type { MillraceOptions } from './options.ts'
import { stepsOf } from './steps.ts'
import { alone } from './store.ts'
import { openWorks, type Works } from './works.ts'

export interface Millrace {
  readonly url: string
  readonly dataDirectory: string
  /** What the first start made; null on every later one. */
  readonly firstStart: FirstStart | null
  /** Why browsers see no page; null: they do. */
  readonly pageProblem: string | null
  /** Runs that an earlier server left under way, taken up again. */
  readonly recovered: { readonly runs: number; readonly lostAttempts: number }
  /** Takes no more requests, stops what runs, closes the store. A second call waits for the same end. */
  close(): Promise<void>
}

const FIRST_START = 'first-start'

/** Where `npm run build:web` leaves the page. */
const PAGE = join(import.meta.dirname, '../../dist/web')

/**
 * Opens the data directory, takes up what was under way, and serves.
 * @throws StoreError `conflict` when another server holds the directory; the socket's error when the port is taken.
 */
export async function openMillrace(options: MillraceOptions, logger: Logger): Promise<Millrace> {
  const works = await openWorks(options, logger)
  let server: RunningServer | undefined
  const closeAll = async (): Promise<void> => {
    await server?.close()
    await works.close()
  }
  try {
    const { app } = works.host
    const build = readPageBuild(PAGE)
    const native = nativeMounts({
      version: options.version,
      settings: shownSettings(options),
      pipelineSchema: definitionJsonSchema(stepsOf(options)),
      page: pageOf(build),
    })
    server = await startServer({
      app,
      dialects,
      mounts: (context) => [
        ...native(context),
        runnerMount(context),
        metricsMount(context.app, options.metrics ?? 'token', works.metrics),
      ],
      config: options,
      logger,
    })
    const baseUrl = options.baseUrl ?? server.url
    works.found(baseUrl)
    const first = await alone(works.store, 'first start', () => foundOnce(works, options, baseUrl))
    let closing: Promise<void> | undefined
    return {
      url: baseUrl,
      dataDirectory: resolve(options.dataDirectory),
      firstStart: first,
      pageProblem: build === undefined ? NOT_BUILT : null,
      recovered: works.recovered,
      close: () => (closing ??= closeAll()),
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function foundOnce(works: Works, options: MillraceOptions, baseUrl: string): Promise<FirstStart | null> {
  const { store, host } = works
  if ((await store.keys.setting(FIRST_START)) !== undefined) {
    await refreshQuickstart(options.dataDirectory, baseUrl)
    return null
  }
  const made = await firstStart(
    {
      app: host.app,
      credentials: host.credentials,
      password: () => systemEntropy.bytes(18).toString('base64url'),
      dataDirectory: resolve(options.dataDirectory),
      baseUrl,
    },
    options.samples,
  )
  await store.keys.putSetting(FIRST_START, String(systemClock.now()))
  return made
}
