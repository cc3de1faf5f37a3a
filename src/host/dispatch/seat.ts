import type { Attempt, Runner, Taking } from './runner.ts'

/** A runner of this server, and what it has. */
export interface Seat {
  runner: Runner
  taking: Taking
  /** Leases that are being committed. */
  leasing: number
  /** What the runner was given and has not ended, by {@link nameOf}. */
  readonly held: Map<string, { readonly attempt: Attempt; readonly project: string }>
  /** What it has ended, until that is durable: the log still says that it holds these. */
  readonly ending: Set<string>
}

export const busyOf = ({ leasing, held }: Seat): number => leasing + held.size

export const nameOf = ({ runId, node, fence }: Pick<Attempt, 'runId' | 'node' | 'fence'>): string =>
  `${runId}/${node}/${fence}`

export const isSilent = ({ runner }: Seat): boolean => (runner.silence?.() ?? null) !== null
