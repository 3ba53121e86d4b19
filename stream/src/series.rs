//! One series: its days, its windows, what is closed and what waits.
//!
//! Pure: a function of its state, the rows and the epoch's recorded facts (invariant REPLAY). A window closes when
//! the subject's watermark passes its end, or when `now` passes its end and the feed's patience; a row for a closed
//! window makes a new revision of it. What is closed never opens again (invariant FRONTIER).
//!
//! Days behind the horizon are evicted. A row for an evicted day is not judged from state that is gone: it waits
//! until the day's stored rows have been read back.
//!
//! A row that comes so long after its moment that its hour was judged and reported changes nothing by itself: it is held
//! until an operator says that it is meant ([`ioc_model::held`]). One that an operator had read again by a mended pack takes
//! the place of what it had said, and is not held: who ordered it meant it.

mod additions;
mod closing;
mod open_days;

use std::collections::BTreeMap;

use ioc_model::{
    calendar::{DayNumber, LocalDay},
    epoch::Epoch,
    name::Name,
    names::Source,
    question::RecalledRow,
    results::RowStanding,
    time::{EventTime, Millis},
    window::{Aggregate, ClosedBy, WindowKind},
};
use serde::{Deserialize, Serialize};

pub(crate) use self::additions::CounterDays;
pub(crate) use self::closing::{Closed, ClosingBounds, Due, Touched};
use self::open_days::{Applied, OpenDay, OpenDays};
use crate::{
    day::{Current, DaySources, Rewritten, SourcesByPlace, Version},
    plan::{Days, Plan, TimeSpan},
};

/// A silent station gets empty windows, so that a gap is a fact and not an absence. Of a longer one nothing is said: a
/// stamp that slipped by a year is no silence of a year.
const LONGEST_GAP: Millis = Millis::hours(24 * 31);

/// A day behind the horizon stays for so many epochs after it was last touched: late rows come in runs.
const LINGER_EPOCHS: u64 = 64;

/// So many of them at most.
const LINGERING_DAYS: usize = 2;

/// The state of one series.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SeriesState {
    days: OpenDays,
    /// By kind: windows that end at or before this moment are closed.
    closed: [Option<EventTime>; 3],
    /// Days up to this one are not in `days` unless they linger or were read back.
    evicted_through: Option<DayNumber>,
    /// Rows of evicted days.
    waiting: BTreeMap<DayNumber, WaitingRows>,
    /// Of a counter. A checkpoint keeps it beside the rest, since it came later.
    #[serde(skip)]
    counter: Option<Box<CounterDays>>,
}

/// The rows of an evicted day, and since which epoch they wait for it.
#[derive(Debug, Serialize, Deserialize)]
struct WaitingRows {
    asked: Epoch,
    rows: Vec<WaitingRow>,
}

/// A row that cannot be judged before its day is read back.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct WaitingRow {
    /// When it was so.
    pub event_time: EventTime,
    /// Its content and arrival.
    pub version: Version,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it. A checkpoint keeps it beside the series, so that what one of version 4 holds stays readable.
    #[serde(skip)]
    pub sender: Name,
    /// Why it is judged. Kept like the sender.
    #[serde(skip)]
    pub claim: Claim,
}

/// Why a row is judged that has to wait. A checkpoint of version 7 has whether it is accepted there, which postcard writes
/// alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Claim {
    /// It came.
    #[default]
    Came,
    /// An operator said that it is meant: it is not held again.
    Accepted,
    /// Its message was read again: it takes the place of what the row was.
    Replaces,
}

impl WaitingRow {
    /// A row that the store gave back.
    pub(crate) fn of(row: &RecalledRow) -> WaitingRow {
        let RecalledRow { event_time, value, quality, arrival, feed, sender } = *row;
        let version = Version { value, quality, arrival };
        WaitingRow { event_time, version, feed, sender, claim: Claim::Came }
    }

    /// Whether it came so long after its moment.
    #[must_use]
    pub(crate) fn is_late_by(&self, age: Millis) -> bool {
        is_late_by(&self.version, self.event_time, age)
    }
}

