//! Rejects as a person reads them.

use std::collections::{HashSet, VecDeque};

use ioc_model::{
    asker::Asker, epoch::Epoch, name::Name, reject::RejectReason, results::RejectedRow, text::Text,
    time::ReceivedAt,
};
use serde::{Deserialize, Serialize};

use crate::guarded::GuardedFeeds;

/// How many of the last rejects the board keeps.
pub(crate) const REJECTS_KEPT: usize = 50;

/// How many characters of a reject's bytes go to the page.
pub(crate) const SAMPLE_CHARACTERS: usize = 240;

/// The last rejects, oldest first.
#[derive(Clone, Debug, Default)]
pub struct LastRejects(VecDeque<RejectView>);

impl LastRejects {
    /// Adds one, letting the oldest go.
    pub fn push(&mut self, reject: RejectView) {
        if self.0.len() == REJECTS_KEPT {
            let _ = self.0.pop_front();
        }
        self.0.push_back(reject);
    }

    /// That messages were read again in an epoch: what was rejected of them before counts no longer. They are news.
    pub fn read_again(&mut self, epoch: Epoch, positions: &HashSet<String>) {
        for reject in self.0.iter_mut().filter(|reject| reject.epoch < epoch && reject.is_read_again()) {
            if positions.contains(&reject.position) {
                (reject.epoch, reject.replayed) = (epoch, true);
            }
        }
    }

    /// Those of epochs after `since` that came by a feed the asker sees, newest first, as they are told.
    #[must_use]
    pub(crate) fn since(&self, asker: &Asker, since: Epoch, guarded: &GuardedFeeds) -> Vec<RejectView> {
        let theirs = self.0.iter().rev().filter(|reject| asker.sees_feed(&reject.feed));
        theirs.filter(|reject| reject.epoch > since).cloned().map(|reject| guarded.reject(reject)).collect()
    }
}

/// A reject as the page gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RejectView {
    /// The epoch after which it is news; not sent, because the store does not tell it of older rejects.
    #[serde(skip)]
    pub epoch: Epoch,
    /// The feed the envelope came by.
    pub feed: Name,
    /// Who sent it; empty where that was not recorded.
    pub sender: Name,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// Where its envelope lies, as `log-partition-offset`.
    pub position: String,
    /// Which row of the envelope; 0 for a whole one.
    pub row: u32,
    /// The whole envelope was rejected, not a row of it.
    pub whole: bool,
    /// Topic, file name or path.
    pub address: String,
    /// Why, as the stable word.
    pub reason: RejectReason,
    /// Where in the envelope.
    pub place: String,
    /// Why, for a person.
    pub message: Text,
    /// The beginning of its bytes, readable: whatever is not printable is escaped.
    pub sample: String,
    /// How many bytes there were.
    pub raw_length: u32,
    /// Its message was read again since: what came of that counts instead.
    pub replayed: bool,
}

impl RejectView {
    /// From a row of an epoch's results or of the store.
    #[must_use]
    pub fn new(epoch: Epoch, row: &RejectedRow) -> RejectView {
        RejectView {
            epoch,
            feed: row.feed,
            sender: row.sender,
            received_at: row.arrival.received_at,
            position: row.arrival.position.to_string(),
            row: row.arrival.row,
            whole: row.whole,
            address: printable(&row.address, SAMPLE_CHARACTERS),
            reason: row.rejection.reason,
            place: row.rejection.place.clone(),
            message: row.rejection.message.clone(),
            sample: sample(&row.raw),
            raw_length: row.raw_length,
            replayed: false,
        }
    }

    /// Whether reading its message again may change anything of it: what a person refused stays refused.
    fn is_read_again(&self) -> bool {
        !matches!(self.reason, RejectReason::Refused | RejectReason::UnknownAlert)
    }
}

/// The beginning of some bytes for a screen: invalid UTF-8 as `�`, control characters escaped (`\t`, `\u{0}`), so
/// that a sender cannot hide what it sent.
#[must_use]
pub fn sample(bytes: &[u8]) -> String {
    // A character is at most four bytes: no more of them need to be looked at.
    let enough = &bytes[..bytes.len().min(SAMPLE_CHARACTERS * 4)];
    printable(&String::from_utf8_lossy(enough), SAMPLE_CHARACTERS)
}

/// So many characters of a text for a screen: control characters and marks that turn the reading direction escaped.
#[must_use]
pub fn printable(text: &str, characters: usize) -> String {
    let mut shown = String::new();
    for character in text.chars().take(characters) {
        if character.is_control() || is_direction_mark(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(characters).is_some() {
        shown.push('…');
    }
    shown
}

/// Marks that turn the reading direction of what follows them: on a screen they could make one text look another.
fn is_direction_mark(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_bytes_become_a_readable_bounded_sample_safe() {
        assert_eq!(sample(b"PM10\t\0x"), "PM10\\t\\u{0}x");
        assert_eq!(sample(&[0xff, b'a']), "\u{fffd}a");
        assert_eq!(sample("a\u{202e}b".as_bytes()), "a\\u{202e}b");
        let long = "ễ".repeat(10_000);
        let shown = sample(long.as_bytes());
        assert_eq!(shown.chars().count(), SAMPLE_CHARACTERS + 1);
        assert!(shown.starts_with("ễễ"));
        assert!(shown.ends_with('…'));
    }
}
