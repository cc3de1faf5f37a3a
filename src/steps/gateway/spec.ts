import { z } from 'zod'
import { GATEWAYS } from '../../model/definition.ts'
import { defineStep } from '../step.ts'

export const gateway = defineStep({
  type: 'gateway',
  summary: 'Only in a flow: where its token takes one way, forks, or comes together again.',
  schema: z.strictObject({
    kind: z
      .enum(GATEWAYS)
      .describe(
        'exclusive: one edge; parallel: all edges; conditional: all whose condition holds; converge: where those meet.',
      ),
  }),
  shorthand: 'kind',
  work: ({ kind }) => ({ kind: 'gateway', gateway: kind }),
})
