import type { ParamSpec } from '../../model/definition.ts'
import type { PipelineId } from '../../model/id.ts'
import { isJsonObject, type Json } from '../../model/json.ts'
import type { Result } from '../../model/problem.ts'
import type { PipelineView } from '../../model/view.ts'
import { parseJson, readBody } from '../kit/body.ts'
import { bodyRefused, errorAnswer, problemAnswer } from './errors.ts'
import { factOf, pipelineFacts } from './facts.ts'

type StartArgs =
  | { readonly ok: true; readonly pipelineId: PipelineId; readonly params: Readonly<Record<string, Json>> }
  | { readonly ok: false; readonly response: Response }

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

/** Reads the body of `POST /api/tasks`: which pipeline, and values for its params. */
export async function startArgs(
  request: Request,
  bodyMaxBytes: number,
  pipelineNamed: (name: string) => Promise<Result<PipelineView>>,
): Promise<StartArgs> {
  const bytes = await readBody(request, bodyMaxBytes)
  const parsed = bytes.ok ? parseJson(bytes.value) : bytes
  if (!parsed.ok) return { ok: false, response: bodyRefused(parsed) }
  if (!isJsonObject(parsed.value)) return invalid('expected a JSON object')
  const name = parsed.value['pipeline_name']
  if (typeof name !== 'string' || name === '') return invalid('pipeline_name: expected a name')
  const fields = givenFields(parsed.value)
  if (typeof fields === 'string') return invalid(fields)
  const pipeline = await pipelineNamed(name)
  if (!pipeline.ok) return { ok: false, response: problemAnswer('enqueueTask', pipeline.problem) }
  const params = paramsOf(pipeline.value, fields)
  return typeof params === 'string' ? invalid(params) : { ok: true, pipelineId: pipeline.value.id, params }
}

const invalid = (description: string): StartArgs => ({
  ok: false,
  response: errorAnswer(400, 'Invalid Pipeline Args', description),
})

type Given = ReadonlyMap<Field, string | number>

/** The fields that say something, or what is wrong with one. */
function givenFields(body: Readonly<Record<string, Json>>): Given | string {
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
 * something else than was asked for is worse than a refusal.
 */
function paramsOf(pipeline: PipelineView, given: Given): Record<string, Json> | string {
  const facts = pipelineFacts(pipeline)
  const params: Record<string, Json> = {}
  for (const [field, value] of given) {
    const spec = pipeline.definition.params.find(({ name }) => name === field)
    if (spec !== undefined) params[field] = typedValue(spec, value)
    else if (field === 'pull_request_number' || factOf(facts, field) !== value) {
      return `${field}: pipeline ${JSON.stringify(pipeline.name)} has no param of this name, so it cannot run with ${JSON.stringify(value)}`
    }
  }
  return params
}

const typedValue = (spec: ParamSpec, value: string | number): Json =>
  spec.type === 'string' || spec.type === 'choice' ? String(value) : value
