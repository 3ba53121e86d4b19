-- What is known to be lost before it came stands beside the identities of counting, by name. The views of counts follow in
-- the next migration.

ALTER TABLE feed_minute {on_cluster}
    ADD COLUMN IF NOT EXISTS datagrams_dropped UInt64 COMMENT 'Datagrams that the system dropped before they could be read: of no envelope' CODEC(T64, ZSTD(1)) AFTER held;

ALTER TABLE epoch {on_cluster}
    ADD COLUMN IF NOT EXISTS counts.datagrams_dropped Array(UInt64) COMMENT 'What became of the envelopes and rows of each feed' AFTER counts.held
