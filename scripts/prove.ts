// The search is src/testing/engine-explorer.ts. Exit code 1: a state that is a dead end, or anything that should not be;
// standard error says what it was and how to get there.
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { explore, type Exploration } from '../src/testing/engine-explorer.ts'
import { placedIn, type Size, SIZES } from '../src/testing/engine-placements.ts'
import { jsonOption, readOptions } from './options.ts'

/** What a thread says of one definition. */
type Told = { readonly name: string } & Exploration

interface Share {
  readonly size: Size
  /** Which of the definitions: every one whose place is so much more than a multiple of `of`. */
  readonly place: number
  readonly of: number
}

function exploreShare({ size, place, of }: Share, tell: (told: Told) => void): void {
  for (const [at, { name, definition, without }] of placedIn(size).entries())
    if (at % of === place) tell({ name, ...explore(definition, { without }) })
}

async function prove(size: Size, threads: number, tell: (told: Told, done: number) => void) {
  const total = { states: 0, transitions: 0, dead_ends: 0, illegal: 0, shapes: 0 }
  const share = (place: number): Promise<void> => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { size, place, of: threads } satisfies Share })
    return new Promise((resolve, reject) => {
      worker.on('message', (told: Told) => {
        total.states += told.states
        total.transitions += told.transitions
        total.dead_ends += told.deadEnds
        total.illegal += told.illegal + (told.complete ? 0 : 1)
        total.shapes += 1
        tell(told, total.shapes)
      })
      worker.on('error', reject)
      worker.on('exit', () => resolve())
    })
  }
  await Promise.all(Array.from({ length: threads }, (_, place) => share(place)))
  return total
}

if (isMainThread) {
  const { size, threads, json } = readOptions(
    'prove',
    'Every command in every reachable state of every small pipeline, by the real reducer, until nothing new is found.',
    {
      size: { kind: 'choice', about: 'how many shapes', words: Object.keys(SIZES) as Size[], standard: 'ci' },
      threads: {
        kind: 'whole',
        about: 'at once',
        least: 1,
        most: 256,
        standard: Math.min(8, availableParallelism()),
      },
      json: jsonOption,
    },
  )
  const began = performance.now()
  const all = placedIn(size).length
  const total = await prove(size, threads, ({ name, complete, problems }, done) => {
    if (!complete || problems.length > 0)
      console.error(`${name}: ${complete ? '' : 'given up, '}${problems.slice(0, 3).join('\n  ')}`)
    if (!json && done % 50 === 0) console.error(`${done} of ${all}`)
  })
  console.error(`size ${size}: ${Math.round((performance.now() - began) / 1_000)} s in ${threads} threads`)
  console.log(JSON.stringify(total))
  // A thread that ended early has looked at too few.
  if (total.dead_ends + total.illegal > 0 || total.shapes !== all) process.exitCode = 1
} else {
  exploreShare(workerData as Share, (told) => parentPort?.postMessage(told))
}
