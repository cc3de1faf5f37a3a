import type { Failure } from '../../model/failure.ts'
import type { Json } from '../../model/json.ts'
import type { Job, JobRequest } from '../../model/job.ts'
import type { JobSecret, Splice } from '../../model/secret.ts'

/** What the present value of a secret is, for the run that asks; undefined: there is none. */
export type SecretValue = (name: string) => string | undefined

export type Resolved = { readonly ok: true; readonly job: Job } | { readonly ok: false; readonly failure: Failure }

/** Puts the values in where the request says. All of them or none: a task never begins with some of its secrets. */
export function resolveSecrets(request: JobRequest, valueOf: SecretValue): Resolved {
  const { secrets: uses, splices, ...job } = request
  if (uses.length === 0) return { ok: true, job }
  const values = new Map<string, string>()
  for (const { name } of uses) {
    const value = valueOf(name)
    if (value !== undefined) values.set(name, value)
  }
  const missing = [...new Set(uses.map(({ name }) => name))].filter((name) => !values.has(name))
  if (missing.length > 0) {
    const names = missing.join(', ')
    const reason =
      missing.length > 1
        ? `there are no secrets ${names}: set them for the pipeline or its project`
        : `there is no secret ${names}: set it for the pipeline or its project`
    return { ok: false, failure: { kind: 'cannot-start', reason } }
  }
  const secrets = uses.map((use): JobSecret => ({ ...use, value: values.get(use.name)! }))
  const filled = splices.reduce<Json>((whole, { path, parts }) => replaced(whole, path, textOf(parts, values)), {
    with: job.with,
    env: job.env,
  }) as unknown as Pick<Job, 'with' | 'env'>
  return { ok: true, job: { ...job, with: filled.with, env: filled.env, secrets } }
}

const textOf = (parts: Splice['parts'], values: ReadonlyMap<string, string>): string =>
  parts.map((part) => (typeof part === 'string' ? part : (values.get(part.secret) ?? ''))).join('')

/** A copy with another value at a path that is there. */
function replaced(value: Json, [key, ...rest]: Splice['path'], text: string): Json {
  if (key === undefined) return text
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((item, index) => (index === key ? replaced(item, rest, text) : item))
  }
  const record = value as { readonly [name: string]: Json }
  return { ...record, [key]: replaced(record[key] ?? null, rest, text) }
}
