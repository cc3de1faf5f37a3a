import type { RunEvent } from '../model/event.ts'
import { asId, type PipelineId, type ProjectId } from '../model/id.ts'

type RunCreated = Extract<RunEvent, { type: 'RunCreated' }>

/** How a run begins where nobody asks of what pipeline it is. */
export const runCreated = (name: string, said: Partial<Omit<RunCreated, 'type'>> = {}): RunCreated => ({
  type: 'RunCreated',
  projectId: asId<ProjectId>('1b'.repeat(16)),
  pipelineId: asId<PipelineId>('2c'.repeat(16)),
  version: 1,
  number: 1,
  serial: 1,
  name,
  cause: { kind: 'manual', by: 'li' },
  params: {},
  ...said,
})
