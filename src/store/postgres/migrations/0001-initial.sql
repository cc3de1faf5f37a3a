-- What is counted, and must have no gaps or never be given twice: rows that are changed in the transaction that counts.
create table counters (
  name text primary key,
  value bigint not null
);
insert into counters (name, value) values
  ('event', 0), ('run', 0), ('project', 0), ('pipeline', 0), ('user', 0), ('key', 0), ('revision', 0), ('audit', 0);

-- Projects, pipelines and their versions.

create table projects (
  serial bigint primary key,
  id text not null unique,
  name text not null,
  description text not null,
  created_at bigint not null,
  deleted_at bigint
);

-- A deleted project's name is free again.
create unique index projects_by_name on projects (name) where deleted_at is null;

create table pipelines (
  serial bigint primary key,
  id text not null unique,
  project text not null references projects (id),
  name text not null,
  -- The name as searches that ignore case compare it (store/kit/text.ts).
  name_folded text not null,
  -- The newest version.
  version integer not null,
  created_at bigint not null,
  created_by_id text not null,
  created_by_name text not null,
  updated_at bigint not null,
  deleted_at bigint,
  -- The number that was given to a run last.
  last_number bigint not null
) with (fillfactor = 80);

create unique index pipelines_by_name on pipelines (project, name) where deleted_at is null;

create table versions (
  pipeline bigint not null references pipelines (serial),
  version integer not null,
  created_at bigint not null,
  created_by_id text not null,
  created_by_name text not null,
  text text not null,
  plan text not null,
  primary key (pipeline, version)
);

create table webhooks (
  id text primary key,
  pipeline bigint not null references pipelines (serial),
  -- From 0, in the order of the triggers.
  place integer not null,
  name text not null,
  unique (pipeline, place)
);

-- Runs. The index row of a run holds what lists show and filter, and the position that the next commit must name.

create table runs (
  serial bigint primary key,
  id text not null unique,
  number bigint not null,
  project text not null references projects (id),
  pipeline text not null references pipelines (id),
  pipeline_name text not null,
  pipeline_name_folded text not null,
  version integer not null,
  status text not null,
  -- Until the run has ended.
  live boolean not null,
  cause_kind text not null,
  cause_by text not null,
  needs_person boolean not null,
  -- JSON, or null: none.
  annotations text,
  created_at bigint not null,
  started_at bigint,
  ended_at bigint,
  -- Of its newest entry.
  seq bigint not null,
  updated_at bigint not null,
  unique (pipeline, number)
-- Room for the next state of a row on its own page: what changes at every step stands in no index.
) with (fillfactor = 70);

-- Every index ends with the serial, which is the order of lists.
create index runs_by_pipeline on runs (pipeline, serial);
create index runs_by_project on runs (project, serial);
create index runs_live on runs (serial) where live;
create index runs_needing_person on runs (serial) where needs_person;

-- The log: one row per transition, whatever the number of its events.
create table entries (
  -- Global number of the last of its events.
  number bigint primary key,
  run bigint not null references runs (serial),
  -- Seq of the run after the last of its events.
  seq bigint not null,
  at bigint not null,
  event_count integer not null,
  -- JSON of the LogEntry (model/event.ts).
  body text not null,
  unique (run, seq)
);

create table snapshots (
  run bigint primary key references runs (serial),
  seq bigint not null,
  data text not null
);

create table idempotency (
  key text primary key,
  fingerprint text not null,
  run bigint not null references runs (serial),
  -- It stands until then, exclusive.
  until bigint not null
);

create index idempotency_by_end on idempotency (until);

-- Keys go with the run that they lead to.
create index idempotency_by_run on idempotency (run);

-- Users, credentials, settings.

create table users (
  place bigint primary key,
  id text not null unique,
  name text not null unique,
  domain text not null,
  password_hash text,
  role text not null,
  -- Null: all projects.
  project_ids text[],
  created_at bigint not null,
  disabled_at bigint
);

create table keys (
  place bigint primary key,
  kind text not null,
  name text not null,
  secret text not null,
  "user" text not null references users (id),
  label text not null,
  created_at bigint not null,
  expires_at bigint,
  revoked_at bigint,
  unique (kind, name)
);

create table settings (
  name text primary key,
  value text not null
);

