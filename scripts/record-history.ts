// Keeps a run's log as it is written today in test/histories, with the view that readers have of it:
// `node scripts/record-history.ts NAME`               a scenario of src/testing/scenarios.ts
// `node scripts/record-history.ts all`                every scenario that is not there yet
// `node scripts/record-history.ts NAME DATA_DIR RUN`  a run of a server that is stopped, by its id
// What is there is not written again: a history is what happened.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fold } from '../src/engine/evolve.ts'
import { viewOf } from '../src/engine/view.ts'
import type { LogEntry } from '../src/model/event.ts'
import { parseRunId, type RunId } from '../src/model/id.ts'
import type { Plan } from '../src/model/plan.ts'
import { openSqliteStore } from '../src/store/sqlite/index.ts'
import { EngineWorld } from '../src/testing/engine-world.ts'
import { SCENARIOS } from '../src/testing/scenarios.ts'
import { projectView } from '../src/testing/views.ts'

const FOLDER = join(import.meta.dirname, '../test/histories')

interface Recorded {
  readonly about: string
  readonly id: RunId
  readonly plan: Plan
  readonly entries: readonly LogEntry[]
}

function played(name: string): Recorded {
  const scenario = SCENARIOS[name]
  if (scenario === undefined) throw new TypeError(`expected one of ${Object.keys(SCENARIOS).join(', ')}, found ${name}`)
  const world = new EngineWorld(scenario.definition, { start: scenario.start ?? true })
  scenario.play(world)
  return { about: scenario.about, id: world.run.id, plan: world.run.plan, entries: world.log }
}

async function stored(directory: string, run: string): Promise<Recorded> {
  const id = parseRunId(run)
  if (id === undefined) throw new TypeError(`expected the id of a run, found ${run}`)
  const store = await openSqliteStore({ directory })
  try {
    const entries = await store.runs.entries(id, 0, 1_000_000)
    const [first] = entries[0]?.events ?? []
    if (first?.type !== 'RunCreated') throw new TypeError(`there is no run ${id} in ${directory}`)
    const version = await store.catalog.version(first.pipelineId, first.version)
    return { about: `A run of ${first.name}.`, id, plan: JSON.parse(version?.plan ?? 'null') as Plan, entries }
  } finally {
    await store.close()
  }
}

function keep(name: string, { about, id, plan, entries }: Recorded): void {
  const path = join(FOLDER, `${name}.json`)
  if (!/^[a-z0-9-]+$/.test(name)) throw new TypeError(`expected a name of letters, digits and dashes, found ${name}`)
  if (existsSync(path)) throw new Error(`${path} is there: choose another name`)
  // As readers have it after a restart: from what JSON keeps.
  const text = JSON.stringify({ plan, entries })
  const read = JSON.parse(text) as Pick<Recorded, 'plan' | 'entries'>
  const {
    project: _,
    pipeline: _pipeline,
    definition: _definition,
    ...view
  } = viewOf(fold(id, read.plan, read.entries), projectView(), {} as never)
  mkdirSync(FOLDER, { recursive: true })
  const lines = [
    `{"about": ${JSON.stringify(about)},`,
    `"id": ${JSON.stringify(id)},`,
    `"plan": ${JSON.stringify(read.plan)},`,
    `"entries": [\n${read.entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n],`,
    `"view": ${JSON.stringify(view)}}`,
  ]
  writeFileSync(path, `${lines.join('\n')}\n`)
  console.log(`${name}: ${read.entries.length} entries, ${view.status}`)
}

const [name, directory, run] = process.argv.slice(2)
if (name === undefined) throw new TypeError('expected the name of a scenario, or `all`')
if (name === 'all') {
  for (const each of Object.keys(SCENARIOS)) if (!existsSync(join(FOLDER, `${each}.json`))) keep(each, played(each))
} else keep(name, directory === undefined || run === undefined ? played(name) : await stored(directory, run))
