-- Observed: who may do what only few of a group do at a time.

create table leases (
  cluster text not null,
  "group" text not null,
  node text not null references nodes (id),
  fence integer not null unique,
  action text not null,
  granted_at integer not null,
  expires_at integer not null,
  primary key (node, "group")
) strict, without rowid;

alter table runs add column waits text;
