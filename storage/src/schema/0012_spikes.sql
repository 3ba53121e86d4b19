-- An hour that one value of a device out of its mind makes is marked.

ALTER TABLE window {on_cluster}
    ADD COLUMN IF NOT EXISTS spiked Bool DEFAULT false COMMENT 'Whether one value alone makes it many times what the others say: spike of the indicator in the pack' CODEC(ZSTD(1)) AFTER closed_by;
