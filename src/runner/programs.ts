import { closeSync, openSync, readSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { join, relative, isAbsolute } from 'node:path'
import type { DurationMs } from '../model/time.ts'
import { CannotStart, type ExecOptions, type ExecResult } from '../steps/step.ts'
import type { AttemptOutput, ProgramOutput } from './attempt-output.ts'
import { DiskFull, isDiskFullCode } from './disk-room.ts'
import { joinEnvironment } from './environment.ts'
import type { Place, Prepared } from './executors/place.ts'
import type { ExitStatus, LaunchAnswer, Launcher } from './launch.ts'
import type { RecordFile } from './leftovers.ts'
import { oomKills, recentOomKills } from './oom-kills.ts'

/** Longest standard output that `capture` gives; the rest is dropped. */
const CAPTURE_MAX_BYTES = 1024 * 1024

export interface ProgramSetting {
  readonly launcher: Launcher
  readonly place: Place
  readonly record: RecordFile
  readonly workspace: string
  readonly scratch: string
  readonly logPath: string
  readonly output: Pick<AttemptOutput, 'open'>
  /** Of every program of the attempt; `env` of the options goes between the two. */
  readonly env: Readonly<Record<string, string>>
  readonly ownEnv: Readonly<Record<string, string>>
  readonly graceMs: DurationMs
  readonly signal: AbortSignal
  /** Aborted when no more time is left: KILL, whatever was said before. */
  readonly kill: AbortSignal
}

/** Runs the programs of one attempt, one at a time. */
export class Programs {
  readonly #setting: ProgramSetting
  #count = 0
  #running: Promise<ExecResult> | undefined
  #oomKilled = false

  constructor(setting: ProgramSetting) {
    this.#setting = setting
  }

  exec(argv: readonly [string, ...string[]], options: ExecOptions = {}): Promise<ExecResult> {
    if (this.#running !== undefined) return Promise.reject(new Error('a step runs one program at a time'))
    const running = this.#exec(argv, options).finally(() => {
      this.#running = undefined
    })
    this.#running = running
    return running
  }

  /**
   * Whether the last one was ended by KILL, or ended as shells do when one of theirs was (128 + 9), and the kernel has
   * ended processes for want of memory meanwhile.
   */
  get oomKilled(): boolean {
    return this.#oomKilled
  }

  /** Resolves when no program runs, whatever became of it. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => {})
  }

  async #exec(argv: readonly [string, ...string[]], options: ExecOptions): Promise<ExecResult> {
    this.#setting.signal.throwIfAborted()
    if (argv.some((word) => word.includes('\0'))) throw new CannotStart('an argument holds a NUL character')
    const { logPath } = this.#setting
    const before = options.logged === true ? (statSync(logPath, { throwIfNoEntry: false })?.size ?? 0) : 0
    const output = await this.#setting.output.open()
    let result: ExecResult
    try {
      result = await this.#launch(argv, options, output)
    } finally {
      await output.close()
    }
    if (options.logged !== true || options.capture === true || result.kind === 'not-found') return result
    return { ...result, stdout: readFrom(logPath, before, CAPTURE_MAX_BYTES) }
  }

  async #launch(
    argv: readonly [string, ...string[]],
    options: ExecOptions,
    output: ProgramOutput,
  ): Promise<ExecResult> {
    const { launcher, place, workspace, scratch, env, ownEnv } = this.#setting
    this.#count += 1
    const stdin = options.stdin === undefined ? '/dev/null' : join(scratch, `stdin-${this.#count}`)
    if (options.stdin !== undefined) writeFileSync(stdin, options.stdin, { mode: 0o600 })
    const stdout = options.capture === true ? join(scratch, `stdout-${this.#count}`) : output.path
    const directory = insideOf(workspace, options.cwd ?? '.')
    const prepared = await place.prepare({
      argv,
      env: joinEnvironment(env, options.env ?? {}, ownEnv),
      cwd: directory,
      hasInput: options.stdin !== undefined,
    })
    const answer = await launcher.launch({
      argv: prepared.argv,
      env: prepared.env,
      cwd: directory,
      stdin,
      stdout,
      stderr: output.path,
    })
    if (answer.kind === 'refused') {
      if (answer.what === 'exec' && answer.code === 'ENOENT') return { kind: 'not-found', program: argv[0] }
      if (answer.what === 'cwd') throw noDirectory(options.cwd ?? '.')
      if (isDiskFullCode(answer.code)) throw new DiskFull(`the output of ${argv[0]} cannot be kept`, answer.code)
      throw new CannotStart(`${argv[0]}: ${refusals[answer.code] ?? answer.code}`)
    }
    const killsBefore = recentOomKills()
    const status = await this.#watch(answer, prepared)
    const outcome = await prepared.outcome(status)
    switch (outcome.kind) {
      case 'not-found':
        return { kind: 'not-found', program: argv[0] }
      case 'cannot-start':
        throw new CannotStart(outcome.reason)
      case 'ended':
        this.#oomKilled = isKill(outcome.status) && (outcome.oomKilled || (oomKills() ?? 0) > (killsBefore ?? 0))
    }
    const text = options.capture === true ? readFrom(stdout, 0, CAPTURE_MAX_BYTES) : ''
    switch (status.kind) {
      case 'exited':
        return { kind: 'exited', code: status.code, stdout: text }
      case 'signalled':
        return { kind: 'signalled', signal: status.signal, stdout: text }
      case 'unknown':
        throw new Error(`the process that watched ${argv[0]} died, so it was killed`)
    }
  }

  async #watch(program: Extract<LaunchAnswer, { readonly kind: 'started' }>, prepared: Prepared): Promise<ExitStatus> {
    const { record, graceMs, signal: stop, kill: now } = this.#setting
    // Whoever ends what is left behind looks for nobody who is gone.
    if (!program.isOver()) record.setLeader(program.pid)
    let kill: NodeJS.Timeout | undefined
    const terminate = (): void => {
      program.terminate()
      kill = setTimeout(() => {
        prepared.kill()
        program.kill()
      }, graceMs)
    }
    const killNow = (): void => program.kill()
    if (now.aborted) killNow()
    else if (stop.aborted) terminate()
    else stop.addEventListener('abort', terminate, { once: true })
    now.addEventListener('abort', killNow, { once: true })
    try {
      return await program.ended
    } finally {
      clearTimeout(kill)
      stop.removeEventListener('abort', terminate)
      now.removeEventListener('abort', killNow)
    }
  }
}

const isKill = (status: ExitStatus): boolean =>
  status.kind === 'signalled' ? status.signal === 'SIGKILL' : status.kind === 'exited' && status.code === 137

const refusals: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  E2BIG: 'its arguments and environment are too long',
  ENOEXEC: 'not a program of this machine',
  ENOTDIR: 'a part of its path is not a directory',
  ELOOP: 'too many symbolic links',
  ENOMEM: 'no memory left',
  EAGAIN: 'no more processes can be made',
}

/**
 * The real path of a directory in the workspace; links may not lead out of it. Throws {@link CannotStart}. The workspace
 * itself is given as it is: whoever starts the program is told when it is not there.
 */
export function insideOf(workspace: string, path: string): string {
  if (path === '.') return workspace
  let root: string
  let real: string
  try {
    root = realpathSync.native(workspace)
    real = realpathSync.native(join(workspace, path))
    if (!statSync(real).isDirectory()) throw new CannotStart(`${path} is not a directory`)
  } catch (error) {
    if (error instanceof CannotStart) throw error
    throw noDirectory(path)
  }
  const inner = relative(root, real)
  if (isAbsolute(path) || inner.split('/')[0] === '..') {
    throw new CannotStart(`${JSON.stringify(path)} is not inside the workspace`)
  }
  return real
}

const noDirectory = (path: string): CannotStart =>
  new CannotStart(`there is no directory ${JSON.stringify(path)} in the workspace`)

/** Of a file that may not be there: then nothing was written. */
function readFrom(path: string, from: number, maxBytes: number): string {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return ''
  const fd = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(Math.max(0, Math.min(maxBytes, statSync(path).size - from)))
    let length = 0
    while (length < buffer.length) {
      const got = readSync(fd, buffer, length, buffer.length - length, from + length)
      if (got === 0) break
      length += got
    }
    return buffer.toString('utf8', 0, length)
  } finally {
    closeSync(fd)
  }
}
