import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '../../src/client/client.ts'
import { type Millrace, openMillrace } from '../../src/compose/millrace.ts'
import type { MillraceOptions } from '../../src/compose/options.ts'
import { silent } from '../../src/http/logger.ts'
import type { Quickstart } from '../../src/samples/quickstart.ts'
import { buildPage } from './built-page.ts'

/** A whole server as `npm start` makes it, on a directory of its own. */
export interface PageServer extends AsyncDisposable {
  readonly url: string
  /** Of the admin. */
  readonly token: string
  readonly user: string
  readonly password: string
  readonly client: Client
  readonly millrace: Millrace
  /** Ends the server and begins it anew, at the same address and on the same data. */
  restart(): Promise<void>
}

export async function openPageServer(options: Partial<MillraceOptions> = {}): Promise<PageServer> {
  buildPage()
  const directory = mkdtempSync(join(tmpdir(), 'millrace-page-'))
  const open = (port: number): Promise<Millrace> =>
    openMillrace(
      {
        version: '1.2.3',
        host: '127.0.0.1',
        port,
        baseUrl: null,
        dataDirectory: join(directory, 'data'),
        slots: 2,
        labels: ['linux'],
        zoneOffsetMinutes: 480,
        bodyMaxBytes: 1 << 20,
        httpAllow: null,
        samples: true,
        ...options,
      },
      silent,
    )
  let millrace = await open(0)
  const quickstart = JSON.parse(readFileSync(join(directory, 'data/quickstart.json'), 'utf8')) as Quickstart
  const { user, password } = quickstart.credentials.huawei
  return {
    url: millrace.url,
    token: quickstart.admin_token,
    user,
    password,
    client: createClient({ baseUrl: millrace.url, token: quickstart.admin_token }),
    millrace,
    restart: async () => {
      await millrace.close()
      millrace = await open(Number(new URL(millrace.url).port))
    },
    [Symbol.asyncDispose]: async () => {
      await millrace.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
