import { expect, test } from 'vitest'
import type { ProjectId } from '../../model/id.ts'
import { isEnded, RUN_STATUSES } from '../../model/status.ts'
import { countsOf, partsOf } from './run-filter.ts'

const [a, b] = ['a' as ProjectId, 'b' as ProjectId]

test('a filter without projects and statuses stays one', () => {
  expect(partsOf({})).toEqual([{}])
  expect(partsOf({ text: 'x', needsPerson: false })).toEqual([{ text: 'x', needsPerson: false }])
})

test('every end is a part of its own, what is under way is one', () => {
  expect(partsOf({ statuses: ['failed', 'running', 'cancelled', 'queued', 'failed'] })).toEqual([
    { statuses: ['failed'] },
    { statuses: ['cancelled'] },
    { statuses: ['running', 'queued'] },
  ])
})

test('every project is a part of its own, with every status', () => {
  expect(partsOf({ projectIds: [a, b, a], statuses: ['failed', 'running'], createdFrom: 1 })).toEqual([
    { projectIds: [a], statuses: ['failed'], createdFrom: 1 },
    { projectIds: [b], statuses: ['failed'], createdFrom: 1 },
    { projectIds: [a], statuses: ['running'], createdFrom: 1 },
    { projectIds: [b], statuses: ['running'], createdFrom: 1 },
  ])
})

test('no project and no status are nothing, not all', () => {
  expect(partsOf({ projectIds: [] })).toEqual([{ projectIds: [] }])
  expect(partsOf({ statuses: [] })).toEqual([{ statuses: [] }])
})

test('too many parts, and what is few anyway, stay one', () => {
  const projectIds = Array.from({ length: 10 }, (_, index) => `${index}` as ProjectId)
  const many = { projectIds, statuses: RUN_STATUSES }
  expect(partsOf(many)).toEqual([many])
  expect(partsOf({ projectIds, needsPerson: true })).toEqual([{ projectIds, needsPerson: true }])
})

test('what is counted is parted into what has ended and what is under way', () => {
  const ended = RUN_STATUSES.filter(isEnded)
  const underWay = RUN_STATUSES.filter((status) => !isEnded(status))
  expect(countsOf({ projectIds: [a], text: 'x' })).toEqual({
    ended: { projectIds: [a], text: 'x', statuses: ended },
    underWay: { projectIds: [a], text: 'x', statuses: underWay },
  })
  expect(countsOf({ statuses: ['failed'] })).toEqual({ ended: { statuses: ['failed'] }, underWay: null })
  expect(countsOf({ statuses: ['running', 'failed'] })).toEqual({
    ended: { statuses: ['failed'] },
    underWay: { statuses: ['running'] },
  })
  expect(countsOf({ statuses: [] })).toEqual({ ended: null, underWay: null })
})

test('of times and needs the counts of ends say nothing', () => {
  for (const filter of [{ needsPerson: false }, { createdFrom: 1 }, { createdTo: 1 }]) {
    expect(countsOf(filter)).toBeUndefined()
  }
})
