-- Whose a log source is, by the agency's identifier: events and what is counted of them are read by agency.

ALTER TABLE log_source {on_cluster}
    ADD COLUMN IF NOT EXISTS agency LowCardinality(String) DEFAULT '' COMMENT 'Agency it belongs to: an id of agencies.csv, or the code of a place; empty where it is of none of them' AFTER name_en;

CREATE OR REPLACE VIEW log_source_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM log_source WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Devices and machines that report events, as the current pack has them'
