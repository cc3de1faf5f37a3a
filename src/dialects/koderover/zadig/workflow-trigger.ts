import type { JsonObject } from '../../../model/json.ts'
import { asName, type TaskText } from '../definition-text.ts'
import { flagOf, objectOf, objectsOf, textOf } from '../fields.ts'
import { FETCHES, onError, servicesOf } from './custom-jobs.ts'
import { templated, type Variables } from './variables.ts'

/**
 * Jobs that start other workflows: those that they name, or those of their services. Of another project none is started.
 * Source: `ToTask` of aslan's job_workflow_trigger.go.
 */
export const TRIGGER = 'workflow-trigger'

/** The workflows that a job starts, each with its params. @param all the jobs of its workflow. */
function eventsOf(job: JsonObject, all: readonly JsonObject[]): readonly JsonObject[] {
  const spec = objectOf(job, 'spec')
  if (textOf(spec, 'trigger_type') !== 'common') return objectsOf(spec, 'fixed_workflow_list')
  const source = all.find((one) => textOf(one, 'name') === textOf(spec, 'source_job_name'))
  const services =
    textOf(spec, 'source') === 'fromjob'
      ? source === undefined
        ? []
        : servicesOf(source)
      : objectsOf(spec, 'source_service')
  const isFor = (event: JsonObject, service: JsonObject): boolean =>
    ['service_name', 'service_module'].every((name) => textOf(event, name) === textOf(service, name))
  return services.flatMap((service) =>
    objectsOf(spec, 'service_trigger_workflow').filter((event) => isFor(event, service)),
  )
}

/** One task for each, and the job behind them where they are several. */
export function triggerTasks(
  job: JsonObject,
  all: readonly JsonObject[],
  needs: readonly string[],
  variables: Variables,
): readonly TaskText[] {
  const key = textOf(job, 'name')
  const project = variables.facts.get('project') ?? ''
  const events = eventsOf(job, all).filter((event) => ['', project].includes(textOf(event, 'project_name')))
  const wait = flagOf(objectOf(job, 'spec'), 'is_enable_check') === true
  const policy = onError(job)
  const runOf = (event: JsonObject): Pick<TaskText, 'uses' | 'with'> => ({
    uses: 'run',
    with: { pipeline: textOf(event, 'workflow_name'), params: paramsOf(event, variables), wait },
  })
  const [first, ...more] = events
  if (first === undefined) return [{ key, name: key, role: 'other', uses: 'noop', needs }]
  if (more.length === 0) return [{ key, name: key, role: 'other', ...runOf(first), needs, ...policy }]
  const runs = events.map((event, place): TaskText => ({
    key: `${key}-run-${place + 1}`,
    name: asName(textOf(event, 'workflow_name'), 'run'),
    // As what fetches for a job: it is a part of it.
    role: 'source',
    ...runOf(event),
    needs,
    ...policy,
    annotations: { ...policy.annotations, [FETCHES]: key },
  }))
  return [...runs, { key, name: key, role: 'other', uses: 'noop', needs: runs.map((run) => run.key) }]
}

/** Params that are repositories have no value here. */
const paramsOf = (event: JsonObject, variables: Variables): JsonObject =>
  Object.fromEntries(
    objectsOf(event, 'params')
      .filter((param) => textOf(param, 'type') !== 'repo' && textOf(param, 'name') !== '')
      .map((param) => {
        const several = param['choice_value']
        const isSeveral = textOf(param, 'type') === 'multi-select' && Array.isArray(several)
        const value = isSeveral ? several.map(String).join(',') : textOf(param, 'value')
        return [textOf(param, 'name'), templated(value, variables)] as const
      }),
  )
