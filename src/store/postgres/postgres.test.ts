import pg from 'pg'
import { postgresServer } from '../../testing/postgres-server.ts'
import { describeStore } from '../conformance/index.ts'
import { openPostgresStore } from './index.ts'

let schemas = 0

describeStore(
  'the PostgreSQL store',
  async () => {
    const { url } = await postgresServer()
    const schema = `conformance_${(schemas += 1)}`
    let store = await openPostgresStore({ url, schema })
    return {
      store,
      reopen: async () => {
        await store.close()
        store = await openPostgresStore({ url, schema })
        return store
      },
      dispose: async () => {
        await store.close()
        const client = new pg.Client({ connectionString: url })
        await client.connect()
        await client.query(`drop schema ${schema} cascade`)
        await client.end()
      },
    }
  },
  { durable: true },
)
