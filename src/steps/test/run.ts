import { fork } from 'node:child_process'
import { lstatSync, writeFileSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AttemptResult } from '../../model/command.ts'
import type { Failure } from '../../model/failure.ts'
import type { TestsReport } from '../../model/test-report.ts'
import { directoryIn, findPaths } from '../kit/globs.ts'
import {
  CannotStart,
  MissingTool,
  parseWith,
  wholeNumber,
  type ExecResult,
  type StepContext,
  type StepRun,
} from '../step.ts'
import type { ReadReports, ToRead } from './junit-process.ts'
import { test } from './spec.ts'

const FILES_MAX = 5_000
const FILE_BYTES_MAX = 32 * 1024 * 1024
/** All files of one attempt; what is larger is no report. */
const BYTES_MAX = 256 * 1024 * 1024
/** What the process may take that reads them. A report of 200,000 tests needs about half of it. */
const READ_MEGABYTES_MAX = 256
const READ_MS_MAX = 120_000
/** How many failures the log shows; all of them are served by the server. */
const SHOWN_MAX = 50

type Input = ReturnType<typeof parseWith<Parameters<typeof test.work>[0]>>

export const run: StepRun = async (job, context) => {
  const input = parseWith(test, job)
  const limits = limitsOf(input)
  const root = await directoryIn(context.workspace, input.path)
  const find = (): Promise<readonly string[]> => findPaths(root, input.reports, FILES_MAX, context.signal)
  const runs = input.script !== undefined || input.command !== undefined
  const before = runs
    ? new Map((await find()).map((file) => [file, identityOf(root, file)]))
    : new Map<string, string>()
  const ended = await execute(input, context)
  if (ended?.kind === 'not-found') throw new MissingTool(ended.program)
  const found = await find()
  const files = found.filter((file) => before.get(file) !== identityOf(root, file))
  if (files.length < found.length) {
    context.log(`${found.length - files.length} reports were there before and have not changed: left out\n`)
  }
  const broken = ended === undefined ? undefined : failureOf(ended)
  if (files.length === 0) return failed(broken ?? saidNo(`no report is like ${input.reports.join(', ')}`), null)
  const read = await readReports(await toRead(context, root, files), context)
  if (!read.ok) return failed(saidNo(`expected JUnit XML in ${read.reason}`), null)
  const { report } = read
  await context.keepTests(report)
  context.log(summary(report))
  return judge(report, limits, broken)
}

async function execute({ script, command, path }: Input, context: StepContext): Promise<ExecResult | undefined> {
  if (command !== undefined) return context.exec(command as [string, ...string[]], { cwd: path })
  if (script === undefined) return undefined
  const file = join(context.scratch, 'script')
  writeFileSync(file, script, { mode: 0o600 })
  return context.exec(['sh', '-e', file], { cwd: path })
}

