-- What plans want to be reached, and how reported numbers are to be shown: reported.sql has the views that read them.

ALTER TABLE form {on_cluster}
    ADD COLUMN IF NOT EXISTS screen LowCardinality(String) COMMENT 'Screen that shows it; empty where it is shown among all reports alone';

ALTER TABLE form_indicator {on_cluster}
    ADD COLUMN IF NOT EXISTS percent Bool DEFAULT unit = '%' COMMENT 'Whether its numbers are per cent: a ratio is 100 times the numerator by the denominator' AFTER decimals,
    ADD COLUMN IF NOT EXISTS suppress_below UInt32 COMMENT 'Of persons: smaller numbers are kept back on pages; 0 where they are not. Tables and views have all of them' AFTER percent;

CREATE TABLE IF NOT EXISTS target {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    id String COMMENT 'Identifier, as the plan has it',
    name_vi String COMMENT 'What is to be reached, in Vietnamese',
    name_en String COMMENT 'What is to be reached, in English',
    valid_from Date32 COMMENT 'First day of the time of the plan',
    valid_to Date32 COMMENT 'Last day of it: the target is due then',
    tiers Array(String) COMMENT 'Tiers of the places that are counted: place.kind',
    form String COMMENT 'Form that says it: form.id',
    numerator Array(String) COMMENT 'Indicators of the form that are added up: form_indicator.id',
    denominator Array(String) COMMENT 'Indicators that this is divided by, added up; empty where the numerator itself is the value',
    over LowCardinality(String) COMMENT 'What of a year counts: latest (its last period of which anything is known), year (all of its periods together)',
    sense LowCardinality(String) COMMENT 'at_least or at_most',
    target Nullable(Decimal(38, 9)) COMMENT 'What is to be reached, per cent where there is a denominator; NULL where the plan gives no number',
    basis String COMMENT 'The decision behind it'
)
ENGINE = {engine}
ORDER BY (pack, id)
SETTINGS {safety}
COMMENT 'What plans want to be reached. Read target_current for those of the current pack, report_target for how far they are'
