import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'

/** So many have made them. */
export const PEOPLE = 50

/** What makes a run that is like another, in the words of one database. */
interface Dialect {
  /** A table of `k` from 1 to the number asked for. */
  readonly numbers: (count: number) => string
  /** 20 hex digits that look like chance. */
  readonly digits: string
  /** The lowest 48 bits as 12 hex digits. */
  readonly hex: (value: string) => string
  readonly live: string
  /** What runs know besides in this one. */
  readonly columns: string
  readonly values: string
  readonly counted: readonly string[]
  /** What a server at work knows of its tables besides. */
  readonly known: readonly string[]
}

const POSTGRES: Dialect = {
  numbers: (count) => `ks as (select k from generate_series(1, ${count}) k)`,
  digits: 'substr(md5(k::text), 1, 20)',
  hex: (value) => `lpad(to_hex((${value})::bigint), 12, '0')`,
  live: 'false',
  columns: ', seq, updated_at',
  values: ', t.seq, t.at + 20',
  counted: [
    `update counters set value = (select max(serial) from runs) where name = 'run'`,
    `update counters set value = (select max(number) from entries) where name = 'event'`,
  ],
  known: ['vacuum analyze'],
}

const SQLITE: Dialect = {
  numbers: (count) => `ks(k) as (select 1 union all select k + 1 from ks where k < ${count})`,
  digits: 'lower(hex(randomblob(10)))',
  hex: (value) => `printf('%012x', ${value})`,
  live: '0',
  columns: '',
  values: '',
  counted: ['update last_serial set value = (select max(serial) from runs)'],
  known: [],
}

/**
 * Statements that copy the run with the highest serial so often that a store is as full as after years: what a list, a
 * filter or a start costs depends on what is stored, not on how it came there. One in twenty copies has failed, one in
 * a thousand was cancelled; they go round among the pipelines, a second apart, from when the first was created.
 */
function statements(dialect: Dialect, count: number): readonly string[] {
  const { numbers, digits, hex, live, columns, values, counted, known } = dialect
  // In a table: 0 is the place of the first pipeline.
  const shared = `with recursive ${numbers(count)},
    homes as (
      select row_number() over (order by serial) - 1 as place, count(*) over () as many, id, project, name, name_folded,
        last_number
      from pipelines where name like 'pipeline %'
    ),
    model as (select * from runs order by serial desc limit 1),
    t as (
      select m.serial + k as serial, h.last_number + 1 + k / h.many as number, h.*, m.created_at + k * 1000 as at,
        m.version, m.cause_kind, 'user ' || k % ${PEOPLE} as cause_by, m.annotations, k,
        ${columns === '' ? '0' : 'm.seq'} as seq,
        case when (m.serial + k) % 1000 = 999 then 'cancelled' when (m.serial + k) % 20 = 19 then 'failed'
          else 'succeeded' end as status
      from ks cross join model m join homes h on h.place = k % h.many
    )`
  return [
    `create table copied_from as select max(serial) as serial from runs`,
    `insert into runs (serial, id, number, project, pipeline, pipeline_name, pipeline_name_folded, version, status, live,
      cause_kind, cause_by, needs_person, annotations, created_at, started_at, ended_at${columns})
    ${shared}
    select t.serial, ${hex('t.at')} || ${digits}, t.number, t.project, t.id, t.name, t.name_folded, t.version, t.status,
      ${live}, t.cause_kind, t.cause_by, ${live}, t.annotations, t.at, t.at + 10, t.at + 20${values}
    from t`,
    `insert into entries (number, run, seq, at, event_count, body)
    with recursive ${numbers(count)},
      own as (select e.* from entries e join copied_from c on c.serial = e.run),
      ends as (select max(number) as number from entries),
      size as (select max(seq) as events from own)
    select ends.number + (k - 1) * size.events + own.seq, c.serial + k, own.seq, own.at, own.event_count, own.body
    from ks cross join own cross join ends cross join size cross join copied_from c`,
    `update pipelines set last_number =
      coalesce((select max(r.number) from runs r where r.pipeline = pipelines.id), last_number)`,
    ...counted,
    `drop table copied_from`,
    ...known,
  ]
}

export async function copyRunsInPostgres(url: string, schema: string, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` })
  await client.connect()
  try {
    for (const sql of statements(POSTGRES, count)) await client.query(sql)
  } finally {
    await client.end()
  }
}

/** The store must be closed. */
export function copyRunsInSqlite(path: string, count: number): void {
  using database = new DatabaseSync(path)
  database.exec('begin')
  for (const sql of statements(SQLITE, count)) database.exec(sql)
  database.exec('commit')
}
