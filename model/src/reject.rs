//! What broke its contract, and how a person is told.

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// Why an envelope or a row of it was rejected. The words are stable: they are stored, counted and filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum RejectReason {
    /// No feed claims the topic, folder or path.
    Unmatched = 0,
    /// The sender may not send to the feed that claims the topic, or not speak of that subject.
    Forbidden = 1,
    /// Over the feed's size limit; only size and hash are kept.
    TooLarge = 2,
    /// The bytes are not of the feed's format at all.
    Malformed = 3,
    /// A field that must be there is not.
    MissingField = 4,
    /// A field is there but is not of its type.
    InvalidField = 5,
    /// The value is not a finite number.
    NotANumber = 6,
    /// The pack knows no such indicator, or the station does not measure it.
    UnknownIndicator = 7,
    /// The pack knows no such station or subject, or not at that time.
    UnknownSubject = 8,
    /// The unit is not one the indicator can be converted from.
    UnknownUnit = 9,
    /// The event time lies further in the future than the contract allows.
    FutureTime = 10,
    /// The event time lies further in the past than the contract allows, or in no calendar.
    AbsurdTime = 11,
    /// One envelope has so many bad rows that the rest of them is kept as one.
    TooMany = 12,
    /// An operator's action is about an alert that was never raised.
    UnknownAlert = 13,
    /// It says two things that cannot both be: its topic names one station, its row another.
    Contradiction = 14,
    /// It would have changed what was judged long ago, and an operator refused it.
    Refused = 15,
    /// A piece of a stream whose frames are counted wrongly, or that ended within one.
    Framing = 16,
    /// It stands for what was lost before it could be read.
    Lost = 17,
    /// A report, or rows of one, that its form does not let in; the receipt says all of it.
    Form = 18,
    /// It is said by a number, or without its type, and no birth before it tells what that is (Sparkplug).
    NoBirth = 19,
}

impl RejectReason {
    /// All of them, in the order of their numbers.
    pub const ALL: [RejectReason; 20] = [
        RejectReason::Unmatched,
        RejectReason::Forbidden,
        RejectReason::TooLarge,
        RejectReason::Malformed,
        RejectReason::MissingField,
        RejectReason::InvalidField,
        RejectReason::NotANumber,
        RejectReason::UnknownIndicator,
        RejectReason::UnknownSubject,
        RejectReason::UnknownUnit,
        RejectReason::FutureTime,
        RejectReason::AbsurdTime,
        RejectReason::TooMany,
        RejectReason::UnknownAlert,
        RejectReason::Contradiction,
        RejectReason::Refused,
        RejectReason::Framing,
        RejectReason::Lost,
        RejectReason::Form,
        RejectReason::NoBirth,
    ];

    /// The word used in tables, APIs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            RejectReason::Unmatched => "unmatched",
            RejectReason::Forbidden => "forbidden",
            RejectReason::TooLarge => "too_large",
            RejectReason::Malformed => "malformed",
            RejectReason::MissingField => "missing_field",
            RejectReason::InvalidField => "invalid_field",
            RejectReason::NotANumber => "not_a_number",
            RejectReason::UnknownIndicator => "unknown_indicator",
            RejectReason::UnknownSubject => "unknown_subject",
            RejectReason::UnknownUnit => "unknown_unit",
            RejectReason::FutureTime => "future_time",
            RejectReason::AbsurdTime => "absurd_time",
            RejectReason::TooMany => "too_many",
            RejectReason::UnknownAlert => "unknown_alert",
            RejectReason::Contradiction => "contradiction",
            RejectReason::Refused => "refused",
            RejectReason::Framing => "framing",
            RejectReason::Lost => "lost",
            RejectReason::Form => "form",
            RejectReason::NoBirth => "no_birth",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<RejectReason> {
        RejectReason::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// A rejected row or envelope as a format or a contract check reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Why.
    pub reason: RejectReason,
    /// Where in the envelope: `line 3`, `[2].value`, empty for the whole envelope.
    pub place: String,
    /// What is wrong and what would be right, for the person who sends it.
    pub message: Text,
}
