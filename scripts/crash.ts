// Looks whether anything that a client was told is lost or doubled, and whether a number of an event is missing. With
// PostgreSQL, a database of its own for each lane is stopped at once now and then as well.
// The report is JSON with or without `--json`; standard error says how far it is, and what is wrong, at once and with
// which seed. Exit code 1: something is wrong.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { dice } from '../src/testing/dice.ts'
import { buildChild } from './crash/built.ts'
import { ownPostgresServer, type PostgresServer } from '../src/testing/postgres-server.ts'
import { drawDeath, type StoreKind } from './crash/death.ts'
import { type Ending, insideLife, type Live, type RestartDatabase, servedLife } from './crash/lives.ts'
import { Ledger } from './crash/ledger.ts'
import { type LogPlace, postgresLog, sqliteLog } from './crash/stored-log.ts'
import { jsonOption, readOptions, seedOption } from './options.ts'

export interface CrashOptions {
  readonly store: StoreKind
  readonly cycles: number
  readonly seed: number
  /** Stores worked on at once. */
  readonly lanes: number
  /** Percent of the cycles that kill a whole server, `millrace serve` under HTTP; the rest kill store and host. */
  readonly servedPercent: number
  readonly tell?: (sentence: string) => void
  /** Of the processes inside: see child.ts. */
  readonly hasty?: boolean
}

export interface CrashReport {
  /** Processes that were killed. */
  readonly cycles: number
  /** Answers of 2xx and what is the same inside. */
  readonly acked: number
  /** Answers, seen events and runs of which something is not there any more, runs that do not go on included. */
  readonly lost: number
  readonly doubled: number
  readonly gaps: number
  /** Of the cycles: those of whole servers, those that died at a named point, and those that died before they were up. */
  readonly served: number
  readonly atPoint: number
  readonly notUp: number
  readonly runs: number
  readonly sentences: readonly string[]
}

/** Cycles that share a store; then every run in it is brought to its end and the log is read as a whole. */
const CYCLES_PER_STORE = { inside: 25, served: 10 } as const

interface Group {
  readonly whole: boolean
  readonly seed: number
  readonly cycles: number
}

function groupsOf({ cycles, seed, servedPercent }: CrashOptions): Group[] {
  const draw = dice(seed)
  const whole = Math.round((cycles * servedPercent) / 100)
  const groups: Group[] = []
  const cut = (count: number, isWhole: boolean): void => {
    for (let left = count; left > 0;) {
      const some = Math.min(left, CYCLES_PER_STORE[isWhole ? 'served' : 'inside'])
      groups.push({ whole: isWhole, seed: Math.floor(draw() * 2 ** 31), cycles: some })
      left -= some
    }
  }
  cut(whole, true)
  cut(cycles - whole, false)
  return groups
}

export async function crash(options: CrashOptions): Promise<CrashReport> {
  const built = await buildChild()
  const groups = groupsOf(options)
  const total = { cycles: 0, acked: 0, lost: 0, doubled: 0, gaps: 0, served: 0, atPoint: 0, notUp: 0, runs: 0 }
  const sentences: string[] = []
  const worker = async (): Promise<void> => {
    const postgres = options.store === 'postgres' ? await ownPostgresServer() : undefined
    const restart: RestartDatabase = async () => postgres?.restart('immediate')
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      const { ledger, endings, runs } = await play(
        group,
        group.whole ? servedLife(built, restart) : insideLife(built, restart),
        postgres,
        options.hasty ?? false,
      )
      const { lost, doubled, gaps } = ledger.findings
      total.cycles += endings.length
      total.acked += ledger.acked
      total.lost += lost.length
      total.doubled += doubled.length
      total.gaps += gaps.length
      total.served += group.whole ? endings.length : 0
      total.atPoint += endings.filter(({ atPoint }) => atPoint).length
      total.notUp += endings.filter(({ wasUp }) => !wasUp).length
      total.runs += runs
      const found = [...lost, ...doubled, ...gaps].map((what) => `store of seed ${group.seed}: ${what}`)
      for (const sentence of found.slice(0, 50)) options.tell?.(sentence)
      sentences.push(...found)
      options.tell?.(`${total.cycles} of ${options.cycles} cycles, ${total.acked} answers`)
    }
  }
  await Promise.all(Array.from({ length: options.lanes }, worker))
  return { ...total, sentences }
}

