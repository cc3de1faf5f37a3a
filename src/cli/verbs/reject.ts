import { nodeVerb } from '../act.ts'

export const reject = nodeVerb({
  action: 'reject',
  summary: 'say no to a review',
  description: 'Rejects a review: its task has failed then.',
  comment: 'why',
  example: 'millrace reject release#12 go-live --comment "the migration is missing"',
})
