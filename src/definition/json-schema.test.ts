import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { stepSpecs } from '../steps/index.ts'
import { definitionJsonSchema } from './json-schema.ts'
import { parseDefinition } from './parse-definition.ts'

const schema = definitionJsonSchema(stepSpecs)
const validate = new Ajv2020({
  strict: true,
  strictRequired: false,
  strictTypes: false,
  allowUnionTypes: true,
}).compile(schema)

/** Whether the schema and the parser take it. */
const verdicts = (text: string): { schema: boolean; parser: boolean } => ({
  schema: validate(parse(text, { merge: true })),
  parser: parseDefinition(text, 'f', stepSpecs).ok,
})

const task = (fields: string): string => `name: x\ntasks:\n  - {key: t, ${fields}}\n`
const top = (fields: string): string => `name: x\n${fields}\ntasks: [{key: t, uses: noop}]\n`

const good = [
  task('uses: noop'),
  task('noop:'),
  task('noop: {}'),
  task('uses: noop, with: {}'),
  task('uses: noop, with:'),
  task('script: make'),
  task('script: make, with: {shell: bash}'),
  task('uses: script, with: {script: make}'),
  task('uses: script, script: make'),
  task('script: {script: make, cwd: a}'),
  task('git: /srv/web.git, with: {ref: main}'),
  task('git: {url: /srv/web.git}'),
  task('http: {url: "https://a", expect: [2xx, 404], headers: {accept: text/html}}'),
  task('http: https://a'),
  task('sleep: 10s'),
  task('sleep: 10'),
  task('sleep: "${{ run.number }}s"'),
  task('approval: Go?'),
  task('approval:'),
  task('approval: {reviewers: [a, b], required: all, expire: 2d}'),
  task('uses: approval'),
  task('uses: noop, needs: []'),
  task('uses: noop, when: true'),
  task("uses: noop, when: params.SYS_INCREMENT == '1'"),
  task('script: make, retry: 3, timeout: 1h30m, not_started: 90, on_lost: rerun, runs_on: linux'),
  task('uses: noop, retry: {max: 3, delay: 1s, max_delay: 2s, jitter: 0.5}, runs_on: [a, b]'),
  task('uses: noop, on_failure: {policy: hold, expire: 72h}, role: deploy'),
  task('uses: noop, env: {A: 1, B: true, C: x}, annotations: {a/b: 1}'),
  top('params: {a: , b: x, c: 3, d: false, e: {type: choice, options: [x, 1]}, f: {required: true, description: y}}'),
  top('params: {a: }\ntriggers: [{webhook: push, params: {ref: a}}]'),
  top('triggers: {operator: and, list: [{webhook: push}]}'),
  top('params: {a: }\ntriggers: [{webhook: push, signed: 2, params: {ref: a}}, {webhook: b, signed: true}]'),
  top("params: {a: }\ntriggers: [{schedule: '@every 15s', name: x, timezone: UTC, missed: once, params: {a: 3}}]"),
  top('triggers: [{channel: a}, {upstream: b, statuses: failed, params: {}}, {upstream: c, statuses: [failed]}]'),
  top('concurrency: 2'),
  top('concurrency: {limit: 2, group: a, when_full: abort}'),
  top('description: y\ntimeout: 4h\non_failure: continue\nrestarts: 0\nenv: {A: 1}\nannotations: {a: b}'),
  'name: x\nstages:\n  - {name: s, tasks: [{name: a, uses: noop}]}\n  - {key: t, always: true, when: false, timeout: 1m, on_failure: hold, tasks: [{key: b, uses: noop}]}\n',
  'name: x\ntasks:\n  - &a {key: a, script: make, retry: 1}\n  - {<<: *a, key: b}\n',
]

