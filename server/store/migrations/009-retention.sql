-- A run that is forgotten asks which resources it has an event of, and the oldest deliveries are looked for by their age.
create index mentions_of_run on mentions (run);
create index deliveries_by_age on deliveries (created_at, seq);
