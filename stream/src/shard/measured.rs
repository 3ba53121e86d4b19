//! The keeper of measured rows: a subject's series, how far they have come, and by which feeds.
//!
//! A worker holds hundreds of thousands of series, most of which say little: what one takes decides how many fit into
//! memory, and how many lines of it a row waits for. So a series holds no more than outlives an epoch, moments that may
//! be missing take the room of a moment, and what many series have in common lies beside them once.

mod replaced;

use std::num::NonZeroU32;

use ioc_model::{
    calendar::{Calendar, LocalDay},
    epoch::Epoch,
    held::{Decision, HeldState},
    name::Name,
    names::{IndicatorId, Names, Source},
    question::{About, Answer, Found, Question},
    results::{HeldRow, RowStanding, StoredObservation},
    time::EventTime,
    window::WindowKind,
};
use serde::{Deserialize, Serialize};

use self::replaced::once_each;
use super::{
    Fates, Key, LastWords, StoredAt, Terms, WordsBefore,
    decisions::{self, Decisions},
    results::window_result,
    series_plans::SeriesPlans,
    terms,
};
use crate::{
    day::{Current, DaySources, Rewritten, SourcesByPlace, Version},
    derive::Derived,
    plan::Days,
    reading::Reading,
    series::{
        Claim, Closed, ClosingBounds, CounterDays, Due, Judged, Provenance, SeriesState, Touched, WaitingRow,
        is_late_by,
    },
    step::{EpochFacts, ShardResults},
};

/// A subject's measured rows.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) watermark: EventTime,
    /// The feeds it was heard by: the most patient one decides when it is waited for no longer.
    pub(super) feeds: Vec<Name>,
    series: Vec<SeriesEntry>,
    decisions: Decisions,
}

/// What a checkpoint keeps of them: how far they have come, the feeds they came by, the series, and what operators
/// decided about rows that are held.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MeasuredRecord<S = DaySources>(
    pub(super) EventTime,
    pub(super) Vec<Name>,
    pub(super) Vec<(Name, SeriesState, Provenance<S>)>,
    pub(super) Decisions,
);

/// [`MeasuredRecord`] as it is written: postcard writes both alike.
#[derive(Debug, Serialize)]
pub(super) struct MeasuredRef<'a>(
    EventTime,
    &'a [Name],
    Vec<(Name, &'a SeriesState, Provenance)>,
    &'a Decisions,
);

/// A series, and what of it need not be worked out anew in every epoch. All but the name and the state is gone with
/// the process, and is nothing but a shorter way to the same results.
#[derive(Debug)]
pub(super) struct SeriesEntry {
    pub(super) name: Name,
    state: SeriesState,
    indicator: IndicatorId,
    /// Its plan's number.
    plan: Option<NonZeroU32>,
    quiet_until: Moment,
    /// As [`Due`] has them.
    due_end: Moment,
    settled_from: Moment,
}

/// What an epoch's rows of a series leave to be done with its windows. Nothing between epochs.
#[derive(Debug, Default)]
pub(super) struct SeriesNews {
    touched: Touched,
    earliest: Option<EventTime>,
}

/// A moment or none; no event is as late as the one that says none.
#[derive(Clone, Copy, Debug)]
struct Moment(EventTime);

/// A subject's turn in an epoch: what the epoch is to it, and where what follows from its rows goes.
#[derive(Debug)]
pub(super) struct Turn<'a, 'rows> {
    pub(super) subject: Name,
    pub(super) facts: &'a EpochFacts,
    pub(super) names: &'a Names,
    pub(super) days: &'a mut Days,
    pub(super) derived: &'a mut Option<Box<Derived>>,
    /// What each of its series heard, by the series' place.
    pub(super) heard: &'a mut Vec<SeriesNews>,
    pub(super) fates: &'a mut Fates<'rows>,
    pub(super) results: &'a mut ShardResults,
}

