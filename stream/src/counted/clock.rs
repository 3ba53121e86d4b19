//! Whether the clock of a log source is constantly hours off.
//!
//! A machine that writes UTC where its zone is expected, or the reverse, is seven hours off: every line, always. Lateness
//! looks the same in one line, and not in many. How long a line was on its way is never less than nothing, so of a stretch
//! of lines the **smallest lag** (arrival less the time the line says) is the clock's error, and a little more. A batch
//! that comes late only adds larger ones.
//!
//! A stretch is lines that arrived in several minutes, within some hours, most of them near the smallest lag: what
//! delivers its lines in heaps (a list once a day, a file once an hour) is on its way for long, and its clock may be right.
//! The clock is off when several stretches after each other say the same number of half hours, since zones differ by
//! these; it is right again with the first that does not. Lines are dated as they were: what is found is said, and for
//! the operator to mend, who declares the zone. A line that lies too far ahead to be believed is dated by its arrival; its
//! lag is that of the time it said (`stated_time`).
//!
//! State is three numbers and a stretch. It is of the lines in the order in which they arrived, and of nothing else
//! (invariants REPLAY, BOUND).

use ioc_model::{
    event::{Event, TimeFrom},
    time::Millis,
};
use serde::{Deserialize, Serialize};

const MINUTE: i64 = 60_000;
/// Zones differ by as much, or by a multiple of it.
const HALF_HOUR: i64 = 30 * MINUTE;
/// A stretch has lines of at least so many minutes of arrival, and of at least so long a time.
const MINUTES: u32 = 5;
const SHORTEST: i64 = 10 * MINUTE;
/// What needs longer for that is no stretch.
const LONGEST: i64 = 6 * 60 * MINUTE;
/// A line may be on its way for so long, or its clock so far off beside its zone.
const ON_ITS_WAY: i64 = 5 * MINUTE;
const AHEAD: i64 = 3 * MINUTE;
/// No clock on Earth is further off by its zone.
const FURTHEST: i64 = 14 * 60 * MINUTE;
/// So many stretches must say the same.
const STRETCHES: u8 = 3;

/// What is known of a clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Clock {
    stretch: Option<Stretch>,
    /// What the last stretches said, and how many of them said the same: 0 for a clock that is right, or for none.
    said: (i64, u8),
    /// What is taken for certain.
    off: Option<Millis>,
}

/// Lines that arrived after each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Stretch {
    /// When the first arrived, and the minute in which the last did.
    from: i64,
    minute: i64,
    minutes: u32,
    lines: u32,
    /// Lines that are near the smallest lag.
    near: u32,
    smallest: i64,
}

impl Clock {
    /// How far it is off: ahead where it is positive; none where it is right, or nobody knows.
    pub(super) fn off(&self) -> Option<Millis> {
        self.off
    }

    /// A line; they come in the order in which they arrived. One that says no time, or one that no zone explains, says
    /// nothing.
    pub(super) fn hear(&mut self, event: &Event) {
        let arrived = event.arrival.received_at.0;
        let lag = match event.time_from {
            TimeFrom::Stated | TimeFrom::Inferred => arrived.saturating_sub(event.happened_at.0),
            TimeFrom::Absurd => match event.stated_time().map(|said| arrived.saturating_sub(said.0)) {
                Some(lag) if lag.abs() <= FURTHEST => lag,
                _ => return,
            },
            TimeFrom::Arrival => return,
        };
        let minute = arrived.div_euclid(MINUTE);
        match &mut self.stretch {
            // It is read again: it arrived long ago.
            Some(stretch) if arrived < stretch.from => return,
            Some(stretch) if arrived - stretch.from > LONGEST => self.stretch = None,
            Some(stretch) if minute > stretch.minute && stretch.is_enough() => {
                let said = stretch.said();
                self.stretch = None;
                self.take(said);
            }
            _ => {}
        }
        let begun = Stretch { from: arrived, minute, minutes: 1, lines: 0, near: 0, smallest: lag };
        self.stretch.get_or_insert(begun).add(minute, lag);
    }

    fn take(&mut self, said: i64) {
        let (before, times) = self.said;
        self.said = if said == before { (said, times.saturating_add(1)) } else { (said, 1) };
        if said == 0 || said != before {
            // The first that says otherwise is enough.
            self.off = self.off.filter(|off| off.0 == -said);
        }
        if said != 0 && self.said.1 >= STRETCHES {
            self.off = Some(Millis(-said));
        }
    }
}

impl Stretch {
    fn add(&mut self, minute: i64, lag: i64) {
        self.minutes += u32::from(minute > self.minute);
        self.minute = self.minute.max(minute);
        self.lines = self.lines.saturating_add(1);
        if lag < self.smallest - ON_ITS_WAY {
            // Those before it are far from it.
            self.near = 0;
        }
        self.smallest = self.smallest.min(lag);
        if lag - self.smallest <= ON_ITS_WAY {
            self.near = self.near.saturating_add(1);
        }
    }

    fn is_enough(&self) -> bool {
        self.minutes >= MINUTES && (self.minute + 1) * MINUTE - self.from >= SHORTEST
    }

