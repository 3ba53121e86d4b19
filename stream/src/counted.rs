//! What is counted at one log source: its measures, minute by minute, and whether it was there to be heard.
//!
//! The keeper of events, as a series is that of measured rows. An event adds to its minute; a window is the sum of its
//! minutes, how many different ones there were in them, or what was said last in them. It closes when the log source's own lines have passed its
//! end, or when it is waited for no longer; an event for a closed window makes a new revision of it. Sums of whole numbers
//! and of decimals do not depend on the order of what is summed, nor does a sketch, nor the newest of what was said
//! where its arrival decides between equals: so neither does a window (invariants REPLAY, BATCH).
//!
//! **A zero is said only of a minute that was heard and not blind** ([`Coverage`]). A log source with an address or a
//! certificate of its own is heard by what it sends itself: lines that a relay says in its name count, and keep nobody
//! alive. A window's `count` is how many of its
//! minutes were, `expected` how many should have been: of a log source that may be silent none. So three quarters
//! missing is no calm hour, and rules do not look at it.
//!
//! Minutes behind the horizon leave the state. What comes for them waits until the day's windows were read back, and
//! revises its hour and its day; minutes, different ones and last values that lie so far back are not revised, since what
//! they were made of is gone.

mod clock;
mod coverage;
mod earlier;
mod raised;
mod sensor;
mod sketch;
mod tally;
mod touched;

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    calendar::{DayNumber, LocalDay},
    epoch::Epoch,
    event::{Count, Event, EventKind, EventMeasure, Severity},
    name::Name,
    observation::Quality,
    pack::{LogSource, Pack},
    position::Arrival,
    question::{About, Question, RecalledWindow},
    sensor::{BlindCause, SelfSaid},
    time::{EventTime, Millis},
    window::{Aggregate, ClosedBy, Registers, WindowKind},
};
use serde::{Deserialize, Serialize};

use self::{
    clock::Clock,
    coverage::Coverage,
    raised::Raised,
    sensor::Sensor,
    tally::{Added, Tally},
};
pub(crate) use self::{earlier::CountedBefore, touched::TouchedMinutes};
use crate::{
    derive::statement::FigureMeasures,
    plan::{Days, TimeSpan},
    series::{Closed, ClosingBounds},
};

const MINUTE: i64 = 60_000;
/// Of a longer silence nothing is said, window by window.
const LONGEST_GAP: Millis = Millis::hours(24 * 31);

/// What the pack asks of a log source.
#[derive(Clone, Debug)]
pub(crate) struct CountPlan {
    measures: Arc<[(Name, EventMeasure)]>,
    /// How long it may say nothing; none where it may be silent for ever.
    silent_after: Option<Millis>,
    blind_above: f64,
    /// Whether it is heard by what a relay says in its name.
    by_relay: bool,
}

/// What is counted at a log source.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct LogSourceCounts {
    watermark: Option<EventTime>,
    feeds: Vec<Name>,
    coverage: Coverage,
    sensor: Sensor,
    raised: Raised,
    /// By kind: windows that end at or before this moment are closed.
    closed: [Option<EventTime>; 3],
    /// Minutes of days up to this one are gone.
    evicted_through: Option<DayNumber>,
    measures: BTreeMap<Name, Tally>,
    /// What came for days that are gone.
    waiting: BTreeMap<DayNumber, WaitingAdds>,
    clock: Clock,
    told: Told,
}

/// What was last told of a log source beside how it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    /// Why it sees too little.
    causes: Vec<BlindCause>,
    clock_off: Option<Millis>,
}

/// What is to be added to a day that is read back, by measure and hour.
#[derive(Debug, Serialize, Deserialize)]
struct WaitingAdds {
    asked: Epoch,
    added: BTreeMap<Name, BTreeMap<EventTime, Added>>,
}

/// What became of a log source in an epoch, for whoever judges how it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogSourceNews {
    /// Its newest line by arrival, if it said anything.
    pub(crate) arrived: Option<EventTime>,
    /// When the newest record of how a sensor is came, if one did, and what it says.
    pub(crate) sensor: Option<(EventTime, Quality)>,
    /// Whether it says something else of itself than before: why it is blind, how far its clock is off.
    pub(crate) restated: bool,
}

