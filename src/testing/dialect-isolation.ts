import type { Caller } from '../host/app.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { type EndpointRow, pathsOf } from '../dialects/kit/endpoints.ts'
import type { PipelineView, ProjectView, RunView } from '../model/view.ts'
import { servedEndpoints, sender } from './dialect-fuzz.ts'
import { credentialHeaders, examplePath } from './dialect-routes.ts'
import { definition, stageSpec, taskSpec } from './views.ts'
import { need, type World } from './world.ts'

/** In names, texts, values and logs of project A, and never in a request: an answer that has it has told of A. */
const SECRET = 'known-to-a-alone'

export interface Neighbours {
  readonly world: World
  /** A's: has a pipeline with a run under way, one that has ended, and logs. */
  readonly project: ProjectView
  readonly pipeline: PipelineView
  readonly runs: readonly RunView[]
  /** Sees project B only, and may do everything there. */
  readonly stranger: { readonly caller: Caller; readonly credentials: World['credentials'] }
  readonly other: ProjectView
}

/** Two projects in one server, and somebody who belongs to the second one only. */
export async function openNeighbours(world: World): Promise<Neighbours> {
  const { app, admin, host } = world
  const other = need(await app.projects.create(admin, { name: 'project-b', description: '' }))
  const { credentials } = host
  const user = 'stranger'
  const password = 'a stranger’s long password'
  const caller = await credentials.addUser({
    name: user,
    domain: world.credentials.domain,
    password,
    role: 'admin',
    projectIds: [other.id],
  })
  const { token } = await credentials.issueToken(caller, 'stranger', null)
  const { ak, sk } = await credentials.addAccessKey(caller, 'stranger')
  const appCode = 'stranger_app'
  const { secret: appSecret } = await credentials.addApp(caller, appCode, 'stranger')
  const pipeline = await world.pipeline(secretDefinition())
  const first = await world.start(pipeline)
  need(await app.runs.act(admin, { id: first.id }, { action: 'cancel', force: true }))
  await world.settled()
  const second = await world.start(pipeline)
  await world.settled()
  for (const { id, stages } of [first, second]) {
    for (const { index } of stages.flatMap(({ tasks }) => tasks)) {
      world.logs.set(`${id}/${index}/1`, new TextEncoder().encode(`${SECRET}\n`))
    }
  }
  return {
    world,
    project: world.project,
    pipeline,
    runs: [first, second],
    stranger: {
      caller,
      credentials: { ...world.credentials, token, user, password, ak, sk, appCode, appSecret },
    },
    other,
  }
}

/** Tasks of every role, so that each vendor has something to show. */
const secretDefinition = () =>
  definition({
    name: 'pipeline-of-a',
    description: SECRET,
    params: [{ name: 'branch', type: 'string', description: SECRET, required: false, default: SECRET, options: [] }],
    stages: [
      stageSpec({
        key: 'first',
        name: SECRET,
        description: SECRET,
        tasks: (['build', 'test', 'deploy'] as const).map((role) =>
          taskSpec({ key: role, name: `${SECRET} ${role}`, description: SECRET, role }),
        ),
      }),
    ],
    annotations: { note: SECRET },
  })

/**
 * Asks every endpoint of the dialect for A's things by all the names they have, with the stranger's credential, and
 * without any. Nothing of A may be told, and nothing of A may change.
 * @param bodies what the vendor's writes carry, given A's names.
 * @returns the requests that told or changed something; and how often the same requests told A's own people.
 */
