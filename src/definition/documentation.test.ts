import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { stepSpecs } from '../steps/index.ts'
import { definitionJsonSchema } from './json-schema.ts'
import * as limits from './limits.ts'
import { parseDefinition } from './parse-definition.ts'

const file = 'docs/reference/definition.md'
const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const examples = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml]) => yaml!)

test('the examples of the reference are definitions', () => {
  expect(examples.length).toBeGreaterThan(10)
  for (const example of examples) expect(parseDefinition(example, file, stepSpecs), example).toMatchObject({ ok: true })
})

test('the error that the reference shows is the one that is given', () => {
  const shown = /^web\.yaml:7:18 .*$/m.exec(text)?.[0]
  const definition =
    'name: web\nstages:\n  - name: Build\n    tasks:\n      - script: make\n        name: a\n        timeout: soon\n'
  const result = parseDefinition(definition, 'web.yaml', stepSpecs)
  if (result.ok) throw new Error('expected errors')
  const [{ file: name, line, column, path, message } = {}] = result.errors
  expect(`${name}:${line}:${column} ${path}: ${message}`).toBe(shown?.replace('tasks[1]', 'tasks[0]'))
})

/** Names of the keys of a mapping, and of those in it. */
function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own = 'properties' in schema ? Object.keys(schema.properties as object) : []
  return [...own, ...Object.values(schema).flatMap(keysOf)]
}

test('every key of the form is in the reference', () => {
  const types = stepSpecs.map(({ type }) => type)
  const keys = new Set(keysOf(definitionJsonSchema(stepSpecs)).filter((key) => !types.includes(key)))
  expect(keys.size).toBeGreaterThan(45)
  expect([...keys].filter((key) => !text.includes(`\`${key}\``))).toEqual([])
})

test('every step type has its row, and every field of it in its own table', () => {
  for (const { type, schema } of stepSpecs) {
    expect(text).toMatch(new RegExp(`^\\| (?:\\[\`${type}\`\\]\\(#\\w+\\)|\`${type}\`) \\|`, 'm'))
    const [, table = ''] = text.split(new RegExp(`^#+ (?:${type === 'approval' ? 'Reviews' : type})$`, 'm'))
    const fields = Object.keys(schema.toJSONSchema({ io: 'input', unrepresentable: 'any' }).properties ?? {})
    expect(fields.filter((field) => !table.split(/^#/m)[0]!.includes(`\n| \`${field}\` |`))).toEqual([])
  }
})

test('every limit is in the reference', () => {
  const [, section = ''] = text.split('\n## Limits\n')
  const names = Object.entries(limits).filter(([, value]) => typeof value === 'number')
  expect(names.length).toBeGreaterThan(15)
  expect(
    names.filter(
      ([name, value]) =>
        name !== 'RETRIES_MAX' && name !== 'RESTARTS_MAX' && !section.includes(value.toLocaleString('en')),
    ),
  ).toEqual([])
})
