import { expect, test } from 'vitest'
import type { TaskSpec } from '../model/definition.ts'
import type { RunView, TaskView } from '../model/view.ts'
import {
  callback,
  definition,
  flow,
  gateway,
  on,
  retries,
  review,
  script,
  stage,
  subflow,
} from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { projectView } from '../testing/views.ts'
import type { Run } from './run.ts'
import { runOfSnapshot, snapshotOf } from './snapshot.ts'
import { taskParts } from './task-views.ts'
import { viewOf } from './view.ts'

const shown = (run: Run): RunView => viewOf(run, projectView(), {} as never, 0)

const timed = (task: TaskSpec): TaskSpec => ({ ...task, notStartedMs: 60_000 })

/** So many beside each other that they fill several parts. */
const crowd = (name: string, count = 40) => Array.from({ length: count }, (_, place) => script(`${name}${place}`))
const between = (from: string, name: string, to: string, count = 40): readonly string[] =>
  Array.from({ length: count }, (_, place) => `${from} -> ${name}${place} -> ${to}`)

/** A view that is made while others are kept is the one that nobody has kept anything for. */
function expectTrue(run: Run): RunView {
  const view = shown(run)
  expect(view).toEqual(shown(runOfSnapshot(run.id, run.plan, snapshotOf(run)) as Run))
  return view
}

test('a tree that is read late is of the run as it was, and a copy of a view has it', () => {
  const w = new EngineWorld(definition({ stages: [stage('build', [script('a')])] }))
  const [read, copied] = [shown(w.run), { ...shown(w.run) }]
  w.succeed('a')
  expect(read.stages[0]?.tasks.map(({ status }) => status)).toEqual(['queued'])
  expect(read.stages).toBe(read.stages)
  expect(copied.stages).toEqual(read.stages)
  expect(Object.keys(read)).toEqual(expect.arrayContaining(['stages', 'failure', 'attention']))
})

test('a part in which nothing has changed is the same object in the next view, and the others are not', () => {
  const w = new EngineWorld(
    definition({
      stages: [
        flow(
          [gateway('p', 'parallel'), ...crowd('a'), gateway('m', 'converge')],
          ['start -> p', ...between('p', 'a', 'm'), 'm -> end'],
        ),
      ],
    }),
  )
  const before = expectTrue(w.run).stages[0]!
  w.succeed('a20')
  const after = expectTrue(w.run).stages[0]!
  const changed = after.parts.filter((part, place) => part !== before.parts[place])
  expect(after.parts.length).toBeGreaterThan(2)
  expect(changed.flat().map(({ key, status }) => `${key}:${status}`)).toContain('a20:succeeded')
  // Its own, and that of the gateway where the branches meet.
  expect(changed).toHaveLength(2)
  // Its edge to where the branches meet was taken, no other.
  expect(after.flow?.parts.filter((part, place) => part !== before.flow?.parts[place])).toHaveLength(1)
})

test('after a command to the whole run only those parts are others in which something is', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [...crowd('a'), ...crowd('b').map(timed)])] }))
  const partsOf = (): readonly (readonly TaskView[])[] => expectTrue(w.run).stages[0]!.parts
  w.succeed('a3')
  const queued = partsOf()
  w.pause()
  const paused = partsOf()
  const changed = paused.filter((part, place) => part !== queued[place])
  // The time of what is queued stands still with its run, so nobody can delay it.
  expect(changed.length).toBeLessThan(paused.length)
  expect(changed).toEqual(paused.filter((part) => part.some(({ key }) => key.startsWith('b'))))
  w.resume()
  w.cancel()
  expect(partsOf().some((part) => paused.includes(part))).toBe(false)
})

test('tasks that the same is allowed on show one list of it, so that it is written once', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', crowd('a', 3))] }))
  const listsOf = () => expectTrue(w.run).stages[0]!.tasks.map(({ allowed }) => allowed)
  expect(new Set(listsOf()).size).toBe(1)
  w.lease('a1')
  const [first, running, last] = listsOf()
  expect(last).toBe(first)
  expect(first).toContain('skip')
  expect(running).not.toContain('skip')
})

test('what a sub-flow shows of what is in it changes with that, however far away it is', () => {
  const inner = subflow('s', [gateway('p', 'parallel'), ...crowd('a', 60), gateway('m', 'converge')])
  const w = new EngineWorld(
    definition({
      stages: [flow(inner, ['start -> s -> end', 's-start -> p', ...between('p', 'a', 'm', 60), 'm -> s-end'])],
    }),
  )
  const statusOf = (key: string): string | undefined =>
    expectTrue(w.run).stages[0]!.tasks.find((task) => task.key === key)?.status
  expect([statusOf('s'), statusOf('a59')]).toEqual(['running', 'queued'])
  w.lease('a59')
  w.pauseNode('s')
  expect([statusOf('s'), statusOf('a58')]).toEqual(['paused', 'pending'])
  expect(expectTrue(w.run).attention.map(({ kind }) => kind)).toEqual(['paused-node'])
  w.resumeNode('s')
  expect([statusOf('s'), statusOf('a59')]).toEqual(['running', 'running'])
  for (let place = 0; place < 60; place += 1) w.succeed(`a${place}`)
  expect([statusOf('s'), w.status()]).toEqual(['succeeded', 'succeeded'])
})

