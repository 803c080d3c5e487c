-- Observed: what the views of history are read from, kept as runs come.

/* How many of its events are drift. */
alter table runs add column drift integer not null default 0;
update runs set drift = marked.drift
  from (select run, count(*) as drift from events where event ->> 'cause' = 'drift' group by run) as marked
  where marked.run = runs.seq;

/* Runs are listed by (finished_at, seq). What filters ask for most is in the index, so that a rare combination is looked for there. */
drop index runs_newest;
drop index runs_of_node;
drop index runs_of_note;
drop index runs_by_trigger;
create index runs_newest on runs (finished_at, seq, node, outcome, trigger, mode);
create index runs_of_node on runs (node, finished_at, seq, outcome, trigger, mode);
create index runs_of_note on runs (outcome, finished_at) where outcome <> 'unchanged';
create index runs_by_trigger on runs (trigger, finished_at) where trigger <> 'schedule';
create index runs_of_plans on runs (finished_at) where mode = 'plan';
create index runs_of_drift on runs (finished_at) where drift > 0;

/* Which runs have an event of a resource. */
create table resources (id integer primary key, name text not null unique) strict;
create table mentions (
  resource integer not null references resources (id),
  finished_at integer not null,
  run integer not null references runs (seq),
  primary key (resource, finished_at, run)
) strict, without rowid;
insert into resources (name) select distinct resource from events;
insert or ignore into mentions
  select resources.id, runs.finished_at, runs.seq
  from events join resources on resources.name = events.resource join runs on runs.seq = events.run;

/*
 * The words of all that is told of a run, without the text itself. Its rowid is the run's place in the list, the time before what sets
 * runs of one time apart: so those found come in the order of the list.
 */
create virtual table run_words using fts5 (words, content = '', contentless_delete = 1, detail = none);
insert into run_words (rowid, words)
  select (runs.finished_at << 20) | (runs.seq & 1048575),
    concat_ws(' ', 'node' || replace(runs.node, '-', ''), 'mode' || mode, 'outcome' || replace(runs.outcome, '-', ''), 'trigger' || trigger,
      nodes.name, runs.error, runs.reboot,
      (select substr(group_concat(atom, ' '), 1, 65536) from events, json_tree(event) where run = runs.seq and type = 'text'))
  from runs join nodes on nodes.id = runs.node
  where runs.error is not null or runs.reboot is not null or exists (select 1 from events where run = runs.seq);

create trigger event_gone after delete on events begin
  delete from run_words where rowid = (select (finished_at << 20) | (seq & 1048575) from runs where seq = old.run);
  delete from mentions where run = old.run
    and resource = (select id from resources where name = old.resource)
    and finished_at = (select finished_at from runs where seq = old.run);
end;
create trigger run_gone after delete on runs begin
  delete from run_words where rowid = (old.finished_at << 20) | (old.seq & 1048575);
end;

/* How many runs of a cluster ended in each hour: counted once, and still there when the runs are not any more. */
create table activity (
  hour integer not null,
  cluster text not null,
  mode text not null,
  outcome text not null,
  runs integer not null,
  drifted integer not null,
  primary key (hour, cluster, mode, outcome)
) strict, without rowid;
insert into activity
  select finished_at / 3600000 * 3600000, nodes.cluster, mode, outcome, count(*), sum(drift > 0)
  from runs join nodes on nodes.id = runs.node group by 1, 2, 3, 4;

create index audit_of_subject on audit (subject, at);
create index targets_of_node on targets (node);