export async function intrusions(
  dialect: Dialect,
  neighbours: Neighbours,
  bodies: (row: EndpointRow) => readonly unknown[] = () => [{}],
): Promise<{ readonly leaks: readonly string[]; readonly seenByOwner: number }> {
  const { world, stranger } = neighbours
  const send = sender({ dialect, world })
  const before = await stateOf(neighbours)
  const leaks: string[] = []
  for (const [title, method, row] of servedEndpoints(dialect)) {
    for (const to of everyPath(row, neighbours)) {
      for (const body of method === 'GET' ? [{}] : bodies(row)) {
        const content = typeof body === 'string' ? body : JSON.stringify(body)
        for (const headers of [credentialHeaders({ credentials: stranger.credentials }), {}]) {
          const { status, text } = await send(method, to, headers, content)
          if (status >= 500 || (await tells(text, `${to} ${content}`, neighbours))) {
            leaks.push(`${title} ${to} ${content}: ${status} ${text.slice(0, 300)}`)
          }
        }
      }
    }
    if ((await stateOf(neighbours)) !== before)
      return { leaks: [...leaks, `${title} changed something of A`], seenByOwner: 0 }
  }
  // Last, because a vendor may have writes by GET.
  let seenByOwner = 0
  for (const [, method, row] of servedEndpoints(dialect).filter(([, verb]) => verb === 'GET')) {
    for (const to of pathsTo(row.path, neighbours)) {
      const { text } = await send(method, to, credentialHeaders(world), '')
      if (text.includes(SECRET)) seenByOwner += 1
    }
  }
  return { leaks, seenByOwner }
}

/** By which the endpoint is addressed; the other addresses of the same are asked for with the names that fit best. */
function everyPath(row: EndpointRow, neighbours: Neighbours): ReadonlySet<string> {
  const [own = '', ...also] = pathsOf(row)
  return new Set([own, ...also].flatMap((path) => [...pathsTo(path, neighbours, path === own)]))
}

/** Each varying part by each of the names that something of A has; not `thorough`: ids with ids, numbers with names. */
function pathsTo(path: string, { project, pipeline, runs }: Neighbours, thorough = true): ReadonlySet<string> {
  const [run] = runs.toReversed()
  if (run === undefined) throw new Error('project A has no run')
  const [task] = run.stages.flatMap(({ tasks }) => tasks)
  const ids = [project.id, pipeline.id, run.id, task?.id ?? ''].map(String)
  const numbers = [project.serial, pipeline.serial, run.serial, run.number].map(String)
  const names = [project.name, pipeline.name, 'build']
  const all = [...ids, ...numbers, ...names]
  const kinds = thorough
    ? [[all, all] as const]
    : ([
        [ids, ids],
        [numbers, numbers],
        [numbers, names],
      ] as const)
  const paths = new Set<string>()
  // The parts of a path are mostly of different kinds: all pairs of names are tried for the first two, by turns.
  for (const [firsts, seconds] of kinds) {
    for (const first of firsts) {
      for (const second of seconds) {
        let place = 0
        paths.add(examplePath(path, () => (place++ % 2 === 0 ? first : second)))
      }
    }
  }
  return paths
}

/** Whether something of A stands in an answer that did not stand in the request. */
async function tells(text: string, request: string, neighbours: Neighbours): Promise<boolean> {
  const { pipeline, runs } = neighbours
  const secrets = [SECRET, pipeline.id, ...runs.map(({ id }) => id)]
  if (secrets.some((secret) => text.includes(secret) && !request.includes(secret))) return true
  return text.includes(pipeline.name) && !request.includes(pipeline.name) && !(await hasNamesake(neighbours))
}

/** The stranger may make a pipeline of that name for themselves. */
async function hasNamesake({ world, pipeline, other }: Neighbours): Promise<boolean> {
  return (await world.app.pipelines.get(world.admin, { name: pipeline.name, project: { id: other.id } })).ok
}

async function stateOf({ world, project }: Neighbours): Promise<string> {
  const { app, admin } = world
  const runs = need(await app.runs.list(admin, { project: { id: project.id } }, { before: null, limit: 100 }))
  const pipelines = need(await app.pipelines.slice(admin, { project: { id: project.id } }, 0, 100))
  return JSON.stringify([runs.items, pipelines.items])
}
