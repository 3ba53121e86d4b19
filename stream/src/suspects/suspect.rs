//! One address or user, as a rule sees it.

use std::collections::BTreeMap;

use ioc_model::{
    position::Arrival,
    rule::{AlertAbout, Counting},
    time::{EventTime, Millis, Now, ReceivedAt},
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::{LATE, Sighting, SightingAdds};
use crate::alert;

/// So many sightings of one are kept, and three quarters of them when there were more: the newest are still as many as
/// any rule asks for.
const SIGHTINGS: usize = 2_048;
const SIGHTINGS_LEFT: usize = SIGHTINGS / 4 * 3;
const _: () = assert!(SIGHTINGS_LEFT > ioc_model::rule::REACH_MAX as usize);
const MINUTE: i64 = 60_000;

/// What is kept of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Suspect {
    /// Those of no run that was told, by when they happened; of different things one of each and moment, of a sum one a
    /// moment.
    sightings: BTreeMap<(EventTime, u64), Sighted>,
    /// Which things they are of, and how many of each: while those are too few, no time has enough of them.
    #[serde(skip)]
    things: FxHashMap<u64, u32>,
    /// The last to arrive, and the recorded clock by which it was taken: behind a backlog that is much later.
    pub(super) heard: (Now, Arrival),
    /// The minute in which old ones were let go.
    swept: i64,
    /// What the last alert was raised by, and what followed it without a pause.
    pub(super) run: Option<Run>,
    /// The number of the last alert; 0 where there was none.
    pub(super) number: u32,
    pub(super) open: Option<Open>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Sighted {
    count: i64,
    received_at: ReceivedAt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) start: EventTime,
    /// When the last of it happened.
    pub(super) end: EventTime,
}

/// Its alert, and whom the rule counted by when it was raised.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) alert: alert::Open,
    pub(super) about: AlertAbout,
}

/// A time in which there were enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    /// Nothing that happened up to this moment was counted.
    pub(super) after: EventTime,
    /// When the last of them happened.
    pub(super) at: EventTime,
    pub(super) value: i64,
}

impl Suspect {
    pub(super) fn new(heard: (Now, Arrival)) -> Suspect {
        let (sightings, things, run, open) = Default::default();
        Suspect { sightings, things, heard, swept: i64::MIN, run, number: 0, open }
    }

    /// As it was before a checkpoint kept it.
    pub(super) fn loaded(mut self) -> Suspect {
        self.things.clear();
        for (_, thing) in self.sightings.keys() {
            *self.things.entry(*thing).or_default() += 1;
        }
        self
    }

    /// Lets go of some sightings.
    fn let_go(&mut self, mut gone: impl FnMut(&(EventTime, u64), &Sighted) -> bool) {
        let things = &mut self.things;
        self.sightings.retain(|key, sighted| {
            let gone = gone(key, sighted);
            if gone {
                one_less(things, key.1);
            }
            !gone
        });
    }

    pub(super) fn len(&self) -> usize {
        self.sightings.len()
    }

    pub(super) fn is_active(&self) -> bool {
        self.open.is_some_and(|open| open.alert.active)
    }

    /// Lets go of what arrived too long ago to count in anything that still comes.
    fn sweep(&mut self, now: ReceivedAt, within: Millis) {
        let minute = now.0.div_euclid(MINUTE);
        if minute != self.swept {
            self.swept = minute;
            let oldest = now.0.saturating_sub(LATE.0).saturating_sub(within.0);
            self.let_go(|_, sighted| sighted.received_at.0 <= oldest);
        }
    }

    /// Hears of one.
    pub(super) fn hear(&mut self, now: Now, sighting: &Sighting, within: Millis) {
        self.sweep(sighting.arrival.received_at, within);
        self.heard = self.heard.max((now, sighting.arrival));
    }

    /// Keeps one that belongs to no run.
    pub(super) fn keep(&mut self, sighting: &Sighting) {
        let (thing, count) = match sighting.adds {
            SightingAdds::More(count) => (0, count),
            SightingAdds::One(thing) => (thing, 1),
        };
        let received_at = sighting.arrival.received_at;
        let new = Sighted { count: 0, received_at };
        let sighted = self.sightings.entry((sighting.at, thing)).or_insert_with(|| {
            *self.things.entry(thing).or_default() += 1;
            new
        });
        sighted.received_at = sighted.received_at.max(received_at);
        match sighting.adds {
            SightingAdds::More(_) => sighted.count = sighted.count.saturating_add(count),
            SightingAdds::One(_) => sighted.count = 1,
        }
        if self.sightings.len() > SIGHTINGS {
            self.make_room(matches!(sighting.adds, SightingAdds::One(_)));
        }
    }

