import type { DurationMs } from './time.ts'

/** Numbers that more than one layer must agree on. */

/** From TERM to KILL when an attempt is stopped. */
export const GRACE_MS: DurationMs = 10_000
/** How long a silent runner keeps its right to an attempt. A cancel ends within grace + lease, whatever the runner does. */
export const LEASE_MS: DurationMs = 15_000
/** All outputs of one task together, names and values. */
export const OUTPUTS_MAX_BYTES = 65_536
/** How often one task may be tried in one pass of a run, reruns of lost attempts counted. */
export const ATTEMPTS_MAX = 1_000
