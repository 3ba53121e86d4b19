//! Facts of what agencies reported, and of what became of each message.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::{
    calendar::Calendar,
    fact::{Fact, Superseded, Table},
    form::{Cell, CellKey, Finding, Period, Value},
    name::Name,
    position::Arrival,
    results::RowStanding,
    time::EventTime,
};

/// A row of the `report_value` table: what an agency said of a cell, where that is not what it had said before.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCell {
    /// The form.
    pub form: Name,
    /// The agency that reports.
    pub agency: Name,
    /// What it said.
    pub cell: Cell,
    /// What the same agency had said of it in that vintage; none where nothing.
    pub was: Option<Value>,
    /// How it stands to what the same agency had said.
    pub standing: RowStanding,
    /// Whether this is what is shown of its key from this epoch on: the highest vintage of the owner's, the newest of that.
    pub shown: bool,
    /// Whether something else was shown of its key before this epoch.
    pub replaces: bool,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// When and where it arrived. Its row is the cell's.
    pub arrival: Arrival,
}

/// What became of a message as a whole. Their numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ReportVerdict {
    /// All of its cells were taken.
    Accepted = 0,
    /// Those without an error were taken.
    InPart = 1,
    /// None was.
    Refused = 2,
    /// The same bytes came before from the same agency: nothing was looked at.
    Duplicate = 3,
    /// It waits for a person's word.
    Held = 4,
}

impl ReportVerdict {
    /// All of them, in the order of their numbers.
    pub const ALL: [ReportVerdict; 5] = [
        ReportVerdict::Accepted,
        ReportVerdict::InPart,
        ReportVerdict::Refused,
        ReportVerdict::Duplicate,
        ReportVerdict::Held,
    ];

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ReportVerdict::Accepted => "accepted",
            ReportVerdict::InPart => "in_part",
            ReportVerdict::Refused => "refused",
            ReportVerdict::Duplicate => "duplicate",
            ReportVerdict::Held => "held",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<ReportVerdict> {
        ReportVerdict::ALL.into_iter().find(|verdict| verdict.word() == word)
    }
}

/// A row of the `receipt` table: what became of one message of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The form.
    pub form: Name,
    /// The agency that reports.
    pub agency: Name,
    /// What it is about, as far as it says so.
    pub period: Option<Period>,
    /// What became of it.
    pub verdict: ReportVerdict,
    /// Rows of it in all: stored + same + rejected.
    pub rows: u32,
    /// Cells that were stored: new, changed, or kept beside the owner's.
    pub stored: u32,
    /// Of those, the ones that changed what the same agency had said.
    pub changed: u32,
    /// Of those, the ones of which another agency is the owner.
    pub conflicts: u32,
    /// Cells that say what was known.
    pub same: u32,
    /// Rows that were not taken.
    pub rejected: u32,
    /// Cells that it left out and that stay as they were.
    pub kept: u32,
    /// Cells that it took back by leaving them out.
    pub withdrawn: u32,
    /// What was found, the heaviest first, those alike by their order in the message; at most
    /// [`FINDINGS_KEPT`], the last of which then says how many more there are.
    pub findings: Vec<Finding>,
    /// SHA-256 of the bytes that came, its first half.
    pub digest: [u8; 16],
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// When and where it arrived.
    pub arrival: Arrival,
}

/// The most findings of a receipt.
pub const FINDINGS_KEPT: usize = 1_000;

impl Fact for StoredCell {
    const TABLE: Table = Table { name: "report_value", time_column: "period_start" };

    /// The first moment of its period's first day, as if days were UTC's: months of periods are partitions.
    fn time(&self) -> i64 {
        start_of(self.cell.key.period)
    }

    fn size(&self) -> usize {
        192 + self.cell.at.len() + self.cell.as_sent.len() + self.cell.note.len()
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.arrival.place().cmp(&other.arrival.place())
    }

    fn anew(&self) -> Option<Superseded> {
        let CellKey { indicator, breakdown, place, place_from, period } = self.cell.key;
        (self.shown && self.replaces).then(|| Superseded {
            fact: Self::TABLE,
            measure: Name::new(&format!("{}/{indicator}", self.form)),
            subject: Name::new(&format!("{place}@{place_from}/{breakdown}")),
            kind: period.kind.word(),
            time: EventTime(start_of(period)),
        })
    }
}

pub(super) fn start_of(period: Period) -> i64 {
    const DAY: i64 = 86_400_000;
    i64::from(Calendar::number(period.start).0) * DAY
}

impl Fact for Receipt {
    const TABLE: Table = Table { name: "receipt", time_column: "received_at" };

    fn time(&self) -> i64 {
        self.arrival.received_at.0
    }

    fn size(&self) -> usize {
        let texts = |finding: &Finding| {
            let Finding { at, stands, message, .. } = finding;
            at.len() + stands.len() + message.vi.len() + message.en.len() + 16
        };
        192 + self.findings.iter().map(texts).sum::<usize>()
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.arrival.place().cmp(&other.arrival.place())
    }
}
