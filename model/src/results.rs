//! What an epoch made: the facts that leave the dataflow for the store and the boards, and what it asks of the store.
//!
//! All facts are arranged, so that the same epoch gives the same bytes for any number of workers (invariant REPLAY):
//! each kind says how, beside its row.

mod derived;
mod duty;
mod recall;
mod received;
mod superseded;

pub use self::{
    derived::{Assessment, IndexResult, Verdict, WindowResult},
    duty::{AlertResult, Evidence, StatusResult, StoredAction},
    recall::{RecallRequest, RecalledRow, RecalledWindow, WindowReach, WindowRecall},
    received::{FeedMinute, RAW_KEPT, RejectedRow, Standing, StoredObservation},
    superseded::Superseded,
};
use crate::{
    epoch::{Epoch, Generation},
    fact::Facts,
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
            /// What became of each feed's envelopes and rows.
            feed_minutes: $crate::results::FeedMinute,
            /// Keys of other tables that were said anew. They follow from the rows when those are arranged.
            superseded: $crate::results::Superseded,
        }
    };
}

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
    /// What is stored.
    pub facts: Facts,
    /// Days whose stored rows must be read back before their late rows can be judged.
    pub recalls: Vec<RecallRequest>,
    /// Windows that must be read back before what follows from a late revision can be worked out.
    pub window_recalls: Vec<WindowRecall>,
}
