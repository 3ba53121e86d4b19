-- One indicator over all places and years is what is asked most of reports. By month its cells lay in a mark of each of
-- hundreds of parts, and a hundred rows were read for each that was asked for: the table is divided by year, with smaller
-- marks. It is copied and takes the place of the one before (laid_anew.rs).

CREATE TABLE IF NOT EXISTS report_value_anew {on_cluster} AS report_value
ENGINE = {engine}
PARTITION BY toYear(period_start)
ORDER BY (form, indicator, place, place_from, breakdown, period_start, agency, vintage, epoch, log, partition, offset, row)
SETTINGS index_granularity = 1024, {safety}
COMMENT 'What agencies reported, every word that changed something. Read report_value_current for what is shown, report_value_known_at(known_at = …) for what was shown at a moment'
