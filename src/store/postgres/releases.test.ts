import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { postgresServer18, type PostgresServer } from '../../testing/postgres-server.ts'
import { describeStore } from '../conformance/index.ts'
import { openPostgresStore } from './index.ts'

/** The newest release there is; the other tests are on what the machine has, which in Debian 12 is release 15. */

let server: Promise<PostgresServer> | undefined
let schemas = 0

describe('PostgreSQL 18', () => {
  test('is what these tests are on', async () => {
    const { url } = await (server ??= postgresServer18())
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    await client.end()
    expect(rows[0]?.server_version).toMatch(/^18/)
  })

  describeStore(
    'the store on it',
    async () => {
      const { url } = await (server ??= postgresServer18())
      const schema = `release_${(schemas += 1)}`
      let store = await openPostgresStore({ url, schema })
      return {
        store,
        reopen: async () => {
          await store.close()
          store = await openPostgresStore({ url, schema })
          return store
        },
        dispose: () => store.close(),
      }
    },
    { durable: true },
  )
})
