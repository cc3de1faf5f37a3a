import { createHash } from 'node:crypto'
import type { Rejection } from '../../model/command.ts'
import type { Json } from '../../model/json.ts'
import { refuse, type Problem, type ProblemCode } from '../../model/problem.ts'

const codeOf = {
  'not-allowed': 'not_allowed',
  'no-such-node': 'not_found',
  'no-such-trigger': 'not_found',
  'no-such-edge': 'invalid_request',
  'not-skippable': 'not_allowed',
  'not-retryable': 'not_allowed',
  'invalid-params': 'invalid_request',
  'not-a-reviewer': 'forbidden',
  'already-decided': 'conflict',
  stale: 'conflict',
} as const satisfies Record<Rejection['code'], ProblemCode>

export const problemOf = (rejection: Rejection): { readonly ok: false; readonly problem: Problem } =>
  refuse(codeOf[rejection.code], rejection.message, { allowed: rejection.allowed })

/** The same for the same request, whatever the order of its members. */
export const fingerprintOf = (request: Json): string => createHash('sha256').update(canonical(request)).digest('hex')

function canonical(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const members = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}
