import { expect, test } from 'vitest'
import type { PipelineDefinition, TaskSpec, Triggers } from '../model/definition.ts'
import { definition, noop, on, review, script, stage } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { allowedOnRun } from './admits.ts'
import { dueEffects } from './effects.ts'
import { runStatus } from './status.ts'
import { summaryOf } from './view.ts'

const serial = (changes: Partial<PipelineDefinition> = {}): PipelineDefinition =>
  definition({
    concurrency: { limit: 1, group: null, whenFull: 'queue' },
    stages: [stage('s', [noop('a')])],
    ...changes,
  })

const eventsOf = (w: EngineWorld): readonly string[] => w.log.flatMap(({ events }) => events.map(({ type }) => type))

test('a run among others waits for its turn: it can be cancelled, nothing else', () => {
  const w = new EngineWorld(serial())
  expect(eventsOf(w)).toEqual(['RunCreated', 'RunQueued'])
  expect([runStatus(w.run), allowedOnRun(w.run), summaryOf(w.run).needsPerson]).toEqual([
    'queued',
    ['cancel', 'modify'],
    false,
  ])
  expect(w.effects).toEqual([{ type: 'take-turn' }])
  for (const command of [{ type: 'start' }, { type: 'pause' }, { type: 'resume' }, { type: 'retry' }] as const) {
    expect(w.try(command)).toMatchObject({
      ok: false,
      rejection: { code: 'not-allowed', allowed: ['cancel', 'modify'] },
    })
  }
  expect(dueEffects(w.run)).toEqual([{ type: 'take-turn' }])
})

test('its turn comes once', () => {
  const w = new EngineWorld(serial())
  expect(w.try({ type: 'admit' }).ok).toBe(true)
  expect([runStatus(w.run), w.run.queuedAt]).toEqual(['succeeded', null])
  expect(w.try({ type: 'admit' })).toMatchObject({ ok: false, rejection: { code: 'stale' } })
})

test('a cancelled run gives its turn up', () => {
  const w = new EngineWorld(serial())
  expect(w.try({ type: 'cancel', reason: 'too late', mode: 'stop' }).ok).toBe(true)
  expect([runStatus(w.run), dueEffects(w.run)]).toEqual(['cancelled', []])
  expect(w.try({ type: 'admit' })).toMatchObject({ ok: false, rejection: { code: 'stale' } })
})

test('a run that waits for its triggers waits for its turn only when they have fired', () => {
  const list = [
    { kind: 'webhook', name: 'push', params: {} },
    { kind: 'schedule', name: 'nightly', cron: '@daily', timezone: 'UTC', missed: 'skip', params: {} },
    { kind: 'channel', name: 'image', channel: 'image', params: {} },
  ] as const
  const w = new EngineWorld(serial({ triggers: { operator: 'and', list } }), { start: false })
  expect([runStatus(w.run), dueEffects(w.run)]).toEqual(['waiting', []])
  expect(w.try({ type: 'admit' })).toMatchObject({ ok: false, rejection: { code: 'stale' } })
  w.try({ type: 'fire-trigger', stage: null, trigger: 0, params: {} })
  expect(w.try({ type: 'fire-trigger', stage: null, trigger: 1, params: {} })).toMatchObject({
    ok: false,
    rejection: { code: 'no-such-trigger' },
  })
  expect(runStatus(w.run)).toBe('waiting')
  w.try({ type: 'fire-trigger', stage: null, trigger: 2, params: {} })
  expect([runStatus(w.run), dueEffects(w.run)]).toEqual(['queued', [{ type: 'take-turn' }]])
})

test('a run that waits for webhooks or channels needs nobody, one of which nothing comes by itself does', () => {
  const waiting = (trigger: Triggers['list'][number]): boolean => {
    const triggers: Triggers = { operator: 'or', list: [trigger] }
    const w = new EngineWorld(definition({ triggers, stages: [stage('s', [noop('a')])] }), { start: false })
    return summaryOf(w.run).needsPerson
  }
  expect(waiting({ kind: 'channel', name: 'go', channel: 'go', params: {} })).toBe(false)
  expect(waiting({ kind: 'webhook', name: 'go', secret: null, params: {} })).toBe(false)
  const w = new EngineWorld(definition({ stages: [stage('s', [noop('a')])] }), { start: false })
  expect(summaryOf(w.run).needsPerson).toBe(true)
})

test('a run needs somebody where a review, a held node or a paused one waits, and while it is paused', () => {
  const needs = (tasks: readonly TaskSpec[], move: (w: EngineWorld) => void): boolean => {
    const w = new EngineWorld(definition({ stages: [stage('s', tasks)] }))
    move(w)
    return summaryOf(w.run).needsPerson
  }
  const task = script('a', on('hold'))
  expect(needs([task], () => undefined)).toBe(false)
  expect(needs([task], (w) => void w.pause())).toBe(true)
  expect(needs([task], (w) => void w.pauseNode('a'))).toBe(true)
  expect(needs([task], (w) => w.fail('a'))).toBe(true)
  expect(needs([review('r')], () => undefined)).toBe(true)
  expect(needs([task, script('b', { needs: ['a'] })], (w) => (w.fail('a'), void w.cancel()))).toBe(false)
})
