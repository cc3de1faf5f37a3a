-- expands
-- How many runs have ended, and how: a run is counted once when it ends, so that nobody counts a million for a page. What
-- is under way is few, and has an index. By a trigger, so that what servers of the release before write is counted, too,
-- even what they were writing when this was made. Writers come one at a time (`commit_runs`, `remove_runs`), so that
-- nobody waits for a row of it who has not waited already.
create table ended_counts (
  project text not null,
  pipeline text not null,
  -- As searches compare it; of a run, its name when it ended.
  pipeline_name_folded text not null,
  status text not null,
  -- 0 when all of them were removed.
  runs bigint not null,
  primary key (pipeline, status, pipeline_name_folded)
-- Room for the next state of a row on its own page: the number stands in no index.
) with (fillfactor = 50);

create index ended_counts_by_project on ended_counts (project);

create function count_ended() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into ended_counts as c (project, pipeline, pipeline_name_folded, status, runs)
      select r.project, r.pipeline, r.pipeline_name_folded, r.status, count(*) from fresh r where not r.live
      group by 1, 2, 3, 4 order by 2, 4, 3
      on conflict (pipeline, status, pipeline_name_folded) do update set runs = c.runs + excluded.runs;
  elsif tg_op = 'DELETE' then
    insert into ended_counts as c (project, pipeline, pipeline_name_folded, status, runs)
      select r.project, r.pipeline, r.pipeline_name_folded, r.status, -count(*) from stale r where not r.live
      group by 1, 2, 3, 4 order by 2, 4, 3
      on conflict (pipeline, status, pipeline_name_folded) do update set runs = c.runs + excluded.runs;
  else
    insert into ended_counts as c (project, pipeline, pipeline_name_folded, status, runs)
      select r.project, r.pipeline, r.pipeline_name_folded, r.status, sum(r.change) from (
        select f.project, f.pipeline, f.pipeline_name_folded, f.status, 1 as change from fresh f where not f.live
        union all
        select s.project, s.pipeline, s.pipeline_name_folded, s.status, -1 from stale s where not s.live
      ) r group by 1, 2, 3, 4 having sum(r.change) <> 0 order by 2, 4, 3
      on conflict (pipeline, status, pipeline_name_folded) do update set runs = c.runs + excluded.runs;
  end if;
  return null;
end
$$;

-- They wait for who writes, and nobody writes until all that is there is counted.
create trigger count_made after insert on runs referencing new table as fresh
  for each statement execute function count_ended();
create trigger count_changed after update on runs referencing old table as stale new table as fresh
  for each statement execute function count_ended();
create trigger count_removed after delete on runs referencing old table as stale
  for each statement execute function count_ended();

insert into ended_counts (project, pipeline, pipeline_name_folded, status, runs)
  select project, pipeline, pipeline_name_folded, status, count(*) from runs where not live group by 1, 2, 3, 4;
