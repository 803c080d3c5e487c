-- A node that joins by such a token gets no catalog until somebody approves it.
alter table join_tokens add column approval integer not null default 0 check (approval in (0, 1));
alter table nodes add column awaits_approval integer not null default 0 check (awaits_approval in (0, 1));

-- Out of the fleet until it is restored, with all that is set for it and said by it.
alter table nodes add column archived_at integer;
