import type { AttemptResult } from '../../model/command.ts'
import type { Outputs } from '../../model/event.ts'
import { ProgramFailed } from './programs.ts'

/** The work was done and its answer is no. */
export const saidNo = (reason: string, outputs: Outputs | null = null): AttemptResult => ({
  kind: 'failed',
  failure: { kind: 'said-no', reason },
  outputs,
})

/** The same, thrown from deep inside. */
export class SaidNo extends Error {
  override readonly name = 'SaidNo'
}

/** The system that a step speaks to does not let it in; thrown from deep inside. */
export class Unauthorized extends Error {
  override readonly name = 'Unauthorized'
}

/** Statuses of HTTP by which a server refuses who asks, or what they may do: asking again would say the same. */
export const isRefusal = (status: number): boolean => status === 401 || status === 403 || status === 407

export const unauthorized = (reason: string, outputs: Outputs | null = null): AttemptResult => ({
  kind: 'failed',
  failure: { kind: 'unauthorized', reason },
  outputs,
})

/** Makes an answer of what was thrown. */
export async function answered(work: () => Promise<AttemptResult>): Promise<AttemptResult> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SaidNo) return saidNo(error.message)
    if (error instanceof Unauthorized) return unauthorized(error.message)
    if (error instanceof ProgramFailed) return error.result
    throw error
  }
}
