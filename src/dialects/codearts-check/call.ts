import type { App, Caller } from '../../host/app.ts'
import type { Problem, Result } from '../../model/problem.ts'
import type { PipelineView, ProjectView, RunSummary } from '../../model/view.ts'
import type { PipelinesApart } from './apart.ts'
import { errorResponse, errors, problemResponse, type VendorError } from './errors.ts'

/** Rows of a list. */
export interface PageRequest {
  readonly skip: number
  readonly limit: number
}
type RunFilter = Parameters<App['runs']['count']>[1]

/** One request whose caller is known and whose body is whole. */
export interface Call {
  readonly app: App
  readonly caller: Caller
  readonly apart: PipelinesApart
  /** Ids of the tasks that a request is about to start. */
  readonly starting: Set<string>
  readonly query: URLSearchParams
  readonly body: Uint8Array
  /** A varying part of the path, decoded; empty: the path has none of that name. */
  readonly param: (name: string) => string
}

/**
 * Ends a call with the vendor's refusal. It is thrown because a handler looks up several things before it does one;
 * routes.ts catches it, and {@link answeringList}.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly response: Response
  constructor(response: Response) {
    super(`refused with ${response.status}`)
    this.response = response
  }
}

export const refusal = (error: VendorError, detail = ''): Refusal => new Refusal(errorResponse(error, detail))

/**
 * For calls that have no errors with HTTP 200. Such an error is an answer to typed clients; one that expects an array cannot
 * read it, and Go's ends its process then. It comes with 400.
 */
export const refusingBy400 =
  (handler: (call: Call) => Promise<Response>) =>
  async (call: Call): Promise<Response> => {
    try {
      return await handler(call)
    } catch (error) {
      if (!(error instanceof Refusal) || error.response.status !== 200) throw error
      const { body, headers } = error.response
      throw new Refusal(new Response(body, { status: 400, headers }))
    }
  }

/** The value of a use case; `missing` is what the vendor says when there is no such thing. */
export function need<Value>(result: Result<Value>, missing: VendorError): Value {
  if (result.ok) return result.value
  throw refusalOf(result.problem, missing)
}

export const refusalOf = (problem: Problem, missing: VendorError): Refusal =>
  new Refusal(problemResponse(problem, missing))

export const projectOf = async ({ app, caller, param }: Call): Promise<ProjectView> =>
  need(await app.projects.get(caller, { id: param('project') }), errors.noProject)

/** The task that the path names; in the project that it names, where it names one. */
export async function taskOf(call: Call): Promise<PipelineView> {
  const { app, caller, param } = call
  const project = param('project') === '' ? undefined : await projectOf(call)
  const task = need(await app.pipelines.get(caller, { id: param('task') }), errors.noTask)
  if (project !== undefined && task.project.id !== project.id) {
    throw refusal(errors.noTask, `project ${project.id} has no task ${task.id}`)
  }
  return task
}

/** Every pipeline of a project, e.g. to see what is in use. */
export async function pipelinesOf({ app, caller }: Call, project: ProjectView): Promise<readonly PipelineView[]> {
  const all: PipelineView[] = []
  for (let after: number | null = null; ;) {
    const page: { readonly items: readonly PipelineView[]; readonly next: number | null } = need(
      await app.pipelines.list(caller, { project: { id: project.id } }, { after, limit: 200 }),
      errors.noProject,
    )
    all.push(...page.items)
    if (page.next === null) return all
    after = page.next
  }
}

/** Runs, newest first. What stands before the page is walked through. */
export async function runsOnPage({ app, caller }: Call, filter: RunFilter, page: PageRequest) {
  const total = need(await app.runs.count(caller, filter), errors.noTask)
  const found: RunSummary[] = []
  for (let before: number | null = null; page.skip < total && found.length < Math.min(total, page.skip + page.limit);) {
    const { items, next }: { readonly items: readonly RunSummary[]; readonly next: number | null } = need(
      await app.runs.list(caller, filter, { before, limit: 1_000 }),
      errors.noTask,
    )
    found.push(...items)
    if (next === null) break
    before = next
  }
  return { items: pageOf(found, page), total }
}

/** A part of a list, by page number. */
export const pageOf = <Item>(items: readonly Item[], { skip, limit }: PageRequest): Item[] =>
  items.slice(skip, skip + limit)
