//! What is to be made of a series under one version of the pack, and where its windows lie.

use ioc_model::{
    calendar::{Calendar, DayNumber, LocalDay},
    counter::CounterRule,
    name::Name,
    pack::{Indicator, Pack},
    place::Date,
    time::EventTime,
    window::{Spike, WindowKind},
};

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;

/// What the pack asks of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Plan {
    kinds: [bool; 3],
    /// Milliseconds between expected points; none where no cadence is known.
    cadence: Option<i64>,
    /// Moments from and before which points are expected.
    valid: (EventTime, EventTime),
    /// Bits of a [`Spike`]: plans are told apart.
    spike: Option<[u64; 2]>,
    /// Of a counter: how it behaves, and the indicator that is what it adds.
    counter: Option<(CounterRule, Name)>,
}

impl Plan {
    /// The pack's plan for a series. An indicator the pack does not know (any more) has no windows.
    #[must_use]
    pub(crate) fn of_series(pack: &Pack, calendar: &Calendar, indicator: &str, subject: &str) -> Plan {
        let mut kinds = [false; 3];
        let mut spike = None;
        let mut counter = None;
        if let Some(indicator) = pack.indicators.get(indicator) {
            spike = indicator.spike.map(|Spike { times, above }| [times.to_bits(), above.to_bits()]);
            let additions =
                indicator.counter.and_then(|rule| Some((rule, additions_of(pack, &indicator.id)?)));
            counter = additions.map(|(rule, additions)| (rule, Name::new(&additions.id)));
            // The windows of what a counter adds are made of the counter's rows, and only of those.
            let told = additions.map_or(indicator, |(_, additions)| additions);
            for kind in told.windows.iter().filter(|_| indicator.increase_of.is_none()) {
                kinds[*kind as usize] = true;
            }
        }
        let always = (EventTime(i64::MIN), EventTime(i64::MAX));
        let mut plan = Plan { kinds, cadence: None, valid: always, spike, counter };
        if let Some(station) = pack.stations.get(subject) {
            plan.cadence = station.measures.get(indicator).map(|every| every.0).filter(|every| *every > 0);
            let midnight = |date: Date| calendar.moment(date.at(0, 0, 0, 0));
            if let Some(from) = midnight(station.valid_from) {
                plan.valid.0 = from;
            }
            let day_after = station.valid_to.and_then(|date| date.tomorrow().ok());
            if let Some(to) = day_after.and_then(midnight) {
                plan.valid.1 = to;
            }
        }
        plan
    }

    /// The kinds of windows it has, shortest first.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = WindowKind> + use<> {
        let kinds = self.kinds;
        WindowKind::ALL.into_iter().filter(move |kind| kinds[*kind as usize])
    }

    /// When one value makes a window, if the pack says.
    #[must_use]
    pub(crate) fn spike(&self) -> Option<Spike> {
        self.spike.map(|[times, above]| Spike { times: f64::from_bits(times), above: f64::from_bits(above) })
    }

    /// How the counter behaves, of one whose additions are told.
    #[must_use]
    pub(crate) fn counter(&self) -> Option<CounterRule> {
        self.counter.map(|(rule, _)| rule)
    }

    /// The indicator that is what the counter adds.
    #[must_use]
    pub(crate) fn told_as(&self) -> Option<Name> {
        self.counter.map(|(_, additions)| additions)
    }

    /// Whether points are expected at a known cadence.
    #[must_use]
    pub(crate) fn has_cadence(&self) -> bool {
        self.cadence.is_some()
    }

    /// How many points a window is expected to have.
    #[must_use]
    pub(crate) fn expected(&self, window: TimeSpan) -> u32 {
        let Some(cadence) = self.cadence else { return 0 };
        let from = window.start.max(self.valid.0);
        let to = window.end.min(self.valid.1);
        u32::try_from((to.0.saturating_sub(from.0)) / cadence).unwrap_or(0)
    }

    /// Whether windows that start there are expected to have points, so that an empty one says something.
    #[must_use]
    pub(crate) fn expects(&self, window: TimeSpan) -> bool {
        self.expected(window) > 0
    }
}

/// The indicator that is what a counter adds.
pub(crate) fn additions_of<'a>(pack: &'a Pack, counter: &str) -> Option<&'a Indicator> {
    pack.indicators.values().find(|indicator| indicator.increase_of.as_deref() == Some(counter))
}

/// A half-open span of event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimeSpan {
    /// First moment.
    pub start: EventTime,
    /// First moment behind it.
    pub end: EventTime,
}

/// A local calendar year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LocalYear {
    /// Its number.
    pub number: i16,
    /// Its first moment.
    pub start: EventTime,
    /// The first moment of the next.
    pub end: EventTime,
    /// How many days it has.
    pub days: u32,
}

/// Looks up local days, remembering the last: neighbours in a stream are neighbours in time.
#[derive(Debug)]
pub(crate) struct Days {
    calendar: Calendar,
    last: LocalDay,
}

impl Days {
    /// Days of a calendar.
    #[must_use]
    pub(crate) fn new(calendar: Calendar) -> Days {
        let start = EventTime(0);
        Days { calendar, last: LocalDay { number: DayNumber(i32::MIN), start, end: start } }
    }

    /// The day a moment lies in. Event times outside of the calendar were rejected at decode; should one come all
    /// the same, the nearest day known last answers rather than a panic.
    pub(crate) fn of(&mut self, time: EventTime) -> LocalDay {
        if (self.last.start..self.last.end).contains(&time) {
            return self.last;
        }
        if let Some(day) = self.calendar.day_of(time) {
            self.last = day;
        }
        self.last
    }

    /// The day of that number.
    #[must_use]
    pub(crate) fn day(&self, number: DayNumber) -> Option<LocalDay> {
        self.calendar.day(number)
    }

    /// The local calendar year a moment lies in; none outside of the years the calendar knows.
    #[must_use]
    pub(crate) fn year_of(&self, time: EventTime) -> Option<LocalYear> {
        self.year(Calendar::date(self.calendar.day_of(time)?.number)?.year())
    }

    /// The local calendar year of that number.
    #[must_use]
    pub(crate) fn year(&self, year: i16) -> Option<LocalYear> {
        let first = |year: i16| -> Option<LocalDay> {
            let date = Date::new(year, 1, 1).ok()?;
            self.calendar.day_of(self.calendar.moment(date.at(0, 0, 0, 0))?)
        };
        let (this, next) = (first(year)?, first(year.checked_add(1)?)?);
        let days = u32::try_from(next.number.0 - this.number.0).ok()?;
        Some(LocalYear { number: year, start: this.start, end: next.start, days })
    }

    /// The window of a kind that a moment lies in: days are local, hours and minutes count from local midnight.
    pub(crate) fn window(&mut self, kind: WindowKind, time: EventTime) -> TimeSpan {
        let day = self.of(time);
        let length = match kind {
            WindowKind::Minute => MINUTE,
            WindowKind::Hour => HOUR,
            WindowKind::Day => return TimeSpan { start: day.start, end: day.end },
        };
        let start = day.start.0 + (time.0 - day.start.0).div_euclid(length) * length;
        TimeSpan { start: EventTime(start), end: EventTime((start + length).min(day.end.0)) }
    }
}
