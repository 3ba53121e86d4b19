//! From envelopes to observations and rejects.
//!
//! A pure function of the envelope and of one version of the pack: the dataflow calls it on recorded input and must
//! get the same answer on every replay (invariant REPLAY). Nothing here can fail or stop: what is wrong with an
//! envelope is data (invariant SAFE).

use std::sync::Arc;

use ioc_model::{
    calendar::Calendar,
    envelope::Envelope,
    names::{FeedId, Names},
    observation::Observation,
    pack::Pack,
    reject::Rejection,
};

/// Decodes envelopes under one version of a pack.
#[derive(Debug)]
pub struct Decoder {
    pack: Arc<Pack>,
    names: Names,
    calendar: Calendar,
}

/// What an envelope became.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Rows were read: `rows` of them, each handed to the sink as an observation or a rejection.
    Decoded {
        /// How many.
        rows: u32,
    },
    /// It carries nothing by design (a heartbeat).
    Empty,
    /// No row could be read.
    Undecodable(Rejection),
}

/// Takes an envelope's rows, in row order. Row numbers count from 0 over good and bad rows together.
pub trait RowSink {
    /// A row that keeps its contract.
    fn observation(&mut self, observation: Observation);
    /// A row that does not; `raw` is the row's own bytes, as far as the format can tell them apart.
    fn rejected(&mut self, row: u32, rejection: Rejection, raw: &[u8]);
}

impl Decoder {
    /// The feed an envelope is counted under. Feeds the pack does not know (any more) keep their name.
    #[must_use]
    pub fn feed(&self, envelope: &Envelope<'_>) -> FeedId {
        FeedId(self.names.feeds.number(envelope.feed))
    }

    /// The pack.
    #[must_use]
    pub fn pack(&self) -> &Arc<Pack> {
        &self.pack
    }

    /// The process's names.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The pack's calendar.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }
}
