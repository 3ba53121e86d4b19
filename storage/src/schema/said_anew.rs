//! Facts whose keys can be said anew, and how one finds what is current of them.
//!
//! The flow says in a row of `superseded` that a key was said anew. Reading as of an epoch, a row counts if it was stored
//! up to then, if it was its key's last word (`until`), and if its key was not said anew since. Words from before a
//! mark are in `until` itself ([`marking`](crate::marking)), so only the newest have to be looked up.
//!
//! They are looked up by moment, then by a hash of 64 bits of the key. That a row is left out for another key's sake
//! takes two keys of the same hash and the same moments: about once in a million tables of a billion rows.

/// A fact whose key can be said anew.
#[derive(Debug)]
pub(crate) struct SaidAnew {
    /// What its views are called, before `_current` and `_known_at`.
    pub(crate) name: &'static str,
    pub(crate) table: &'static str,
    /// What the words call the measure: an expression over a row, in which `{of}` stands before its columns.
    measure: &'static str,
    /// What they call the subject.
    subject: &'static str,
    /// What they call the kind; empty for an observation.
    kind: &'static str,
    /// What they call the time.
    time: &'static str,
    /// What the table is divided by: a span of that time.
    pub(crate) divided: Divided,
    /// What is shown: columns of the table as they are, or an expression over its row `f` under a name.
    pub(crate) columns: &'static [&'static str],
    pub(crate) current: &'static str,
    pub(crate) known_at: &'static str,
}

/// How a table is divided into partitions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Divided {
    ByMonth,
    /// Of what is asked for over many years at once (migration 37).
    ByYear,
}

impl Divided {
    /// The id of the partition in which rows of a month, as `yyyymm`, lie.
    pub(crate) fn partition(self, month: u32) -> u32 {
        match self {
            Divided::ByMonth => month,
            Divided::ByYear => month / 100,
        }
    }
}

/// All of them.
pub(crate) const SAID_ANEW: &[SaidAnew] = &[
    SaidAnew {
        name: "observation",
        table: "observation",
        measure: "{of}`indicator`",
        subject: "{of}`subject`",
        kind: "''",
        time: "{of}`event_time`",
        divided: Divided::ByMonth,
        columns: &[
            "indicator",
            "subject",
            "event_time",
            "value",
            "quality",
            "feed",
            "received_at",
            "log",
            "partition",
            "offset",
            "row",
            "standing",
            "sender",
        ],
        current: "The current value of every indicator, subject and event time",
        known_at: "The values of every indicator, subject and event time as they were known at a moment: \
                   observation_known_at(known_at = …)",
    },
    SaidAnew {
        name: "window",
        table: "window",
        measure: "{of}`indicator`",
        subject: "{of}`subject`",
        kind: "toString({of}`kind`)",
        time: "{of}`start_time`",
        divided: Divided::ByMonth,
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
            "spiked",
            "generation",
            "f.epoch AS revision",
        ],
        current: "The current result of every minute, hour and day",
        known_at: "The results of windows as they were known at a moment: window_known_at(known_at = …)",
    },
    SaidAnew {
        name: "index",
        table: "index_value",
        measure: "{of}`index`",
        subject: "{of}`subject`",
        kind: "toString({of}`kind`)",
        time: "{of}`start_time`",
        divided: Divided::ByMonth,
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
        measure: "{of}`indicator`",
        subject: "{of}`subject`",
        kind: "toString({of}`averaging`)",
        time: "{of}`start_time`",
        divided: Divided::ByMonth,
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
    // Of a cell that one is shown of which the owner's word counts and which is the most final. It has six parts, and the
    // words four.
    SaidAnew {
        name: "report_value",
        table: "report_value",
        measure: "concat({of}`form`, '/', {of}`indicator`)",
        subject: "concat({of}`place`, '@', toString({of}`place_from`), '/', {of}`breakdown`)",
        kind: "toString({of}`period_kind`)",
        time: "toDateTime64({of}`period_start`, 3, 'UTC')",
        divided: Divided::ByYear,
        columns: &[
            "form",
            "indicator",
            "breakdown",
            "place",
            "place_from",
            "period_kind",
            "period_start",
            "period_end",
            "agency",
            "vintage",
            "mark",
            "value",
            "if(f.mark = 'none', toDecimal128(0, 9), f.value) AS counts",
            "as_sent",
            "note",
            "at",
            "was_mark",
            "was_value",
            "standing",
            "feed",
            "sender",
            "received_at",
            "log",
            "partition",
            "offset",
            "row",
            "generation",
            "f.epoch AS revision",
        ],
        current: "What is shown of every cell of a form: the word of its owner, the most final there is",
        known_at: "What was shown of every cell of a form at a moment: report_value_known_at(known_at = …)",
    },
    // Who owes it is one name: two versions of a place owe no period twice.
    SaidAnew {
        name: "obligation",
        table: "obligation",
        measure: "{of}`form`",
        subject: "{of}`agency`",
        kind: "toString({of}`period_kind`)",
        time: "toDateTime64({of}`period_start`, 3, 'UTC')",
        divided: Divided::ByMonth,
        columns: &[
            "form",
            "agency",
            "place",
            "place_from",
            "period_kind",
            "period_start",
            "period_end",
            "period_label",
            "owed_from",
            "due_at",
            "state",
            "received_at",
            "late_seconds",
            "revisions",
            "revised_at",
            "rejected",
            "rejected_at",
            "reminders",
            "said_at",
            "first_log",
            "first_partition",
            "first_offset",
            "last_log",
            "last_partition",
            "last_offset",
            "rejected_log",
            "rejected_partition",
            "rejected_offset",
            "generation",
            "f.epoch AS revision",
        ],
        current: "Who owes which report when, and how that stands",
        known_at: "Who owed which report when, and how that stood at a moment: obligation_known_at(known_at = …)",
    },
];

