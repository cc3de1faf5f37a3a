import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AttemptResult } from '../../model/command.ts'
import { SEVERITIES, type FindingsReport } from '../../model/finding.ts'
import { CannotStart, MissingTool, parseWith, type ExecResult, type StepContext, type StepRun } from '../step.ts'
import { makeReport } from './report.ts'
import { readSarif } from './sarif.ts'
import { check } from './spec.ts'
import { insideOf, readSmallFile } from '../kit/workspace-file.ts'

/** Parsed at one go, so this is also how long the runner does nothing else: about half a second. */
const SARIF_BYTES_MAX = 32 * 1024 * 1024
/** The built-in linter is a program of its own: what it reads is not ours, and it must end when it is told to. */
const LINTER = fileURLToPath(new URL('./lint/main.ts', import.meta.url))

type Input = ReturnType<typeof parseWith<Parameters<typeof check.work>[0]>>

export const run: StepRun = async (job, context) => {
  const input = parseWith(check, job)
  const directory = insideOf(context.workspace, input.path)
  if (directory === undefined || statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new CannotStart(`there is no directory ${JSON.stringify(input.path)} in the workspace`)
  }
  const exclude = input.exclude ?? []
  const spoken =
    input.sarif === undefined ? await lint(input, directory, context) : await speak(input, input.sarif, context)
  if (!spoken.ok) return spoken.failed
  const read = readSarif(new TextDecoder().decode(spoken.bytes))
  if (!read.ok) return saidNo(`expected SARIF 2.1.0 in ${spoken.name}: ${read.reason}`)
  const report = makeReport(read.tools, read.results, { directory, exclude, ...spoken.measured })
  await context.keepFindings(report)
  context.log(summary(report))
  return resultOf(report, input.fail_on)
}

type Measured = Pick<FindingsReport, 'metrics' | 'files'>

type Spoken =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly name: string; readonly measured: Measured }
  | { readonly ok: false; readonly failed: AttemptResult }

/** Somebody else's tool, or a file that a task before this one has made. */
async function speak(input: Input, sarif: string, context: StepContext): Promise<Spoken> {
  const place = (): string => {
    const path = insideOf(context.workspace, join(input.path, sarif))
    if (path === undefined) throw new CannotStart(`${JSON.stringify(sarif)} is not inside the workspace`)
    return path
  }
  let ended: ExecResult | undefined
  const { command } = input
  if (command !== undefined) {
    // What an earlier attempt left is not what this one found. Its directory may not be there yet.
    const before = insideOf(context.workspace, join(input.path, sarif))
    if (before !== undefined) rmSync(before, { force: true })
    ended = await context.exec(command as [string, ...string[]], { cwd: input.path })
    if (ended.kind === 'not-found') throw new MissingTool(ended.program)
  }
  const file = readSmallFile(place(), SARIF_BYTES_MAX)
  // Linters end with 1 when they have found something: with a report, the exit code says no more than that.
  if (file.ok) return { ok: true, bytes: file.bytes, name: sarif, measured: { metrics: null, files: [] } }
  if (file.why === 'missing' && ended?.kind === 'exited' && ended.code !== 0) {
    return { ok: false, failed: { kind: 'failed', failure: { kind: 'exit-code', code: ended.code }, outputs: null } }
  }
  if (file.why === 'missing' && ended?.kind === 'signalled') {
    return { ok: false, failed: { kind: 'failed', failure: { kind: 'signal', signal: ended.signal }, outputs: null } }
  }
  const found = {
    missing: 'there is no such file',
    'no-file': 'it is not a regular file',
    'too-large': `it has more than ${SARIF_BYTES_MAX} bytes`,
  } as const
  return { ok: false, failed: saidNo(`expected SARIF 2.1.0 in ${sarif}: ${found[file.why]}`) }
}

async function lint(input: Input, directory: string, context: StepContext): Promise<Spoken> {
  const options = join(context.scratch, 'lint.json')
  const out = join(context.scratch, 'lint.sarif')
  const metricsPath = join(context.scratch, 'lint-metrics.json')
  writeFileSync(
    options,
    JSON.stringify({ directory, rules: input.rules ?? null, exclude: input.exclude ?? [], out, metrics: metricsPath }),
    { mode: 0o600 },
  )
  const ended = await context.exec([process.execPath, LINTER, options], { env: { NODE_NO_WARNINGS: '1' } })
  if (ended.kind !== 'exited' || ended.code !== 0) {
    const how = ended.kind === 'exited' ? `exit code ${ended.code}` : ended.kind
    throw new Error(`the built-in linter ended by ${how}`)
  }
  const [sarif, counted] = [readSmallFile(out, SARIF_BYTES_MAX), readSmallFile(metricsPath, SARIF_BYTES_MAX)]
  if (!sarif.ok || !counted.ok) throw new Error('the built-in linter wrote nothing')
  const measured = JSON.parse(new TextDecoder().decode(counted.bytes)) as Measured
  return { ok: true, bytes: sarif.bytes, name: 'the report of the built-in linter', measured }
}

function resultOf(report: FindingsReport, failOn: Input['fail_on']): AttemptResult {
  const { counts } = report
  const outputs = {
    findings: totalOf(report),
    ...counts,
  }
  const bad = failOn === 'none' ? [] : SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1)
  const found = bad.filter((severity) => counts[severity] > 0)
  if (found.length === 0) return { kind: 'succeeded', outputs }
  const said = found.map((severity) => `${counts[severity]} ${severity}`).join(', ')
  return {
    kind: 'failed',
    failure: { kind: 'said-no', reason: `found ${said}, and fail_on is ${failOn}` },
    outputs,
  }
}

/** How many findings the log shows; all of them are served by the server. */
const SHOWN_MAX = 50

function summary(report: FindingsReport): string {
  const lines = report.findings
    .slice(0, SHOWN_MAX)
    .map(({ severity, file, line, ruleId, message }) => `${file}:${line}: ${severity} [${ruleId}] ${message}`)
  const total = totalOf(report)
  const counts = SEVERITIES.map((severity) => `${report.counts[severity]} ${severity}`).join(', ')
  const more = total > lines.length && lines.length > 0 ? [`... and ${total - lines.length} more`] : []
  return `${[...lines, ...more, `${report.tools.join(', ')}: ${total} findings (${counts})`].join('\n')}\n`
}

const totalOf = ({ counts }: FindingsReport): number =>
  SEVERITIES.reduce((total, severity) => total + counts[severity], 0)

const saidNo = (reason: string): AttemptResult => ({
  kind: 'failed',
  failure: { kind: 'said-no', reason },
  outputs: null,
})
