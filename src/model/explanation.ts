/** Why a run or node is where it is: what it waits for, or what it is at. */
export const EXPLANATION_CODES = [
  'waiting-for-start',
  'waiting-for-trigger',
  'waiting-for-turn',
  'waiting-for-callback',
  'waiting-for-runner',
  'no-runner-with-labels',
  'waiting-for-review',
  'held-after-failure',
  'paused',
  'waiting-for-retry',
  'waiting-for-needs',
  'sleeping',
  'cancelling',
  'failed',
  'ended',
  'running',
] as const
export type ExplanationCode = (typeof EXPLANATION_CODES)[number]
