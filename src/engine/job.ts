import type { RunnerWork } from '../model/definition.ts'
import type { CacheSpec, JobCaches } from '../model/cache.ts'
import type { Executor } from '../model/executor.ts'
import { factsOf } from '../model/change.ts'
import type { Json, JsonObject } from '../model/json.ts'
import type { JobRequest } from '../model/job.ts'
import { GRACE_MS } from '../model/limits.ts'
import type { SecretUse, Splice } from '../model/secret.ts'
import type { TaskPlan } from '../model/plan.ts'
import type { Scope } from './expression/expression.ts'
import { textOf, valueOf } from './render.ts'
import { taskAt, taskPlan, workAt, type Run } from './run.ts'
import { scopeOf } from './scope.ts'
import { secretsIn, spliceText } from './expression/template.ts'

/**
 * What a runner needs to do the present attempt of a task: inputs and environment with every `${{ ... }}` rendered.
 * @param verbatim input fields that are taken as they are written.
 */
export function jobOf(run: Run, node: number, verbatim: readonly string[]): JobRequest {
  const { spec } = taskPlan(run.plan, node)
  const { attempt, fence, inputs, rollingBack, outputs } = taskAt(run, node)
  const work = workAt(run, node)
  if (work.kind !== 'runner') throw new TypeError(`task ${spec.key} needs no runner: its work is ${work.kind}`)
  const given = rollingBack ? work.with : (inputs ?? work.with)
  const input: Record<string, JsonObject[string]> = {}
  for (const [field, value] of Object.entries(given)) {
    input[field] = verbatim.includes(field) ? value : valueOf(run, node, value)
  }
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(run.params)) env[name] = asText(value)
  const written = { ...run.plan.definition.env, ...spec.env }
  for (const [name, value] of Object.entries(written)) env[name] = textOf(run, node, value)
  const own = facts(run, node, attempt)
  const splices = splicesOf(run, {
    with: Object.fromEntries(Object.entries(given).filter(([field]) => !verbatim.includes(field))),
    env: Object.fromEntries(Object.entries(written).filter(([name]) => !Object.hasOwn(own, name))),
  })
  return {
    runId: run.id,
    node,
    attempt,
    fence,
    uses: work.uses,
    with: input,
    env: { ...env, ...own },
    graceMs: GRACE_MS,
    secrets: withStep(spec.secrets ?? [], [...(work.secrets ?? []), ...splices.flatMap(namesIn)]),
    splices,
    ...(rollingBack ? { takesBack: outputs } : undefined),
    ...(spec.executor === undefined ? undefined : { executor: rendered(run, node, spec.executor) }),
    ...(spec.caches === undefined || rollingBack ? undefined : { caches: cachesOf(run, node, spec.caches) }),
  }
}

function cachesOf(run: Run, node: number, caches: readonly CacheSpec[]): JobCaches {
  const list = caches.map(({ key, restore, ...rest }) => ({
    ...rest,
    key: textOf(run, node, key),
    restore: restore.map((prefix) => textOf(run, node, prefix)),
  }))
  return { scope: run.projectId, write: run.cause.trusted !== false, list }
}

function rendered(run: Run, node: number, executor: Executor): Executor {
  return executor.kind === 'container' ? { ...executor, image: textOf(run, node, executor.image) } : executor
}

/** Names of the secrets that a task may be given, as its definition says, whatever it does next. */
export function secretNamesOf(run: Run, { spec }: TaskPlan): readonly string[] {
  if (spec.work.kind !== 'runner') return []
  const works = [spec.work, spec.rollback].filter((work): work is RunnerWork => work !== null)
  const texts: Json = [{ ...run.plan.definition.env, ...spec.env }, ...works.map((work) => work.with)]
  const names = [
    ...(spec.secrets ?? []).map(({ name }) => name),
    ...works.flatMap(({ secrets }) => secrets ?? []),
    ...(run.plan.definition.language === 'native' ? stringsIn(texts).flatMap(secretsIn) : []),
  ]
  return [...new Set(names)]
}

function withStep(uses: readonly SecretUse[], names: readonly string[]): readonly SecretUse[] {
  const known = new Set(uses.map(({ name }) => name))
  const more = [...new Set(names)].filter((name) => !known.has(name))
  return [...uses, ...more.map((name): SecretUse => ({ name, as: 'step' }))]
}

const namesIn = ({ parts }: Splice): readonly string[] =>
  parts.flatMap((part) => (typeof part === 'string' ? [] : [part.secret]))

/** Where in these values, as they are written, secrets are to be put in. */
function splicesOf(run: Run, written: Json): readonly Splice[] {
  if (run.plan.definition.language !== 'native') return []
  const found: Splice[] = []
  let scope: Scope | undefined
  const look = (value: Json, path: Splice['path']): void => {
    if (typeof value === 'string') {
      if (!value.includes('secrets.')) return
      const parts = spliceText(value, (scope ??= scopeOf(run)))
      if (parts !== undefined) found.push({ path, parts })
    } else if (Array.isArray(value)) {
      for (const [index, item] of (value as readonly Json[]).entries()) look(item, [...path, index])
    } else if (value !== null && typeof value === 'object') {
      for (const [key, item] of Object.entries(value)) look(item, [...path, key])
    }
  }
  look(written, [])
  return found
}

function stringsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap((item) => stringsIn(item)) : []
}

/** As templates splice it: text as it is, null as nothing, the rest as JSON. */
function asText(value: Json): string {
  if (value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What a task may know of where it is. */
function facts(run: Run, node: number, attempt: number): Record<string, string> {
  const { key } = taskPlan(run.plan, node).spec
  return {
    CI: 'true',
    MILLRACE: 'true',
    MILLRACE_PIPELINE: run.name,
    MILLRACE_RUN_ID: run.id,
    MILLRACE_RUN_NUMBER: String(run.number),
    MILLRACE_TASK: key,
    MILLRACE_TRY: String(attempt),
    ...changeFacts(run),
  }
}

/** Of the change that it is a run of: `MILLRACE_CHANGE_SHA` and its like, what is not known left out. */
function changeFacts({ cause: { change } }: Run): Record<string, string> {
  if (change === undefined) return {}
  return Object.fromEntries(
    Object.entries(factsOf(change)).flatMap(([name, value]) =>
      value === null ? [] : [[`MILLRACE_CHANGE_${name.toUpperCase()}`, asText(value)] as const],
    ),
  )
}
