import { isMap, isSeq, parseDocument } from 'yaml'
import type { JsonObject } from '../../model/json.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { PipelineView } from '../../model/view.ts'
import { inZone } from './definition-text.ts'
import type { Call } from './route.ts'

/**
 * Writes a timer's trigger into the pipeline's text, or takes it out (undefined); the rest of the text stays as it is.
 * @param name of the trigger, by which it is found again.
 * @param trigger without its name; its fields are the server's local time.
 */
export async function setTimer(
  { app, caller, options }: Call,
  pipeline: PipelineView,
  name: string,
  trigger: JsonObject | undefined,
): Promise<Result<unknown>> {
  const before = await app.pipelines.text(caller, { id: pipeline.id }, pipeline.version)
  if (!before.ok) return before
  const own = trigger === undefined ? undefined : inZone({ ...trigger, name }, options.zoneOffsetMinutes)
  const text = withTrigger(before.value, name, own)
  if (text === undefined)
    return refuse('conflict', 'the triggers of this pipeline are written in a way that only people change')
  if (text === before.value) return accept(null)
  return await app.pipelines.update(caller, { id: pipeline.id }, { text, expectedVersion: pipeline.version })
}

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
