import { readFileSync } from 'node:fs'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'

/** The text of a file, or of stdin for `-`, and what errors call it. */
export function readDefinition(file: string): { readonly text: string; readonly file: string } {
  try {
    return { text: readFileSync(file === '-' ? 0 : file, 'utf8'), file: file === '-' ? 'stdin' : file }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Fault(EXIT.usage, `${file}: expected a file that can be read, found ${reasons[code ?? ''] ?? message}`)
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'none',
  EISDIR: 'a directory',
  EACCES: 'that it may not be read',
}
