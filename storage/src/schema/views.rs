//! What people read of facts that are said anew: how they are now, and how they were known at a moment.
//!
//! Both are rendered from one description of the fact, so that they cannot part, nor their comments and columns. They
//! belong to no numbered file: the newest migration that runs makes them as the program has them. Whoever changes one
//! adds a migration, be it an empty one. The wide views with local times come after them, which they read.

use ioc_model::event::Count;

use super::said_anew::{SAID_ANEW, SaidAnew};

/// The last committed epoch: what was stored later is not seen yet.
pub(crate) const COMMITTED: &str = "(SELECT last_epoch FROM committed)";
const COMMITTED_KNOWN_AT: &str =
    "(SELECT last_epoch FROM committed_known_at(known_at = {known_at:DateTime64(3, 'UTC')}))";

/// What both views of the figures show: how they are, and what they said at a moment. Between the target and the ages
/// stands how it was judged.
const FIGURE_COLUMNS: &str = "\
f.`figure` AS `figure`,
    f.`at` AS `at`,
    f.`start_time` AS `start_time`,
    f.`end_time` AS `end_time`,
    f.`value` AS `value`,
    f.`of` AS `of`,
    f.`target` AS `target`,
    {judged},
    f.`late_from` AS `late_from`,
    f.`stale_from` AS `stale_from`,
    f.`count` AS `count`,
    f.`expected` AS `expected`,
    f.parts.word AS `parts.word`,
    f.parts.count AS `parts.count`,
    f.hours.start_time AS `hours.start_time`,
    f.hours.value AS `hours.value`,
    f.hours.verdict AS `hours.verdict`,
    f.`inputs_all` AS `inputs_all`,
    f.inputs.kind AS `inputs.kind`,
    f.inputs.subject AS `inputs.subject`,
    f.inputs.measure AS `inputs.measure`,
    f.inputs.start_time AS `inputs.start_time`,
    f.inputs.number AS `inputs.number`,
    f.inputs.value AS `inputs.value`,
    f.inputs.word AS `inputs.word`,
    f.generation AS generation,
    f.epoch AS revision";

/// How a figure was judged when it was said.
const AS_SAID: &str = "\
f.`verdict` AS `verdict`,
    f.`reason` AS `reason`,
    f.`priority` AS `priority`,
    f.`freshness` AS `freshness`";

/// How a figure that nothing had followed was shown by a moment. The rule is that of `model/src/ageing.rs`, without the
/// grace for what is on its way to who looks: nothing is.
const AS_AGED: &str = "\
if(got_stale, CAST('withheld' AS Enum8('kept' = 0, 'near' = 1, 'missed' = 2, 'withheld' = 3)), f.`verdict`) AS `verdict`,
    if(got_stale AND f.`verdict` != 'withheld', 'stale', toString(f.`reason`)) AS `reason`,
    if(got_stale, '', toString(f.`priority`)) AS `priority`,
    CAST(multiIf(got_stale, 'stale', got_late AND f.`freshness` = 'fresh', 'late', toString(f.`freshness`)) AS Enum8('fresh' = 0, 'late' = 1, 'stale' = 2, 'missing' = 3, 'never' = 4)) AS `freshness`";

/// What both views of what is counted of events show.
const MEASURE_WINDOW: &str = "\
SELECT
    w.indicator AS measure,
    w.subject AS log_source,
    w.kind AS kind,
    w.start_time AS start_time,
    w.end_time AS end_time,
    w.sum AS value,
    w.count AS whole_minutes,
    w.expected AS expected_minutes,
    w.count > 0 AND 4 * w.count >= 3 * w.expected AS is_whole,
    w.closed_by AS closed_by,
    w.revision AS revision
";

/// What both views of sketches show of a window of a measure of different ones.
const MEASURE_REGISTERS: &str = "\
SELECT
    f.indicator AS measure,
    f.subject AS log_source,
    f.kind AS kind,
    f.start_time AS start_time,
    f.end_time AS end_time,
    f.sum AS value,
    f.count > 0 AND 4 * f.count >= 3 * f.expected AS is_whole,
    f.registers.number AS `registers.number`,
    f.registers.rank AS `registers.rank`,
    f.epoch AS revision
";

/// What both views show of how many different ones there were at all log sources together.
const MEASURE_DISTINCT: &str = "\
SELECT
    r.measure AS measure,
    r.kind AS kind,
    r.start_time AS start_time,
    any(r.end_time) AS end_time,
    {different_ones} AS value,
    count() AS log_sources,
    countIf(NOT r.is_whole) AS missing,
    max(r.revision) AS revision
