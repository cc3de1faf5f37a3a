/** `a`, `a or b`, `one of a, b or c` */
export const wordList = (words: readonly string[]): string =>
  words.length < 2
    ? words.join('')
    : `${words.length > 2 ? 'one of ' : ''}${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
