import type { JsonObject } from '../../../model/json.ts'
import { accept, refuse, type Result } from '../../../model/problem.ts'
import type { PipelineView, ProjectView } from '../../../model/view.ts'
import { json, success } from '../errors.ts'
import { integerOf, objectsOf, textOf } from '../fields.ts'
import type { Call } from '../route.ts'
import { objectId } from '../v1-queue.ts'
import { zadigFace as face } from './face.ts'
import { objectBody } from './request.ts'

/**
 * The workflows that a user has marked: in each project one document of each user. Source: handler/favorate_pipeline.go and
 * repository/mongodb/favorite_pipeline.go of aslan's workflow at 3f39cec.
 */
const KIND = 'koderover/favourites'
const FAVOURITES_MAX = 1_000
const TRIES = 5

/** `Favorite` of their models. */
interface Favourite extends JsonObject {
  readonly id: string
  readonly user_id: string
  readonly product_name: string
  readonly name: string
  /** `workflow`, `workflow_v4` or whatever a client calls it. */
  readonly type: string
  readonly create_time: number
}
type Named = Pick<Favourite, 'product_name' | 'name' | 'type'>

/** `POST /favorite`: twice is once. */
export async function addFavourite(call: Call): Promise<Response> {
  const body = await objectBody(call, face)
  if (body instanceof Response) return body
  const named = { product_name: textOf(body, 'product_name'), name: textOf(body, 'name'), type: textOf(body, 'type') }
  if (Object.values(named).some((part) => part === '' || part.length > 200)) {
    return face.badRequest('invalid Favorite json args')
  }
  const done = await change(call, named, true)
  return done.ok ? success() : face.problem('findWorkflow', done.problem)
}

/** `DELETE /favorite/:productName/:name/:type`: what is not marked stays so. */
export async function dropFavourite(call: Call): Promise<Response> {
  const named = { product_name: call.param('productName'), name: call.param('name'), type: call.param('type') }
  const done = await change(call, named, false)
  return done.ok ? success() : face.problem('findWorkflow', done.problem)
}

/** `GET /favorite?projectName=&type=`. */
export async function listFavourites(call: Call): Promise<Response> {
  const type = call.query('type')
  if (type === '') return face.badRequest("type can't be empty!")
  const project = call.query('projectName')
  const all = await favouritesOf(call)
  return json(
    200,
    all.filter((one) => one.type === type && (project === '' || one.product_name === project)),
  )
}

/** Whether a pipeline is marked, by whatever type a client has called it. */
export async function favouriteTest(call: Call): Promise<(pipeline: PipelineView) => boolean> {
  const marked = new Set((await favouritesOf(call)).map(placeOf))
  return ({ project, name }) => marked.has(placeOf({ product_name: project.name, name }))
}

const placeOf = ({ product_name, name }: Pick<Favourite, 'product_name' | 'name'>): string =>
  JSON.stringify([product_name, name])

async function favouritesOf(call: Call): Promise<readonly Favourite[]> {
  const { app, caller } = call
  const projects = await app.projects.list(caller)
  const found = await Promise.all(
    projects.map(async (project) => {
      const document = await app.documents.get(caller, refOf(call, project))
      return document.ok ? read(call, project, document.value.value as JsonObject) : []
    }),
  )
  return found.flat()
}

/** The project as it is called now. */
const read = ({ caller }: Call, project: ProjectView, value: JsonObject): readonly Favourite[] =>
  objectsOf(value, 'favourites').map((one) => ({
    id: textOf(one, 'id'),
    user_id: caller.user.id,
    product_name: project.name,
    name: textOf(one, 'name'),
    type: textOf(one, 'type'),
    create_time: integerOf(one, 'create_time'),
  }))

/** Two calls at once do not undo each other. */
async function change(call: Call, named: Named, isMarked: boolean): Promise<Result<null>> {
  const { app, caller } = call
  const project = (await app.projects.list(caller)).find(({ name }) => name === named.product_name)
  if (project === undefined) return refuse('not_found', `there is no project ${JSON.stringify(named.product_name)}`)
  const ref = refOf(call, project)
  for (let left = TRIES; ; left -= 1) {
    const found = await app.documents.get(caller, ref)
    if (!found.ok && found.problem.code !== 'not_found') return found
    const before = found.ok ? read(call, project, found.value.value as JsonObject) : []
    const isIt = (one: Favourite): boolean => one.name === named.name && one.type === named.type
    if (before.some(isIt) === isMarked) return accept(null)
    if (isMarked && before.length >= FAVOURITES_MAX) {
      return refuse('invalid_request', `expected at most ${FAVOURITES_MAX} favourites`)
    }
    const made = { ...named, id: objectId(app.freshId()), create_time: Math.floor(app.now() / 1_000) }
    const favourites = isMarked ? [...before, made] : before.filter((one) => !isIt(one))
    const expectedRevision = found.ok ? found.value.revision : 0
    const put = await app.documents.put(caller, { ...ref, value: { favourites }, expectedRevision })
    if (put.ok) return accept(null)
    if (put.problem.code !== 'conflict' || left === 0) return put
  }
}

const refOf = ({ caller }: Call, { id }: ProjectView) => ({ project: { id }, kind: KIND, key: caller.user.id }) as const
