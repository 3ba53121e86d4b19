//! What came for an obligation, and how it stands by a moment.
//!
//! A record is a fold over the messages of an agency about a period of a form. It does not depend on their order: a message
//! that is read again keeps its arrival, and what was accepted first is what arrived first (invariant BATCH). Beside it
//! stands whether anything of what was said still stands: what was taken back whole is owed again until something is said
//! anew, which corrects it and makes it no later.

use serde::{Deserialize, Serialize};

use crate::{
    position::Arrival,
    results::ObligationState,
    time::{EventTime, Now},
};

/// What came of one agency about one period of a form. A message counts that says something of it; one that only takes back
/// is a correction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Packed", into = "Packed")]
pub struct Received {
    /// The accepted message that arrived first, and whether it changed something.
    first: Option<(Arrival, bool)>,
    /// The one that arrived last of those that changed something.
    last: Option<Arrival>,
    /// How many changed something.
    changing: u32,
    rejected: u32,
    last_rejected: Option<Arrival>,
    /// Whether all of it was taken back since.
    taken_back: bool,
}

/// [`Received`] as it is written: most often the first message is the last. Whether it is stands in the lowest bit of a byte,
/// and above it whether all was taken back.
#[derive(Serialize, Deserialize)]
struct Packed(Option<(Arrival, bool)>, u8, Option<Arrival>, u32, u32, Option<Arrival>);

const IS_FIRST: u8 = 1;
const TAKEN_BACK: u8 = 2;

impl From<Received> for Packed {
    fn from(received: Received) -> Packed {
        let Received { first, last, changing, rejected, last_rejected, taken_back } = received;
        let is_first = last == first.map(|(first, _)| first);
        let flags = u8::from(is_first) * IS_FIRST + u8::from(taken_back) * TAKEN_BACK;
        Packed(first, flags, last.filter(|_| !is_first), changing, rejected, last_rejected)
    }
}

impl From<Packed> for Received {
    fn from(Packed(first, flags, last, changing, rejected, last_rejected): Packed) -> Received {
        let last = if flags & IS_FIRST != 0 { first.map(|(first, _)| first) } else { last };
        let taken_back = flags & TAKEN_BACK != 0;
        Received { first, last, changing, rejected, last_rejected, taken_back }
    }
}

impl Received {
    /// Takes a message that says something of it, of which something was accepted; whether anything of it was news. One that is read again is the same
    /// message: it may turn out to have changed something, and is no revision of itself.
    pub fn accept(&mut self, arrival: Arrival, changed: bool) {
        match self.first {
            Some((first, did_change)) if first == arrival && (did_change || !changed) => return,
            Some((first, _)) if first < arrival && self.last == Some(arrival) => return,
            Some((first, _)) if first < arrival => {}
            _ => self.first = Some((arrival, changed)),
        }
        if changed {
            self.changing = self.changing.saturating_add(1);
            self.last = self.last.max(Some(arrival));
        }
    }

    /// Takes one that only took back what had been said.
    pub fn take_back(&mut self, arrival: Arrival) {
        if self.last != Some(arrival) {
            self.changing = self.changing.saturating_add(1);
            self.last = self.last.max(Some(arrival));
        }
    }

    /// Whether anything stands of what was said; whether that is news.
    pub fn stands(&mut self, anything: bool) -> bool {
        std::mem::replace(&mut self.taken_back, !anything) == anything
    }

    /// Takes one that was refused whole.
    pub fn refuse(&mut self, arrival: Arrival) {
        self.rejected = self.rejected.saturating_add(1);
        self.last_rejected = self.last_rejected.max(Some(arrival));
    }

    /// The accepted message that arrived first; none while all that was said is taken back.
    #[must_use]
    pub fn first(&self) -> Option<Arrival> {
        self.first.filter(|_| !self.taken_back).map(|(first, _)| first)
    }

    /// The accepted message that arrived last of those that changed something.
    #[must_use]
    pub fn last(&self) -> Option<Arrival> {
        self.last
    }

