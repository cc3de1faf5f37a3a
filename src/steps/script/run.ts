import { chmodSync, closeSync, constants, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AttemptResult } from '../../model/command.ts'
import type { Failure } from '../../model/failure.ts'
import type { JsonObject } from '../../model/json.ts'
import { MissingTool, parseWith, SCRIPT, type StepContext, type StepRun } from '../step.ts'
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
  const { script: text, shell, cwd, marks } = parseWith(script, job)
  const file = join(context.scratch, SCRIPT)
  write(file, text)
  // Node must not take the module type from a package.json that lies above the data directory.
  if (shell === 'node') writeFileSync(join(context.scratch, 'package.json'), '{}')
  const argv = shell === undefined ? scriptArgv(file, text) : commands[shell](file)
  const result = await context.exec(argv, { ...(cwd === undefined ? {} : { cwd }), logged: marks !== undefined })
  switch (result.kind) {
    case 'exited':
      return result.code === 0
        ? succeeded(context, markedIn(result.stdout, marks))
        : failed(context, { kind: 'exit-code', code: result.code }, markedIn(result.stdout, marks))
    case 'signalled':
      return failed(context, { kind: 'signal', signal: result.signal }, markedIn(result.stdout, marks))
    case 'not-found':
      throw new MissingTool(`the interpreter ${interpreterOf(argv, text)}`)
  }
}

/** Not cut to nothing first, for it is empty when it is there: ext4 would write it to disk at once (auto_da_alloc, ext4(5)). */
function write(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  try {
    writeFileSync(fd, text)
  } finally {
    closeSync(fd)
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

/** Most marks of a log, and the characters of all their values: outputs have little room. */
const MARKS_MAX = 200
const MARKED_MAX = 20_000

/** `<TAG>key:value</TAG>` anywhere in the log, the last one of a key counting. Empty without a tag. */
function markedIn(log: string, tag: string | undefined): JsonObject {
  if (tag === undefined) return {}
  const marked = new Map<string, string>()
  const [open, close] = [`<${tag}>`, `</${tag}>`]
  let room = MARKED_MAX
  for (let at = log.indexOf(open); at !== -1 && marked.size < MARKS_MAX; at = log.indexOf(open, at + open.length)) {
    const end = log.indexOf(close, at)
    if (end === -1) break
    const [key = '', ...rest] = log.slice(at + open.length, end).split(':')
    const value = rest.join(':')
    room -= key.length + value.length
    if (room < 0) break
    if (rest.length > 0 && key.trim() !== '' && key !== '__proto__') marked.set(key.trim(), value)
  }
  return { log_outputs: Object.fromEntries(marked) }
}

async function succeeded(context: StepContext, marked: JsonObject): Promise<AttemptResult> {
  const read = await context.outputs()
  return read.ok
    ? { kind: 'succeeded', outputs: { ...read.outputs, ...marked } }
    : { kind: 'failed', failure: { kind: 'said-no', reason: read.reason }, outputs: null }
}

/** Outputs of a failed script are kept when they can be read. */
async function failed(context: StepContext, failure: Failure, marked: JsonObject): Promise<AttemptResult> {
  const read = await context.outputs()
  return { kind: 'failed', failure, outputs: read.ok ? { ...read.outputs, ...marked } : null }
}
