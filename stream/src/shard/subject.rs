//! One subject: its series, its watermark, and what is made of its windows.

use ioc_model::{
    epoch::Epoch,
    name::Name,
    names::{IndicatorId, Names},
    results::{RecallRequest, Standing, StoredObservation, WindowRecall},
    time::EventTime,
};
use serde::{Deserialize, Serialize};

use super::{EpochFacts, Fates, Key, LastWords, Said, ShardResults, Terms, terms};
use crate::{
    day::{Source, Version},
    derive::Derived,
    manifest::Recalled,
    plan::{Days, Plan},
    series::{Bounds, Closed, Due, Judged, Provenance, SeriesState, Touched},
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
    indicator: IndicatorId,
    pub(super) name: Name,
    state: SeriesState,
    plan: Option<Plan>,
    touched: Touched,
    /// The earliest row of the epoch.
    earliest: Option<EventTime>,
    quiet_until: Option<EventTime>,
    due: Due,
}

/// A subject as a checkpoint keeps it: by names, so that any number of workers, in any process, can load it.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubjectRecord {
    name: Name,
    watermark: EventTime,
    feeds: Vec<Name>,
    due: Option<EventTime>,
    series: Vec<(Name, SeriesState)>,
    derived: Option<Box<Derived>>,
}

impl SubjectState {
    pub(super) fn new(name: Name) -> SubjectState {
        let watermark = EventTime(i64::MIN);
        SubjectState { name, watermark, feeds: Vec::new(), due: None, series: Vec::new(), derived: None }
    }

    pub(super) fn load(record: SubjectRecord, indicator: impl Fn(&str) -> IndicatorId) -> SubjectState {
        let SubjectRecord { name, watermark, feeds, due, series, derived } = record;
        let entry = |(name, state): (Name, SeriesState)| SeriesEntry::new(indicator(&name), name, state);
        let series = series.into_iter().map(entry).collect();
        SubjectState { name, watermark, feeds, due, series, derived }
    }

    pub(super) fn record(&self) -> Result<Vec<u8>, postcard::Error> {
        // Borrowed mirror of `SubjectRecord`: postcard writes both alike.
        let series: Vec<_> = self.series.iter().map(|entry| (entry.name, &entry.state)).collect();
        let record =
            postcard::to_stdvec(&(self.name, self.watermark, &self.feeds, self.due, series, &self.derived))?;
        let provenance: Vec<Provenance> = self.series.iter().map(|entry| entry.state.provenance()).collect();
        postcard::to_extend(&provenance, record)
    }

    /// The pack is another: what was prepared from it is prepared again.
    pub(super) fn look_anew(&mut self, due: EventTime) {
        self.due = Some(due);
        for entry in &mut self.series {
            (entry.plan, entry.quiet_until) = (None, None);
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
        fates: &mut Fates<'_>,
        results: &mut ShardResults,
    ) {
        let Some(first) = rows.first() else { return };
        let index = self.index(first.indicator(), names);
        let entry = &mut self.series[index];
        let mut words = LastWords::default();
        for (number, key) in rows.iter().enumerate() {
            let row = fates.rows.get(key.row());
            let feed = terms.feed(row.feed);
            entry.hear(row.event_time);
            self.watermark = self.watermark.max(row.event_time.minus(feed.lateness));
            if !self.feeds.contains(&feed.name) {
                self.feeds.push(feed.name);
            }
            // −0 equals 0 to everyone who reads it: one of them must be a duplicate of the other.
            let version = Version { value: row.value + 0.0, quality: row.quality, arrival: row.arrival };
            let judged = entry.state.apply(
                days,
                facts.epoch.0,
                row.event_time,
                version,
                Source { feed: feed.name, sender: Name::default() },
                &mut entry.touched,
            );
            feed.count(judged);
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
                Judged::Waiting { day, first: true } => results.recalls.push(RecallRequest {
                    indicator: entry.name,
                    subject: self.name,
                    day,
                    asked: facts.epoch,
                }),
                Judged::Waiting { .. } | Judged::Duplicate => {}
            }
            hear(&mut self.derived, entry.name, row.event_time, &version, judged);
        }
    }

