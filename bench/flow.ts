import { get } from 'node:http'
import { compile } from '../src/engine/compile.ts'
import { nativeMounts } from '../src/http/native/index.ts'
import { silent } from '../src/http/logger.ts'
import { startServer } from '../src/http/server.ts'
import type { PipelineDefinition } from '../src/model/definition.ts'
import { definition, flow, gateway, noop } from '../src/testing/definitions.ts'
import { need } from '../src/testing/world.ts'
import { ended, openBenchHost, percentile, round } from './support.ts'

const NODES = 10_000
const BRANCHES = 1_000
const READ_EVERY_MS = 100

/** A flow of ten parallel gateways after each other, each with 1,000 branches that meet again: 10,000 nodes in all. */
function wideFlow(nodes = NODES, branches = BRANCHES): PipelineDefinition {
  const made = []
  const ways = []
  let last = 'start'
  for (let left = nodes - 2; left > 2; left -= branches + 2) {
    const gates = [`p${left}`, `m${left}`] as const
    const tasks = Array.from({ length: Math.min(branches, left - 2) }, (_, place) => noop(`t${left}x${place}`))
    made.push(gateway(gates[0], 'parallel'), ...tasks, gateway(gates[1], 'converge'))
    ways.push(`${last} -> ${gates[0]}`, ...tasks.map(({ key }) => `${gates[0]} -> ${key} -> ${gates[1]}`))
    last = gates[1]
  }
  const whole = definition({ name: 'wide', stages: [flow(made, [...ways, `${last} -> end`])] })
  compile(whole)
  return whole
}

/** The flow from its start to its end, and its whole tree read over HTTP ten times a second while it changes. */
export async function flowTree(): Promise<Record<string, number>> {
  const bench = await openBenchHost()
  const { token } = await bench.host.app.access.issueToken(bench.admin, 'bench', null)
  const server = await startServer({
    app: bench.host.app,
    dialects: [],
    mounts: nativeMounts({ version: 'bench', pipelineSchema: {} }),
    config: { host: '127.0.0.1', port: 0, baseUrl: null, zoneOffsetMinutes: 480, bodyMaxBytes: 4 << 20 },
    logger: silent,
  })
  try {
    const wide = await bench.pipeline(wideFlow())
    const times: number[] = []
    const rates: number[] = []
    let bytes = 0
    for (let count = 0; count < 5; count += 1) {
      const run = need(await bench.host.app.runs.start(bench.admin, { pipeline: { id: wide.id }, params: {} }))
      const start = performance.now()
      const done = ended(bench, run.id).then(() => true)
      for (let over = false; !over;) {
        const before = performance.now()
        bytes = await read(`${server.url}/api/v1/runs/${run.id}`, token)
        times.push(performance.now() - before)
        over = await Promise.race([done, new Promise<false>((resolve) => setTimeout(resolve, READ_EVERY_MS, false))])
      }
      rates.push(NODES / ((performance.now() - start) / 1_000))
    }
    return {
      nodes: NODES,
      branches: BRANCHES,
      nodes_per_s: round(percentile(rates, 0.5), 0),
      answer_mib: round(bytes / 2 ** 20, 1),
      reads: times.length,
      read_p50_ms: round(percentile(times, 0.5), 1),
      read_p99_ms: round(percentile(times, 0.99), 1),
    }
  } finally {
    await server.close()
    await bench.close()
  }
}

function read(url: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { authorization: `Bearer ${token}` } }, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => (bytes += chunk.length))
      response.on('end', () =>
        response.statusCode === 200 ? resolve(bytes) : reject(new Error(`answered ${response.statusCode}`)),
      )
      response.on('error', reject)
    }).on('error', reject)
  })
}
