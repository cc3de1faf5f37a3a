import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fold, foldOnto } from '../src/engine/evolve.ts'
import { upcastEntry, upcastPlan } from '../src/engine/upcast.ts'
import { viewOf } from '../src/engine/view.ts'
import type { RunEvent } from '../src/model/event.ts'
import type { RunId } from '../src/model/id.ts'
import type { Json } from '../src/model/json.ts'
import { brokenByStep, brokenLaws } from '../src/testing/engine-laws.ts'
import { projectView } from '../src/testing/views.ts'

interface History {
  readonly about: string
  readonly id: RunId
  readonly plan: Json
  readonly entries: readonly Json[]
  readonly view: Json
}

/** Runs as they were written by the releases so far; `node scripts/record-history.ts` keeps another one. */
const histories = globSync('histories/*.json', { cwd: import.meta.dirname }).map((file) => ({
  name: basename(file, '.json'),
  ...(JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as History),
}))

/** What views have gained since is not looked at; what was allowed then still is. */
function atLeast(view: Json): Record<string, unknown> {
  return allowing(view) as Record<string, unknown>
}

function allowing(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(allowing)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).map(([key, field]) => [
    key,
    key === 'allowed' ? expect.arrayContaining(field as unknown[]) : allowing(field),
  ])
  return Object.fromEntries(fields)
}

test('there are histories of every kind of event that 0.1.0 wrote at first', () => {
  expect(histories.length).toBeGreaterThan(16)
  const types = new Set(
    histories.flatMap(({ entries }) => entries.flatMap((entry) => upcastEntry(entry).events.map(({ type }) => type))),
  )
  const first = [
    'RunCreated',
    'TriggerFired',
    'ParamsChanged',
    'RunStarted',
    'RunPaused',
    'RunResumed',
    'CancelRequested',
    'RunRestarted',
    'RunReopened',
    'RunEnded',
    'StageStarted',
    'StageEnded',
    'StageTimedOut',
    'NodeSkipped',
    'TaskQueued',
    'TaskWithdrawn',
    'AttemptStarted',
    'StopRequested',
    'AttemptSucceeded',
    'AttemptFailed',
    'AttemptCancelled',
    'HoldExpired',
    'ReviewOpened',
    'ReviewDecided',
    'NodeRetried',
  ] as const satisfies readonly RunEvent['type'][]
  expect(first.filter((type) => !types.has(type))).toEqual([])
})

describe.each(histories)('$name: $about', ({ id, plan: stored, entries: written, view }) => {
  const plan = upcastPlan(stored)
  const entries = written.map(upcastEntry)

  test('means what it meant when it was written', () => {
    const {
      project: _,
      pipeline: _pipeline,
      definition: _definition,
      ...now
    } = viewOf(fold(id, plan, entries), projectView(), {} as never)
    expect(JSON.parse(JSON.stringify(now))).toMatchObject(atLeast(view))
  })

  test('breaks no law at any step', () => {
    let run = fold(id, plan, entries.slice(0, 1))
    for (const entry of entries.slice(1)) {
      const after = foldOnto(run, [entry])
      expect([...brokenLaws(after), ...brokenByStep(run, after, entry.events)]).toEqual([])
      run = after
    }
  })
})