/// Whether a row came so long after its moment.
#[inline]
pub(crate) fn is_late_by(version: &Version, event_time: EventTime, age: Millis) -> bool {
    version.arrival.received_at.0.saturating_sub(event_time.0) > age.0
}

/// Who sent what a series holds: what a checkpoint keeps of it apart from the rest, which is older.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Provenance<S = DaySources> {
    days: Vec<(DayNumber, S)>,
    /// Who sent them and why they are judged, by the rows' places in their day's list.
    waiting: Vec<(DayNumber, Vec<(Name, Claim)>)>,
}

impl Provenance<SourcesByPlace> {
    /// What a checkpoint of version 7 keeps, as this version does.
    pub(crate) fn of_this_version(self) -> Provenance {
        let days = self.days.into_iter().map(|(number, sources)| (number, sources.into())).collect();
        Provenance { days, waiting: self.waiting }
    }
}

/// What became of a row at once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Judged {
    /// It is stored: how it stands to what was there, and what is current behind it.
    Stored(RowStanding, Current),
    /// It was there already.
    Duplicate,
    /// It waits.
    Waiting {
        /// Its day, if it is the first of it, which must now be read back.
        first: Option<LocalDay>,
    },
    /// It would change what was judged long ago: an operator must say that it is meant.
    Held {
        /// The value in whose place it would be, if there is one at its very moment.
        stands: Option<f64>,
    },
}

impl SeriesState {
    /// What a row that came long after its moment would change of an hour whose values came in time; of a day that is not
    /// in memory that is found out when it was read back.
    pub(crate) fn rewritten(
        &self,
        days: &mut Days,
        event_time: EventTime,
        version: &Version,
        hold_after: Millis,
    ) -> Option<Rewritten> {
        let hour = days.window(WindowKind::Hour, event_time);
        self.day_at(event_time)?.rewritten(event_time, version, hour, hold_after)
    }

    /// Judges a row.
    pub(crate) fn apply(
        &mut self,
        days: &mut Days,
        epoch: Epoch,
        event_time: EventTime,
        version: Version,
        source: Source,
        touched: &mut Touched,
    ) -> Judged {
        let local = days.of(event_time);
        if self.is_evicted(local.number) {
            let Source { feed, sender } = source;
            let row = WaitingRow { event_time, version, feed, sender, claim: Claim::Came };
            return self.wait(local, epoch, row);
        }
        let applied = self.days.get_or_open(&local).apply(epoch, event_time, version, source);
        self.touch(event_time, applied, touched)
    }

    /// Only a closed window is revised; an open one is worked out when it closes.
    fn touch(&self, event_time: EventTime, applied: Applied, touched: &mut Touched) -> Judged {
        // What a counter added is worked out of its neighbours, too.
        let is_looked_at =
            || self.counter.is_some() || self.closed.iter().flatten().any(|closed| event_time < *closed);
        if applied.changes && is_looked_at() {
            touched.0.push(event_time);
        }
        applied.row
    }

    /// Judges a row that was held and is accepted.
    pub(crate) fn accept(
        &mut self,
        days: &mut Days,
        epoch: Epoch,
        row: WaitingRow,
        touched: &mut Touched,
    ) -> Judged {
        let local = days.of(row.event_time);
        if self.is_evicted(local.number) {
            return self.wait(local, epoch, WaitingRow { claim: Claim::Accepted, ..row });
        }
        let source = Source { feed: row.feed, sender: row.sender };
        self.apply(days, epoch, row.event_time, row.version, source, touched)
    }

    /// Puts a row in the place of what its reading before had given.
    pub(crate) fn replace(
        &mut self,
        days: &mut Days,
        epoch: Epoch,
        row: WaitingRow,
        touched: &mut Touched,
    ) -> Judged {
        let local = days.of(row.event_time);
        if self.is_evicted(local.number) {
            return self.wait(local, epoch, WaitingRow { claim: Claim::Replaces, ..row });
        }
        let source = Source { feed: row.feed, sender: row.sender };
        let applied = self.days.get_or_open(&local).replace(epoch, row.event_time, row.version, source);
        self.touch(row.event_time, applied, touched)
    }

