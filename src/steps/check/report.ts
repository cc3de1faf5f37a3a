import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { FINDINGS_MAX, SEVERITIES, type CodeMetrics, type Finding, type FindingsReport } from '../../model/finding.ts'
import { isExcluded } from './exclude.ts'
import type { SarifResult } from './sarif.ts'
import { insideOf, readSmallFile } from '../kit/workspace-file.ts'

const SOURCE_BYTES_MAX = 1024 * 1024
const SNIPPET_MAX = 200
const KIB = 1024

/**
 * Findings with their names. A name is made of rule, file and what the tool knows the result by, or else the text of
 * its line: not of the line's number, so that it stays when lines above it come and go. What is the same twice is counted.
 * @param directory that the files of the results are in
 */
export function makeReport(
  tools: readonly string[],
  results: readonly SarifResult[],
  setting: {
    readonly directory: string
    readonly exclude: readonly string[]
    readonly metrics: CodeMetrics | null
    readonly files: readonly string[]
  },
): FindingsReport {
  const counted = { fatal: 0, serious: 0, normal: 0, hint: 0 }
  const located = results
    .map((result) => ({ ...result, file: withoutRoot(result.file, setting.directory) }))
    .filter(({ file }) => !isExcluded(file, setting.exclude))
  for (const { severity } of located) counted[severity] += 1
  const kept = located.toSorted(inOrder).slice(0, FINDINGS_MAX)
  const sources = new Sources(setting.directory)
  const seen = new Map<string, number>()
  const findings = kept.map((result): Finding => {
    const { ruleId, severity, file, line, message, partialFingerprint } = result
    const snippet = sources.line(file, line)
    const known = partialFingerprint || snippet.trim() || message
    const base = [ruleId, file, known].join('\0')
    const place = (seen.get(base) ?? 0) + 1
    seen.set(base, place)
    const fingerprint = createHash('sha256').update(`${base}\0${place}`).digest('hex').slice(0, 32)
    return { fingerprint, ruleId, severity, file, line, message, snippet: snippet.slice(0, SNIPPET_MAX) }
  })
  return { v: 1, tools: [...new Set(tools)], findings, counts: counted, metrics: setting.metrics, files: setting.files }
}

/** Tools that were given absolute paths write them. */
const withoutRoot = (file: string, directory: string): string =>
  file.startsWith(`${directory}/`) ? file.slice(directory.length + 1) : file.replace(/^\/+/, '')

const inOrder = (a: SarifResult, b: SarifResult): number =>
  SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
  compare(a.file, b.file) ||
  a.line - b.line ||
  compare(a.ruleId, b.ruleId)

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** The lines that results name, read from where the tool read them. Results come by severity, so files come again. */
class Sources {
  readonly #directory: string
  readonly #files = new Map<string, readonly string[]>()
  #bytes = 0

  constructor(directory: string) {
    this.#directory = directory
  }

  line(file: string, line: number): string {
    if (file === '' || line === 0) return ''
    return this.#lines(file)[line - 1]?.replace(/\r$/, '').slice(0, KIB) ?? ''
  }

  #lines(file: string): readonly string[] {
    const known = this.#files.get(file)
    if (known !== undefined) return known
    const path = insideOf(this.#directory, file)
    const read = path === undefined ? undefined : readSmallFile(join(path), SOURCE_BYTES_MAX)
    const text = read?.ok === true ? new TextDecoder().decode(read.bytes) : ''
    this.#bytes += text.length
    if (this.#bytes > 32 * SOURCE_BYTES_MAX) {
      this.#files.clear()
      this.#bytes = text.length
    }
    const lines = text.split('\n')
    this.#files.set(file, lines)
    return lines
  }
}
