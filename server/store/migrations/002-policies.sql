-- Desired: how nodes are treated beside what their roles say.

create table stances (
  node text not null references nodes (id),
  kind text not null check (kind in ('audit', 'disabled')),
  reason text not null,
  author text not null,
  at integer not null,
  until integer,
  primary key (node, kind)
) strict, without rowid;

alter table orders add column plan blob;

-- Observed.

alter table runs add column orphans text;
alter table runs add column plan blob;
alter table runs add column reboot text;
create index runs_by_trigger on runs (trigger, finished_at, id) where trigger <> 'schedule';
