//! The keys of a log source's events that are remembered, and when an event happened that may have been forgotten.
//!
//! Keys are forgotten by the second they happened in: by the minute, a log source of some thousand lines a second would
//! forget the one it is in. What may be stored and is not remembered is asked of the store, and a question that knows when
//! is a look at some granules, where one that does not is a look at all there ever was. So a question has a beginning and
//! an end (invariant BOUND): one that states its time with a zone happened then; one whose zone or year was inferred, near
//! it, since the pack may have declared another zone meanwhile. One that does not say when is asked for among those that do
//! not either, which the store finds without looking at others: it said nothing the first time, too.
//!
//! A time that could not be may be believed when it is said again: a clock was hours ahead, and the hours have passed. It
//! was stored at its arrival. So the hours that such events said are kept with when those arrived, and only a key that
//! says one of these is looked for there, too.
//!
//! What happened before the horizon is asked of the store, whoever says so and however new it is. So whoever is forgotten
//! with all of its keys, and comes again, is asked for what it would have been (REPLAY): nothing has to be kept of it.

use std::collections::BTreeMap;

use ioc_model::{
    event::{Event, EventKey, EventKind, TimeFrom},
    time::{EventTime, Millis, Now},
};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600_000;
/// So many keys of a log source are remembered.
pub(super) const REMEMBERED: usize = 1 << 18;
/// Zones lie so far apart.
const ZONES: Millis = Millis::hours(26);
/// So many runs of hours are told apart that could not be; the nearest are taken together.
const RUNS: usize = 32;

/// When an event happened if it was stored before: from the one moment up to the other, which is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct LookedFor {
    pub(super) from: EventTime,
    pub(super) to: EventTime,
    /// Or whenever it arrived, if it is dated by that.
    pub(super) undated: bool,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Keys {
    known: FxHashSet<EventKey>,
    /// The same by the second they happened in.
    pub(super) seconds: BTreeMap<i64, Vec<EventKey>>,
    /// Whatever happened from this second on is remembered; all there ever was, where there is none: of a log source of
    /// which a checkpoint up to version 9 had nothing to forget, until the clock passes.
    pub(super) remembered_from: Option<i64>,
    pub(super) absurd: AbsurdTimes,
}

/// Times that events with a key said and that could not be: runs of hours, by the first of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct AbsurdTimes(BTreeMap<i64, AbsurdHours>);

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct AbsurdHours {
    /// The last hour of the run.
    through: i64,
    /// When the first and the last of those events are stored.
    first: EventTime,
    last: EventTime,
}

impl LookedFor {
    /// At no time that anything says: it is dated by its arrival.
    pub(super) const UNDATED: LookedFor =
        LookedFor { from: EventTime(i64::MAX), to: EventTime(i64::MIN), undated: true };

    pub(super) fn between(from: EventTime, to: EventTime) -> LookedFor {
        LookedFor { from, to, undated: false }
    }

    /// Both, and what lies between them.
    pub(super) fn with(self, other: LookedFor) -> LookedFor {
        let (from, to) = (self.from.min(other.from), self.to.max(other.to));
        LookedFor { from, to, undated: self.undated || other.undated }
    }
}

/// Near a moment whose zone another pack may have had otherwise.
fn around(at: EventTime) -> LookedFor {
    LookedFor::between(at.minus(ZONES), at.plus(ZONES))
}

impl Keys {
    pub(super) fn of(
        seconds: BTreeMap<i64, Vec<EventKey>>,
        remembered_from: Option<i64>,
        absurd: AbsurdTimes,
    ) -> Keys {
        let known = seconds.values().flatten().copied().collect();
        Keys { known, seconds, remembered_from, absurd }
    }

    /// Those of a log source of which nothing is known, and that may have been there before that moment.
    pub(super) fn since(oldest: Now) -> Keys {
        Keys { remembered_from: Some(oldest.0.div_euclid(SECOND)), ..Keys::default() }
    }

    pub(super) fn contains(&self, key: EventKey) -> bool {
        self.known.contains(&key)
    }

    /// Whether it is as those of one of which nothing is known at that moment ([`Keys::since`]).
    pub(super) fn is_nothing(&self, oldest: Now) -> bool {
        let begins = self.remembered_from.is_none_or(|from| from <= oldest.0.div_euclid(SECOND));
        self.known.is_empty() && begins && self.absurd.0.is_empty()
    }

    /// Whether there were any, of a checkpoint up to version 9: where there were none nothing was forgotten either.
    pub(super) fn had_any(&self) -> bool {
        !self.known.is_empty() || self.remembered_from.is_some()
    }

