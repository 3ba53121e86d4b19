//! How far an interface was read, whole: the cursor's text.

use ioc_model::time::Now;
use serde::{Deserialize, Serialize};

use super::since::Mark;
use crate::transport::pull::{CannotFetch, memory::Hash};

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
    /// Records that were read.
    #[serde(default)]
    pub(super) seen: u64,
    /// How often the listing changed, and was read from its beginning again.
    #[serde(default)]
    pub(super) changed: u32,
}

/// A place in a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    pub(super) fn begins(now: Now) -> Pass {
        Pass { began: now, at: At::First, before: None, furthest: None, total: None, seen: 0, changed: 0 }
    }

    /// It begins again: the listing is not what it was.
    pub(super) fn begins_again(&self, now: Now) -> Pass {
        Pass { changed: self.changed + 1, ..Pass::begins(now) }
    }

    /// Goes on behind a page.
    pub(super) fn goes_on(&mut self, at: At, page: Hash, last: Hash) {
        let before = std::mem::replace(&mut self.at, at);
        self.before = Some(Before { at: before, page, last });
    }
}

impl Place {
    pub(super) fn parse(text: Option<&str>) -> Result<Place, CannotFetch> {
        let Some(text) = text else { return Ok(Place::default()) };
        serde_json::from_str(text).map_err(|error| {
            CannotFetch::fault(
                format!("con trỏ đã lưu không đọc được: {error}"),
                format!("its cursor cannot be read: {error}"),
            )
        })
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
