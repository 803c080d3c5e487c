-- Who may call the API. The operators of before are users now, and what each of them had is an API token of theirs.

create table users (
  id text primary key,
  name text not null unique,
  access text not null check (access in ('viewer', 'operator', 'admin')),
  clusters text not null,
  login text unique,
  author text not null,
  created_at integer not null,
  disabled_at integer
) strict, without rowid;

create table api_tokens (
  id text primary key,
  user text not null references users (id) on delete cascade,
  name text not null,
  access text not null check (access in ('viewer', 'operator', 'admin')),
  clusters text not null,
  secret_hash blob not null,
  author text not null,
  created_at integer not null,
  expires_at integer,
  used_at integer,
  used_from text,
  unique (user, name)
) strict, without rowid;

create table sessions (
  id text primary key,
  user text not null references users (id) on delete cascade,
  token text references api_tokens (id) on delete cascade,
  secret_hash blob not null,
  "from" text not null,
  created_at integer not null,
  used_at integer not null,
  expires_at integer not null
) strict, without rowid;
create index sessions_of_user on sessions (user);
create index sessions_of_token on sessions (token) where token is not null;

insert into users (id, name, access, clusters, author, created_at)
  select id, name, access, '"all"', 'first start', created_at from operators;
insert into api_tokens (id, user, name, access, clusters, secret_hash, author, created_at)
  select id, id, 'first', access, '"all"', secret_hash, 'first start', created_at from operators;
drop table operators;

-- From where and with which API token a write came, and of which cluster it is.

alter table audit add column token text;
alter table audit add column "from" text;
alter table audit add column cluster text;
create index audit_by_author on audit (author, id);
create index audit_by_action on audit (action, id);
create index audit_by_subject on audit (subject, id);

create trigger audit_is_not_changed before update on audit
begin
  select raise(abort, 'The audit is append-only.');
end;

-- Only what the retention of the audit says first that it forgets may go.
create trigger audit_is_not_deleted before delete on audit
when old.id > coalesce((select cast(value as integer) from meta where key = 'audit-forgotten-to'), 0)
begin
  select raise(abort, 'The audit is append-only.');
end;

-- `insert or replace` deletes without that trigger.
create trigger audit_is_not_replaced before insert on audit
when exists (select 1 from audit where id = new.id)
begin
  select raise(abort, 'The audit is append-only.');
end;