impl<'rows> Turn<'_, 'rows> {
    /// The same, borrowed once more.
    fn again(&mut self) -> Turn<'_, 'rows> {
        Turn {
            subject: self.subject,
            facts: self.facts,
            names: self.names,
            days: self.days,
            derived: self.derived,
            heard: self.heard,
            fates: self.fates,
            results: self.results,
        }
    }
}

impl Measured {
    pub(super) fn new() -> Measured {
        let (feeds, series, decisions) = Default::default();
        Measured { watermark: EventTime(i64::MIN), feeds, series, decisions }
    }

    pub(super) fn load(record: MeasuredRecord, indicator: impl Fn(&str) -> IndicatorId) -> Measured {
        let MeasuredRecord(watermark, feeds, series, decisions) = record;
        let entry = |(name, mut state, provenance): (Name, SeriesState, Provenance)| {
            state.remember(provenance);
            SeriesEntry::new(indicator(&name), name, state)
        };
        Measured { watermark, feeds, series: series.into_iter().map(entry).collect(), decisions }
    }

    pub(super) fn record(&self) -> MeasuredRef<'_> {
        let series = self.series.iter();
        let series = series.map(|entry| (entry.name, &entry.state, entry.state.provenance())).collect();
        MeasuredRef(self.watermark, &self.feeds, series, &self.decisions)
    }

    /// What a checkpoint keeps of its counters, beside their series.
    pub(super) fn counters(&self) -> Vec<(Name, &CounterDays)> {
        self.series.iter().filter_map(|entry| Some((entry.name, entry.state.counter()?))).collect()
    }

    /// Takes back what [`counters`](Measured::counters) gave.
    pub(super) fn remember_counters(&mut self, counters: Vec<(Name, CounterDays)>) {
        for (name, counter) in counters {
            if let Some(entry) = self.series.iter_mut().find(|entry| entry.name == name) {
                entry.state.set_counter(counter);
            }
        }
    }

    /// The pack is another: what was prepared from it is prepared again.
    pub(super) fn look_anew(&mut self) {
        for entry in &mut self.series {
            (entry.plan, entry.quiet_until) = (None, Moment::NONE);
        }
    }

    /// The end of the last hour or day that is closed.
    pub(super) fn closed_through(&self) -> Option<EventTime> {
        self.series.iter().filter_map(|entry| entry.state.closed_through()).max()
    }

    /// Judges an epoch's rows of one series, in order of arrival.
    pub(super) fn take_rows(
        &mut self,
        turn: &mut Turn<'_, '_>,
        terms: &mut Terms,
        rows: &[Key],
        before: &mut WordsBefore,
    ) {
        let Some(first) = rows.first() else { return };
        let Turn { subject, facts, names, days, derived, heard, fates, results } = turn.again();
        let index = self.index(first.indicator(), names);
        let heard = SeriesNews::of(heard, index);
        let entry = &mut self.series[index];
        let mut own = LastWords::default();
        let words = before.of(first.indicator(), &mut own);
        for (number, key) in rows.iter().enumerate() {
            let row = fates.rows.get(key.row());
            let terms = terms.source(row.source);
            let source = terms.source;
            heard.row(row.event_time);
            self.watermark = self.watermark.max(row.event_time.minus(terms.lateness));
            if !self.feeds.contains(&source.feed) {
                self.feeds.push(source.feed);
            }
            // −0 equals 0 to everyone who reads it: one of them must be a duplicate of the other.
            let version = Version { value: row.value + 0.0, quality: row.quality, arrival: row.arrival };
            let late = is_late_by(&version, row.event_time, terms.hold_after);
            let rewritten =
                late.then(|| entry.state.rewritten(days, row.event_time, &version, terms.hold_after));
            let judged = match rewritten.flatten() {
                Some(Rewritten { stands }) => Judged::Held { stands },
                None => {
                    entry.state.apply(days, facts.epoch, row.event_time, version, source, &mut heard.touched)
                }
            };
            terms.count(&judged);
            hear(derived, entry.name, row.event_time, &version, &judged);
            match judged {
                Judged::Stored(standing, current) => {
                    fates.store(key.row(), standing, current.is_the_row());
                    let stored_at = StoredAt::Row(key.row());
                    if standing == RowStanding::First {
                        words.first(row.event_time, stored_at);
                    } else {
                        let series = (entry.name, subject);
                        words.behind(
                            series,
                            row.event_time,
                            current,
                            stored_at,
                            &rows[..number],
                            fates,
                            results,
                        );
                    }
                }
                Judged::Waiting { first } => {
                    results.waited.push(row.arrival.position);
                    let asked = first.map(|day| question(subject, entry.name, day, facts.epoch));
                    results.questions.extend(asked);
                }
                Judged::Held { stands } => {
                    let series = (entry.name, subject);
                    results.facts.held.push(held(series, row.event_time, &version, source, stands));
                }
                Judged::Duplicate => {}
            }
        }
    }

    /// Takes in what an operator decided about rows that are held.
    pub(super) fn decide(&mut self, decision: Decision, epoch: Epoch, results: &mut ShardResults) {
        if self.series.iter().any(|entry| entry.name == decision.indicator) {
            decisions::stored(&decision, results);
            self.decisions.take(decision, epoch, results);
        } else {
            decisions::unknown(&decision, results);
        }
    }

    /// Judges the rows that waited for a day, now that it was read back, or for an operator's word, now that it is known
    /// which those are.
    pub(super) fn take_answer(
        &mut self,
        turn: &mut Turn<'_, '_>,
        terms: &Terms,
        answer: &Answer,
        rows_of_subject: &[Key],
        before: &mut WordsBefore,
    ) {
        let Turn { subject, facts, names, days, derived, heard, fates, results } = turn.again();
        let Found::Rows(rows) = &answer.found else { return };
        let (About::Day { indicator, day } | About::Held { indicator, day }) = answer.question.about else {
            return;
        };
        let Some(id) = names.indicators.find(&indicator) else { return };
        let Some(local) = days.day(day) else { return };
        let index = self.index(id, names);
        let heard = SeriesNews::of(heard, index);
        let entry = &mut self.series[index];
        let (asked, epoch, touched) = (answer.question.asked, facts.epoch, &mut heard.touched);
        // Rows of the epoch itself may have said the last word of a key, too.
        let mut of_series = rows_of_subject.chunk_by(|a, b| a.indicator() == b.indicator());
        let of_series = of_series.find(|keys| keys[0].indicator() == id).unwrap_or_default();
        let mut own = LastWords::default();
        let words = before.of(id, &mut own);
        let judged = if matches!(answer.question.about, About::Day { .. }) {
            let hold_after = |feed| terms.hold_after(feed);
            let judged = entry.state.recall(days, local, asked, epoch, rows, hold_after, touched);
            for (row, _) in judged.iter().filter(|(row, _)| row.claim != Claim::Replaces) {
                results.counts.entry(row.feed).or_default().waiting -= 1;
            }
            judged
        } else {
            let decided = self.decisions.answered(&answer.question, epoch, results);
            let mut judged = Vec::new();
            for row in rows {
                let Some(decision) = decided.iter().find(|decision| decision.of == row.sender) else {
                    continue;
                };
                decisions::settle(decision, row, results);
                if decision.accepted {
                    let row = WaitingRow::of(row);
                    judged.push((row, entry.state.accept(days, epoch, row, touched)));
                }
            }
            judged
        };
        let first = results.facts.observations.len();
        for (row, judged) in judged {
            if row.claim != Claim::Replaces {
                terms::count(results.counts.entry(row.feed).or_default(), &judged);
            }
            heard.row(row.event_time);
            hear(derived, entry.name, row.event_time, &row.version, &judged);
            let (standing, current) = match judged {
                Judged::Stored(standing, current) => (standing, current),
                Judged::Waiting { first: Some(day) } => {
                    results.questions.push(question(subject, entry.name, day, epoch));
                    continue;
                }
                Judged::Held { stands } => {
                    let source = Source { feed: row.feed, sender: row.sender };
                    let series = (entry.name, subject);
                    results.facts.held.push(held(series, row.event_time, &row.version, source, stands));
                    continue;
                }
                Judged::Waiting { .. } | Judged::Duplicate => continue,
            };
            let stored_at = StoredAt::Result(results.facts.observations.len());
            let series = (entry.name, subject);
            results.facts.observations.push(stored(series, &row, standing, &current));
            words.behind(series, row.event_time, current, stored_at, of_series, fates, results);
        }
        once_each(&mut results.facts.observations, first);
    }

    /// Reads a little of all its series: each will be looked at when it has a row.
    pub(super) fn glance(&self) -> u64 {
        let of_series = |entry: &SeriesEntry| {
            u64::from(entry.indicator.0) ^ u64::from(entry.due_end.get().is_some()) ^ entry.state.glance()
        };
        self.series.iter().fold(0, |seen, entry| seen ^ of_series(entry))
    }

    /// Closes and revises the windows that may be; when `now` closes the next one, patience aside. `read` is given what
    /// hours and days amount to.
    pub(super) fn advance(
        &mut self,
        turn: &mut Turn<'_, '_>,
        plans: &mut SeriesPlans<'_>,
        bounds: ClosingBounds,
        mut read: impl FnMut(Reading),
    ) -> Option<EventTime> {
        let Turn { subject, days, heard, results, .. } = turn.again();
        let mut due: Option<EventTime> = None;
        for (index, entry) in self.series.iter_mut().enumerate() {
            let name = entry.name;
            let emit = |closed: Closed| {
                results.facts.windows.push(window_result(closed, closed.additions.unwrap_or(name), subject));
                if closed.kind != WindowKind::Minute {
                    read(
                        closed
                            .additions
                            .map_or_else(|| closed.reading(name), |added| closed.reading_of_sum(added)),
                    );
                }
            };
            let of_series = entry.advance(SeriesNews::of(heard, index), days, plans, bounds, emit);
            let again = entry.state.take_asked().into_iter();
            results.questions.extend(again.map(|day| question(subject, name, day, bounds.epoch)));
            due = [due, of_series].into_iter().flatten().min();
        }
        due
    }

    fn index(&mut self, id: IndicatorId, names: &Names) -> usize {
        let index = self.series.iter().position(|entry| entry.indicator == id);
        index.unwrap_or_else(|| {
            // A vector's own growth would leave a station of nine series room for sixteen.
            if self.series.len() == self.series.capacity() {
                self.series.reserve_exact((self.series.len() / 2).max(2));
            }
            self.series.push(SeriesEntry::new(id, names.indicator(id), SeriesState::default()));
            self.series.len() - 1
        })
    }
}

