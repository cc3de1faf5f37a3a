import { nodeVerb } from '../act.ts'

export const approve = nodeVerb({
  action: 'approve',
  summary: 'say yes to a review',
  description: 'Approves a review. It may take more than one person: the answer says how many are there.',
  comment: 'what to tell the others',
  example: 'millrace approve release#12 go-live --comment "checked on staging"',
})
