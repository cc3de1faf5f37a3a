import type { ExitStatus } from '../launch.ts'

/** A program as a step asks for it. */
export interface Program {
  readonly argv: readonly [string, ...string[]]
  /** What it is to see; a container adds its image's. */
  readonly env: Readonly<Record<string, string>>
  /** Absolute, in the workspace. */
  readonly cwd: string
  readonly hasInput: boolean
}

/** The same as the runner starts it. */
export interface Prepared {
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  /** What its end means: those who run it for us have codes of their own. Does not reject. */
  outcome(status: ExitStatus): Promise<Outcome>
  /** Its time is over: ends what a KILL to the group of the process does not reach. */
  kill(): void
}

export type Outcome =
  | { readonly kind: 'ended'; readonly status: ExitStatus; readonly oomKilled: boolean }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'cannot-start'; readonly reason: string }

/** Where the programs of one attempt run. */
export interface Place {
  /** Rejects with CannotStart when it cannot be run there. */
  prepare(program: Program): Promise<Prepared>
  /** No program of it runs any more: gives back what is left. Does not reject. */
  close(): Promise<void>
  /** Of memory; null: none of its own. */
  readonly limitBytes: number | null
}

/** As a process of the runner. */
export const HOST: Place = {
  limitBytes: null,
  prepare: ({ argv, env }) => Promise.resolve({ argv, env, outcome: ended, kill: () => {} }),
  close: () => Promise.resolve(),
}

export const ended = (status: ExitStatus): Promise<Outcome> =>
  Promise.resolve({ kind: 'ended', status, oomKilled: false })
