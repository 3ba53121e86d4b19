//! One feed on the board: what became of all it ever sent, and when it was last heard.

use ioc_model::{
    action::OPERATOR,
    counts::Counts,
    envelope::UNMATCHED,
    epoch::Epoch,
    name::Name,
    rule::Priority,
    time::{EventTime, Millis, ReceivedAt},
};
use serde::{Deserialize, Serialize};

use crate::concern::{self, Concern};

/// So many messages in a row, and nothing good among them, are no accident.
const NO_ACCIDENT: u64 = 3;

/// A feed's figures up to the last committed epoch.
#[derive(Clone, Debug, Default)]
pub struct FeedTile {
    counts: Counts,
    /// What came since its last good row, if all of it was rejected.
    only_rejects: OnlyRejects,
    changed: Epoch,
}

/// Messages of which nothing was good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnlyRejects {
    /// How many.
    pub messages: u64,
    /// When the first of them came; none where nobody remembers.
    pub since: Option<ReceivedAt>,
}

impl FeedTile {
    /// From the store's totals.
    #[must_use]
    pub(crate) fn hydrated(counts: Counts, epoch: Epoch) -> FeedTile {
        // When the last good row came nobody remembers, unless there never was one.
        let messages = if has_good(&counts) { 0 } else { all_rejected(&counts) };
        FeedTile { counts, only_rejects: OnlyRejects { messages, since: None }, changed: epoch }
    }

    /// Adds what one epoch counted.
    pub fn count(&mut self, epoch: Epoch, counts: &Counts) {
        if counts.is_zero() {
            return;
        }
        self.counts.add(counts);
        let rejected = all_rejected(counts);
        if has_good(counts) {
            self.only_rejects = OnlyRejects::default();
        } else if rejected > 0 {
            if self.only_rejects.messages == 0 {
                self.only_rejects.since = counts.last_received;
            }
            self.only_rejects.messages += rejected;
        }
        self.changed = self.changed.max(epoch);
    }

    /// The last epoch that changed it.
    #[must_use]
    pub fn changed(&self) -> Epoch {
        self.changed
    }

    /// The feed as it is sent.
    ///
    /// `promised` is how long it may be silent; none where it promises nothing.
    #[must_use]
    pub fn view(&self, id: Name, promised: Option<Millis>) -> FeedView {
        let last = self.counts.last_received;
        let standing = match (promised, last) {
            (None, _) => FeedStanding::NoPromise,
            (Some(_), Some(_)) => FeedStanding::Heard,
            (Some(_), None) if self.counts.received > 0 => FeedStanding::Unknown,
            (Some(_), None) => FeedStanding::Never,
        };
        FeedView {
            id,
            standing,
            priority: standing.priority(),
            silent_from: promised
                .zip(last)
                .map(|(promised, last)| EventTime(last.0).plus(promised).plus(Millis(1))),
            counts: self.counts.net(),
            envelopes_astray: self.counts.envelopes_astray(),
            rows_astray: self.counts.rows_astray(),
            last_received: self.counts.last_received,
            only_rejects: self.only_rejects(&id),
            concerns: concern::of_feed(&self.counts, self.only_rejects(&id)),
        }
    }

    /// The messages since the last good row, if all of them were rejects: several, or any where nothing good ever came.
    /// It does not pass with time: that a feed sends nothing more makes nothing right (invariant SILENT).
    fn only_rejects(&self, id: &str) -> Option<OnlyRejects> {
        // The one is rejects by its nature, the other an operator's slips.
        let judged = id != UNMATCHED && id != OPERATOR;
        let messages = self.only_rejects.messages;
        let is_no_accident = messages >= NO_ACCIDENT || (messages > 0 && !has_good(&self.counts));
        (judged && is_no_accident).then_some(self.only_rejects)
    }
}

/// A row that waits is not rejected: its day is asked for, or an operator.
fn has_good(counts: &Counts) -> bool {
    counts.stored > 0 || counts.duplicate > 0 || counts.waiting > 0 || counts.held > 0
}

/// Messages of which nothing was good, where there is no good row at all. Empty ones say nothing either way.
fn all_rejected(counts: &Counts) -> u64 {
    counts.undecodable + if counts.rejected > 0 { counts.decoded } else { 0 }
}

/// What is known of how a feed keeps its promise to be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedStanding {
    /// It was heard: from when on it is silent if nothing comes is said beside.
    Heard,
    /// It never sent.
    Never,
    /// It sent, and nobody remembers when.
    Unknown,
    /// It promises nothing.
    NoPromise,
}