const bad = [
  'null',
  '[]',
  'name: x',
  'tasks: [{key: t, uses: noop}]',
  'name: x\ntasks: []',
  'name: x\nstages: []',
  'name: x\ntasks: [{key: t, uses: noop}]\nstages: [{key: s, tasks: [{key: t, uses: noop}]}]',
  'name: x\nstages: [{key: s}]',
  'name: x\nstages: [{tasks: [{key: t, uses: noop}]}]',
  'name: x\ntasks: [{uses: noop}]',
  top('tiemout: 3'),
  top('timeout: soon'),
  top('timeout: 0'),
  top('restarts: 101'),
  top('restarts: 1.5'),
  top('on_failure: skip'),
  top('on_failure: {expire: 3h}'),
  top('env: {A-B: 1}'),
  top('env: {MILLRACE_X: 1}'),
  top('env: {A: [1]}'),
  top('params: {a-b: 1}'),
  top('params: {SYS_X: 1}'),
  top('params: {a: [1]}'),
  top('params: {a: {type: strnig}}'),
  top('params: {a: {options: []}}'),
  top('triggers: []'),
  top('triggers: [{}]'),
  top('triggers: [{webhook: a, channel: b}]'),
  top('triggers: [{channel: a, missed: skip}]'),
  top('triggers: [{schedule: 3}]'),
  top('triggers: [{upstream: a, statuses: green}]'),
  top('concurrency: 0'),
  top('concurrency: {when_full: wait}'),
  top('triggers: {operator: xor, list: [{webhook: a}]}'),
  'name: [x]\ntasks: [{key: t, uses: noop}]',
  "name: ''\ntasks: [{key: t, uses: noop}]",
  'name: x\ntasks: [{key: a b, uses: noop}]',
  'name: x\ntasks: [{key: constructor, uses: noop}]',
  'name: x\ntasks: [make]',
  task('name: y'),
  task('uses: scirpt'),
  task('scirpt: make'),
  task('uses: script'),
  task('uses: script, with: {script: 3}'),
  task('script: make, sleep: 3'),
  task('uses: noop, script: make'),
  task('script: make, with: {shell: zsh}'),
  task('script: make, with: {shel: bash}'),
  task('git: {ref: a}'),
  task('git: {url: /a, foo: 1}'),
  task('git: {url: /a}, with: {ref: b}'),
  task('noop: 3'),
  task('sleep:'),
  task('approval: {required: none}'),
  task('uses: noop, timeout: 1m'),
  task('noop: {}, timeout: 1m'),
  task('uses: publish, with: {channel: c}, timeout: 1m'),
  task('uses: noop, retry: lots'),
  task('uses: noop, retry: {delay: 1s}'),
  task('uses: noop, on_lost: retry'),
  task('uses: noop, needs: [a b]'),
  task('uses: noop, when: [a]'),
  task('uses: noop, when: 3'),
  task('uses: noop, runs_on: ["a b"]'),
  task('uses: noop, role: builder'),
]

describe('the schema takes what the parser takes', () => {
  test.each(good)('%j', (text) => {
    const found = verdicts(text)
    expect({ ...found, errors: found.schema ? null : validate.errors }).toEqual({
      schema: true,
      parser: true,
      errors: null,
    })
  })
})

describe('the schema refuses what the parser refuses', () => {
  test.each(bad)('%j', (text) => {
    expect(verdicts(text)).toEqual({ schema: false, parser: false })
  })
})

test('what spans several places is the parser alone to refuse', () => {
  const text = 'name: x\ntasks: [{key: a, uses: noop, needs: [z], when: params.q}]'
  expect(verdicts(text)).toEqual({ schema: true, parser: false })
})

test('every key has a description, and every step type its fields', () => {
  const tree = JSON.parse(JSON.stringify(schema)) as {
    properties: Record<
      string,
      { description?: string; items?: { properties: Record<string, { description?: string }> } }
    >
  }
  const stage = tree.properties['stages']!.items!.properties as typeof tree.properties
  const levels = [tree.properties, stage, stage['tasks']!.items!.properties]
  const keys = levels.flatMap((properties) => Object.entries(properties))
  expect(keys.length).toBeGreaterThan(35)
  expect(keys.filter(([, { description }]) => description === undefined || description === '')).toEqual([])
  for (const { type } of stepSpecs) expect(levels[2]).toHaveProperty(type)
})
