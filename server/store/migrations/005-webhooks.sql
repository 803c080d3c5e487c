create table webhooks (
  name text primary key,
  url text not null,
  secret text not null,
  kinds text not null,
  clusters text,
  enabled integer not null,
  author text not null,
  at integer not null
) strict, without rowid;

create table deliveries (
  seq integer primary key,
  id text not null unique,
  webhook text not null references webhooks (name) on delete cascade,
  kind text not null,
  node text,
  body text not null,
  state text not null check (state in ('waiting', 'delivered', 'dead')),
  created_at integer not null,
  next_at integer not null,
  attempts text not null
) strict;
create index deliveries_of_webhook on deliveries (webhook, seq);
create index due_deliveries on deliveries (webhook, next_at) where state = 'waiting';

/* What is not well with nodes, as it was told last: so that it is told once, and that it is over as well. */
create table troubles (
  node text not null references nodes (id),
  kind text not null,
  since integer not null,
  what text not null,
  primary key (node, kind)
) strict, without rowid;

/* A run that is deleted asks whether it is any node's last one. */
create index standings_of_run on standings (last_run);