    /// Judges the rows that waited for a day, now that it was read back.
    pub(super) fn take_recalled(
        &mut self,
        facts: &EpochFacts,
        names: &Names,
        days: &mut Days,
        recalled: &Recalled,
        fates: &mut Fates<'_>,
        results: &mut ShardResults,
    ) {
        let Some(id) = names.indicators.find(&recalled.request.indicator).map(IndicatorId) else { return };
        let Some(local) = days.day(recalled.request.day) else { return };
        let index = self.index(id, names);
        let entry = &mut self.series[index];
        let asked = recalled.request.asked.0;
        let mut words = LastWords::default();
        let judged = entry.state.recall(local, asked, facts.epoch.0, &recalled.rows, &mut entry.touched);
        for (row, judged) in judged {
            let counts = results.counts.entry(row.feed).or_default();
            counts.waiting -= 1;
            terms::count(counts, judged);
            entry.hear(row.event_time);
            hear(&mut self.derived, entry.name, row.event_time, &row.version, judged);
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
            u64::from(entry.indicator.0) ^ u64::from(entry.due.end.is_some()) ^ entry.state.glance()
        };
        self.series.iter().fold(0, |seen, entry| seen ^ of_series(entry))
    }

    fn index(&mut self, id: IndicatorId, names: &Names) -> usize {
        let index = self.series.iter().position(|entry| entry.indicator == id);
        index.unwrap_or_else(|| {
            self.series.push(SeriesEntry::new(id, names.indicator(id), SeriesState::default()));
            self.series.len() - 1
        })
    }
}

impl SeriesEntry {
    fn new(indicator: IndicatorId, name: Name, state: SeriesState) -> SeriesEntry {
        SeriesEntry {
            indicator,
            name,
            state,
            plan: None,
            touched: Touched::default(),
            earliest: None,
            quiet_until: None,
            due: Due::default(),
        }
    }

    /// Closes and revises what may be; when `now` closes the next window, patience aside.
    pub(super) fn advance(
        &mut self,
        days: &mut Days,
        plan: impl FnOnce() -> Plan,
        bounds: Bounds,
        emit: impl FnMut(Closed),
    ) -> Option<EventTime> {
        let earliest = self.earliest.take();
        let settled = earliest.is_none_or(|row| self.due.settled_from.is_some_and(|from| row >= from));
        let quiet = self.quiet_until.is_some_and(|until| bounds.reach() < until);
        if quiet && settled && self.touched.is_empty() {
            return self.due.end;
        }
        let plan = self.plan.get_or_insert_with(plan);
        self.state.advance(days, plan, bounds, &self.touched, emit);
        self.touched.clear();
        self.quiet_until = self.state.quiet_until(days, plan, bounds.horizon);
        self.due = self.state.due(days, plan);
        self.due.end
    }

    #[inline]
    fn hear(&mut self, event_time: EventTime) {
        self.earliest = Some(self.earliest.map_or(event_time, |earliest| earliest.min(event_time)));
    }
}

impl SubjectRecord {
    /// From a checkpoint's bytes. Behind the record lies who sent what it holds; in older ones it does not.
    ///
    /// # Errors
    /// If they are none.
    pub fn decode(bytes: &[u8]) -> Result<SubjectRecord, postcard::Error> {
        let (mut record, rest) = postcard::take_from_bytes::<SubjectRecord>(bytes)?;
        if !rest.is_empty() {
            let provenance: Vec<Provenance> = postcard::from_bytes(rest)?;
            record.series.iter_mut().zip(provenance).for_each(|((_, state), of)| state.remember(of));
        }
        Ok(record)
    }

    /// The subject's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The windows revisions wait for.
    pub fn awaited_windows(&self) -> impl Iterator<Item = WindowRecall> {
        self.derived.iter().flat_map(|derived| derived.awaited(self.name).collect::<Vec<_>>())
    }

    /// The days rows wait for.
    pub fn awaited(&self) -> impl Iterator<Item = RecallRequest> {
        self.series.iter().flat_map(|(indicator, series)| {
            series.awaited().map(|(day, asked)| RecallRequest {
                indicator: *indicator,
                subject: self.name,
                day,
                asked: Epoch(asked),
            })
        })
    }
}

/// What became the current value of its key says how its station is.
fn hear(
    derived: &mut Option<Box<Derived>>,
    indicator: Name,
    event_time: EventTime,
    version: &Version,
    judged: Judged,
) {
    let current = matches!(judged, Judged::Stored(Standing::First | Standing::Correction, _));
    if let Some(derived) = derived.as_mut().filter(|_| current) {
        derived.heard(indicator, event_time, version.quality);
    }
}
