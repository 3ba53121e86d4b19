//! What a feed promises, and what is done when it breaks the promise.

use serde::{Deserialize, Serialize};

use crate::{event_columns::EventColumns, mapping::MappedBy, time::Millis};

/// Which subjects a feed may speak of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subjects {
    /// Only stations the pack lists, within their validity. Anything else is rejected as `unknown_subject`.
    #[default]
    Listed,
    /// Any subject of 1 to 64 characters `A–Z a–z 0–9 . _ : -`.
    Any,
}

/// Whether a text can name a subject: 1 to 64 characters `A–Z a–z 0–9 . _ : -`.
#[must_use]
pub fn is_subject(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-'))
}

/// The promises of a feed, and its times. Formats and contracts apply by received-at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Which subjects it may speak of.
    pub subjects: Subjects,
    /// Larger envelopes are withheld and rejected. Bytes.
    pub max_bytes: usize,
    /// An event time further ahead of received-at is rejected as `future_time`.
    pub max_future: Millis,
    /// An event time further behind received-at is rejected as `absurd_time`.
    pub max_age: Millis,
    /// A subject's watermark is its highest event time less this.
    pub lateness: Millis,
    /// A window whose end lies this far behind now closes incomplete, whatever has come.
    pub patience: Millis,
    /// A row that came so long after its moment and would change what was closed and judged is held until an operator
    /// says that it is meant ([`held`](crate::held)).
    pub hold_after: Millis,
    /// What stands where in its tables of events; of a feed that has none, nothing.
    pub columns: EventColumns,
    /// What makes rows of its messages; none where its format does.
    pub mapping: Option<MappedBy>,
}

impl Default for Contract {
    fn default() -> Contract {
        Contract {
            subjects: Subjects::Listed,
            max_bytes: 1 << 20,
            max_future: Millis::minutes(5),
            max_age: Millis::hours(24 * 366 * 10),
            lateness: Millis::minutes(5),
            patience: Millis::hours(1),
            hold_after: Millis::hours(24 * 45),
            columns: EventColumns::default(),
            mapping: None,
        }
    }
}
