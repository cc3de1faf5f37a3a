-- JSON documents of a project that are neither pipeline nor run: what dialects must keep.

create table documents (
  project text not null references projects (id),
  -- <dialect>/<thing>
  kind text not null,
  key text not null,
  value text not null,
  revision integer not null,
  updated_at integer not null,
  primary key (project, kind, key)
) strict, without rowid;

-- The revision that was given to a document last: one row.
create table last_revision (value integer not null) strict;
insert into last_revision (value) values (0);