    /// When an event with the key of this one happened if it was stored and is not remembered; none where it would be.
    /// When one happened that does not itself say so depends on its arrival, so it can be told only while nothing was
    /// forgotten. A time without a year is the same again unless it comes a year later: then it is another event.
    pub(super) fn looked_for(&self, event: &Event) -> Option<LookedFor> {
        let from = self.remembered_from?;
        let at = event.happened_at;
        // The time of a summary that says none is that of the line it repeats, if that was there.
        if event.kind == EventKind::Repeat
            && !matches!(event.time_from, TimeFrom::Stated | TimeFrom::Inferred)
        {
            return Some(
                LookedFor::UNDATED.with(LookedFor::between(EventTime(i64::MIN), EventTime(i64::MAX))),
            );
        }
        let near = match event.time_from {
            TimeFrom::Stated => LookedFor::between(at, at.plus(Millis(1))),
            TimeFrom::Inferred => around(at),
            // It said nothing the first time, too.
            TimeFrom::Arrival => return Some(LookedFor::UNDATED),
            // What it says may have been believed then: it is older now, or the feed's contract another.
            TimeFrom::Absurd => {
                return Some(
                    event
                        .stated_time()
                        .map_or(LookedFor::UNDATED, |said| LookedFor::UNDATED.with(around(said))),
                );
            }
        };
        let is_remembered = |time: EventTime| time.0.div_euclid(SECOND) >= from;
        let meant = self.absurd.meant(near).filter(|meant| !is_remembered(meant.from));
        match meant {
            Some(meant) => Some(near.with(meant)),
            None if is_remembered(at) => None,
            None => Some(near),
        }
    }

    /// An event with that key is stored.
    pub(super) fn insert(&mut self, key: EventKey, event: &Event) {
        if self.known.insert(key) {
            self.seconds.entry(event.happened_at.0.div_euclid(SECOND)).or_default().push(key);
        }
        if event.time_from == TimeFrom::Absurd
            && let Some(said) = event.stated_time()
        {
            self.absurd.note(said, event.happened_at);
        }
    }

    /// Forgets what happened before a moment, and more where there is too much: the oldest first. From then on that is
    /// asked for, whether there was any, so what is remembered is a function of the epochs alone.
    pub(super) fn forget(&mut self, oldest: EventTime) {
        let mut from = oldest.0.div_euclid(SECOND);
        let mut kept = self.known.len();
        for (second, keys) in &self.seconds {
            if *second >= from && kept <= REMEMBERED {
                break;
            }
            kept -= keys.len();
            from = from.max(second + 1);
        }
        if self.seconds.first_key_value().is_some_and(|(second, _)| *second < from) {
            let rest = self.seconds.split_off(&from);
            for key in std::mem::replace(&mut self.seconds, rest).into_values().flatten() {
                let _ = self.known.remove(&key);
            }
        }
        self.remembered_from = self.remembered_from.max(Some(from));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }
}

impl AbsurdTimes {
    fn note(&mut self, said: EventTime, stored_at: EventTime) {
        let hour = said.0.div_euclid(HOUR);
        let (mut from, mut run) = (hour, AbsurdHours { through: hour, first: stored_at, last: stored_at });
        while let Some((first, near)) =
            self.0.range(..=run.through + 1).next_back().map(|(at, run)| (*at, *run))
        {
            if near.through + 1 < from {
                break;
            }
            let _ = self.0.remove(&first);
            from = from.min(first);
            run = run.with(near);
        }
        let _ = self.0.insert(from, run);
        if self.0.len() > RUNS {
            let gaps = self.0.iter().zip(self.0.iter().skip(1));
            let nearest = gaps.min_by_key(|((_, run), (next, _))| **next - run.through);
            if let Some(((first, run), (next, behind))) = nearest.map(|((a, b), (c, d))| ((*a, *b), (*c, *d)))
            {
                let _ = self.0.remove(&next);
                let _ = self.0.insert(first, run.with(behind));
            }
        }
    }

    /// When events are stored that said a time in there and were not believed.
    fn meant(&self, LookedFor { from, to, .. }: LookedFor) -> Option<LookedFor> {
        let (first, through) = (from.0.div_euclid(HOUR), to.0.div_euclid(HOUR));
        let runs = self.0.range(..=through).rev().take_while(|(_, run)| run.through >= first);
        let meant = |(_, run): (&i64, &AbsurdHours)| LookedFor::between(run.first, run.last.plus(Millis(1)));
        runs.map(meant).reduce(LookedFor::with)
    }
}