impl SeriesEntry {
    fn new(indicator: IndicatorId, name: Name, state: SeriesState) -> SeriesEntry {
        let (quiet_until, due_end, settled_from) = (Moment::NONE, Moment::NONE, Moment::NONE);
        SeriesEntry { name, state, indicator, plan: None, quiet_until, due_end, settled_from }
    }

    /// Closes and revises what may be; when `now` closes the next window, patience aside.
    pub(super) fn advance(
        &mut self,
        heard: &mut SeriesNews,
        days: &mut Days,
        plans: &mut SeriesPlans<'_>,
        bounds: ClosingBounds,
        emit: impl FnMut(Closed),
    ) -> Option<EventTime> {
        let earliest = heard.earliest.take();
        let settled = earliest.is_none_or(|row| self.settled_from.get().is_some_and(|from| row >= from));
        let quiet = self.quiet_until.get().is_some_and(|until| bounds.reach() < until);
        if quiet && settled && heard.touched.is_empty() {
            return self.due_end.get();
        }
        let number = *self.plan.get_or_insert_with(|| plans.number(self.name));
        let plan = plans.get(number);
        self.state.advance(days, plan, bounds, &heard.touched, emit);
        heard.touched.clear();
        self.quiet_until = Moment::of(self.state.quiet_until(days, plan, bounds.horizon));
        let Due { end, settled_from } = self.state.due(days, plan);
        (self.due_end, self.settled_from) = (Moment::of(end), Moment::of(settled_from));
        end
    }
}