/// The hash of a key in the words.
pub(crate) const WORD_HASH: &str = "cityHash64(measure, subject, kind, time)";

impl SaidAnew {
    /// The hash of a row's key, where `of` names the row: the same as that of its words.
    pub(crate) fn key_hash(&self, of: &str) -> String {
        let SaidAnew { measure, subject, kind, time, .. } = self;
        format!("cityHash64({measure}, {subject}, {kind}, {time})").replace("{of}", of)
    }

    /// The time of a row, as its words have it.
    pub(crate) fn time(&self, of: &str) -> String {
        self.time.replace("{of}", of)
    }

    /// The words that are not marked yet, as of an epoch.
    fn words(&self, select: &str) -> String {
        let table = self.table;
        format!(
            "SELECT {select} FROM superseded_stored \
             WHERE fact = '{table}' AND epoch > marked_upto AND epoch <= as_of"
        )
    }

    /// What stands before a question about rows as of an epoch, which is an expression.
    pub(crate) fn with(&self, as_of: &str) -> String {
        let SaidAnew { table, .. } = self;
        let words = self.words("count()");
        format!(
            "{as_of} AS as_of, (SELECT max(upto) FROM marked WHERE fact = '{table}') AS marked_upto, \
             ({words}) AS unmarked"
        )
    }

    /// Whether a row `f` of [`rows`](SaidAnew::rows) is its key's last word. Nothing is looked up where nothing is
    /// unmarked.
    pub(crate) fn is_last_word(&self) -> String {
        let time = self.time("f.");
        let hash = self.key_hash("f.");
        let times = self.words("time");
        let hashes = self.words(WORD_HASH);
        let newest = self.words(&format!("{WORD_HASH} AS hash, max(epoch)"));
        format!(
            "f.epoch <= as_of AND f.until > as_of AND (unmarked = 0 OR {time} NOT IN ({times}) \
             OR {hash} NOT IN ({hashes}) OR ({hash}, f.epoch) IN ({newest} GROUP BY hash))"
        )
    }

    /// Where the rows are read. A view, because ClickHouse looks at a view's tables after it has worked out what the
    /// question goes by: rows of the last commit, and marks that were made, are then there.
    pub(crate) fn rows(&self) -> String {
        format!("{}_stored", self.table)
    }
}
