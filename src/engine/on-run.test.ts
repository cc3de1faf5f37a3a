import { describe, expect, test } from 'vitest'
import type { ParamSpec } from '../model/definition.ts'
import { definition, on, retries, script, stage } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'

const param = (name: string, type: ParamSpec['type']): ParamSpec => ({
  name,
  type,
  description: '',
  required: false,
  default: null,
  options: [],
})

const params = [param('tag', 'string'), param('dry', 'boolean')]

describe('params of a run under way', () => {
  const world = (): EngineWorld =>
    new EngineWorld(definition({ params, stages: [stage('s', [script('a')])] }), { params: { tag: 'v0', dry: true } })

  test('are changed by their names, to what their own type allows', () => {
    const w = world()
    w.do({ type: 'modify', params: { dry: false } })
    expect(w.run.params).toEqual({ tag: 'v0', dry: false })
    w.do({ type: 'modify', params: { tag: null } })
    expect(w.run.params).toEqual({ tag: null, dry: false })
    expect(w.refused({ type: 'modify', params: { dry: 'maybe' } }).code).toBe('invalid-params')
    expect(w.refused({ type: 'modify', params: { nobody: 1 } }).message).toContain('there is no such param')
    expect(w.run.params).toEqual({ tag: null, dry: false })
  })

  test('of which none is given stay as they are, and nothing has happened', () => {
    const w = world()
    expect(w.do({ type: 'modify', params: {} })).toEqual([])
  })
})

describe('a trigger of a stage', () => {
  const list = [{ kind: 'channel', channel: 'images', name: 'images', params: { loud: 'dry' } }] as const
  const world = (): EngineWorld =>
    new EngineWorld(
      definition({
        params,
        stages: [
          stage('s', [script('a', on('hold'))]),
          stage('t', [script('b')], { triggers: { operator: 'and', list } }),
        ],
      }),
      { params: { tag: 'v0', dry: false } },
    )
  const fire = (w: EngineWorld, given: Readonly<Record<string, string>>) =>
    ({ type: 'fire-trigger', stage: w.index('t'), trigger: 0, params: given }) as const

  test('gives the param that it names its value, as that one reads it', () => {
    const w = world()
    w.do(fire(w, { loud: 'true', other: 'x' }))
    expect(w.run.params).toEqual({ tag: 'v0', dry: true })
    expect(w.refused(fire(w, { loud: 'maybe' })).code).toBe('invalid-params')
  })

  test('that gives nothing changes no param', () => {
    const w = world()
    expect(w.do(fire(w, {})).map(({ type }) => type)).toEqual(['TriggerFired'])
  })

  test('is not fired when its run is ending or has ended', () => {
    const w = world()
    w.lease('a')
    w.cancel()
    expect(w.refused(fire(w, {})).code).toBe('not-allowed')
    w.fail('a')
    expect(w.status()).toBe('cancelled')
    expect(w.refused(fire(w, {})).code).toBe('not-allowed')
  })
})

test('a run from a fork is begun by a person, and by no trigger', () => {
  const list = [{ kind: 'channel', channel: 'images', name: 'images', params: {} }] as const
  const triggers = { operator: 'or', list } as const
  const w = new EngineWorld(definition({ triggers, stages: [stage('s', [script('a')])] }), { start: false })
  w.run = { ...w.run, cause: { ...w.run.cause, trusted: false } }
  const fire = { type: 'fire-trigger', stage: null, trigger: 0, params: {} } as const
  expect(w.refused(fire)).toMatchObject({ code: 'not-allowed', message: expect.stringContaining('fork') as unknown })
  w.do({ type: 'start' })
  expect(w.status('a')).toBe('queued')
})

test('what is to be tried again is offered when its time has come, and not when its run is resumed', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a', retries(1)), script('b')])] }))
  w.fail('a')
  w.pause()
  const before = w.effects.length
  w.resume()
  const offered = () => w.effects.slice(before).flatMap((one) => (one.type === 'offer-attempt' ? [one.node] : []))
  expect(offered()).toEqual([w.index('b')])
  w.wait(1_000)
  expect(offered()).toEqual([w.index('b'), w.index('a')])
})