    fn wait(&mut self, local: LocalDay, epoch: Epoch, row: WaitingRow) -> Judged {
        let is_asked = self.waiting.contains_key(&local.number);
        let nothing = || WaitingRows { asked: epoch, rows: Vec::new() };
        self.waiting.entry(local.number).or_insert_with(nothing).rows.push(row);
        Judged::Waiting { first: (!is_asked).then_some(local) }
    }

    /// Takes a day's stored rows back in and judges the rows that waited for it, in arrival order. Rows for the day
    /// that came since it was asked for wait with them, so what is read back is all there is; an answer to an older
    /// wait is not, and is left alone. `hold_after` says how late after its moment a feed's row may be.
    #[allow(clippy::too_many_arguments, reason = "what was asked, what was found, and what is made of it")]
    pub(crate) fn recall(
        &mut self,
        days: &mut Days,
        local: LocalDay,
        asked: Epoch,
        epoch: Epoch,
        stored: &[RecalledRow],
        hold_after: impl Fn(Name) -> Millis,
        touched: &mut Touched,
    ) -> Vec<(WaitingRow, Judged)> {
        if self.waiting.get(&local.number).is_none_or(|waiting| waiting.asked != asked) {
            return Vec::new();
        }
        let Some(WaitingRows { rows: mut waiting, .. }) = self.waiting.remove(&local.number) else {
            return Vec::new();
        };
        waiting.sort_by_key(|row| row.version.arrival);
        let mut open = OpenDay::new(&local);
        for row in stored {
            let version = Version { value: row.value, quality: row.quality, arrival: row.arrival };
            let source = Source { feed: row.feed, sender: row.sender };
            let _ = open.apply(epoch, row.event_time, version, source);
        }
        let mut judge = |row: WaitingRow| {
            let hold_after = hold_after(row.feed);
            if row.claim == Claim::Came && row.is_late_by(hold_after) {
                let hour = days.window(WindowKind::Hour, row.event_time);
                if let Some(Rewritten { stands }) =
                    open.rewritten(row.event_time, &row.version, hour, hold_after)
                {
                    return (row, Judged::Held { stands });
                }
            }
            let source = Source { feed: row.feed, sender: row.sender };
            let judged = match row.claim {
                Claim::Replaces => open.replace(epoch, row.event_time, row.version, source),
                Claim::Came | Claim::Accepted => open.apply(epoch, row.event_time, row.version, source),
            };
            if judged.changes {
                touched.0.push(row.event_time);
            }
            (row, judged.row)
        };
        let judged = waiting.into_iter().map(&mut judge).collect();
        self.days.insert(local.number, open);
        if self.counter.as_mut().is_some_and(|counter| counter.came_back(local.number)) {
            touched.0.push(local.start.plus(Millis(1)));
        }
        judged
    }

    /// Reads what the next row will need, so that it is in a cache.
    #[inline]
    pub(crate) fn glance(&self) -> u64 {
        self.days.glance() ^ self.closed[0].map_or(0, |closed| closed.0 as u64)
    }

    /// The end of the last hour or day that is closed.
    pub(crate) fn closed_through(&self) -> Option<EventTime> {
        let [_, hours, days] = self.closed;
        hours.max(days)
    }