impl SeriesNews {
    /// That of the series at a place in its subject.
    pub(super) fn of(heard: &mut Vec<SeriesNews>, index: usize) -> &mut SeriesNews {
        if heard.len() <= index {
            heard.resize_with(index + 1, SeriesNews::default);
        }
        &mut heard[index]
    }

    #[inline]
    fn row(&mut self, event_time: EventTime) {
        self.earliest = Some(self.earliest.map_or(event_time, |earliest| earliest.min(event_time)));
    }
}

impl Moment {
    const NONE: Moment = Moment(EventTime(i64::MAX));

    fn of(moment: Option<EventTime>) -> Moment {
        moment.map_or(Moment::NONE, Moment)
    }

    fn get(self) -> Option<EventTime> {
        Some(self.0).filter(|moment| *moment != Moment::NONE.0)
    }
}

impl MeasuredRecord<SourcesByPlace> {
    /// What a checkpoint of version 7 keeps, as this version does.
    pub(super) fn of_this_version(self) -> MeasuredRecord {
        let MeasuredRecord(watermark, feeds, series, decisions) = self;
        let of_series = |(name, state, provenance): (Name, SeriesState, Provenance<SourcesByPlace>)| {
            (name, state, provenance.of_this_version())
        };
        MeasuredRecord(watermark, feeds, series.into_iter().map(of_series).collect(), decisions)
    }
}

