import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPostgresStore } from '../../src/store/postgres/index.ts'
import { postgresServer } from '../../src/testing/postgres-server.ts'
import { api, startServerProcess, type ServerProcess } from '../support/server-process.ts'

/** A whole server whose truth is in PostgreSQL. */

let directories: string[]
let databaseUrl: string
let servers: ServerProcess[]

const directory = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'millrace-postgres-e2e-'))
  directories.push(made)
  return made
}
const start = async (where: string): Promise<ServerProcess> => {
  const server = await startServerProcess(where, { databaseUrl })
  servers.push(server)
  return server
}

beforeEach(async () => {
  directories = []
  servers = []
  const { url } = await postgresServer()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('drop database if exists whole')
  await client.query('create database whole')
  await client.end()
  databaseUrl = url.replace(/\/postgres$/, '/whole')
}, 60_000)
afterEach(async () => {
  for (const server of servers) await server.kill()
  for (const each of directories) rmSync(each, { recursive: true, force: true })
}, 60_000)

interface Run {
  readonly id: string
  readonly status: string
}

const DEFINITION = `
name: two steps
stages:
  - name: build
    tasks:
      - name: compile
        script: echo compiled
      - name: sign
        needs: [compile]
        approval: May it be signed?
`

test('a run goes on where the log in the database ends, after the server was killed', { timeout: 60_000 }, async () => {
  const where = directory()
  const first = await start(where)
  const token = first.token ?? ''
  const pipeline = await api<{ id: string }>(first, token, 'POST', '/pipelines', {
    project: 'default',
    definition: DEFINITION,
  })
  const { id } = await api<Run>(first, token, 'POST', `/pipelines/${pipeline.id}/runs`, {})
  const status = async (of: ServerProcess): Promise<string> => (await api<Run>(of, token, 'GET', `/runs/${id}`)).status
  await expect.poll(() => status(first), { timeout: 20_000 }).toBe('reviewing')
  await first.kill()

  const second = await start(where)
  expect(second.recovered).toEqual({ runs: 1, lostAttempts: 0 })
  expect(await status(second)).toBe('reviewing')
  await api(second, token, 'POST', `/runs/${id}/nodes/sign/actions/approve`, {})
  await expect.poll(() => status(second), { timeout: 20_000 }).toBe('succeeded')
})

test('a program that wants the database for itself says who is in its way', { timeout: 60_000 }, async () => {
  await start(directory())
  await expect(openPostgresStore({ url: databaseUrl })).rejects.toThrow(
    'another server works on the schema millrace of this database',
  )
})
