-- Many servers on one schema.

-- Those that work here, and since when nothing was heard of each. What is written of it need not survive the database:
-- a server that is gone from here is told so by its next beat.
create table servers (
  id text primary key,
  -- Of the connection that may hold the duties.
  pid integer not null,
  seen_at bigint not null
);

-- Which server each runner speaks to.
create table attendance (
  runner text primary key,
  server text not null,
  -- JSON: what the host wants to know of it.
  facts text not null,
  seen_at bigint not null
);

-- One server at a time does what must be done once: it holds this lock of the database, which goes with its connection.
create function duty_key() returns integer language sql stable as $$ select hashtext('duties ' || current_schema()) $$;

create function is_on_duty(holder integer) returns boolean language sql volatile as $$
  select exists (
    select from pg_locks l
    where l.locktype = 'advisory' and l.pid = holder and l.granted
      and l.database = (select oid from pg_database where datname = current_database())
      and l.classid = 1298754670 and l.objid = (duty_key()::bigint & 4294967295)::oid and l.objsubid = 2
  )
$$;

-- A server says that it is there, and which runners speak to it; it is told of all others. A runner that has gone over to
-- another server, or was given up, is not taken back by this: only by `claims`, when it has said hello.
--
-- attending: [{"runner": name, "facts": text, "ageMs": since its last word, "claims": boolean}]
-- Gives null when this server was given up: it must end.
-- silent_ms: how long after its last word a server or a runner is given up.
create function beat(me text, fresh boolean, my_pid integer, attending json, leaving text[], silent_ms bigint)
returns json
language plpgsql volatile as $$
declare
  at bigint;
begin
  -- Nothing of it must survive, so nobody waits for the disk.
  perform set_config('synchronous_commit', 'off', true);
  perform pg_advisory_xact_lock(hashtext('beat ' || current_schema())::bigint);
  at := (extract(epoch from clock_timestamp()) * 1000)::bigint;
  -- When nobody was heard of, it was the database that was away: everybody has the whole time again.
  if (select coalesce(max(s.seen_at), 0) from servers s) < at - silent_ms / 2 then
    update servers set seen_at = at;
    update attendance set seen_at = at;
  end if;
  -- One that holds the duties and does nothing (it was stopped) gives them back with its connection.
  perform pg_terminate_backend(s.pid) from servers s join pg_stat_activity a on a.pid = s.pid
    where s.seen_at < at - silent_ms and s.id <> me and a.application_name = 'millrace ' || s.id;
  delete from servers where seen_at < at - silent_ms;
  if fresh then
    insert into servers (id, pid, seen_at) values (me, my_pid, at)
      on conflict (id) do update set pid = excluded.pid, seen_at = excluded.seen_at;
  else
    update servers set seen_at = at, pid = my_pid where id = me;
    if not found then return null; end if;
  end if;
  delete from attendance where runner = any(leaving) and server = me;
  update attendance a set facts = b.facts, seen_at = greatest(a.seen_at, at - b."ageMs")
    from json_to_recordset(attending) as b (runner text, facts text, "ageMs" bigint, claims boolean)
    where a.runner = b.runner and a.server = me and not b.claims;
  insert into attendance (runner, server, facts, seen_at)
    select b.runner, me, b.facts, at - b."ageMs"
    from json_to_recordset(attending) as b (runner text, facts text, "ageMs" bigint, claims boolean) where b.claims
    on conflict (runner) do update set server = excluded.server, facts = excluded.facts, seen_at = excluded.seen_at;
  delete from attendance where seen_at < at - silent_ms;
  return json_build_object(
    'number', (select value from counters where name = 'event'),
    'servers', (select count(*) from servers),
    'attendance', coalesce((
      select json_agg(json_build_object('runner', a.runner, 'server', a.server, 'facts', a.facts, 'seenMs', at - a.seen_at))
      from attendance a
    ), '[]'::json)
  );
end
$$;

