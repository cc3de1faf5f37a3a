import { nodeVerb } from '../act.ts'

export const expire = nodeVerb({
  action: 'expire',
  summary: 'let the time of a task be over now',
  description:
    'Lets the deadline of a task be now: a sleep ends, a timeout, a review or the time of a held task runs out.',
  example: 'millrace expire release#12 cool-down',
})
