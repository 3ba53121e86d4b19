//! What the columns of views say of themselves: shape and unit, where tools show it and nobody opens a guide.
//!
//! A view takes over no comment of the tables it reads. So each of its columns gets its own words here, or those of the
//! column of that name of the table it is about.

mod restated;

/// A column as ClickHouse tells of it.
#[derive(Clone, Debug, clickhouse::Row, serde::Deserialize)]
pub(super) struct Column {
    pub(super) table: String,
    pub(super) name: String,
    pub(super) comment: String,
    pub(super) of_view: bool,
}

/// The statements that give the columns of views their words, for those that have none yet or others.
pub(super) fn statements(columns: &[Column]) -> Vec<String> {
    let mut statements: Vec<(&str, Vec<String>)> = Vec::new();
    for column in columns.iter().filter(|column| column.of_view) {
        let Some(words) = words(column, columns).filter(|words| *words != column.comment) else { continue };
        let quoted = words.replace('\\', "\\\\").replace('\'', "\\'");
        let change = format!("COMMENT COLUMN `{}` '{quoted}'", column.name);
        match statements.last_mut() {
            Some((view, changes)) if *view == column.table => changes.push(change),
            _ => statements.push((&column.table, vec![change])),
        }
    }
    statements
        .into_iter()
        .map(|(view, changes)| format!("ALTER TABLE `{view}` {{on_cluster}} {}", changes.join(", ")))
        .collect()
}

fn words(column: &Column, all: &[Column]) -> Option<String> {
    let (view, name) = (column.table.as_str(), column.name.as_str());
    let own = OF_VIEWS.iter().find(|(views, _)| views.contains(&view)).map(|(_, words)| *words);
    if let Some((_, words)) = own.into_iter().flatten().find(|(of, _)| *of == name) {
        return Some((*words).to_owned());
    }
    if let Some(measure) = name.strip_suffix("_completeness") {
        return Some(format!(
            "Good points of {measure} to those expected, a share from 0 to 1; NULL where no cadence is known"
        ));
    }
    let table = about(view);
    if let Some(told) = all.iter().find(|told| !told.of_view && told.table == table && told.name == name) {
        return Some(told.comment.clone());
    }
    if let Some((_, words)) = ANYWHERE.iter().find(|(of, _)| *of == name) {
        return Some((*words).to_owned());
    }
    // What is left of the wide views are the means.
    OF_MEANS.contains(&view).then(|| {
        format!(
            "Mean of {name} over the hour or day, in indicator_current.unit; NULL where nothing good came"
        )
    })
}

/// The table a view is about.
fn about(view: &str) -> &str {
    match view.strip_suffix("_current").or_else(|| view.strip_suffix("_stored")).unwrap_or(view) {
        "index" => "index_value",
        "feed_by_minute" => "feed_minute",
        "committed" => "epoch",
        "event_known_at" => "event",
        "obligation_known_at" | "obligation_score" | "obligation_score_known_at" => "obligation",
        "alert_times" => "alert",
        "report_target" | "report_target_known_at" => "target",
        report if report.starts_with("report_") => "report_value",
        table => table,
    }
}

const OF_MEANS: &[&str] = &["air_quality_hourly", "air_quality_daily", "water_quality"];

type Words = &'static [(&'static str, &'static str)];

/// What reads reported cells.
const REPORTED: &[&str] = &[
    "report_value_current",
    "report_value_known_at",
    "report_cell",
    "report_cell_known_at",
    "report_conflict",
    "report_total",
    "report_total_known_at",
    "report_ratio",
    "report_ratio_known_at",
    "report_ratio_total",
    "report_ratio_total_known_at",
    "report_growth",
    "report_growth_known_at",
    "report_growth_total",
    "report_growth_total_known_at",
];

