import { expect, test } from 'vitest'
import { definitionJsonSchema } from '../../src/definition/json-schema.ts'
import { stepSpecs } from '../../src/steps/index.ts'
import { completionsAt, type Schema } from '../../web/src/editor/complete.ts'

const schema = definitionJsonSchema(stepSpecs) as Schema
const labels = (before: string): readonly string[] => completionsAt(before, schema).map(({ label }) => label)

test('at the top the keys of a definition are offered, with what they are for', () => {
  expect(labels('')).toEqual(expect.arrayContaining(['name', 'params', 'stages']))
  expect(labels('name: x\n')).toEqual(expect.arrayContaining(['triggers']))
  expect(completionsAt('', schema).find(({ label }) => label === 'name')?.detail).toContain('Name of the pipeline')
})

test.each([
  ['a stage', 'stages:\n  - ', ['name', 'tasks', 'when']],
  ['a stage, below its name', 'stages:\n  - name: Build\n    ', ['tasks', 'when']],
  ['a list that is not indented', 'stages:\n- name: Build\n  ', ['tasks', 'when']],
  ['a second stage', 'stages:\n  - name: Build\n    tasks:\n      - script: x\n  - ', ['tasks']],
  ['a task', 'stages:\n  - name: Build\n    tasks:\n      - ', ['script', 'needs', 'retry']],
  ['a task, below a block of text', 'tasks:\n  - key: a\n    script: |\n      make\n    ', ['needs', 'timeout']],
  ['what a task does after a failure', 'tasks:\n  - key: a\n    on_failure:\n      ', ['policy']],
  ['a param', 'params:\n  who:\n    ', ['type', 'default', 'options']],
])('in %s its keys are offered', (_, before, expected) => {
  expect(labels(before)).toEqual(expect.arrayContaining(expected))
})

test('values that are a choice are offered', () => {
  expect(labels('language: ')).toEqual(['native', 'bamboo'])
  expect(labels('params:\n  who:\n    required: ')).toEqual(['true', 'false'])
})

test('where nothing is known nothing is offered', () => {
  expect(labels('name: ')).toEqual([])
  expect(labels('env:\n  X: ')).toEqual([])
})
