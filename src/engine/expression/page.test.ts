import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../model/json.ts'
import { FUNCTION_NAMES } from '../bamboo/function.ts'
import { renderBamboo } from '../bamboo/template.ts'
import { evaluateBoolRule } from '../bamboo/bool-rule.ts'
import { evaluate, parseExpression, type Scope, type TaskScope } from './expression.ts'

/** docs/reference/expressions.md says what the code does. */
const page = readFileSync(new URL('../../../docs/reference/expressions.md', import.meta.url), 'utf8')

/** The part under a heading, up to the next one of its kind. */
function section(heading: string): string {
  const part = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`))
  if (part === undefined) throw new Error(`the page has no section ${heading}`)
  return part
}

const given = (text: string): JsonObject => JSON.parse(/```json\n([^`]+)```/.exec(text)?.[1] ?? '') as JsonObject
const plain = (cell: string): string => cell.trim().replace(/^`|`$/g, '').replaceAll('\\|', '|')

/** The rows of the table that begins so; `rowsMin` proves that there was something to look at. */
function rows(text: string, head: string, rowsMin: number): readonly (readonly [string, string])[] {
  const table = text.slice(text.indexOf(`| ${head} |`)).split('\n\n')[0] ?? ''
  const lines = table
    .split('\n')
    .slice(2)
    .filter((line) => line !== '')
  if (lines.length < rowsMin) throw new Error(`expected at least ${rowsMin} examples, found ${lines.length}`)
  return lines.map((line) => {
    const [, left = '', right = ''] = line.split(/(?<!\\)\|/)
    return [plain(left), right.trim()] as const
  })
}

describe('the examples of the reference', () => {
  const native = section('The native language')
  const values = given(native) as unknown as Omit<Scope, 'vars' | 'tasks'> & {
    readonly vars: JsonObject
    readonly tasks: Readonly<Record<string, TaskScope>>
  }
  const scope: Scope = { ...values, vars: (name) => values.vars[name], tasks: (key) => values.tasks[key] }

  test.each(rows(native, 'expression', 20))('native: %s is %s', (text, value) => {
    const parsed = parseExpression(text)
    if (!parsed.ok) throw new Error(parsed.message)
    expect(evaluate(parsed.expression, scope)).toEqual(JSON.parse(plain(value)))
  })

  test.each(rows(section('Conditions of the bamboo language'), 'condition', 20))(
    'condition: %s is %s',
    (text, value) => {
      const result = evaluateBoolRule(text, null)
      expect(result.ok ? String(result.value) : result.message).toBe(value)
    },
  )

  const bamboo = section('Templates of the bamboo language')
  const names = given(bamboo)
  const at = 1_795_307_405_000 // 2026-11-22T00:30:05Z

  test.each(rows(bamboo, 'text', 20))('template: %s becomes %s', (text, value) => {
    const get = (name: string): Json | undefined => (Object.hasOwn(names, name) ? names[name] : undefined)
    expect(renderBamboo(text, { get, at, zoneOffsetMinutes: 480 })).toEqual(JSON.parse(plain(value)))
  })

  test('every function is named', () => {
    for (const name of FUNCTION_NAMES) expect(bamboo).toContain(`\`${name}\``)
  })
})
