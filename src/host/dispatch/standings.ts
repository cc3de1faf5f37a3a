import type { Taking } from './runner.ts'

/** Where a task stands that waits for a runner. */
export interface Standing {
  /** Place in its line from 1, or null when it does not wait. */
  readonly position: number | null
  /** Whether any runner there is could do it. */
  readonly capable: boolean
  /** The one runner that may take it, when there is one only. */
  readonly only: string | null
  /** Whether others could do it, but have not the workspace of its run. */
  readonly pinned: boolean
  /** Why none of the runners that may take it does, whether they are busy or not; null: they may be. */
  readonly hindrance: 'paused' | 'silent' | null
}

export function hindranceOf(
  seats: readonly { readonly taking: Taking; readonly isSilent: boolean }[],
): Standing['hindrance'] {
  if (seats.every((seat) => seat.taking !== 'all')) return 'paused'
  return seats.every((seat) => seat.taking !== 'all' || seat.isSilent) ? 'silent' : null
}
