-- Projects, pipelines and their versions.

create table projects (
  serial integer primary key,
  id text not null unique,
  name text not null unique,
  description text not null,
  created_at integer not null
) strict;

create table pipelines (
  serial integer primary key,
  id text not null unique,
  project text not null references projects (id),
  name text not null,
  -- The name as searches that ignore case compare it (store/kit/text.ts).
  name_folded text not null,
  -- The newest version.
  version integer not null,
  created_at integer not null,
  created_by_id text not null,
  created_by_name text not null,
  updated_at integer not null,
  deleted_at integer,
  -- The number that was given to a run last.
  last_number integer not null
) strict;

-- A deleted pipeline's name is free again.
create unique index pipelines_by_name on pipelines (project, name) where deleted_at is null;

create table versions (
  pipeline integer not null references pipelines (serial),
  version integer not null,
  created_at integer not null,
  created_by_id text not null,
  created_by_name text not null,
  text text not null,
  plan text not null,
  primary key (pipeline, version)
) strict;

create table webhooks (
  id text primary key,
  pipeline integer not null references pipelines (serial),
  -- From 0, in the order of the triggers.
  place integer not null,
  name text not null,
  unique (pipeline, place)
) strict;

-- Runs. The index row of a run holds what lists show and filter; its seq and its last change are those of its newest
-- entry, so a transition that changes nothing else writes no row here.

create table runs (
  serial integer primary key,
  id text not null unique,
  number integer not null,
  project text not null references projects (id),
  pipeline text not null references pipelines (id),
  pipeline_name text not null,
  pipeline_name_folded text not null,
  version integer not null,
  status text not null,
  -- 1 until the run has ended.
  live integer not null,
  cause_kind text not null,
  cause_by text not null,
  needs_person integer not null,
  created_at integer not null,
  started_at integer,
  ended_at integer,
  unique (pipeline, number)
) strict;

-- Every index ends with the serial, which is the order of lists.
create index runs_by_pipeline on runs (pipeline);
create index runs_by_project on runs (project);
create index runs_live on runs (live) where live = 1;
create index runs_needing_person on runs (needs_person) where needs_person = 1;

-- The log: one row per transition, whatever the number of its events.
create table entries (
  -- Global number of the last of its events.
  number integer primary key,
  run integer not null references runs (serial),
  -- Seq of the run after the last of its events.
  seq integer not null,
  at integer not null,
  event_count integer not null,
  -- JSON of the LogEntry (model/event.ts).
  body text not null
) strict;

create unique index entries_by_run on entries (run, seq);

create table snapshots (
  run integer primary key references runs (serial),
  seq integer not null,
  data text not null
) strict;

create table idempotency (
  key text primary key,
  fingerprint text not null,
  run integer not null references runs (serial),
  at integer not null
) strict;

create index idempotency_by_age on idempotency (at);

-- The serial that was given to a run last: one row.
create table last_serial (value integer not null) strict;
insert into last_serial (value) values (0);

-- Users, credentials, settings.

create table users (
  place integer primary key,
  id text not null unique,
  name text not null unique,
  domain text not null,
  password_hash text,
  role text not null,
  -- JSON array of ids, or null: all projects.
  project_ids text,
  created_at integer not null
) strict;

create table keys (
  place integer primary key,
  kind text not null,
  name text not null,
  secret text not null,
  user text not null references users (id),
  label text not null,
  created_at integer not null,
  expires_at integer,
  revoked_at integer,
  unique (kind, name)
) strict;

create table settings (
  name text primary key,
  value text not null
) strict;

create table audit (
  number integer primary key,
  at integer not null,
  actor_kind text not null,
  actor_name text not null,
  action text not null,
  target text not null,
  detail text not null
) strict;
