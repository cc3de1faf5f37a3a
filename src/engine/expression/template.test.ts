import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../model/json.ts'
import type { Scope } from './expression.ts'
import {
  hasPieces,
  hasTemplate,
  renderJson,
  renderText,
  secretsIn,
  spliceText,
  templateErrors,
  templatePaths,
  TEMPLATE_PIECES_MAX,
} from './template.ts'

const scope: Scope = {
  params: { branch: 'main', count: 3, flag: true, list: ['a', 1], nothing: null, tricky: '${{ params.branch }}' },
  vars: (name) => (name === 'hosts' ? ['a', { port: 80 }] : undefined),
  tasks: (key) => (key === 'build' ? { status: 'succeeded', outputs: { tag: 'v1' } } : undefined),
  run: { number: 7, cause: 'manual', by: 'li', attempt: 1, timestamp: '20261124080000', id: 'r', pipeline: 'p' },
}

describe('text', () => {
  test.each([
    ['plain', 'plain'],
    ['', ''],
    ['${{ params.branch }}', 'main'],
    ['${{params.branch}}', 'main'],
    ['web:${{ tasks.build.outputs.tag }}-${{ run.number }}', 'web:v1-7'],
    ['[${{ params.nothing }}]', '[]'],
    ['[${{ params.missing }}]', '[]'],
    ['${{ params.count }} ${{ params.flag }}', '3 true'],
    ['list ${{ params.list }}', 'list ["a",1]'],
    ["${{ '}}' }}!", '}}!'],
    ["${{ 'it\\'s }}' }}!", "it's }}!"],
    ['${{ "it\'s }}" }}!', "it's }}!"],
    ['$${{ params.branch }}', '${{ params.branch }}'],
    ['a $${{ b ${{ params.branch }}', 'a ${{ b main'],
    ['$$${{ x', '$${{ x'],
    ['${ {x} } $ {{', '${ {x} } $ {{'],
    ['{{ params.branch }}', '{{ params.branch }}'],
    ['${{ params.tricky }}', '${{ params.branch }}'],
    ["${{ params.missing or 'latest' }}", 'latest'],
  ])('%j renders as %j', (text, rendered) => {
    expect(renderText(text, scope)).toBe(rendered)
  })

  test('a piece that does not parse stays as written', () => {
    expect(renderText('a ${{ 1 + }} ${{ params.branch }} ${{ open', scope)).toBe('a ${{ 1 + }} main ${{ open')
  })
})

describe('JSON', () => {
  test.each<[Json, Json]>([
    ['${{ params.count }}', 3],
    ['${{ params.flag }}', true],
    ['${{ params.list }}', ['a', 1]],
    ['${{ params.nothing }}', null],
    [' ${{ params.count }}', ' 3'],
    ['${{ params.count }}${{ params.count }}', '33'],
    ['$${{ params.count }}', '${{ params.count }}'],
    [
      { a: ['${{ params.branch }}', 1, null, true], b: { c: 'x' } },
      { a: ['main', 1, null, true], b: { c: 'x' } },
    ],
  ])('%j renders as %j', (value, rendered) => {
    expect(renderJson(value, scope)).toEqual(rendered)
  })

  test('keys are not rendered, and __proto__ is a key like any other', () => {
    const value = JSON.parse('{"__proto__": "${{ params.branch }}", "${{ params.branch }}": 1}') as Json
    expect(JSON.stringify(renderJson(value, scope))).toBe('{"__proto__":"main","${{ params.branch }}":1}')
  })
})

describe('secrets', () => {
  test.each([
    ['token=${{ secrets.KEY }} of ${{ params.branch }}!', ['token=', { secret: 'KEY' }, ' of ', 'main', '!']],
    ['${{ secrets.A }}${{ secrets.B }}', [{ secret: 'A' }, { secret: 'B' }]],
    ['$${{ secrets.A }} ${{ secrets.B }}', ['${{', ' secrets.A }} ', { secret: 'B' }]],
  ])('%j is put together of %j', (text, parts) => {
    expect(spliceText(text, scope)).toEqual(parts)
    expect(secretsIn(text)).toEqual(parts.flatMap((part) => (typeof part === 'string' ? [] : part.secret)))
  })

  test.each([
    'plain',
    'secrets.KEY',
    '${{ params.branch }}',
    '$${{ secrets.KEY }}',
    '${{ secrets }}',
    '${{ secrets.KEY.part }}',
    "${{ secrets.KEY or 'x' }}",
    '${{ params.secrets.KEY }}',
    '${{ secrets.KEY',
  ])('%j has none to put in', (text) => {
    expect(spliceText(text, scope)).toBeUndefined()
    expect(secretsIn(text)).toEqual([])
  })
})

test.each([
  ['plain', false],
  ['$${{ params.branch }}', false],
  ['${{ params.branch }}', true],
  ['$${{ a }} ${{ b', true],
])('%j has pieces to fill in: %s', (text, has) => {
  expect(hasPieces(text)).toBe(has)
})

describe('errors', () => {
  test.each<[string, readonly { at: number; message: string }[]]>([
    ['fine ${{ params.a }} $${{ not looked at', []],
    ['ab ${{ params.a', [{ at: 3, message: 'expected }} after ${{' }]],
    ['ab ${{ }}', [{ at: 7, message: 'expected a value, found the end' }]],
    [
      '${{ 1 + 2 }} ${{ a = b }}',
      [
        { at: 6, message: 'expected a value or an operator, found "+"' },
        { at: 19, message: 'expected `==`, found `=`' },
      ],
    ],
    ["${{ 'open }}", [{ at: 4, message: "this text has no end: expected a closing '" }]],
  ])('%s', (text, errors) => {
    expect(templateErrors(text)).toEqual(errors)
  })

  test('a text holds at most 100 pieces', () => {
    expect(templateErrors('${{ 1 }}'.repeat(TEMPLATE_PIECES_MAX))).toEqual([])
    const tooMany = '${{ 1 }}'.repeat(TEMPLATE_PIECES_MAX + 1)
    expect(templateErrors(tooMany)).toEqual([
      { at: 800, message: 'expected at most 100 pieces ${{ ... }} in one text' },
    ])
    expect(renderText(tooMany, scope)).toBe(`${'1'.repeat(100)}\${{ 1 }}`)
  })
})

test('paths come with their places in the whole text', () => {
  expect(templatePaths('a ${{ params.x }} $${{ params.no }} ${{ run.number == tasks.b.status }}')).toEqual([
    { path: ['params', 'x'], at: 6, whole: true },
    { path: ['run', 'number'], at: 40, whole: false },
    { path: ['tasks', 'b', 'status'], at: 54, whole: false },
  ])
})

test('text without pieces is itself, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      fc.pre(!hasTemplate(text))
      expect(renderText(text, scope)).toBe(text)
      expect(renderJson(text, scope)).toBe(text)
      expect(templateErrors(text)).toEqual([])
    }),
  )
})

test('rendering never throws, and a text without errors keeps its plain parts', () => {
  const part = fc.constantFrom('${{', '}}', '$', "'", '"', 'params.branch', ' ', 'x', '\\', '==')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const text = parts.join('')
      renderText(text, scope)
      for (const { at } of templateErrors(text)) expect(at).toBeLessThanOrEqual(text.length)
    }),
    { numRuns: 1_000 },
  )
})
