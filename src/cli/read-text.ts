import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'
import { systemReason } from './system-fault.ts'

/** The text of a file, or of stdin for `-`. @throws Fault `usage` when it cannot be read, or is not UTF-8 */
export function readText(file: string): string {
  const bytes = readBytes(file)
  if (isUtf8(bytes)) return bytes.toString()
  throw new Fault(EXIT.usage, `${file}: expected UTF-8 text, found other bytes`)
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file)
  } catch (error) {
    const found = systemReason(error) ?? String(error)
    throw new Fault(EXIT.usage, `${file}: expected a file that can be read, found ${found}`, { cause: error })
  }
}
