//! One subject: its series, its watermark, and what is made of its windows.
//!
//! A worker holds hundreds of thousands of series, most of which say little: what one takes decides how many fit into
//! memory, and how many lines of it a row waits for. So a series holds no more than outlives an epoch, moments that may
//! be missing take the room of a moment, and what many series have in common lies beside them once.

use std::num::NonZeroU32;

use ioc_model::{
    calendar::{Calendar, LocalDay},
    epoch::Epoch,
    name::Name,
    names::{IndicatorId, Names},
    question::{About, Answer, Found, Question},
    results::{Standing, StoredObservation},
    time::EventTime,
};
use serde::{Deserialize, Serialize};

use super::{Fates, Key, LastWords, Said, Terms, series_plans::SeriesPlans, terms};
use crate::{
    day::Version,
    derive::Derived,
    plan::Days,
    series::{Bounds, Closed, Due, Judged, Provenance, SeriesState, Touched},
    step::{EpochFacts, ShardResults},
};

#[derive(Debug)]
pub(super) struct SubjectState {
    pub(super) name: Name,
    pub(super) watermark: EventTime,
    /// The feeds it was heard by: the most patient one decides when it is waited for no longer.
    pub(super) feeds: Vec<Name>,
    pub(super) due: Option<EventTime>,
    pub(super) series: Vec<SeriesEntry>,
    /// Of a station of the pack: what is made of its windows.
    pub(super) derived: Option<Box<Derived>>,
}

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
pub(super) struct Heard {
    touched: Touched,
    earliest: Option<EventTime>,
}

/// A moment or none; no event is as late as the one that says none.
#[derive(Clone, Copy, Debug)]
struct Moment(EventTime);

/// A subject as a checkpoint keeps it: by names, so that any number of workers, in any process, can load it.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubjectRecord {
    name: Name,
    due: Option<EventTime>,
    kept: Vec<Kept>,
}

/// The last version of the checkpoint whose records list what there was to keep, before each keeper had its own.
const BEFORE_KEEPERS: u8 = 4;
type RecordBeforeKeepers =
    (Name, EventTime, Vec<Name>, Option<EventTime>, Vec<(Name, SeriesState)>, Option<Box<Derived>>);

/// What one keeper keeps of a subject. A kind of row that is kept in a way of its own is one more of these.
#[derive(Debug, Serialize, Deserialize)]
enum Kept {
    /// Measured rows: how far they have come, the feeds they came by, and the series.
    Measured(EventTime, Vec<Name>, Vec<(Name, SeriesState, Provenance)>),
    /// What is made of them at a station of the pack.
    Derived(Box<Derived>),
}

/// [`Kept`] as it is written: postcard writes both alike.
#[derive(Serialize)]
enum KeptRef<'a> {
    Measured(EventTime, &'a [Name], Vec<(Name, &'a SeriesState, Provenance)>),
    Derived(&'a Derived),
}

impl SubjectState {
    pub(super) fn new(name: Name) -> SubjectState {
        let watermark = EventTime(i64::MIN);
        SubjectState { name, watermark, feeds: Vec::new(), due: None, series: Vec::new(), derived: None }
    }

    pub(super) fn load(record: SubjectRecord, indicator: impl Fn(&str) -> IndicatorId) -> SubjectState {
        let mut state = SubjectState { due: record.due, ..SubjectState::new(record.name) };
        let entry = |(name, mut state, provenance): (Name, SeriesState, Provenance)| {
            state.remember(provenance);
            SeriesEntry::new(indicator(&name), name, state)
        };
        for kept in record.kept {
            match kept {
                Kept::Measured(watermark, feeds, series) => {
                    (state.watermark, state.feeds) = (watermark, feeds);
                    state.series = series.into_iter().map(entry).collect();
                }
                Kept::Derived(derived) => state.derived = Some(derived),
            }
        }
        state
    }

    pub(super) fn record(&self) -> Result<Vec<u8>, postcard::Error> {
        let series =
            self.series.iter().map(|entry| (entry.name, &entry.state, entry.state.provenance())).collect();
        let mut kept = vec![KeptRef::Measured(self.watermark, &self.feeds, series)];
        kept.extend(self.derived.as_deref().map(KeptRef::Derived));
        postcard::to_stdvec(&(self.name, self.due, kept))
    }

    /// The pack is another: what was prepared from it is prepared again.
    pub(super) fn look_anew(&mut self, due: EventTime) {
        self.due = Some(due);
        for entry in &mut self.series {
            (entry.plan, entry.quiet_until) = (None, Moment::NONE);
        }
    }

    /// A station of the pack has derived results from now on; one that no longer is one keeps what it has, for what it
    /// is waiting for.
    pub(super) fn derive(&mut self, is_station: bool) {
        if is_station && self.derived.is_none() {
            let closed = self.series.iter().filter_map(|entry| entry.state.closed_through()).max();
            self.derived = Some(Box::new(Derived::since(closed)));
        }
    }

