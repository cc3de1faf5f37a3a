/**
 * What the parser of YAML says of a text that is none, in our words: what was expected, and what was found. For the slips
 * that people make; the rest stays as it is. Its version is pinned, and a test holds each of these to what it says.
 */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /^Nested mappings are not allowed in compact mappings$/,
    'expected one key, found a second ": ": put text with ": " in it in quotes, and a key of its own in the column of the others',
  ],
  [
    /^Sequence item without - indicator$/,
    'expected "-" before an item of a list, or a key in the column of the first one of its item, found neither',
  ],
  [
    /^All mapping items must start at the same column$/,
    'expected the keys of a mapping in one column, found this one in another',
  ],
  [
    /^(?:All sequence items must start at the same column|A block sequence may not be used as an implicit map key)$/,
    'expected the items of a list in one column, found this one in another',
  ],
  [/^Implicit keys need to be on a single line$/, 'expected a key and ": " on one line, found text without ": "'],
  [/^Implicit map keys need to be followed by map values$/, 'expected ": " and a value after the key, found none'],
  [/^Missing closing (["'])quote$/, 'expected a closing $1, found the end'],
  [
    /^Unexpected scalar at node end$/,
    'expected nothing more after the value, found text: within quotes write the quote twice, or put the text in others',
  ],
  [
    /^Flow map(?: in block collection)? must (?:be sufficiently indented and )?end with a }$/,
    'expected } before this, for the { that is open',
  ],
  [
    /^Flow sequence(?: in block collection)? must (?:be sufficiently indented and )?end with a \]$/,
    'expected ] before this, for the [ that is open',
  ],
  [
    /^Plain value cannot start with (?:reserved|directive indicator) character (.)$/,
    'expected text in quotes, as it begins with $1',
  ],
  [/^Comments must be separated from other tokens by white space characters$/, 'expected a blank before #, found none'],
  [/^Unexpected \S+ token in YAML \w+: (.*)$/, 'expected a key or a value, found $1'],
  [/^Invalid escape sequence (.*)$/, 'expected an escape that YAML knows, found $1: a backslash is written twice'],
  [/^Unresolved tag: (.*)$/, 'expected no tag, found $1: put text that begins with ! in quotes'],
]

/** By the parser's code, where what it says tells no more. */
const BY_CODE: Readonly<Record<string, string>> = {
  NON_STRING_KEY: 'expected text as a key: put text that begins with { or [ in quotes',
  TAB_AS_INDENT: 'expected spaces as indentation, found a tab',
}

export function syntaxSentence(code: string, message: string): string {
  const known = BY_CODE[code]
  if (known !== undefined) return known
  const [pattern, words] = WORDS.find(([said]) => said.test(message)) ?? []
  return pattern === undefined || words === undefined ? message : message.replace(pattern, words)
}
