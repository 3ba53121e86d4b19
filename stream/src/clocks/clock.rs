//! Whether the clock of a station's sender is off: impossible, or by whole half hours and always.
//!
//! A station that sends local time as UTC is seven hours ahead, one that sends UTC as local time seven behind: in every
//! message. One message that lies far from its arrival says nothing, since it may have waited. So live messages are heard in
//! **stretches**: at least [`MINUTES`] minutes of arrival and [`SHORTEST`] long. How long a message was on its way is never
//! less than nothing, so the **smallest lag** of a stretch is the clock's error and a little more. The clock is off when
//! [`STRETCHES`] after each other have one smallest lag, most of their messages near it, and that is so many half hours; and
//! its own times go on as their arrivals do. What was kept while a line was down and is sent again does not hold one lag for so
//! long, or has messages of now between; what comes in a heap has one time.
//!
//! * **Ahead** any number of half hours is a clock's: nothing is measured before it is.
//! * **Behind** only the zone's own difference from UTC is. A lag of one hour or two is as well that of a value which is
//!   dated by the beginning of its hour, or worked out later; constantly, too, and with a clock that is right.
//! * **Impossible** is a time from before 2000, or further ahead than its feed allows. Two such messages after each other, in
//!   two minutes, need no stretch.
//!
//! It is right again with the first stretch that says otherwise. Rows that arrive between are suspect, whose own time is
//! far from their arrival: what another clock dated in the sender's place is as good as ever.
//!
//! State is some numbers and the last times it was off, by the order in which messages arrived and by nothing else (invariants
//! REPLAY, BOUND).

use ioc_decode::Dated;
use ioc_model::{position::Arrival, time::Millis};
use serde::{Deserialize, Serialize};

const MINUTE: i64 = 60_000;
/// Zones differ by as much, or by a multiple of it.
const HALF_HOUR: i64 = 30 * MINUTE;
/// A stretch has messages of at least so many minutes of arrival, and is at least so long.
const MINUTES: u32 = 5;
const SHORTEST: i64 = 10 * MINUTE;
/// What needs longer for that is no stretch.
const LONGEST: i64 = 6 * 60 * MINUTE;
/// So many of them must have one smallest lag,
const STRETCHES: u8 = 2;
/// which is within so much.
const STEADY: i64 = MINUTE / 2;
/// Most messages of a stretch lie so near to its smallest lag, and so near to a zone's is one that cannot be.
const NEAR: i64 = 5 * MINUTE;
/// Beside its zone a clock may be ahead by so much; and a message behind, which is dated by the beginning of its minutes.
const AHEAD: i64 = 3 * MINUTE;
const BEHIND: i64 = 20 * MINUTE;
/// No clock on Earth is further off by its zone.
const FURTHEST: i64 = 14 * 60 * MINUTE;
/// So many messages after each other must be impossible, of different minutes.
const IMPOSSIBLE: u8 = 2;
/// So many times that it was off are remembered.
const REMEMBERED: usize = 8;

/// The newest time that a live message bears.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    /// When and where it arrived.
    pub(super) arrival: Arrival,
    /// How long before, by its own time.
    pub(super) lag: Millis,
    pub(super) is_impossible: bool,
}

/// What is known of a clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Clock {
    /// The last message that was heard.
    newest: Arrival,
    stretch: Option<Stretch>,
    /// The smallest lag of stretches that agree, and how many do.
    agreed: Option<(i64, u8)>,
    /// The minute of the last impossible message, and how many minutes had one after each other.
    impossible: Option<(i64, u8)>,
    /// When it was off, oldest first.
    was_off: Vec<Off>,
}

/// A time through which a clock was off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Off {
    /// Ahead where it is positive.
    by: i64,
    /// It was noticed with the message that arrived then,
    from: Arrival,
    /// and right again with that one; none while it is off.
    until: Option<Arrival>,
}

/// Messages that arrived after each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Stretch {
    /// When the first arrived, and the minute in which the last did.
    from: i64,
    minute: i64,
    minutes: u32,
    messages: u32,
    /// Messages that are near the smallest lag.
    near: u32,
    smallest: i64,
    /// The oldest and the newest time that they bear.
    own: (i64, i64),
}

/// What a stretch says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    Right,
    Off(i64),
    Nothing,
}

/// What is left of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It is heard on.
    Open,
    /// It is right, and never was anything else: there is nothing to remember.
    Nothing,
}

impl Clock {
    /// How far it is off: ahead where it is positive; none where it is right, or nobody knows.
    pub(super) fn off(&self) -> Option<Millis> {
        self.was_off.last().filter(|off| off.until.is_none()).map(|off| Millis(off.by))
    }

    /// Whether a row that arrived then, so long after its own time, was dated by it while it was off.
    pub(super) fn dated_wrongly(&self, arrival: Arrival, lag: Millis) -> bool {
        let was_off = |off: &Off| off.from <= arrival && off.until.is_none_or(|until| arrival < until);
        !Dated::is_near(lag) && self.was_off.iter().any(was_off)
    }

