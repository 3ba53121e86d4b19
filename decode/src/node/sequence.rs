//! The numbers of a node's messages, and which of them did not come.

use std::collections::BTreeMap;

use ioc_model::time::{Now, ReceivedAt};
use serde::{Deserialize, Serialize};

use super::REORDER;

/// So far behind a number is one of a message that was overtaken, or that came twice; further behind it is one ahead, of
/// which as many are missing.
const BEHIND: u8 = 16;

/// Which number comes next. Begins with a birth: without one nothing is expected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sequence {
    next: Option<u8>,
    /// Numbers that were passed over, and when.
    missing: BTreeMap<u8, ReceivedAt>,
}

impl Sequence {
    pub(super) fn begun(seq: Option<u64>) -> Sequence {
        let next = seq.and_then(|seq| u8::try_from(seq).ok()).map(|seq| seq.wrapping_add(1));
        Sequence { next, missing: BTreeMap::new() }
    }

    /// Takes the number of a message. `again`: its sender may have sent it before.
    pub(super) fn take(&mut self, seq: u8, again: bool, received_at: ReceivedAt) {
        let Some(next) = self.next else { return };
        let ahead = seq.wrapping_sub(next);
        let behind = if again { u8::MAX / 2 } else { BEHIND };
        if ahead > u8::MAX - behind {
            let _ = self.missing.remove(&seq);
            return;
        }
        for passed in 0..ahead {
            let _ = self.missing.entry(next.wrapping_add(passed)).or_insert(received_at);
        }
        let _ = self.missing.remove(&seq);
        self.next = Some(seq.wrapping_add(1));
    }

    /// When the first one was passed over of those that can come no more; they are not looked for any longer.
    pub(super) fn lost(&mut self, now: Now) -> Option<ReceivedAt> {
        let is_lost = |since: &ReceivedAt| since.0.saturating_add(REORDER.0) <= now.0;
        let first = self.missing.values().copied().filter(is_lost).min();
        self.missing.retain(|_, since| !is_lost(since));
        first
    }

    /// When the first one that is missing is lost.
    pub(super) fn due(&self) -> Option<Now> {
        self.missing.values().min().map(|since| Now(since.0.saturating_add(REORDER.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [u8; 0] = [];
    const LATER: Now = Now(1_000_000);

    fn lost(begun: u64, came: &[u8]) -> Vec<u8> {
        let mut sequence = Sequence::begun(Some(begun));
        came.iter().for_each(|seq| sequence.take(*seq, false, ReceivedAt(0)));
        sequence.missing.into_keys().collect()
    }

    #[test]
    fn what_is_passed_over_is_missing_until_it_comes() {
        assert_eq!(lost(0, &[1, 2, 3]), NONE);
        assert_eq!(lost(0, &[1, 3]), [2]);
        assert_eq!(lost(0, &[1, 3, 2, 4]), NONE);
        assert_eq!(lost(254, &[255, 0, 1]), NONE, "behind 255 comes 0");
        assert_eq!(lost(254, &[0, 255, 1]), NONE);
        assert_eq!(lost(254, &[1]), [0, 255]);
        assert_eq!(lost(0, &[1, 2, 2, 1, 3]), NONE, "what comes twice is not missing");
        assert_eq!(lost(0, &[201]).len(), 200);
        assert_eq!(lost(0, &[1, 201, 202, 7]).len(), 253, "so far behind it is ahead");
    }

    #[test]
    fn what_may_have_been_sent_before_is_behind_and_not_a_round_ahead() {
        let mut sequence = Sequence::begun(Some(0));
        (1..=100).for_each(|seq| sequence.take(seq, false, ReceivedAt(0)));
        sequence.take(40, true, ReceivedAt(0));
        sequence.take(101, false, ReceivedAt(0));
        assert_eq!(sequence.lost(LATER), None);
    }

    #[test]
    fn what_is_missing_is_lost_after_its_time_and_once() {
        let mut sequence = Sequence::begun(Some(0));
        sequence.take(2, false, ReceivedAt(1_000));
        assert_eq!(sequence.due(), Some(Now(6_000)));
        assert_eq!(sequence.lost(Now(5_999)), None);
        assert_eq!(sequence.lost(Now(6_000)), Some(ReceivedAt(1_000)));
        assert_eq!((sequence.lost(LATER), sequence.due()), (None, None));
    }

    #[test]
    fn without_a_birth_nothing_is_expected() {
        let mut sequence = Sequence::default();
        sequence.take(7, false, ReceivedAt(0));
        sequence.take(9, false, ReceivedAt(0));
        assert_eq!(sequence.lost(LATER), None);
    }
}
