//! What a counter's windows are: what was added in them, by the rule of [`ioc_model::counter`].
//!
//! A day is worked out of its counts and of what the day before handed on, which is kept of every day, also of those that
//! left memory. Each change of a count works its day out anew; where what the day hands on is another then, the next one is
//! worked out too, and so on, so that any order of arrival comes to the same (invariant BATCH). A day that has left memory
//! is read back for that. Mostly nothing else is handed on, and the day is all there is.
//!
//! An addition belongs to the time before its count: windows are `(start, end]`, and what a counter shows at midnight is of
//! the day that ends.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    calendar::{DayNumber, LocalDay},
    counter::{Carried, Count, CounterRule, Step, added, steps},
    time::{EventTime, Millis},
    window::{Aggregate, ClosedBy, WindowKind},
};
use serde::{Deserialize, Serialize};

use super::{Closed, ClosingBounds, SeriesState, Touched, WaitingRows};
use crate::plan::{Days, Plan, TimeSpan};

/// A count belongs to the moment before it.
const BEFORE: Millis = Millis(1);

/// What is handed on is kept of so many days. Of one before them it is not known what came before.
const DAYS_MOST: usize = 800;

/// What is kept of a counter beside its days.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct CounterDays {
    /// What each day with counts hands on to the next.
    handed: BTreeMap<DayNumber, Carried>,
    /// Of days that left memory: the count at their first moment, which is of the day before.
    midnights: BTreeMap<DayNumber, Count>,
    /// The newest day, if what it hands on was not worked out since it changed: nobody asked for it.
    unread: Option<DayNumber>,
    /// Days that are worked out anew when they were read back.
    revisit: BTreeSet<DayNumber>,
    /// Days to be read back that nobody was asked for yet. Nothing between epochs.
    #[serde(skip)]
    ask: Vec<LocalDay>,
}

impl CounterDays {
    /// A day was read back: whether all of it is to be worked out anew.
    pub(super) fn came_back(&mut self, day: DayNumber) -> bool {
        self.revisit.remove(&day)
    }

    /// What the day before handed on.
    fn before(&self, day: DayNumber) -> Carried {
        self.handed.range(..day).next_back().map(|(_, carried)| carried.clone()).unwrap_or_default()
    }

    fn after(&self, day: DayNumber) -> Option<DayNumber> {
        self.handed.range(DayNumber(day.0 + 1)..).next().map(|(number, _)| *number)
    }

    fn forget(&mut self) {
        while self.handed.len() > DAYS_MOST {
            let _ = self.handed.pop_first();
        }
        while self.midnights.len() > DAYS_MOST {
            let _ = self.midnights.pop_first();
        }
    }
}

impl SeriesState {
    /// Takes the days that are to be asked for.
    pub(crate) fn take_asked(&mut self) -> Vec<LocalDay> {
        self.counter.as_mut().map(|counter| std::mem::take(&mut counter.ask)).unwrap_or_default()
    }

    /// What a checkpoint keeps of a counter.
    pub(crate) fn counter(&self) -> Option<&CounterDays> {
        self.counter.as_deref()
    }

    /// Takes back what [`counter`](SeriesState::counter) gave.
    pub(crate) fn set_counter(&mut self, counter: CounterDays) {
        self.counter = Some(Box::new(counter));
    }

    /// Revises what counts that came or changed have changed, in their day and in those behind it.
    pub(super) fn revise_additions(
        &mut self,
        days: &mut Days,
        plan: &Plan,
        rule: &CounterRule,
        bounds: ClosingBounds,
        touched: &Touched,
        emit: &mut impl FnMut(Closed),
    ) {
        let mut revise = self.changed(days, plan, rule, touched);
        let Some(mut counter) = self.counter.take() else { return };
        if let Some(unread) = counter.unread
            && revise.keys().any(|day| *day != unread)
        {
            counter.unread = None;
            let _ = revise.entry(unread).or_insert(EventTime(i64::MAX));
        }
        while let Some((number, from)) = revise.pop_first() {
            let Some(local) = days.day(number) else { continue };
            if self.is_evicted(number) {
                self.read_back(&mut counter, local, bounds);
                continue;
            }
            let after = counter.after(number);
            let revised = self.closed_of(&counter, days, plan, &local, from);
            // Nobody asks yet what the newest one hands on.
            let is_newest = after.is_none() && revise.is_empty();
            if is_newest && revised.is_empty() && from != EventTime(i64::MAX) {
                counter.unread = Some(number);
                let _ = counter.handed.entry(number).or_default();
                continue;
            }
            let (steps, handed) = self.steps_of(&counter, rule, &local);
            for (kind, span) in revised {
                emit(self.addition(&counter, plan, kind, span, ClosedBy::Revision, &steps));
            }
            let is_other = counter.handed.get(&number) != Some(&handed);
            let _ = counter.handed.insert(number, handed);
            if let Some(next) = after.filter(|_| is_other) {
                let _ = revise.insert(next, EventTime(i64::MIN));
            }
        }
        counter.forget();
        self.counter = Some(counter);
    }

