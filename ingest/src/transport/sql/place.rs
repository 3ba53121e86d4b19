//! How far a table was read, and how far for good.
//!
//! A **pass** reads from where everything is settled to the end. Before it begins a **mark** is set: the place of the last
//! row that can be seen, and behind it, some moments later, which transactions are open. Whoever holds a place below the
//! mark has ended by then, and its rows are seen by this pass, or is one of those. When all of them have ended, the rows
//! up to the mark cannot become more; the pass that begins then reads them, and when it has, they are settled. Where
//! nobody writes a mark is settled by the pass that sets it, so a table at rest is read once.

use std::collections::BTreeSet;

use jiff::{SignedDuration, civil::DateTime};
use serde::{Deserialize, Serialize};

use super::answer::{Position, Start, Value};
use crate::transport::pull::CannotFetch;

/// Whole state between two answers; the cursor's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// Up to here nothing comes any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) settled: Option<Position>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<Mark>,
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

/// A place that is settled when these have ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) top: Position,
    pub(super) open: Open,
}

/// Transactions that were open at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Open {
    /// All before `xmin` have ended, none from `xmax` on had begun to write. PostgreSQL numbers them in that order.
    Between { xmin: u64, xmax: u64 },
    /// These.
    These(BTreeSet<u64>),
}

/// Reading to the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pass {
    /// The row it is at; none at its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Position>,
    /// It is among those that have no value to be ordered by.
    #[serde(default)]
    pub(super) unordered: bool,
    /// What it settles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) settles: Option<Position>,
}

/// Reading whole periods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Comparing {
    pub(super) turn: u64,
    /// The last one that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) read: Option<ReadPeriod>,
}

/// A period, or none: some rows are of none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReadPeriod {
    pub(super) period: Option<Value>,
}

impl Open {
    pub(super) fn is_none(&self) -> bool {
        match self {
            Open::Between { xmin, xmax } => xmin >= xmax,
            Open::These(these) => these.is_empty(),
        }
    }

    /// Whether all of these have ended, by what is open now.
    fn are_over(&self, now: &Open) -> bool {
        match (self, now) {
            (Open::Between { xmax, .. }, Open::Between { xmin, .. }) => xmin >= xmax,
            (Open::These(these), Open::These(now)) => these.is_disjoint(now),
            // Another engine answers: nothing of what was known holds.
            _ => false,
        }
    }
}

impl Place {
    pub(super) fn parse(text: Option<&str>) -> Result<Place, CannotFetch> {
        let Some(text) = text else { return Ok(Place::default()) };
        serde_json::from_str(text)
            .map_err(|error| CannotFetch(format!("its cursor '{text}' is none: {error}")))
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A pass begins: what it settles, if what was marked is over. `open` is none where nobody may know.
    pub(super) fn begin(&mut self, open: Option<&Open>) {
        let is_over = |mark: &mut Mark| open.is_none_or(|now| mark.open.are_over(now));
        let settles = self.mark.take_if(is_over).map(|mark| mark.top);
        self.pass = Some(Pass { settles, ..Pass::default() });
    }

    /// Whether a new mark is to be set before the pass reads.
    pub(super) fn wants_mark(&self) -> bool {
        self.mark.is_none()
    }

    /// Sets a mark: with nobody open behind it, the pass that begins settles it.
    pub(super) fn set_mark(&mut self, top: Position, open: Option<Open>) {
        match open.filter(|open| !open.is_none()) {
            Some(open) => self.mark = Some(Mark { top, open }),
            None => {
                let pass = self.pass.get_or_insert_default();
                pass.settles = Some(top);
            }
        }
    }

    /// Where the next page of the pass begins.
    pub(super) fn start<'p>(&'p self, from: &'p mut Option<Value>, overlap: SignedDuration) -> Start<'p> {
        let at = self.pass.as_ref().and_then(|pass| pass.at.as_deref());
        if let Some(at) = at {
            return Start::Behind(at);
        }
        let Some(settled) = self.settled.as_deref() else { return Start::Beginning };
        *from = settled.first().and_then(|by| earlier(by, overlap));
        match from {
            Some(from) => Start::From(from),
            None => Start::Behind(settled),
        }
    }

    /// The pass has read to the end.
    pub(super) fn finish(&mut self) {
        if let Some(settles) = self.pass.take().and_then(|pass| pass.settles) {
            self.settled = Some(settles);
        }
    }
}

/// A moment so much before another one, written alike; none if it is none, or the same.
fn earlier(moment: &Value, overlap: SignedDuration) -> Option<Value> {
    if overlap.is_zero() {
        return None;
    }
    // PostgreSQL writes the zone behind the time: `2026-11-02 01:00:00.000001+00`.
    let end = moment.text.char_indices().skip(11).find(|(_, letter)| matches!(letter, '+' | '-'));
    let (time, zone) = moment.text.split_at(end.map_or(moment.text.len(), |(at, _)| at));
    let time: DateTime = time.replacen(' ', "T", 1).parse().ok()?;
    let before = time.checked_sub(overlap).ok()?;
    let text = format!("{}{zone}", before.strftime("%Y-%m-%d %H:%M:%S%.6f"));
    Some(Value { text, kind: moment.kind })
}

#[cfg(test)]
mod tests {
    use super::{super::answer::ValueKind, *};

    fn moment(text: &str) -> Value {
        Value { text: text.to_owned(), kind: ValueKind::Text }
    }

    #[test]
    fn an_overlap_reaches_back_and_is_written_as_the_database_writes_moments() {
        let minutes = SignedDuration::from_mins(2);
        let before = |text: &str| earlier(&moment(text), minutes).map(|before| before.text);
        assert_eq!(before("2026-11-02 01:01:00.000001+00").as_deref(), Some("2026-11-02 00:59:00.000001+00"));
        assert_eq!(before("2026-01-01 00:00:05").as_deref(), Some("2025-12-31 23:58:05.000000"));
        assert_eq!(before("42"), None);
        assert_eq!(earlier(&moment("2026-01-01 00:00:05"), SignedDuration::ZERO), None);
    }

    #[test]
    fn once_a_mark_settles_when_all_that_were_open_have_ended_and_not_before() {
        let top = vec![moment("5")];
        let open = |xmin, xmax| Open::Between { xmin, xmax };
        let mut place = Place::default();
        place.begin(Some(&open(7, 9)));
        assert!(place.wants_mark());
        place.set_mark(top.clone(), Some(open(7, 9)));
        place.finish();
        assert_eq!(place.settled, None);
        place.begin(Some(&open(8, 30)));
        assert!(!place.wants_mark());
        place.finish();
        assert_eq!(place.settled, None);
        place.begin(Some(&open(9, 31)));
        assert!(place.wants_mark());
        let again = Place::parse(Some(&place.text())).unwrap();
        assert_eq!(again, place);
        place.finish();
        assert_eq!(place.settled, Some(top.clone()));
        // A table at rest is read once.
        let mut place = Place::default();
        place.begin(Some(&open(9, 9)));
        place.set_mark(top.clone(), Some(open(9, 9)));
        place.finish();
        assert_eq!((place.settled, place.mark), (Some(top), None));
    }
}
