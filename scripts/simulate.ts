// Days of servers, simulated: `npm run simulate -- --days N [--seed S] [--each D] [--json]`. Every seed from S on is a server
// of D days (20). Exit code 1: something was found; the seeds that show it are told, and belong into
// src/testing/simulation/seeds.ts once they are understood.
import { parseArgs } from 'node:util'
import { simulate } from '../src/testing/simulation/simulation.ts'

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    each: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
})
const number = (name: 'days' | 'seed' | 'each', least: number): number => {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < least)
    throw new TypeError(`--${name}: expected a whole number from ${least}, found ${values[name]}`)
  return value
}
const [days, seed, each] = [number('days', 1), number('seed', 0), number('each', 1)]

const began = performance.now()
const failing: number[] = []
const total = { days: 0, runs: 0, events: 0, attempts: 0, answers: 0, crashes: 0, runnerCrashes: 0, fullDisks: 0 }
for (let next = seed; total.days < days; next += 1) {
  const one = await simulate(next, Math.min(each, days - total.days))
  for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += one[name]
  for (const what of one.found) console.error(`seed ${next}, ${one.days} days: ${what}`)
  if (one.found.length > 0) failing.push(next)
  if (!values.json && total.days % (10 * each) === 0) console.error(`${total.days} days, ${total.runs} runs`)
}
const seconds = Math.round((performance.now() - began) / 1_000)
console.error(`seeds from ${seed} on, ${each} days each: ${seconds} s`)
console.log(JSON.stringify({ ...total, failing }))
if (failing.length > 0) process.exitCode = 1