impl MeasuredRecord {
    /// The days its rows wait for.
    pub(super) fn awaited(&self, subject: Name, calendar: &Calendar) -> Vec<Question> {
        let of_series = |(indicator, series, _): &(Name, SeriesState, Provenance)| {
            let asked = |(day, asked)| Some(question(subject, *indicator, calendar.day(day)?, asked));
            series.awaited().filter_map(asked).collect::<Vec<_>>()
        };
        self.2.iter().flat_map(of_series).chain(self.3.awaited(subject)).collect()
    }
}

/// A row to store that is none of the epoch's own.
fn stored(
    (indicator, subject): (Name, Name),
    row: &WaitingRow,
    standing: RowStanding,
    current: &Current,
) -> StoredObservation {
    StoredObservation {
        indicator,
        subject,
        event_time: row.event_time,
        value: row.version.value,
        quality: row.version.quality,
        feed: row.feed,
        sender: row.sender,
        arrival: row.version.arrival,
        standing,
        last_word: current.is_the_row(),
    }
}

/// A row that waits for an operator's word.
fn held(
    (indicator, subject): (Name, Name),
    event_time: EventTime,
    version: &Version,
    source: Source,
    stands: Option<f64>,
) -> HeldRow {
    HeldRow {
        indicator,
        subject,
        event_time,
        value: version.value,
        quality: version.quality,
        stands,
        feed: source.feed,
        sender: source.sender,
        arrival: version.arrival,
        state: HeldState::Held,
    }
}

/// The rows of a day that left the state.
fn question(subject: Name, indicator: Name, day: LocalDay, asked: Epoch) -> Question {
    let about = About::Day { indicator, day: day.number };
    Question { subject, about, from: day.start, to: day.end, asked }
}

/// What became the current value of its key, also in the place of another, says how its station is.
fn hear(
    derived: &mut Option<Box<Derived>>,
    indicator: Name,
    event_time: EventTime,
    version: &Version,
    judged: &Judged,
) {
    let is_current = match judged {
        Judged::Stored(RowStanding::First | RowStanding::Correction, _) => true,
        Judged::Stored(RowStanding::Replaced, current) => current.is_the_row(),
        Judged::Stored(..) | Judged::Waiting { .. } | Judged::Duplicate | Judged::Held { .. } => false,
    };
    if let Some(derived) = derived.as_mut().filter(|_| is_current) {
        derived.heard(indicator, event_time, version.quality);
    }
}