create table audit (
  number bigint primary key,
  at bigint not null,
  actor_kind text not null,
  actor_name text not null,
  action text not null,
  target text not null,
  detail text not null
);

create index audit_by_actor on audit (actor_name, number);
create index audit_by_action on audit (action text_pattern_ops, number);
create index audit_by_target on audit (target, number);

-- Sealed before they come here.
insert into counters (name, value) values ('secret', 0);

create table secrets (
  place bigint primary key,
  project text not null references projects (id),
  -- Id of a pipeline of the project, or empty: the project's own.
  pipeline text not null,
  name text not null,
  sealed text not null,
  created_at bigint not null,
  created_by_id text not null,
  created_by_name text not null,
  updated_at bigint not null,
  updated_by_id text not null,
  updated_by_name text not null,
  last_used_at bigint,
  unique (project, pipeline, name)
);

-- JSON documents of a project that are neither pipeline nor run: what dialects must keep.
create table documents (
  project text not null references projects (id),
  -- <dialect>/<thing>
  kind text not null,
  -- In the order of code points, whatever the database's own is.
  key text collate "C" not null,
  value text not null,
  revision bigint not null,
  updated_at bigint not null,
  primary key (project, kind, key)
);

-- The next of a kind. Its row stays locked until the transaction ends, so what is counted is seen in its order.
create function next_of(counter text) returns bigint
language sql volatile as $$
  update counters set value = value + 1 where name = counter returning value
$$;

-- Number and serial of a run to come; no row when there is no such pipeline. Its commit need not wait for the disk: the
-- log of the database is written in order, so a run that is there after a crash still has its number taken.
create function reserve_run(pipeline_id text) returns table (number bigint, serial bigint)
language plpgsql volatile as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  update pipelines set last_number = last_number + 1 where id = pipeline_id returning last_number into number;
  if not found then return; end if;
  serial := next_of('run');
  return next;
end
$$;