";

/// How many different ones sketches `r` tell of together: each register the largest of theirs, and the estimate of
/// `stream/src/counted/sketch.rs`. Where one was stored before registers were kept, numbers are added up.
pub(crate) const DIFFERENT_ONES: &str = "\
if(countIf(r.value > 0 AND empty(r.`registers.number`)) > 0, sum(r.value), \
arrayMap((zeros, ranked) -> round(if(zeros > 0 AND 0.7213 / (1 + 1.079 / 4096) * 4096 * 4096 / (zeros + ranked) <= 2.5 * 4096, \
4096 * log(4096 / zeros), 0.7213 / (1 + 1.079 / 4096) * 4096 * 4096 / (zeros + ranked))), \
[4096 - length(maxMap(r.`registers.number`, r.`registers.rank`).1)], \
[arraySum(rank -> exp2(-toFloat64(rank)), maxMap(r.`registers.number`, r.`registers.rank`).2)])[1])";

/// What both views of how long alerts take show.
const ALERT_TIMES: &str = "\
SELECT
    concat(rule, '~', subject, '~', toString(number)) AS id,
    rule,
    subject,
    number,
    about,
    newest.1 AS priority,
    newest.2 AS active,
    newest.3 AS acknowledged,
    raised_at,
    taken.1 AS acknowledged_at,
    if(newest.2, NULL, ended.1) AS cleared_at,
    (toUnixTimestamp64Milli(acknowledged_at) - toUnixTimestamp64Milli(raised_at)) / 1000 AS seconds_to_acknowledge,
    (toUnixTimestamp64Milli(cleared_at) - toUnixTimestamp64Milli(raised_at)) / 1000 AS seconds_to_clear,
    generation,
    revision
FROM
(
    SELECT
        a.rule AS rule,
        a.subject AS subject,
        a.number AS number,
        any(a.about) AS about,
        any(a.generation) AS generation,
        argMax(tuple(a.priority, a.active, a.acknowledged), tuple(a.epoch, a.seq)) AS newest,
        min(a.at) AS raised_at,
        argMaxIf(tuple(toNullable(a.at)), tuple(a.epoch, a.seq), a.change = 'acknowledged' AND a.user != 'ioc') AS taken,
        argMaxIf(tuple(toNullable(a.at)), tuple(a.epoch, a.seq), a.change = 'cleared') AS ended,
        max(a.epoch) AS revision
    FROM alert AS a
";

/// What is shown of an event, whenever: the names of users are masked in one place. In texts a name is masked where it
/// stands as a word of its own, since an attacker's account may be one letter; where it begins or ends with a letter that is
/// none of ASCII there is no such edge to look for. Of attributes those are names of users that end so.
const EVENT_VIEW: &str = include_str!("event_view.sql");

/// What is worked out of reported cells.
const REPORTED: &str = include_str!("reported.sql");

/// How agencies keep what they owe.
const OBLIGATIONS: &str = include_str!("obligations.sql");

/// What is worked out of them on maps.
const RESTATED: &str = include_str!("restated.sql");

/// What they add up to in groups of units.
const REPORT_GROUP: &str = include_str!("report_group.sql");

/// The label of a period, as model/src/form/period.rs writes it.
const PERIOD: &str = "\
multiIf(
    {of}period_kind = 'day', toString({of}period_start),
    {of}period_kind = 'week', concat(toString(toISOYear({of}period_start)), '-W', leftPad(toString(toISOWeek({of}period_start)), 2, '0')),
    {of}period_kind IN ('month', 'admin_month'), concat(toString(toYear({of}period_end)), '-', leftPad(toString(toMonth({of}period_end)), 2, '0')),
    {of}period_kind IN ('quarter', 'admin_quarter'), concat(toString(toYear({of}period_end)), '-Q', toString(toQuarter({of}period_end))),
    {of}period_kind IN ('half_year', 'admin_half_year'), concat(toString(toYear({of}period_end)), if(toMonth({of}period_end) <= 6, '-S1', '-S2')),
    {of}period_kind IN ('year', 'admin_year'), toString(toYear({of}period_end)),
    {of}period_kind = 'school_year', concat(toString(toYear({of}period_start)), '-', toString(toYear({of}period_start) + 1)),
    concat(
        toString(toYear(addMonths({of}period_start, -8))), '-', toString(toYear(addMonths({of}period_start, -8)) + 1),
        multiIf(toMonth({of}period_start) = 9, '-R1', toMonth({of}period_start) = 12, '-R2', '-R3'))
)";