    /// The days it waits for, and since which epoch.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = (DayNumber, Epoch)> {
        self.waiting.iter().map(|(day, waiting)| (*day, waiting.asked))
    }

    /// Who sent what it holds.
    pub(crate) fn provenance(&self) -> Provenance {
        let days = self.days.iter().map(|(number, open)| (number, open.day.sources().clone()));
        let beside = |waiting: &WaitingRows| waiting.rows.iter().map(|row| (row.sender, row.claim)).collect();
        Provenance {
            days: days.filter(|(_, sources)| !sources.is_empty()).collect(),
            waiting: self.waiting.iter().map(|(day, waiting)| (*day, beside(waiting))).collect(),
        }
    }

    /// Takes back what [`provenance`](SeriesState::provenance) gave.
    pub(crate) fn remember(&mut self, provenance: Provenance) {
        for (number, sources) in provenance.days {
            if let Some(open) = self.days.get_mut(number) {
                open.day.set_sources(sources);
            }
        }
        for (number, beside) in provenance.waiting {
            if let Some(waiting) = self.waiting.get_mut(&number) {
                let rows = waiting.rows.iter_mut().zip(beside);
                rows.for_each(|(row, beside)| (row.sender, row.claim) = beside);
            }
        }
    }

    /// Closes what may be closed, revises what was touched, evicts what lies behind the horizon.
    pub(crate) fn advance(
        &mut self,
        days: &mut Days,
        plan: &Plan,
        bounds: ClosingBounds,
        touched: &Touched,
        mut emit: impl FnMut(Closed),
    ) {
        if let Some(rule) = plan.counter() {
            self.revise_additions(days, plan, &rule, bounds, touched, &mut emit);
        }
        for kind in plan.kinds() {
            let Some(closed) = self.closed_to(days, plan, kind) else { continue };
            for span in touched.windows(days, kind) {
                if plan.counter().is_none() && span.end <= closed {
                    emit(self.result(days, plan, kind, span, ClosedBy::Revision));
                }
            }
            let reached = self.close(days, plan, kind, closed, bounds, &mut emit);
            // Where the earliest point lies nothing is closed yet: an earlier one may still come before the watermark.
            if reached > closed || self.closed[kind as usize].is_some() {
                self.closed[kind as usize] = Some(reached);
            }
        }
        self.evict(days, plan, bounds);
    }

    /// Until closing reaches this moment, [`advance`](SeriesState::advance) has nothing to do, unless a row comes; none
    /// if that cannot be said. So a subject heard a hundred times a second costs what it says, not what it could say.
    pub(crate) fn quiet_until(&self, days: &mut Days, plan: &Plan, horizon: Millis) -> Option<EventTime> {
        let mut until = None;
        let mut oldest = None;
        for kind in plan.kinds() {
            let closed = self.closed[kind as usize]?;
            let next = days.window(kind, closed).end;
            until = Some(until.map_or(next, |until: EventTime| until.min(next)));
            oldest = Some(oldest.map_or(closed, |oldest: EventTime| oldest.min(closed)));
        }
        let behind = oldest?.minus(horizon);
        let evictable = self.days.oldest().is_some_and(|open| open.end <= behind);
        until.filter(|_| !evictable)
    }

    /// What `now` alone closes next.
    pub(crate) fn due(&self, days: &mut Days, plan: &Plan) -> Due {
        let mut due = Due { end: None, settled_from: Some(EventTime(i64::MIN)) };
        for kind in plan.kinds() {
            match self.due_window(days, plan, kind) {
                Some(window) => {
                    due.end = Some(due.end.map_or(window.end, |end| end.min(window.end)));
                    due.settled_from = due.settled_from.max(due.settled_from.map(|_| window.start));
                }
                None => due.settled_from = None,
            }
        }
        due
    }

    fn due_window(&self, days: &mut Days, plan: &Plan, kind: WindowKind) -> Option<TimeSpan> {
        let closed = self.closed_to(days, plan, kind)?;
        let next = days.window(kind, closed);
        if plan.expects(next) {
            return Some(next);
        }
        let point = self.first_point(plan, closed)?;
        Some(days.window(kind, point))
    }

    /// Where closing stands, or where it starts: at the window of the earliest point.
    fn closed_to(&self, days: &mut Days, plan: &Plan, kind: WindowKind) -> Option<EventTime> {
        if let Some(closed) = self.closed[kind as usize] {
            return Some(closed);
        }
        let earliest = self.first_point(plan, EventTime(i64::MIN))?;
        Some(days.window(kind, earliest).start)
    }

    fn close(
        &self,
        days: &mut Days,
        plan: &Plan,
        kind: WindowKind,
        mut closed: EventTime,
        bounds: ClosingBounds,
        emit: &mut impl FnMut(Closed),
    ) -> EventTime {
        let reach = bounds.reach();
        loop {
            let span = days.window(kind, closed);
            if span.end > reach {
                return closed;
            }
            let next_point = if self.has_point(plan, span) {
                span.start
            } else {
                self.first_point(plan, span.end).map_or(reach, |point| point.min(reach))
            };
            let is_gap = next_point > span.start;
            if is_gap && (!plan.has_cadence() || next_point.0 - span.start.0 > LONGEST_GAP.0) {
                closed = days.window(kind, next_point).start.max(span.end);
                continue;
            }
            // Of a day that is not in memory nothing can be said, least of all that it is empty.
            let known = !is_gap || !self.is_evicted(days.of(span.start).number);
            if known && (!is_gap || plan.expects(span)) {
                let by = if span.end <= bounds.watermark { ClosedBy::Watermark } else { ClosedBy::Patience };
                emit(self.result(days, plan, kind, span, by));
            }
            closed = span.end;
        }
    }

    fn result(
        &self,
        days: &mut Days,
        plan: &Plan,
        kind: WindowKind,
        span: TimeSpan,
        closed_by: ClosedBy,
    ) -> Closed {
        if let Some(rule) = plan.counter() {
            return self.closing_addition(days, plan, &rule, (kind, span), closed_by);
        }
        let (aggregate, received) = match self.day_at(span.start) {
            Some(open) => open.day.aggregate(open.offset(span.start), open.offset(span.end)),
            None => (Aggregate::default(), 0),
        };
        let spiked = plan.spike().is_some_and(|spike| aggregate.has_spike(spike));
        let expected = plan.expected(span);
        Closed { kind, span, aggregate, received, expected, closed_by, spiked, additions: None }
    }

    fn day_at(&self, time: EventTime) -> Option<&OpenDay> {
        self.days.at(time)
    }

    fn is_evicted(&self, day: DayNumber) -> bool {
        self.evicted_through.is_some_and(|through| day <= through) && !self.days.contains(day)
    }

    fn has_point(&self, plan: &Plan, span: TimeSpan) -> bool {
        if plan.counter().is_some() {
            return self.first_counted(span.start).is_some_and(|point| point < span.end);
        }
        self.day_at(span.start)
            .is_some_and(|open| open.day.has_point(open.offset(span.start), open.offset(span.end)))
    }

    /// The first moment at or behind one in whose window a point lies.
    fn first_point(&self, plan: &Plan, from: EventTime) -> Option<EventTime> {
        if plan.counter().is_some() { self.first_counted(from) } else { self.first_point_at(from) }
    }

    fn first_point_at(&self, from: EventTime) -> Option<EventTime> {
        // Days are in order, and so are their points.
        let mut later = self.days.iter().filter(|(_, open)| open.end > from);
        later.find_map(|(_, open)| open.first_point(from))
    }

    fn evict(&mut self, days: &Days, plan: &Plan, bounds: ClosingBounds) {
        let closed = plan.kinds().filter_map(|kind| self.closed[kind as usize]).min();
        let behind = closed.unwrap_or_else(|| bounds.reach()).minus(bounds.horizon);
        let old = |open: &OpenDay| open.end <= behind;
        if !self.days.oldest().is_some_and(old) {
            return;
        }
        let mut lingering: Vec<(Epoch, DayNumber)> = Vec::new();
        let mut evicted = Vec::new();
        for (number, open) in self.days.iter().filter(|(_, open)| old(open)) {
            if open.day.touched.0 + LINGER_EPOCHS > bounds.epoch.0 {
                lingering.push((open.day.touched, number));
            } else {
                evicted.push(number);
            }
        }
        lingering.sort_unstable();
        let too_many = lingering.len().saturating_sub(LINGERING_DAYS);
        evicted.extend(lingering.drain(..too_many).map(|(_, number)| number));
        for number in evicted {
            self.leave(days, plan.counter(), number);
            self.days.remove(number);
            self.evicted_through = self.evicted_through.max(Some(number));
        }
    }
}
