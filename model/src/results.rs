//! What an epoch made: the facts that leave the dataflow for the store and the boards, and what it asks of the store.
//!
//! All facts are arranged, so that the same epoch gives the same bytes for any number of workers (invariant REPLAY):
//! each kind says how, beside its row.

use std::collections::BTreeMap;

mod derived;
mod duty;
mod event;
mod figure;
mod held;
mod obligation;
mod read;
mod received;
mod replay;
mod report;

pub use self::{
    derived::{Assessment, IndexResult, LimitVerdict, WindowResult},
    duty::{AlertResult, Evidence, StatusResult, StoredAction},
    event::StoredEvent,
    figure::{FigureHour, FigureInput, FigureResult},
    held::{HeldRow, StoredDecision},
    obligation::{Obligation, ObligationState},
    read::MessagesRead,
    received::{FeedMinute, RAW_KEPT, RejectedRow, RowStanding, StoredObservation},
    replay::{ReplayedRow, Reread, StoredReplay},
    report::{FINDINGS_KEPT, Receipt, ReportVerdict, StoredCell},
};
pub use crate::fact::Superseded;
use crate::{
    epoch::{Epoch, Generation},
    fact::facts,
    name::Name,
    pack::PackVersion,
    position::Position,
    question::Question,
    rebirth::RebirthWanted,
    time::Now,
};

/// Hands the list of all kinds of facts to another macro: the name under which an epoch keeps them, and their row. The
/// order is that in which an epoch is encoded.
///
/// Whatever must know all kinds goes by this list; the rest of a kind is said by its [`Fact`](crate::fact::Fact).
#[macro_export]
macro_rules! each_fact {
    ($then:ident) => {
        $then! {
            /// Accepted rows that were not duplicates.
            observations: $crate::results::StoredObservation,
            /// New and revised windows.
            windows: $crate::results::WindowResult,
            /// New and revised indices.
            indices: $crate::results::IndexResult,
            /// New and revised judgements of means by limits.
            assessments: $crate::results::Assessment,
            /// Stations whose state changed.
            statuses: $crate::results::StatusResult,
            /// What happened to alerts, in order.
            alerts: $crate::results::AlertResult,
            /// Operators' actions.
            actions: $crate::results::StoredAction,
            /// Rejected rows and envelopes.
            rejects: $crate::results::RejectedRow,
            /// Rows that an operator must decide about, and those that one decided about.
            held: $crate::results::HeldRow,
            /// What operators decided.
            decisions: $crate::results::StoredDecision,
            /// What became of each feed's envelopes and rows.
            feed_minutes: $crate::results::FeedMinute,
            /// The figures of the overview.
            figures: $crate::results::FigureResult,
            /// Events that were not duplicates.
            events: $crate::results::StoredEvent,
            /// What agencies reported, where that is not what they had said before.
            report_values: $crate::results::StoredCell,
            /// What became of the messages of forms.
            receipts: $crate::results::Receipt,
            /// Who owes which report, where that is not how it stood before.
            obligations: $crate::results::Obligation,
            /// What operators asked to have read again.
            replays: $crate::results::StoredReplay,
            /// Messages that were read again.
            replayed: $crate::results::ReplayedRow,
            /// Keys of other tables that were said anew. They follow from the rows when those are arranged.
            superseded: $crate::results::Superseded,
        }
    };
}

each_fact!(facts);

