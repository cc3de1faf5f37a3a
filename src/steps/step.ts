import { z } from 'zod'
import type { Work } from '../model/definition.ts'
import type { AttemptResult } from '../model/command.ts'
import type { Outputs } from '../model/event.ts'
import type { Artifact } from '../model/artifact.ts'
import type { Capability } from '../model/executor.ts'
import type { FindingsReport } from '../model/finding.ts'
import type { Job } from '../model/job.ts'
import type { JsonObject } from '../model/json.ts'
import type { TestsReport } from '../model/test-report.ts'
import { isSecretName } from '../model/secret.ts'
import { parseDuration } from '../model/time.ts'

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
   * {@link count} and {@link duration} in the schema. Unknown fields are errors (`z.strictObject`).
   */
  readonly schema: z.ZodType<With>
  /** The input field that may be written on the task itself: `script: make` for `uses: script` + `with: {script: make}`. */
  readonly shorthand?: string
  /** Fields in which `${{ ... }}` is refused because the text goes to an interpreter: use the environment instead. */
  readonly verbatim?: readonly string[]
  /** What the engine must know of it. Called with checked input. */
  work(input: With): Work
  /**
   * How what it did is taken back, for tasks that do not say so by `rollback`: mostly the same work, whose job then has
   * `takesBack`. undefined: not at all.
   */
  rollback?(input: With): Work | undefined
  /**
   * What a runner must have to do it, as labels, when it is not done in a container: there the image has it. Called with
   * checked input, whose texts may hold templates.
   */
  needs?(input: With): readonly Capability[]
}

/** Gives `work` the type that the schema makes. */
export const defineStep = <Schema extends z.ZodType>(
  spec: Omit<StepSpec<z.output<Schema>>, 'schema'> & { readonly schema: Schema },
): StepSpec<z.output<Schema>> => ({ ...spec, schema: spec.schema as unknown as z.ZodType<z.output<Schema>> })

/**
 * `with:` as the runner will get it: what was left out is not there, also inside. Checked input is JSON otherwise.
 * @param secrets names of secrets ({@link secretName}) that the step reads by `context.secret`; undefined ones are left out.
 */
export const runnerWork = (
  uses: string,
  input: Readonly<Record<string, unknown>>,
  secrets: readonly (string | undefined)[] = [],
): Work => {
  const names = [...new Set(secrets.filter((name) => name !== undefined))]
  return {
    kind: 'runner',
    uses,
    with: JSON.parse(JSON.stringify(input)) as JsonObject,
    ...(names.length === 0 ? undefined : { secrets: names }),
  }
}

/** A field that names a secret of the pipeline or the project. No `${{ ... }}`: which secrets a task gets is not for params to say. */
export const secretName = () =>
  z.string().refine(isSecretName, 'expected the name of a secret: capital letters, digits and _, at most 64')

/** In either language of templates. */
const isTemplate = (text: string): boolean => text.includes('${')

/** A whole number, as a number or as text, for that is what `${{ ... }}` gives; read it with {@link wholeNumber}. */
export const count = (min: number, max: number) => {
  const expected = `expected a whole number from ${min} to ${max}`
  const text = z.string().refine((value) => isTemplate(value) || isCount(value, min, max), expected)
  return z.union([z.int(expected).min(min, expected).max(max, expected), text], { error: expected })
}

/** A duration above zero, in seconds or as text with units; `${{ ... }}` may give it. Read it with {@link parseDuration}. */
export const duration = () => {
  const expected = 'expected a duration such as 30s, 5m or 1h30m'
  const isDuration = (value: string | number): boolean => (parseDuration(value) ?? 0) > 0
  const text = z.string().refine((value) => isTemplate(value) || isDuration(value), expected)
  return z.union([z.number(expected).refine(isDuration, expected), text], { error: expected })
}

/** An address for a request; read it again with {@link isHttpUrl} when a template gave it. */
export const httpUrl = () =>
  z
    .string()
    .max(8_192)
    .refine((text) => isTemplate(text) || isHttpUrl(text), 'expected an http or https URL')

export function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
}

/** Headers of a request: names are tokens (RFC 9110, section 5.6.2), values one line. */
export const headerMap = () =>
  z
    .record(
      z
        .string()
        .max(256)
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected the name of a header'),
      z
        .string()
        .max(16 * 1_024)
        .refine((text) => !/[\0\r\n]/.test(text), 'expected one line'),
    )
    .refine((headers) => Object.keys(headers).length <= 100, 'expected at most 100 headers')

const isCount = (text: string, min: number, max: number): boolean =>
  /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max

