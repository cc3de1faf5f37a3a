import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Quickstart } from '../src/samples/quickstart.ts'
import { load } from './http-load.ts'
import { percentile, round } from './support.ts'

const CONNECTIONS = 64
const ROUNDS = 5
const ROUND_MS = 700

/**
 * Status reads of every seed endpoint and of the native API, against a bare `node:http` server that sends the same
 * bytes: both in processes of their own, measured in turns. Then the same reads while 200 runs keep the engine busy.
 */
export async function status(): Promise<readonly Record<string, unknown>[]> {
  const [server, bare] = [child('./status-server.ts'), child('./bare-server.ts')]
  try {
    const [{ quickstart }, { port: barePort }] = (await Promise.all([message(server), message(bare)])) as [
      { quickstart: Quickstart },
      { port: number },
    ]
    const rows: Record<string, unknown>[] = []
    for (const endpoint of endpoints(quickstart)) {
      const request = rawRequest(endpoint)
      await copyAnswer(bare, endpoint)
      const port = Number(new URL(endpoint.url).port)
      rows.push({
        endpoint: endpoint.name,
        ...(await compare(port, barePort, request)),
        ...(await underLoad(server, port, request)),
      })
    }
    return rows
  } finally {
    server.send({ close: true })
    bare.kill()
    await once(server, 'exit')
  }
}

interface Endpoint {
  readonly name: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

function endpoints(quickstart: Quickstart): readonly Endpoint[] {
  const run = quickstart.samples.koderover.run_id
  const native = {
    name: 'native',
    url: `${quickstart.base_url}/api/v1/runs/${run}`,
    headers: { Authorization: `Bearer ${quickstart.admin_token}` },
  }
  return [...quickstart.requests.map(({ seed, url, headers }) => ({ name: seed, url, headers })), native]
}

async function compare(port: number, barePort: number, request: string): Promise<Record<string, number>> {
  await load(barePort, request, CONNECTIONS, ROUND_MS)
  await load(port, request, CONNECTIONS, ROUND_MS)
  const ratios: number[] = []
  const times: number[] = []
  let best = 0
  for (let count = 0; count < ROUNDS; count += 1) {
    const yardstick = await load(barePort, request, CONNECTIONS, ROUND_MS)
    const own = await load(port, request, CONNECTIONS, ROUND_MS)
    ratios.push(own.rps / yardstick.rps)
    times.push(...own.times)
    best = Math.max(best, own.rps)
  }
  return {
    ratio: round(percentile(ratios, 0.5)),
    rps: round(best, 0),
    p50_ms: round(percentile(times, 0.5)),
    p99_ms: round(percentile(times, 0.99)),
  }
}

async function underLoad(server: ChildProcess, port: number, request: string): Promise<Record<string, number>> {
  server.send({ load: true })
  await load(port, request, CONNECTIONS, ROUND_MS)
  const start = performance.now()
  const { rps, times } = await load(port, request, CONNECTIONS, 2 * ROUND_MS)
  const seconds = (performance.now() - start + ROUND_MS) / 1_000
  server.send({ load: false })
  const { steps } = (await message(server)) as { steps: number }
  return {
    load_rps: round(rps, 0),
    load_p50_ms: round(percentile(times, 0.5)),
    load_p99_ms: round(percentile(times, 0.99)),
    load_steps_per_s: round(steps / seconds, 0),
  }
}

/** The bare server sends what Millrace sends, header for header. */
async function copyAnswer(bare: ChildProcess, { url, headers }: Endpoint): Promise<void> {
  const response = await fetch(url, { headers })
  const body = Buffer.from(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${body.toString()}`)
  const own = Object.fromEntries(
    [...response.headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name)),
  )
  bare.send({ headers: { ...own, 'content-length': String(body.length) }, body: body.toString('base64') })
  await message(bare)
}

function rawRequest({ url, headers }: Endpoint): string {
  const { pathname, search, host } = new URL(url)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}\r\n`
}

function child(file: string): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

async function message(from: ChildProcess): Promise<unknown> {
  const [sent] = (await once(from, 'message')) as [unknown]
  return sent
}
