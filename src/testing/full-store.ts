import { openMemoryStore } from '../store/memory/index.ts'
import { wrapped } from '../store/memory/wrapped.ts'
import { StoreError, type RunCommit, type Store } from '../store/store.ts'

/** A memory store whose disk can be full, and whose commits can be made to wait. */
export interface FullStore extends Store {
  /** How many of the next writes are refused as `full`, after some that are not. */
  refuse(count: number, after?: number): void
  /** Commits wait from now on; the call that is returned lets them go, in their order, and those that come after. */
  hold(): () => void
  /** Every commit that was taken. */
  readonly commits: readonly RunCommit[]
}

export function openFullStore(): FullStore {
  const store = openMemoryStore()
  const commits: RunCommit[] = []
  let [refused, passed] = [0, 0]
  let held: Promise<void> = Promise.resolve()

  const writable = (): void => {
    if (refused === 0) return
    if (passed > 0) {
      passed -= 1
      return
    }
    refused -= 1
    throw new StoreError('full', 'no space left on device')
  }
  const unlessFull = async <Value>(write: () => Promise<Value>): Promise<Value> => {
    writable()
    return write()
  }
  const { catalog, documents, keys, outbox, runs, secrets } = store
  return {
    runs: {
      ...runs,
      reserve: (...args) => unlessFull(() => runs.reserve(...args)),
      commit: async (commit) => {
        await held
        writable()
        const receipt = await runs.commit(commit)
        commits.push(commit)
        return receipt
      },
    },
    catalog: {
      ...catalog,
      addProject: (...args) => unlessFull(() => catalog.addProject(...args)),
      changeProject: (...args) => unlessFull(() => catalog.changeProject(...args)),
      deleteProject: (...args) => unlessFull(() => catalog.deleteProject(...args)),
      addPipeline: (...args) => unlessFull(() => catalog.addPipeline(...args)),
      addSideVersion: (...args) => unlessFull(() => catalog.addSideVersion(...args)),
      addVersion: (...args) => unlessFull(() => catalog.addVersion(...args)),
      deletePipeline: (...args) => unlessFull(() => catalog.deletePipeline(...args)),
    },
    keys: {
      ...keys,
      addUser: (...args) => unlessFull(() => keys.addUser(...args)),
      addKey: (...args) => unlessFull(() => keys.addKey(...args)),
      changeUser: (...args) => unlessFull(() => keys.changeUser(...args)),
      revokeKey: (...args) => unlessFull(() => keys.revokeKey(...args)),
      putSetting: (...args) => unlessFull(() => keys.putSetting(...args)),
    },
    documents: {
      ...documents,
      putDocument: (...args) => unlessFull(() => documents.putDocument(...args)),
      removeDocument: (...args) => unlessFull(() => documents.removeDocument(...args)),
    },
    outbox: {
      ...outbox,
      putMessages: (...args) => unlessFull(() => outbox.putMessages(...args)),
      markMessage: (...args) => unlessFull(() => outbox.markMessage(...args)),
      replayMessage: (...args) => unlessFull(() => outbox.replayMessage(...args)),
    },
    secrets: {
      ...secrets,
      putSecret: (...args) => unlessFull(() => secrets.putSecret(...args)),
      removeSecret: (...args) => unlessFull(() => secrets.removeSecret(...args)),
    },
    audited: (entry) => {
      const inner = store.audited(entry)
      return {
        catalog: wrapped(inner.catalog, unlessFull),
        keys: wrapped(inner.keys, unlessFull),
        secrets: wrapped(inner.secrets, unlessFull),
      }
    },
    close: () => store.close(),
    refuse: (count, after = 0) => {
      ;[refused, passed] = [count, after]
    },
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      held = promise
      return resolve
    },
    commits,
  }
}