/** Checked input of a job, its `${{ ... }}` rendered. Throws {@link CannotStart} when that made something wrong of it. */
export function parseWith<With>(spec: StepSpec<With>, job: Job): With {
  const parsed = spec.schema.safeParse(job.with)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${['with', ...path].join('.')}: ${message}`)
  throw new CannotStart(problems.join('; '))
}

/** What {@link count} let through. Throws {@link CannotStart} for a template that was not rendered. */
export function wholeNumber(value: number | string): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new CannotStart(`${JSON.stringify(value)} is not a whole number`)
  return number
}

/** Thrown in a runner when the work cannot begin: ends the attempt as `cannot-start` with this message as the reason. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart'
}

/** The same for a program that is not there: ends the attempt as `missing-tool`. */
export class MissingTool extends CannotStart {
  readonly tool: string

  constructor(tool: string) {
    super(`${tool} was not found`)
    this.tool = tool
  }
}

/** The value of a secret that `with` names. Throws {@link CannotStart} when the task was not given it. */
export function givenSecret(context: Pick<StepContext, 'secret'>, name: string): string {
  const value = context.secret(name)
  if (value === undefined) throw new CannotStart(`the task was not given the secret ${name}`)
  return value
}

/** Name in {@link StepContext.scratch} of a file that may be there already, and is empty then: for what a step has run. */
export const SCRIPT = 'script'

/** What `run.ts` exports as `run`. */
export type StepRun = (job: Job, context: StepContext) => Promise<AttemptResult>

/** What the runner gives a step. Everything ends when `signal` is aborted: cancel, timeout or a lost server. */
export interface StepContext {
  /** Absolute path of the run's workspace; the process's working directory. */
  readonly workspace: string
  /** Absolute path of a directory for this attempt alone, outside the workspace; all in it is gone at the end. */
  readonly scratch: string
  readonly signal: AbortSignal
  /** The value of a secret that the task was given in any way; undefined: it was not given this one. */
  secret(name: string): string | undefined
  /** Appends to the attempt's log, bytes as they are. Text of ours ends with a newline. */
  log(text: string | Uint8Array): void
  /**
   * Runs a program in a process group of its own, output to the log as it comes.
   * Never through a shell: `argv[0]` is looked up in PATH. Resolves when it and its whole group are gone.
   * One at a time. Rejects as {@link CannotStart} when it cannot be started for another reason than `not-found`.
   */
  exec(argv: readonly [string, ...string[]], options?: ExecOptions): Promise<ExecResult>
  /** Reads the attempt's output file (`name=value` lines, `name<<END` blocks), where MILLRACE_OUTPUT points. */
  outputs(): Promise<OutputsRead>
  /** Keeps what a check of code found, beside the attempt's log and as long; a second call replaces it. Durable when it resolves. */
  keepFindings(report: FindingsReport): Promise<void>
  /** Keeps what tests said, as `keepFindings` does. */
  keepTests(report: TestsReport): Promise<void>
  /**
   * Keeps a regular file under this name, fsynced before the attempt is reported; the same name again takes its place.
   * Rejects as {@link CannotStart} when name, file or size may not be.
   */
  keepArtifact(path: string, name: string): Promise<Artifact>
  /** What builds images on the runner; null when there is nothing, or the task's programs do not run on the host. */
  readonly imageBuilder: ImageBuilder | null
}

/** How images are built here. */
export interface ImageBuilder {
  readonly kind: ImageBuilderKind
  /** A name for PATH, or an absolute path. */
  readonly program: string
  /** Words before its command that it needs here. */
  readonly options: readonly string[]
  /** Words after `build` that it needs here. */
  readonly buildOptions: readonly string[]
  /** Where its files and its server are. */
  readonly env: Readonly<Record<string, string>>
}

export type ImageBuilderKind = 'podman' | 'buildah' | 'docker'

/** `reason` names the line that is wrong. */
export type OutputsRead =
  | { readonly ok: true; readonly outputs: Outputs }
  | { readonly ok: false; readonly reason: string }

export interface ExecOptions {
  /** Relative to the workspace, inside it. */
  readonly cwd?: string
  /** On top of the job's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Given on standard input, then it is closed. Without: /dev/null. */
  readonly stdin?: string
  /** Collect standard output (at most 1 MiB) instead of logging it. */
  readonly capture?: boolean
  /** Give in `stdout` what it wrote to the log (the first MiB), standard error included. */
  readonly logged?: boolean
}

export type ExecResult =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: string }
  | { readonly kind: 'signalled'; readonly signal: string; readonly stdout: string }
  | { readonly kind: 'not-found'; readonly program: string }
