import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Millrace, openMillrace } from '../../src/compose/millrace.ts'
import { silent } from '../../src/http/logger.ts'
import type { Quickstart } from '../../src/samples/quickstart.ts'

/** A server as `serve` makes it at its first start, samples and all, in a directory of its own. */
export interface SampleServer {
  readonly url: string
  readonly quickstart: Quickstart
  close(): Promise<void>
}

export async function openSampleServer(): Promise<SampleServer> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-samples-'))
  const dataDirectory = join(directory, 'data')
  const millrace: Millrace = await openMillrace(
    {
      version: '0.0.0',
      host: '127.0.0.1',
      port: 0,
      baseUrl: null,
      dataDirectory,
      slots: 2,
      labels: [],
      zoneOffsetMinutes: 480,
      bodyMaxBytes: 1_048_576,
      httpAllow: null,
      samples: true,
    },
    silent,
  )
  return {
    url: millrace.url,
    quickstart: JSON.parse(readFileSync(join(dataDirectory, 'quickstart.json'), 'utf8')) as Quickstart,
    close: async () => {
      await millrace.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
