import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEPTH_MAX } from './limits.ts'
import { Problems } from './problems.ts'
import { readJson } from './read-json.ts'
import { readYaml } from './read-yaml.ts'

const asYaml = (text: string) => readYaml(text, new Problems('x', text))

describe('JSON', () => {
  test('is read as the same values, at the same places, as it is when it is taken for YAML', () => {
    const anyText = fc.string({ unit: 'binary' })
    const spacing = fc.constantFrom(undefined, 1, 2, '\t')
    fc.assert(
      fc.property(
        fc.dictionary(anyText, fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' })),
        spacing,
        (value, space) => {
          const text = JSON.stringify(value, null, space)
          const read = readJson(text)
          // Control characters, and what else there is to say something of, are for the reader of YAML.
          if (read !== undefined) expect(read).toEqual(asYaml(text))
          else expect(/[^\P{Cc}\t\n\r]|\p{Cs}|\\u|__proto__|<<|e\+?\d{3}/u.test(text) || space === '\t').toBe(true)
        },
      ),
    )
  })

  test.each([
    '{"a": "x y", "b": [1, -2.50, 1e3, true, false, null, {}, []], "c": {"d": "é\\n\\u00e9/\\/"}}',
    ' {\n  "a" : [ ] ,\r\n "b": "" }\n',
  ])('%s', (text) => {
    expect(readJson(text)).toBeDefined()
    expect(readJson(text)).toEqual(asYaml(text))
  })

  test.each([
    ['', 'nothing'],
    ['[1]', 'no map at its top'],
    ['{"a": 1,}', 'a comma too many'],
    ['{"a": 01}', 'a number that is none'],
    ['{"a": 1e999}', 'a number that JSON cannot hold'],
    ['{"a": .5}', 'a number of YAML'],
    ['{"a": 1} # x', 'a comment'],
    ['{"a": 1, "a": 2}', 'a key twice'],
    ['{"<<": {"a": 1}}', 'a merge'],
    ['{"__proto__": 1}', 'a key that leads astray'],
    ['{"a": "\\ud800"}', 'half a character'],
    ['{"a": "\\u0000"}', 'a NUL'],
    ['{"a": "x\ny"}', 'a line break in a text'],
    ["{'a': 1}", 'other quotes'],
    ['{"a": nul}', 'a word that is none'],
    ['{"a" 1}', 'no colon'],
    ['{"a": 1', 'no end'],
    [`{"a": ${'['.repeat(DEPTH_MAX)}${']'.repeat(DEPTH_MAX)}}`, 'too many levels'],
  ])('%s is left to the reader of YAML: %s', (text) => expect(readJson(text)).toBeUndefined())
})
