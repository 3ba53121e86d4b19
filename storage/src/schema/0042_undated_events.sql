-- Whether an event is one that does not say when it happened is asked by its key and without a time. Those lie in few
-- granules, and which of them is said by an index of some bytes a granule, where the one over keys has 24 KB.

ALTER TABLE event {on_cluster}
    ADD INDEX IF NOT EXISTS time_from_set time_from TYPE set(4) GRANULARITY 1;

ALTER TABLE event {on_cluster} MATERIALIZE INDEX time_from_set
