-- How many runs have ended, and how: a run is counted once when it ends, so that nobody counts a million for a page. What
-- is under way is few, and has an index.
create table ended_counts (
  project text not null,
  pipeline text not null,
  -- As searches compare it; of a run, its name when it ended.
  pipeline_name_folded text not null,
  status text not null,
  -- 0 when all of them were removed.
  runs integer not null,
  primary key (pipeline, status, pipeline_name_folded)
) strict, without rowid;

create index ended_counts_by_project on ended_counts (project);

create trigger count_made after insert on runs when new.live = 0
begin
  insert into ended_counts (project, pipeline, pipeline_name_folded, status, runs)
    values (new.project, new.pipeline, new.pipeline_name_folded, new.status, 1)
    on conflict (pipeline, status, pipeline_name_folded) do update set runs = runs + 1;
end;

create trigger count_ended after update of live, status, pipeline_name_folded on runs when new.live = 0
begin
  insert into ended_counts (project, pipeline, pipeline_name_folded, status, runs)
    values (new.project, new.pipeline, new.pipeline_name_folded, new.status, 1)
    on conflict (pipeline, status, pipeline_name_folded) do update set runs = runs + 1;
end;

create trigger count_changed after update of live, status, pipeline_name_folded on runs when old.live = 0
begin
  update ended_counts set runs = runs - 1
    where pipeline = old.pipeline and status = old.status and pipeline_name_folded = old.pipeline_name_folded;
end;

create trigger count_removed after delete on runs when old.live = 0
begin
  update ended_counts set runs = runs - 1
    where pipeline = old.pipeline and status = old.status and pipeline_name_folded = old.pipeline_name_folded;
end;

insert into ended_counts (project, pipeline, pipeline_name_folded, status, runs)
  select project, pipeline, pipeline_name_folded, status, count(*) from runs where live = 0 group by 1, 2, 3, 4;
