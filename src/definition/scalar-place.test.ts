import { describe, expect, test } from 'vitest'
import { Problems } from './problems.ts'
import { readYaml } from './read-yaml.ts'
import { placeInScalar } from './scalar-place.ts'
import { locate } from './tree.ts'

/** What stands in the document where the `^` of the value of `a` is. */
function textAtMark(document: string): string {
  const problems = new Problems('f', document)
  const scalar = locate(readYaml(document, problems)!, ['a']).tree
  if (scalar?.kind !== 'scalar') throw new Error('a is no text')
  return document.slice(placeInScalar(document, scalar, String(scalar.value).indexOf('^')))
}

describe('a character of a value is found in the document', () => {
  test.each([
    ['plain', 'a: one ^two'],
    ['plain with an anchor', 'a: &x one ^two'],
    ['on the next line', 'a:\n  one ^two'],
    ['single quotes', "a: 'it''s ''here'' ^two'"],
    ['double quotes', 'a: "\\"x\\"\\x41\\u0041\\U00000041\\t ^two"'],
    ['in a list', 'b: [1, 2]\na: ^two'],
    ['literal', 'a: |\n  one\n  one ^two\n'],
    ['literal on the first line', 'a: |-\n  ^two\n'],
    ['literal, indented further inside', 'a: |\n  one\n     one ^two\n'],
    ['literal after empty lines', 'a: |\n\n\n  one\n\n  one ^two\n'],
    ['literal with its indentation told', 'a: |2\n    one\n   one ^two\n'],
    ['literal with Windows lines', 'a: |\r\n  one\r\n  one ^two\r\n'],
    ['literal in a deeper map', 'b:\n  c: 1\na:   |+ # comment\n      one\n      one ^two\n\n'],
  ])('%s', (_, document) => {
    expect(textAtMark(document)).toBe(document.slice(document.indexOf('^')))
  })
})

test.each([
  ['folded', 'a: >\n  one\n  ^two\n', '>'],
  ['plain on several lines', 'a: one\n  ^two\n', 'one'],
  ['quoted on several lines', 'a: "one\n  ^two"\n', '"one'],
])('%s text answers with its beginning', (_, document, beginning) => {
  expect(textAtMark(document).startsWith(beginning)).toBe(true)
})
