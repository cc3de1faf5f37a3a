import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs'
import { OUTPUTS_MAX_BYTES } from '../model/limits.ts'
import type { OutputsRead } from '../steps/step.ts'

/** How many names a task may hand on; the bytes are counted as the file has them. */
const OUTPUT_MAX_NAMES = 100
const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/

/**
 * Reads the file that a task wrote: `name=value` lines and blocks, whose value is everything between the two lines:
 *
 *     name<<END
 *     ...
 *     END
 *
 * Empty lines mean nothing; a name that comes twice has its last value. A file that is not there is no outputs.
 * The task owns the file, so it may be anything: a link, a pipe, a gigabyte.
 */
export function readOutputFile(path: string): OutputsRead {
  let fd: number
  try {
    // Mostly there is none, and an error costs more than the question.
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return { ok: true, outputs: {} }
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return refused('the output file cannot be read')
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return refused('the output file is not a regular file')
    if (stat.size > OUTPUTS_MAX_BYTES) {
      return refused(`the output file has ${stat.size} bytes, at most ${OUTPUTS_MAX_BYTES} are allowed`)
    }
    return parseOutputs(readFileSync(fd))
  } finally {
    closeSync(fd)
  }
}

export function parseOutputs(bytes: Uint8Array): OutputsRead {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return refused('the output file is not UTF-8')
  }
  const outputs = new Map<string, string>()
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    if (line === '') continue
    const wrong = (reason: string): OutputsRead => refused(`line ${index + 1} of the output file ${reason}`)
    const at = line.search(/=|<</)
    if (at < 0) return wrong('is neither name=value nor name<<END')
    const name = line.slice(0, at)
    if (!NAME.test(name) || name === '__proto__')
      return wrong('has no valid name: letters, digits, _ and -, at most 64')
    let value = line.slice(at + 1)
    if (line.startsWith('<<', at)) {
      const end = line.slice(at + 2)
      if (end === '') return wrong('has no end marker after <<')
      const last = lines.indexOf(end, index + 1)
      if (last < 0) return wrong(`begins a block without its end ${JSON.stringify(end)}`)
      value = lines.slice(index + 1, last).join('\n')
      index = last
    }
    if (value.includes('\0')) return wrong('has a NUL character')
    outputs.set(name, value)
    if (outputs.size > OUTPUT_MAX_NAMES) return wrong(`is one name too many: at most ${OUTPUT_MAX_NAMES} are allowed`)
  }
  return { ok: true, outputs: Object.fromEntries(outputs) }
}

const refused = (reason: string): OutputsRead => ({ ok: false, reason })
