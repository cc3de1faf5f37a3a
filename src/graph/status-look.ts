import type { NodeStatus } from '../model/status.ts'

/** How a status looks wherever it is drawn: a colour group and a sign of its own shape, so that nobody needs the colour. */
export interface StatusLook {
  readonly tone: Tone
  readonly sign: Sign
}
export const TONES = ['idle', 'wait', 'run', 'person', 'good', 'bad', 'stop'] as const
export type Tone = (typeof TONES)[number]
export type Sign = keyof typeof SIGNS

export const statusLook = {
  pending: { tone: 'idle', sign: 'dot' },
  waiting: { tone: 'wait', sign: 'clock' },
  queued: { tone: 'wait', sign: 'queue' },
  running: { tone: 'run', sign: 'play' },
  reviewing: { tone: 'person', sign: 'person' },
  paused: { tone: 'person', sign: 'pause' },
  held: { tone: 'bad', sign: 'hand' },
  succeeded: { tone: 'good', sign: 'check' },
  failed: { tone: 'bad', sign: 'cross' },
  errored: { tone: 'bad', sign: 'bang' },
  timed_out: { tone: 'bad', sign: 'clock' },
  cancelled: { tone: 'stop', sign: 'stop' },
  skipped: { tone: 'stop', sign: 'skip' },
  rolling_back: { tone: 'run', sign: 'back' },
  rolled_back: { tone: 'stop', sign: 'back' },
  rollback_failed: { tone: 'bad', sign: 'back' },
  rollback_errored: { tone: 'bad', sign: 'back' },
} as const satisfies Record<NodeStatus, StatusLook>

/** Drawn as strokes of 1.6 in a square of 16. */
export const SIGNS = {
  dot: 'M8 7.2a.8.8 0 1 0 0 1.6a.8.8 0 1 0 0 -1.6',
  clock: 'M8 4.5V8l2.3 1.6',
  queue: 'M5 5.5h6M5 8h6M5 10.5h3.5',
  play: 'M6.5 5.2l4.3 2.8l-4.3 2.8z',
  person: 'M8 4.4a1.8 1.8 0 1 0 0 3.6a1.8 1.8 0 1 0 0 -3.6M4.8 11.6c.4-1.9 1.6-2.4 3.2-2.4s2.8.5 3.2 2.4',
  pause: 'M6.3 5.2v5.6M9.7 5.2v5.6',
  hand: 'M5 8h6M8 5v6M5.6 5.6h4.8v4.8h-4.8z',
  check: 'M4.9 8.3l2.2 2.2l4-4.6',
  cross: 'M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8',
  bang: 'M8 4.6v4M8 10.9v.3',
  stop: 'M5.8 5.8h4.4v4.4h-4.4z',
  skip: 'M5 5.2l4 2.8l-4 2.8zM10.8 5.2v5.6',
  back: 'M10.8 10.4c1-3-.8-4.4-2.8-4.4H5.2M6.8 4.2L5 6l1.8 1.8',
} as const
