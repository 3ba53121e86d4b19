-- Who owes which report when, what came, late by how much, and what was refused.

CREATE TABLE IF NOT EXISTS obligation {on_cluster}
(
    form LowCardinality(String) COMMENT 'Form that is owed',
    agency LowCardinality(String) COMMENT 'Who owes it: an id of agencies.csv, or the code of the place whose authority owes it',
    place LowCardinality(String) COMMENT 'That place: place.code; empty where an agency owes it',
    place_from Nullable(Date32) COMMENT 'First day of the validity of that version of the place: place.valid_from; NULL where an agency owes it' CODEC(ZSTD(1)),
    period_kind Enum8('day' = 0, 'week' = 1, 'month' = 2, 'admin_month' = 3, 'quarter' = 4, 'admin_quarter' = 5, 'half_year' = 6, 'admin_half_year' = 7, 'year' = 8, 'admin_year' = 9, 'school_year' = 10, 'school_round' = 11)
        COMMENT 'How the periods of the form follow each other; an admin_month is from the 15th to the 14th' CODEC(ZSTD(1)),
    period_start Date32 COMMENT 'First day it is to be about' CODEC(Delta, ZSTD(1)),
    period_end Date32 COMMENT 'Last day it is to be about' CODEC(Delta, ZSTD(1)),
    period_label LowCardinality(String) COMMENT 'How the period is written: 2026-10, 2026-Q4, 2026-2027-R1',
    owed_from DateTime64(3, 'UTC') COMMENT 'From when on it can be done: the first moment behind its period, or the first of it where the deadline is reckoned from there or lies within' CODEC(DoubleDelta, ZSTD(1)),
    due_at DateTime64(3, 'UTC') COMMENT 'Deadline: what arrives at this moment is in time' CODEC(DoubleDelta, ZSTD(1)),
    state Enum8('not_due' = 0, 'due' = 1, 'on_time' = 2, 'late' = 3, 'missing' = 4, 'rejected' = 5, 'not_owed' = 6)
        COMMENT 'not_due: it cannot be done yet; due: it can, the deadline has not passed; on_time, late: by the arrival of the first accepted message; missing: the deadline has passed, nothing was accepted; rejected: the deadline has not passed, nothing was accepted, the last attempt was refused; not_owed: an earlier version of the pack wanted it' CODEC(ZSTD(1)),
    received_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the first accepted message reached us; NULL where none was accepted' CODEC(ZSTD(1)),
    late_seconds Nullable(Int64) COMMENT 'How long that was behind the deadline, seconds, rounded up; NULL where it was not late' CODEC(ZSTD(1)),
    revisions UInt32 COMMENT 'Accepted messages beside the first that changed something' CODEC(ZSTD(1)),
    revised_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the last of them reached us; NULL where there was none' CODEC(ZSTD(1)),
    rejected UInt32 COMMENT 'Attempts that were refused whole: receipts with their errors lie at the positions of their messages' CODEC(ZSTD(1)),
    rejected_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the last of them reached us; NULL where there was none' CODEC(ZSTD(1)),
    reminders UInt32 COMMENT 'Which one it is of the obligations that its agency missed of those due in the same calendar year, from 1, by deadline; 0 where it was not missed. The largest of a year is how many reminders there were' CODEC(ZSTD(1)),
    said_at DateTime64(3, 'UTC') COMMENT 'Recorded clock when this was found' CODEC(DoubleDelta, ZSTD(1)),
    first_log Nullable(UInt16) COMMENT 'Log the first accepted message lies in: log.number' CODEC(ZSTD(1)),
    first_partition Nullable(UInt16) COMMENT 'Partition of that log' CODEC(ZSTD(1)),
    first_offset Nullable(UInt64) COMMENT 'Offset of that message in the partition' CODEC(ZSTD(1)),
    last_log Nullable(UInt16) COMMENT 'Log that the accepted message lies in that arrived last of those that changed something' CODEC(ZSTD(1)),
    last_partition Nullable(UInt16) COMMENT 'Partition of that log' CODEC(ZSTD(1)),
    last_offset Nullable(UInt64) COMMENT 'Offset of that message in the partition' CODEC(ZSTD(1)),
    rejected_log Nullable(UInt16) COMMENT 'Log the last refused attempt lies in' CODEC(ZSTD(1)),
    rejected_partition Nullable(UInt16) COMMENT 'Partition of that log' CODEC(ZSTD(1)),
    rejected_offset Nullable(UInt64) COMMENT 'Offset of that attempt in the partition' CODEC(ZSTD(1)),
    until UInt64 DEFAULT 18446744073709551615 COMMENT 'Epoch in which something else was said of it; the largest number while it is the last word' CODEC(ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(period_start)
ORDER BY (form, agency, period_start, period_kind, epoch)
SETTINGS {safety}
COMMENT 'Who owes which report when, and how that stood: a row whenever it changed. Read obligation_current for how it stands, obligation_known_at(known_at = …) for how it stood at a moment';

ALTER TABLE alert {on_cluster}
    MODIFY COLUMN about Enum8('station' = 0, 'address' = 1, 'network' = 2, 'user' = 3, 'log_source' = 4, 'agency' = 5)
        COMMENT 'What its subject is; agency: who missed what they owe' CODEC(ZSTD(1)),
    COMMENT COLUMN IF EXISTS subject 'What it is about: station.id, the address, network or user that events were counted by, or who owes reports: obligation.agency';

ALTER TABLE rule {on_cluster}
    COMMENT COLUMN IF EXISTS condition 'What it looks at: indicator, index, limit, status, blind, unusual, events, reminders';
