-- expands
-- Runs that have ended, by who or what made them and how they ended: written once for a run. Those of somebody are found in
-- the order of lists (every index ends with the serial), and counted without a look at their rows.
create index runs_by_cause on runs (cause_by, status, serial) where not live;
create index runs_by_project_cause on runs (project, cause_by, status, serial) where not live;
create index runs_by_pipeline_cause on runs (pipeline, cause_by, status, serial) where not live;

-- What was not delivered: few, among all that was.
create index outbox_undelivered on outbox (state, serial) where state <> 'delivered';

create index audit_by_time on audit (at);
