//! One feed on the board: what became of all it ever sent, and when it was last heard.

use ioc_model::{counts::Counts, epoch::Epoch, name::Name, time::ReceivedAt};
use serde::Serialize;

/// A feed's figures up to the last committed epoch.
#[derive(Clone, Debug, Default)]
pub struct FeedTile {
    counts: Counts,
    changed: Epoch,
}

impl FeedTile {
    /// From the store's totals.
    #[must_use]
    pub fn hydrated(counts: Counts, epoch: Epoch) -> FeedTile {
        FeedTile { counts, changed: epoch }
    }

    /// Adds what one epoch counted.
    pub fn count(&mut self, epoch: Epoch, counts: &Counts) {
        if counts.is_zero() {
            return;
        }
        self.counts.add(counts);
        self.changed = self.changed.max(epoch);
    }

    /// The last epoch that changed it.
    #[must_use]
    pub fn changed(&self) -> Epoch {
        self.changed
    }

    /// The feed as it is sent.
    #[must_use]
    pub fn view(&self, id: Name) -> FeedView {
        FeedView {
            id,
            counts: self.counts,
            envelopes_astray: self.counts.envelopes_astray(),
            rows_astray: self.counts.rows_astray(),
            last_received: self.counts.last_received,
        }
    }
}

/// A feed as the page gets it. Envelopes in flight come with the system's status: they are counted elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeedView {
    /// Identifier.
    pub id: Name,
    /// What became of its envelopes and rows.
    pub counts: Counts,
    /// Envelopes nobody accounted for: an alarm unless 0 (invariant BALANCE).
    pub envelopes_astray: i64,
    /// Rows nobody accounted for: an alarm unless 0 (invariant BALANCE).
    pub rows_astray: i64,
    /// When its last envelope arrived; none if it never sent.
    pub last_received: Option<ReceivedAt>,
}
