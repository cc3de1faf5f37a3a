import { describe, expect, test } from 'vitest'
import { definition, on, review, script, stage } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { AT } from '../testing/views.ts'
import { allowedOnNode, allowedOnRun } from './admits.ts'
import { needsPerson } from './view.ts'

const world = (work: Parameters<typeof review>[1], changes: Parameters<typeof review>[2] = {}): EngineWorld =>
  new EngineWorld(definition({ stages: [stage('s', [review('r', work, changes), script('b', { needs: ['r'] })])] }))

test('a review waits for a person, and one approval lets the run go on', () => {
  const w = world({})
  expect(w.picture()).toBe('reviewing | s:reviewing r:reviewing b:pending')
  expect(allowedOnRun(w.run)).toEqual(['pause', 'cancel', 'modify'])
  expect(allowedOnNode(w.run, 1)).toEqual(['approve', 'reject', 'pause', 'fail'])
  expect(needsPerson(w.run)).toBe(true)
  w.do({ type: 'approve', node: 1, by: 'chen', comment: 'fine' })
  expect(w.task('r').decisions).toEqual([{ by: 'chen', decision: 'approve', comment: 'fine', at: AT }])
  expect(w.picture()).toBe('running | s:running r:succeeded b:queued')
})

test('what was decided is told by its outputs, and a rejection may pass', () => {
  const outputs = { approved: { said: 'yes' }, rejected: { said: 'no' } }
  const approved = world({ outputs })
  approved.do({ type: 'approve', node: 1, by: 'chen', comment: '' })
  expect(approved.task('r')).toMatchObject({ status: 'succeeded', outputs: { said: 'yes' } })
  const rejected = world({ outputs })
  rejected.do({ type: 'reject', node: 1, by: 'chen', comment: '' })
  expect(rejected.task('r')).toMatchObject({ status: 'failed', outputs: { said: 'no' } })
  const passed = world({ outputs, onReject: 'pass' })
  passed.do({ type: 'reject', node: 1, by: 'chen', comment: 'no' })
  expect(passed.task('r')).toMatchObject({
    status: 'succeeded',
    outputs: { said: 'no' },
    failure: null,
    decisions: [{ by: 'chen', decision: 'reject', comment: 'no', at: AT }],
  })
  expect(passed.picture()).toBe('running | s:running r:succeeded b:queued')
})

test.each<[string, 'all' | number, readonly string[], number]>([
  ['one of two', 1, ['li', 'chen'], 1],
  ['two of three', 2, ['li', 'chen', 'wu'], 2],
  ['all', 'all', ['li', 'chen', 'wu'], 3],
  ['all of nobody in particular', 'all', [], 1],
  ['all of a list that names one twice', 'all', ['li', 'li', 'chen'], 2],
  ['two of anybody', 2, [], 2],
])('%s', (_, required, reviewers, needed) => {
  const w = world({ required, reviewers })
  const voters = reviewers.length === 0 ? ['li', 'chen', 'wu'] : [...new Set(reviewers)]
  for (const voter of voters.slice(0, needed)) {
    expect(w.status('r')).toBe('reviewing')
    w.approve('r', voter)
  }
  expect(w.status('r')).toBe('succeeded')
})

test('one rejection is enough, and says who and why', () => {
  const w = world({ required: 2, reviewers: ['li', 'chen', 'wu'] })
  w.approve('r', 'li')
  w.reject('r', 'wu')
  expect(w.picture()).toBe('failed | s:failed r:failed b:pending')
  expect(w.task('r').failure).toEqual({ kind: 'rejected', by: 'wu', comment: 'not like this' })
})

test.each([
  ['hold', 'held | s:held r:failed b:pending'],
  ['continue', 'running | s:running r:failed b:queued'],
] as const)('a rejection under the policy %s', (policy, picture) => {
  const w = world({}, on(policy))
  w.reject('r')
  expect(w.picture()).toBe(picture)
})

test('who is no reviewer may not decide', () => {
  const w = world({ reviewers: ['li', 'chen'] })
  expect(w.refused({ type: 'approve', node: 1, by: 'wu', comment: '' })).toEqual({
    code: 'not-a-reviewer',
    message: 'wu may not decide review r: its reviewers are li, chen',
    allowed: ['approve', 'reject', 'pause', 'fail'],
  })
})

test.each(['approve', 'reject'] as const)('who has approved may not %s, too', (type) => {
  const w = world({ required: 2 })
  w.approve('r', 'li')
  expect(w.refused({ type, node: 1, by: 'li', comment: '' })).toEqual({
    code: 'already-decided',
    message: 'li has already decided review r',
    allowed: ['approve', 'reject', 'pause', 'fail'],
  })
})

test('what is decided cannot be decided again', () => {
  const w = world({})
  w.approve('r')
  expect(w.refused({ type: 'reject', node: 1, by: 'chen', comment: '' })).toEqual({
    code: 'not-allowed',
    message: 'cannot reject task r: it is succeeded',
    allowed: [],
  })
})

test('a task that is no review cannot be approved', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a')])] }))
  expect(w.refused({ type: 'approve', node: 1, by: 'li', comment: '' }).allowed).toEqual(['skip', 'pause', 'fail'])
})

describe('a review that is taken up again', () => {
  test('asks everybody anew', () => {
    const w = world({ required: 2, reviewers: ['li', 'chen'] }, on('hold'))
    w.approve('r', 'li')
    w.reject('r', 'chen')
    w.retry('r')
    expect(w.task('r')).toMatchObject({ status: 'reviewing', attempt: 2, decisions: [] })
    w.approve('r', 'chen')
    expect(w.status('r')).toBe('reviewing')
    w.approve('r', 'li')
    expect(w.status('r')).toBe('succeeded')
  })

  test('does not take a vote that an operator could give by skipping it while it is open', () => {
    const w = world({ reviewers: ['li'] })
    expect(w.refused({ type: 'skip-node', node: 1, reason: '' }).allowed).toEqual([
      'approve',
      'reject',
      'pause',
      'fail',
    ])
  })
})

test('what was decided of an attempt stays with it when the review is asked again', () => {
  const w = world({ required: 2, reviewers: ['li', 'chen', 'wu'] })
  w.approve('r', 'li')
  w.reject('r', 'wu')
  w.retry('r')
  expect(w.viewed('r').review?.decisions).toEqual([])
  const kept = [
    { by: 'li', decision: 'approve', comment: '', at: AT },
    { by: 'wu', decision: 'reject', comment: 'not like this', at: AT },
  ]
  expect(w.viewed('r').earlier).toMatchObject([{ attempt: 1, status: 'failed', decisions: kept }])
  w.approve('r', 'chen')
  w.approve('r', 'wu')
  expect(w.viewed('r').review?.decisions.map(({ by }) => by)).toEqual(['chen', 'wu'])
  expect(w.viewed('r').earlier[0]?.decisions).toEqual(kept)
  expect(w.status('b')).toBe('queued')
})
