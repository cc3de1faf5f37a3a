// The built-in linter as a program: `node main.ts OPTIONS`, a JSON file written by run.ts.
import { readFileSync, writeFileSync } from 'node:fs'
import { FINDINGS_MAX } from '../../../model/finding.ts'
import { LINT_RULE_IDS, type LintRuleId } from '../rules.ts'
import { lint } from './lint.ts'
import { toSarif } from './to-sarif.ts'

interface Options {
  readonly directory: string
  /** null: all. */
  readonly rules: readonly LintRuleId[] | null
  readonly exclude: readonly string[]
  /** Where the SARIF file goes, and where the metrics. */
  readonly out: string
  readonly metrics: string
}

const [, , optionsPath = ''] = process.argv
const { directory, rules, exclude, out, metrics } = JSON.parse(readFileSync(optionsPath, 'utf8')) as Options
const linted = lint(directory, { rules: new Set(rules ?? LINT_RULE_IDS), exclude })
for (const note of linted.notes) process.stdout.write(`${note}\n`)
writeFileSync(out, JSON.stringify(toSarif(linted)), { mode: 0o600 })
writeFileSync(metrics, JSON.stringify({ metrics: linted.metrics, files: linted.files.slice(0, FINDINGS_MAX) }), {
  mode: 0o600,
})
