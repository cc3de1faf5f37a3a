import { join } from 'node:path'
import type { CodeMetrics } from '../../../model/finding.ts'
import type { LintRuleId } from '../rules.ts'
import { readSmallFile, readStart } from '../../kit/workspace-file.ts'
import { Metrics } from './metrics.ts'
import { syntaxProblem } from './syntax-rules.ts'
import { textProblems, type Problem } from './text-rules.ts'
import { walk } from './walk.ts'

const FILE_BYTES_MAX = 1024 * 1024
/** What git takes for binary: a NUL in the first 8000 bytes. */
const BINARY_LOOK_BYTES = 8_000
const PROBLEMS_MAX = 50_000
/** Of all files together; a minute or so of work. */
const BYTES_MAX = 512 * 1024 * 1024

export interface FileProblem extends Problem {
  readonly file: string
}

export interface Linted {
  readonly problems: readonly FileProblem[]
  readonly metrics: CodeMetrics
  readonly files: readonly string[]
  /** What was not looked at, in a sentence each. */
  readonly notes: readonly string[]
}

/** Reads every text file below a directory. Runs nothing of it. */
export function lint(
  directory: string,
  { rules, exclude }: { readonly rules: ReadonlySet<LintRuleId>; readonly exclude: readonly string[] },
): Linted {
  const { files, folders, complete } = walk(directory, exclude)
  const notes = complete ? [] : ['Not every file was looked at: there are too many, or too deep, or unreadable ones.']
  const problems: FileProblem[] = []
  const metrics = new Metrics()
  let bytes = 0
  for (const { path, sizeBytes } of files) {
    bytes += Math.min(sizeBytes, FILE_BYTES_MAX)
    if (bytes > BYTES_MAX) {
      notes.push(`More than ${BYTES_MAX} bytes: ${path} and the files after it were not looked at.`)
      break
    }
    const found = sizeBytes > FILE_BYTES_MAX ? largeFile(directory, path, sizeBytes) : read(directory, path, metrics)
    problems.push(...found.filter(({ ruleId }) => rules.has(ruleId)).map((each) => ({ ...each, file: path })))
    if (problems.length > PROBLEMS_MAX) {
      notes.push(`More than ${PROBLEMS_MAX} problems: the files after ${path} were not looked at.`)
      break
    }
  }
  return { problems, metrics: metrics.result(folders), files: files.map(({ path }) => path), notes }
}

function read(directory: string, path: string, metrics: Metrics): readonly Problem[] {
  const absolute = join(directory, path)
  const file = readSmallFile(absolute, FILE_BYTES_MAX)
  if (!file.ok || isBinary(file.bytes)) return []
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file.bytes)
  } catch {
    return [{ ruleId: 'not-utf8', line: 0, message: 'The file holds bytes that are not UTF-8.' }]
  }
  const lines = text.split('\n')
  metrics.add(path, lines)
  const syntax = syntaxProblem(path, absolute, text)
  const problems = textProblems(path, lines)
  // A conflict is why it does not parse: once is enough.
  const explained = problems.some(({ ruleId }) => ruleId === 'conflict-marker')
  return syntax === undefined || explained ? problems : [...problems, syntax]
}

/** Its first bytes tell whether it is text. */
function largeFile(directory: string, path: string, sizeBytes: number): readonly Problem[] {
  const start = readStart(join(directory, path), BINARY_LOOK_BYTES)
  if (isBinary(start)) return []
  return [{ ruleId: 'large-file', line: 0, message: `The file has ${sizeBytes} bytes and was not looked at.` }]
}

const isBinary = (bytes: Uint8Array): boolean => bytes.subarray(0, BINARY_LOOK_BYTES).includes(0)