impl CountPlan {
    /// What the pack counts at a log source; none where it knows no such.
    pub(crate) fn of(pack: &Pack, log_source: &str) -> Option<CountPlan> {
        let of_pack = pack.log_sources.get(log_source)?;
        let LogSource { silent_after, blind_above, .. } = *of_pack;
        let here = |measure: &&EventMeasure| {
            measure.log_sources.is_empty() || measure.log_sources.iter().any(|name| name == log_source)
        };
        let measures = pack.measures.values().filter(here);
        let measures = measures.map(|measure| (Name::new(&measure.id), measure.clone()));
        let by_relay = of_pack.is_heard_by_relay();
        Some(CountPlan { measures: measures.collect(), silent_after, blind_above, by_relay })
    }

    /// Whether it may not be silent for ever.
    pub(crate) fn owes(&self) -> bool {
        self.silent_after.is_some()
    }

    /// How long it is waited for: as long as it may be silent, and as its feeds are waited for.
    pub(crate) fn patience(&self, of_feeds: Millis) -> Millis {
        self.silent_after.unwrap_or_default().max(of_feeds)
    }

    /// The share of packets that its sensor may drop.
    pub(crate) fn blind_above(&self) -> f64 {
        self.blind_above
    }

    fn kinds(&self) -> impl Iterator<Item = WindowKind> {
        let has = |kind: &WindowKind| self.measures.iter().any(|(_, measure)| measure.windows.contains(kind));
        WindowKind::ALL.into_iter().filter(has)
    }

    /// The measures that figures are made of: the first that counts all events, those that are high or worse, those that
    /// are critical.
    pub(crate) fn of_figures(&self) -> FigureMeasures {
        let of = |severity| {
            let found = self.measures.iter().find(|(_, measure)| measure.counts_all(severity));
            found.map(|(name, _)| *name)
        };
        FigureMeasures {
            events: of(None),
            severe: of(Some(Severity::High)),
            critical: of(Some(Severity::Critical)),
        }
    }

    /// Measures of what sensors say of themselves.
    fn said_by_sensors(&self) -> impl Iterator<Item = Name> {
        self.measures.iter().filter(|(_, measure)| measure.count.is_said_by_sensors()).map(|(name, _)| *name)
    }

    fn expected(&self, span: TimeSpan) -> u32 {
        self.silent_after.map_or(0, |_| minutes(span))
    }
}

fn minutes(span: TimeSpan) -> u32 {
    u32::try_from((span.end.0 - span.start.0) / MINUTE).unwrap_or(0)
}

fn minute_of(time: EventTime) -> i64 {
    time.0.div_euclid(MINUTE)
}

impl LogSourceCounts {
    /// The feeds it was heard by.
    pub(crate) fn feeds(&self) -> &[Name] {
        &self.feeds
    }

    /// How far its lines have come.
    pub(crate) fn watermark(&self) -> EventTime {
        self.watermark.unwrap_or(EventTime(i64::MIN))
    }