/** Where a store is, and what it is read by. */
interface Place {
  readonly directory: string
  readonly databaseUrl: string | null
  readonly log: LogPlace
  readonly remove: () => Promise<void>
}

async function placeOf(seed: number, postgres: PostgresServer | undefined): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-crash-'))
  const removeDirectory = (): Promise<void> => rm(directory, { recursive: true, force: true })
  if (postgres === undefined) {
    return { directory, databaseUrl: null, log: sqliteLog(directory), remove: removeDirectory }
  }
  const name = `crash_${seed}`
  const command = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query(sql)
    await client.end()
  }
  await command(`create database ${name}`)
  const url = new URL(postgres.url)
  url.pathname = name
  return {
    directory,
    databaseUrl: url.href,
    log: postgresLog(url.href),
    remove: async () => {
      await command(`drop database ${name} with (force)`)
      await removeDirectory()
    },
  }
}

/** All cycles of one store, and then its end. */
async function play(
  { seed, cycles, whole }: Group,
  live: Live,
  postgres: PostgresServer | undefined,
  hasty: boolean,
): Promise<{ ledger: Ledger; endings: Ending[]; runs: number }> {
  const draw = dice(seed)
  const ledger = new Ledger()
  const endings: Ending[] = []
  const { directory, databaseUrl, log, remove } = await placeOf(seed, postgres)
  const kind = postgres === undefined ? 'sqlite' : 'postgres'
  try {
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const life = { life: `L${cycle}`, seed: Math.floor(draw() * 2 ** 31), again: ledger.unanswered() }
      // The first life of a whole server says once which token there is: it must come to that.
      const death = whole && cycle === 0 ? ({ kind: 'after-lines', lines: 5 } as const) : drawDeath(draw, whole, kind)
      endings.push(await live({ directory, databaseUrl, ...life, finish: false, hasty }, death, ledger))
      await ledger.check(log)
    }
    await live({ directory, databaseUrl, life: 'end', seed, again: [], finish: true }, null, ledger)
    return { ledger, endings, runs: await ledger.checkAll(log) }
  } catch (error) {
    throw new Error(`store of seed ${seed}, cycle ${endings.length}: ${String(error)}`, { cause: error })
  } finally {
    await remove()
  }
}

if (import.meta.main) {
  process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../node_modules/.cache/compile')
  const { served: servedPercent, ...asked } = readOptions(
    'crash',
    'Servers that are killed by kill -9, at named points and at random: is what they have answered still there, once?',
    {
      cycles: { kind: 'whole', about: 'kills', least: 1, standard: 200 },
      store: { kind: 'choice', about: 'where runs are kept', words: ['sqlite', 'postgres'], standard: 'sqlite' },
      lanes: { kind: 'whole', about: 'servers at once', least: 1, most: 256, standard: 2 },
      served: { kind: 'whole', about: 'percent that are whole servers', least: 0, most: 100, standard: 4 },
      seed: seedOption,
      json: jsonOption,
    },
  )
  const { seed } = asked
  const began = performance.now()
  const report = await crash({ ...asked, servedPercent, tell: (sentence) => console.error(sentence) })
  const { cycles, acked, lost, doubled, gaps, served, atPoint, notUp, runs } = report
  const seconds = Math.round((performance.now() - began) / 1_000)
  console.error(
    `seed ${seed}: ${seconds} s, ${Math.round((seconds * 1_000) / cycles)} ms a cycle, ${served} of them whole servers, ${atPoint} died at a named point, ${notUp} before they were up, ${runs} runs brought to their end`,
  )
  console.log(JSON.stringify({ cycles, acked, lost, doubled, gaps }))
  if (lost + doubled + gaps > 0) process.exitCode = 1
}
