//! Words of closed lists, as columns hold them.
//!
//! A word this program does not write is not guessed at: the row cannot be read, and neither can the answer it is part
//! of. `#[serde(with = "words")]` on the field of a row whose column is always filled; [`said`] where an empty column is
//! "none".

use std::marker::PhantomData;

use ioc_model::{
    event::{Decided, EventKind, Severity, TimeFrom},
    figure::{FigureId, FigureReason, FigureVerdict, Freshness},
    form::{Mark, PeriodKind, Vintage},
    index::{IndexId, NoIndex},
    limit::Averaging,
    observation::Quality,
    reject::RejectReason,
    results::{LimitVerdict, ObligationState, ReportVerdict, RowStanding},
    rule::{AlertAbout, AlertChange, Priority},
    status::StationStatus,
    window::{ClosedBy, WindowKind},
};
use serde::{
    Deserializer, Serializer,
    de::{Error, Visitor},
};

/// What a word of a closed list stands for.
pub(super) trait Word: Copy {
    /// What the list is of, for whoever reads the error.
    const WHAT: &str;

    fn from_word(word: &str) -> Option<Self>;

    fn word(self) -> &'static str;
}

macro_rules! words {
    ($($list:ident: $what:literal,)*) => {
        $(impl Word for $list {
            const WHAT: &str = $what;

            fn from_word(word: &str) -> Option<$list> {
                $list::from_word(word)
            }

            fn word(self) -> &'static str {
                $list::word(self)
            }
        })*
    };
}

words! {
    AlertAbout: "subject of an alert",
    AlertChange: "change",
    Averaging: "averaging",
    ClosedBy: "closing",
    Decided: "decision",
    EventKind: "kind of event",
    FigureId: "figure",
    FigureReason: "reason",
    FigureVerdict: "verdict",
    Freshness: "freshness",
    IndexId: "index",
    Mark: "mark",
    NoIndex: "reason",
    ObligationState: "state",
    PeriodKind: "kind of period",
    Priority: "priority",
    Quality: "quality",
    RejectReason: "reason",
    ReportVerdict: "verdict",
    Severity: "severity",
    RowStanding: "standing",
    StationStatus: "state",
    TimeFrom: "origin of a time",
    LimitVerdict: "verdict",
    Vintage: "vintage",
    WindowKind: "window",
}

struct Reads<W>(PhantomData<W>);

impl<W: Word> Visitor<'_> for Reads<W> {
    type Value = W;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the word of a {}", W::WHAT)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<W, E> {
        let unknown = || {
            E::custom(format!("the store holds the {} '{word}', which this program does not write", W::WHAT))
        };
        W::from_word(word).ok_or_else(unknown)
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>, W: Word>(from: D) -> Result<W, D::Error> {
    from.deserialize_str(Reads(PhantomData))
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
pub(super) fn serialize<S: Serializer, W: Word>(word: &W, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(word.word())
}

/// Words that may be missing.
pub(super) mod said {
    use std::marker::PhantomData;

    use serde::{
        Deserializer, Serializer,
        de::{Error, Visitor},
    };

    use super::{Reads, Word};

    struct MayRead<W>(PhantomData<W>);

    impl<W: Word> Visitor<'_> for MayRead<W> {
        type Value = Option<W>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "the word of a {}, or nothing", W::WHAT)
        }

        fn visit_str<E: Error>(self, word: &str) -> Result<Option<W>, E> {
            if word.is_empty() { Ok(None) } else { Reads(PhantomData).visit_str(word).map(Some) }
        }
    }

    pub(in crate::queries) fn deserialize<'de, D, W>(from: D) -> Result<Option<W>, D::Error>
    where
        D: Deserializer<'de>,
        W: Word,
    {
        from.deserialize_str(MayRead(PhantomData))
    }

    #[allow(clippy::ref_option, reason = "serde's form")]
    pub(in crate::queries) fn serialize<S: Serializer, W: Word>(
        word: &Option<W>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(word.map_or("", Word::word))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        #[serde(with = "super")]
        quality: Quality,
        #[serde(with = "super::said")]
        averaging: Option<Averaging>,
    }

    #[test]
    fn loud_a_word_that_nobody_writes_is_named_and_not_guessed_at() {
        let read = |quality: &str, averaging: &str| {
            let row = serde_json::json!({ "quality": quality, "averaging": averaging });
            serde_json::from_value::<Row>(row).map_err(|error| error.to_string())
        };
        assert_eq!(read("good", "day"), Ok(Row { quality: Quality::Good, averaging: Some(Averaging::Day) }));
        assert_eq!(read("good", ""), Ok(Row { quality: Quality::Good, averaging: None }));
        let error = read("splendid", "").unwrap_err();
        assert!(error.contains("the store holds the quality 'splendid'"), "{error}");
        assert!(read("", "").is_err() && read("good", "fortnight").is_err());
    }
}
