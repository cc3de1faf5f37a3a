import type { ParamSpec } from '../../model/definition.ts'
import type { Json } from '../../model/json.ts'
import type { PipelineView } from '../../model/view.ts'
import type { SealParam } from '../kit/credentials.ts'
import { keptLogin } from './credentials.ts'
import { factOf, pipelineFacts } from './facts.ts'

/** What one may say of a new task, by type. `task_creator` is not among them: it is whoever is signed in. */
const FIELDS = {
  repo_owner: 'string',
  repo_name: 'string',
  branch: 'string',
  commit_id: 'string',
  deploy_env: 'string',
  pull_request_number: 'number',
} as const
type Field = keyof typeof FIELDS

/** The fields of a body that say something, or what is wrong with one. */
export type Given = ReadonlyMap<Field, string | number>
export function givenFields(body: Readonly<Record<string, Json>>): Given | string {
  const given = new Map<Field, string | number>()
  for (const [field, type] of Object.entries(FIELDS) as [Field, string][]) {
    const value = Object.hasOwn(body, field) ? body[field] : undefined
    // Go writes a field that nobody set as its zero.
    if (value === undefined || value === null || value === '' || value === 0) continue
    if (typeof value === 'string' && type === 'string') given.set(field, value)
    else if (typeof value === 'number' && type === 'number' && Number.isSafeInteger(value)) given.set(field, value)
    else return `${field}: expected ${type === 'number' ? 'an integer' : 'a string'}`
  }
  // With a pull request its branch is what counts, whatever else is named.
  if (given.has('pull_request_number')) given.delete('branch')
  return given
}

/**
 * A field is for the param of its name. Without such a param it must be what the pipeline would use anyway: running
 * something else than was asked for is worse than a refusal, and the text says which field it was.
 */
export function paramsOf(pipeline: PipelineView, given: Given, seal: SealParam): Record<string, Json> | string {
  const facts = pipelineFacts(pipeline)
  const params: Record<string, Json> = {}
  for (const [field, value] of given) {
    const spec = pipeline.definition.params.find(({ name }) => name === field)
    if (spec !== undefined)
      params[field] = typedValue(
        spec,
        field === 'repo_owner' ? keptLogin(String(value), spec.default, seal(field)) : value,
      )
    else if (field === 'pull_request_number' || factOf(facts, field) !== value) {
      return `${field}: pipeline ${JSON.stringify(pipeline.name)} has no param of this name, so it cannot run with ${JSON.stringify(value)}`
    }
  }
  const ref = refOf(pipeline, given)
  return typeof ref === 'string' ? ref : { ...params, ...ref }
}

/** Pipelines of this dialect's making fetch `ref`: a commit, where there is one (a pull request needs it), or a branch. */
function refOf(pipeline: PipelineView, given: Given): { readonly ref?: string } | string {
  const ref = given.get('commit_id') ?? given.get('branch')
  const own = pipeline.definition.annotations['koderover/generation'] !== undefined
  const known = pipeline.definition.params.some(({ name }) => name === 'ref')
  if (!own || !known) return {}
  // Without its commit the default branch would be run in the name of the pull request.
  const number = given.get('pull_request_number')
  if (number !== undefined && ref === undefined && fetches(pipeline))
    return `commit_id: expected the commit of pull request ${number}`
  return ref === undefined ? {} : { ref: String(ref) }
}

const fetches = ({ definition }: PipelineView): boolean =>
  definition.stages.some(({ tasks }) => tasks.some(({ work }) => work.kind === 'runner' && work.uses === 'git'))

const typedValue = (spec: ParamSpec, value: string | number): Json =>
  spec.type === 'string' || spec.type === 'choice' ? String(value) : value
