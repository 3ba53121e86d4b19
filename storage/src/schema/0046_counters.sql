-- What a counter added is of an indicator of its own, and its rows are the counter's.

ALTER TABLE indicator {on_cluster}
    ADD COLUMN IF NOT EXISTS increase_of String DEFAULT '' COMMENT 'Its windows are what this counter added, in their sum: indicator.id. Empty of an indicator that is measured itself';

CREATE OR REPLACE VIEW indicator_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM indicator WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Indicators as the current pack has them';
