import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asId, type PipelineId, type ProjectId, type RunId } from '../../model/id.ts'
import { type Plan, type PlanKind, PlanReader } from '../../testing/postgres-plans.ts'
import { postgresServer } from '../../testing/postgres-server.ts'
import { nextCommit } from '../conformance/samples.ts'
import type { AuditFilter, MessageFilter, RunFilter, RunLog } from '../store.ts'
import { postgresCatalog } from './catalog.ts'
import { Database, type DatabaseOptions, type Session, sessionOptions, type Value } from './database.ts'
import { postgresDocuments } from './documents.ts'
import { openPostgresStore } from './index.ts'
import { postgresOutbox } from './outbox.ts'
import { entriesAfter, postgresRunLog } from './run-log.ts'

/**
 * What each statement goes by, however many rows there are: it finds what it wants by an index and reads little beside.
 * Statements that come again are kept, and PostgreSQL makes a plan of a kept one for all values when it has come five
 * times: so they are tried with plans of both kinds, and the others with those for their values.
 */

const SCHEMA = 'plans'
const RUNS = 40_000
/** The newest of them are under way. */
const LIVE = 50
/** A pipeline that had no run in the younger half of the time. */
const RESTED = 5
/** Whole tables of these must never be read; the others are small. */
const LARGE = new Set(['runs', 'entries', 'snapshots', 'idempotency', 'outbox', 'audit', 'documents'])

const idOf = (letter: string, number: number): string => letter + String(number).padStart(31, '0')
const projectOf = (number: number): ProjectId => asId<ProjectId>(idOf('a', number))
const pipelineOf = (number: number): PipelineId => asId<PipelineId>(idOf('b', number))
const runOf = (number: number): RunId => asId<RunId>(idOf('c', number))

/**
 * 4 projects, 40 pipelines. One run in 20 has failed, one in 1,000 was cancelled, the last 50 are under way and 10 of them
 * wait for a person. A run a second. The
 * log has two entries of each.
 */
const FILL = `
  insert into projects (serial, id, name, description, created_at)
    select n, 'a' || lpad(n::text, 31, '0'), 'project ' || n, '', 0 from generate_series(1, 4) n;
  insert into pipelines (serial, id, project, name, name_folded, version, created_at, created_by_id, created_by_name,
      updated_at, last_number)
    select n, 'b' || lpad(n::text, 31, '0'), 'a' || lpad((n % 4 + 1)::text, 31, '0'), 'pipeline ' || n, 'pipeline ' || n, 1,
      0, '', '', 0, ${RUNS} from generate_series(1, 40) n;
  insert into runs (serial, id, number, project, pipeline, pipeline_name, pipeline_name_folded, version, status, live,
      cause_kind, cause_by, needs_person, created_at, started_at, ended_at, seq, updated_at)
    select n, 'c' || lpad(n::text, 31, '0'), n, p.project, p.id, p.name, p.name_folded, 1,
      case when n > ${RUNS - LIVE} then 'running' when n % 1000 = 7 then 'cancelled' when n % 20 = 7 then 'failed'
        else 'succeeded' end,
      n > ${RUNS - LIVE}, 'manual', 'user ' || n % 10, n > ${RUNS} - 10, n * 1000, n * 1000,
      case when n > ${RUNS - LIVE} then null else n * 1000 + 500 end, 4, n * 1000 + 500
    from generate_series(1, ${RUNS}) n join pipelines p on p.serial =
      case when n % 40 + 1 = ${RESTED} and n > ${RUNS / 2} then 6 else n % 40 + 1 end
    order by n;
  insert into entries (number, run, seq, at, event_count, body)
    select n * 2, (n + 1) / 2, (1 - n % 2) * 2 + 2, n * 500, 2, '{"events":[],"seq":2}' from generate_series(1, ${RUNS * 2}) n;
  insert into snapshots (run, seq, data) select n, 4, '{}' from generate_series(1, ${RUNS}, 2) n;
  insert into idempotency (key, fingerprint, run, until)
    select 'key ' || n, '', n, n * 1000 from generate_series(1, ${RUNS}) n;
  insert into outbox (serial, id, project, run, kind, target, lane, body, created_at, state, tries, next_at, updated_at)
    select n, 'message ' || n, 'a' || lpad((n % 4 + 1)::text, 31, '0'), 'c' || lpad(n::text, 31, '0'), 'webhook',
      'target ' || n % 100, 'lane ' || n % 5000, '{}', n * 1000,
      case when n > ${RUNS} - 20 then 'waiting' when n % 500 = 3 then 'dead' else 'delivered' end, 1,
      case when n > ${RUNS} - 20 then n * 1000 end, n * 1000
    from generate_series(1, ${RUNS}) n;
  insert into audit (number, at, actor_kind, actor_name, action, target, detail)
    select n, n * 1000, 'user', 'user ' || n % 50, 'kind' || n % 7 || '.done', 'target ' || n % 4000, ''
    from generate_series(1, ${RUNS}) n;
  insert into documents (project, kind, key, value, revision, updated_at)
    select 'a' || lpad((n % 4 + 1)::text, 31, '0'), 'dialect/thing' || n % 3, 'key ' || n, '{}', n, n
    from generate_series(1, ${RUNS}) n;
  update counters set value = ${RUNS * 4} where name = 'event';
  update counters set value = ${RUNS} where name in ('run', 'message', 'audit', 'revision');`

