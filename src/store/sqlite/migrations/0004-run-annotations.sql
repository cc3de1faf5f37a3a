-- Free names of runs, for lists. JSON, or null: none.
alter table runs add column annotations text;
