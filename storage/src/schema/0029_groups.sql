-- A measure may be a sum or the last value of an attribute, and that of one member of a group.

ALTER TABLE measure {on_cluster}
    COMMENT COLUMN IF EXISTS count 'What is counted: events, lines, attempts, or different sources, targets, users, machines; raised, lost: what sensors say of their alerts; sum, last: of an attribute',
    ADD COLUMN IF NOT EXISTS attribute String COMMENT 'Attribute of events whose sum or last value it is: event.attributes; empty for what is counted' AFTER count,
    ADD COLUMN IF NOT EXISTS unit String COMMENT 'Unit of that; empty for what is counted' AFTER attribute,
    ADD COLUMN IF NOT EXISTS group_of String COMMENT 'Measure of the pack that it is one member of; empty where it stands for itself' AFTER unit,
    ADD COLUMN IF NOT EXISTS grouped_by LowCardinality(String) COMMENT 'By what that one is told apart: severity, kind, category' AFTER group_of,
    ADD COLUMN IF NOT EXISTS member String COMMENT 'Which member it is: a severity, a kind, a category of the pack, or other' AFTER grouped_by,
    ADD COLUMN IF NOT EXISTS categories Array(String) COMMENT 'Categories of events that are counted, in small letters; empty for all' AFTER member,
    ADD COLUMN IF NOT EXISTS log_sources Array(String) COMMENT 'Log sources that it is counted at alone: log_source.id; empty for all' AFTER categories,
    ADD COLUMN IF NOT EXISTS categories_but Bool COMMENT 'Whether those are left out instead, and all others counted' AFTER categories;

CREATE OR REPLACE VIEW measure_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM measure WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'What is counted of events, as the current pack has it'
