//! What a session is still to be told, in the order in which it was said.
//!
//! Of quality of service 1 a publish stays until its PUBACK, and is written again (with DUP, under its identifier) on the
//! next connection of its session, and on that one only: a connection loses nothing. Pure: bytes and moments in, bytes
//! out.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::SharedSaid;
use crate::transport::mqtt::{
    reply::{self, Spoken},
    wire::Version,
};

/// Publishes that may wait for a session.
pub(super) const MOST_WAITING: usize = 64;
/// Their bytes.
pub(super) const MOST_BYTES: usize = 64 << 10;
/// Publishes that may be open: written, and without PUBACK.
pub(super) const MOST_OPEN: usize = 16;

/// Something that was said, as one session is to be told it.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) said: SharedSaid,
    /// Quality of service, 0 or 1.
    pub(super) qos: u8,
    /// The flag RETAIN.
    pub(super) retain: bool,
    /// Those of the subscriptions it matches.
    pub(super) identifiers: Vec<u32>,
}

#[derive(Debug)]
struct Open {
    id: u16,
    letter: Letter,
    /// To be written on this connection.
    is_due: bool,
}

/// How much a client takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Takes {
    pub(super) version: Version,
    /// Publishes of quality of service 1 at the same time.
    pub(super) window: usize,
    /// The longest packet.
    pub(super) packet_limit: usize,
}

/// What became of letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) written: u64,
    pub(super) dropped: u64,
}

/// The letters of a session.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Letter>,
    /// Bytes of those.
    bytes: usize,
    /// In the order in which they were written.
    open: VecDeque<Open>,
    last_id: u16,
}

impl Outbox {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.open.len()
    }

    /// Puts a letter behind all others. What was said to be retained takes the place of what was said on its topic
    /// before. Says how many were dropped: of a full outbox the oldest of quality of service 0, else the oldest.
    pub(super) fn put(&mut self, letter: Letter) -> u64 {
        if letter.said.is_retained {
            let is_older = |other: &Letter| {
                other.said.is_retained
                    && other.said.topic == letter.said.topic
                    && other.said.number <= letter.said.number
            };
            self.waiting.retain(|other| !is_older(other));
            self.bytes = self.waiting.iter().map(Letter::bytes).sum();
            if self
                .waiting
                .iter()
                .any(|other| other.said.is_retained && other.said.topic == letter.said.topic)
            {
                return 0;
            }
        }
        self.bytes += letter.bytes();
        self.waiting.push_back(letter);
        let mut dropped = 0;
        while self.waiting.len() > MOST_WAITING || self.bytes > MOST_BYTES {
            let oldest = self.waiting.iter().position(|letter| letter.qos == 0).unwrap_or(0);
            let Some(gone) = self.waiting.remove(oldest) else { break };
            self.bytes -= gone.bytes();
            dropped += 1;
        }
        dropped
    }

    /// Drops the oldest that was not written, for want of room elsewhere. False if there is none.
    pub(super) fn drop_oldest(&mut self) -> bool {
        let gone = self.waiting.pop_front();
        self.bytes -= gone.as_ref().map_or(0, Letter::bytes);
        gone.is_some()
    }

    /// Its client has a new connection: whatever it has not acknowledged is due again.
    pub(super) fn begin_again(&mut self) {
        for open in &mut self.open {
            open.is_due = true;
        }
    }

    /// Writes what is due, until `out` has `enough` bytes; of letters `may_go` denies none.
    pub(super) fn write(
        &mut self,
        out: &mut Vec<u8>,
        takes: Takes,
        now: Instant,
        enough: usize,
        may_go: impl Fn(&Letter) -> bool,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let mut on_their_way = self.open.iter().filter(|open| !open.is_due).count();
        let window = takes.window.min(MOST_OPEN);
        let mut at = 0;
        while at < self.open.len() && out.len() < enough {
            if !self.open[at].is_due {
                at += 1;
                continue;
            }
            if on_their_way >= window {
                return outcome;
            }
            let open = &self.open[at];
            if !may_go(&open.letter) || !open.letter.push(out, takes, Some((open.id, true)), now) {
                let _gone = self.open.remove(at);
                outcome.dropped += 1;
                continue;
            }
            self.open[at].is_due = false;
            on_their_way += 1;
            outcome.written += 1;
            at += 1;
        }
        while out.len() < enough {
            let Some(next) = self.waiting.front() else { break };
            if next.qos > 0 && on_their_way >= window {
                break;
            }
            let Some(letter) = self.waiting.pop_front() else { break };
            self.bytes -= letter.bytes();
            let id = (letter.qos > 0).then(|| self.free_id());
            if !may_go(&letter) || !letter.push(out, takes, id.map(|id| (id, false)), now) {
                outcome.dropped += 1;
                continue;
            }
            outcome.written += 1;
            if let Some(id) = id {
                on_their_way += 1;
                self.open.push_back(Open { id, letter, is_due: false });
            }
        }
        outcome
    }

    /// PUBACK. False if nothing is open under that identifier.
    pub(super) fn acknowledged(&mut self, id: u16) -> bool {
        let found = self.open.iter().position(|open| open.id == id && !open.is_due);
        found.and_then(|at| self.open.remove(at)).is_some()
    }

    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            // No more than a handful are open.
            if self.open.iter().all(|open| open.id != self.last_id) {
                return self.last_id;
            }
        }
    }
}

