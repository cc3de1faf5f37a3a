import type { z } from 'zod'
import type { Work } from '../model/definition.ts'
import type { AttemptResult } from '../model/command.ts'
import type { Job } from '../model/job.ts'

/**
 * A step type: what a task's `uses:` names. `spec.ts` is pure (schema and what kind of work it is) and read by the
 * server; `run.ts` does the work and is loaded by runners only. docs/guides/add-a-step.md shows how to add one.
 */
export interface StepSpec<With = unknown> {
  /** The word after `uses:`. */
  readonly type: string
  /** One sentence for editors and `millrace steps`. */
  readonly summary: string
  /**
   * Checks `with:`. A string may hold `${{ ... }}`, so fields of other types accept such a string too: use
   * {@link templated}-style unions in the schema. Unknown fields are errors (`z.strictObject`).
   */
  readonly schema: z.ZodType<With>
  /** The input field that may be written on the task itself: `script: make` for `uses: script` + `with: {script: make}`. */
  readonly shorthand?: string
  /** Fields in which `${{ ... }}` is refused because the text goes to an interpreter: use the environment instead. */
  readonly verbatim?: readonly string[]
  /** What the engine must know of it. Called with checked input. */
  work(input: With): Work
}

/** What `run.ts` exports as `run`. */
export type StepRun = (job: Job, context: StepContext) => Promise<AttemptResult>

/** What the runner gives a step. Everything ends when `signal` is aborted: cancel, timeout or a lost server. */
export interface StepContext {
  /** Absolute path of the run's workspace; the process's working directory. */
  readonly workspace: string
  readonly signal: AbortSignal
  /** Appends to the attempt's log, bytes as they are. Text of ours ends with a newline. */
  log(text: string | Uint8Array): void
  /**
   * Runs a program in a process group of its own, output to the log as it comes.
   * Never through a shell: `argv[0]` is looked up in PATH. Resolves when it and its whole group are gone.
   */
  exec(argv: readonly [string, ...string[]], options?: ExecOptions): Promise<ExecResult>
  /** Reads the attempt's output file (`name=value` lines, `name<<END` blocks), where MILLRACE_OUTPUT points. */
  outputs(): Promise<Record<string, string> | { readonly invalid: string }>
}

export interface ExecOptions {
  /** Relative to the workspace, inside it. */
  readonly cwd?: string
  /** On top of the job's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Given on standard input, then it is closed. Without: /dev/null. */
  readonly stdin?: string
  /** Collect standard output (at most 1 MiB) instead of logging it. */
  readonly capture?: boolean
}

export type ExecResult =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: string }
  | { readonly kind: 'signalled'; readonly signal: string; readonly stdout: string }
  | { readonly kind: 'not-found'; readonly program: string }
