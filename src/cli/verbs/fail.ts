import { nodeVerb } from '../act.ts'

export const fail = nodeVerb({
  action: 'fail',
  summary: 'end a task as failed',
  description:
    'Ends a task as failed, whatever it is at: its process is stopped, and what its failure means for the run is what the definition says.',
  example: 'millrace fail release#12 load-test --comment "it measures the wrong host"',
})
