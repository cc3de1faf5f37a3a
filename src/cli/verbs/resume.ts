import { runOrTaskVerb } from '../act.ts'

export const resume = runOrTaskVerb({
  action: 'resume',
  summary: 'let a paused run or task go on',
  description: 'Lets a paused run go on where it stopped. With a task: lets go of a task that was paused by itself.',
})
