import { openMillrace } from '../../src/compose/millrace.ts'
import type { MillraceOptions } from '../../src/compose/options.ts'
import type { Logger } from '../../src/http/logger.ts'

/** A server in a process of its own, for tests that kill it: `node server-main.ts DATA_DIRECTORY [OPTIONS]`. Tells where it is over IPC. */
const say = (_: unknown, message: string): void => console.error(message)
const logger: Logger = { debug: () => {}, info: () => {}, warn: say, error: say }

const [dataDirectory, more = '{}'] = process.argv.slice(2)
if (dataDirectory === undefined) throw new Error('expected the data directory, and options as JSON')
try {
  const millrace = await openMillrace(
    {
      version: 'test',
      host: '127.0.0.1',
      port: 0,
      baseUrl: null,
      dataDirectory,
      slots: 4,
      labels: ['linux'],
      zoneOffsetMinutes: 480,
      bodyMaxBytes: 1 << 20,
      httpAllow: null,
      samples: false,
      ...(JSON.parse(more) as Partial<MillraceOptions>),
    },
    logger,
  )
  process.send?.({ url: millrace.url, token: millrace.firstStart?.adminToken ?? null, recovered: millrace.recovered })
  process.on('message', () => void millrace.close().then(() => process.exit(0)))
  // Whoever started it is gone.
  process.on('disconnect', () => process.exit(1))
} catch (error) {
  process.send?.({ refused: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}
