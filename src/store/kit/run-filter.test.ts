import { expect, test } from 'vitest'
import type { PipelineId, ProjectId } from '../../model/id.ts'
import { END_STATUSES, isEnded, RUN_STATUSES } from '../../model/status.ts'
import { countedPartsOf, countsOf, partsNamed, partsOf, PIPELINES_MAX } from './run-filter.ts'

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

test('who made a run is a part of its own, with every end, as the indexes have it', () => {
  const parts = partsOf({ causeBy: ['li', 'wang', 'li'] })
  expect(parts).toHaveLength(2 * (END_STATUSES.length + 1))
  expect(parts).toContainEqual({ causeBy: ['wang'], statuses: ['failed'] })
  expect(partsOf({ causeBy: ['li'], statuses: ['failed', 'running'], projectIds: [a] })).toEqual([
    { causeBy: ['li'], statuses: ['failed'], projectIds: [a] },
    { causeBy: ['li'], statuses: ['running'], projectIds: [a] },
  ])
  expect(countedPartsOf({ causeBy: ['li'] })).toEqual(partsOf({ causeBy: ['li'] }))
  expect(countedPartsOf({ statuses: ['failed', 'errored'] })).toEqual([{ statuses: ['failed', 'errored'] }])
})

test('no project, no status and nobody are nothing, not all', () => {
  expect(partsOf({ projectIds: [] })).toEqual([])
  expect(partsOf({ statuses: [] })).toEqual([])
  expect(partsOf({ causeBy: [] })).toEqual([])
})

test('a text is looked for in the runs of each pipeline that has it in its name, of many in all', () => {
  const [one, two] = ['one' as PipelineId, 'two' as PipelineId]
  const filter = { text: 'x', statuses: ['failed', 'running'] } as const
  expect(partsNamed(filter, [])).toEqual([])
  expect(partsNamed(filter, [one, two])).toEqual([
    { text: 'x', statuses: ['failed'], pipelineId: one },
    { text: 'x', statuses: ['running'], pipelineId: one },
    { text: 'x', statuses: ['failed'], pipelineId: two },
    { text: 'x', statuses: ['running'], pipelineId: two },
  ])
  const many = Array.from({ length: PIPELINES_MAX + 1 }, (_, index) => `${index}` as PipelineId)
  expect(partsNamed(filter, many)).toEqual(partsOf(filter))
  // Their statuses are not told apart any more.
  const some = many.slice(1)
  expect(partsNamed({ ...filter, statuses: ['failed', 'errored', 'cancelled'] }, some)).toHaveLength(some.length)
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

test('of times, needs and causes the counts of ends say nothing', () => {
  const causes = [{ causeBy: ['li'] }, { causeKinds: ['push'] }, { isStarted: true }] as const
  for (const filter of [{ needsPerson: false }, { createdFrom: 1 }, { createdTo: 1 }, ...causes]) {
    expect(countsOf(filter)).toBeUndefined()
  }
})
