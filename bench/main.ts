import { engine } from './engine.ts'
import { enginePure } from './engine-pure.ts'
import { flatness } from './flatness.ts'
import { flowTree } from './flow.ts'
import { idleLatency } from './idle-latency.ts'
import { launch } from './launch.ts'
import { logs } from './logs.ts'
import { options } from './options.ts'
import { overhead } from './overhead.ts'
import { page } from './page.ts'
import { remote } from './remote.ts'
import { store } from './store.ts'
import { stored } from './stored.ts'
import { status } from './status.ts'

const HELP = `npm run bench -- [NAME...] [--json] [--store sqlite|postgres] [--runs N]

Figures of this machine at this moment: ratios inside one run are what counts. Without names, all of them, one after
the other.

  engine        durable steps per second with 200 runs at once
  idle-latency  a run of 5 steps, from the request to its durable end
  flatness      cost of a step at 20,000 nodes against 20
  flow          the tree of a flow of 10,000 nodes over HTTP
  engine-pure   the engine alone, without a store
  launch        processes that the runner starts per second
  overhead      from queued to a running process; 1,000 tasks against xargs
  page          a run of 1,000 tasks in a Chromium
  remote        as overhead, on a runner over loopback
  logs          output of tasks to disk
  store         commits of the store alone
  stored        lists and reads with many runs stored (--runs, 100,000 unless told)
  status        status reads against a bare node:http server

  --store       where engine, store and stored keep their runs: sqlite unless told, or a PostgreSQL that is started
  --json        a line of JSON for each
`

const benches: Readonly<Record<string, () => Promise<Record<string, unknown> | readonly Record<string, unknown>[]>>> = {
  engine,
  'idle-latency': idleLatency,
  flatness,
  flow: flowTree,
  'engine-pure': enginePure,
  launch,
  overhead,
  page,
  remote,
  logs,
  store,
  stored,
  status,
}

const { names, json, help } = options
if (help) {
  console.log(HELP)
  process.exit(0)
}
const unknown = names.filter((name) => !Object.hasOwn(benches, name))
if (unknown.length > 0) {
  console.error(`there is no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}
for (const [name, bench] of Object.entries(benches)) {
  if (names.length > 0 && !names.includes(name)) continue
  for (const figures of [await bench()].flat()) print(name, figures)
}

function print(name: string, figures: Record<string, unknown>): void {
  if (json) console.log(JSON.stringify({ bench: name, ...figures }))
  else
    console.log(
      [name, ...Object.entries(figures).map(([key, value]) => `  ${key.padEnd(22)} ${String(value)}`)].join('\n'),
    )
}
