import type { App, Caller } from '../../host/app.ts'
import { isJsonObject, type Json } from '../../model/json.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'

/** The templates that a user has marked: in each project one document of each user. */
const KIND = 'codearts-pipeline/favourites'
const FAVOURITES_MAX = 1_000
const TRIES = 5

/** In all projects of the caller. */
export async function favouritesOf(app: App, caller: Caller): Promise<ReadonlySet<string>> {
  const projects = await app.projects.list(caller)
  const found = await Promise.all(projects.map(({ id }) => app.documents.get(caller, refOf(caller, id))))
  return new Set(found.flatMap((document) => (document.ok ? templateIds(document.value.value) : [])))
}

/** Two calls at once do not undo each other. */
export async function setFavourite(
  app: App,
  caller: Caller,
  projectId: string,
  templateId: string,
  isFavourite: boolean,
): Promise<Result<null>> {
  const ref = refOf(caller, projectId)
  for (let left = TRIES; ; left -= 1) {
    const found = await app.documents.get(caller, ref)
    if (!found.ok && found.problem.code !== 'not_found') return found
    const others = found.ok ? templateIds(found.value.value).filter((id) => id !== templateId) : []
    if (others.length >= FAVOURITES_MAX)
      return refuse('invalid_request', `expected at most ${FAVOURITES_MAX} favourites`)
    const value = { templateIds: isFavourite ? [...others, templateId] : others }
    const put = await app.documents.put(caller, {
      ...ref,
      value,
      expectedRevision: found.ok ? found.value.revision : 0,
    })
    if (put.ok) return accept(null)
    if (put.problem.code !== 'conflict' || left === 0) return put
  }
}

const refOf = ({ user }: Caller, projectId: string) =>
  ({ project: { id: projectId }, kind: KIND, key: user.id }) as const

const templateIds = (value: Json): readonly string[] => {
  const ids = isJsonObject(value) ? value['templateIds'] : []
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : []
}
