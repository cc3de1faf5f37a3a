import { openBkClient, type BkClient, type Body } from './blueking-client.ts'
import { webTree, type TreeSketch } from './blueking-trees.ts'

/** A task of a tree of its own, as a client of this server has it. */
export interface BkTask {
  readonly client: BkClient
  readonly id: number
  /** Runtime id of a node, by its id in the template. */
  readonly node: (id: string) => string
  readonly tree: Body
  status(query?: Readonly<Record<string, string>>): Promise<Body>
  /** State of each entered node by its id in the template; sub-processes' own are joined with a dot. */
  states(engine?: 1 | 2): Promise<Record<string, string>>
  operate(action: string): Promise<Body>
  act(id: string, action: string, more?: Readonly<Record<string, unknown>>): Promise<Body>
  /** get_task_node_detail, as the later engine tells it. */
  detail(id: string, query?: Readonly<Record<string, string>>): Promise<Body>
  /** Why it has failed, by node id of the template. */
  reasons(): Promise<Record<string, string>>
}

interface Level {
  readonly start_event: { readonly id: string }
  readonly end_event: { readonly id: string }
  readonly gateways: Readonly<Record<string, { readonly template_node_id: string }>>
  readonly activities: Readonly<Record<string, { readonly template_node_id: string; readonly pipeline?: Level }>>
}
interface Part {
  readonly id: string
  readonly state: string
  readonly ex_data?: Readonly<Record<string, string>>
  readonly children: Readonly<Record<string, Part>>
}

/** Made, and started unless told otherwise. */
export async function taskOf(
  sketch: TreeSketch,
  more: Readonly<Record<string, unknown>> = {},
  start = true,
): Promise<BkTask> {
  const client = await openBkClient()
  const made = (await client.need(
    client.post('fast_create_task', [client.biz], { name: 'a task', pipeline_tree: webTree(sketch), ...more }),
  )) as { readonly task_id: number; readonly pipeline_tree: Level }
  if (start) await client.need(client.post('start_task', [made.task_id, client.biz]))
  return task(client, made.task_id, made.pipeline_tree)
}

function task(client: BkClient, id: number, tree: Level): BkTask {
  const names = namesIn(tree, '')
  const node = (name: string): string => [...names].find(([, one]) => one === name)?.[0] ?? name
  const status: BkTask['status'] = (query = {}) => client.need(client.get('get_task_status', [id, client.biz], query))
  return {
    client,
    id,
    node,
    tree,
    status,
    states: async (engine = 1) => {
      const whole = (await status({ engine_ver: String(engine) })) as Part
      const inside = partsOf(whole).map((part) => [names.get(part.id) ?? part.id, part.state] as const)
      return Object.fromEntries([['root', whole.state], ...inside])
    },
    operate: (action) => client.post('operate_task', [id, client.biz], { action }),
    act: (name, action, more = {}) =>
      client.post('operate_node', [client.biz, id], { node_id: node(name), action, ...more }),
    detail: (name, query = {}) =>
      client.need(
        client.get('get_task_node_detail', [id, client.biz], { node_id: node(name), engine_ver: '2', ...query }),
      ),
    reasons: async () => {
      const { ex_data = {} } = (await status({ with_ex_data: '1' })) as Part
      return Object.fromEntries(Object.entries(ex_data).map(([key, text]) => [names.get(key) ?? key, text]))
    },
  }
}

const partsOf = ({ children }: Part): readonly Part[] =>
  Object.values(children).flatMap((child) => [child, ...partsOf(child)])

function namesIn(level: Level, prefix: string): ReadonlyMap<string, string> {
  const names = new Map([
    [level.start_event.id, `${prefix}start`],
    [level.end_event.id, `${prefix}end`],
  ])
  for (const [key, { template_node_id }] of Object.entries(level.gateways)) names.set(key, prefix + template_node_id)
  for (const [key, { template_node_id, pipeline }] of Object.entries(level.activities)) {
    names.set(key, prefix + template_node_id)
    if (pipeline === undefined) continue
    for (const [id, name] of namesIn(pipeline, `${prefix}${template_node_id}.`)) names.set(id, name)
  }
  return names
}
