import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { type Client, ClientError, createClient } from '../client/client.ts'
import type { Quickstart } from '../samples/quickstart.ts'
import { bearerTokenOf } from './bearer-token.ts'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'
import { DEFAULT_URL, serverUrlOf } from './server-url.ts'
import { configOf, withSettings } from './settings.ts'
import type { Terminal } from './terminal.ts'
import { trust } from './trust.ts'

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
  const connection = connectionOf(terminal.env, options.url, readQuickstart(dataDirectory), dataDirectory)
  return createClient({
    ...connection,
    onCut: (error) => {
      const what = error instanceof ClientError ? error.message : `${connection.baseUrl} broke off`
      terminal.err(`millrace: ${what}; trying again until Ctrl-C\n`)
    },
  })
}

export function connectionOf(
  env: Terminal['env'],
  url: string | undefined,
  quickstart: Pick<Quickstart, 'base_url' | 'admin_token'> | undefined,
  dataDirectory: string,
): { readonly baseUrl: string; readonly token: string } {
  const [source, baseUrl] = givenUrl(env, url, quickstart?.base_url)
  const origin = originOf(serverUrlOf(source, baseUrl))
  // The token of one server is not shown to another.
  const known =
    quickstart !== undefined && URL.canParse(quickstart.base_url) && originOf(new URL(quickstart.base_url)) === origin
      ? quickstart.admin_token
      : undefined
  const given = env['MILLRACE_TOKEN'] || undefined
  const token = given === undefined ? known : bearerTokenOf('MILLRACE_TOKEN', given)
  if (token !== undefined) return { baseUrl, token }
  throw new Fault(
    EXIT.refused,
    `no token for ${baseUrl}: expected one in MILLRACE_TOKEN, or a readable ` +
      `${join(dataDirectory, 'quickstart.json')} of that server (--data-dir says where)`,
  )
}

function givenUrl(
  env: Terminal['env'],
  url: string | undefined,
  known: string | undefined,
): readonly [source: string, text: string] {
  if (url !== undefined) return ['--url', url]
  const set = env['MILLRACE_URL'] || undefined
  return set === undefined ? ['base_url of quickstart.json', known ?? DEFAULT_URL] : ['MILLRACE_URL', set]
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
function originOf({ protocol, hostname, port }: URL): string {
  const host = hostname === 'localhost' || hostname === '[::1]' ? '127.0.0.1' : hostname
  return `${protocol}//${host}:${port}`
}
