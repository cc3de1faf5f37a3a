-- Secrets, sealed before they come here; users that may be disabled; the audit record, to be listed.

create table secrets (
  place integer primary key,
  project text not null references projects (id),
  -- Id of a pipeline of the project, or empty: the project's own.
  pipeline text not null,
  name text not null,
  sealed text not null,
  created_at integer not null,
  created_by_id text not null,
  created_by_name text not null,
  updated_at integer not null,
  updated_by_id text not null,
  updated_by_name text not null,
  last_used_at integer,
  unique (project, pipeline, name)
) strict;

alter table users add column disabled_at integer;

create index audit_by_actor on audit (actor_name);
create index audit_by_action on audit (action);
create index audit_by_target on audit (target);
