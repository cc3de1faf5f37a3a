import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { examineStore } from '../src/compose/store.ts'
import { api, startServerProcess } from './support/server-process.ts'

/** `millrace doctor` on the data directory of a real server. */

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-doctor-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const examine = () => examineStore({ dataDirectory: directory }, () => {})

test(
  'a data directory is in order after kill -9, and what was changed behind its back is told',
  { timeout: 60_000 },
  async () => {
    const server = await startServerProcess(directory)
    const token = server.token ?? ''
    const definition = 'name: p\ntasks:\n  - {key: a, uses: noop}\n  - {key: b, needs: [a], approval: May it?}\n'
    const { id } = await api<{ id: string }>(server, token, 'POST', '/pipelines', { project: 'default', definition })
    for (let count = 0; count < 5; count += 1) await api(server, token, 'POST', `/pipelines/${id}/runs`, {})
    await expect(examine()).rejects.toMatchObject({ code: 'conflict' })
    await server.kill()
    const examination = await examine()
    expect(examination).toMatchObject({ runs: 5, disorders: [] })
    expect(examination.events).toBeGreaterThan(10)

    const database = new DatabaseSync(join(directory, 'millrace.db'))
    database.exec(`update runs set status = 'succeeded' where serial = 3`)
    database.close()
    expect((await examine()).disorders).toEqual([
      {
        runId: expect.stringMatching(/^[0-9a-f]{32}$/),
        what: 'its index row says status succeeded, its log reviewing',
      },
    ])
  },
)

test('where there is no store none is made', async () => {
  await expect(examine()).rejects.toMatchObject({ code: 'missing' })
})
