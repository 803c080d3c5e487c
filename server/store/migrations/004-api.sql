-- How many targets of an order are in each state: an order may have ten thousand, and lists of orders are not to count them.

create table order_states (
  order_id text not null references orders (id),
  state text not null,
  targets integer not null,
  primary key (order_id, state)
) strict, without rowid;
insert into order_states (order_id, state, targets)
  select order_id, state, count(*) from targets group by order_id, state;
create index open_orders on order_states (order_id)
  where state in ('waiting', 'delivered', 'started') and targets > 0;

create trigger targets_counted after insert on targets begin
  insert into order_states (order_id, state, targets) values (new.order_id, new.state, 1)
    on conflict (order_id, state) do update set targets = targets + 1;
end;
create trigger targets_turned after update of state on targets when old.state <> new.state begin
  update order_states set targets = targets - 1 where order_id = old.order_id and state = old.state;
  insert into order_states (order_id, state, targets) values (new.order_id, new.state, 1)
    on conflict (order_id, state) do update set targets = targets + 1;
end;
create trigger targets_uncounted after delete on targets begin
  update order_states set targets = targets - 1 where order_id = old.order_id and state = old.state;
end;

-- An order that is asked for twice under one key is one; `asked` is the hash of what was asked for.
alter table orders add column idempotency_key text;
alter table orders add column asked blob;
-- The order whose failed targets this one tries again.
alter table orders add column again text;
create unique index orders_by_key on orders (author, idempotency_key) where idempotency_key is not null;

-- Desired: the number of the last write to what is set for a node or a cluster.
create table written (
  scope text not null check (scope in ('node', 'cluster')),
  subject text not null,
  revision integer not null,
  primary key (scope, subject)
) strict, without rowid;

-- The revisions of recipes and roles as they came into force, with what each changed; what is in them only of the newest.
create table revisions (
  seq integer primary key,
  id text not null,
  at integer not null,
  changes text not null,
  content text
) strict;
create index revisions_by_id on revisions (id);
