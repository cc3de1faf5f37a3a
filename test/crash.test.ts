import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { crash } from '../scripts/crash.ts'
import { Ledger } from '../scripts/crash/ledger.ts'
import { sqliteLog } from '../scripts/crash/stored-log.ts'
import { addPipeline, addRun } from '../src/store/conformance/samples.ts'
import { openSqliteStore } from '../src/store/sqlite/index.ts'

// A thousand cycles: npm run crash -- --cycles 1000 --json (as .ci/run does); 20,000 by hand.
test(
  'nothing that was answered is lost or doubled by kill -9, and no number is missing',
  { timeout: 300_000 },
  async () => {
    const report = await crash({ store: 'sqlite', cycles: 45, seed: 20_261_122, lanes: 2, servedPercent: 12 })
    expect(report.sentences).toEqual([])
    expect(report).toMatchObject({ cycles: 45, served: 5, lost: 0, doubled: 0, gaps: 0 })
    // It saw something: answers, deaths at named points, runs that went on after all of it.
    expect(report.acked).toBeGreaterThan(200)
    expect(report.atPoint).toBeGreaterThan(5)
    expect(report.runs).toBeGreaterThan(100)
  },
)

test('nor by kill -9 of servers on PostgreSQL, and of PostgreSQL itself', { timeout: 300_000 }, async () => {
  const report = await crash({ store: 'postgres', cycles: 10, seed: 20_261_122, lanes: 2, servedPercent: 10 })
  expect(report.sentences).toEqual([])
  expect(report).toMatchObject({ cycles: 10, served: 1, lost: 0, doubled: 0, gaps: 0 })
  expect(report.acked).toBeGreaterThan(20)
  expect(report.atPoint).toBeGreaterThan(0)
  expect(report.runs).toBeGreaterThan(20)
})

test('a server that answers before it is durable is found out', { timeout: 120_000 }, async () => {
  const report = await crash({ store: 'sqlite', cycles: 6, seed: 7, lanes: 2, servedPercent: 0, hasty: true })
  expect(report.lost).toBeGreaterThan(0)
})

describe('the ledger', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-ledger-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  /** A run of three events, in a directory that is then changed behind the store's back. */
  async function runIn(change: string): Promise<string> {
    const store = await openSqliteStore({ directory })
    const { id } = await addRun(store, await addPipeline(store, 'p'), [1, 1, 1])
    await store.close()
    const database = new DatabaseSync(join(directory, 'millrace.db'))
    database.exec('pragma foreign_keys = off')
    database.exec(change)
    database.close()
    return id
  }

  test('has nothing to say of what is there', async () => {
    const ledger = new Ledger()
    const run = await runIn('')
    ledger.told({ kind: 'acked', token: null, run, seq: 3 })
    ledger.told({ kind: 'event', number: 2, run, seq: 2, type: 'run_restarted' })
    await ledger.check(sqliteLog(directory))
    expect(ledger.findings).toEqual({ lost: [], doubled: [], gaps: [] })
  })

  test('misses what was answered and is gone', async () => {
    const ledger = new Ledger()
    const run = await runIn('delete from entries where number = 3')
    ledger.told({ kind: 'acked', token: null, run, seq: 3 })
    ledger.told({ kind: 'acked', token: 'L1', run, seq: 1 })
    ledger.told({ kind: 'event', number: 3, run, seq: 3, type: 'run_restarted' })
    await ledger.check(sqliteLog(directory))
    expect(ledger.findings.lost).toHaveLength(3)
  })

  test('sees a number that is missing, of the server and of the run', async () => {
    const ledger = new Ledger()
    await runIn('delete from entries where number = 2')
    await ledger.check(sqliteLog(directory))
    expect(ledger.findings.gaps).toHaveLength(2)
  })

  test('sees a number that stands for something else now', async () => {
    const ledger = new Ledger()
    const run = await runIn('')
    ledger.told({ kind: 'event', number: 2, run, seq: 1, type: 'run_created' })
    await ledger.check(sqliteLog(directory))
    expect(ledger.findings.doubled).toHaveLength(1)
  })

  test('sees a seq that comes twice', async () => {
    const ledger = new Ledger()
    await runIn("update entries set body = json_set(body, '$.seq', 2) where number = 3")
    await ledger.check(sqliteLog(directory))
    expect(ledger.findings.doubled).toHaveLength(1)
  })
})
