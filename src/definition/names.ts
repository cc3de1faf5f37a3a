import { ANNOTATION_VALUE_MAX, ANNOTATIONS_MAX, DESCRIPTION_MAX, KEY_MAX, NAME_MAX } from './limits.ts'
import { mapOf, text, writtenText } from './shape.ts'
import { quote } from './tree.ts'

/** Names and keys, and what people write beside them. */

export const name = text({ min: 1, max: NAME_MAX, oneLine: true, expected: `a name of 1 to ${NAME_MAX} characters` })
export const description = text({ max: DESCRIPTION_MAX })

const KEY =
  /^(?!(?:constructor|toString|toLocaleString|valueOf|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|__\w+__)$)[A-Za-z0-9_-]+$/

export const key = text({
  min: 1,
  max: KEY_MAX,
  // Keys are looked up in tables: none may be the name of something that every JavaScript object has.
  pattern: KEY,
  expected: `a key of letters, digits, _ and -, at most ${KEY_MAX} characters`,
})

export const keyProblem = (found: string): string | undefined =>
  KEY.test(found) && found.length <= KEY_MAX
    ? undefined
    : `expected a key of letters, digits, _ and -, at most ${KEY_MAX} characters, found ${quote(found)}`

export const annotations = mapOf(writtenText({ max: ANNOTATION_VALUE_MAX }), {
  max: ANNOTATIONS_MAX,
  keyProblem: (found) =>
    found.length >= 1 && found.length <= NAME_MAX && !/\p{Cc}/u.test(found)
      ? undefined
      : `expected a name of 1 to ${NAME_MAX} characters, found ${quote(found)}`,
  keySchema: { minLength: 1, maxLength: NAME_MAX },
})
