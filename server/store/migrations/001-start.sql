create table meta (key text primary key, value text not null) strict, without rowid;

create table operators (
  id text primary key,
  name text not null unique,
  access text not null check (access in ('viewer', 'operator', 'admin')),
  secret_hash blob not null,
  created_at integer not null
) strict, without rowid;

create table join_tokens (
  id text primary key,
  secret_hash blob not null,
  uses_left integer not null check (uses_left >= 0),
  expires_at integer not null,
  roles text not null,
  cluster text not null,
  names text not null,
  author text not null
) strict, without rowid;

create table audit (
  id integer primary key,
  at integer not null,
  author text not null,
  action text not null,
  subject text not null,
  before text,
  after text
) strict;

-- Desired: what people decided. Agents write nothing here.

create table nodes (
  id text primary key,
  name text not null,
  key text not null unique,
  cluster text not null,
  token text not null,
  created_at integer not null,
  revoked_at integer
) strict, without rowid;
create unique index living_names on nodes (name) where revoked_at is null;
create index names on nodes (name);

create table assignments (
  node text not null references nodes (id),
  role text not null,
  position integer not null,
  author text not null,
  at integer not null,
  primary key (node, role)
) strict, without rowid;

create table attributes (
  scope text not null check (scope in ('node', 'cluster')),
  subject text not null,
  key text not null,
  value text not null,
  author text not null,
  at integer not null,
  primary key (scope, subject, key)
) strict, without rowid;

create table ordinals (
  cluster text not null,
  role text not null,
  ordinal integer not null check (ordinal > 0),
  node text not null references nodes (id),
  primary key (cluster, role, ordinal),
  unique (cluster, role, node)
) strict, without rowid;

create table orders (
  id text primary key,
  mode text not null,
  author text not null,
  created_at integer not null,
  deadline integer not null
) strict, without rowid;
create index orders_newest on orders (created_at, id);

-- Observed: what nodes said.

create table facts (
  node text primary key references nodes (id),
  digest text not null,
  facts text not null,
  at integer not null
) strict, without rowid;

create table runs (
  seq integer primary key,
  id text not null unique,
  node text not null references nodes (id),
  mode text not null,
  trigger text not null,
  orders text,
  catalog blob,
  started_at integer not null,
  finished_at integer not null,
  received_at integer not null,
  outcome text not null,
  unchanged integer not null,
  changed integer not null,
  would_change integer not null,
  unknown integer not null,
  failed integer not null,
  skipped integer not null,
  deferred integer not null,
  owed text,
  error text
) strict;
create index runs_newest on runs (finished_at, id);
create index runs_of_node on runs (node, finished_at, id);
create index runs_of_note on runs (outcome, finished_at, id) where outcome <> 'unchanged';

create table events (
  run integer not null references runs (seq),
  position integer not null,
  resource text not null,
  outcome text not null,
  event text not null,
  primary key (run, position)
) strict, without rowid;

create table standings (
  node text primary key references nodes (id),
  seen_at integer,
  last_run integer references runs (seq),
  owed text
) strict, without rowid;

create table targets (
  order_id text not null references orders (id),
  node text not null references nodes (id),
  position integer not null,
  state text not null,
  reason text,
  run text,
  outcome text,
  counts text,
  at integer not null,
  primary key (order_id, node)
) strict, without rowid;
create index open_targets on targets (node) where state in ('waiting', 'delivered', 'started');
