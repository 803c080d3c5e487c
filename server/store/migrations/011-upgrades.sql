-- What an order to upgrade agents is to bring them to, as JSON; of other orders null.
alter table orders add column upgrade text;
