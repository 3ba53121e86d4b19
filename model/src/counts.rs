//! The two identities of counting (invariant BALANCE).
//!
//! Envelopes: received = decoded + empty + undecodable + in flight.
//! Rows: decoded = stored + duplicate + rejected + waiting + held.
//!
//! A message that is read again is counted again, and what its reading before had counted as rejected is counted as
//! read again beside it: what was counted is never taken away, and both identities hold of what is left.
//!
//! In flight, waiting and held are counted where they are, never found by subtraction: the identities can fail. What is
//! known to be lost before it came stands beside them by name: it is in neither.

use serde::{Deserialize, Serialize};

use crate::time::ReceivedAt;

/// What became of one feed's envelopes and rows. Additive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Envelopes handed to the dataflow, as the bus's frames count them.
    pub received: u64,
    /// Envelopes of which at least one row was read, good or bad.
    pub decoded: u64,
    /// Envelopes that carry nothing by design: heartbeats.
    pub empty: u64,
    /// Envelopes of which no row could be read.
    pub undecodable: u64,
    /// Rows read from decoded envelopes.
    pub rows: u64,
    /// Rows stored: new, corrections, history.
    pub stored: u64,
    /// Rows whose key, value and quality were there already.
    pub duplicate: u64,
    /// Rows that broke the contract.
    pub rejected: u64,
    /// Rows older than the state's horizon that began to wait for their day to be read back (+) or stopped (−).
    pub waiting: i64,
    /// Rows that began to wait for an operator's word (+) or stopped (−).
    pub held: i64,
    /// Datagrams that the system dropped before they could be read: of no envelope.
    pub datagrams_dropped: u64,
    /// Records that a broker deleted before they could be read: of no envelope.
    pub records_lost: u64,
    /// Envelopes of which no row could be read, and that were read again: another word of them is counted.
    pub envelopes_reread: u64,
    /// Rejected rows whose envelope was read again: what became of them is counted anew.
    pub rows_reread: u64,
    /// When the last of those envelopes arrived; none if there were none.
    pub last_received: Option<ReceivedAt>,
}

impl Counts {
    /// Adds another's figures to these.
    pub fn add(&mut self, other: &Counts) {
        self.received += other.received;
        self.decoded += other.decoded;
        self.empty += other.empty;
        self.undecodable += other.undecodable;
        self.rows += other.rows;
        self.stored += other.stored;
        self.duplicate += other.duplicate;
        self.rejected += other.rejected;
        self.waiting += other.waiting;
        self.held += other.held;
        self.datagrams_dropped += other.datagrams_dropped;
        self.records_lost += other.records_lost;
        self.envelopes_reread += other.envelopes_reread;
        self.rows_reread += other.rows_reread;
        self.last_received = self.last_received.max(other.last_received);
    }

    /// Received envelopes that nobody accounted for; 0 when the first identity holds.
    #[must_use]
    pub fn envelopes_astray(&self) -> i64 {
        self.received as i64 - (self.decoded + self.empty + self.undecodable) as i64
            + self.envelopes_reread as i64
    }

    /// Leaves out what was read again, as far as it is counted here: each is counted once.
    pub fn settle(&mut self) {
        let envelopes = self.envelopes_reread.min(self.undecodable);
        self.undecodable -= envelopes;
        self.envelopes_reread -= envelopes;
        let rows = self.rows_reread.min(self.rejected).min(self.rows);
        self.rows -= rows;
        self.rejected -= rows;
        self.rows_reread -= rows;
    }

    /// Each envelope and row once, as its last reading has it; how many were read again stands beside.
    #[must_use]
    pub fn net(&self) -> Counts {
        let mut settled = *self;
        settled.settle();
        let Counts { envelopes_reread, rows_reread, .. } = *self;
        Counts { envelopes_reread, rows_reread, ..settled }
    }

    /// Decoded rows that nobody accounted for; 0 when the second identity holds.
    #[must_use]
    pub fn rows_astray(&self) -> i64 {
        self.rows as i64 - (self.stored + self.duplicate + self.rejected) as i64 - self.waiting - self.held
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Counts::default()
    }
}
