//! How far a table was read, and how far for good.
//!
//! A **pass** reads from where everything is settled to the end. Before it begins a **mark** is set: the place of the last
//! row that can be seen, and behind it, some moments later, which transactions are open. A number is given out when a row
//! is written, and `now()` is the beginning of its transaction, which may be long before that; so what counts is when a
//! transaction began, not when it wrote. Whoever holds a place below the mark has ended by then, and its rows are seen by
//! this pass, or is one of those. When all of them have ended, the rows up to the mark cannot become more; the pass that
//! begins then reads them, and when it has, they are settled. Where no transaction is open a mark is settled by the pass
//! that sets it, so a table at rest is read once.

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
    /// The last row that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reached: Option<Position>,
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    /// Each by who holds it and since when.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) held: BTreeSet<String>,
    /// Of those that write, whoever holds them, as PostgreSQL numbers them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) writing: Option<Writing>,
}

/// All before `xmin` have ended, none from `xmax` on had begun to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Writing {
    pub(super) xmin: u64,
    pub(super) xmax: u64,
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
        self.held.is_empty() && self.writing.is_none_or(|writing| writing.xmin >= writing.xmax)
    }

    /// Whether all of these have ended, by what is open now.
    fn are_over(&self, now: &Open) -> bool {
        let have_written = match (self.writing, now.writing) {
            (Some(then), Some(now)) => now.xmin >= then.xmax,
            (then, _) => then.is_none(),
        };
        have_written && self.held.is_disjoint(&now.held)
    }
}

impl Place {
    pub(super) fn parse(text: Option<&str>) -> Result<Place, CannotFetch> {
        let Some(text) = text else { return Ok(Place::default()) };
        serde_json::from_str(text)
            .map_err(|error| CannotFetch::said(format!("its cursor '{text}' is none: {error}")))
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A pass begins: what it settles, if what was marked is over. `is_bounded`: what lies behind the settled is too much
    /// to be read again and again, and is read again when the mark is over.
    pub(super) fn begin(&mut self, open: &Open, is_bounded: bool) {
        let is_over = |mark: &mut Mark| mark.open.are_over(open);
        let settles = self.mark.take_if(is_over).map(|mark| mark.top);
        let at = self.reached.clone().filter(|_| is_bounded && self.mark.is_some());
        self.pass = Some(Pass { at, settles, ..Pass::default() });
    }

    /// Whether a new mark is to be set before the pass reads.
    pub(super) fn wants_mark(&self) -> bool {
        self.mark.is_none()
    }

    /// Sets a mark: with nobody open behind it, the pass that begins settles it.
    pub(super) fn set_mark(&mut self, top: Position, open: Open) {
        if open.is_none() {
            self.pass.get_or_insert_default().settles = Some(top);
        } else {
            self.mark = Some(Mark { top, open });
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

    /// The pass has read to the end. Whether more is settled now.
    pub(super) fn finish(&mut self) -> bool {
        let settles = self.pass.take().and_then(|pass| pass.settles);
        let is_new = settles.is_some() && settles != self.settled;
        self.settled = settles.or(self.settled.take());
        is_new
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
        let open = |xmin, xmax, held: &[&str]| Open {
            held: held.iter().map(|&one| one.to_owned()).collect(),
            writing: Some(Writing { xmin, xmax }),
        };
        let mut place = Place::default();
        // One that writes, and one that has not written yet but began long ago.
        place.begin(&open(7, 9, &["12@10:00"]), false);
        assert!(place.wants_mark());
        place.set_mark(top.clone(), open(7, 9, &["12@10:00"]));
        assert!(!place.finish());
        for not_over in [open(8, 30, &[]), open(30, 30, &["12@10:00"])] {
            place.begin(&not_over, false);
            assert!(!place.wants_mark() && !place.finish(), "{not_over:?}");
        }
        assert_eq!(place.settled, None);
        // Another transaction of the same session is another one.
        place.begin(&open(9, 31, &["12@10:07"]), false);
        assert!(place.wants_mark());
        assert_eq!(Place::parse(Some(&place.text())).unwrap(), place);
        assert!(place.finish());
        assert_eq!(place.settled, Some(top.clone()));
        // A table at rest is read once.
        let mut place = Place::default();
        place.begin(&open(9, 9, &[]), false);
        place.set_mark(top.clone(), open(9, 9, &[]));
        assert!(place.finish());
        assert_eq!((place.settled, place.mark), (Some(top), None));
    }

    #[test]
    fn bound_what_is_too_much_is_read_again_when_the_mark_is_over_and_not_at_every_turn() {
        let held = Open { held: ["12@10:00".to_owned()].into(), writing: None };
        let mut place = Place { reached: Some(vec![moment("900")]), ..Place::default() };
        place.set_mark(vec![moment("5")], held.clone());
        place.begin(&held, true);
        assert!(
            matches!(place.start(&mut None, SignedDuration::ZERO), Start::Behind([at]) if at.text == "900")
        );
        place.begin(&held, false);
        assert!(matches!(place.start(&mut None, SignedDuration::ZERO), Start::Beginning));
        place.begin(&Open::default(), true);
        assert!(matches!(place.start(&mut None, SignedDuration::ZERO), Start::Beginning));
    }
}
