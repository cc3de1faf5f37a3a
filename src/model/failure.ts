import { formatDuration, type DurationMs } from './time.ts'

/** Why an attempt did not succeed. The kind decides between `failed`, `errored` and `timed_out`. */
export type Failure =
  /** The process ended with this code, 1 to 255. */
  | { readonly kind: 'exit-code'; readonly code: number }
  /** The process was ended by a signal that we did not send, e.g. `SIGSEGV`. */
  | { readonly kind: 'signal'; readonly signal: string }
  /** The kernel ended it because the memory of the machine or of its container was used up. `limitBytes` null: not known. */
  | { readonly kind: 'out-of-memory'; readonly limitBytes: number | null }
  /** It wrote more than it may: its log, its outputs, its artifacts. */
  | { readonly kind: 'output-limit'; readonly reason: string }
  /** The work was done and its answer is no: an HTTP status, a threshold, an output that breaks its rules. */
  | { readonly kind: 'said-no'; readonly reason: string }
  | { readonly kind: 'rejected'; readonly by: string; readonly comment: string }
  /** A person said that it has failed. */
  | { readonly kind: 'forced'; readonly by: string; readonly reason: string }
  /** A gateway had no branch to go on by, or more than it may have; or a condition of it could not be read. */
  | { readonly kind: 'no-branch'; readonly reason: string }
  | {
      readonly kind: 'many-branches'
      readonly names: readonly string[]
      /** Of the edges; runs of before have none. */
      readonly keys?: readonly string[]
    }
  | { readonly kind: 'condition'; readonly reason: string }
  /** A loop came back to it more often than its flow allows. */
  | { readonly kind: 'loop-limit'; readonly limit: number }
  /** The step could not begin: repository not found, shell missing, bad input after rendering. */
  | { readonly kind: 'cannot-start'; readonly reason: string }
  /** A program that the step needs is not there, on the runner or in the image. */
  | { readonly kind: 'missing-tool'; readonly tool: string }
  /** The runner's disk is full, or what may be used of it is. `what` was being written. */
  | { readonly kind: 'disk-full'; readonly what: string }
  /** The step's system refused our credentials or rights. */
  | { readonly kind: 'unauthorized'; readonly reason: string }
  /** The runner or the server died or went silent while the attempt ran. */
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'internal'; readonly reason: string }
  | { readonly kind: 'timeout'; readonly afterMs: DurationMs }
  /** No runner took it in time. */
  | { readonly kind: 'not-started'; readonly afterMs: DurationMs }
  /** Nobody decided a review, or mended a held node, in time. */
  | { readonly kind: 'expired'; readonly afterMs: DurationMs }

export type FailureKind = Failure['kind']
export type FailureStatus = 'failed' | 'errored' | 'timed_out'

export const failureStatus = {
  'exit-code': 'failed',
  signal: 'failed',
  'out-of-memory': 'failed',
  'output-limit': 'failed',
  'said-no': 'failed',
  rejected: 'failed',
  forced: 'failed',
  'no-branch': 'failed',
  'many-branches': 'failed',
  condition: 'failed',
  'loop-limit': 'failed',
  'cannot-start': 'errored',
  'missing-tool': 'errored',
  'disk-full': 'errored',
  unauthorized: 'errored',
  lost: 'errored',
  internal: 'errored',
  timeout: 'timed_out',
  'not-started': 'timed_out',
  expired: 'timed_out',
} as const satisfies Record<FailureKind, FailureStatus>

/** Whether another attempt may say something else; a person's no and a bad input would only say the same again. */
export const isRetryable = {
  'exit-code': true,
  signal: true,
  'out-of-memory': true,
  'output-limit': true,
  'said-no': true,
  rejected: false,
  forced: false,
  'no-branch': false,
  'many-branches': false,
  condition: false,
  'loop-limit': false,
  'cannot-start': true,
  // Another runner may have it, and room.
  'missing-tool': true,
  'disk-full': true,
  unauthorized: false,
  lost: true,
  internal: true,
  timeout: true,
  'not-started': false,
  expired: false,
} as const satisfies Record<FailureKind, boolean>

