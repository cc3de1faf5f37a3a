import { readFileSync } from 'node:fs'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'

/**
 * A secret from a file, or from stdin for `-`: never from the arguments, which every user of the machine can read. Of a
 * single line the line break at its end is no part; a text of several lines, such as a key, stays as it is.
 */
export function readSecret(file: string): string {
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Fault(EXIT.usage, `${file}: expected a file that can be read, found ${code ?? message}`)
  }
  const line = text.replace(/\r?\n$/, '')
  return line.includes('\n') ? text : line
}
