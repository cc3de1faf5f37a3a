-- What is to be told to the world outside, until it has arrived or was given up.

create table outbox (
  serial integer primary key autoincrement,
  id text not null unique,
  project text not null references projects (id),
  run text,
  kind text not null,
  target text not null,
  lane text,
  body text not null,
  created_at integer not null,
  state text not null check (state in ('waiting', 'delivered', 'dead', 'superseded')),
  tries integer not null,
  next_at integer,
  error text,
  updated_at integer not null
) strict;

create index outbox_due on outbox (next_at, serial) where state = 'waiting';
create index outbox_over on outbox (updated_at) where state <> 'waiting';
create index outbox_lane on outbox (lane, serial) where lane is not null;
create index outbox_project on outbox (project, serial);
create index outbox_target on outbox (target, serial);
create index outbox_run on outbox (run, serial) where run is not null;
