//! How far an interface was read, whole: the cursor's text.

use ioc_model::time::Now;
use serde::{Deserialize, Serialize};

use super::since::Mark;
use crate::transport::pull::{self, memory::Hash};

/// Whole state between two answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// From here the next pass reads on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Mark>,
    /// The furthest number that had been given out when the last pass ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) given_out: Option<Mark>,
    /// By what the source knows the answer that was taken last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) validator: Option<Validator>,
    /// The pass under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pass: Option<Pass>,
    /// A pass that waits for the next turn behind pages without a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) waiting: Option<Pass>,
    /// The comparison under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) comparing: Option<Comparing>,
    /// The turn of the last comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) compared: Option<u64>,
}

/// What an answer is known by (RFC 9110 §8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Validator {
    /// The hash of what was asked.
    pub(super) of: Hash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) modified: Option<String>,
}

/// Reading a listing from its beginning to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pass {
    /// When it began.
    pub(super) began: Now,
    /// What is asked for next.
    #[serde(default)]
    pub(super) at: At,
    /// What was read last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Before>,
    /// The furthest place of what was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) furthest: Option<Mark>,
    /// How many records there were said to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
    /// Records that were read, where pages are counted by them.
    #[serde(default)]
    pub(super) seen: u64,
    /// Records that were asked for at once: of another number, the same page is another one.
    #[serde(default)]
    pub(super) size: u64,
    /// How often the listing changed, and was read from its beginning again.
    #[serde(default)]
    pub(super) changed: u32,
    /// How often that was seen by a page that was the one before it once more.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(super) repeated: u32,
    /// Pages in a row without a record whose cursor led on.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(super) empty: u32,
    /// It has waited, and goes on from there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) has_waited: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(number: &u32) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// A place in a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum At {
    #[default]
    First,
    /// That address.
    Url(String),
    /// Behind that cursor.
    Cursor(String),
    /// That page.
    Page(u64),
    /// Behind so many records.
    Offset(u64),
}

/// What was read last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Before {
    pub(super) at: At,
    /// The hash of its records.
    pub(super) page: Hash,
    /// The hash of the last of them.
    pub(super) last: Hash,
}

/// Asking for whole periods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Comparing {
    pub(super) turn: u64,
    /// When it began: periods are counted back from there.
    pub(super) began: Now,
    /// Periods that were read.
    pub(super) read: u32,
}

impl Pass {
    pub(super) fn begins(now: Now, size: u64) -> Pass {
        Pass {
            began: now,
            at: At::First,
            before: None,
            furthest: None,
            total: None,
            seen: 0,
            size,
            changed: 0,
            repeated: 0,
            empty: 0,
            has_waited: false,
        }
    }

    /// It goes on where it waited.
    pub(super) fn goes_on_waiting(self) -> Pass {
        Pass { empty: 0, has_waited: true, ..self }
    }

    /// It begins again: the listing is not what it was.
    pub(super) fn begins_again(&self, now: Now) -> Pass {
        Pass { changed: self.changed + 1, repeated: self.repeated, ..Pass::begins(now, self.size) }
    }

    /// Goes on behind a page.
    pub(super) fn goes_on(&mut self, at: At, page: Hash, last: Hash) {
        let before = std::mem::replace(&mut self.at, at);
        self.before = Some(Before { at: before, page, last });
    }
}

impl pull::place::Place for Place {}