/// Which places a form is about on the last day of a period of which something is known.
const FORM_PLACES: &str = "\
(
    SELECT w.form AS form, w.period_end AS period_end, f.code AS code, f.valid_from AS valid_from
    FROM (SELECT DISTINCT form, period_end FROM report_value{values}) AS w
    INNER JOIN form_place_current AS f ON f.form = w.form
    WHERE f.valid_from <= w.period_end AND ifNull(f.valid_to >= w.period_end, true)
)";

/// How many those are.
const PLACES: &str = "\
(
    SELECT form, period_end, count() AS places
    FROM {form_places}
    GROUP BY form, period_end
)";

/// Receipts whose messages were read again later, which made others of them. Of receipts it reads those of such messages alone:
/// they arrived when their messages did.
pub(crate) const RECEIPTS_READ_AGAIN: &str = "\
(
    SELECT f.log, f.partition, f.offset, f.epoch
    FROM
    (
        SELECT log, partition, offset, epoch
        FROM receipt
        WHERE (received_at, log, partition, offset) IN (SELECT received_at, log, partition, offset FROM replayed WHERE reread IN ('read', 'replaced'))
    ) AS f
    INNER JOIN replayed AS p ON p.log = f.log AND p.partition = f.partition AND p.offset = f.offset
    WHERE p.reread IN ('read', 'replaced') AND p.epoch > f.epoch AND p.epoch <= {committed}
)";

/// The statements that make the views, local times in that zone.
pub(super) fn statements(zone: &str) -> impl Iterator<Item = String> {
    let stored = SAID_ANEW.iter().map(|fact| fact.table).chain(["superseded", "event"]).map(stored);
    let read = SAID_ANEW.iter().flat_map(|fact| {
        [
            view(fact, "current", COMMITTED, fact.current),
            view(fact, "known_at", COMMITTED_KNOWN_AT, fact.known_at),
        ]
    });
    let others = super::statements(include_str!("views.sql"))
        .map(|statement| statement.replace("{measure_window}", MEASURE_WINDOW))
        .map(|statement| with_registers(&statement))
        .map(|statement| statement.replace("{alert_times}", ALERT_TIMES))
        .map(|statement| statement.replace("{receipts_read_again}", RECEIPTS_READ_AGAIN))
        .map(|statement| statement.replace("{figure_columns}", &figure_columns(AS_SAID)))
        .map(|statement| statement.replace("{figure_columns_as_aged}", &figure_columns(AS_AGED)));
    stored.chain(read).chain(others).chain(reported()).chain(in_zone(zone))
}

/// Fills in what the views of sketches read: windows as they are, or as they were known at a moment.
fn with_registers(statement: &str) -> String {
    let window = SAID_ANEW.iter().find(|fact| fact.table == "window").expect("windows are said anew");
    let filled = [
        ("{measure_registers}", MEASURE_REGISTERS.to_owned()),
        ("{measure_distinct}", MEASURE_DISTINCT.to_owned()),
        ("{different_ones}", DIFFERENT_ONES.to_owned()),
        ("{distinct_counts}", distinct_counts()),
        ("{windows_as_they_are}", window.with(COMMITTED)),
        ("{windows_as_known}", window.with(COMMITTED_KNOWN_AT)),
        ("{window_rows}", window.rows()),
        ("{is_last_word}", window.is_last_word()),
    ];
    filled
        .iter()
        .fold(statement.to_owned(), |statement, (placeholder, text)| statement.replace(placeholder, text))
}

/// The words of what is counted by sketches.
fn distinct_counts() -> String {
    let words: Vec<String> =
        Count::ALL.iter().filter(|it| it.is_distinct()).map(|it| format!("'{}'", it.word())).collect();
    format!("({})", words.join(", "))
}

/// As of when a view of what is reported or owed is, as its statements say it.
#[derive(Clone, Copy)]
struct AsOf {
    /// What its name ends with,
    at: &'static str,
    /// that of the views of facts that it reads,
    values: &'static str,
    /// that of others like it that it reads,
    asked: &'static str,
    /// the same of those of the map of a day,
    mapped: &'static str,
    /// and what its comment says of it.
    said: &'static str,
}

