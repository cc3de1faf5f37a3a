import type { LintRuleId } from '../rules.ts'

export interface Problem {
  readonly ruleId: LintRuleId
  /** From 1; 0: of the whole file. */
  readonly line: number
  readonly message: string
}

/** So many of one rule in one file; the rest would say the same. */
const PER_FILE_MAX = 100
const LONG_LINE = 300

const CONFLICT = /^(?:<{7} |>{7} )/
const PRIVATE_KEY = /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/
const TRAILING = /[ \t]$/
/** Made by machines for machines. */
const GENERATED = /(?:\.min\.(?:js|css)|\.map|\.svg|\.lock|[-.]lock\.(?:json|yaml))$|(?:^|\/)go\.sum$/

/** What can be seen line by line. */
export function textProblems(path: string, lines: readonly string[]): Problem[] {
  const problems: Problem[] = []
  const counts = new Map<LintRuleId, number>()
  const add = (ruleId: LintRuleId, line: number, message: string): void => {
    const count = (counts.get(ruleId) ?? 0) + 1
    counts.set(ruleId, count)
    if (count <= PER_FILE_MAX) problems.push({ ruleId, line, message })
  }
  const isMarkdown = /\.(?:md|markdown)$/i.test(path)
  const isGenerated = GENERATED.test(path)
  let [withCr, withoutCr] = [0, 0]
  for (const [index, raw] of lines.entries()) {
    const number = index + 1
    const isLast = number === lines.length
    if (raw.endsWith('\r')) withCr += 1
    else if (!isLast) withoutCr += 1
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (CONFLICT.test(line)) add('conflict-marker', number, 'A merge conflict was committed.')
    if (line.length < 1_000 && PRIVATE_KEY.test(line)) add('private-key', number, 'A private key stands here.')
    if (isGenerated) continue
    if (line.length > LONG_LINE) add('long-line', number, `The line has ${line.length} characters.`)
    if (!isMarkdown && TRAILING.test(line)) add('trailing-space', number, 'The line ends with a space or a tab.')
  }
  if (withCr > 0 && withoutCr > 0) {
    add('mixed-line-ends', 0, `${withCr} lines end with CR LF and ${withoutCr} with LF.`)
  }
  return problems
}
