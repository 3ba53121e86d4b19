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

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    answer::{Position, Start, Value},
    moment,
};
use crate::transport::pull::{self, horizon::Horizon};

/// Whole state between two answers; the cursor's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// Up to here nothing comes any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) settled: Option<Position>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<Mark>,
    /// Up to here rows were seen by a pass that came to its end.
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
    /// Up to here it sees rows: the last one that could settle when it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) top: Option<Position>,
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

impl pull::place::Place for Place {}

impl Place {
    /// Nothing that is kept lies beyond the horizon of the pass that begins. A place that is far from it was carried there
    /// by a row: what came since then was passed unread, nobody knows from where on, and all is read once more. One that
    /// is near is a clock's that was set back since. Whether it was far.
    pub(super) fn within(&mut self, horizon: Horizon, top: Option<&Position>) -> bool {
        let is_beyond = |place: &mut Position| moment::of_place(place).is_some_and(|at| at > horizon.at());
        let _dropped = (self.reached.take_if(is_beyond), self.mark.take_if(|mark| is_beyond(&mut mark.top)));
        let Some(settled) = self.settled.take_if(is_beyond) else { return false };
        let is_far = moment::of_place(&settled).is_some_and(|at| horizon.is_far_from(at));
        self.settled = top.filter(|_| !is_far).cloned();
        is_far
    }

    /// A pass begins, up to `top`: what it settles, if what was marked is over. `is_bounded`: what lies behind the settled
    /// is too much to be read again and again, and is read again when the mark is over.
    pub(super) fn begin(&mut self, open: &Open, top: Option<Position>, is_bounded: bool) {
        let is_over = |mark: &mut Mark| mark.open.are_over(open);
        let settles = self.mark.take_if(is_over).map(|mark| mark.top);
        let at = self.reached.clone().filter(|_| is_bounded && self.mark.is_some());
        self.pass = Some(Pass { at, settles, top, ..Pass::default() });
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
        *from = settled.first().and_then(|by| moment::earlier(by, overlap));
        match from {
            Some(from) => Start::From(from),
            None => Start::Behind(settled),
        }
    }

    /// The pass has read to the end. Whether more is settled now.
    pub(super) fn finish(&mut self) -> bool {
        let Some(Pass { settles, top, .. }) = self.pass.take() else { return false };
        let is_new = settles.is_some() && settles != self.settled;
        self.settled = settles.or(self.settled.take());
        self.reached = top.or(self.reached.take());
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::{super::answer::ValueKind, *};
    use crate::transport::pull::place::Place as _;

    fn moment(text: &str) -> Value {
        Value { text: text.to_owned(), kind: ValueKind::Text }
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
        place.begin(&open(7, 9, &["12@10:00"]), None, false);
        assert!(place.wants_mark());
        place.set_mark(top.clone(), open(7, 9, &["12@10:00"]));
        assert!(!place.finish());
        for not_over in [open(8, 30, &[]), open(30, 30, &["12@10:00"])] {
            place.begin(&not_over, None, false);
            assert!(!place.wants_mark() && !place.finish(), "{not_over:?}");
        }
        assert_eq!(place.settled, None);
        // Another transaction of the same session is another one.
        place.begin(&open(9, 31, &["12@10:07"]), None, false);
        assert!(place.wants_mark());
        assert_eq!(Place::parse(Some(&place.text())).unwrap(), place);
        assert!(place.finish());
        assert_eq!(place.settled, Some(top.clone()));
        // A table at rest is read once.
        let mut place = Place::default();
        place.begin(&open(9, 9, &[]), None, false);
        place.set_mark(top.clone(), open(9, 9, &[]));
        assert!(place.finish());
        assert_eq!((place.settled, place.mark), (Some(top), None));
    }

    #[test]
    fn bound_what_is_too_much_is_read_again_when_the_mark_is_over_and_not_at_every_turn() {
        let held = Open { held: ["12@10:00".to_owned()].into(), writing: None };
        let mut place = Place { reached: Some(vec![moment("900")]), ..Place::default() };
        place.set_mark(vec![moment("5")], held.clone());
        place.begin(&held, None, true);
        assert!(
            matches!(place.start(&mut None, SignedDuration::ZERO), Start::Behind([at]) if at.text == "900")
        );
        place.begin(&held, None, false);
        assert!(matches!(place.start(&mut None, SignedDuration::ZERO), Start::Beginning));
        place.begin(&Open::default(), None, true);
        assert!(matches!(place.start(&mut None, SignedDuration::ZERO), Start::Beginning));
    }

    #[test]
    fn once_a_place_that_a_row_carried_into_the_future_is_given_up() {
        let horizon = Horizon::of(ioc_model::time::Now(1_793_581_200_000));
        let top = vec![moment("2026-11-02 00:58:00+00")];
        let within = |settled: &str| {
            let mark = Mark { top: vec![moment(settled)], open: Open::default() };
            let mut place =
                Place { settled: Some(vec![moment(settled)]), mark: Some(mark), ..Place::default() };
            let is_far = place.within(horizon, Some(&top));
            (is_far, place.settled.map(|place| place[0].text.clone()), place.mark.is_some())
        };
        for far in ["2062-11-02 01:00:00+00", "infinity"] {
            assert_eq!(within(far), (true, None, false));
        }
        // A clock was set back: what it gave out before was read.
        assert_eq!(within("2026-11-02 01:05:00+00"), (false, Some(top[0].text.clone()), false));
        for kept in ["2026-11-02 00:59:00+00", "999999999"] {
            assert_eq!(within(kept), (false, Some(kept.to_owned()), true));
        }
    }

    #[test]
    fn once_a_cursor_that_was_kept_before_is_read() {
        let kept = r#"{"settled":[{"text":"7","kind":"text"}],"mark":{"top":[{"text":"9","kind":"number"}],"open":
            {"held":["12@10:00"],"writing":{"xmin":7,"xmax":9}}},"reached":[{"text":"11","kind":"text"}],"pass":{"at":
            [{"text":"8","kind":"utc"}],"unordered":false,"settles":[{"text":"9","kind":"text"}]},"comparing":{"turn":5,
            "read":{"period":{"text":"2026-10","kind":"text"}}},"compared":4}"#;
        let place = Place::parse(Some(kept)).unwrap();
        assert_eq!(place.settled, Some(vec![moment("7")]));
        assert_eq!((place.pass.unwrap().top, place.compared), (None, Some(4)));
    }
}