    /// Counts an epoch's events. `lateness` is that of the feed each came by; `unsure`, the first that arrived of
    /// those of which it is not known yet whether they came before.
    #[allow(clippy::too_many_arguments, reason = "what is counted, by what, and what is made of it")]
    pub(crate) fn take<'e>(
        &mut self,
        events: impl Iterator<Item = &'e Event>,
        plan: &CountPlan,
        days: &mut Days,
        (subject, epoch): (Name, Epoch),
        lateness: impl Fn(Name) -> Millis,
        unsure: Option<Arrival>,
        touched: &mut TouchedMinutes,
        ask: &mut Vec<Question>,
    ) -> LogSourceNews {
        let mut heard = LogSourceNews::default();
        let asks_sensors = plan.said_by_sensors().next().is_some();
        if !asks_sensors {
            self.raised = Raised::default();
        }
        for event in events {
            if !self.feeds.contains(&event.feed) {
                self.feeds.push(event.feed);
            }
            let arrived = EventTime(event.arrival.received_at.0);
            // What somebody else says in its name counts, and is no word of its own.
            let is_own = event.relay.is_empty() || plan.by_relay;
            // A clock that is ahead closes nothing before its time, and hides nothing: what arrived was sent.
            let heard_at = event.happened_at.min(arrived);
            if is_own {
                heard.arrived = heard.arrived.max(Some(arrived));
                self.watermark = self.watermark.max(Some(heard_at.minus(lateness(event.feed))));
                self.clock.hear(event);
            }
            let minute = minute_of(event.happened_at);
            let local = days.of(event.happened_at);
            if self.is_evicted(local.number) {
                self.wait(event, plan, days, local, (subject, epoch), ask);
                continue;
            }
            if is_own {
                let newly = self.coverage.hear(minute_of(heard_at), plan.silent_after);
                newly.into_iter().for_each(|(from, to)| touched.all(from, to));
            }
            match event.kind {
                EventKind::Stats if is_own => self.sensor.hear(event),
                EventKind::Alert if asks_sensors => {
                    let hour = minute_of(days.window(WindowKind::Hour, event.happened_at).start);
                    let hours = self.raised.arrived(event.happened_at, hour);
                    hours.for_each(|hour| plan.said_by_sensors().for_each(|name| touched.one(name, hour)));
                }
                _ => {}
            }
            for (name, measure) in plan.measures.iter().filter(|(_, measure)| measure.covers(event)) {
                let tally = self.tally(*name);
                if tally.since.is_some_and(|since| event.happened_at < since) {
                    continue;
                }
                let Some(adds) = measure.adds(event) else { continue };
                let hour = || minute_of(days.window(WindowKind::Hour, event.happened_at).start);
                if tally.take(event, adds, minute, hour) {
                    touched.one(*name, minute);
                }
            }
        }
        heard.sensor = self.sensor.settle(unsure, plan.blind_above, |said| {
            let hour = minute_of(days.window(WindowKind::Hour, said.span.at).start);
            if asks_sensors && self.raised.record(said.span, hour) {
                plan.said_by_sensors().for_each(|name| touched.one(name, hour));
            }
            for (from, to) in said.away.into_iter().chain(said.blind) {
                let (from, to) = (minute_of(from), minute_of(to.minus(Millis(1))));
                self.coverage.blind(from, to);
                touched.all(from, to);
            }
        });
        let told = Told {
            causes: self.sensor.said().map(|said| said.causes.clone()).unwrap_or_default(),
            clock_off: self.clock.off(),
        };
        heard.restated = told != self.told;
        self.told = told;
        heard
    }

    /// What it says of itself beside its lines.
    pub(crate) fn said(&self) -> SelfSaid {
        SelfSaid { sensor: self.sensor.said().cloned(), clock_off: self.clock.off() }
    }

    /// Whether something waits until older lines are known.
    pub(crate) fn is_waiting(&self) -> bool {
        self.sensor.is_waiting()
    }

    /// That of a measure. One that the pack asks for later than others counts from the next window on.
    fn tally(&mut self, measure: Name) -> &mut Tally {
        let since = self.closed.iter().flatten().max().copied();
        self.measures.entry(measure).or_insert_with(|| Tally { since, ..Tally::default() })
    }

    fn is_evicted(&self, day: DayNumber) -> bool {
        self.evicted_through.is_some_and(|through| day <= through)
    }

    fn wait(
        &mut self,
        event: &Event,
        plan: &CountPlan,
        days: &mut Days,
        local: LocalDay,
        (subject, asked): (Name, Epoch),
        ask: &mut Vec<Question>,
    ) {
        let hour = days.window(WindowKind::Hour, event.happened_at).start;
        for (name, measure) in plan.measures.iter() {
            let since = self.measures.get(name).and_then(|tally| tally.since);
            let counts = measure.covers(event) && since.is_none_or(|since| event.happened_at >= since);
            let adds = measure.adds(event).filter(|_| counts);
            let Some(added) = adds.as_ref().and_then(Added::of) else { continue };
            let waiting = self.waiting.entry(local.number).or_insert_with(|| {
                ask.push(question(subject, local, asked));
                WaitingAdds { asked, added: BTreeMap::new() }
            });
            waiting.added.entry(*name).or_default().entry(hour).or_default().add(added);
        }
    }

    /// Adds what waited for a day to its windows, now that they were read back.
    pub(crate) fn recall(
        &mut self,
        plan: &CountPlan,
        days: &mut Days,
        local: LocalDay,
        asked: Epoch,
        stored: &[RecalledWindow],
        mut emit: impl FnMut(Name, Closed, Registers),
    ) {
        if self.waiting.get(&local.number).is_none_or(|waiting| waiting.asked != asked) {
            return;
        }
        let Some(WaitingAdds { added, .. }) = self.waiting.remove(&local.number) else { return };
        for (name, hours) in added {
            let Some((_, measure)) = plan.measures.iter().find(|(known, _)| *known == name) else { continue };
            let mut revise = |kind: WindowKind, span: TimeSpan, added: Added| {
                if !measure.windows.contains(&kind) {
                    return;
                }
                let before = stored
                    .iter()
                    .find(|window| (window.indicator, window.kind, window.start) == (name, kind, span.start));
                let count = before.map_or(0, |window| window.count);
                let sum = before.map_or(0.0, |window| window.sum) + added.value();
                let expected = before.map_or_else(|| plan.expected(span), |window| window.expected);
                let closed = closed(kind, span, (sum, count), expected, ClosedBy::Revision);
                emit(name, closed, Registers::default());
            };
            let mut whole = Added::default();
            for (start, added) in &hours {
                let span = days.window(WindowKind::Hour, *start);
                revise(WindowKind::Hour, span, *added);
                whole.add(*added);
            }
            let day = TimeSpan { start: local.start, end: local.end };
            revise(WindowKind::Day, day, whole);
        }
    }

    /// What it waits for.
    pub(crate) fn awaited(
        &self,
        subject: Name,
        day: impl Fn(DayNumber) -> Option<LocalDay>,
    ) -> Vec<Question> {
        let asked = |(number, waiting): (&DayNumber, &WaitingAdds)| {
            Some(question(subject, day(*number)?, waiting.asked))
        };
        self.waiting.iter().filter_map(asked).collect()
    }

    /// Closes the windows that may be, revises what was touched, forgets what lies behind the horizon.
    pub(crate) fn advance(
        &mut self,
        days: &mut Days,
        plan: &CountPlan,
        bounds: ClosingBounds,
        touched: &TouchedMinutes,
        mut emit: impl FnMut(Name, Closed, Registers),
    ) {
        plan.measures.iter().for_each(|(name, _)| {
            let _ = self.tally(*name);
        });
        for kind in plan.kinds() {
            let Some(closed) = self.closed_to(days, kind) else { continue };
            for (name, span) in touched.windows(days, kind) {
                if span.end <= closed && !self.is_evicted(days.of(span.start).number) {
                    self.tell(plan, kind, span, name, ClosedBy::Revision, &mut emit);
                }
            }
            let reached = self.close(days, plan, kind, closed, bounds, &mut emit);
            if reached > closed || self.closed[kind as usize].is_some() {
                self.closed[kind as usize] = Some(reached);
            }
        }
        self.forget(days, plan, bounds);
    }

    /// The end of the window that `now` alone closes next, patience aside.
    pub(crate) fn due(&self, days: &mut Days, plan: &CountPlan) -> Option<EventTime> {
        let mut next = |kind| {
            let closed = self.closed_to(days, kind)?;
            Some(days.window(kind, closed).end)
        };
        plan.kinds().filter_map(&mut next).min()
    }

    /// Where closing stands, or where it starts: at the window of the first minute that was heard.
    fn closed_to(&self, days: &mut Days, kind: WindowKind) -> Option<EventTime> {
        if let Some(closed) = self.closed[kind as usize] {
            return Some(closed);
        }
        let first = self.coverage.first()?;
        Some(days.window(kind, EventTime(first * MINUTE)).start)
    }

    fn close(
        &self,
        days: &mut Days,
        plan: &CountPlan,
        kind: WindowKind,
        mut closed: EventTime,
        bounds: ClosingBounds,
        emit: &mut impl FnMut(Name, Closed, Registers),
    ) -> EventTime {
        let reach = bounds.reach();
        loop {
            let span = days.window(kind, closed);
            if span.end > reach {
                return closed;
            }
            let first = minute_of(span.start);
            let next =
                self.coverage.next(first).map_or(reach, |minute| EventTime(minute * MINUTE).min(reach));
            let is_gap = next >= span.end;
            if is_gap && (plan.silent_after.is_none() || next.0 - span.start.0 > LONGEST_GAP.0) {
                closed = days.window(kind, next).start.max(span.end);
                continue;
            }
            let by = if span.end <= bounds.watermark { ClosedBy::Watermark } else { ClosedBy::Patience };
            self.tell(plan, kind, span, None, by, emit);
            closed = span.end;
        }
    }

    /// What a window of a measure is, or of all of them.
    fn tell(
        &self,
        plan: &CountPlan,
        kind: WindowKind,
        span: TimeSpan,
        of: Option<Name>,
        by: ClosedBy,
        emit: &mut impl FnMut(Name, Closed, Registers),
    ) {
        let (from, to) = (minute_of(span.start), minute_of(span.end));
        let whole = self.coverage.whole(from, to);
        let expected = plan.expected(span);
        let asked = plan.measures.iter().filter(|(_, measure)| measure.windows.contains(&kind));
        for (name, measure) in asked.filter(|(name, _)| of.is_none_or(|of| of == *name)) {
            let Some(tally) = self.measures.get(name) else { continue };
            if tally.since.is_some_and(|since| span.start < since) {
                continue;
            }
            let (value, registers) = match measure.count {
                // Of one that is no sensor nothing is said.
                count if count.is_said_by_sensors() && !self.raised.has_begun(to) => continue,
                Count::Raised => (self.raised.of(from, to).0 as f64, Registers::default()),
                Count::Lost => (self.raised.of(from, to).1 as f64, Registers::default()),
                // Where nobody said what stands, nothing does.
                _ => match tally.worth(measure, from, to) {
                    Some(worth) => worth,
                    None => continue,
                },
            };
            emit(*name, closed(kind, span, (value, whole.into()), expected, by), registers);
        }
    }

    fn forget(&mut self, days: &mut Days, plan: &CountPlan, bounds: ClosingBounds) {
        // Before all of them have begun to close, what is known says where they begin.
        let closed: Option<Vec<EventTime>> = plan.kinds().map(|kind| self.closed[kind as usize]).collect();
        let Some(closed) = closed.and_then(|closed| closed.into_iter().min()) else { return };
        let behind = days.of(closed.minus(bounds.horizon));
        let through = DayNumber(behind.number.0 - 1);
        if self.evicted_through.is_some_and(|before| before >= through) {
            return;
        }
        self.evicted_through = Some(through);
        let from = minute_of(behind.start);
        self.coverage.forget(from);
        self.raised.forget(from);
        for tally in self.measures.values_mut() {
            tally.forget(from);
        }
    }
}

/// A window of a measure. What is summed has no extremes: both are the sum.
fn closed(
    kind: WindowKind,
    span: TimeSpan,
    (value, whole): (f64, u64),
    expected: u32,
    closed_by: ClosedBy,
) -> Closed {
    let aggregate = Aggregate { count: whole, sum: value, min: value, max: value };
    let received = u32::try_from(whole).unwrap_or(u32::MAX);
    Closed { kind, span, aggregate, received, expected, closed_by, spiked: false, additions: None }
}

fn question(subject: Name, local: LocalDay, asked: Epoch) -> Question {
    Question { subject, about: About::Counts { day: local.number }, from: local.start, to: local.end, asked }
}

#[cfg(test)]
mod tests;
