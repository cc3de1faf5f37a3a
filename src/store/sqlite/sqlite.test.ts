import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeStore } from '../conformance/index.ts'
import { openSqliteStore } from './index.ts'

describeStore(
  'the SQLite store',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-store-'))
    let store = await openSqliteStore({ directory })
    return {
      store,
      reopen: async () => {
        await store.close()
        store = await openSqliteStore({ directory })
        return store
      },
      dispose: async () => {
        await store.close()
        await rm(directory, { recursive: true })
      },
    }
  },
  { durable: true },
)