impl FeedStanding {
    /// How urgent it is that nothing is heard of it: of one that was heard, from the moment on at which it is silent.
    #[must_use]
    pub fn priority(self) -> Option<Priority> {
        match self {
            FeedStanding::Heard => Some(Priority::High),
            FeedStanding::Never | FeedStanding::Unknown => Some(Priority::Low),
            FeedStanding::NoPromise => None,
        }
    }
}

/// A feed as the page gets it. Envelopes in flight come with the system's status: they are counted elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedView {
    /// Identifier.
    pub id: Name,
    /// What is known of how it keeps its promise.
    pub standing: FeedStanding,
    /// How urgent it is that nothing is heard of it; none where nothing is promised.
    pub priority: Option<Priority>,
    /// From when on it is silent if nothing comes; none where it was not heard or promises nothing.
    pub silent_from: Option<EventTime>,
    /// What became of its envelopes and rows.
    pub counts: Counts,
    /// Envelopes nobody accounted for: an alarm unless 0 (invariant BALANCE).
    pub envelopes_astray: i64,
    /// Rows nobody accounted for: an alarm unless 0 (invariant BALANCE).
    pub rows_astray: i64,
    /// When its last envelope arrived; none if it never sent.
    pub last_received: Option<ReceivedAt>,
    /// Set if everything it sent lately was rejected: trouble.
    pub only_rejects: Option<OnlyRejects>,
    /// What of it is abnormal, but for its silence.
    pub concerns: Vec<Concern>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(undecodable: u64, decoded: u64, rejected: u64, stored: u64, at: i64) -> Counts {
        let (received, rows) = (undecodable + decoded, rejected + stored);
        let last_received = Some(ReceivedAt(at));
        Counts { received, undecodable, decoded, rows, rejected, stored, last_received, ..Counts::default() }
    }

    fn told(tile: &FeedTile) -> Option<(u64, Option<i64>)> {
        let only = tile.view(Name::new("air"), None).only_rejects?;
        Some((only.messages, only.since.map(|since| since.0)))
    }

    #[test]
    fn a_feed_of_which_everything_is_rejected_says_so_until_something_good_comes() {
        let mut tile = FeedTile::default();
        tile.count(Epoch(1), &counts(1, 0, 0, 0, 10));
        assert_eq!(told(&tile), Some((1, Some(10))), "nothing good ever came");
        tile.count(Epoch(2), &counts(0, 2, 4, 1, 20));
        assert_eq!(told(&tile), None, "a good row among bad ones");
        tile.count(Epoch(3), &counts(1, 1, 5, 0, 30));
        assert_eq!(told(&tile), None, "two may be an accident");
        tile.count(Epoch(4), &Counts { received: 9, empty: 9, ..Counts::default() });
        tile.count(Epoch(5), &counts(0, 1, 1, 0, 40));
        assert_eq!(told(&tile), Some((3, Some(30))), "heartbeats change nothing");
        assert_eq!(tile.view(Name::new(UNMATCHED), None).only_rejects, None);
        tile.count(Epoch(6), &counts(0, 1, 0, 1, 50));
        assert_eq!(told(&tile), None);
    }

    #[test]
    fn silent_a_feed_says_from_when_on_it_is_silent_and_one_that_promises_nothing_never_is() {
        let mut tile = FeedTile::default();
        let told = |tile: &FeedTile, promised: Option<i64>| {
            let FeedView { standing, silent_from, .. } = tile.view(Name::new("air"), promised.map(Millis));
            (standing, silent_from.map(|from| from.0))
        };
        assert_eq!(told(&tile, Some(100)), (FeedStanding::Never, None));
        tile.count(Epoch(1), &Counts { received: 1, ..Counts::default() });
        assert_eq!(told(&tile, Some(100)), (FeedStanding::Unknown, None));
        tile.count(Epoch(2), &counts(0, 1, 0, 1, 50));
        assert_eq!(told(&tile, Some(100)), (FeedStanding::Heard, Some(151)));
        assert_eq!(told(&tile, None), (FeedStanding::NoPromise, None));
    }

    #[test]
    fn after_a_start_only_what_never_was_good_is_known() {
        let never = FeedTile::hydrated(counts(2, 1, 1, 0, 10), Epoch(7));
        assert_eq!(told(&never), Some((3, None)));
        let once = FeedTile::hydrated(counts(2, 2, 1, 1, 10), Epoch(7));
        assert_eq!(told(&once), None);
    }
}
