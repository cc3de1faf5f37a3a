import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fold } from '../src/engine/evolve.ts'
import type { Run } from '../src/engine/run.ts'
import { upcastEntry } from '../src/engine/upcast.ts'
import { summaryOf } from '../src/engine/view.ts'
import type { LogEntry } from '../src/model/event.ts'
import type { RunId } from '../src/model/id.ts'
import { freshId, samplePipeline, sampleProject, sampleVersion } from '../src/store/conformance/samples.ts'
import { openMemoryStore } from '../src/store/memory/index.ts'
import { openSqliteStore } from '../src/store/sqlite/index.ts'
import type { Store } from '../src/store/store.ts'
import { playMoves } from '../src/testing/engine-moves.ts'
import { EngineWorld } from '../src/testing/engine-world.ts'
import { definitions } from '../src/testing/random-plans.ts'

const plain = ({ nodes, ...rest }: Run): unknown => ({ ...rest, nodes: nodes.toArray() })

/** A store that keeps the run of a world under a name of its own, several entries at a time. */
class Keeper {
  readonly #store: Store
  #count = 0

  constructor(store: Store) {
    this.#store = store
  }

  async prepare({ projectId, pipelineId }: Run): Promise<void> {
    if ((await this.#store.catalog.projects()).length > 0) return
    const project = { ...sampleProject('p'), id: projectId }
    await this.#store.catalog.addProject(project)
    await this.#store.catalog.addPipeline({ ...samplePipeline(project.id, 'p'), id: pipelineId }, sampleVersion(''))
  }

  /** @param together how many entries go into a commit, one size after the other */
  async keep(id: RunId, { run, log }: EngineWorld, together: readonly number[]): Promise<void> {
    await this.prepare(run)
    this.#count += 1
    const name = { id, number: this.#count, serial: this.#count }
    for (let from = 0, commits = 0; from < log.length; commits += 1) {
      const entries = log.slice(from, from + (together[commits % together.length] ?? 1))
      from += entries.length
      const then = fold(run.id, run.plan, log.slice(0, from))
      const expectedSeq = (entries[0]?.seq ?? 0) - (entries[0]?.events.length ?? 0)
      const summary = { ...summaryOf(then), ...name }
      await this.#store.runs.commit({ runId: id, expectedSeq, entries, summary, snapshot: null, idempotency: null })
    }
  }

  /** What the store says of the run, as the engine reads it. */
  async read(id: RunId, { run }: EngineWorld): Promise<unknown> {
    const entries: LogEntry[] = []
    for (let seq = 0; ; seq = entries.at(-1)?.seq ?? 0) {
      const page = await this.#store.runs.entries(id, seq, 7)
      if (page.length === 0) break
      entries.push(...page.map(upcastEntry))
    }
    const events = (await this.#store.runs.events(id, 0, 10_000)).map(({ seq, event }) => [seq, event.type])
    const summary = await this.#store.runs.summary({ by: 'id', id })
    return { run: plain(fold(run.id, run.plan, entries)), events, status: [summary?.status, summary?.seq] }
  }
}

test('whatever befalls a run, both stores give back the run that the engine made', { timeout: 120_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-keep-'))
  const sqlite = await openSqliteStore({ directory })
  const keepers = [new Keeper(openMemoryStore()), new Keeper(sqlite)]
  let events = 0
  try {
    await fc.assert(
      fc.asyncProperty(
        definitions,
        fc.array(fc.nat(10_000), { maxLength: 60, size: 'max' }),
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
        async (definition, moves, together) => {
          const world = new EngineWorld(definition, { start: definition.triggers === null })
          playMoves(world, moves)
          const { status, seq } = summaryOf(world.run)
          const told = world.log.flatMap((entry) => entry.events.map(({ type }) => type))
          const expected = {
            run: plain(world.run),
            events: told.map((type, at) => [at + 1, type]),
            status: [status, seq],
          }
          const id = freshId<RunId>()
          for (const keeper of keepers) {
            await keeper.keep(id, world, together)
            expect(await keeper.read(id, world)).toEqual(expected)
          }
          events += told.length
        },
      ),
      { numRuns: 120 },
    )
  } finally {
    await sqlite.close()
    await rm(directory, { recursive: true })
  }
  expect(events).toBeGreaterThan(1_000)
})
