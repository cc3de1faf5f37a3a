-- A deleted project keeps its row, as its runs stay readable; its name is put aside, so that it is free again.

alter table projects add column deleted_at integer;
alter table projects add column deleted_name text;
