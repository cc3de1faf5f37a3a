import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { type Client, createClient } from '../client/client.ts'
import type { Quickstart } from '../samples/quickstart.ts'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'
import { configOf, withSettings } from './settings.ts'
import type { Terminal } from './terminal.ts'
import { trust } from './trust.ts'

const DEFAULT_URL = 'http://127.0.0.1:8080'

export interface ConnectionOptions {
  readonly url?: string
  readonly dataDir?: string
  readonly caFile?: string
}

const CONNECTION_SETTINGS = ['dataDirectory', 'caFile'] as const

/** The options of every verb that talks to a server. */
export const withConnection = (command: Command): Command =>
  withSettings(
    command.addOption(
      new Option(
        '--url <url>',
        `server to talk to. Default: MILLRACE_URL, else what quickstart.json in the data directory says, else ${DEFAULT_URL}. ` +
          "The token is MILLRACE_TOKEN, else quickstart.json's when it is this server's.",
      ),
    ),
    CONNECTION_SETTINGS,
  )

/** @throws Fault `usage` for a URL that is none, `refused` when there is no token to be found. */
export function connect(terminal: Terminal, options: ConnectionOptions): Client {
  const { dataDirectory, caFile } = configOf(terminal, { ...options }, CONNECTION_SETTINGS)
  trust(caFile)
  return createClient(connectionOf(terminal.env, options.url, readQuickstart(dataDirectory), dataDirectory))
}

export function connectionOf(
  env: Terminal['env'],
  url: string | undefined,
  quickstart: Pick<Quickstart, 'base_url' | 'admin_token'> | undefined,
  dataDirectory: string,
): { readonly baseUrl: string; readonly token: string } {
  const [source, given] = url === undefined ? ['MILLRACE_URL', env['MILLRACE_URL'] || undefined] : ['--url', url]
  const baseUrl = given ?? quickstart?.base_url ?? DEFAULT_URL
  const origin = originOf(baseUrl)
  if (origin === undefined) {
    const found = JSON.stringify(baseUrl)
    throw new Fault(EXIT.usage, `${source}: expected an http or https URL such as ${DEFAULT_URL}, found ${found}`)
  }
  // The token of one server is not shown to another.
  const known =
    quickstart !== undefined && originOf(quickstart.base_url) === origin ? quickstart.admin_token : undefined
  const token = env['MILLRACE_TOKEN'] || known
  if (token !== undefined) return { baseUrl, token }
  throw new Fault(
    EXIT.refused,
    `no token for ${baseUrl}: expected one in MILLRACE_TOKEN, or a readable ` +
      `${join(dataDirectory, 'quickstart.json')} of that server (--data-dir says where)`,
  )
}

/** undefined: it is not there, or not for us. */
export function readQuickstart(dataDirectory: string): Quickstart | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDirectory, 'quickstart.json'), 'utf8')) as Quickstart
  } catch {
    return undefined
  }
}

/** The names of this machine's own address are one. */
function originOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { protocol, hostname, port } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') return undefined
  const host = hostname === 'localhost' || hostname === '[::1]' ? '127.0.0.1' : hostname
  return `${protocol}//${host}:${port}`
}
