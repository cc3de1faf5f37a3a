import { nodeVerb } from '../act.ts'

export const rollback = nodeVerb({
  action: 'rollback',
  kind: 'stage',
  summary: 'take back what a stage has deployed',
  description:
    'Takes a stage back that has ended, by the rollback of its tasks, the last first. The run tells how that went.',
  example: 'millrace rollback release#12 deploy --comment "errors in the new version"',
})
