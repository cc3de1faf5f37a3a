import type { Json, JsonObject } from '../model/json.ts'

/** One line of a flow: `['a', 'b']`; out of a gateway with conditions `['g', 'a', '1 == 1']`, or `default`. */
export type Line = readonly [from: string, to: string, condition?: string]

export interface TreeSketch {
  /** Everything that is neither the events nor a gateway; missing ones show a message. */
  readonly activities?: Readonly<Record<string, JsonObject>>
  readonly gateways?: Readonly<Record<string, 'Exclusive' | 'Parallel' | 'ConditionalParallel' | 'Converge'>>
  /** Between `start`, `end` and the others. */
  readonly lines: readonly Line[]
  readonly constants?: Readonly<Record<string, JsonObject>>
  readonly outputs?: readonly string[]
}

export const component = (code: string, data: Readonly<Record<string, Json>> = {}): JsonObject => ({
  component: {
    code,
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, { hook: false, value }])),
  },
})
export const display = component('bk_display', { bk_display_message: 'hello' })
export const pause = component('pause_node', { description: '' })
export const sleep = (timing: string): JsonObject => component('sleep_timer', { bk_timing: timing, force_check: true })
export const shell = (content: string, more: Readonly<Record<string, Json>> = {}): JsonObject =>
  component('job_fast_execute_script', {
    job_script_source: 'manual',
    job_script_type: '1',
    job_content: content,
    ...more,
  })
export const subProcess = (pipeline: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'SubProcess',
  pipeline,
  ...more,
})

/** `show` constants by default; `from` is a node and its output. */
export const constant = (value: Json, more: JsonObject = {}): JsonObject => ({
  name: 'constant',
  custom_type: 'input',
  source_type: 'custom',
  source_info: {},
  show_type: 'show',
  value,
  ...more,
})
export const outputOf = (node: string, output: string): JsonObject =>
  constant('', { source_type: 'component_outputs', source_info: { [node]: [output] }, show_type: 'hide' })

/** A web tree as the API carries it; lines are `l1`, `l2` ... in their order. */
export function webTree(sketch: TreeSketch): JsonObject {
  const lines = sketch.lines.map(([source, target, condition], at) => ({ id: `l${at + 1}`, source, target, condition }))
  const ending = Map.groupBy(lines, ({ target }) => target)
  const leaving = Map.groupBy(lines, ({ source }) => source)
  const into = (id: string) => (ending.get(id) ?? []).map((line) => line.id)
  const from = (id: string) => (leaving.get(id) ?? []).map((line) => line.id)
  const one = (ids: readonly string[]): Json => (ids.length === 1 ? ids[0]! : ids)
  const gateways = sketch.gateways ?? {}
  const ids = new Set(lines.flatMap(({ source, target }) => [source, target]))
  const activities = [...ids].filter((id) => id !== 'start' && id !== 'end' && !(id in gateways))
  return {
    start_event: { id: 'start', name: '', type: 'EmptyStartEvent', incoming: '', outgoing: one(from('start')) },
    end_event: { id: 'end', name: '', type: 'EmptyEndEvent', incoming: one(into('end')), outgoing: '' },
    activities: Object.fromEntries(
      activities.map((id) => [
        id,
        {
          id,
          name: `Node ${id}`,
          type: 'ServiceActivity',
          optional: true,
          error_ignorable: false,
          retryable: true,
          skippable: true,
          stage_name: '',
          incoming: into(id),
          outgoing: one(from(id)),
          ...(sketch.activities?.[id] ?? display),
        },
      ]),
    ),
    gateways: Object.fromEntries(
      Object.entries(gateways).map(([id, kind]) => {
        const own = lines.filter(({ source }) => source === id)
        const conditions = own.filter(({ condition }) => condition !== undefined && condition !== 'default')
        const other = own.find(({ condition }) => condition === 'default')
        const forks = kind === 'Exclusive' || kind === 'ConditionalParallel'
        return [
          id,
          {
            id,
            name: '',
            type: `${kind}Gateway`,
            incoming: into(id),
            outgoing: kind === 'Converge' ? one(from(id)) : from(id),
            ...(forks
              ? {
                  conditions: Object.fromEntries(
                    conditions.map((line) => [line.id, { evaluate: line.condition!, name: `to ${line.target}` }]),
                  ),
                  ...(other === undefined ? {} : { default_condition: { flow_id: other.id, name: 'otherwise' } }),
                }
              : {}),
          },
        ]
      }),
    ),
    flows: Object.fromEntries(lines.map(({ id, source, target }) => [id, { id, source, target, is_default: false }])),
    constants: Object.fromEntries(
      Object.entries(sketch.constants ?? {}).map(([key, value], index) => [key, { key, index, ...value }]),
    ),
    outputs: [...(sketch.outputs ?? [])],
  }
}

/** One node after the other. */
export function chainTree(count: number): JsonObject {
  const ids = ['start', ...Array.from({ length: count }, (_, at) => `n${String(at).padStart(31, '0')}`), 'end']
  return webTree({ lines: ids.slice(1).map((id, at) => [ids[at]!, id] as const) })
}
