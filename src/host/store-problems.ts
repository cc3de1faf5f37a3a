import { refuse, type Result } from '../model/problem.ts'
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