-- Many commits in one transaction (RunLog.commit). Each run, serial and key comes once. Gives one row per commit: why it
-- was refused, or the number of its last event. The first statement is the door: one batch at a time in all servers, so
-- that numbers rise without gaps in the order in which readers see them.
--
-- c_*: one per commit, in order. summaries: JSON array of index rows with `ord`, the place of their commit from 1.
-- e_*: one per entry, in order, with the place of their commit.
create function commit_runs(
  c_run text[], c_expected bigint[], c_seq bigint[], c_at bigint[], c_snapshot text[],
  c_key text[], c_fingerprint text[], c_key_at bigint[], c_key_until bigint[],
  summaries json,
  e_ord integer[], e_seq bigint[], e_at bigint[], e_count integer[], e_body text[]
) returns table (ord integer, refusal text, last_number bigint)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  before bigint;
begin
  select value into before from counters where name = 'event' for update;
  return query
  with asked as (
    select a.*, r.serial as known, coalesce(r.seq, 0) as stands_at,
      s.ord is not null as summed, coalesce(r.serial, s.serial) as serial, s.number, s.project, s.pipeline,
      s.pipeline_name, s.pipeline_name_folded, s.version, s.status, s.live, s.cause_kind, s.cause_by, s.needs_person,
      s.annotations, s.created_at, s.started_at, s.ended_at
    from unnest(c_run, c_expected, c_seq, c_at, c_snapshot, c_key, c_fingerprint, c_key_at, c_key_until)
      with ordinality as a (run, expected, seq, at, snapshot, key, fingerprint, key_at, key_until, ord)
    left join runs r on r.id = a.run
    left join json_to_recordset(summaries) as s (
      ord integer, serial bigint, number bigint, project text, pipeline text, pipeline_name text,
      pipeline_name_folded text, version integer, status text, live boolean, cause_kind text, cause_by text,
      needs_person boolean, annotations text, created_at bigint, started_at bigint, ended_at bigint
    ) on s.ord = a.ord
  ), judged as (
    select a.*, case
      when a.stands_at <> a.expected then 'moved'
      when a.key is not null and exists (select from idempotency i where i.key = a.key and i.until > a.key_at)
        then 'keyed'
      when a.known is null and exists (
        select from runs x where x.serial = a.serial or (x.pipeline = a.pipeline and x.number = a.number)
      ) then 'taken'
      when a.known is null and not exists (
        select from pipelines p where p.id = a.pipeline and p.project = a.project
      ) then 'homeless'
    end as refusal
    from asked a
  ), taken as (
    select * from judged j where j.refusal is null
  ), made as (
    insert into runs (
      serial, id, number, project, pipeline, pipeline_name, pipeline_name_folded, version, status, live, cause_kind,
      cause_by, needs_person, annotations, created_at, started_at, ended_at, seq, updated_at
    )
    select t.serial, t.run, t.number, t.project, t.pipeline, t.pipeline_name, t.pipeline_name_folded, t.version,
      t.status, t.live, t.cause_kind, t.cause_by, t.needs_person, t.annotations, t.created_at, t.started_at,
      t.ended_at, t.seq, t.at
    from taken t where t.known is null
  ), summed as (
    update runs r set
      pipeline_name = t.pipeline_name, pipeline_name_folded = t.pipeline_name_folded, version = t.version,
      status = t.status, live = t.live, cause_kind = t.cause_kind, cause_by = t.cause_by,
      needs_person = t.needs_person, annotations = t.annotations, created_at = t.created_at,
      started_at = t.started_at, ended_at = t.ended_at, seq = t.seq, updated_at = t.at
    from taken t where r.serial = t.known and t.summed
  ), moved as (
    update runs r set seq = t.seq, updated_at = t.at from taken t where r.serial = t.known and not t.summed
  ), numbered as (
    select t.serial, e.seq, e.at, e.count, e.body, e.ord,
      before + sum(e.count) over (order by e.ord, e.seq) as number
    from unnest(e_ord, e_seq, e_at, e_count, e_body) as e (ord, seq, at, count, body)
    join taken t on t.ord = e.ord
  ), logged as (
    insert into entries (number, run, seq, at, event_count, body)
    select n.number, n.serial, n.seq, n.at, n.count, n.body from numbered n order by n.number
  ), kept as (
    insert into snapshots (run, seq, data)
    select t.serial, t.seq, t.snapshot from taken t where t.snapshot is not null
    on conflict (run) do update set seq = excluded.seq, data = excluded.data
  ), keyed as (
    insert into idempotency (key, fingerprint, run, until)
    select t.key, t.fingerprint, t.serial, t.key_until from taken t where t.key is not null
    on conflict (key) do update
      set fingerprint = excluded.fingerprint, run = excluded.run, until = excluded.until
  ), counted as (
    update counters set value = greatest(value, (select max(n.number) from numbered n)) where name = 'event'
  )
  select j.ord::integer, j.refusal, (select max(n.number)::bigint from numbered n where n.ord = j.ord)
  from judged j order by j.ord;
end
$$;

-- What is to be told to the world outside, until it has arrived or was given up.
insert into counters (name, value) values ('message', 0);

create table outbox (
  serial bigint primary key,
  id text not null unique,
  project text not null references projects (id),
  run text,
  kind text not null,
  target text not null,
  lane text,
  body text not null,
  created_at bigint not null,
  state text not null check (state in ('waiting', 'delivered', 'dead', 'superseded')),
  tries integer not null,
  next_at bigint,
  error text,
  updated_at bigint not null
) with (fillfactor = 80);

create index outbox_due on outbox (next_at, serial) where state = 'waiting';
create index outbox_over on outbox (updated_at) where state <> 'waiting';
create index outbox_lane on outbox (lane, serial) where lane is not null;
create index outbox_project on outbox (project, serial);
create index outbox_target on outbox (target, serial);
create index outbox_run on outbox (run, serial) where run is not null;

-- Takes ended runs away whole (RunLog.remove); gives those that have gone, in the order asked.
create function remove_runs(ids text[]) returns table (id text)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  newest bigint;
  doomed bigint[];
begin
  -- The door: nothing is committed meanwhile, so the newest event stays the newest.
  select value into newest from counters where name = 'event' for update;
  select array_agg(r.serial) into doomed from runs r
    where r.id = any(ids) and not r.live
      and not exists (select from entries e where e.run = r.serial and e.number = newest);
  delete from idempotency where run = any(doomed);
  delete from snapshots where run = any(doomed);
  delete from entries where run = any(doomed);
  return query
    with gone as (delete from runs r where r.serial = any(doomed) returning r.id)
    select g.id from gone g join (
      select a.id, min(a.place) as place from unnest(ids) with ordinality as a (id, place) group by a.id
    ) asked on asked.id = g.id order by asked.place;
end
$$;
