import { describeStore } from '../conformance/index.ts'
import { openMemoryStore } from './index.ts'

describeStore(
  'the memory store',
  async () => {
    const store = openMemoryStore()
    return { store, reopen: async () => openMemoryStore(), dispose: () => store.close() }
  },
  { durable: false },
)
