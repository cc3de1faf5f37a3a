-- Runs that have ended, by who or what made them and how they ended: written once for a run. Those of somebody are found in
-- the order of lists (every index ends with the serial), and counted without a look at their rows.
create index runs_by_cause on runs (cause_by, status) where live = 0;
create index runs_by_project_cause on runs (project, cause_by, status) where live = 0;
create index runs_by_pipeline_cause on runs (pipeline, cause_by, status) where live = 0;

-- What was not delivered: few, among all that was.
create index outbox_undelivered on outbox (state) where state <> 'delivered';
