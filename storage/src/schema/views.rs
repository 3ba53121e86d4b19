//! What people read of facts that are said anew: how they are now, and how they were known at a moment.
//!
//! Both are rendered from one description of the fact, so that they cannot part, nor their comments and columns. They
//! belong to no numbered file: the newest migration that runs makes them as the program has them. Whoever changes one
//! adds a migration, be it an empty one.

/// The last committed epoch: what was stored later is not seen yet.
pub(crate) const COMMITTED: &str = "(SELECT last_epoch FROM committed)";
const COMMITTED_KNOWN_AT: &str =
    "(SELECT last_epoch FROM committed_known_at(known_at = {known_at:DateTime64(3, 'UTC')}))";

/// A fact of which the last row of a key is the current one.
struct SaidAnew {
    /// What the views are called, before `_current` and `_known_at`.
    name: &'static str,
    table: &'static str,
    /// The columns of the key, those of the table's order first.
    key: &'static [&'static str],
    /// What is shown: columns of the table as they are, or an expression over its row `f` under a name.
    columns: &'static [&'static str],
    current: &'static str,
    known_at: &'static str,
}

const SAID_ANEW: &[SaidAnew] = &[
    SaidAnew {
        name: "window",
        table: "window",
        key: &["kind", "indicator", "subject", "start_time"],
        columns: &[
            "indicator",
            "subject",
            "kind",
            "start_time",
            "end_time",
            "count",
            "sum",
            "if(f.count = 0, NULL, f.sum / f.count) AS mean",
            "if(f.count = 0, NULL, f.min) AS min",
            "if(f.count = 0, NULL, f.max) AS max",
            "received",
            "expected",
            "closed_by",
            "generation",
            "f.epoch AS revision",
        ],
        current: "The current result of every minute, hour and day",
        known_at: "The results of windows as they were known at a moment: window_known_at(known_at = …)",
    },
    SaidAnew {
        name: "index",
        table: "index_value",
        key: &["index", "kind", "subject", "start_time"],
        columns: &[
            "index",
            "subject",
            "kind",
            "start_time",
            "end_time",
            "value",
            "category",
            "no_value_reason",
            "dominant",
            "formula",
            "parts.indicator",
            "parts.input",
            "parts.sub_index",
            "closed_by",
            "generation",
            "f.epoch AS revision",
        ],
        current: "The current result of every index, station, hour and day",
        known_at: "The results of indices as they were known at a moment: index_known_at(known_at = …)",
    },
    // A mean is judged by one limit. The limit is not part of the key: where another pack moved a limit, the newest
    // judgement stands and the one by the limit that was replaced is history.
    SaidAnew {
        name: "assessment",
        table: "assessment",
        key: &["averaging", "indicator", "subject", "start_time"],
        columns: &[
            "limit",
            "indicator",
            "subject",
            "averaging",
            "start_time",
            "end_time",
            "value",
            "low",
            "high",
            "verdict",
            "count",
            "expected",
            "generation",
            "f.epoch AS revision",
        ],
        current: "The current judgement of every mean that has a legal limit",
        known_at: "The judgements of means as they were known at a moment: assessment_known_at(known_at = …)",
    },
];

/// The statements that make the views.
pub(super) fn statements() -> impl Iterator<Item = String> {
    SAID_ANEW.iter().flat_map(|fact| {
        [
            fact.view("current", COMMITTED, fact.current),
            fact.view("known_at", COMMITTED_KNOWN_AT, fact.known_at),
        ]
    })
}

impl SaidAnew {
    fn view(&self, when: &str, as_of: &str, comment: &str) -> String {
        let SaidAnew { name, table, key, columns, .. } = self;
        let columns: Vec<String> = columns.iter().map(|column| shown(column)).collect();
        let key: Vec<String> = key.iter().map(|column| format!("f.`{column}`")).collect();
        format!(
            "CREATE OR REPLACE VIEW {name}_{when} {{on_cluster}} AS\n\
             SELECT\n    {columns}\n\
             FROM {table} AS f\n\
             WHERE f.epoch <= {as_of}\n\
             ORDER BY {key}, f.epoch DESC\n\
             LIMIT 1 BY {key}\n\
             COMMENT '{comment}'",
            columns = columns.join(",\n    "),
            key = key.join(", "),
        )
    }
}

fn shown(column: &str) -> String {
    match column.contains(" AS ") {
        true => column.to_owned(),
        false => format!("f.`{column}` AS `{column}`"),
    }
}
