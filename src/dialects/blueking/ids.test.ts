import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asId, nodeId, type RunId } from '../../model/id.ts'
import { eventId, executionVersion, parseTaskName } from './ids.ts'

const hex32 = fc.stringMatching(/^[0-9a-f]{32}$/)

describe('ids of events', () => {
  test('are 32 hex and never the run’s, nor that of one of its nodes, nor of another event', () => {
    fc.assert(
      fc.property(hex32, fc.integer({ min: 1, max: 40 }), (id, count) => {
        const runId = asId<RunId>(id)
        const nodes = Array.from({ length: count }, (_, index) => nodeId(runId, index) as string)
        const containers = [-1, ...nodes.keys()]
        const events = containers.flatMap((index) => [eventId(runId, index, 'start'), eventId(runId, index, 'end')])
        const all = [id, ...nodes, ...events]
        expect(new Set(all).size).toBe(all.length)
        for (const one of all) expect(one).toMatch(/^[0-9a-f]{32}$/)
      }),
    )
  })

  test('are the same every time', () => {
    const runId = asId<RunId>('0'.repeat(32))
    expect(eventId(runId, -1, 'start')).toBe(`${'0'.repeat(24)}ffffffff`)
    expect(eventId(runId, -1, 'end')).toBe(`${'0'.repeat(24)}fffffffe`)
  })
})

describe('versions', () => {
  test('differ with pass and attempt, and are the same for the same execution', () => {
    const id = '019a'.repeat(8)
    const versions = [1, 2, 3].flatMap((pass) => [1, 2, 3].map((attempt) => executionVersion(id, pass, attempt)))
    expect(new Set(versions).size).toBe(9)
    expect(executionVersion(id, 2, 3)).toBe(versions[5])
    for (const version of versions) expect(version).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('names of tasks', () => {
  test.each([
    ['10', { kind: 'serial', serial: 10 }],
    ['0010', { kind: 'serial', serial: 10 }],
    ['5a1622f9f43e3429acb604e18dbd100a', { kind: 'hex', id: '5a1622f9f43e3429acb604e18dbd100a' }],
    ['12345678901234567890123456789012', { kind: 'hex', id: '12345678901234567890123456789012' }],
    ['', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['5A1622F9F43E3429ACB604E18DBD100A', undefined],
    ['9'.repeat(16), undefined],
  ])('%j', (text, name) => {
    expect(parseTaskName(text)).toEqual(name)
  })
})