    /// By day: from which moment on its windows may be others.
    fn changed(
        &mut self,
        days: &mut Days,
        plan: &Plan,
        rule: &CounterRule,
        touched: &Touched,
    ) -> BTreeMap<DayNumber, EventTime> {
        let mut first: BTreeMap<DayNumber, EventTime> = BTreeMap::new();
        let mut note = |days: &mut Days, time: EventTime| {
            let earliest = first.entry(days.of(time.minus(BEFORE)).number).or_insert(time);
            *earliest = time.min(*earliest);
        };
        if self.counter.is_none() {
            // It is a counter from now on.
            self.counter = Some(Box::default());
            // The first of a day may be of the day before.
            let open_days = self.days.iter().map(|(_, open)| open);
            let points: Vec<EventTime> = open_days
                .flat_map(|open| [open.start, open.start.plus(BEFORE)].map(|from| open.first_point(from)))
                .flatten()
                .collect();
            points.into_iter().for_each(|point| note(days, point));
        }
        touched.0.iter().for_each(|time| note(days, *time));
        let closed = plan.kinds().filter_map(|kind| self.closed[kind as usize]).max();
        let mut changed = BTreeMap::new();
        for (number, time) in first {
            let mut from = time.minus(rule.hiccup);
            // A count says what the last ones before it are, if they wait.
            let waits = closed.is_some_and(|closed| {
                let settled = closed.plus(rule.hiccup);
                self.first_point_at(settled).is_none_or(|point| point >= time)
            });
            if let (true, Some(local), Some(counter)) = (waits, days.day(number), &self.counter) {
                let mut counts = self.counts_of(counter, &local);
                counts.retain(|count| count.at < time);
                let (_, before) = steps(rule, &self.handed_to(counter, rule, &local, days), &counts);
                from = before.waits_since().map_or(from, |since| since.min(from));
            }
            let _ = changed.insert(number, from);
        }
        changed
    }

    /// What is handed to a day; that of the newest one before it may not have been worked out yet.
    fn handed_to(&self, counter: &CounterDays, rule: &CounterRule, local: &LocalDay, days: &Days) -> Carried {
        match counter.unread.filter(|unread| *unread < local.number).and_then(|unread| days.day(unread)) {
            Some(unread) => self.steps_of(counter, rule, &unread).1,
            None => counter.before(local.number),
        }
    }

    /// The closed windows of a day that end behind a moment and hold or expect something.
    fn closed_of(
        &self,
        counter: &CounterDays,
        days: &mut Days,
        plan: &Plan,
        local: &LocalDay,
        from: EventTime,
    ) -> Vec<(WindowKind, TimeSpan)> {
        let mut windows = Vec::new();
        // The day behind it may have left memory.
        let midnight = self.midnight(counter, DayNumber(local.number.0 + 1), local.end).is_some();
        for kind in plan.kinds() {
            let Some(closed) = self.closed[kind as usize] else { continue };
            let mut span = days.window(kind, local.start.max(from.min(local.end.minus(BEFORE))));
            while span.end <= closed.min(local.end) {
                let holds = self.has_point(plan, span) || (midnight && span.end == local.end);
                if span.end > from && (holds || plan.expects(span)) {
                    windows.push((kind, span));
                }
                span = days.window(kind, span.end);
            }
        }
        windows
    }

