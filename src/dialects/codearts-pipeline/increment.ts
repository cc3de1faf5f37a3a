import type { App, Caller } from '../../host/app.ts'
import type { PipelineView } from '../../model/view.ts'
import { variablesOf } from './dto.ts'
import { originalOf } from './original.ts'

/**
 * Values of variables of the type `autoIncrement` for the next run: the newest run's with the digits at its end one
 * higher, the default for the first run, and again when it was edited since. Two runs that are started in the same
 * moment may get the same one.
 */
export async function nextValues(
  app: App,
  caller: Caller,
  pipeline: PipelineView,
): Promise<readonly (readonly [name: string, value: string])[]> {
  const original = originalOf(pipeline.definition)
  if (original === null || pipeline.latestRun === null) return []
  const counters = variablesOf(original.dto).filter(({ type }) => type === 'autoIncrement')
  if (counters.length === 0) return []
  const latest = await app.runs.get(caller, { id: pipeline.latestRun.id })
  if (!latest.ok || latest.value.pipeline.version !== pipeline.version) return []
  const values = new Map(latest.value.params.map(({ name, value }) => [name, value]))
  return counters.flatMap(({ name }) => {
    const value = values.get(name)
    return typeof value === 'string' ? [[name, incremented(value)] as const] : []
  })
}

/** `1.0.9` -> `1.0.10`, `v007` -> `v008`; without digits at its end it stays. */
export const incremented = (value: string): string =>
  value.replace(/\d{1,15}$/, (digits) => String(Number(digits) + 1).padStart(digits.length, '0'))
