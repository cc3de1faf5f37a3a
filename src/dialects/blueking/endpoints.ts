import type { EndpointMethod, EndpointRow } from '../kit/endpoints.ts'
import type { Operation } from './call.ts'
import { operations } from './operations.ts'

/** The ESB takes both for what is read: clients in use POST there. */
const esbMethods = ({ method }: Operation): EndpointMethod | readonly EndpointMethod[] =>
  method === 'GET' ? ['GET', 'POST'] : 'POST'

const gatewayPath = (name: string, ids: readonly string[]): string => [name, ...ids.map((id) => `:${id}`)].join('/')

const source = (name: string): EndpointRow['source'] => (name === 'get_task_status' ? 'seed' : 'sibling')

const esbRow = (name: string, operation: Operation): EndpointRow => ({
  method: esbMethods(operation),
  path: `/api/c/compapi/v2/sops/${name}/`,
  also: [`/api/c/compapi/sops/${name}/`],
  family: 'ESB',
  source: source(name),
  from: operation.about,
  served: true,
})

const served: readonly EndpointRow[] = Object.entries(operations).flatMap(
  ([name, operation]): readonly EndpointRow[] => [
    ...(operation.gatewayOnly === true ? [] : [esbRow(name, operation)]),
    {
      method: operation.method,
      path: `/apigw/${gatewayPath(name, operation.path)}/`,
      also: [`/api/bk-sops/:stage/${gatewayPath(name, operation.path)}/`],
      family: 'Gateway and backend',
      source: source(name),
      from: operation.about,
      served: true,
    },
  ],
)

/** What bk-sops has and a pipeline server cannot honour. Source: its `apigw/views`. */
const UNSERVED: readonly (readonly [name: string, method: 'GET' | 'POST', ids: readonly string[], reason: string])[] = [
  [
    'callback',
    'POST',
    ['token'],
    'the door of plugins that other BlueKing systems answer: only bk-sops’ own plugins are given a token; node_callback takes the word with credentials',
  ],
  ['modify_template_executor_proxy', 'POST', ['template_id', 'bk_biz_id'], 'nobody runs a task in another’s name here'],
  [
    'modify_template_notify',
    'POST',
    ['template_id', 'bk_biz_id'],
    'its channels are those of another BlueKing system; who is told of runs is set in the native API',
  ],
]

const unserved: readonly EndpointRow[] = UNSERVED.map(([name, method, ids, reason]) => ({
  method,
  path: `/apigw/${gatewayPath(name, ids)}/`,
  family: 'Gateway and backend',
  source: 'sibling',
  from: name.replaceAll('_', ' '),
  served: { reason },
}))

export const endpoints: readonly EndpointRow[] = [...served, ...unserved]
