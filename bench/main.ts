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

const { names, json } = options
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
