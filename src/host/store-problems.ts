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

/** What others did meanwhile is a refusal, too: `taken` says what then is in the way. */
export function unlessTaken<Value>(taken: string, writing: Promise<Value>): Promise<Result<Value>> {
  return unlessFull(refusingTaken(taken, writing))
}

async function refusingTaken<Value>(taken: string, writing: Promise<Value>): Promise<Result<Value>> {
  try {
    return accept(await writing)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    if (error.code === 'conflict') return refuse('conflict', taken)
    if (error.code === 'missing') return refuse('not_found', error.message)
    throw error
  }
}