    /// Judges an epoch's rows of one series, in order of arrival.
    #[allow(clippy::too_many_arguments, reason = "what an epoch is, apart from what it does")]
    pub(super) fn take_rows(
        &mut self,
        facts: &EpochFacts,
        names: &Names,
        days: &mut Days,
        terms: &mut Terms,
        rows: &[Key],
        heard: &mut Vec<Heard>,
        fates: &mut Fates<'_>,
        results: &mut ShardResults,
    ) {
        let Some(first) = rows.first() else { return };
        let index = self.index(first.indicator(), names);
        let heard = Heard::of(heard, index);
        let entry = &mut self.series[index];
        let mut words = LastWords::default();
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
            let judged =
                entry.state.apply(days, facts.epoch.0, row.event_time, version, source, &mut heard.touched);
            terms.count(&judged);
            hear(&mut self.derived, entry.name, row.event_time, &version, &judged);
            match judged {
                Judged::Stored(standing, current) => {
                    fates.store(key.row(), standing, current.is_the_row());
                    let said = Said::Row(key.row());
                    if standing == Standing::First {
                        words.first(row.event_time, said);
                    } else {
                        let series = (entry.name, self.name);
                        words.behind(series, row.event_time, current, said, &rows[..number], fates, results);
                    }
                }
                Judged::Waiting { first: Some(day) } => {
                    results.questions.push(question(self.name, entry.name, day, facts.epoch));
                }
                Judged::Waiting { .. } | Judged::Duplicate => {}
            }
        }
    }

    /// Judges the rows that waited for a day, now that it was read back.
    #[allow(clippy::too_many_arguments, reason = "what an epoch is, apart from what it does")]
    pub(super) fn take_answer(
        &mut self,
        facts: &EpochFacts,
        names: &Names,
        days: &mut Days,
        answer: &Answer,
        heard: &mut Vec<Heard>,
        fates: &mut Fates<'_>,
        results: &mut ShardResults,
    ) {
        let (About::Day { indicator, day }, Found::Rows(rows)) = (answer.question.about, &answer.found)
        else {
            return;
        };
        let Some(id) = names.indicators.find(&indicator).map(IndicatorId) else { return };
        let Some(local) = days.day(day) else { return };
        let index = self.index(id, names);
        let heard = Heard::of(heard, index);
        let entry = &mut self.series[index];
        let asked = answer.question.asked.0;
        let mut words = LastWords::default();
        let judged = entry.state.recall(local, asked, facts.epoch.0, rows, &mut heard.touched);
        for (row, judged) in judged {
            let counts = results.counts.entry(row.feed).or_default();
            counts.waiting -= 1;
            terms::count(counts, &judged);
            heard.row(row.event_time);
            hear(&mut self.derived, entry.name, row.event_time, &row.version, &judged);
            let Judged::Stored(standing, current) = judged else { continue };
            let said = Said::Result(results.facts.observations.len());
            results.facts.observations.push(StoredObservation {
                indicator: entry.name,
                subject: self.name,
                event_time: row.event_time,
                value: row.version.value,
                quality: row.version.quality,
                feed: row.feed,
                sender: row.sender,
                arrival: row.version.arrival,
                standing,
                last_word: current.is_the_row(),
            });
            words.behind((entry.name, self.name), row.event_time, current, said, &[], fates, results);
        }
    }

    /// Reads a little of all its series: each will be looked at when it has a row.
    pub(super) fn glance(&self) -> u64 {
        let of_series = |entry: &SeriesEntry| {
            u64::from(entry.indicator.0) ^ u64::from(entry.due_end.get().is_some()) ^ entry.state.glance()
        };
        self.series.iter().fold(0, |seen, entry| seen ^ of_series(entry))
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
        heard: &mut Heard,
        days: &mut Days,
        plans: &mut SeriesPlans<'_>,
        bounds: Bounds,
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

impl Heard {
    /// That of the series at a place in its subject.
    pub(super) fn of(heard: &mut Vec<Heard>, index: usize) -> &mut Heard {
        if heard.len() <= index {
            heard.resize_with(index + 1, Heard::default);
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

impl SubjectRecord {
    /// From the bytes of a checkpoint of that version.
    ///
    /// # Errors
    /// If they are none.
    pub fn decode(version: u8, bytes: &[u8]) -> Result<SubjectRecord, postcard::Error> {
        if version > BEFORE_KEEPERS {
            return postcard::from_bytes(bytes);
        }
        let (name, watermark, feeds, due, series, derived) =
            postcard::from_bytes::<RecordBeforeKeepers>(bytes)?;
        let series = series.into_iter().map(|(name, state)| (name, state, Provenance::default())).collect();
        let mut kept = vec![Kept::Measured(watermark, feeds, series)];
        kept.extend(derived.map(Kept::Derived));
        Ok(SubjectRecord { name, due, kept })
    }

    /// The subject's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its rows and revisions wait for.
    pub fn awaited(&self, calendar: &Calendar) -> impl Iterator<Item = Question> {
        self.kept.iter().flat_map(|kept| match kept {
            Kept::Measured(_, _, series) => {
                let of_series = |(indicator, series, _): &(Name, SeriesState, Provenance)| {
                    let asked = |(day, asked)| {
                        Some(question(self.name, *indicator, calendar.day(day)?, Epoch(asked)))
                    };
                    series.awaited().filter_map(asked).collect::<Vec<_>>()
                };
                series.iter().flat_map(of_series).collect::<Vec<_>>()
            }
            Kept::Derived(derived) => derived.awaited(self.name).collect(),
        })
    }
}

/// The rows of a day that left the state.
fn question(subject: Name, indicator: Name, day: LocalDay, asked: Epoch) -> Question {
    let about = About::Day { indicator, day: day.number };
    Question { subject, about, from: day.start, to: day.end, asked }
}

/// What became the current value of its key says how its station is.
fn hear(
    derived: &mut Option<Box<Derived>>,
    indicator: Name,
    event_time: EventTime,
    version: &Version,
    judged: &Judged,
) {
    let current = matches!(judged, Judged::Stored(Standing::First | Standing::Correction, _));
    if let Some(derived) = derived.as_mut().filter(|_| current) {
        derived.heard(indicator, event_time, version.quality);
    }
}
