import { nodeVerb } from '../act.ts'

export const skip = nodeVerb({
  action: 'skip',
  kind: 'node',
  summary: 'pass over a task or stage',
  description:
    'Passes over a task that failed or has not begun, or a stage that has not begun: the run goes on as if it had succeeded.',
  example: 'millrace skip release#12 smoke-test --comment "known outage"',
})