    /// Whether anything came at all.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        self.first.is_some() || self.rejected > 0
    }

    /// Accepted messages beside the first that changed something.
    #[must_use]
    pub fn revisions(&self) -> u32 {
        self.changing - u32::from(self.first.is_some_and(|(_, changed)| changed))
    }

    /// Messages that were refused whole.
    #[must_use]
    pub fn rejected(&self) -> u32 {
        self.rejected
    }

    /// The one of those that arrived last.
    #[must_use]
    pub fn last_rejected(&self) -> Option<Arrival> {
        self.last_rejected
    }

    /// How an obligation stands of which this came.
    #[must_use]
    pub fn state(&self, owed_from: EventTime, due_at: EventTime, now: Now) -> ObligationState {
        match self.first() {
            Some(first) if first.received_at.0 <= due_at.0 => ObligationState::OnTime,
            Some(_) => ObligationState::Late,
            None if now.0 > due_at.0 => ObligationState::Missing,
            None if self.rejected > 0 => ObligationState::Rejected,
            None if now.0 >= owed_from.0 => ObligationState::Due,
            None => ObligationState::NotDue,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        position::{LogNumber, Offset, Partition, Position},
        time::ReceivedAt,
    };

    const OWED_FROM: EventTime = EventTime(1_000);
    const DUE: EventTime = EventTime(2_000);

    fn at(received_at: i64) -> Arrival {
        let offset = Offset(received_at.unsigned_abs());
        let position = Position { log: LogNumber(1), partition: Partition(0), offset };
        Arrival { received_at: ReceivedAt(received_at), position, row: 0 }
    }

    fn state(received: &Received, now: i64) -> ObligationState {
        received.state(OWED_FROM, DUE, Now(now))
    }

    #[test]
    fn an_obligation_that_nothing_came_for_is_not_due_then_due_then_missing() {
        let nothing = Received::default();
        let stands = [999, 1_000, 2_000, 2_001].map(|now| state(&nothing, now));
        use ObligationState::{Due, Missing, NotDue};
        assert_eq!(stands, [NotDue, Due, Due, Missing]);
    }

    #[test]
    fn lateness_goes_by_the_first_accepted_arrival_and_not_by_what_corrects_it() {
        let mut received = Received::default();
        received.accept(at(2_000), true);
        assert_eq!(state(&received, 9_000), ObligationState::OnTime, "at the deadline is in time");
        received.accept(at(5_000), true);
        received.accept(at(6_000), false);
        assert_eq!((state(&received, 9_000), received.revisions()), (ObligationState::OnTime, 1));
        assert_eq!((received.first(), received.last()), (Some(at(2_000)), Some(at(5_000))));
        let mut late = Received::default();
        late.accept(at(2_001), true);
        assert_eq!(state(&late, 9_000), ObligationState::Late);
        // It had been refused by mistake, and is read again.
        late.accept(at(1_500), true);
        assert_eq!((state(&late, 9_000), late.revisions()), (ObligationState::OnTime, 1));
    }

    #[test]
    fn once_a_message_that_is_read_again_is_no_revision_of_itself() {
        let mut received = Received::default();
        received.accept(at(1_000), false);
        received.accept(at(1_000), false);
        assert_eq!((received.first(), received.last(), received.revisions()), (Some(at(1_000)), None, 0));
        for _ in 0..2 {
            received.accept(at(1_000), true);
            let last = Some(at(1_000));
            assert_eq!((received.first(), received.last(), received.revisions()), (last, last, 0));
        }
        for _ in 0..2 {
            received.accept(at(1_500), true);
            assert_eq!((received.last(), received.revisions()), (Some(at(1_500)), 1));
        }
        received.accept(at(1_000), true);
        assert_eq!((received.last(), received.revisions()), (Some(at(1_500)), 1), "the first once more");
    }

    #[test]
    fn what_was_taken_back_whole_is_owed_again_until_something_is_said_anew_which_makes_it_no_later() {
        let mut received = Received::default();
        received.accept(at(1_500), true);
        received.take_back(at(1_800));
        assert!(received.stands(false) && !received.stands(false));
        let open = (ObligationState::Due, ObligationState::Missing);
        assert_eq!((state(&received, 1_900), state(&received, 2_001)), open);
        assert_eq!((received.first(), received.last(), received.revisions()), (None, Some(at(1_800)), 1));
        received = serde_json::from_value(serde_json::to_value(&received).unwrap()).unwrap();
        received.accept(at(5_000), true);
        assert!(received.stands(true) && !received.stands(true));
        assert_eq!((state(&received, 9_000), received.revisions()), (ObligationState::OnTime, 2));
    }

    #[test]
    fn a_refused_attempt_keeps_an_obligation_open_and_is_told_until_the_deadline() {
        let mut received = Received::default();
        received.refuse(at(1_500));
        assert_eq!(state(&received, 1_600), ObligationState::Rejected);
        assert_eq!(state(&received, 2_001), ObligationState::Missing);
        received.accept(at(1_700), true);
        assert_eq!((state(&received, 1_800), received.rejected()), (ObligationState::OnTime, 1));
    }

    proptest! {
        #[test]
        fn batch_what_came_says_the_same_in_any_order_of_reading(
            messages in proptest::collection::vec((0_i64..4_000, 0..4), 0..12), seed in any::<u64>(), now in 0_i64..5_000,
        ) {
            let mut messages: Vec<(i64, i32)> = messages;
            messages.sort_unstable();
            messages.dedup_by_key(|(arrived, _)| *arrived);
            let fold = |messages: &[(i64, i32)]| {
                let mut received = Received::default();
                for (arrived, kind) in messages {
                    match kind {
                        0 => received.refuse(at(*arrived)),
                        3 => received.take_back(at(*arrived)),
                        changed => received.accept(at(*arrived), *changed == 1),
                    }
                }
                received
            };
            let in_order = fold(&messages);
            let mut other = messages.clone();
            other.sort_by_key(|(arrived, _)| arrived.unsigned_abs().wrapping_mul(seed | 1).rotate_left(17));
            prop_assert_eq!(&fold(&other), &in_order);
            let of = |kinds: &[i32]| messages.iter().filter(|(_, kind)| kinds.contains(kind)).collect::<Vec<_>>();
            let accepted = of(&[1, 2]);
            let expected = match accepted.first() {
                Some((first, _)) if *first <= DUE.0 => ObligationState::OnTime,
                Some(_) => ObligationState::Late,
                None if now > DUE.0 => ObligationState::Missing,
                None if !of(&[0]).is_empty() => ObligationState::Rejected,
                None if now >= OWED_FROM.0 => ObligationState::Due,
                None => ObligationState::NotDue,
            };
            let again: Received = serde_json::from_value(serde_json::to_value(&in_order).unwrap()).unwrap();
            prop_assert_eq!(&again, &in_order);
            prop_assert_eq!(state(&in_order, now), expected);
            let revisions = accepted.iter().skip(1).filter(|(_, kind)| *kind == 1).count();
            prop_assert_eq!(in_order.revisions() as usize, revisions + of(&[3]).len());
        }
    }
}
