import { describe, expect, test } from 'vitest'
import type { PipelineDefinition, StageSpec, TaskSpec } from '../model/definition.ts'
import { definition, stageSpec, taskSpec } from '../testing/views.ts'
import { compile } from './compile.ts'

const task = (key: string, needs: readonly string[] = []): TaskSpec =>
  taskSpec({ key, name: key, needs, work: { kind: 'noop' } })

const stage = (key: string, tasks: readonly TaskSpec[]): StageSpec => stageSpec({ key, name: key, tasks })

const pipeline = (...stages: StageSpec[]): PipelineDefinition => definition({ name: 'web', stages })

test('stages come directly before their tasks, and everything is named by its place', () => {
  const definition = pipeline(
    stage('build', [task('a'), task('b', ['a']), task('c', ['a']), task('d', ['b', 'c'])]),
    stage('deploy', [task('e')]),
  )
  const plan = compile(definition)
  expect(plan.definition).toBe(definition)
  expect(plan.nodes.map((node) => [node.index, node.kind, node.spec.key])).toEqual([
    [0, 'stage', 'build'],
    [1, 'task', 'a'],
    [2, 'task', 'b'],
    [3, 'task', 'c'],
    [4, 'task', 'd'],
    [5, 'stage', 'deploy'],
    [6, 'task', 'e'],
  ])
  expect({ ...plan.index }).toEqual({ build: 0, a: 1, b: 2, c: 3, d: 4, deploy: 5, e: 6 })
  expect(plan).toMatchObject({ v: 1, stages: [0, 5], rows: [[0], [5]], taskCount: 5 })
  expect(plan.nodes[0]).toMatchObject({ tasks: [1, 2, 3, 4], row: 0, flow: null })
  expect(plan.nodes[0]?.spec).not.toHaveProperty('tasks')
  expect(plan.nodes[5]).toMatchObject({ tasks: [6], row: 1 })
  expect(plan.nodes[1]).toMatchObject({ stage: 0, needs: [], dependents: [2, 3] })
  expect(plan.nodes[4]).toMatchObject({ stage: 0, needs: [2, 3], dependents: [] })
  expect(plan.nodes[6]).toMatchObject({ stage: 5, needs: [], dependents: [] })
})

test('a key that a stage and a task share names the task', () => {
  expect({ ...compile(pipeline(stage('build', [task('build')]), stage('next', [task('t')]))).index }).toEqual({
    build: 1,
    next: 2,
    t: 3,
  })
})

test('a key that a prototype has is a key like any other', () => {
  expect(compile(pipeline(stage('toString', [task('constructor')]))).index['constructor']).toBe(1)
})

describe('what definition/ has checked is taken for granted, and its absence is a defect', () => {
  test.each<[string, PipelineDefinition, string]>([
    ['a key twice', pipeline(stage('a', [task('b')]), stage('c', [task('b')])), 'found b twice'],
    ['a stage key twice', pipeline(stage('a', [task('b')]), stage('a', [task('c')])), 'found a twice'],
    ['an unknown need', pipeline(stage('s', [task('a', ['b'])])), 'found that a needs b'],
    [
      'a need of another stage',
      pipeline(stage('s', [task('a')]), stage('t', [task('b', ['a'])])),
      'found that b needs a',
    ],
    ['a need of its own stage', pipeline(stage('s', [task('a', ['s'])])), 'found that a needs s'],
    ['itself', pipeline(stage('s', [task('a', ['a'])])), 'found one in s'],
    ['a cycle', pipeline(stage('s', [task('a', ['c']), task('b', ['a']), task('c', ['b'])])), 'found one in s'],
  ])('%s', (_, definition, message) => {
    expect(() => compile(definition)).toThrow(message)
  })
})

test('20,000 tasks in a chain compile without deep recursion', () => {
  const tasks = Array.from({ length: 20_000 }, (_, at) => task(`t${at}`, at === 0 ? [] : [`t${at - 1}`]))
  const plan = compile(pipeline(stage('s', tasks)))
  expect(plan.taskCount).toBe(20_000)
  expect(plan.nodes[20_000]).toMatchObject({ needs: [19_999], dependents: [] })
})
