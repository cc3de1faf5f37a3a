// Looks at every state that runs of many shapes can get into (src/testing/engine-explorer.ts); the test suite does it
// with the small ones. `node scripts/explore-engine.ts [tasks] [pairs]`: tasks 1 to 4 (default 3); `pairs`: two
// tasks at a time are something else than `stop`, not one.
import { parseArgs } from 'node:util'
import { explore } from '../src/testing/engine-explorer.ts'
import { dagShapes, featureNames, flow, shaped, type Feature } from '../src/testing/engine-shapes.ts'

const { positionals } = parseArgs({ allowPositionals: true })
const tasks = Number(positionals[0] ?? 3)
const pairs = positionals.includes('pairs')
if (!Number.isInteger(tasks) || tasks < 1 || tasks > 4)
  throw new TypeError(`expected 1 to 4 tasks, found ${positionals[0]}`)

/** Every task in turn, or every two, something else than `stop`. */
function placements(): readonly (readonly (Feature | undefined)[])[] {
  const special = featureNames.filter((feature) => feature !== 'stop')
  const none = Array.from({ length: tasks }, (): Feature | undefined => undefined)
  const found: (readonly (Feature | undefined)[])[] = [none]
  for (let one = 0; one < tasks; one += 1) {
    for (const feature of special) {
      found.push(none.with(one, feature))
      if (!pairs) continue
      for (let two = one + 1; two < tasks; two += 1) {
        for (const another of special) found.push(none.with(one, feature).with(two, another))
      }
    }
  }
  return found
}

const total = { runs: 0, states: 0, commands: 0 }
const started = performance.now()
let broken = 0
for (const shape of dagShapes(tasks)) {
  for (const features of placements()) {
    const first = shaped('s', shape, features)
    const plans = tasks > 2 ? [flow([first])] : [flow([first]), flow([first, shaped('t', [[]], [], { always: true })])]
    for (const plan of plans) {
      const { states, commands, problems, complete } = explore(plan)
      total.runs += 1
      total.states += states
      total.commands += commands
      if (complete && problems.length === 0) continue
      broken += 1
      const name = `${JSON.stringify(shape)} ${features.map((feature) => feature ?? 'stop').join()}`
      console.log(`${name}: ${complete ? '' : 'given up, '}${problems.slice(0, 3).join('\n  ')}`)
    }
  }
  const seconds = Math.round((performance.now() - started) / 1_000)
  console.log(
    `${JSON.stringify(shape)}: so far ${total.runs} runs, ${total.states} states, ${total.commands} commands, ${seconds} s`,
  )
}
if (broken > 0) {
  console.log(`${broken} of ${total.runs} runs are wrong`)
  process.exitCode = 1
}
