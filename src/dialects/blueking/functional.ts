import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { Instant } from '../../model/time.ts'
import type { RunSummary, RunView } from '../../model/view.ts'
import { fail, type Call } from './call.ts'
import { CODES } from './codes.ts'
import type { Failure } from './wire.ts'

/**
 * Tasks of the flow type `common_func`: one person makes them, another one claims them, and only then they can be
 * started. Who has claimed one is in a document of its project under the id of its run.
 */
const FLOW_ANNOTATION = 'blueking/flow_type'
const FUNCTIONAL = 'common_func'
export const FUNCTION_KIND = 'blueking/run-function'

export const functionalAnnotation = { [FLOW_ANNOTATION]: FUNCTIONAL } as const
export const isFunctional = ({ annotations }: Pick<RunSummary, 'annotations'>): boolean =>
  annotations[FLOW_ANNOTATION] === FUNCTIONAL

/** Who has claimed a task, and when. */
export interface Claim {
  readonly claimant: string
  readonly claimedAt: Instant
}

export const claimValue = ({ claimant, claimedAt }: Claim): JsonObject => ({ claimant, claimedAt })

export function readClaim(value: Json): Claim | undefined {
  if (!isJsonObject(value)) return undefined
  const { claimant, claimedAt } = value
  return typeof claimant === 'string' && typeof claimedAt === 'number' ? { claimant, claimedAt } : undefined
}

interface ClaimState {
  /** undefined: nobody has claimed it. */
  readonly claim: Claim | undefined
  /** Of the document that says so; 0: there is none. */
  readonly revision: number
}

export async function claimState(call: Call, run: Pick<RunView, 'id' | 'project'>): Promise<ClaimState> {
  const document = { project: { id: run.project.id }, kind: FUNCTION_KIND, key: run.id }
  const found = await call.app.documents.get(call.caller, document)
  if (!found.ok) return { claim: undefined, revision: 0 }
  return { claim: readClaim(found.value.value), revision: found.value.revision }
}

/** undefined: nobody has claimed it, or nobody has to. */
export const claimOf = async (
  call: Call,
  run: Pick<RunView, 'id' | 'project' | 'annotations'>,
): Promise<Claim | undefined> => (isFunctional(run) ? (await claimState(call, run)).claim : undefined)

/** What bk-sops says to whoever would start, or steer, a task that nobody has claimed. */
export async function refusedUnclaimed(call: Call, run: RunView, action: string): Promise<Failure | undefined> {
  if (!isFunctional(run) || (await claimOf(call, run)) !== undefined) return undefined
  return fail(`task with current_flow:func_claim cannot be ${action}ed`, CODES.invalidOperation)
}
