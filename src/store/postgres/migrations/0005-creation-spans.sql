-- expands
-- Between which instants runs with neighbouring serials were created, so that a list of what was created before or after
-- an instant begins where there is something of it, however many runs there are. Runs nearly always come in the order of
-- their serials; nothing relies on it. A span may say more than is there (runs were removed), never less. By a trigger,
-- so that what servers of the release before write is in it, too. Writers come one at a time (`commit_runs`), so that
-- nobody waits for a row of it who has not waited already.
create table creation_spans (
  -- Serials from 1,024 times this on, 1,024 of them.
  place bigint primary key,
  earliest bigint not null,
  latest bigint not null
-- Room for the next state of a row on its own page: the times stand in no index.
) with (fillfactor = 50);

create function note_creations() returns trigger language plpgsql as $$
begin
  insert into creation_spans as s (place, earliest, latest)
    select f.serial >> 10, min(f.created_at), max(f.created_at) from fresh f group by 1 order by 1
    on conflict (place) do update
      set earliest = least(s.earliest, excluded.earliest), latest = greatest(s.latest, excluded.latest)
      where excluded.earliest < s.earliest or excluded.latest > s.latest;
  return null;
end
$$;

create function note_changed_creation() returns trigger language plpgsql as $$
begin
  insert into creation_spans as s (place, earliest, latest) values (new.serial >> 10, new.created_at, new.created_at)
    on conflict (place) do update
      set earliest = least(s.earliest, excluded.earliest), latest = greatest(s.latest, excluded.latest);
  return null;
end
$$;

-- They wait for who writes, and nobody writes until all that is there is noted.
create trigger creation_noted after insert on runs referencing new table as fresh
  for each statement execute function note_creations();
create trigger creation_changed after update of created_at on runs
  for each row when (old.created_at <> new.created_at) execute function note_changed_creation();

insert into creation_spans (place, earliest, latest)
  select serial >> 10, min(created_at), max(created_at) from runs group by 1;