-- Other servers keep in memory what these tables say: they are told that it has changed.
create function tell_change() returns trigger language plpgsql as $$
declare
  server text := coalesce(current_setting('millrace.server', true), '');
  what text := tg_table_name;
begin
  if server = '' then return null; end if;
  if tg_level = 'ROW' then
    case tg_table_name
      when 'pipelines' then what := what || ' ' || new.id;
      when 'runs' then what := what || ' ' || old.id || ' ' || old.pipeline || ' ' || old.project;
      when 'settings' then what := what || ' ' || new.name;
      when 'documents' then
        if tg_op = 'DELETE' then what := what || ' ' || old.project || ' ' || old.kind;
        else what := what || ' ' || new.project || ' ' || new.kind; end if;
      else null;
    end case;
  end if;
  perform pg_notify('millrace_' || tg_table_schema, server || ' ' || left(what, 1000));
  return null;
end
$$;

create trigger tell_users after insert or update or delete on users for each statement execute function tell_change();
create trigger tell_keys after insert or update or delete on keys for each statement execute function tell_change();
create trigger tell_projects after insert or update or delete on projects
  for each statement execute function tell_change();
create trigger tell_secrets after insert or update of sealed or delete on secrets
  for each statement execute function tell_change();
create trigger tell_pipelines after insert or update of version, name, deleted_at on pipelines
  for each row execute function tell_change();
create trigger tell_settings after insert or update on settings for each row
  when (new.name like 'runner:%') execute function tell_change();
create trigger tell_documents after insert or update or delete on documents
  for each row execute function tell_change();

create trigger tell_runs after delete on runs for each row execute function tell_change();

drop function commit_runs;

-- As before; and all servers are told of it. c_duty: what only the server may commit that holds the duties, by `duty_pid`.
create function commit_runs(
  c_run text[], c_expected bigint[], c_seq bigint[], c_at bigint[], c_snapshot text[],
  c_key text[], c_fingerprint text[], c_key_at bigint[], c_key_until bigint[],
  summaries json,
  e_ord integer[], e_seq bigint[], e_at bigint[], e_count integer[], e_body text[],
  c_duty boolean[], duty_pid integer
) returns table (ord integer, refusal text, last_number bigint)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  before bigint;
  now_at bigint;
  server text := coalesce(current_setting('millrace.server', true), '');
  off_duty boolean := false;
begin
  select value into before from counters where name = 'event' for update;
  -- Behind the door: whoever has the duties next takes them after this one, or this one is refused.
  if true = any(c_duty) then off_duty := not is_on_duty(duty_pid); end if;
  return query
  with asked as (
    select a.*, r.serial as known, coalesce(r.seq, 0) as stands_at,
      s.ord is not null as summed, coalesce(r.serial, s.serial) as serial, s.number, s.project, s.pipeline,
      s.pipeline_name, s.pipeline_name_folded, s.version, s.status, s.live, s.cause_kind, s.cause_by, s.needs_person,
      s.annotations, s.created_at, s.started_at, s.ended_at
    from unnest(c_run, c_expected, c_seq, c_at, c_snapshot, c_key, c_fingerprint, c_key_at, c_key_until, c_duty)
      with ordinality as a (run, expected, seq, at, snapshot, key, fingerprint, key_at, key_until, duty, ord)
    left join runs r on r.id = a.run
    left join json_to_recordset(summaries) as s (
      ord integer, serial bigint, number bigint, project text, pipeline text, pipeline_name text,
      pipeline_name_folded text, version integer, status text, live boolean, cause_kind text, cause_by text,
      needs_person boolean, annotations text, created_at bigint, started_at bigint, ended_at bigint
    ) on s.ord = a.ord
  ), judged as (
    select a.*, case
      when a.stands_at <> a.expected then 'moved'
      when a.duty and off_duty then 'off duty'
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
  if server <> '' then
    select value into now_at from counters where name = 'event';
    if now_at > before then perform pg_notify('millrace_' || current_schema(), server || ' ' || now_at); end if;
  end if;
end
$$;