    /// Of different things only the last sighting of each is needed for what comes in order; then the oldest go.
    fn make_room(&mut self, is_distinct: bool) {
        if is_distinct {
            let mut last: FxHashMap<u64, EventTime> = FxHashMap::default();
            last.extend(self.sightings.keys().map(|(at, thing)| (*thing, *at)));
            self.let_go(|(at, thing), _| last.get(thing) != Some(at));
        }
        while self.sightings.len() > SIGHTINGS_LEFT {
            let oldest = self.sightings.pop_first();
            let _ = oldest.map(|((_, thing), _)| one_less(&mut self.things, thing));
        }
    }

    /// Nothing that was seen counts any more.
    pub(super) fn begin_anew(&mut self) {
        self.sightings.clear();
        self.things.clear();
    }

    /// What was seen of a run counts no more: after it is over, counting begins behind it.
    pub(super) fn begin_run(&mut self, run: Run) {
        self.let_go(|(at, _), _| (run.start..=run.end).contains(at));
        self.run = Some(run);
    }

    /// The first time in which there are enough, of those that a moment lies in; of what was told, nothing.
    pub(super) fn reached(&self, counting: &Counting, moment: EventTime) -> Option<Reached> {
        let within = counting.within;
        let is_distinct = counting.count.is_distinct();
        if is_distinct && self.things.len() < counting.reach as usize {
            return None;
        }
        let (mut from, mut behind) = (moment.minus(within), moment.plus(within));
        match self.run {
            Some(run) if run.end < moment => from = from.max(run.end),
            Some(run) => behind = behind.min(run.start),
            None => {}
        }
        if from >= behind {
            return None;
        }
        // From behind the one moment up to the other.
        let around = || self.sightings.range((from.plus(Millis(1)), 0)..(behind, 0));
        let mut leaving = around().peekable();
        let mut things: FxHashMap<u64, u32> = FxHashMap::default();
        let mut sum = 0_i64;
        let mut coming = around().peekable();
        while let Some(((at, thing), sighted)) = coming.next() {
            sum = sum.saturating_add(sighted.count);
            if is_distinct {
                *things.entry(*thing).or_default() += 1;
            }
            while let Some(((gone, thing), sighted)) =
                leaving.next_if(|((gone, _), _)| *gone <= at.minus(within))
            {
                debug_assert!(gone < at);
                sum = sum.saturating_sub(sighted.count);
                one_less(&mut things, *thing);
            }
            let is_whole_moment = coming.peek().is_none_or(|((next, _), _)| next > at);
            let value = if is_distinct { things.len() as i64 } else { sum };
            if is_whole_moment && *at >= moment && value >= i64::from(counting.reach) {
                return Some(Reached { after: from.max(at.minus(within)), at: *at, value });
            }
        }
        None
    }

    /// What was seen from a moment on without a pause.
    pub(super) fn run(&self, from: EventTime, pause: Millis) -> EventTime {
        let mut end = from;
        for (at, _) in self.sightings.range((from, 0)..).map(|(key, _)| *key) {
            if at >= end.plus(pause) {
                break;
            }
            end = at;
        }
        end
    }
}

/// One fewer of a thing; none is none that is there.
fn one_less(things: &mut FxHashMap<u64, u32>, thing: u64) {
    if let Some(count) = things.get_mut(&thing) {
        *count -= 1;
        if *count == 0 {
            let _ = things.remove(&thing);
        }
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        event::Count,
        rule::{CountBy, Group},
    };

    use super::*;

    #[test]
    fn bound_things_are_counted_as_sightings_come_and_go() {
        let mut suspect = Suspect::new((Now(0), Arrival::default()));
        let counting = Counting {
            reach: 20,
            within: Millis::minutes(10),
            ..ioc_testing::counting(Count::Targets, CountBy::From)
        };
        let kept = |suspect: &Suspect| suspect.clone().loaded().things;
        for number in 0..6_000_u64 {
            let at = number as i64 * 700;
            let arrival = Arrival { received_at: ReceivedAt(at), ..Arrival::default() };
            // Nineteen things again and again, which are never enough.
            let adds = SightingAdds::One(number * number % 19);
            let group = Group::User("u".into());
            let sighting = Sighting { rule: "r".into(), group, at: EventTime(at), adds, arrival };
            suspect.hear(Now(at), &sighting, counting.within);
            suspect.keep(&sighting);
            assert_eq!(suspect.reached(&counting, EventTime(at)), None);
            if number % 500 == 0 {
                assert_eq!(suspect.things, kept(&suspect), "{number}");
            }
        }
        let run = Run { start: EventTime(3_000_000), end: EventTime(4_100_000) };
        suspect.begin_run(run);
        assert_eq!(suspect.things, kept(&suspect));
        suspect.begin_anew();
        assert!(suspect.things.is_empty());
    }
}
