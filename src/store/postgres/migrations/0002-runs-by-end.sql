-- Runs that have ended, by how: written once for a run, and lists of rare ends stay short however many runs there are.
create index runs_by_end on runs (status, serial) where not live;
create index runs_by_project_end on runs (project, status, serial) where not live;
create index runs_by_pipeline_end on runs (pipeline, status, serial) where not live;

-- What was created lately is counted for overviews.
create index runs_by_creation on runs (created_at);
