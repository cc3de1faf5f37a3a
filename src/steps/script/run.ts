import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AttemptResult } from '../../model/command.ts'
import type { Failure } from '../../model/failure.ts'
import { CannotStart, parseWith, type StepContext, type StepRun } from '../step.ts'
import { script, type SHELLS } from './spec.ts'

type Shell = (typeof SHELLS)[number]

const commands = {
  sh: (file) => ['sh', '-e', file],
  bash: (file) => ['bash', '-eo', 'pipefail', file],
  node: (file) => ['node', file],
  python: (file) => ['python3', file],
} as const satisfies Record<Shell, (file: string) => readonly [string, ...string[]]>

/** The text goes into a file and its name into argv: no shell reads anything that is not its own script. */
export const run: StepRun = async (job, context) => {
  const { script: text, shell, cwd } = parseWith(script, job)
  const file = join(context.scratch, 'script')
  writeFileSync(file, text, { mode: 0o600 })
  // Node must not take the module type from a package.json that lies above the data directory.
  if (shell === 'node') writeFileSync(join(context.scratch, 'package.json'), '{}')
  const argv = shell === undefined ? scriptArgv(file, text) : commands[shell](file)
  const result = await context.exec(argv, cwd === undefined ? {} : { cwd })
  switch (result.kind) {
    case 'exited':
      return result.code === 0 ? succeeded(context) : failed(context, { kind: 'exit-code', code: result.code })
    case 'signalled':
      return failed(context, { kind: 'signal', signal: result.signal })
    case 'not-found':
      throw new CannotStart(`the interpreter ${interpreterOf(argv, text)} was not found on this runner`)
  }
}

function scriptArgv(file: string, text: string): readonly [string, ...string[]] {
  if (!text.startsWith('#!')) return commands.sh(file)
  chmodSync(file, 0o700)
  return [file]
}

/** For a script with a `#!` line the system says "not found" of the script when it means the interpreter. */
function interpreterOf(argv: readonly string[], text: string): string {
  return argv.length === 1 ? text.slice(2, text.search(/\r?\n|$/)).trim() : (argv[0] ?? '')
}

async function succeeded(context: StepContext): Promise<AttemptResult> {
  const read = await context.outputs()
  return read.ok
    ? { kind: 'succeeded', outputs: read.outputs }
    : { kind: 'failed', failure: { kind: 'said-no', reason: read.reason }, outputs: null }
}

/** Outputs of a failed script are kept when they can be read. */
async function failed(context: StepContext, failure: Failure): Promise<AttemptResult> {
  const read = await context.outputs()
  return { kind: 'failed', failure, outputs: read.ok ? read.outputs : null }
}
