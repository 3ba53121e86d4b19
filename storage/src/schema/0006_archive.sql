-- The raw envelopes that were archived to Parquet. The archive's own records are the truth: this table can be filled
-- from them again, and a pass of which no row is here may be there all the same.

CREATE TABLE IF NOT EXISTS archive_file {on_cluster}
(
    path String COMMENT 'Relative to the archive''s folder: feed=<feed>/day=<day>/<log>-<partition>-<from>-<to>.parquet',
    feed LowCardinality(String) COMMENT 'Feed of its envelopes: feed.id, or unmatched',
    day Date COMMENT 'Local day on which its envelopes arrived',
    log UInt16 COMMENT 'Log its envelopes lay in: log.number' CODEC(ZSTD(1)),
    partition UInt16 COMMENT 'Partition of the log' CODEC(ZSTD(1)),
    offset_from UInt64 COMMENT 'Offset of its first envelope' CODEC(Delta, ZSTD(1)),
    offset_to UInt64 COMMENT 'One behind the offset of its last envelope; other feeds'' envelopes may lie between' CODEC(Delta, ZSTD(1)),
    pass_from UInt64 COMMENT 'First offset of the pass that wrote it' CODEC(Delta, ZSTD(1)),
    pass_to UInt64 COMMENT 'One behind the last offset of the pass; all envelopes of [pass_from, pass_to) are in its files' CODEC(Delta, ZSTD(1)),
    envelopes UInt64 COMMENT 'Envelopes in it' CODEC(T64, ZSTD(1)),
    bytes UInt64 COMMENT 'Its length' CODEC(T64, ZSTD(1)),
    sha256 String COMMENT 'SHA-256 of its bytes, in hexadecimal digits' CODEC(ZSTD(1)),
    first_received DateTime64(3, 'UTC') COMMENT 'Arrival of its first envelope' CODEC(DoubleDelta, ZSTD(1)),
    last_received DateTime64(3, 'UTC') COMMENT 'Arrival of its last envelope' CODEC(DoubleDelta, ZSTD(1)),
    registered_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was registered here' CODEC(DoubleDelta, ZSTD(1)),
    INDEX offset_range (offset_from, offset_to) TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYear(day)
ORDER BY (feed, day, log, partition, offset_from)
SETTINGS {safety}
COMMENT 'Parquet files with the raw envelopes: which positions and which time each one holds';
