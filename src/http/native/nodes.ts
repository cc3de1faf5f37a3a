import type { z } from 'zod'
import type { NodeActionInput as ActionInput } from '../../host/app.ts'
import { NODE_ACTIONS, type NodeAction } from '../../model/command.ts'
import { accept, type Result } from '../../model/problem.ts'
import type { RunView, StageView, TaskView } from '../../model/view.ts'
import { presentExplanation, presentStage, presentTask } from './present.ts'
import { runText } from './run-text.ts'
import { nodeRef, runRef } from './refs.ts'
import { route } from './route.ts'
import { ExplanationList, Node, NodeActionInput, Run } from './schema.ts'

const tag = 'nodes'

/** A node of this run by id or key. */
export function findNode(run: RunView, text: string): StageView | TaskView | undefined {
  for (const stage of run.stages) {
    if (stage.id === text || stage.key === text) return stage
    const task = stage.tasks.find(({ id, key }) => id === text || key === text)
    if (task !== undefined) return task
  }
  return undefined
}

const noSuchNode = (text: string) =>
  ({
    ok: false,
    problem: { code: 'not_found', message: `This run has no node ${JSON.stringify(text.slice(0, 128))}` },
  }) as const

export const getNode = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/nodes/{node}',
  id: 'getNode',
  tag,
  summary: 'One stage or task of a run, by id or key',
  status: 200,
  answer: { json: Node },
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const run = await app.runs.get(caller, runRef(param('run')))
    if (!run.ok) return run
    const node = findNode(run.value, param('node'))
    if (node === undefined) return noSuchNode(param('node'))
    return accept({
      body: node.kind === 'stage' ? presentStage(node) : presentTask(node),
      etag: `a${run.value.seq}`,
      depends: [`run:${run.value.id}`],
    })
  },
})

export const actOnNode = route({
  method: 'POST',
  path: '/api/v1/runs/{run}/nodes/{node}/actions/{action}',
  id: 'actOnNode',
  tag,
  summary: `Steer a node: ${NODE_ACTIONS.join(', ')}`,
  body: NodeActionInput,
  status: 200,
  answer: { json: Run },
  problems: ['not_found', 'not_allowed'],
  handle: async ({ app, caller, param, body }) => {
    const action = NODE_ACTIONS.find((one) => one === param('action'))
    if (action === undefined) {
      const message = `A node knows ${NODE_ACTIONS.join(', ')}, found ${JSON.stringify(param('action').slice(0, 40))}`
      return { ok: false, problem: { code: 'not_found', message } }
    }
    const input = inputOf(action, body)
    if (!input.ok) return input
    const run = await app.runs.actOnNode(caller, runRef(param('run')), nodeRef(param('node')), input.value)
    return run.ok ? accept({ json: runText(run.value), etag: `a${run.value.seq}` }) : run
  },
})

/** What comes with an action belongs to it. */
function inputOf(action: NodeAction, body: z.output<typeof NodeActionInput>): Result<ActionInput> {
  const fields = FIELDS[action]
  const stray = Object.keys(body).find((field) => field !== 'comment' && !fields.includes(field))
  if (stray !== undefined) {
    return { ok: false, problem: { code: 'invalid_request', message: `${stray} does not belong to ${action}` } }
  }
  const comment = body.comment === undefined ? {} : { comment: body.comment }
  const missing = (field: string): Result<ActionInput> => ({
    ok: false,
    problem: { code: 'invalid_request', message: `${action} takes ${field}, found none` },
  })
  switch (action) {
    case 'retry':
      return accept({ action, ...comment, ...(body.inputs === undefined ? {} : { inputs: body.inputs }) })
    case 'callback':
      return accept({
        action,
        ...comment,
        ...(body.outputs === undefined ? {} : { outputs: body.outputs }),
        ...(body.succeeded === undefined ? {} : { succeeded: body.succeeded }),
        ...(body.version === undefined ? {} : { version: body.version }),
      })
    case 'choose':
      return body.edges === undefined ? missing('edges') : accept({ action, ...comment, edges: body.edges })
    case 'delay':
      return body.by_ms === undefined ? missing('by_ms') : accept({ action, ...comment, byMs: body.by_ms })
    case 'skip':
    case 'approve':
    case 'reject':
    case 'pause':
    case 'resume':
    case 'fail':
    case 'rollback':
    case 'expire':
      return accept({ action, ...comment })
  }
}

const FIELDS: Readonly<Record<NodeAction, readonly string[]>> = {
  retry: ['inputs'],
  callback: ['outputs', 'succeeded', 'version'],
  choose: ['edges'],
  delay: ['by_ms'],
  skip: [],
  approve: [],
  reject: [],
  pause: [],
  resume: [],
  fail: [],
  rollback: [],
  expire: [],
}

export const explainNode = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/nodes/{node}/explain',
  id: 'explainNode',
  tag,
  summary: 'Why a node is where it is, and what would change that',
  description: 'A stage answers with what its tasks wait for.',
  status: 200,
  answer: { json: ExplanationList },
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const ref = runRef(param('run'))
    const run = await app.runs.get(caller, ref)
    if (!run.ok) return run
    const node = findNode(run.value, param('node'))
    if (node === undefined) return noSuchNode(param('node'))
    const explained = await app.runs.explain(caller, ref)
    if (!explained.ok) return explained
    const ids = new Set<string>([node.id, ...(node.kind === 'stage' ? node.tasks.map(({ id }) => id) : [])])
    const items = explained.value.filter((one) => one.node !== null && ids.has(one.node.id))
    return accept({ body: { items: items.map(presentExplanation) } })
  },
})