const OF_VIEWS: &[(&[&str], Words)] = &[
    (restated::VIEWS, restated::WORDS),
    (
        &["event_current", "event_known_at"],
        &[
            (
                "local_happened_at",
                "happened_at in the time zone of the pack: the same moment, shown by the local clock",
            ),
            ("user", "Account it is about: masked but for its first letter, unless the pack shows names"),
            ("message", "What it says, with the name of the user masked in the same way"),
            ("attributes", "What else its format says of it, by name"),
        ],
    ),
    (
        OF_MEANS,
        &[
            ("kind", "hour or day"),
            ("start_time", "First moment of the hour or day, UTC"),
            ("end_time", "First moment behind the hour or day, UTC"),
            ("local_day", "Day of start_time in the pack's time zone"),
            ("local_start", "start_time in the pack's time zone: the same moment, shown by the local clock"),
            ("name_vi", "Name of the station, in Vietnamese"),
            ("name_en", "Name of the station, in English"),
            (
                "vn_aqi",
                "VN_AQI, a number without unit from 0 on, more is worse; NULL where there is none, see no_value_reason",
            ),
            (
                "vn_wqi",
                "VN_WQI, a number without unit from 0 to 100, more is better; NULL where there is none, see \
                 no_value_reason",
            ),
            ("category", "Band of the index: index_category_current.word; empty without a value"),
            ("category_vi", "Official name of the band, in Vietnamese; empty without a value"),
            ("category_en", "Name of the band, in English; empty without a value"),
            (
                "no_value_reason",
                "Why the index has no value: no_particulates, too_few_groups, no_data; empty where it has one",
            ),
            ("dominant", "What the index goes by: indicator.id or a group of them; empty without a value"),
            (
                "closed_by",
                "What closed the index: watermark, patience, revision; empty where the station has means only",
            ),
        ],
    ),
    (
        &["exceedance"],
        &[
            ("limit", "What is exceeded: legal_limit_current.id"),
            ("standard", "Regulation or permit the limit is of"),
            ("averaging", "Over what the means are made: hour, eight_hours, day, year"),
            ("name_vi", "Name of the station, in Vietnamese"),
            ("name_en", "Name of the station, in English"),
            ("indicator", "What is measured: indicator_current.id"),
            ("symbol", "How the indicator is written, such as PM2.5"),
            ("unit", "Unit of worst_value and limit_value"),
            ("first_start", "First moment of the first window, UTC"),
            ("last_end", "First moment behind the last window, UTC"),
            ("local_start", "first_start in the pack's time zone: the same moment, shown by the local clock"),
            ("local_end", "last_end in the pack's time zone: the same moment, shown by the local clock"),
            ("windows", "How many windows next to each other exceed the limit"),
            ("lasting", "Whether the last window is the newest that was judged"),
            ("worst_start", "First moment of the worst window, UTC"),
            ("worst_value", "Mean of the worst window, in unit"),
            ("limit_value", "The bound it exceeds, in unit"),
        ],
    ),
    (
        &["station_status"],
        &[
            ("station", "Station: station_current.id"),
            ("name_vi", "Name of the station, in Vietnamese"),
            ("name_en", "Name of the station, in English"),
            ("kind", "Kind of the station: station_current.kind"),
            ("longitude", "WGS 84, in degrees"),
            ("latitude", "WGS 84, in degrees"),
            ("valid_from", "First local day of the station"),
            ("valid_to", "Last local day of the station; NULL while it lasts"),
            ("status", "How it is, such as good, late or silent; NULL where it was never judged"),
            ("since", "Since when it is so, UTC; NULL where it was never judged"),
            ("last_event_time", "Event time of its newest value, UTC; NULL where none came"),
            ("local_since", "since in the pack's time zone: the same moment, shown by the local clock"),
            (
                "local_last_event_time",
                "last_event_time in the pack's time zone: the same moment, shown by the local clock",
            ),
            ("last_event_age_s", "From last_event_time to the last commit, in seconds; NULL where none came"),
            ("indicators", "How many indicators it measures"),
            ("expected_every_s", "Shortest cadence of its indicators, in seconds; NULL where none is known"),
        ],
    ),
    (
        &["window_current"],
        &[
            ("mean", "Mean of the good values, in the unit of the indicator; NULL where count is 0"),
            ("min", "Least good value, in the unit of the indicator; NULL where count is 0"),
            ("max", "Greatest good value, in the unit of the indicator; NULL where count is 0"),
        ],
    ),
    (
        &["measure_window_current", "measure_window_known_at"],
        &[
            ("measure", "What is counted: measure_current.id"),
            ("log_source", "Log source it was counted at: log_source_current.id"),
            ("value", "How many there were; at least so many where is_whole is false"),
            ("whole_minutes", "Minutes the log source was heard in and not blind"),
            ("expected_minutes", "Minutes it should have been heard in; 0 where it may be silent"),
            (
                "is_whole",
                "Whether at least three quarters of what is expected is known: else a low value says nothing",
            ),
            ("kind", "Length: minute, or the pack's local hour or day"),
            ("start_time", "First moment of the window, UTC"),
            ("end_time", "First moment after the window, UTC"),
            ("closed_by", "What made this result: watermark, patience, revision"),
            ("revision", "Epoch that made this result"),
        ],
    ),
    (
        &["measure_registers_current", "measure_registers_known_at"],
        &[
            ("measure", "What is counted: measure_current.id"),
            ("log_source", "Log source it was counted at: log_source_current.id"),
            ("kind", "Length: the pack's local hour or day"),
            ("start_time", "First moment of the window, UTC"),
            ("end_time", "First moment after the window, UTC"),
            ("value", "How many different ones its registers tell of"),
            ("is_whole", "Whether at least three quarters of what is expected is known"),
            (
                "registers.number",
                "Registers that are not zero, of 4,096; empty in rows stored before they were kept",
            ),
            ("registers.rank", "What each of them is: joined by maxMap(registers.number, registers.rank)"),
            ("revision", "Epoch that made this result"),
        ],
    ),
    (
        &["measure_distinct_current", "measure_distinct_known_at"],
        &[
            ("measure", "What is counted: measure_current.id"),
            ("kind", "Length: the pack's local hour or day"),
            ("start_time", "First moment of the window, UTC"),
            ("end_time", "First moment after the window, UTC"),
            (
                "value",
                "How many different ones there were at all of them together, to within 5 per cent; added up where a row was stored before registers were kept",
            ),
            ("log_sources", "Log sources that were counted"),
            ("missing", "Those of them of which too little is known"),
            ("revision", "Newest epoch that made a part of it"),
        ],
    ),
    (
        &["report_target", "report_target_known_at"],
        &[
            ("target_id", "Target: target_current.id"),
            ("year", "Year that it is held against, by the last days of periods"),
            ("is_in_time", "Whether the plan's time was not over in that year"),
            ("period", "Last period of the year of which anything is known"),
            ("periods", "Periods of the year of which anything is known"),
            ("periods_of_year", "Periods that a whole year has"),
            ("numerator", "Sum of the numerators of the cells that are known"),
            ("denominator", "Sum of their denominators; 0 where the target has none"),
            ("value", "What is reached, in the unit of target; NULL where nothing is known"),
            ("known", "Cells all of whose indicators are known"),
            ("expected", "Cells there would be if all places of its tiers said all of it in those periods"),
            (
                "verdict",
                "on_target, behind, no_target (the plan gives no number), unknown (of less than three quarters of the cells)",
            ),
        ],
    ),
    (
        &["obligation_score", "obligation_score_known_at"],
        &[
            ("place", "Place whose authority owes: place_current.code; empty where an agency does"),
            ("name_vi", "Name of the place or agency, in Vietnamese"),
            ("name_en", "Name of the place or agency, in English"),
            ("period", "Period as it is written: 2026-10, 2026-Q4, 2026-2027-R1"),
            ("owed", "Obligations of the period: not_due + due + on_time + late + missing"),
            ("not_due", "Those that cannot be met yet"),
            ("due", "Those whose deadline has not passed and of which nothing was accepted"),
            ("on_time", "Those whose first accepted message came in time"),
            ("late", "Those whose first accepted message came behind the deadline"),
            ("missing", "Those whose deadline has passed and of which nothing was accepted"),
            ("rejected", "Attempts that were refused whole"),
            ("revisions", "Accepted messages beside the first that changed something"),
            (
                "median_late_seconds",
                "Of those that were late the middle one: seconds behind the deadline; NULL where none was late",
            ),
            (
                "reminders",
                "How many of its agency's obligations due in that calendar year were missed up to the last of them",
            ),
            (
                "score",
                "Per cent of on_time among on_time, late and missing; NULL while nothing can be judged",
            ),
            ("reasons", "What speaks against it: missing, late, rejected, revised; empty where nothing does"),
            ("revision", "Newest epoch that said something of one of them"),
        ],
    ),
    (
        REPORTED,
        &[
            ("period", "Period as it is written: 2026-10, 2026-Q4, 2026"),
            (
                "counts",
                "What a total counts of it: the number, 0 where nothing occurred; NULL where it is not known",
            ),
            ("position", "Where its message lies, as log-partition-offset"),
            ("indicator_vi", "Name of the indicator, in Vietnamese; empty where the current pack has none"),
            ("indicator_en", "Name of the indicator, in English; empty where the current pack has none"),
            ("unit", "Unit of the numbers: form_indicator_current.unit"),
            ("additive", "Whether places and parts may be added up"),
            ("place_code", "Unit it is about: place_current.code"),
            ("numerator", "What is divided, in its own unit; NULL where it is not known"),
            ("denominator", "What it is divided by; NULL where it is not known"),
            ("previous", "The same of the period before; NULL where it is not known"),
            ("year_earlier", "The same of the same period a year before; NULL where it is not known"),
            ("change", "value less previous"),
            ("change_in_year", "value less year_earlier"),
            (
                "growth",
                "Per cent by which it grew since the period before; NULL where one of both is not known or that was 0",
            ),
            (
                "growth_in_year",
                "Per cent by which it grew since the same period a year before; NULL likewise",
            ),
            ("known_in_both", "Cells known in the period and the one before"),
            ("known_a_year_before", "Cells known in the period and the same one a year before"),
            ("dimensions", "Which parts are added up, by their dimensions: age,sex; empty for the whole"),
            (
                "total",
                "Sum of what is known, in unit; NULL where nothing is, or where it may not be added up",
            ),
            ("known", "Cells whose number is known"),
            (
                "expected",
                "Cells of which something was said, or of all places of the form where those are more",
            ),
            ("shown_mark", "What is shown of the cell, as in mark; NULL where its owner said nothing"),
            ("shown_value", "The number that is shown of it; NULL where there is none"),
        ],
    ),
    (
        &["reject_current"],
        &[(
            "state",
            "open; replayed where its envelope was read again and that is what counts now; decided where a person \
             refused it or acted on what is not there",
        )],
    ),
    (
        &["replay_current"],
        &[
            ("done", "Whether it ended: all of it was read, or error says why not"),
            ("messages", "How many messages were read; 0 before it is done"),
            ("messages_changed", "Messages that gave something else than before"),
            ("rows_good", "Rows that were taken up and had not been"),
            ("rows_replaced", "Rows that were stored and have another value or quality now"),
            ("rows_before", "Rows of those messages that were rejected before; 1 for the whole of one"),
            ("rows_rejected", "Rows of those messages that are rejected now; 1 for the whole of one"),
            (
                "messages_unclear",
                "Messages of which it cannot be told what they gave before, or that are about something else now: \
                 nothing changed",
            ),
            ("messages_missing", "Messages that neither the log nor the archive has"),
        ],
    ),
    (&["receipt_current"], &[("digest", "First half of the SHA-256 of its bytes, in hexadecimal")]),
    (
        &["committed"],
        &[
            ("last_epoch", "Number of the last committed epoch"),
            ("last_now", "Wall clock recorded in its manifest, UTC"),
        ],
    ),
    (
        &["alert_current"],
        &[
            ("id", "rule~subject~number"),
            ("change", "What happened to it last: raised, recurred, cleared, acknowledged"),
            ("active", "Whether its condition holds"),
            ("acknowledged", "Whether somebody took it on"),
            ("at", "Recorded clock of its last change, UTC"),
            ("raised_at", "Recorded clock of its first change, UTC"),
            ("cleared_at", "Recorded clock of when its condition ended, UTC; NULL while it is active"),
            ("acknowledged_at", "Recorded clock of when somebody took it on, UTC; NULL where nobody did"),
        ],
    ),
    (
        &["alert_times_current", "alert_times_known_at"],
        &[
            ("id", "rule~subject~number"),
            ("priority", "As the rule had it when it last changed"),
            ("active", "Whether its condition holds"),
            ("acknowledged", "Whether it was taken on, by somebody or in the name of ioc for want of room"),
            ("raised_at", "Recorded clock of its first change, UTC"),
            ("acknowledged_at", "Recorded clock of when a person took it on, UTC; NULL where nobody did"),
            (
                "cleared_at",
                "Recorded clock of when its condition ended for good, UTC; NULL while it is active, and where it was over \
                 when it was raised",
            ),
            ("seconds_to_acknowledge", "From raised_at to acknowledged_at; NULL where nobody took it on"),
            (
                "seconds_to_clear",
                "From raised_at to cleared_at; NULL where it is not over, or never was active",
            ),
        ],
    ),
    (
        &["late_correction"],
        &[
            ("received_day", "First moment of the day the corrections came, UTC"),
            ("feed", "Feed they came by: feed_current.id"),
            (
                "sender",
                "Who sent them: the login, certificate or file source; empty where it was not recorded",
            ),
            ("rows", "How many corrections of values more than 30 days old"),
            ("subjects", "How many subjects they are about"),
            ("oldest", "Earliest event time that was corrected, UTC"),
            ("newest", "Latest event time that was corrected, UTC"),
        ],
    ),
    (
        &["feed_balance"],
        &[
            ("generation", "Pass over the input"),
            ("feed", "Feed: feed_current.id"),
            ("envelopes_received", "Envelopes that came since the beginning"),
            ("envelopes_decoded", "Envelopes rows were read out of"),
            ("envelopes_empty", "Envelopes that hold no row"),
            ("envelopes_undecodable", "Envelopes rejected as a whole"),
            ("rows_decoded", "Rows read out of envelopes"),
            ("rows_stored", "Rows stored as observations or actions"),
            ("rows_duplicate", "Rows that had been stored before"),
            ("rows_rejected", "Rows rejected by their contract"),
            ("rows_waiting", "Rows that wait until their day is read back"),
            ("rows_held", "Rows that wait for the word of an operator: held_current"),
            (
                "datagrams_dropped",
                "Datagrams that the system dropped before they could be read: of no envelope",
            ),
            ("records_lost", "Records that a broker deleted before they could be read: of no envelope"),
            (
                "envelopes_reread",
                "Envelopes that were rejected as a whole and read again: no longer among the undecodable",
            ),
            (
                "rows_reread",
                "Rejected rows whose envelope was read again: no longer among the decoded and rejected",
            ),
            ("last_received_ms", "Arrival of the last envelope, in milliseconds since 1970, UTC"),
            ("envelopes_astray", "Envelopes of no known fate: 0, or something is lost or doubled"),
            ("rows_astray", "Rows of no known fate: 0, or something is lost or doubled"),
        ],
    ),
];

const ANYWHERE: Words = &[
    ("station", "Station: station_current.id"),
    ("place_code", "Unit the station stands in: place_current.code; empty where none is known"),
    ("place_vi", "Name of that unit, in Vietnamese"),
    ("place_en", "Name of that unit, in English"),
    ("generation", "Pass over the input that stored it"),
    ("revision", "Epoch that made it; the highest is current"),
];
