import { type Store, StoreError } from '../store.ts'
import { memoryCatalog } from './catalog.ts'
import { memoryDocuments } from './documents.ts'
import { memoryKeys } from './keys.ts'
import { memoryOutbox } from './outbox.ts'
import { memoryRunLog } from './run-log.ts'
import { memorySecrets } from './secrets.ts'
import { wrapped } from './wrapped.ts'

/**
 * A store that forgets: for unit tests, the simulator and `millrace run`. It keeps the objects that it is given, which
 * nobody may change (their types say so). Everything happens at once; nothing is ever `full` or `corrupt`.
 */
export function openMemoryStore(): Store {
  let closed = false
  const open = (): void => {
    if (closed) throw new StoreError('closed', 'the store is closed')
  }
  const catalog = memoryCatalog(open)
  const keys = memoryKeys(open)
  const secrets = memorySecrets(open, { ...catalog, ...keys })
  return {
    runs: memoryRunLog(open, catalog.has),
    catalog: catalog.port,
    keys: keys.port,
    documents: memoryDocuments(open, catalog.hasProject),
    outbox: memoryOutbox(open, catalog.hasProject),
    secrets,
    audited: (entry) => {
      const noted = <Port extends object>(port: Port): Port =>
        wrapped(port, async (change) => {
          const value = await change()
          await catalog.port.audit(entry)
          return value
        })
      return { catalog: noted(catalog.port), keys: noted(keys.port), secrets: noted(secrets) }
    },
    close: async () => {
      closed = true
    },
  }
}