impl Letter {
    fn bytes(&self) -> usize {
        self.said.topic.len() + self.said.payload.len()
    }

    /// Writes it. False if its time is over or its client takes no packet so long.
    fn push(&self, out: &mut Vec<u8>, takes: Takes, id: Option<(u16, bool)>, now: Instant) -> bool {
        let expires_in = match self.said.until {
            Some(until) if until <= now => return false,
            // 3.3.2.3.3: what is left of it.
            Some(until) => Some((until - now).as_secs().max(1) as u32),
            None => None,
        };
        let spoken = Spoken {
            topic: &self.said.topic,
            payload: &self.said.payload,
            id: id.map(|(id, _)| id),
            again: id.is_some_and(|(_, again)| again),
            retain: self.retain,
            expires_in,
            identifiers: &self.identifiers,
        };
        let before = out.len();
        reply::push_publish(out, takes.version, &spoken);
        if out.len() - before > takes.packet_limit {
            out.truncate(before);
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use proptest::prelude::*;

    use super::{
        super::{Audience, Said},
        *,
    };
    use crate::transport::mqtt::wire::{Frame, frame};

    const TAKES: Takes = Takes { version: Version::V311, window: 100, packet_limit: usize::MAX };

    fn said(topic: &str, payload: &[u8], is_retained: bool, number: u64) -> Said {
        Said {
            to: Audience::Everybody,
            topic: topic.into(),
            payload: payload.into(),
            is_retained,
            qos: 1,
            until: None,
            number,
        }
    }

    fn letter(payload: &[u8], qos: u8) -> Letter {
        Letter { said: Arc::new(said("t", payload, false, 0)), qos, retain: false, identifiers: Vec::new() }
    }

    fn written(outbox: &mut Outbox, takes: Takes) -> Vec<u8> {
        let mut out = Vec::new();
        let _outcome = outbox.write(&mut out, takes, Instant::now(), usize::MAX, |_| true);
        out
    }

    #[test]
    fn once_what_was_not_acknowledged_comes_again_under_its_identifier_and_in_its_order() {
        let mut outbox = Outbox::default();
        for payload in [b"a", b"b", b"c"] {
            assert_eq!(outbox.put(letter(payload, 1)), 0);
        }
        let publish = |first: u8, id: u8, payload: u8| vec![first, 6, 0, 1, b't', 0, id, payload];
        let first: Vec<u8> =
            [publish(0x32, 1, b'a'), publish(0x32, 2, b'b'), publish(0x32, 3, b'c')].concat();
        assert_eq!(written(&mut outbox, TAKES), first);
        assert!(written(&mut outbox, TAKES).is_empty(), "a connection loses nothing");
        assert!(outbox.acknowledged(2));
        assert!(!outbox.acknowledged(2) && !outbox.acknowledged(9));
        let _none = outbox.put(letter(b"d", 1));
        outbox.begin_again();
        assert!(!outbox.acknowledged(1), "what is due again was not written on this connection");
        let again: Vec<u8> =
            [publish(0x3a, 1, b'a'), publish(0x3a, 3, b'c'), publish(0x32, 4, b'd')].concat();
        assert_eq!(written(&mut outbox, TAKES), again);
        for id in [1, 3, 4] {
            assert!(outbox.acknowledged(id));
        }
        assert_eq!(outbox.len(), 0);
    }

    #[test]
    fn bound_no_more_is_open_than_the_client_takes_and_nothing_overtakes() {
        let mut outbox = Outbox::default();
        for (payload, qos) in [(b"a", 1), (b"b", 1), (b"c", 1), (b"d", 0)] {
            let _none = outbox.put(letter(payload, qos));
        }
        let few = Takes { window: 2, ..TAKES };
        assert_eq!(written(&mut outbox, few).len(), 16);
        assert!(written(&mut outbox, few).is_empty());
        outbox.begin_again();
        assert_eq!(written(&mut outbox, Takes { window: 1, ..TAKES }).len(), 8, "a narrower connection");
        assert!(outbox.acknowledged(1));
        let rest = b"\x3a\x06\x00\x01t\x00\x02b\x32\x06\x00\x01t\x00\x03c\x30\x04\x00\x01td";
        assert_eq!(written(&mut outbox, few), rest, "the second again, the others for the first time");
    }

    #[test]
    fn bound_a_full_outbox_drops_the_oldest_of_quality_0_first() {
        let mut outbox = Outbox::default();
        let _none = outbox.put(letter(b"1", 1));
        let _none = outbox.put(letter(b"0", 0));
        for _ in 2..MOST_WAITING {
            assert_eq!(outbox.put(letter(b"x", 1)), 0);
        }
        assert_eq!(outbox.put(letter(b"y", 1)), 1);
        assert_eq!(&*outbox.waiting[0].said.payload, b"1");
        assert!(outbox.waiting.iter().all(|letter| letter.qos == 1));
        assert_eq!(outbox.put(letter(b"z", 1)), 1);
        assert_eq!(&*outbox.waiting[0].said.payload, b"x");
        let large = vec![0; MOST_BYTES - 10];
        assert_eq!(outbox.put(letter(&large, 1)), MOST_WAITING as u64 - 4, "bytes count, too");
        assert!(outbox.bytes <= MOST_BYTES);
        while outbox.drop_oldest() {}
        assert_eq!((outbox.len(), outbox.bytes), (0, 0));
    }

    #[test]
    fn what_is_said_to_be_retained_replaces_what_was_said_before() {
        let mut outbox = Outbox::default();
        let state = |payload: &[u8], number| Letter {
            said: Arc::new(said("state", payload, true, number)),
            ..letter(b"", 1)
        };
        for letter in [state(b"on", 1), letter(b"x", 1), state(b"off", 2), state(b"stale", 1)] {
            assert_eq!(outbox.put(letter), 0);
        }
        let payloads: Vec<&[u8]> = outbox.waiting.iter().map(|letter| &*letter.said.payload).collect();
        assert_eq!(payloads, [&b"x"[..], b"off"]);
    }

    #[test]
    fn what_is_too_long_too_late_or_not_to_be_heard_any_more_is_dropped_and_told() {
        let now = Instant::now();
        let mut outbox = Outbox::default();
        let until = |seconds| {
            let until = Some(now + Duration::from_secs(seconds));
            Letter { said: Arc::new(Said { until, ..said("t", b"x", false, 0) }), ..letter(b"", 1) }
        };
        for letter in [letter(&[0; 100], 1), until(0), letter(b"denied", 1), until(9)] {
            let _none = outbox.put(letter);
        }
        let takes = Takes { version: Version::V5, packet_limit: 50, ..TAKES };
        let mut out = Vec::new();
        let outcome =
            outbox.write(&mut out, takes, now, usize::MAX, |letter| &*letter.said.payload != b"denied");
        assert_eq!(outcome, Outcome { written: 1, dropped: 3 });
        assert_eq!(out, b"\x32\x0c\x00\x01t\x00\x04\x05\x02\x00\x00\x00\x09x");
        assert_eq!(outbox.len(), 1);
    }

    proptest! {
        /// Whatever happens in whatever order: each letter is acknowledged, dropped or still there, once; identifiers of
        /// open ones differ; bounds hold.
        #[test]
        fn balance_every_letter_is_accounted_for(
            steps in proptest::collection::vec((0u8..5, any::<u16>()), 0..300),
            window in 1usize..20,
        ) {
            let mut outbox = Outbox::default();
            let (mut put, mut gone) = (0u64, 0u64);
            let takes = Takes { window, ..TAKES };
            for (step, number) in steps {
                match step {
                    0 | 1 => {
                        put += 1;
                        gone += outbox.put(letter(&vec![0; usize::from(number) % 5_000], number as u8 & 1));
                    }
                    2 => {
                        let before = outbox.open.len();
                        let mut out = Vec::new();
                        let outcome = outbox.write(&mut out, takes, Instant::now(), 10_000, |_| true);
                        prop_assert_eq!(outcome.dropped, 0);
                        prop_assert!(outbox.open.len() <= MOST_OPEN.max(before));
                        let mut rest = &out[..];
                        while let Ok(Frame::Whole { first, length, .. }) = frame(rest, None, usize::MAX) {
                            // Of quality of service 0 nothing is left once it is written.
                            gone += u64::from(first == 0x30);
                            rest = &rest[length..];
                        }
                        prop_assert!(rest.is_empty());
                    }
                    3 => {
                        let id = outbox.open.get(usize::from(number) % MOST_OPEN).map(|open| open.id);
                        let is_due = outbox.open.iter().any(|open| Some(open.id) == id && open.is_due);
                        if let Some(id) = id {
                            prop_assert_eq!(outbox.acknowledged(id), !is_due);
                            gone += u64::from(!is_due);
                        }
                    }
                    _ => outbox.begin_again(),
                }
                let open = outbox.open.iter().filter(|open| !open.is_due).count();
                prop_assert!(open <= window.min(MOST_OPEN));
                prop_assert!(outbox.waiting.len() <= MOST_WAITING && outbox.bytes <= MOST_BYTES);
                let mut ids: Vec<u16> = outbox.open.iter().map(|open| open.id).collect();
                ids.sort_unstable();
                ids.dedup();
                prop_assert_eq!(ids.len(), outbox.open.len());
                prop_assert_eq!(outbox.len() as u64 + gone, put);
            }
        }
    }
}
