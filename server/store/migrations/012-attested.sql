-- Which node an instance of EC2 became: it does so once, and stays here when the node is gone.
create table attested_instances (
  id text primary key,
  account text not null,
  region text not null,
  node text not null unique references nodes (id)
) strict, without rowid;
