import { expect, onTestFinished } from 'vitest'
import type { Store, StoreErrorCode } from '../store.ts'

/** An adapter under test. */
export interface OpenStore {
  readonly store: Store
  /** Closes the store and opens the same data again. Called only for adapters that are `durable`. */
  reopen(): Promise<Store>
  /** Closes what is open and takes the data away. */
  dispose(): Promise<void>
}
export type Open = () => Promise<OpenStore>

/** A store of its own for this test. */
export async function openForTest(open: Open): Promise<OpenStore> {
  const opened = await open()
  onTestFinished(() => opened.dispose())
  return opened
}

export async function expectRefusal(code: StoreErrorCode, work: Promise<unknown>): Promise<void> {
  await expect(work).rejects.toMatchObject({ name: 'StoreError', code })
}
