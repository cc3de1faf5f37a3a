-- Between which instants runs with neighbouring serials were created, so that a list of what was created before or after
-- an instant begins where there is something of it, however many runs there are. Runs nearly always come in the order of
-- their serials; nothing relies on it. A span may say more than is there (runs were removed), never less.
create table creation_spans (
  -- Serials from 1,024 times this on, 1,024 of them.
  place integer primary key,
  earliest integer not null,
  latest integer not null
) strict;

create trigger creation_noted after insert on runs
begin
  insert into creation_spans (place, earliest, latest) values (new.serial >> 10, new.created_at, new.created_at)
    on conflict (place) do update set earliest = min(earliest, excluded.earliest), latest = max(latest, excluded.latest)
    where excluded.earliest < earliest or excluded.latest > latest;
end;

create trigger creation_changed after update of created_at on runs when new.created_at <> old.created_at
begin
  insert into creation_spans (place, earliest, latest) values (new.serial >> 10, new.created_at, new.created_at)
    on conflict (place) do update set earliest = min(earliest, excluded.earliest), latest = max(latest, excluded.latest)
    where excluded.earliest < earliest or excluded.latest > latest;
end;

insert into creation_spans (place, earliest, latest)
  select serial >> 10, min(created_at), max(created_at) from runs group by 1;
