-- Of names only those of users are masked, and of a line whole words: the view of events is made anew with this file. Who
-- reports says whether a relay speaks for it. Few keys are looked for in vain: the filter over them lets one of a hundred
-- thousand granules through by chance, where it was one of a thousand, and two thousand keys are asked for at once.

ALTER TABLE log_source {on_cluster}
    ADD COLUMN IF NOT EXISTS by_relay Bool DEFAULT false COMMENT 'Whether what a relay says in its name is its own word' AFTER relay;

CREATE OR REPLACE VIEW log_source_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM log_source WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Devices and machines that report events, as the current pack has them';

ALTER TABLE event {on_cluster}
    DROP INDEX IF EXISTS key_bloom,
    ADD INDEX IF NOT EXISTS key_filter key TYPE bloom_filter(0.00001) GRANULARITY 1;

ALTER TABLE event {on_cluster} MATERIALIZE INDEX key_filter
