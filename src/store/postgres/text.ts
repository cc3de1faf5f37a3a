/**
 * PostgreSQL's text holds every character but NUL. We write NUL as U+0001 "0" and U+0001 itself as U+0001 "1", and read
 * them back: nobody's text is refused or changed for it.
 */

const ESCAPE = '\u0001'

export const encodeText = (text: string): string =>
  text.includes('\0') || text.includes(ESCAPE)
    ? text.replaceAll(ESCAPE, `${ESCAPE}1`).replaceAll('\0', `${ESCAPE}0`)
    : text

export const decodeText = (text: string): string =>
  text.includes(ESCAPE) ? text.replaceAll(`${ESCAPE}0`, '\0').replaceAll(`${ESCAPE}1`, ESCAPE) : text