test('who failed, and who waits for a person, is told wherever they stand', () => {
  const w = new EngineWorld(
    definition({
      stages: [stage('one', [...crowd('a'), script('late', on('hold')), review('ask')]), stage('two', crowd('b', 3))],
    }),
  )
  expect(expectTrue(w.run).attention.map(({ kind }) => kind)).toEqual(['review'])
  w.wait(1_000)
  w.fail('late')
  w.wait(1_000)
  w.fail('a3')
  const view = expectTrue(w.run)
  expect(view.failure?.nodeName).toBe('late')
  expect(view.attention.map((one) => ('nodeName' in one ? `${one.kind} ${one.nodeName}` : one.kind))).toEqual([
    'held late',
    'review ask',
  ])
})

const tag = { name: 'tag', type: 'string', description: '', required: false, default: 'v1', options: [] } as const

test('a review asks with the values that its run has now, and is the same object while they are the same', () => {
  const w = new EngineWorld(
    definition({
      params: [tag],
      stages: [stage('s', [...crowd('a', 70), review('ask', { question: 'Ship ${{ params.tag }}?' })])],
    }),
    { params: { tag: 'v1' } },
  )
  const lastPart = (): readonly TaskView[] => expectTrue(w.run).stages[0]!.parts.at(-1)!
  const before = lastPart()
  expect(before.at(-1)?.review?.question).toBe('Ship v1?')
  w.succeed('a3')
  expect(lastPart()).toBe(before)
  w.do({ type: 'modify', params: { tag: 'v2' } })
  expect(lastPart().at(-1)?.review?.question).toBe('Ship v2?')
})

test('what stands still with a sub-flow around it shows so, though nothing of its own has changed', () => {
  const again = (task: TaskSpec): TaskSpec => ({ ...timed(task), ...retries(1) })
  const inner = subflow('s', [
    gateway('p', 'parallel'),
    ...crowd('a', 70).map(again),
    gateway('m', 'converge'),
    ...subflow('t', crowd('b', 1)),
  ])
  const edges = ['s-start -> p', ...between('p', 'a', 'm', 70), 'p -> t -> m', 't-start -> b0 -> t-end', 'm -> s-end']
  const w = new EngineWorld(definition({ stages: [flow(inner, ['start -> s -> end', ...edges])] }))
  for (let place = 0; place < 70; place += 1) w.fail(`a${place}`)
  w.lease('b0')
  const seen = (key: string): TaskView => expectTrue(w.run).stages[0]!.tasks.find((task) => task.key === key)!
  expect(seen('a50').allowed).toContain('delay')
  expect(seen('t').status).toBe('running')
  const own = w.task('a50')
  w.pauseNode('s')
  expect(w.task('a50')).toBe(own)
  expect(seen('a50').allowed).not.toContain('delay')
  expect(seen('t').status).toBe('paused')
  w.resumeNode('s')
  expect(seen('a50').allowed).toContain('delay')
  expect(seen('t').status).toBe('running')
})

test('a failed task is held only as long as its run waits for a person', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [...crowd('a', 70), script('late', on('hold'))])] }))
  for (let place = 0; place < 70; place += 1) w.succeed(`a${place}`)
  w.fail('late')
  const isHeld = (): boolean | undefined => expectTrue(w.run).stages[0]!.parts.at(-1)!.at(-1)?.held
  expect(isHeld()).toBe(true)
  w.cancel()
  expect(isHeld()).toBe(false)
})

test('as long as nothing has happened, every part is the one that was made', () => {
  const w = new EngineWorld(
    definition({ stages: [stage('s', [...crowd('a'), review('r')]), stage('t', crowd('b'))], restartsMax: 1 }),
  )
  w.lease('a1')
  const all = (): readonly unknown[] => [...taskParts(w.run, 0).values()].flat()
  const made = all()
  expect(made.length).toBeGreaterThan(4)
  for (const [place, part] of all().entries()) expect(part).toBe(made[place])
  w.pause()
  const paused = all()
  for (const [place, part] of all().entries()) expect(part).toBe(paused[place])
})

test('parts are kept of runs that have so many nodes, and of smaller ones not', () => {
  const { run } = new EngineWorld(definition({ stages: [stage('s', crowd('a'))] }))
  const partsFrom = (nodes: number) => taskParts(run, nodes).get(0)!
  const { length } = run.plan.nodes
  expect(partsFrom(length).length).toBeGreaterThan(2)
  expect(partsFrom(length)[0]).toBe(partsFrom(length)[0])
  expect(partsFrom(length + 1)).toHaveLength(1)
  expect(partsFrom(length + 1)[0]).not.toBe(partsFrom(length + 1)[0])
})

test('a stage without tasks has no part', () => {
  const { run } = new EngineWorld(definition({ stages: [stage('none', []), stage('s', [script('a')])] }))
  for (const nodes of [0, 1_000]) expect(taskParts(run, nodes).get(0)).toEqual([])
})

test('a part says which of its tasks wait for somebody, and which have failed for good', () => {
  const w = new EngineWorld(
    definition({
      stages: [
        stage('s', [script('a', on('hold')), review('r'), script('b', on('continue')), script('c'), script('d')]),
        stage('t', [script('e')]),
      ],
    }),
  )
  w.lease('d')
  w.fail('a')
  w.fail('b')
  w.succeed('c')
  const parts = (): unknown => [...taskParts(w.run, 1_000).values()].map(([part]) => part)
  expect(parts()).toMatchObject([
    { waits: [1, 2], failed: [1], taken: [] },
    { waits: [], failed: [], taken: [] },
  ])
  const calling = new EngineWorld(definition({ stages: [stage('s', [callback('x'), script('y')])] }))
  calling.lease('y')
  expect(taskParts(calling.run, 1_000).get(0)).toMatchObject([{ waits: [1], failed: [] }])
})