const AS_OF: [AsOf; 2] = [
    AsOf { at: "", values: "_current", asked: "", mapped: "(map_date = {map_date:Date32})", said: "" },
    AsOf {
        at: "_known_at",
        values: "_known_at(known_at = {known_at:DateTime64(3, 'UTC')})",
        asked: "_known_at(known_at = {known_at:DateTime64(3, 'UTC')})",
        mapped: "_known_at(map_date = {map_date:Date32}, known_at = {known_at:DateTime64(3, 'UTC')})",
        said: ", as it was known at a moment: …_known_at(known_at = …)",
    },
];

impl AsOf {
    fn fill(self, statement: String) -> String {
        let AsOf { at, values, asked, said, .. } = self;
        let (of_v, of_m) = (PERIOD.replace("{of}", "v."), PERIOD.replace("{of}", "m."));
        let filled = [
            ("{period_of_v}", &*of_v),
            ("{period}", &*of_m),
            ("{places}", PLACES),
            ("{form_places}", FORM_PLACES),
            ("{at}", at),
            ("{values}", values),
            ("{asked}", asked),
            ("{said}", said),
        ];
        replaced(statement, &filled)
    }

    /// Those of a map: what it is called, its day, what the comment says of it, and how others of it are read.
    fn restated(self, map: &str, day: &str, of_map: &str, mapped: &str) -> Vec<String> {
        let first_day =
            format!("(SELECT maxOrNull(map_from) FROM place_conversion_current WHERE map_from <= {day})");
        let of_map = of_map.replace('\'', "\\'");
        let filled =
            [("{map}", map), ("{first_day}", &*first_day), ("{of_map}", &*of_map), ("{mapped}", mapped)];
        super::statements(RESTATED).map(|statement| self.fill(replaced(statement, &filled))).collect()
    }
}

/// Each view of what is reported and owed, as it is and as it was known at a moment.
fn reported() -> impl Iterator<Item = String> {
    AS_OF.into_iter().flat_map(|of| {
        super::statements(REPORTED)
            .chain(super::statements(OBLIGATIONS))
            .chain(super::statements(REPORT_GROUP))
            .map(move |statement| of.fill(statement))
            .chain(of.restated("map", "{map_date:Date32}", "the map of a day: map_date = …", of.mapped))
    })
}

fn replaced(statement: String, filled: &[(&str, &str)]) -> String {
    filled.iter().fold(statement, |statement, (placeholder, text)| statement.replace(placeholder, text))
}

/// Those that are of a time zone: with local times, and of today's map. An IANA name, as packs have it, or one that ends no
/// string.
pub(super) fn in_zone(zone: &str) -> impl Iterator<Item = String> {
    let zone = zone.replace(['\'', '\\'], "");
    let today = format!("toDate32(now('{zone}'))");
    AS_OF
        .into_iter()
        .flat_map(move |of| of.restated("todays_map", &today, "today's map", of.asked))
        .chain(super::statements(include_str!("local_times.sql")))
        .map(move |statement| statement.replace("{event_view}", EVENT_VIEW).replace("{zone}", &zone))
}

fn figure_columns(judged: &str) -> String {
    FIGURE_COLUMNS.replace("{judged}", judged)
}

fn stored(table: &str) -> String {
    format!(
        "CREATE OR REPLACE VIEW {table}_stored {{on_cluster}} AS\n\
         SELECT * FROM {table}\n\
         COMMENT 'All rows of {table}. Other views read them here, so that they look at them after the last commit'"
    )
}

fn view(fact: &SaidAnew, when: &str, as_of: &str, comment: &str) -> String {
    let columns: Vec<String> = fact.columns.iter().map(|column| shown(column)).collect();
    format!(
        "CREATE OR REPLACE VIEW {name}_{when} {{on_cluster}} AS\n\
         WITH {with}\n\
         SELECT\n    {columns}\n\
         FROM {rows} AS f\n\
         WHERE {is_last_word}\n\
         COMMENT '{comment}'",
        name = fact.name,
        with = fact.with(as_of),
        columns = columns.join(",\n    "),
        rows = fact.rows(),
        is_last_word = fact.is_last_word(),
    )
}

fn shown(column: &str) -> String {
    match column.contains(" AS ") {
        true => column.to_owned(),
        false => format!("f.`{column}` AS `{column}`"),
    }
}
