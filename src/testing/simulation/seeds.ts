/**
 * Seeds that once found something, replayed in every run of the test suite. A seed means other days when the definitions
 * that are drawn (random-plans.ts) or the order of what befalls a server change: what it found has a test of its own
 * beside the source that was wrong, and stays here as long as it is cheap.
 */
export const SEEDS: readonly { readonly name: string; readonly seed: number; readonly days: number }[] = [
  { name: 'a start is asked for again when its key has almost lapsed', seed: 4, days: 20 },
  { name: 'a task is given up while its runner does not stop, and is tried again', seed: 1, days: 20 },
  { name: 'a stage that always runs waits for its triggers in a run that has failed', seed: 1_003, days: 20 },
  {
    name: 'what waited for a callback is taken back on a runner, which is stopped when its time is over',
    seed: 34,
    days: 20,
  },
  { name: 'what has slept is taken back on a runner, which is stopped when its time is over', seed: 50, days: 20 },
  { name: 'a run begins on the day on which everybody is well again', seed: 31, days: 20 },
]
