import type { PipelineId } from '../../../model/id.ts'
import { refuse, type Writer } from './writer.ts'

/** Counted in the database, not in memory: a number that was given must stay given after a crash. */
export function reserve({ connection }: Writer, pipelineId: PipelineId): { number: number; serial: number } {
  const pipeline = connection.get<{ number: number }>(
    'update pipelines set last_number = last_number + 1 where id = ? returning last_number as number',
    pipelineId,
  )
  if (pipeline === undefined) return refuse('missing', `there is no pipeline ${pipelineId}`)
  const run = connection.get<{ serial: number }>('update last_serial set value = value + 1 returning value as serial')
  if (run === undefined) throw new Error('the table last_serial has no row')
  return { number: pipeline.number, serial: run.serial }
}
