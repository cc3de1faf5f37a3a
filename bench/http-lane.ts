import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { App, Caller } from '../src/host/app.ts'
import { DEPENDS_HEADER } from '../src/dialects/dialect.ts'
import { silent } from '../src/http/logger.ts'
import { startServer } from '../src/http/server.ts'
import { asId, type UserId } from '../src/model/id.ts'

/**
 * Kept answers against a bare `node:http` server that sends the same bytes, measured in turns with wrk:
 * `node bench/http-lane.ts [seconds] [rounds]`. Needs `wrk` on the PATH; npm run bench has a load generator of its own.
 */
const [seconds = 2, rounds = 5] = process.argv.slice(2).map(Number)
const run = promisify(execFile)
const token = 'mr_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef'
const body = JSON.stringify({ id: '0'.repeat(32), text: 'x'.repeat(1_650) })

const caller: Caller = {
  user: { id: asId<UserId>('0'.repeat(32)), name: 'bench' },
  role: 'viewer',
  domain: '',
  projectIds: null,
  expiresAt: null,
}
/** Only what the server itself needs of the host: the answers here are made of nothing. */
const app = {
  access: { byToken: () => Promise.resolve(caller) },
  feed: { onChange: () => () => {} },
  now: () => Date.now(),
  freshId: () => '0'.repeat(32),
} as unknown as App

const headers = { 'content-type': 'application/json', 'cache-control': 'private, no-cache', etag: '"a17"' }
const respond = (hints: Record<string, string>) => async (): Promise<Response> =>
  new Response(body, { headers: { ...headers, ...hints } })
const server = await startServer({
  app,
  dialects: [],
  mounts: () => [
    { name: 'kept', prefixes: ['/kept'], handle: respond({ [DEPENDS_HEADER]: 'run:1' }) },
    { name: 'made', prefixes: ['/made'], handle: respond({}) },
  ],
  config: { host: '127.0.0.1', port: 0, baseUrl: null, zoneOffsetMinutes: 0, bodyMaxBytes: 1_000_000 },
  logger: silent,
})
const bytes = Buffer.from(body)
const bare = createServer((_request, response) => {
  response.writeHead(200, { ...headers, 'content-length': bytes.length, 'x-request-id': '0'.repeat(32) })
  response.end(bytes)
})
await new Promise<void>((resolve) => {
  bare.listen(0, '127.0.0.1', resolve)
})
const bareUrl = `http://127.0.0.1:${(bare.address() as AddressInfo).port}/`

/** Requests per second, and this process's CPU per request: the second one does not move with the neighbours. */
async function rate(
  url: string,
  extra: readonly string[] = [],
): Promise<{ readonly rps: number; readonly cpuUs: number }> {
  const args = [
    '-t1',
    '-c64',
    `-d${seconds}s`,
    '-H',
    `Authorization: Bearer ${token}`,
    '-H',
    'Accept: application/json',
  ]
  const before = process.cpuUsage()
  const { stdout } = await run('wrk', [...args, ...extra, url])
  const { user, system } = process.cpuUsage(before)
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1])
  return { rps: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]), cpuUs: (user + system) / requests }
}

const etag = ['-H', 'If-None-Match: "a17"']
const series: Record<string, Awaited<ReturnType<typeof rate>>[]> = { bare: [], kept: [], 'kept, 304': [], made: [] }
for (let turn = 0; turn < rounds; turn += 1) {
  series['bare']?.push(await rate(bareUrl))
  series['kept']?.push(await rate(`${server.url}/kept`))
  series['kept, 304']?.push(await rate(`${server.url}/kept`, etag))
  series['made']?.push(await rate(`${server.url}/made`))
}
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
const summary = (name: string): { rps: number; cpuUs: number } => ({
  rps: median((series[name] ?? []).map(({ rps }) => rps)),
  cpuUs: median((series[name] ?? []).map(({ cpuUs }) => cpuUs)),
})
const base = summary('bare')
const round = (value: number): number => Number(value.toFixed(3))
for (const name of Object.keys(series)) {
  const { rps, cpuUs } = summary(name)
  const ratios = { ratio: round(rps / base.rps), cpu_ratio: round(base.cpuUs / cpuUs) }
  console.log(JSON.stringify({ name, rps: Math.round(rps), cpu_us: round(cpuUs), ...ratios }))
}
await server.close()
bare.close()
