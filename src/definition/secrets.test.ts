import { describe, expect, test } from 'vitest'
import { stepSpecs } from '../steps/index.ts'
import { parseDefinition } from './parse-definition.ts'

const parse = (text: string) => parseDefinition(text, 'web.yaml', stepSpecs)
function errorsOf(text: string): readonly string[] {
  const result = parse(text)
  return result.ok
    ? []
    : result.errors.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)
}
function secretsOf(text: string) {
  const result = parse(text)
  if (!result.ok) throw new Error(JSON.stringify(result.errors))
  return result.definition.stages.flatMap(({ tasks }) => tasks.map(({ secrets }) => secrets))
}

test('a task is given its own secrets, those of its stage and of its pipeline, the nearest of two for a variable', () => {
  const text = `
name: web
secrets: [ALL, {name: OTHER, env: TOKEN}]
stages:
  - name: one
    secrets: [{name: OF_STAGE, env: TOKEN}]
    tasks:
      - key: a
        secrets: [{name: KEY, as: file}, {name: MINE, env: ALL}]
        script: make
      - {key: b, uses: noop}
  - name: two
    tasks: [{key: c, script: make}]
`
  expect(secretsOf(text)).toEqual([
    [
      { name: 'MINE', as: 'env', env: 'ALL' },
      { name: 'OF_STAGE', as: 'env', env: 'TOKEN' },
      { name: 'KEY', as: 'file', env: 'KEY' },
    ],
    undefined,
    [
      { name: 'ALL', as: 'env', env: 'ALL' },
      { name: 'OTHER', as: 'env', env: 'TOKEN' },
    ],
  ])
})

describe('what no secret may be', () => {
  const task = (...lines: string[]): string =>
    ['name: x', 'tasks:', '  - key: t', ...lines.map((line) => `    ${line}`), ''].join('\n')
  const where = 'expected secrets only in `env` and in the input of a step that a runner does'
  const whole = 'expected a secret on its own, ${{ secrets.NAME }}: no condition and no call sees its value'
  test.each<[string, readonly string[]]>([
    [
      task('script: make', 'secrets: [a-b]'),
      [
        '5:15 tasks[0].secrets[0]: expected the name of a secret: capital letters, digits and _, at most 64, found "a-b"',
      ],
    ],
    [
      task('script: make', 'secrets: [{name: A, env: MILLRACE_A}]'),
      [
        '5:30 tasks[0].secrets[0].env: expected the name of an environment variable: letters, digits and _, not beginning with MILLRACE_, found "MILLRACE_A"',
      ],
    ],
    [
      task('uses: noop', 'secrets: [A]'),
      [
        '5:14 tasks[0].secrets: expected secrets only on a task that a runner does, found them on one of the server itself',
      ],
    ],
    [task('script: make', "when: secrets.A == 'x'"), [`5:11 tasks[0].when: ${whole}`]],
    [task('script: make', 'name: x', 'env: {A: "${{ lower(secrets.A) }}"}'), [`6:25 tasks[0].env.A: ${whole}`]],
    [
      task('script: make', 'env: {A: "${{ secrets.a }}"}'),
      ['5:19 tasks[0].env.A: expected secrets.NAME, the name in capital letters, digits and _, found "secrets.a"'],
    ],
    [task('approval: {question: "${{ secrets.A }}"}'), [`4:31 tasks[0].approval.question: ${where}`]],
    ['name: x\nvariables: {a: "${{ secrets.A }}"}\ntasks: [{key: t, script: make}]\n', [`2:21 variables.a: ${where}`]],
  ])('%j', (text, errors) => {
    expect(errorsOf(text)).toEqual(errors)
  })

  test('and where it may be', () => {
    expect(
      errorsOf(
        [
          'name: x',
          "env: {ALL: '${{ secrets.A }}'}",
          'stages:',
          '  - name: s',
          '    tasks:',
          "      - {key: g, http: {url: 'https://x/', headers: {A: 'B ${{ secrets.A }}'}}, env: {C: '${{ secrets.A }}'}}",
          '  - name: f',
          '    flow:',
          '      nodes:',
          '        s: {uses: start}',
          "        h: {uses: http, with: {url: 'https://x/${{ secrets.A }}'}, env: {C: '${{ secrets.A }}'}}",
          '        e: {uses: end}',
          '      edges: [{from: s, to: h}, {from: h, to: e}]',
          '',
        ].join('\n'),
      ),
    ).toEqual([])
  })
})
