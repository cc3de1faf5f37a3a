import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { stepSpecs } from '../steps/index.ts'
import { definitionJsonSchema } from './json-schema.ts'
import { parseDefinition } from './parse-definition.ts'

const validate = new Ajv2020({
  strict: true,
  strictRequired: false,
  strictTypes: false,
  allowUnionTypes: true,
}).compile(definitionJsonSchema(stepSpecs))

function read(text: string) {
  const result = parseDefinition(text, 'f', stepSpecs)
  if (!result.ok) throw new Error(result.errors.map(({ path, message }) => `${path}: ${message}`).join('\n'))
  expect(validate(parse(text, { merge: true }))).toBe(true)
  return result.definition
}

/** `line:column path: message` of every error, in the order of the text. */
function errorsOf(text: string): readonly string[] {
  const result = parseDefinition(text, 'f', stepSpecs)
  return result.ok
    ? []
    : result.errors.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)
}

const FLOW = `
flow:
  loops: 7
  nodes:
    s: {start: {}}
    x: {gateway: exclusive}
    a: {uses: callback, optional: true, on_timeout: skip, timeout: 5m}
    sub: {subflow: {}}
    in: {start: {}, parent: sub}
    work: {script: make, parent: sub, rollback: {script: make undo}}
    out: {end: {}, parent: sub}
    e: {uses: end}
  edges:
    - {from: s, to: x}
    - {from: x, to: a, when: run.number > 1, key: first, name: Once more}
    - {from: x, to: sub, default: true}
    - {from: a, to: x}
    - {from: in, to: work}
    - {from: work, to: out}
    - {from: sub, to: e}
`

describe('a flow', () => {
  test('at the top is a stage with the name of the pipeline', () => {
    const { stages } = read(`name: Walk${FLOW}`)
    expect(stages.map(({ key, name }) => [key, name])).toEqual([['walk', 'Walk']])
    expect(stages[0]?.flow).toMatchObject({ loopMax: 7 })
    expect(stages[0]?.flow?.edges.slice(0, 3)).toMatchObject([
      { key: 'edge-1', name: '', from: 's', to: 'x', when: null, default: false },
      { key: 'first', name: 'Once more', when: { op: '>' } },
      { key: 'edge-3', when: null, default: true },
    ])
    expect(stages[0]?.tasks.map(({ key, parent, work }) => [key, parent, work.kind])).toEqual([
      ['s', null, 'start'],
      ['x', null, 'gateway'],
      ['a', null, 'callback'],
      ['sub', null, 'subflow'],
      ['in', 'sub', 'start'],
      ['work', 'sub', 'runner'],
      ['out', 'sub', 'end'],
      ['e', null, 'end'],
    ])
    expect(stages[0]?.tasks[2]).toMatchObject({ optional: true, onTimeout: 'skip', timeoutMs: 300_000 })
    expect(stages[0]?.tasks[5]?.rollback).toEqual({ kind: 'runner', uses: 'script', with: { script: 'make undo' } })
  })

  test('in a stage is the same, beside other stages', () => {
    const inner = FLOW.trim().replaceAll('\n', '\n    ')
    const { stages } = read(
      `name: x\nstages:\n  - name: one\n    ${inner}\n  - name: two\n    parallel: true\n    tasks: [{key: z, noop: }]\n`,
    )
    expect(stages.map(({ key, parallel, flow }) => [key, parallel, flow === null])).toEqual([
      ['one', false, false],
      ['two', true, true],
    ])
  })

  test('of the language bamboo has BoolRule conditions', () => {
    const { stages } = read(
      "name: x\nlanguage: bamboo\nvariables: {n: 3}\nflow:\n  nodes: {s: {start: {}}, x: {gateway: exclusive}, a: {noop: }, e: {end: {}}}\n  edges: [{from: s, to: x}, {from: x, to: a, when: \"${n} >= 3 and 'a' in ('a','b')\"}, {from: x, to: e, default: true}, {from: a, to: e}]\n",
    )
    expect(stages[0]?.flow?.edges[1]?.when).toEqual({ op: 'bool-rule', text: "${n} >= 3 and 'a' in ('a','b')" })
  })
})

