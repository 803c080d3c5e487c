-- A resource that no run has an event of any more goes with the last of them.
delete from resources where id not in (select resource from mentions);
create trigger mention_gone after delete on mentions
when not exists (select 1 from mentions where resource = old.resource) begin
  delete from resources where id = old.resource;
end;
