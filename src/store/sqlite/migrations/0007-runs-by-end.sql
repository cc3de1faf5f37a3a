-- Runs that have ended, by how: written once for a run, and lists of rare ends stay short however many runs there are.
-- Every index ends with the serial, which is the order of lists.
create index runs_by_end on runs (status) where live = 0;
create index runs_by_project_end on runs (project, status) where live = 0;
create index runs_by_pipeline_end on runs (pipeline, status) where live = 0;

-- What was created lately is counted for overviews.
create index runs_by_creation on runs (created_at);
