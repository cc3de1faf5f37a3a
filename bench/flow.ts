import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { blueking } from '../src/dialects/blueking/index.ts'
import { compile } from '../src/engine/compile.ts'
import { nativeMounts } from '../src/http/native/index.ts'
import { silent } from '../src/http/logger.ts'
import { startServer } from '../src/http/server.ts'
import type { PipelineDefinition } from '../src/model/definition.ts'
import type { RunId } from '../src/model/id.ts'
import type { RunView } from '../src/model/view.ts'
import { callback, definition, flow, gateway, noop } from '../src/testing/definitions.ts'
import { need } from '../src/testing/world.ts'
import { openBenchHost, percentile, round, type BenchHost } from './support.ts'

const NODES = 10_000
const BRANCHES = 1_000
const READ_EVERY_MS = 100
const RUNS = 5
const LAST = 'last'

/** A flow of ten parallel gateways after each other, each with 1,000 branches that meet again: 10,000 nodes in all, the last a callback. */
export function wideFlow(nodes = NODES, branches = BRANCHES): PipelineDefinition {
  const made = []
  const ways = []
  let last = 'start'
  for (let left = nodes - 3; left > 2; left -= branches + 2) {
    const gates = [`p${left}`, `m${left}`] as const
    const tasks = Array.from({ length: Math.min(branches, left - 2) }, (_, place) => noop(`t${left}x${place}`))
    made.push(gateway(gates[0], 'parallel'), ...tasks, gateway(gates[1], 'converge'))
    ways.push(`${last} -> ${gates[0]}`, ...tasks.map(({ key }) => `${gates[0]} -> ${key} -> ${gates[1]}`))
    last = gates[1]
  }
  const whole = definition({
    name: 'wide',
    stages: [flow([...made, callback(LAST)], [...ways, `${last} -> ${LAST} -> end`])],
  })
  compile(whole)
  return whole
}

/**
 * The flow from its start to where it waits for a callback, its whole tree read over HTTP ten times a second while it
 * changes; then read once after each of some transitions: of one node, and of the run, which changes what is allowed
 * on every node.
 */
export async function flowTree(): Promise<Record<string, number>> {
  const bench = await openBenchHost()
  const { token } = await bench.host.app.access.issueToken(bench.admin, 'bench', null)
  const server = await startServer({
    app: bench.host.app,
    dialects: [blueking],
    mounts: nativeMounts({ version: 'bench', pipelineSchema: {}, settings: [] }),
    config: { host: '127.0.0.1', port: 0, baseUrl: null, zoneOffsetMinutes: 480, bodyMaxBytes: 4 << 20 },
    logger: silent,
  })
  const reader = fork(fileURLToPath(new URL('./tree-reader.ts', import.meta.url)), [])
  const read = async (path: string, headers: Readonly<Record<string, string>>): Promise<Read> => {
    reader.send({ url: server.url + path, headers })
    const [answer] = (await once(reader, 'message')) as [Read]
    if (answer.status !== 200) throw new Error(`answered ${answer.status}`)
    return answer
  }
  const native = (id: string): Promise<Read> => read(`/api/v1/runs/${id}`, { authorization: `Bearer ${token}` })
  const asBlueKing = ({ serial, project }: RunView): Promise<Read> => {
    const asked = blueking.asks!({ serial, project } as RunView, token)
    return read(asked.path, asked.headers)
  }
  try {
    const wide = await bench.pipeline(wideFlow())
    const times: number[] = []
    const rates: number[] = []
    const [afterNode, afterNodeBlueKing, afterRun]: [number[], number[], number[]] = [[], [], []]
    let bytes = 0
    for (let count = 0; count < RUNS; count += 1) {
      const run = need(await bench.host.app.runs.start(bench.admin, { pipeline: { id: wide.id }, params: {} }))
      const { id } = run
      const start = performance.now()
      const done = waiting(bench, id).then(() => true)
      for (let over = false; !over;) {
        const answer = await native(id)
        bytes = answer.bytes
        times.push(answer.tookMs)
        over = await Promise.race([done, new Promise<false>((resolve) => setTimeout(resolve, READ_EVERY_MS, false))])
      }
      rates.push(NODES / ((performance.now() - start) / 1_000))
      for (const action of ['pause', 'resume', 'pause', 'resume'] as const) {
        need(await bench.host.app.runs.actOnNode(bench.admin, { id }, { key: LAST }, { action }))
        afterNode.push((await native(id)).tookMs)
        afterNodeBlueKing.push((await asBlueKing(run)).tookMs)
      }
      for (const action of ['pause', 'resume', 'pause', 'cancel'] as const) {
        need(await bench.host.app.runs.act(bench.admin, { id }, { action }))
        afterRun.push((await native(id)).tookMs)
      }
    }
    return {
      nodes: NODES,
      branches: BRANCHES,
      nodes_per_s: round(percentile(rates, 0.5), 0),
      answer_mib: round(bytes / 2 ** 20, 1),
      reads: times.length,
      read_p50_ms: round(percentile(times, 0.5), 1),
      read_p99_ms: round(percentile(times, 0.99), 1),
      after_node_p50_ms: round(percentile(afterNode, 0.5), 1),
      after_node_blueking_p50_ms: round(percentile(afterNodeBlueKing, 0.5), 1),
      after_run_p50_ms: round(percentile(afterRun, 0.5), 1),
    }
  } finally {
    reader.kill()
    await server.close()
    await bench.close()
  }
}

interface Read {
  readonly status: number
  readonly tookMs: number
  readonly bytes: number
}

/** Resolves when all is done but what waits for its callback. */
function waiting({ host }: Pick<BenchHost, 'host'>, id: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = host.app.feed.onChange(([topic]) => {
      if (topic !== `run:${id}` || (host.live.peek(id as RunId)?.counts.done ?? 0) < NODES - 2) return
      stop()
      resolve()
    })
  })
}
