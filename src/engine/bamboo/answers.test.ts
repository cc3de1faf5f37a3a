import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../model/json.ts'
import { renderBamboo } from './template.ts'
import { evaluateBoolRule } from './bool-rule.ts'

/** What the original answered; its source is in the file. A rule without an answer did not parse. */
interface Answers {
  readonly given: Readonly<Record<string, Json>>
  readonly templates: readonly (readonly [text: string, value: Json])[]
  readonly rules: readonly (readonly [
    rule: string,
    context: Readonly<Record<string, Json>> | null,
    answer: boolean | string | null,
  ])[]
}

const file = new URL('fixtures/bamboo-answers.json', import.meta.url)
const { given, templates, rules } = JSON.parse(readFileSync(file, 'utf8')) as Answers

describe('the original gave the same answer', () => {
  test.each(templates)('to the template %j: %j', (text, value) => {
    const get = (name: string): Json | undefined => (Object.hasOwn(given, name) ? given[name] : undefined)
    expect(renderBamboo(text, { get, at: 0, zoneOffsetMinutes: 0 })).toEqual(value)
  })

  test.each(rules)('to the condition %j, given %j: %j', (rule, context, answer) => {
    const got = evaluateBoolRule(rule, context)
    if (typeof answer === 'boolean') expect(got).toEqual({ ok: true, value: answer })
    else if (answer === null) expect(got.ok).toBe(false)
    else expect(got).toEqual({ ok: false, message: answer })
  })
})

/** By kind: an expression and the text of its value, or null where it has none. */
interface PythonAnswers {
  readonly given: Readonly<Record<string, Json>>
  readonly expressions: Readonly<Record<string, readonly (readonly [expression: string, text: string | null])[]>>
}

const python = JSON.parse(
  readFileSync(new URL('fixtures/python-answers.json', import.meta.url), 'utf8'),
) as PythonAnswers

test.each(Object.entries(python.expressions))('Python gave the same answers about %s', (_, expressions) => {
  const get = (name: string): Json | undefined => (Object.hasOwn(python.given, name) ? python.given[name] : undefined)
  const others = expressions.filter(([expression, text]) => {
    const piece = `\${${expression} }`
    return renderBamboo(`=${piece}`, { get, at: 0, zoneOffsetMinutes: 0 }) !== `=${text ?? piece}`
  })
  expect(others).toEqual([])
})
