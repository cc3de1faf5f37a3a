// Exit code 1: something was found; the seeds that show it are told, and belong into src/testing/simulation/seeds.ts once
// they are understood.
import { simulate } from '../src/testing/simulation/simulation.ts'
import { jsonOption, readOptions, seedOption } from './options.ts'

const { days, seed, each, json } = readOptions(
  'simulate',
  'Days of servers, simulated: clock, store, runner and network crash, stall, reorder and repeat.',
  {
    days: { kind: 'whole', about: 'days in all', least: 1, standard: 200 },
    each: { kind: 'whole', about: 'days of each server', least: 1, standard: 20 },
    seed: { ...seedOption, about: 'of the first server; each next one has the next seed' },
    json: jsonOption,
  },
)

const began = performance.now()
const failing: number[] = []
const total = { days: 0, runs: 0, events: 0, attempts: 0, answers: 0, crashes: 0, runnerCrashes: 0, fullDisks: 0 }
for (let next = seed; total.days < days; next += 1) {
  const one = await simulate(next, Math.min(each, days - total.days))
  for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += one[name]
  for (const what of one.found) console.error(`seed ${next}, ${one.days} days: ${what}`)
  if (one.found.length > 0) failing.push(next)
  if (!json && total.days % (10 * each) === 0) console.error(`${total.days} days, ${total.runs} runs`)
}
const seconds = Math.round((performance.now() - began) / 1_000)
console.error(`seeds from ${seed} on, ${each} days each: ${seconds} s`)
console.log(JSON.stringify({ ...total, failing }))
if (failing.length > 0) process.exitCode = 1
