import { asId, parseProjectId, type ProjectId } from '../../model/id.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { ProjectView } from '../../model/view.ts'
import type { Catalog } from '../../store/store.ts'
import type { AuditTrail } from '../access/audit.ts'
import { lacks, lacksServer, maySee } from '../access/rights.ts'
import type { Caller, ProjectRef, Projects } from '../app.ts'
import type { Clock } from '../clock.ts'
import type { Entropy } from '../entropy.ts'
import { unlessTaken } from '../store-problems.ts'

interface Dependencies {
  readonly catalog: Catalog
  readonly clock: Clock
  readonly entropy: Entropy
  readonly audit: AuditTrail
  readonly onChange: (topics: readonly string[]) => void
  /** A project is deleted: its name means nothing any more. Called before any reader is told. */
  readonly onRemoved: () => void
}

const DESCRIPTION_MAX = 4_096
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u

/** Projects: all of them in memory. */
export class ProjectUseCases implements Projects {
  readonly #deps: Dependencies
  readonly #projects = new Map<ProjectId, ProjectView>()
  /** For the views of what stays readable. */
  readonly #deleted = new Map<ProjectId, ProjectView>()

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** As the store has them now. */
  async reload(): Promise<void> {
    const [projects, deleted] = [await this.#deps.catalog.projects(), await this.#deps.catalog.deletedProjects()]
    this.#projects.clear()
    for (const project of projects) this.#projects.set(project.id, project)
    for (const project of deleted) this.#deleted.set(project.id, project)
  }

  list(caller: Caller): Promise<readonly ProjectView[]> {
    return Promise.resolve([...this.#projects.values()].filter(({ id }) => maySee(caller, id)))
  }

  get(caller: Caller, ref: ProjectRef): Promise<Result<ProjectView>> {
    return Promise.resolve(this.find(caller, ref))
  }

  /** Also one that is deleted. @throws when there never was one. */
  of(id: ProjectId): ProjectView {
    const project = this.#projects.get(id) ?? this.#deleted.get(id)
    if (project === undefined) throw new Error(`project ${id} is named by a pipeline or run, but is not there`)
    return project
  }

  /** The ids of the projects that a list is about; undefined: all. */
  scope(caller: Caller, project: ProjectRef | undefined): Result<readonly ProjectId[] | undefined> {
    if (project === undefined) return accept(caller.projectIds ?? undefined)
    const found = this.find(caller, project)
    return found.ok ? accept([found.value.id]) : found
  }

  find(caller: Caller, ref: ProjectRef): Result<ProjectView> {
    const found = this.#found(ref)
    if (found === undefined || !maySee(caller, found.id))
      return refuse('not_found', `there is no project ${nameOf(ref)}`)
    return accept(found)
  }

  #found(ref: ProjectRef): ProjectView | undefined {
    if ('id' in ref) {
      const id = parseProjectId(ref.id)
      return id === undefined ? undefined : this.#projects.get(id)
    }
    for (const project of this.#projects.values()) {
      if ('serial' in ref ? project.serial === ref.serial : project.name === ref.name) return project
    }
    return undefined
  }

  async create(
    caller: Caller,
    input: { readonly name: string; readonly description: string },
  ): Promise<Result<ProjectView>> {
    const denied = lacksServer(caller, 'create a project')
    if (denied !== undefined) return denied
    const wrong = wrongProject(input)
    if (wrong !== undefined) return wrong
    const createdAt = this.#deps.clock.now()
    const id = asId<ProjectId>(this.#deps.entropy.id(createdAt))
    const added = await unlessTaken(
      `there is a project ${input.name} already`,
      this.#deps.audit
        .of(caller, 'project.create', id, input.name)
        .catalog.addProject({ id, name: input.name, description: input.description, createdAt }),
    )
    if (!added.ok) return added
    this.#projects.set(id, added.value)
    return added
  }

  async update(
    caller: Caller,
    ref: ProjectRef,
    change: { readonly name?: string; readonly description?: string },
  ): Promise<Result<ProjectView>> {
    const found = this.find(caller, ref)
    if (!found.ok) return found
    const denied = lacks(caller, 'admin', 'change a project')
    if (denied !== undefined) return denied
    const { id, name, description } = { ...found.value, ...change }
    // A name that it has had from its making on is not looked at again.
    const wrong = wrongProject({ name: change.name === found.value.name ? 'kept' : name, description })
    if (wrong !== undefined) return wrong
    const changed = await unlessTaken(
      `there is a project ${name} already`,
      this.#deps.audit.of(caller, 'project.update', id, name).catalog.changeProject(id, { name, description }),
    )
    if (!changed.ok) return changed
    this.#projects.set(id, changed.value)
    this.#deps.onChange([`project:${id}`])
    return changed
  }

  async remove(caller: Caller, ref: ProjectRef): Promise<Result<ProjectView>> {
    const found = this.find(caller, ref)
    if (!found.ok) return found
    const denied = lacksServer(caller, 'delete a project')
    if (denied !== undefined) return denied
    const { id, name } = found.value
    const written = await unlessTaken(
      `project ${name} has pipelines: delete them first`,
      this.#deps.audit.of(caller, 'project.delete', id, name).catalog.deleteProject(id, this.#deps.clock.now()),
    )
    if (!written.ok) return written
    this.#deleted.set(id, found.value)
    this.#projects.delete(id)
    this.#deps.onRemoved()
    this.#deps.onChange([`project:${id}`])
    return found
  }
}

function wrongProject({ name, description }: Pick<ProjectView, 'name' | 'description'>): Result<never> | undefined {
  if (description.length > DESCRIPTION_MAX) {
    return refuse(
      'invalid_request',
      `expected a description of at most ${DESCRIPTION_MAX} characters, found ${description.length}`,
    )
  }
  if (NAME.test(name)) return undefined
  return refuse(
    'invalid_request',
    `expected a project name of 1 to 64 letters, digits, spaces, dots, dashes or underscores, found ${JSON.stringify(name.slice(0, 80))}`,
  )
}

/** No longer than a name may be: a refusal is not for sending a caller's bytes back. */
export const shortened = (name: string): string => (name.length > 200 ? `${name.slice(0, 200)}…` : name)

/** What a caller has called it. */
export const nameOf = (ref: ProjectRef): string =>
  shortened('id' in ref ? ref.id : 'serial' in ref ? String(ref.serial) : ref.name)