/** Changes when the file is written again. What an earlier attempt or task left is not what this one said. */
function identityOf(root: string, file: string): string {
  const stat = lstatSync(join(root, file), { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? '' : [stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join()
}

function failureOf(ended: Exclude<ExecResult, { readonly kind: 'not-found' }>): Failure | undefined {
  if (ended.kind === 'signalled') return { kind: 'signal', signal: ended.signal }
  return ended.code === 0 ? undefined : { kind: 'exit-code', code: ended.code }
}

async function toRead(context: StepContext, root: string, files: readonly string[]): Promise<ToRead> {
  const bytes = files.reduce(
    (sum, file) => sum + (lstatSync(join(root, file), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
  if (bytes > BYTES_MAX) throw new CannotStart(`expected reports of at most ${BYTES_MAX} bytes, found ${bytes}`)
  return { root, files, workspace: await realpath(context.workspace), fileBytesMax: FILE_BYTES_MAX }
}

const READER = fileURLToPath(new URL('./junit-process.ts', import.meta.url))

/**
 * In a process of its own: the text is not ours, and this process has other attempts to see to. A thread would not do,
 * as V8 ends the whole process when one allocation takes a thread far over its limit.
 */
async function readReports(toRead: ToRead, context: StepContext): Promise<ReadReports> {
  const name = toRead.files.length === 1 ? (toRead.files[0] ?? '') : `${toRead.files.length} files`
  const compiled = process.env['NODE_COMPILE_CACHE']
  const reader = fork(READER, {
    cwd: context.scratch,
    env: compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled },
    // What runs this process, such as a test's loader, is not for that one.
    execArgv: [`--max-old-space-size=${READ_MEGABYTES_MAX}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const { promise, resolve, reject } = Promise.withResolvers<ReadReports>()
  reader.once('message', (read) => resolve(read as ReadReports))
  reader.once('error', reject)
  // Not on its exit: what it has said may be read after that.
  reader.once('close', (code, ended) => {
    // V8 aborts when its memory is used up.
    if (ended === 'SIGABRT') {
      resolve({ ok: false, reason: `${name}: it takes more than ${READ_MEGABYTES_MAX} MiB of memory to read` })
    } else reject(new Error(`what reads reports ended without a word, by ${ended ?? `exit code ${code}`}`))
  })
  const late = setTimeout(() => {
    resolve({ ok: false, reason: `${name}: it takes more than ${READ_MS_MAX / 1_000} s to read` })
  }, READ_MS_MAX)
  const stop = (): void => reject(context.signal.reason as Error)
  context.signal.addEventListener('abort', stop, { once: true })
  try {
    reader.send(toRead)
    return await promise
  } finally {
    clearTimeout(late)
    context.signal.removeEventListener('abort', stop)
    reader.kill('SIGKILL')
  }
}

interface Limits {
  /** undefined: not limited by number. */
  readonly failuresMax: number | undefined
  readonly passRateMin: number | undefined
  readonly testsMin: number
}

function limitsOf({ allow_failures, min_pass_rate, min_tests }: Input): Limits {
  const passRateMin = min_pass_rate === undefined ? undefined : Number(min_pass_rate)
  if (passRateMin !== undefined && !(passRateMin >= 0 && passRateMin <= 100)) {
    throw new CannotStart(`with.min_pass_rate: expected a number from 0 to 100, found ${JSON.stringify(min_pass_rate)}`)
  }
  const failuresMax = allow_failures === undefined ? undefined : wholeNumber(allow_failures)
  return {
    failuresMax: failuresMax ?? (passRateMin === undefined ? 0 : undefined),
    passRateMin,
    testsMin: wholeNumber(min_tests),
  }
}

function judge({ counts }: TestsReport, limits: Limits, broken: Failure | undefined): AttemptResult {
  const { passed, failed: no, errored, skipped } = counts
  const failures = no + errored
  const judged = passed + failures
  const rate = judged === 0 ? 100 : (passed / judged) * 100
  const outputs = {
    tests: judged + skipped,
    passed,
    failed: no,
    errored,
    skipped,
    // Rounded down: 100 means all.
    pass_rate: Math.floor(rate * 10) / 10,
  }
  if (judged + skipped < limits.testsMin) {
    return failed(saidNo(`expected at least ${limits.testsMin} tests, found ${judged + skipped}`), outputs)
  }
  if (limits.failuresMax !== undefined && failures > limits.failuresMax) {
    const reason =
      limits.failuresMax === 0
        ? `${failures} of ${judged} tests failed`
        : `${failures} of ${judged} tests failed, and ${limits.failuresMax} may fail`
    return failed(saidNo(reason), outputs)
  }
  if (limits.passRateMin !== undefined && rate < limits.passRateMin) {
    return failed(saidNo(`${outputs.pass_rate} % of the tests passed, expected ${limits.passRateMin} %`), outputs)
  }
  // With failures its exit code says what the reports have said; without any it says something else.
  return failures === 0 && broken !== undefined ? failed(broken, outputs) : { kind: 'succeeded', outputs }
}

const failed = (failure: Failure, outputs: Extract<AttemptResult, { kind: 'failed' }>['outputs']): AttemptResult => ({
  kind: 'failed',
  failure,
  outputs,
})

const saidNo = (reason: string): Failure => ({ kind: 'said-no', reason })

function summary({ cases, counts, files }: TestsReport): string {
  const bad = cases.filter(({ status }) => status === 'errored' || status === 'failed')
  const lines = bad
    .slice(0, SHOWN_MAX)
    .map(
      ({ status, suite, name, message }) =>
        `${status}: ${suite === '' ? '' : `${suite} > `}${name}${message === '' ? '' : `: ${message.split('\n')[0]}`}`,
    )
  const all = counts.errored + counts.failed
  const more = all > lines.length ? [`... and ${all - lines.length} more`] : []
  const { passed, failed: no, errored, skipped } = counts
  const total = `${passed + no + errored + skipped} tests in ${files.length} reports: `
  return `${[...lines, ...more, `${total}${passed} passed, ${no} failed, ${errored} errored, ${skipped} skipped`].join('\n')}\n`
}