/// Everything one epoch made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EpochResults {
    /// The epoch; also the revision of all its windows.
    pub epoch: Epoch,
    /// The pass it belongs to.
    pub generation: Generation,
    /// The manifest's wall clock.
    pub now: Now,
    /// SHA-256 of the manifest's bytes.
    pub manifest_hash: [u8; 32],
    /// The pack it was decoded and judged with.
    pub pack: PackVersion,
    /// What is stored.
    pub facts: Facts,
    /// How much of addresses and users each rule of events forgot, since there were more than are kept: no fact, but
    /// told ([`Name`] of the rule).
    pub forgotten: BTreeMap<Name, u64>,
    /// How many events of hosts behind each relay are counted with the rest of them, since it named more than are told
    /// apart: no fact, but told ([`Name`] of the relay).
    pub untold: BTreeMap<Name, u64>,
    /// Nodes of Sparkplug that should be born again: no fact, but carried out once the epoch is committed.
    pub rebirths: Vec<RebirthWanted>,
    /// How many metrics of births, and messages of nodes, of each sender there was no room for: no fact, but told ([`Name`]
    /// of the sender).
    pub births_cut: BTreeMap<Name, u64>,
    /// How many rows messages had, by position: no fact, but told to who watches what arrives.
    pub read: Vec<MessagesRead>,
    /// Where the messages lie of which rows began to wait until the store was asked, one entry a row: told like that.
    pub waited: Vec<Position>,
    /// What the store must be asked before what waits for it can be judged.
    pub questions: Vec<Question>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fact::Ranks,
        name::Name,
        status::StationStatus,
        time::Now,
        window::{Aggregate, ClosedBy, Registers, WindowKind},
    };

    fn observation(row: u32) -> StoredObservation {
        StoredObservation {
            indicator: Name::from("pm25"),
            subject: Name::from("A1"),
            event_time: crate::time::EventTime(0),
            value: f64::from(row),
            quality: crate::observation::Quality::Good,
            feed: Name::from("air"),
            sender: Name::default(),
            arrival: crate::position::Arrival { row, ..Default::default() },
            standing: RowStanding::First,
            last_word: true,
        }
    }

    fn window(subject: &str, count: u64) -> WindowResult {
        WindowResult {
            indicator: Name::from("pm25"),
            subject: Name::from(subject),
            kind: WindowKind::Hour,
            start: crate::time::EventTime(0),
            end: crate::time::EventTime(3_600_000),
            aggregate: Aggregate { count, ..Aggregate::default() },
            received: 1,
            expected: 1,
            closed_by: ClosedBy::Watermark,
            spiked: false,
            registers: Registers::default(),
        }
    }

    fn status(subject: &str) -> StatusResult {
        let subject = Name::from(subject);
        let (status, since) = (StationStatus::Good, Now(0));
        StatusResult { subject, status, since, last_event: None, sensor: None, clock_off: None }
    }

    #[test]
    fn replay_facts_are_the_same_however_many_workers_made_them_and_whichever_was_first() {
        let shares = || {
            let one = Facts {
                observations: [0, 3, 4].map(observation).into(),
                windows: vec![window("B", 1), window("A", 1), window("B", 2)],
                statuses: vec![status("B")],
                ..Facts::default()
            };
            let other = Facts {
                observations: [1, 2, 5].map(observation).into(),
                windows: vec![window("C", 1)],
                statuses: vec![status("A")],
                ..Facts::default()
            };
            [one, other]
        };
        let gathered = |shares: Vec<Facts>| {
            let mut all = Facts::default();
            shares.into_iter().for_each(|share| all.gather(share));
            all.arrange(&mut Ranks::default());
            all
        };
        let facts = gathered(shares().into());
        assert_eq!(facts, gathered(shares().into_iter().rev().collect()));
        let rows: Vec<u32> = facts.observations.iter().map(|row| row.arrival.row).collect();
        assert_eq!(rows, [0, 1, 2, 3, 4, 5]);
        let windows: Vec<(&str, u64)> =
            facts.windows.iter().map(|row| (row.subject.as_str(), row.aggregate.count)).collect();
        assert_eq!(windows, [("A", 1), ("B", 2), ("C", 1)], "what was found last counts");
        assert_eq!(facts.len(), 11);
    }

    #[test]
    fn every_kind_has_a_table_of_its_own() {
        let names: std::collections::BTreeSet<&str> = Facts::TABLES.iter().map(|table| table.name).collect();
        assert_eq!(names.len(), Facts::TABLES.len());
        assert!(Facts::default().is_empty());
    }
}