interface Asked {
  readonly sql: string
  readonly values: readonly Value[]
  readonly kinds: readonly PlanKind[]
}

/** A database that notes what it is asked. */
class NotingDatabase extends Database {
  readonly asked: Asked[] = []

  #note(sql: string, values: readonly Value[], kinds: readonly PlanKind[] = ['custom', 'generic']): void {
    this.asked.push({ sql, values, kinds })
  }

  #noting<Own extends Pick<Session, 'rows'>>(session: Own): Own {
    const rows = <Row>(sql: string, values: readonly Value[] = []): Promise<Row[]> => {
      this.#note(sql, values)
      return session.rows<Row>(sql, values)
    }
    return { ...session, rows }
  }

  override async inOrder<Row>(sql: string, values: readonly Value[]): Promise<Row[]> {
    this.#note(sql, values)
    return super.inOrder(sql, values)
  }

  override planned<Row>(sql: string, values: readonly Value[]): Promise<Row[]> {
    this.#note(sql, values, ['custom'])
    return super.planned(sql, values)
  }

  override track<Result>(work: (session: Pick<Session, 'rows'>) => Promise<Result>): Promise<Result> {
    return super.track((session) => work(this.#noting(session)))
  }

  override transaction<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    return super.transaction((session) => work(this.#noting(session)))
  }
}

let database: NotingDatabase
let reader: PlanReader
beforeAll(async () => {
  const { url } = await postgresServer()
  const store = await openPostgresStore({ url, schema: SCHEMA })
  await store.close()
  const options: DatabaseOptions = { url, schema: SCHEMA, connections: 2, statementTimeoutMs: 0 }
  database = new NotingDatabase(options)
  await database.transaction((session) => session.script(FILL))
  await database.transaction((session) => session.script('analyze'))
  reader = await PlanReader.open(url, sessionOptions(SCHEMA, undefined))
}, 120_000)
afterAll(async () => {
  await reader.close()
  await database.close()
})

/** What each statement of this came to, by each kind of plan that it may get. */
async function plansOf(work: () => Promise<unknown>): Promise<readonly Plan[]> {
  database.asked.length = 0
  await work()
  const plans: Plan[] = []
  for (const { sql, values, kinds } of database.asked) {
    for (const kind of kinds) plans.push(await reader.plan(sql, values, kind))
  }
  return plans
}

/** Indexes, or whole tables, that large tables were read by. */
const waysOf = (plans: readonly Plan[]): readonly string[] =>
  [
    ...new Set(
      plans.flatMap(({ ways }) =>
        ways.filter(({ table }) => LARGE.has(table)).map((way) => way.index ?? `all ${way.table}`),
      ),
    ),
  ].toSorted()

const rowsOf = (plans: readonly Plan[]): number =>
  Math.max(...plans.map(({ ways }) => ways.reduce((sum, { table, rows }) => sum + (LARGE.has(table) ? rows : 0), 0)))

const sortedBy = (plans: readonly Plan[]): number => Math.max(...plans.map(({ sorted }) => sorted))

const project = projectOf(1)
const pipelineId = pipelineOf(4)
const runs = () => postgresRunLog(database, () => undefined)

/** So many serials stand in one row of `creation_spans`, and lists of a time look at no more than one of them beside. */
const SPAN = 1_024
const OLD: RunFilter = { createdTo: 100_000 }
const MIDDLE: RunFilter = { createdFrom: 20_000_000, createdTo: 20_060_000 }

describe.each<[string, RunFilter, readonly string[]]>([
  ['all', {}, ['runs_pkey']],
  ['of a project', { projectIds: [project] }, ['runs_by_project']],
  ['of two projects', { projectIds: [project, projectOf(2)] }, ['runs_by_project']],
  ['of a pipeline', { projectIds: [project], pipelineId }, ['runs_by_pipeline']],
  ['of a pipeline that has rested since', { pipelineId: pipelineOf(RESTED) }, ['runs_by_pipeline']],
  ['that failed', { statuses: ['failed'] }, ['runs_by_end']],
  ['that were cancelled', { statuses: ['cancelled'] }, ['runs_by_end']],
  ['that timed out, of which there are none', { statuses: ['timed_out'] }, ['runs_by_end']],
  ['of a project that failed', { projectIds: [project], statuses: ['failed'] }, ['runs_by_project_end']],
  ['of a pipeline that failed', { pipelineId, statuses: ['failed'] }, ['runs_by_pipeline_end']],
  ['that failed or are under way', { statuses: ['failed', 'running'] }, ['runs_by_end', 'runs_live']],
  ['under way', { statuses: ['running', 'queued'] }, ['runs_live']],
  ['that need a person', { needsPerson: true }, ['runs_needing_person']],
  ['of a pipeline by its name', { text: 'pipeline 17' }, ['runs_by_pipeline', 'runs_live']],
  ['of a name that nothing has', { text: 'nothing' }, ['runs_live']],
  ['that somebody made', { causeBy: ['user 3'] }, ['runs_by_cause', 'runs_live']],
  [
    'of a project that somebody made',
    { projectIds: [project], causeBy: ['user 3'] },
    ['runs_by_project_cause', 'runs_live'],
  ],
  [
    'of a pipeline that somebody made and that failed',
    { pipelineId, causeBy: ['user 3'], statuses: ['failed'] },
    ['runs_by_pipeline_cause'],
  ],
  ['that nobody made', { causeBy: ['nobody'] }, ['runs_by_cause', 'runs_live']],
])('a list of runs %s', (_, filter, expected) => {
  test.each([null, RUNS / 2])('goes by its indexes, before %s', async (before) => {
    const plans = await plansOf(() => runs().list(filter, before, 50))
    expect(waysOf(plans)).toEqual(expected)
    expect(rowsOf(plans)).toBeLessThanOrEqual(100)
    expect(sortedBy(plans)).toBeLessThanOrEqual(100)
  })

  test.each([OLD, MIDDLE])('begins and ends where there are such of a time', async (times) => {
    const plans = await plansOf(() => runs().list({ ...filter, ...times }, null, 50))
    // What was created in a short time is few, however they are told apart.
    expect([...expected, 'runs_by_creation', 'runs_live']).toEqual(expect.arrayContaining([...waysOf(plans)]))
    expect(rowsOf(plans)).toBeLessThanOrEqual(SPAN)
    expect(sortedBy(plans)).toBeLessThanOrEqual(SPAN)
  })

  test('is counted by the counts of what has ended, or by an index that has no others', async () => {
    const plans = await plansOf(() => runs().count(filter))
    expect(waysOf(plans)).not.toContain('all runs')
    const matching = filter.causeBy === undefined ? 0 : await runs().count(filter)
    expect(rowsOf(plans)).toBeLessThanOrEqual(matching + LIVE)
  })
})

describe('the log', () => {
  const log = (): RunLog => postgresRunLog(database, () => undefined)
  test.each<[string, () => Promise<unknown>, readonly string[], number]>([
    ['entries of a run', () => log().entries(runOf(20_000), 0, 100), ['entries_run_seq_key', 'runs_id_key'], 3],
    ['events of a run', () => log().events(runOf(20_000), 0, 100), ['entries_run_seq_key', 'runs_id_key'], 3],
    ['the feed', () => log().feed(80_000, {}, 100), ['entries_pkey', 'runs_pkey'], 200],
    [
      'the feed of a project',
      () => log().feed(80_000, { projectIds: [project] }, 100),
      ['entries_pkey', 'runs_pkey'],
      800,
    ],
    ['what other servers follow', () => entriesAfter(database, 80_000, 100), ['entries_pkey', 'runs_pkey'], 200],
    ['a run by id', () => log().summary({ by: 'id', id: runOf(20_000) }), ['runs_id_key'], 1],
    ['a run by serial', () => log().summary({ by: 'serial', serial: 20_000 }), ['runs_pkey'], 1],
    [
      'a run by number',
      () => log().summary({ by: 'number', pipelineId, number: 20_003 }),
      ['runs_pipeline_number_key'],
      1,
    ],
    ['the newest of a pipeline', () => log().summary({ by: 'latest', pipelineId }), ['runs_by_pipeline'], 1],
    [
      'the newest of one that has rested',
      () => log().summary({ by: 'latest', pipelineId: pipelineOf(RESTED) }),
      ['runs_by_pipeline'],
      1,
    ],
    [
      'runs by ids',
      () => log().summaries(Array.from({ length: 100 }, (_, n) => runOf(n * 100 + 1))),
      ['runs_id_key'],
      100,
    ],
    ['live runs', () => log().live(), ['runs_live'], LIVE],
    ['an idempotency key', () => log().idempotent('key 39000', 0), ['idempotency_pkey', 'runs_pkey'], 2],
    ['a snapshot', () => log().snapshot(runOf(20_001)), ['runs_id_key', 'snapshots_pkey'], 2],
    ['names for a run', () => log().reserve(pipelineId), [], 0],
  ])('%s', async (_, work, expected, rows) => {
    const plans = await plansOf(work)
    expect(waysOf(plans)).toEqual(expected)
    expect(rowsOf(plans)).toBeLessThanOrEqual(rows)
  })

  test('a run of it, of which all that belongs to it is found by indexes, is taken away', async () => {
    const sql = 'select id from remove_runs($1)'
    for (const kind of ['custom', 'generic'] as const) {
      const plan = await reader.plan(sql, [[runOf(30_001), runOf(30_003)]], kind)
      expect(waysOf([plan]).filter((way) => way.startsWith('all '))).toEqual([])
      expect(plan.ways.filter(({ table }) => table === 'entries')).not.toEqual([])
      expect(rowsOf([plan])).toBeLessThanOrEqual(40)
    }
  })

  test('a commit looks at its own runs only', async () => {
    const log = postgresRunLog(database, () => undefined)
    const last = { ...nextCommit(runOf(RUNS), 4), idempotency: { key: 'key 1', fingerprint: '', at: RUNS * 1_000 } }
    const plans = await plansOf(() => log.commit(last).catch(() => undefined))
    expect(waysOf(plans).filter((way) => way.startsWith('all '))).toEqual([])
    expect(waysOf(plans)).toContain('runs_id_key')
    expect(rowsOf(plans)).toBeLessThanOrEqual(20)
  })
})

describe('the outbox', () => {
  const outbox = () => postgresOutbox(database)
  test.each<[string, () => Promise<unknown>, readonly string[], number]>([
    ['what is due', () => outbox().dueMessages(1e12, 10), ['outbox_due'], 10],
    ['what is due for others', () => outbox().dueMessages(1e12, 10, ['nobody']), ['outbox_due'], 10],
    ['when the next is', () => outbox().nextDue(), ['outbox_due'], 1],
    ['one message', () => outbox().message('message 20000'), ['outbox_id_key'], 1],
    ['the newest of a lane', () => outbox().newestOf('lane 77'), ['outbox_lane'], 1],
    ['what is over', () => outbox().pruneMessages(1_000), ['outbox_over'], 1],
  ])('%s', async (_, work, expected, rows) => {
    const plans = await plansOf(work)
    expect(waysOf(plans)).toEqual(expected)
    expect(rowsOf(plans)).toBeLessThanOrEqual(rows)
  })

  test.each<[MessageFilter, string]>([
    [{}, 'outbox_pkey'],
    [{ runId: runOf(20_000) }, 'outbox_run'],
    [{ target: 'target 7' }, 'outbox_target'],
    [{ state: 'dead' }, 'outbox_undelivered'],
    [{ state: 'waiting' }, 'outbox_undelivered'],
    [{ state: 'delivered' }, 'outbox_pkey'],
    [{ projectIds: [project], state: 'dead' }, 'outbox_undelivered'],
  ])('messages %j', async (filter, index) => {
    for (const before of [null, RUNS / 2]) {
      const plans = await plansOf(() => outbox().messages(filter, before, 50))
      expect(waysOf(plans)).toEqual([index])
      expect(rowsOf(plans)).toBeLessThanOrEqual(100)
    }
  })
})

describe('the audit record, and documents', () => {
  test.each<[AuditFilter, string, number]>([
    [{}, 'audit_pkey', 50],
    [{ actor: 'nobody' }, 'audit_by_actor', 0],
    [{ action: 'nothing' }, 'audit_by_action', 0],
    [{ target: 'target 77' }, 'audit_by_target', 10],
    [{ from: 20_000_000, to: 20_060_000 }, 'audit_by_time', 60],
    [{ to: 60_000 }, 'audit_by_time', 60],
  ])('audits %j', async (filter, index, rows) => {
    const plans = await plansOf(() => postgresCatalog(database).audits(filter, null, 50))
    expect(waysOf(plans)).toEqual([index])
    expect(rowsOf(plans)).toBeLessThanOrEqual(rows)
  })

  test('a document, and those whose keys begin so', async () => {
    const documents = postgresDocuments(database)
    const of = { projectId: project, kind: 'dialect/thing1' } as const
    const plans = await plansOf(async () => {
      await documents.document({ ...of, key: 'key 100' })
      await documents.documents({ ...of, prefix: 'key 1' }, null, 50)
    })
    expect(waysOf(plans)).toEqual(['documents_pkey'])
    expect(rowsOf(plans)).toBeLessThanOrEqual(50)
  })
})

test('a statement that reads a whole table, or sorts it, is noticed', async () => {
  const plan = await reader.plan('select id from runs where version = $1 order by cause_by, id', [1], 'custom')
  expect(waysOf([plan])).toEqual(['all runs'])
  expect([rowsOf([plan]), sortedBy([plan])]).toEqual([RUNS, RUNS])
})
