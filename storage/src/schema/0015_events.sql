-- What happened, as devices told it: alerts, lines of logs, flows. Events are never said anew: they are counted and opened.

CREATE TABLE IF NOT EXISTS event {on_cluster}
(
    kind Enum8('log' = 0, 'alert' = 1, 'allow' = 2, 'block' = 3, 'flow' = 4, 'protocol' = 5, 'anomaly' = 6, 'stats' = 7, 'login_failed' = 8, 'login_accepted' = 9, 'login_probe' = 10, 'login_module' = 11, 'login_user' = 12, 'login_limit' = 13, 'repeat' = 14, 'infection' = 15)
        COMMENT 'What kind of thing happened. login_module, login_user and login_limit tell of the attempts that login_failed counts; repeat is of something unknown' CODEC(ZSTD(1)),
    log_source LowCardinality(String) COMMENT 'Who reports: log_source.id, or what is known of one that the pack does not know',
    known Bool COMMENT 'Whether the pack knew the log source' CODEC(ZSTD(1)),
    relay LowCardinality(String) COMMENT 'The relay that spoke in its name: log_source.id; empty where it spoke itself',
    happened_at DateTime64(3, 'UTC') COMMENT 'When it happened: see time_from' CODEC(Delta, ZSTD(1)),
    time_from Enum8('stated' = 0, 'inferred' = 1, 'arrival' = 2, 'absurd' = 3)
        COMMENT 'Where that time comes from: stated with its zone; inferred from a local time without a year or zone; its arrival, since it said none; its arrival, since it said one that cannot be' CODEC(ZSTD(1)),
    severity Enum8('not_rated' = 0, 'info' = 1, 'low' = 2, 'medium' = 3, 'high' = 4, 'critical' = 5)
        COMMENT 'How bad it is, on one ordered scale; not_rated is not low' CODEC(ZSTD(1)),
    rated LowCardinality(String) COMMENT 'How bad its device said it is, and on which scale: cef 10, suricata 1, syslog 6',
    category LowCardinality(String) COMMENT 'What it is a case of, in the words of its device',
    signature String COMMENT 'Rule that it matched, in the words of its device' CODEC(ZSTD(1)),
    signature_id String COMMENT 'Number of that rule: 1:2001219:20' CODEC(ZSTD(1)),
    decided Enum8('' = 0, 'allowed' = 1, 'blocked' = 2) COMMENT 'What was decided about it where it was seen; empty where nothing was said' CODEC(ZSTD(1)),
    source_address String COMMENT 'Where it came from: IPv4 or IPv6 in one spelling (RFC 5952); empty where it has none' CODEC(ZSTD(1)),
    source_port Nullable(UInt16) COMMENT 'Port it came from' CODEC(ZSTD(1)),
    source_network String COMMENT 'Network of source_address: an IPv6 address by its first 64 bits, an IPv4 address itself' CODEC(ZSTD(1)),
    target_address String COMMENT 'Where it went to, in the same spelling; empty where it has none' CODEC(ZSTD(1)),
    target_port Nullable(UInt16) COMMENT 'Port it went to' CODEC(ZSTD(1)),
    protocol LowCardinality(String) COMMENT 'Protocol, in small letters: tcp',
    user String COMMENT 'Account it is about' CODEC(ZSTD(1)),
    host LowCardinality(String) COMMENT 'Machine the line says that it is of: a claim',
    program String COMMENT 'Program that wrote it, and its process: sshd[5100]' CODEC(ZSTD(1)),
    message String COMMENT 'What it says' CODEC(ZSTD(3)),
    weight UInt32 COMMENT 'How many times it happened, at least 1: counts sum it' CODEC(T64, ZSTD(1)),
    attempts Int32 COMMENT 'How many attempts to log in it adds to those that other lines of its connection told of before it: sum them, over any lines' CODEC(T64, ZSTD(1)),
    attributes Nested
    (
        name LowCardinality(String),
        text String
    ) COMMENT 'What else its format says of it, by name' CODEC(ZSTD(1)),
    key FixedString(16) COMMENT 'Makes it the one it is where its position does not: a hash over its log source and its own identity or its place in a delivered file; zeros where its position does' CODEC(NONE),
    feed LowCardinality(String) COMMENT 'Configured source: feed.id',
    sender LowCardinality(String) COMMENT 'Who sent it: the login, certificate, file source or address',
    received_at DateTime64(3, 'UTC') COMMENT 'When its envelope reached us' CODEC(DoubleDelta, ZSTD(1)),
    log UInt16 COMMENT 'Log its envelope lies in: log.number' CODEC(ZSTD(1)),
    partition UInt16 COMMENT 'Partition of the log' CODEC(ZSTD(1)),
    offset UInt64 COMMENT 'Offset of the envelope in the partition' CODEC(Delta, ZSTD(1)),
    row UInt32 COMMENT 'Row inside the envelope, from 0' CODEC(Delta, ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX offset_range offset TYPE minmax GRANULARITY 1,
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1,
    INDEX key_bloom key TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX source_bloom source_address TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(happened_at)
ORDER BY (kind, log_source, happened_at, log, partition, offset, row)
SETTINGS {safety}
COMMENT 'What happened. Read event_current for those of committed epochs, with the names of users masked';

CREATE TABLE IF NOT EXISTS log_source {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    id String COMMENT 'Identifier; the log_source of events',
    name_vi String COMMENT 'Name in Vietnamese',
    name_en String COMMENT 'Name in English',
    owner_vi String COMMENT 'Agency it belongs to, in Vietnamese',
    owner_en String COMMENT 'Agency it belongs to, in English',
    addresses Array(String) COMMENT 'Networks it sends from',
    hosts Array(String) COMMENT 'What lines call it that it does not send itself',
    timezone String COMMENT 'Zone of local times in its lines; empty for that of the pack',
    relay Bool COMMENT 'Whether it passes on what others say',
    silent_after_ms Nullable(Int64) COMMENT 'Nothing of it for so long means that it is silent, in milliseconds; none where it may be'
)
ENGINE = {engine}
ORDER BY (pack, id)
SETTINGS {safety}
COMMENT 'Devices and machines that report events. Read log_source_current for those of the current pack';

CREATE OR REPLACE VIEW log_source_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM log_source WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Devices and machines that report events, as the current pack has them'
;

-- Who may read the names of users is said by the pack.
ALTER TABLE pack {on_cluster}
    ADD COLUMN IF NOT EXISTS user_names Bool DEFAULT false COMMENT 'Names of users in events are shown as they are, not masked' AFTER replayed
