import { readText } from './read-text.ts'

/**
 * A secret from a file, or from stdin for `-`: never from the arguments, which every user of the machine can read. Of a
 * single line the line break at its end is no part; a text of several lines, such as a key, stays as it is.
 */
export function readSecret(file: string): string {
  const text = readText(file)
  const line = text.replace(/\r?\n$/, '')
  return line.includes('\n') ? text : line
}