    /// So many half hours lie between what its lines say and their arrival; 0 where it is none, or no such number.
    fn said(&self) -> i64 {
        let off = (self.smallest + AHEAD).div_euclid(HALF_HOUR) * HALF_HOUR;
        let is_near = self.smallest - off <= ON_ITS_WAY && u64::from(self.near) * 2 >= u64::from(self.lines);
        if is_near { off } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        event::STATED_TIME,
        position::Arrival,
        time::{EventTime, ReceivedAt},
    };

    use super::*;

    const HOUR: i64 = 60 * MINUTE;

    /// As the decoder has it: what lies more than five minutes ahead is dated by its arrival.
    fn line(arrived: i64, lag: i64) -> Event {
        let event = Event {
            time_from: TimeFrom::Stated,
            happened_at: EventTime(arrived - lag),
            arrival: Arrival { received_at: ReceivedAt(arrived), ..Arrival::default() },
            ..Event::default()
        };
        if lag >= -5 * MINUTE { event } else { absurd(arrived, lag) }
    }

    fn absurd(arrived: i64, lag: i64) -> Event {
        let stated = EventTime(arrived - lag).rfc3339();
        Event {
            time_from: TimeFrom::Absurd,
            attributes: vec![(STATED_TIME.into(), stated.into())],
            ..line(arrived, 0)
        }
    }

    /// A line every half minute for some minutes from a moment on, so long on its way.
    fn hear(clock: &mut Clock, from: i64, minutes: i64, lag: impl Fn(i64) -> i64) {
        for number in 0..2 * minutes {
            clock.hear(&line(from + number * MINUTE / 2, lag(number)));
        }
    }

    #[test]
    fn a_clock_that_is_constantly_hours_off_is_found_in_both_directions_and_is_right_again_when_it_is() {
        for off in [7 * HOUR, -7 * HOUR, 5 * HOUR + HALF_HOUR] {
            let mut clock = Clock::default();
            // Ahead of its arrival, so its lag is less than nothing; each line is on its way for some seconds.
            hear(&mut clock, 0, 20, |number| number % 5 * 1_000 - off);
            assert_eq!(clock.off(), None, "one stretch is not enough");
            hear(&mut clock, 20 * MINUTE, 25, |number| number % 7 * 1_000 - off);
            assert_eq!(clock.off(), Some(Millis(off)));
            hear(&mut clock, HOUR, 25, |_| 800);
            assert_eq!(clock.off(), None, "somebody declared its zone");
        }
    }

    #[test]
    fn late_batches_do_not_make_a_clock_wrong() {
        // Two of three lines are hours late, and some come at once.
        let mut clock = Clock::default();
        hear(&mut clock, 0, 120, |number| if number % 3 == 0 { 500 } else { 7 * HOUR });
        assert_eq!(clock.off(), None);
        // What was kept during seven hours is sent again, faster than it happened: its lag shrinks.
        let mut clock = Clock::default();
        hear(&mut clock, 0, 120, |number| 7 * HOUR - number * MINUTE);
        assert_eq!(clock.off(), None);
        // A list a day of what happened at midnight, and a file an hour of the hour before.
        let mut clock = Clock::default();
        for day in 0..30 {
            (0..50).for_each(|_| clock.hear(&line(day * 24 * HOUR + 8 * HOUR, 8 * HOUR)));
        }
        assert_eq!(clock.off(), None);
        let mut clock = Clock::default();
        for hour in 0..48 {
            (0..60).for_each(|minute| clock.hear(&line(hour * HOUR, HALF_HOUR + minute * MINUTE)));
        }
        assert_eq!(clock.off(), None);
    }

    #[test]
    fn a_clock_that_is_some_minutes_off_or_says_no_time_is_no_question_of_zones() {
        for lag in [0, 2 * MINUTE, -2 * MINUTE, 12 * MINUTE, 7 * HOUR + 15 * MINUTE] {
            let mut clock = Clock::default();
            hear(&mut clock, 0, 120, |_| lag);
            assert_eq!(clock.off(), None, "{lag}");
        }
        let mut clock = Clock::default();
        for minute in 0..120 {
            let unreadable = vec![(STATED_TIME.into(), "Feb 31".into())];
            clock.hear(&Event { attributes: unreadable, ..absurd(minute * MINUTE, 0) });
            clock.hear(&absurd(minute * MINUTE, -10 * 365 * 24 * HOUR));
            clock.hear(&Event { time_from: TimeFrom::Arrival, ..line(minute * MINUTE, 0) });
        }
        assert_eq!(clock, Clock::default());
    }

    #[test]
    fn replay_what_is_known_of_a_clock_is_kept() {
        let (mut whole, mut kept) = (Clock::default(), Clock::default());
        for minute in 0..60 {
            let event = line(minute * MINUTE, 7 * HOUR + minute % 3 * 900);
            whole.hear(&event);
            kept.hear(&event);
            kept = postcard::from_bytes(&postcard::to_stdvec(&kept).unwrap()).unwrap();
        }
        assert_eq!(whole, kept);
        assert_eq!(whole.off(), Some(Millis(-7 * HOUR)));
        // What is read again arrived long ago.
        whole.hear(&line(0, 0));
        assert_eq!(whole, kept);
    }
}