impl AbsurdHours {
    fn with(self, other: AbsurdHours) -> AbsurdHours {
        AbsurdHours {
            through: self.through.max(other.through),
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

/// What checkpoints up to version 8 keep: that some time could not be, and not which. Any may be meant.
impl From<bool> for AbsurdTimes {
    fn from(was_absurd: bool) -> AbsurdTimes {
        let always = AbsurdHours {
            through: i64::MAX / HOUR,
            first: EventTime(i64::MIN),
            last: EventTime(i64::MAX - 1),
        };
        AbsurdTimes(if was_absurd { BTreeMap::from([(i64::MIN / HOUR, always)]) } else { BTreeMap::new() })
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::event::STATED_TIME;

    use super::*;

    const START: i64 = 1_795_132_800_000;

    fn event(time_from: TimeFrom, at: i64) -> Event {
        Event { time_from, happened_at: EventTime(at), ..Event::default() }
    }

    fn absurd(said: i64, at: i64) -> Event {
        let attributes = vec![(STATED_TIME.into(), EventTime(said).rfc3339().into())];
        Event { attributes, ..event(TimeFrom::Absurd, at) }
    }

    fn key(number: u64) -> EventKey {
        EventKey(u128::from(number).to_be_bytes())
    }

    fn forgetful() -> Keys {
        Keys { remembered_from: Some(START / SECOND), ..Keys::default() }
    }

    #[test]
    fn bound_what_is_asked_of_the_store_lies_in_a_time_where_it_says_when() {
        let keys = forgetful();
        let asked = |time_from, at| keys.looked_for(&event(time_from, at));
        let earlier = START - 40 * HOUR;
        let span = |from, to| Some(LookedFor::between(EventTime(from), EventTime(to)));
        assert_eq!(asked(TimeFrom::Stated, earlier), span(earlier, earlier + 1));
        assert_eq!(asked(TimeFrom::Inferred, earlier), span(earlier - 26 * HOUR, earlier + 26 * HOUR));
        assert_eq!(asked(TimeFrom::Stated, START), None);
        assert_eq!(asked(TimeFrom::Arrival, START), Some(LookedFor::UNDATED));
        let said = START - 9_000 * HOUR;
        let around = LookedFor { undated: true, ..around(EventTime(said)) };
        assert_eq!(keys.looked_for(&absurd(said, START)), Some(around), "it may have been believed once");
        assert_eq!(asked(TimeFrom::Absurd, START), Some(LookedFor::UNDATED), "nobody can read what it said");
        assert_eq!(
            Keys::default().looked_for(&event(TimeFrom::Stated, earlier)),
            None,
            "nothing was forgotten"
        );
    }

    #[test]
    fn once_only_what_an_absurd_time_may_have_meant_is_looked_for_where_that_is_stored() {
        let mut keys = forgetful();
        let stored = START - 8 * HOUR;
        // A clock seven hours ahead, one that was never set, one of the year 2036.
        for (number, said) in
            [stored + 7 * HOUR, stored + 8 * HOUR, 5_000, 2_085_978_496_000].into_iter().enumerate()
        {
            keys.insert(key(number as u64), &absurd(said, stored + number as i64));
        }
        keys.forget(EventTime(START));
        let asked = |at| keys.looked_for(&event(TimeFrom::Stated, at));
        assert_eq!(asked(START), Some(LookedFor::between(EventTime(stored), EventTime(START + 1))));
        assert_eq!(asked(START + 2 * HOUR), None, "nothing absurd meant that");
        let before = START - 30 * HOUR;
        assert_eq!(asked(before), Some(LookedFor::between(EventTime(before), EventTime(before + 1))));
        let of_before = Keys { absurd: true.into(), ..forgetful() };
        assert!(
            of_before
                .looked_for(&event(TimeFrom::Stated, START + HOUR))
                .is_some_and(|it| it.from.0 == i64::MIN)
        );
    }

    #[test]
    fn bound_few_runs_of_absurd_hours_are_kept_and_none_of_them_is_lost() {
        let mut absurd = AbsurdTimes::default();
        let said: Vec<i64> = (0..200).map(|number: i64| START + number * number * HOUR).collect();
        said.iter().for_each(|at| absurd.note(EventTime(*at), EventTime(*at - HOUR)));
        assert!(absurd.0.len() <= RUNS);
        for at in said {
            let meant = absurd.meant(LookedFor::between(EventTime(at), EventTime(at + 1))).unwrap();
            assert!((meant.from.0..meant.to.0).contains(&(at - HOUR)));
        }
    }

    #[test]
    fn bound_a_busy_log_source_forgets_its_oldest_seconds_and_not_the_one_it_is_in() {
        let mut keys = Keys::default();
        // Ten thousand a second, all of one minute.
        for number in 0..400_000 {
            keys.insert(key(number), &event(TimeFrom::Stated, START + number as i64 / 10));
        }
        keys.forget(EventTime(START - HOUR));
        let now = START + 40_000;
        assert_eq!(
            keys.looked_for(&event(TimeFrom::Stated, now)),
            None,
            "nothing newer needs to be asked for"
        );
        assert!(keys.looked_for(&event(TimeFrom::Stated, now - 20_000)).is_none());
        assert!(keys.looked_for(&event(TimeFrom::Stated, START)).is_some());
        assert!(keys.len() <= REMEMBERED && keys.len() > REMEMBERED - 10_001);
    }
}
