import { accept, refuse, type Result } from '../model/problem.ts'
import { StoreError } from '../store/store.ts'

/** A store without room is told as what it is: nothing was changed, and the same request may do later. */
export async function unlessFull<Value>(writing: Promise<Result<Value>>): Promise<Result<Value>> {
  try {
    return await writing
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'full') throw error
    return refuse('unavailable', `nothing was changed: ${error.message}`)
  }
}

/**
 * What others did meanwhile is a refusal, too.
 * @param taken says what is in the way
 * @param missing says what is not there any more; without it, the store says it
 */
export function unlessTaken<Value>(taken: string, writing: Promise<Value>, missing?: string): Promise<Result<Value>> {
  return unlessFull(refusingTaken(taken, writing, missing))
}

async function refusingTaken<Value>(
  taken: string,
  writing: Promise<Value>,
  missing: string | undefined,
): Promise<Result<Value>> {
  try {
    return accept(await writing)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    if (error.code === 'conflict') return refuse('conflict', taken)
    if (error.code === 'missing') return refuse('not_found', missing ?? error.message)
    throw error
  }
}
