import type { Instant } from './time.ts'

/**
 * What the host must do now. An effect's id is `${seq}:${index}` (seq of the run after the transition), so that
 * a replay makes the same ids. All effects that are still due can be derived again from a run: engine/effects.ts.
 */
export type RunEffect =
  /** It waits for its turn among other runs: send `admit` when there is room. */
  | { readonly type: 'take-turn' }
  /** Runner work is ready to be taken. */
  | { readonly type: 'offer-attempt'; readonly node: number; readonly attempt: number }
  /** The server does this attempt itself and reports with the fence. */
  | { readonly type: 'run-inline'; readonly node: number; readonly fence: number }
  /** Tell the runner to stop this attempt. */
  | { readonly type: 'cancel-attempt'; readonly node: number; readonly fence: number }
  /** Send `check-deadline` at this instant. A later one for the same node replaces it. */
  | { readonly type: 'arm-timer'; readonly node: number | null; readonly at: Instant }
