-- What agencies report in forms, cell by cell, and what became of each of their messages.

CREATE TABLE IF NOT EXISTS report_value {on_cluster}
(
    form LowCardinality(String) COMMENT 'Form it was reported in',
    indicator LowCardinality(String) COMMENT 'What is reported: a value column of the form',
    breakdown LowCardinality(String) COMMENT 'Which part, as dimension=member, sorted and joined by commas: age=0-4,sex=f; empty for the whole',
    place LowCardinality(String) COMMENT 'Unit it is about: place.code',
    place_from Date32 COMMENT 'First day of the validity of that version of the unit: place.valid_from' CODEC(ZSTD(1)),
    period_kind Enum8('day' = 0, 'week' = 1, 'month' = 2, 'admin_month' = 3, 'quarter' = 4, 'admin_quarter' = 5, 'half_year' = 6, 'admin_half_year' = 7, 'year' = 8, 'admin_year' = 9, 'school_year' = 10)
        COMMENT 'How the periods of the form follow each other; an admin_month is from the 15th to the 14th' CODEC(ZSTD(1)),
    period_start Date32 COMMENT 'First day it is about' CODEC(Delta, ZSTD(1)),
    period_end Date32 COMMENT 'Last day it is about' CODEC(Delta, ZSTD(1)),
    agency LowCardinality(String) COMMENT 'Agency that reports: an id of agencies.csv, or the code of the place whose authority it is',
    vintage Enum8('estimate' = 0, 'preliminary' = 1, 'official' = 2) COMMENT 'How final it is; the highest there is is shown' CODEC(ZSTD(1)),
    owner LowCardinality(String) COMMENT 'Agency whose word counts; that of another is kept beside it and never added up',
    mark Enum8('value' = 0, 'none' = 1, 'not_collected' = 2, 'not_filled' = 3, 'withheld' = 4, 'withdrawn' = 5)
        COMMENT 'What it says: a number; that nothing occurred, which counts as 0; or why there is no number' CODEC(ZSTD(1)),
    value Nullable(Decimal(38, 9)) COMMENT 'The number in the unit of the form; NULL where mark is not value' CODEC(ZSTD(1)),
    as_sent String COMMENT 'As it came, where that is not the plain number: 1.234*, 82%' CODEC(ZSTD(1)),
    note String COMMENT 'Notes to it' CODEC(ZSTD(1)),
    at String COMMENT 'Where it stands in the message: T10!D9, line 7, column 3; empty where it was taken back by leaving it out' CODEC(ZSTD(1)),
    was_mark LowCardinality(String) COMMENT 'What the same agency had said of it in that vintage, as in mark; empty where nothing',
    was_value Nullable(Decimal(38, 9)) COMMENT 'The number it had said, in the same unit; NULL where none' CODEC(ZSTD(1)),
    standing Enum8('first' = 0, 'correction' = 1, 'history' = 2, 'restored' = 3)
        COMMENT 'How it stands to what the same agency had said: history arrived earlier than what was known; restored: said before, and shown again' CODEC(ZSTD(1)),
    shown Bool COMMENT 'Whether this is what is shown of its cell from this epoch on' CODEC(ZSTD(1)),
    until UInt64 DEFAULT 18446744073709551615 COMMENT 'Epoch in which something else was shown of its cell; the largest number while it is the last word' CODEC(ZSTD(1)),
    feed LowCardinality(String) COMMENT 'Configured source: feed.id',
    sender LowCardinality(String) COMMENT 'Who sent it: the login, certificate or file source',
    received_at DateTime64(3, 'UTC') COMMENT 'When its message reached us' CODEC(DoubleDelta, ZSTD(1)),
    log UInt16 COMMENT 'Log its message lies in: log.number' CODEC(ZSTD(1)),
    partition UInt16 COMMENT 'Partition of the log' CODEC(ZSTD(1)),
    offset UInt64 COMMENT 'Offset of the message in the partition' CODEC(Delta, ZSTD(1)),
    row UInt32 COMMENT 'Row of the message, from 0; behind its rows those that it took back by leaving them out' CODEC(Delta, ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX offset_range offset TYPE minmax GRANULARITY 1,
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(period_start)
ORDER BY (form, indicator, place, place_from, breakdown, period_start, agency, vintage, epoch, log, partition, offset, row)
SETTINGS {safety}
COMMENT 'What agencies reported, every word that changed something. Read report_value_current for what is shown, report_value_known_at(known_at = …) for what was shown at a moment';

CREATE TABLE IF NOT EXISTS receipt {on_cluster}
(
    form LowCardinality(String) COMMENT 'Form of the message; of one of which that is not known, the first of its feed',
    agency LowCardinality(String) COMMENT 'Agency that reports: an id of agencies.csv, or the code of the place whose authority it is',
    period_kind LowCardinality(String) COMMENT 'Kind of the period it is about, as in report_value; empty where it says none, or each cell its own',
    period_start Nullable(Date32) COMMENT 'First day it is about' CODEC(ZSTD(1)),
    period_end Nullable(Date32) COMMENT 'Last day it is about' CODEC(ZSTD(1)),
    verdict Enum8('accepted' = 0, 'in_part' = 1, 'refused' = 2, 'duplicate' = 3, 'held' = 4)
        COMMENT 'What became of it: taken whole; the rows without an error; not at all; the same bytes came before from the same agency; waits for the word of a person' CODEC(ZSTD(1)),
    rows UInt32 COMMENT 'Rows of it: stored + same + rejected' CODEC(ZSTD(1)),
    stored UInt32 COMMENT 'Rows that were stored: new, changed, or beside what the owner says' CODEC(ZSTD(1)),
    changed UInt32 COMMENT 'Of those, the ones that changed what the same agency had said' CODEC(ZSTD(1)),
    conflicts UInt32 COMMENT 'Of those, the ones of which another agency is the owner' CODEC(ZSTD(1)),
    same UInt32 COMMENT 'Rows that say what was known' CODEC(ZSTD(1)),
    rejected UInt32 COMMENT 'Rows that were not taken' CODEC(ZSTD(1)),
    kept UInt32 COMMENT 'Cells that it leaves out and that stay as they were' CODEC(ZSTD(1)),
    withdrawn UInt32 COMMENT 'Cells that it took back by leaving them out' CODEC(ZSTD(1)),
    findings Nested
    (
        weight LowCardinality(String),
        rule LowCardinality(String),
        at String,
        stands String,
        message_vi String,
        message_en String
    ) COMMENT 'What was found in it, the heaviest first: error, warning, note; which rule; where; what stands there; what is wrong and what would be right' CODEC(ZSTD(1)),
    digest FixedString(16) COMMENT 'First half of the SHA-256 of its bytes' CODEC(NONE),
    feed LowCardinality(String) COMMENT 'Configured source: feed.id',
    sender LowCardinality(String) COMMENT 'Who sent it: the login, certificate or file source',
    received_at DateTime64(3, 'UTC') COMMENT 'When it reached us' CODEC(DoubleDelta, ZSTD(1)),
    log UInt16 COMMENT 'Log it lies in: log.number' CODEC(ZSTD(1)),
    partition UInt16 COMMENT 'Partition of the log' CODEC(ZSTD(1)),
    offset UInt64 COMMENT 'Offset of it in the partition' CODEC(Delta, ZSTD(1)),
    row UInt32 COMMENT 'Which part of the envelope it is, from 0' CODEC(Delta, ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX offset_range offset TYPE minmax GRANULARITY 1,
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(received_at)
ORDER BY (received_at, log, partition, offset, row)
SETTINGS {safety}
COMMENT 'What became of each message of a form, with all that was found in it. Read receipt_current for those of committed epochs';

CREATE TABLE IF NOT EXISTS agency {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    id String COMMENT 'Identifier; the agency of reports',
    name_vi String COMMENT 'Name in Vietnamese',
    name_en String COMMENT 'Name in English',
    place String COMMENT 'Code of the unit it is of'
)
ENGINE = {engine}
ORDER BY (pack, id)
SETTINGS {safety}
COMMENT 'Who reports or is reported to, beside the authorities of places, which go by the codes of their places. Read agency_current for those of the current pack';

CREATE TABLE IF NOT EXISTS form {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    id String COMMENT 'Identifier; the form of reports',
    name_vi String COMMENT 'Name in Vietnamese',
    name_en String COMMENT 'Name in English',
    period_kind LowCardinality(String) COMMENT 'How its periods follow each other, as in report_value',
    owner String COMMENT 'Whose cells they are where an indicator does not say otherwise: place, or an agency',
    vintage LowCardinality(String) COMMENT 'How final its values are where nothing says otherwise',
    absent LowCardinality(String) COMMENT 'What its empty and absent cells mean: keeps, refused, withdraws',
    parts Bool COMMENT 'Whether rows without an error are taken where others have one'
)
ENGINE = {engine}
ORDER BY (pack, id)
SETTINGS {safety}
COMMENT 'What agencies fill in. Read form_current for those of the current pack';

CREATE TABLE IF NOT EXISTS form_indicator {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    form String COMMENT 'Form: form.id',
    id String COMMENT 'Identifier; the indicator of reports',
    code String COMMENT 'Its code in the form',
    name_vi String COMMENT 'Name in Vietnamese',
    name_en String COMMENT 'Name in English',
    unit String COMMENT 'Unit its values are kept in',
    decimals UInt8 COMMENT 'Decimal places on screen',
    required Bool COMMENT 'Whether each place must say it',
    additive Bool COMMENT 'Whether places and parts may be added up',
    numerator String COMMENT 'Of one that may not: what it is a share of the denominator of; empty where it is none',
    denominator String COMMENT 'What that is divided by; empty where it is none',
    owner String COMMENT 'Whose cells they are: place, an agency, or empty for the owner of the form'
)
ENGINE = {engine}
ORDER BY (pack, form, id)
SETTINGS {safety}
COMMENT 'What is reported in forms. Read form_indicator_current for those of the current pack';

CREATE TABLE IF NOT EXISTS form_place {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    form String COMMENT 'Form: form.id',
    code String COMMENT 'Unit that the form is about: place.code',
    valid_from Date32 COMMENT 'First day of validity of that version of it: place.valid_from',
    valid_to Nullable(Date32) COMMENT 'Last day of validity; none while it lasts'
)
ENGINE = {engine}
ORDER BY (pack, form, code, valid_from)
SETTINGS {safety}
COMMENT 'Which places each form is about. Read form_place_current for those of the current pack'