describe('what is wrong with a flow has its place', () => {
  test.each<[string, string, readonly string[]]>([
    [
      'a node that leads nowhere, and an edge to nobody',
      'name: x\nflow:\n  nodes:\n    s: {start: {}}\n    a: {noop: }\n    e: {end: {}}\n  edges:\n    - {from: s, to: a}\n    - {from: a, to: gone}\n',
      ['9:7 flow.edges[1]: edge-2: expected an edge to a node of the flow, found gone'],
    ],
    [
      'degrees',
      'name: x\nflow:\n  nodes:\n    s: {start: {}}\n    a: {noop: }\n    e: {end: {}}\n  edges:\n    - {from: s, to: a}\n',
      [
        '5:8 flow.nodes.a: a: expected 1 edges out of it, found 0',
        '6:8 flow.nodes.e: e: expected at least 1 edges to it, found 0',
      ],
    ],
    [
      'needs, and a condition that would pass over a gateway',
      'name: x\nflow:\n  nodes:\n    s: {start: {}}\n    x: {gateway: exclusive, when: "false", optional: true}\n    a: {noop: , needs: x}\n    e: {end: {}}\n  edges: [{from: s, to: x}, {from: x, to: a, default: true}, {from: a, to: e}]\n',
      [
        '5:35 flow.nodes.x.when: expected no when for a gateway: nothing passes over it',
        '5:54 flow.nodes.x.optional: expected no optional for a gateway: nothing passes over it',
        '6:24 flow.nodes.a.needs: expected edges instead of needs in a flow',
      ],
    ],
    [
      'a node that is to begin without a token',
      'name: x\nflow:\n  nodes:\n    s: {start: {}}\n    a: {noop: , always: true}\n    e: {end: {}}\n  edges: [{from: s, to: a}, {from: a, to: e}]\n',
      ['5:25 flow.nodes.a.always: expected always only outside of a flow: its nodes begin when a token comes to them'],
    ],
    [
      'words of flows outside of one',
      'name: x\ntasks:\n  - {key: a, start: {}}\n  - {key: b, noop: , parent: a}\n',
      ['3:5 tasks[0]: expected start only in a flow', '4:30 tasks[1].parent: expected a parent only in a flow'],
    ],
    [
      'flow beside tasks',
      'name: x\ntasks: [{key: a, noop: }]\nflow: {nodes: {}, edges: []}\n',
      ['3:1 flow: expected either `stages`, `tasks` or `flow`, found both'],
    ],
  ])('%s', (_, text, errors) => {
    const found = errorsOf(text)
    for (const error of errors) expect(found).toContain(error)
  })
})

describe('triggers of a stage', () => {
  const staged = (triggers: string): string =>
    `name: x\nparams: {tag: }\nstages:\n  - key: s\n    triggers: ${triggers}\n    tasks: [{key: a, noop: }]\n`

  test('are webhooks and channels, which may give params', () => {
    const { stages } = read(staged('{operator: and, list: [{webhook: go, params: {v: tag}}, {channel: images}]}'))
    expect(stages[0]?.triggers).toMatchObject({ operator: 'and', list: [{ kind: 'webhook' }, { kind: 'channel' }] })
  })

  test.each([
    [
      "[{webhook: go}, {schedule: '@daily'}]",
      '5:32 stages[0].triggers[1].schedule: expected webhook or channel for a stage to wait for, found schedule, which starts runs',
    ],
    [
      '{list: [{upstream: build}]}',
      '5:24 stages[0].triggers.list[0].upstream: expected webhook or channel for a stage to wait for, found upstream, which starts runs',
    ],
    [
      '[{webhook: go, params: {v: gone}}]',
      '5:32 stages[0].triggers[0].params.v: expected the name of a param, found "gone"',
    ],
    [
      '[{webhook: go}, {channel: go}]',
      '5:32 stages[0].triggers[1].channel: expected a name of its own for every trigger, found "go" again: give it a `name`',
    ],
  ])('%s', (triggers, error) => {
    expect(errorsOf(staged(triggers)).map((one) => one.replace(/^\d+:\d+/, ''))).toEqual([
      error.replace(/^\d+:\d+/, ''),
    ])
    expect(errorsOf(staged(triggers))[0]).toMatch(/^5:\d+ /)
  })

  test('of other kinds are no more in the schema than in the parser', () => {
    const verdict = (text: string): boolean => validate(parse(text, { merge: true }))
    expect(verdict(staged("[{schedule: '@daily'}]"))).toBe(false)
    expect(verdict(staged('[{upstream: build}]'))).toBe(false)
    expect(verdict(staged('[{channel: a}]'))).toBe(true)
  })
})