    fn read_back(&mut self, counter: &mut CounterDays, local: LocalDay, bounds: ClosingBounds) {
        let _ = counter.revisit.insert(local.number);
        let _ = self.waiting.entry(local.number).or_insert_with(|| {
            counter.ask.push(local);
            WaitingRows { asked: bounds.epoch, rows: Vec::new() }
        });
    }

    /// The good counts of a day, that at the midnight behind it among them, and not that at the one before it.
    fn counts_of(&self, counter: &CounterDays, local: &LocalDay) -> Vec<Count> {
        let mut counts = Vec::new();
        if let Some(open) = self.days.at(local.start) {
            let good = |at: u32, value: f64| {
                counts.push(Count { at: local.start.plus(Millis(at.into())), value });
            };
            open.day.visit_good(1, open.offset(local.end), good);
        }
        counts.extend(self.midnight(counter, DayNumber(local.number.0 + 1), local.end));
        counts
    }

    /// The good count at the first moment of a day.
    fn midnight(&self, counter: &CounterDays, day: DayNumber, start: EventTime) -> Option<Count> {
        let Some(open) = self.days.at(start) else { return counter.midnights.get(&day).copied() };
        let mut midnight = None;
        open.day.visit_good(0, 1, |_, value| midnight = Some(Count { at: start, value }));
        midnight
    }

    fn steps_of(&self, counter: &CounterDays, rule: &CounterRule, local: &LocalDay) -> (Vec<Step>, Carried) {
        let counts = self.counts_of(counter, local);
        let (mut steps, handed) = steps(rule, &counter.before(local.number), &counts);
        // What waited at the end of the day before is known by the first count of this one.
        let first = counts.first().map_or(local.end, |count| count.at);
        for step in steps.iter_mut().take_while(|step| step.count.at <= local.start) {
            step.count.at = first;
        }
        (steps, handed)
    }

    /// The result of a window that closes.
    pub(super) fn closing_addition(
        &self,
        days: &mut Days,
        plan: &Plan,
        rule: &CounterRule,
        (kind, span): (WindowKind, TimeSpan),
        closed_by: ClosedBy,
    ) -> Closed {
        let nothing = CounterDays::default();
        let counter = self.counter.as_deref().unwrap_or(&nothing);
        let (steps, _) = self.steps_of(counter, rule, &days.of(span.start));
        self.addition(counter, plan, kind, span, closed_by, &steps)
    }

    fn addition(
        &self,
        counter: &CounterDays,
        plan: &Plan,
        kind: WindowKind,
        span: TimeSpan,
        closed_by: ClosedBy,
        steps: &[Step],
    ) -> Closed {
        let aggregate: Aggregate = added(steps, span.start, span.end);
        let (behind_start, behind_end) = (span.start.plus(BEFORE), span.end.plus(BEFORE));
        let mut received = self.days.at(span.start).map_or(0, |open| {
            let day_end = open.end;
            open.day.aggregate(open.offset(behind_start), open.offset(behind_end.min(day_end))).1
        });
        received += match self.days.at(span.end) {
            Some(open) if open.start == span.end => open.day.aggregate(0, 1).1,
            Some(_) => 0,
            None => u32::from(counter.midnights.values().any(|count| count.at == span.end)),
        };
        let expected = plan.expected(span);
        Closed {
            kind,
            span,
            aggregate,
            received,
            expected,
            closed_by,
            spiked: false,
            additions: plan.told_as(),
        }
    }

    /// The first moment at or behind one in whose window a count lies.
    pub(super) fn first_counted(&self, from: EventTime) -> Option<EventTime> {
        self.first_point_at(from.plus(BEFORE)).map(|point| point.minus(BEFORE))
    }

    /// A day leaves memory: what is needed of it by those around it stays.
    pub(super) fn leave(&mut self, days: &Days, rule: Option<CounterRule>, number: DayNumber) {
        let (Some(mut counter), Some(rule)) = (self.counter.take(), rule) else { return };
        if let Some(local) = days.day(number) {
            if counter.unread == Some(number) {
                counter.unread = None;
                let (_, handed) = self.steps_of(&counter, &rule, &local);
                let _ = counter.handed.insert(number, handed);
            }
            match self.midnight(&counter, number, local.start) {
                Some(count) => {
                    let _ = counter.midnights.insert(number, count);
                }
                None => {
                    let _ = counter.midnights.remove(&number);
                }
            }
        }
        self.counter = Some(counter);
    }
}
