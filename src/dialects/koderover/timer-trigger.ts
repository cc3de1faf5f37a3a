import { isMap, isSeq, parseDocument } from 'yaml'
import type { JsonObject } from '../../model/json.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { PipelineView } from '../../model/view.ts'
import { inZone } from './definition-text.ts'
import type { Call } from './route.ts'

/** A timer's trigger: by its name it is found again; without a schedule it is taken out. */
interface Timer {
  readonly name: string
  /** Its fields are the server's local time. */
  readonly schedule: string
  readonly params: JsonObject
  /** One that is switched off is checked as any other, and is not in the text. */
  readonly enabled: boolean
}

/** Writes a timer into the pipeline's text, or takes it out; the rest of the text stays as it is. */
export async function setTimer(call: Call, pipeline: PipelineView, timer: Timer): Promise<Result<unknown>> {
  const { name, schedule, params, enabled } = timer
  const before = await textOf(call, pipeline)
  if (!before.ok) return before
  const trigger = inZone({ schedule, params, name }, call.options.zoneOffsetMinutes)
  const made = withTrigger(before.value, name, trigger)
  if (made === undefined) return refuse('conflict', UNREADABLE)
  if (enabled) return await rewrite(call, pipeline, before.value, made)
  const found = await call.app.pipelines.validate(made, pipeline.name)
  // What else may be wrong with the text by now keeps nobody from switching a timer off.
  const errors = found.filter(({ path }) => path.startsWith('triggers'))
  if (errors.length > 0) return refuse('invalid_definition', 'the timer is not good', { errors })
  return await rewrite(call, pipeline, before.value, withTrigger(before.value, name, undefined))
}

/** Takes a timer out of the pipeline's text. */
export async function dropTimer(call: Call, pipeline: PipelineView, name: string): Promise<Result<unknown>> {
  const before = await textOf(call, pipeline)
  return before.ok ? await rewrite(call, pipeline, before.value, withTrigger(before.value, name, undefined)) : before
}

const UNREADABLE = 'the triggers of this pipeline are written in a way that only people change'

const textOf = ({ app, caller }: Call, { id, version }: PipelineView): Promise<Result<string>> =>
  app.pipelines.text(caller, { id }, version)

async function rewrite(
  { app, caller }: Call,
  { id, version }: PipelineView,
  before: string,
  text: string | undefined,
): Promise<Result<unknown>> {
  if (text === undefined) return refuse('conflict', UNREADABLE)
  return text === before ? accept(null) : await app.pipelines.update(caller, { id }, { text, expectedVersion: version })
}

/** undefined: its triggers are no list that one could be put into or taken out of. */
function withTrigger(text: string, name: string, trigger: JsonObject | undefined): string | undefined {
  const document = parseDocument(text, { logLevel: 'error' })
  if (!isMap(document.contents)) return undefined
  const triggers = document.get('triggers')
  const path = isMap(triggers) ? ['triggers', 'list'] : ['triggers']
  const list = document.getIn(path)
  if (list !== undefined && list !== null && !isSeq(list)) return undefined
  const others = isSeq(list) ? list.items.filter((item) => !isMap(item) || item.get('name') !== name) : []
  const own = trigger === undefined ? [] : [document.createNode(trigger)]
  const items = [...others, ...own]
  if (items.length === (isSeq(list) ? list.items.length : 0) && own.length === 0) return text
  if (items.length === 0) document.delete('triggers')
  else if (isSeq(list)) list.items = items
  else document.setIn(path, items)
  return isJson(text) ? JSON.stringify(document.toJS(), null, 2) : document.toString({ lineWidth: 0 })
}

const isJson = (text: string): boolean => text.trimStart().startsWith('{')
