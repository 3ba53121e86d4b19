-- Counts of schools at the beginning, in the middle and at the end of a school year.

ALTER TABLE report_value {on_cluster}
    MODIFY COLUMN period_kind Enum8('day' = 0, 'week' = 1, 'month' = 2, 'admin_month' = 3, 'quarter' = 4, 'admin_quarter' = 5, 'half_year' = 6, 'admin_half_year' = 7, 'year' = 8, 'admin_year' = 9, 'school_year' = 10, 'school_round' = 11)
        COMMENT 'How the periods of the form follow each other; an admin_month is from the 15th to the 14th, a school_round a third of a school year' CODEC(ZSTD(1))