    /// A message; they come in the order in which they arrived. `zone` is how far the local clock is from UTC.
    pub(super) fn hear(&mut self, heard: Heard, zone: Millis) -> Left {
        let Heard { arrival, lag: Millis(lag), is_impossible } = heard;
        // It is read again: it arrived long ago.
        if arrival < self.newest {
            return Left::Open;
        }
        self.newest = arrival;
        let arrived = arrival.received_at.0;
        let minute = arrived.div_euclid(MINUTE);
        if is_impossible {
            (self.stretch, self.agreed) = (None, None);
            let (last, minutes) = self.impossible.unwrap_or((i64::MIN, 0));
            let minutes = minutes.saturating_add(u8::from(last < minute));
            self.impossible = Some((minute, minutes));
            if minutes >= IMPOSSIBLE && self.off().is_none() {
                let by = zones(lag, NEAR).unwrap_or_else(|| rounded(-lag));
                self.begin(by, arrival);
            }
            return Left::Open;
        }
        self.impossible = None;
        match self.stretch {
            Some(stretch) if arrived - stretch.from > LONGEST => self.stretch = None,
            Some(stretch) if minute > stretch.minute && stretch.is_enough() => {
                self.stretch = None;
                if self.take(stretch, arrival, zone) == Said::Right && self.was_off.is_empty() {
                    return Left::Nothing;
                }
            }
            _ => {}
        }
        let own = arrived.saturating_sub(lag);
        let begun = Stretch {
            from: arrived,
            minute,
            minutes: 1,
            messages: 0,
            near: 0,
            smallest: lag,
            own: (own, own),
        };
        self.stretch.get_or_insert(begun).add(minute, lag, own);
        Left::Open
    }

    fn take(&mut self, stretch: Stretch, arrival: Arrival, zone: Millis) -> Said {
        let said = stretch.said(zone);
        let Said::Off(by) = said else {
            self.agreed = None;
            self.end(arrival);
            return said;
        };
        let agrees = |(first, _): &(i64, u8)| (stretch.smallest - first).abs() <= STEADY;
        let (first, times) = self.agreed.filter(agrees).unwrap_or((stretch.smallest, 0));
        let times = times.saturating_add(1);
        self.agreed = Some((first, times));
        if self.off() != Some(Millis(by)) {
            self.end(arrival);
            if times >= STRETCHES {
                self.begin(by, arrival);
            }
        }
        said
    }

    fn begin(&mut self, by: i64, from: Arrival) {
        if self.was_off.len() == REMEMBERED {
            let _ = self.was_off.remove(0);
        }
        self.was_off.push(Off { by, from, until: None });
    }

    fn end(&mut self, at: Arrival) {
        if let Some(off) = self.was_off.last_mut() {
            let _ = off.until.get_or_insert(at);
        }
    }
}

impl Stretch {
    fn add(&mut self, minute: i64, lag: i64, own: i64) {
        self.minutes += u32::from(minute > self.minute);
        self.minute = self.minute.max(minute);
        self.messages = self.messages.saturating_add(1);
        self.own = (self.own.0.min(own), self.own.1.max(own));
        if lag < self.smallest - NEAR {
            // Those before it are far from it.
            self.near = 0;
        }
        self.smallest = self.smallest.min(lag);
        if lag - self.smallest <= NEAR {
            self.near = self.near.saturating_add(1);
        }
    }

    fn is_enough(&self) -> bool {
        self.minutes >= MINUTES && (self.minute + 1) * MINUTE - self.from >= SHORTEST
    }

    fn said(&self, zone: Millis) -> Said {
        if Dated::is_near(Millis(self.smallest)) {
            return Said::Right;
        }
        let arrived = self.minute * MINUTE - self.from;
        let goes_on = (self.own.1 - self.own.0).saturating_mul(2) >= arrived;
        let is_steady = goes_on && u64::from(self.near) * 2 >= u64::from(self.messages);
        let behind = zone.0.abs();
        let is_behind = behind > 0 && (-AHEAD..=BEHIND).contains(&(self.smallest - behind));
        match zones(self.smallest, BEHIND) {
            Some(by) if is_steady && by > 0 => Said::Off(by),
            _ if is_steady && is_behind => Said::Off(-behind),
            _ => Said::Nothing,
        }
    }
}

/// So many half hours a clock is off whose messages lag by that; none if it is none, or no such number.
fn zones(lag: i64, behind: i64) -> Option<i64> {
    let off = (lag + AHEAD).div_euclid(HALF_HOUR) * HALF_HOUR;
    (off != 0 && off.abs() <= FURTHEST && lag - off <= behind).then_some(-off)
}

fn rounded(millis: i64) -> i64 {
    (millis + MINUTE / 2).div_euclid(MINUTE) * MINUTE
}
