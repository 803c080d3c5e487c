-- The sources in force and those before them, so that what changed can be told after a restart too.

create table source_revisions (
  number integer primary key,
  id text not null,
  at integer not null,
  files text not null
) strict;
