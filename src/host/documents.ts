import type { ProjectId } from '../model/id.ts'
import type { Json } from '../model/json.ts'
import { accept, refuse, type Result } from '../model/problem.ts'
import type { ProjectView } from '../model/view.ts'
import type { DocumentRecord, Documents as DocumentStore } from '../store/store.ts'
import {
  DOCUMENT_BYTES_MAX,
  type Caller,
  type DocumentRef,
  type Documents,
  type DocumentView,
  type Projects,
} from './app.ts'
import type { Clock } from './clock.ts'
import { lacks } from './access/rights.ts'
import { unlessTaken } from './store-problems.ts'

interface Dependencies {
  readonly documents: DocumentStore
  readonly projects: Pick<Projects, 'get'>
  readonly clock: Clock
  readonly onChange: (topics: readonly string[]) => void
}

const KIND = /^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/
const KIND_MAX = 64
const KEY = /^\P{Cc}{1,256}$/u
/** A thing of runs: operators may write it. */
const OF_RUNS = /\/run-/
const LIST_MAX = 1_000

/** Documents of projects; see {@link Documents} for who may do what. */
export function documentUseCases({ documents, projects, clock, onChange }: Dependencies): Documents {
  const placed = async (caller: Caller, ref: DocumentRef): Promise<Result<ProjectView>> => {
    const project = await projects.get(caller, ref.project)
    if (!project.ok) return project
    return isKind(ref.kind) && isKey(ref.key) ? project : refuse('invalid_request', misnamed(ref))
  }
  const writable = async (caller: Caller, ref: DocumentRef): Promise<Result<ProjectView>> => {
    const project = await placed(caller, ref)
    if (!project.ok) return project
    const role = OF_RUNS.test(ref.kind) ? 'operator' : 'admin'
    return lacks(caller, role, `change ${ref.kind}`) ?? project
  }
  const written = async <Value>(
    projectId: ProjectId,
    ref: DocumentRef & { readonly expectedRevision?: number },
    writing: Promise<Value>,
  ) => {
    const taken = `${nameOf(ref)} is not at revision ${ref.expectedRevision ?? 'any'}, which was expected`
    const done = await unlessTaken(taken, writing, `there is no ${nameOf(ref)}`)
    if (done.ok) onChange([`project:${projectId}`])
    return done
  }

  return {
    get: async (caller, ref) => {
      const project = await placed(caller, ref)
      if (!project.ok) return project
      const found = await documents.document({ projectId: project.value.id, kind: ref.kind, key: ref.key })
      return found === undefined ? refuse('not_found', `there is no ${nameOf(ref)}`) : accept(viewOf(found))
    },

    put: async (caller, input) => {
      const project = await writable(caller, input)
      if (!project.ok) return project
      const { kind, key, value, expectedRevision = null } = input
      const text = JSON.stringify(value)
      const bytes = Buffer.byteLength(text)
      if (bytes > DOCUMENT_BYTES_MAX) {
        return refuse('too_large', `${nameOf(input)} may have ${DOCUMENT_BYTES_MAX} bytes of JSON, found ${bytes}`)
      }
      const updatedAt = clock.now()
      const projectId = project.value.id
      const done = await written(
        projectId,
        input,
        documents.putDocument({ projectId, kind, key }, text, updatedAt, expectedRevision),
      )
      return done.ok ? accept({ key, value, revision: done.value.revision, updatedAt }) : done
    },

    remove: async (caller, ref) => {
      const project = await writable(caller, ref)
      if (!project.ok) return project
      const { kind, key, expectedRevision = null } = ref
      const projectId = project.value.id
      const done = await written(projectId, ref, documents.removeDocument({ projectId, kind, key }, expectedRevision))
      return done.ok ? accept(null) : done
    },

    list: async (caller, { project: ref, kind, prefix = '', after = null, limit }) => {
      const project = await projects.get(caller, ref)
      if (!project.ok) return project
      if (!isKind(kind))
        return refuse(
          'invalid_request',
          `expected a document's kind as dialect/thing, found ${JSON.stringify(kind.slice(0, 80))}`,
        )
      const wanted = Math.min(Math.max(1, Math.trunc(limit)), LIST_MAX)
      const found = await documents.documents({ projectId: project.value.id, kind, prefix }, after, wanted + 1)
      const items = found.slice(0, wanted).map(viewOf)
      return accept({ items, next: found.length > wanted ? (items.at(-1)?.key ?? null) : null })
    },
  }
}

const isKind = (kind: string): boolean => kind.length <= KIND_MAX && KIND.test(kind)
const isKey = (key: string): boolean => KEY.test(key) && key.isWellFormed()

const nameOf = ({ kind, key }: DocumentRef): string => `${kind} ${JSON.stringify(key)}`

const misnamed = ({ kind, key }: DocumentRef): string =>
  "expected a document's kind as dialect/thing and a key of 1 to 256 characters, found " +
  `${JSON.stringify(kind.slice(0, 80))} and ${JSON.stringify(key.slice(0, 80))}`

const viewOf = ({ key, value, revision, updatedAt }: DocumentRecord): DocumentView => ({
  key,
  value: JSON.parse(value) as Json,
  revision,
  updatedAt,
})
