/** Markdown as far as the tests of our documents need it. */

/**
 * Rows of the first table after this heading, each as its cells without the space around them.
 * @throws Error when there is no such heading, or no table before the next one.
 */
export function tableUnder(page: string, heading: string): readonly (readonly string[])[] {
  const lines = page.split('\n')
  const begin = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading)
  if (begin < 0) throw new Error(`there is no heading "${heading}"`)
  const length = lines.slice(begin + 1).findIndex((line) => /^#+ /.test(line))
  const section = lines.slice(begin + 1, length < 0 ? undefined : begin + 1 + length)
  const first = section.findIndex((line) => line.startsWith('|'))
  if (first < 0) throw new Error(`there is no table under "${heading}"`)
  const after = section.slice(first).findIndex((line) => !line.startsWith('|'))
  // The first two lines are the titles and the rule below them.
  return section.slice(first + 2, after < 0 ? undefined : first + after).map(cellsOf)
}

/** A `\|` is a bar inside of a cell. */
const cellsOf = (line: string): readonly string[] =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))

/** The fenced blocks of a page, in order. */
export function codeBlocks(page: string): readonly { readonly language: string; readonly text: string }[] {
  return [...page.matchAll(/^```(\S*)[^\n]*\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))
}
