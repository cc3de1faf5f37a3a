import { runOrTaskVerb } from '../act.ts'

export const pause = runOrTaskVerb({
  action: 'pause',
  summary: 'begin nothing new in a run, or hold one task',
  description:
    'Pauses a run: what is at work ends, nothing new begins until it is resumed. With a task: it alone, also ahead of ' +
    'time; of a sub-flow: everything in it. What it is at goes on, and its end is kept until it is resumed.',
})