/** One sentence for people, without a full stop. */
export function failureSentence(failure: Failure): string {
  switch (failure.kind) {
    case 'exit-code':
      return `the process exited with code ${failure.code}`
    case 'signal':
      return `the process was ended by ${failure.signal}`
    case 'out-of-memory':
      return failure.limitBytes === null
        ? 'the process was ended because no memory was left'
        : `the process was ended because it used more than its ${failure.limitBytes} bytes of memory`
    case 'output-limit':
      return failure.reason
    case 'said-no':
      return failure.reason
    case 'rejected':
      return `rejected by ${failure.by}${failure.comment === '' ? '' : `: ${failure.comment}`}`
    case 'forced':
      return `failed by ${failure.by}${failure.reason === '' ? '' : `: ${failure.reason}`}`
    case 'no-branch':
    case 'condition':
      return failure.reason
    case 'many-branches':
      return `several branches are open: ${failure.names.join(', ')}`
    case 'loop-limit':
      return `it was to run more than ${failure.limit} times`
    case 'cannot-start':
      return `could not start: ${failure.reason}`
    case 'missing-tool':
      return `${failure.tool} was not found`
    case 'disk-full':
      return `the disk is full: ${failure.what}`
    case 'unauthorized':
      return `not authorized: ${failure.reason}`
    case 'lost':
      return `lost: ${failure.reason}`
    case 'internal':
      return `internal error: ${failure.reason}`
    case 'timeout':
      return `timed out after ${formatDuration(failure.afterMs)}`
    case 'not-started':
      return `no runner took it within ${formatDuration(failure.afterMs)}`
    case 'expired':
      return `nobody decided within ${formatDuration(failure.afterMs)}`
  }
}

/** What may mend it, as one sentence for people without a full stop. */
export function failureHint(failure: Failure): string {
  switch (failure.kind) {
    case 'exit-code':
      return exitHints[failure.code] ?? 'its log tells what it said last'
    case 'signal':
      return signalHints[failure.signal] ?? 'its log tells what it did last; nobody of the server sent the signal'
    case 'out-of-memory':
      return failure.limitBytes === null
        ? 'let it use less memory, run fewer tasks at once, or use a runner with more memory'
        : 'let it use less memory, or raise `memory` of its container'
    case 'output-limit':
      return 'let it write less; large results belong into artifacts, and long texts into files'
    case 'said-no':
      return 'mend what it names; its log, where it has one, tells more'
    case 'rejected':
      return 'do what the reviewer asks for, then start the run again'
    case 'forced':
      return 'retry it when what stood against it is gone'
    case 'no-branch':
    case 'many-branches':
      return 'choose the way by hand, or mend the conditions of its edges'
    case 'condition':
      return 'mend the condition'
    case 'loop-limit':
      return 'let its condition end the loop, or raise `loops`'
    case 'cannot-start':
      return 'mend what it names, then retry it'
    case 'missing-tool':
      return 'install it on the runner, ask for a runner that has it by `runs_on`, or use a container whose image has it'
    case 'disk-full':
      return 'make room on the disk of the runner, or keep logs, artifacts and workspaces for a shorter time; then retry it'
    case 'unauthorized':
      return 'check the credentials that it was given, and their rights'
    case 'lost':
      return 'retry it, or let `on_lost: rerun` do so'
    case 'internal':
      return 'retry it; if it comes again, the log of the server tells more'
    case 'timeout':
      return 'raise its `timeout`, or find in its log what it waits for'
    case 'not-started':
      return 'add a runner with its labels, or raise `not_started`'
    case 'expired':
      return 'decide it in time, or raise its `expire`'
  }
}

/** What shells mean by their exit codes: "Exit Status" of POSIX, and 128 + the number of the signal that ended a program. */
const exitHints: Readonly<Record<number, string>> = {
  126: 'a file was found that cannot be run: it needs the right to be executed, or is a program of another machine',
  127: 'a command was not found: install it on the runner, or use a container whose image has it',
  130: 'a program was ended by SIGINT',
  134: 'a program ended itself by SIGABRT: an assertion failed, or memory was damaged',
  137: 'a program was ended by SIGKILL, mostly because the memory was used up',
  139: 'a program was ended by SIGSEGV: it used memory that is not its own',
  141: 'a program wrote into a pipe that nobody reads any more (SIGPIPE)',
  143: 'a program was ended by SIGTERM',
}

const signalHints: Readonly<Record<string, string>> = {
  SIGKILL: 'somebody on the machine has killed it, or the memory was used up',
  SIGTERM: 'somebody on the machine has asked it to end',
  SIGSEGV: 'it used memory that is not its own: a defect of the program or of a library',
  SIGABRT: 'it ended itself: an assertion failed, or memory was damaged',
  SIGXFSZ: 'it wrote a file that is larger than the machine allows',
  SIGXCPU: 'it used more processor time than the machine allows',
}
