-- Codecs by measurement, over 9.8 million readings as stations send them (benches/RESULTS.md, "bytes"). Gorilla
-- packs the bits that two doubles differ in, and two decimal readings differ in nearly all of them: differences in
-- front of ZSTD take a fifth less. Moments of arrival jitter, so the difference of their differences is longer than
-- the difference. ClickHouse rewrites parts as it merges them; nothing waits for it.

ALTER TABLE observation {on_cluster}
    MODIFY COLUMN value CODEC(Delta(8), ZSTD(1)),
    MODIFY COLUMN received_at CODEC(Delta, ZSTD(1));
