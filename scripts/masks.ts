// Exit code 1: a secret was seen, or something else was masked.
import { Mask } from '../src/runner/masking.ts'
import { checkMasks } from '../test/support/mask-cases.ts'
import { jsonOption, readOptions, seedOption } from './options.ts'

const { cases, seed, json } = readOptions(
  'masks',
  'Generated secrets, in texts that are cut at random, through the mask of logs; then how fast that is.',
  {
    cases: { kind: 'whole', about: 'secrets in texts', least: 1, standard: 100_000 },
    seed: { ...seedOption, about: 'of the first 10,000 cases; the next ones have the next seed' },
    json: jsonOption,
  },
)

const PART = 10_000
const began = performance.now()
const total = { cases: 0, bytes: 0, planted: 0 }
const failures: string[] = []
for (let next = seed; total.cases < cases && failures.length === 0; next += 1) {
  const report = checkMasks(next, Math.min(PART, cases - total.cases))
  for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += report[name]
  failures.push(...report.failures)
  if (!json && total.cases % (10 * PART) === 0) console.error(`${total.cases} cases`)
}
const seconds = Math.round((performance.now() - began) / 1_000)

/** MB/s of one core: a log of a build, with ten secrets of 32 random characters. */
function speed(): number {
  const secrets = Array.from({ length: 10 }, () => crypto.randomUUID())
  const line =
    '2026-01-01T00:00:00.000Z INFO  [worker-3] compiled src/app/pages/index.tsx in 312 ms (0 errors, 2 warnings)\n'
  const chunk = Buffer.from(line.repeat(600) + `token ${secrets[3]}\n`)
  const stream = new Mask(secrets).stream()
  const rounds = 1_000
  for (let round = 0; round < 200; round += 1) stream.push(chunk)
  // Of the processor's time, so that other work on the machine does not count.
  const start = process.cpuUsage()
  for (let round = 0; round < rounds; round += 1) stream.push(chunk)
  const { user, system } = process.cpuUsage(start)
  return Math.round((rounds * chunk.length) / (user + system))
}

console.error(`seeds from ${seed} on: ${seconds} s`)
for (const failure of failures) console.error(failure)
console.log(JSON.stringify({ ...total, leaks: failures.length, seconds, mbPerSecond: speed() }))
if (failures.length > 0) process.exitCode = 1
