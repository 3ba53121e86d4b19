-- What a number of different ones is the estimate of is kept with it: so log sources and hours are joined, not added up.

ALTER TABLE window {on_cluster}
    ADD COLUMN IF NOT EXISTS `registers.number` Array(UInt16)
        COMMENT 'Of a measure of different ones: registers of its sketch (a HyperLogLog of 4,096) that are not zero; empty otherwise, and in rows stored before they were kept' CODEC(Delta(2), ZSTD(1)) AFTER spiked,
    ADD COLUMN IF NOT EXISTS `registers.rank` Array(UInt8)
        COMMENT 'The largest that each of them saw. Two sketches are joined by taking the larger of each: maxMap(registers.number, registers.rank)' CODEC(ZSTD(1)) AFTER `registers.number`
