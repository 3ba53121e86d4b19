//! The subjects one worker holds, and what an epoch does to them.
//!
//! Pure, like all below it: state(e) = f(state(e−1), manifest e). A shard knows no other shard: rows are exchanged by
//! subject before they reach it, so the same subjects give the same results however many workers share them
//! (invariant REPLAY).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ioc_ingest::decode::Decoder;
use ioc_model::{
    counts::Counts,
    epoch::Epoch,
    names::{IndicatorId, Names, SubjectId},
    observation::{Observation, Series},
    pack::PackVersion,
    results::{RecallRequest, StoredObservation, WindowResult},
    time::{EventTime, Millis, Now},
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::{
    day::Version,
    manifest::Recalled,
    plan::{Days, Plan},
    series::{Bounds, Closed, Judged, SeriesState, Touched},
};

/// The recorded facts of an epoch, and the pack version they name.
#[derive(Debug)]
pub struct EpochFacts {
    /// The epoch.
    pub epoch: Epoch,
    /// The recorded wall clock.
    pub now: Now,
    /// Decoder under the recorded pack.
    pub decoder: Arc<Decoder>,
    /// Days that were read back.
    pub recalled: Vec<Recalled>,
    /// Points further behind what is closed than this leave the state with their day.
    pub horizon: Millis,
}

/// What an epoch made in one shard; unsorted.
#[derive(Debug, Default)]
pub struct ShardResults {
    /// Rows to store.
    pub observations: Vec<StoredObservation>,
    /// Windows to store.
    pub windows: Vec<WindowResult>,
    /// What became of judged rows, by feed.
    pub counts: FxHashMap<Arc<str>, Counts>,
    /// Days to read back.
    pub recalls: Vec<RecallRequest>,
}

/// Subjects and their timers.
#[derive(Debug)]
pub struct Shard {
    names: Names,
    subjects: FxHashMap<SubjectId, SubjectState>,
    timers: BTreeSet<(EventTime, SubjectId)>,
    plans: Plans,
}

#[derive(Debug)]
struct Plans {
    version: Option<PackVersion>,
    days: Option<Days>,
    plans: FxHashMap<Series, Plan>,
}

#[derive(Debug)]
struct SubjectState {
    name: Arc<str>,
    watermark: EventTime,
    /// The feeds it was heard by: the most patient one decides when it is waited for no longer.
    feeds: Vec<Arc<str>>,
    due: Option<EventTime>,
    series: Vec<(IndicatorId, Arc<str>, SeriesState)>,
}

/// A subject as a checkpoint keeps it: by names, so that any number of workers, in any process, can load it.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubjectRecord {
    name: Box<str>,
    watermark: EventTime,
    feeds: Vec<Box<str>>,
    due: Option<EventTime>,
    series: Vec<(Box<str>, SeriesState)>,
}

impl Shard {
    /// A shard without subjects. `pack` is the version a checkpoint's state was last looked at with.
    #[must_use]
    pub fn new(names: Names, pack: Option<PackVersion>) -> Shard {
        let plans = Plans { version: pack, days: None, plans: FxHashMap::default() };
        Shard { names, subjects: FxHashMap::default(), timers: BTreeSet::new(), plans }
    }

    /// Applies an epoch: `rows` in any order, all of them.
    pub fn apply(&mut self, facts: &EpochFacts, rows: &mut [Observation]) -> ShardResults {
        if self.plans.follow(&facts.decoder) {
            // Other windows, cadences or patience: what was due is due no longer, and something else may be.
            let now = EventTime(i64::MIN);
            self.timers = self.subjects.keys().map(|subject| (now, *subject)).collect();
            self.subjects.values_mut().for_each(|state| state.due = Some(now));
        }
        let mut results = ShardResults::default();
        rows.sort_unstable_by_key(|row| (row.series.subject, row.series.indicator, row.arrival));
        let mut recalled: BTreeMap<SubjectId, Vec<&Recalled>> = BTreeMap::new();
        for day in &facts.recalled {
            let subject = self.names.subjects.find(&day.request.subject).map(SubjectId);
            if let Some(subject) = subject.filter(|subject| self.subjects.contains_key(subject)) {
                recalled.entry(subject).or_default().push(day);
            }
        }
        for of_subject in rows.chunk_by(|a, b| a.series.subject == b.series.subject) {
            let subject = of_subject[0].series.subject;
            let days = recalled.remove(&subject).unwrap_or_default();
            self.apply_subject(facts, subject, of_subject, &days, &mut results);
        }
        for (subject, days) in recalled {
            self.apply_subject(facts, subject, &[], &days, &mut results);
        }
        while let Some(timer) = self.timers.first().copied().filter(|(due, _)| due.0 <= facts.now.0) {
            let _ = self.timers.remove(&timer);
            self.apply_subject(facts, timer.1, &[], &[], &mut results);
        }
        results
    }

    fn apply_subject(
        &mut self,
        facts: &EpochFacts,
        id: SubjectId,
        rows: &[Observation],
        recalled: &[&Recalled],
        results: &mut ShardResults,
    ) {
        let names = &self.names;
        let state = self.subjects.entry(id).or_insert_with(|| SubjectState::new(names.subject(id)));
        if let Some(due) = state.due.take() {
            let _ = self.timers.remove(&(due, id));
        }
        let Some(days) = &mut self.plans.days else { return };
        let mut epoch = SubjectEpoch { facts, names, days, results, touched: FxHashMap::default() };
        for row in rows {
            epoch.row(state, row);
        }
        for day in recalled {
            epoch.recall(state, day);
        }
        let mut touched = epoch.touched;
        let patience = state.patience(facts);
        let bounds = Bounds {
            epoch: facts.epoch.0,
            horizon: facts.horizon,
            watermark: state.watermark,
            patience: EventTime(facts.now.0.saturating_sub(patience.0)),
        };
        let mut due: Option<EventTime> = None;
        for (indicator, name, series) in &mut state.series {
            let key = Series { indicator: *indicator, subject: id };
            let pack = facts.decoder.pack();
            let calendar = facts.decoder.calendar();
            let plan = *self
                .plans
                .plans
                .entry(key)
                .or_insert_with(|| Plan::of_series(pack, calendar, name, &state.name));
            let touched = touched.remove(indicator).unwrap_or_default();
            let emit = |closed: Closed| results.windows.push(window_result(closed, name, &state.name));
            series.advance(days, &plan, bounds, &touched, emit);
            let series_due = series.due(days, &plan, patience);
            due = [due, series_due].into_iter().flatten().min();
        }
        state.due = due;
        if let Some(due) = due {
            let _ = self.timers.insert((due, id));
        }
    }

    /// What a checkpoint keeps of it.
    pub fn records(&self) -> impl Iterator<Item = Result<Vec<u8>, postcard::Error>> {
        self.subjects.values().map(|state| {
            // Borrowed mirror of `SubjectRecord`: postcard writes both alike.
            let series: Vec<_> = state.series.iter().map(|(_, name, series)| (&**name, series)).collect();
            postcard::to_stdvec(&(&*state.name, state.watermark, &state.feeds, state.due, series))
        })
    }

    /// Takes a subject out of a checkpoint.
    pub fn load(&mut self, record: SubjectRecord) {
        let id = SubjectId(self.names.subjects.number(&record.name));
        let mut state = SubjectState::new(self.names.subject(id));
        state.watermark = record.watermark;
        state.feeds = record.feeds.into_iter().map(Arc::from).collect();
        state.due = record.due;
        for (name, series) in record.series {
            let indicator = IndicatorId(self.names.indicators.number(&name));
            state.series.push((indicator, Arc::from(name), series));
        }
        self.timers.extend(record.due.map(|due| (due, id)));
        let _ = self.subjects.insert(id, state);
    }
}

impl SubjectRecord {
    /// The subject's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The days rows wait for.
    pub fn awaited(&self) -> impl Iterator<Item = RecallRequest> {
        self.series.iter().flat_map(|(indicator, series)| {
            series.awaited().map(|(day, asked)| RecallRequest {
                indicator: Arc::from(&**indicator),
                subject: Arc::from(&*self.name),
                day,
                asked: Epoch(asked),
            })
        })
    }
}

impl Plans {
    /// Goes over to an epoch's pack. True if it is another than the epoch's before.
    fn follow(&mut self, decoder: &Decoder) -> bool {
        let version = &decoder.pack().version;
        let changed = self.version.as_ref() != Some(version);
        if changed || self.days.is_none() {
            self.plans.clear();
            self.days = Some(Days::new(decoder.calendar().clone()));
            self.version = Some(version.clone());
        }
        changed
    }
}

impl SubjectState {
    fn new(name: Arc<str>) -> SubjectState {
        let watermark = EventTime(i64::MIN);
        SubjectState { name, watermark, feeds: Vec::new(), due: None, series: Vec::new() }
    }

    /// How long the subject is waited for, by the epoch's pack.
    fn patience(&self, facts: &EpochFacts) -> Millis {
        let feeds = &facts.decoder.pack().feeds;
        let of_feed = |feed: &Arc<str>| feeds.get(&**feed).map(|feed| feed.contract.patience);
        self.feeds.iter().filter_map(of_feed).max().unwrap_or_default()
    }

    fn series(&mut self, id: IndicatorId, names: &Names) -> &mut (IndicatorId, Arc<str>, SeriesState) {
        let index = self.series.iter().position(|(indicator, _, _)| *indicator == id);
        let index = index.unwrap_or_else(|| {
            self.series.push((id, names.indicator(id), SeriesState::default()));
            self.series.len() - 1
        });
        &mut self.series[index]
    }
}

/// One subject's part of an epoch.
struct SubjectEpoch<'a> {
    facts: &'a EpochFacts,
    names: &'a Names,
    days: &'a mut Days,
    results: &'a mut ShardResults,
    touched: FxHashMap<IndicatorId, Touched>,
}

impl SubjectEpoch<'_> {
    fn row(&mut self, state: &mut SubjectState, row: &Observation) {
        let feed = self.names.feed(row.feed);
        state.watermark = state.watermark.max(row.event_time.minus(self.lateness(&feed)));
        if !state.feeds.contains(&feed) {
            state.feeds.push(feed.clone());
        }
        // −0 equals 0 to everyone who reads it: one of them must be a duplicate of the other.
        let version = Version { value: row.value + 0.0, quality: row.quality, arrival: row.arrival };
        let touched = self.touched.entry(row.series.indicator).or_default();
        let (_, indicator, series) = state.series(row.series.indicator, self.names);
        let indicator = indicator.clone();
        let judged = series.apply(self.days, self.facts.epoch.0, row.event_time, version, &feed, touched);
        if let Judged::Waiting { day, first: true } = judged {
            let subject = state.name.clone();
            let asked = self.facts.epoch;
            self.results.recalls.push(RecallRequest { indicator: indicator.clone(), subject, day, asked });
        }
        self.count(&feed, judged, 0);
        self.store(judged, indicator, state.name.clone(), row.event_time, version, feed);
    }

    fn recall(&mut self, state: &mut SubjectState, day: &Recalled) {
        let Some(id) = self.names.indicators.find(&day.request.indicator).map(IndicatorId) else { return };
        let Some(local) = self.days.day(day.request.day) else { return };
        let subject = state.name.clone();
        let (_, indicator, series) = state.series(id, self.names);
        let indicator = indicator.clone();
        let touched = self.touched.entry(id).or_default();
        for (row, judged) in series.recall(local, day.request.asked.0, self.facts.epoch.0, &day.rows, touched)
        {
            let feed: Arc<str> = Arc::from(row.feed);
            self.count(&feed, judged, -1);
            self.store(judged, indicator.clone(), subject.clone(), row.event_time, row.version, feed);
        }
    }

    fn count(&mut self, feed: &Arc<str>, judged: Judged, waiting: i64) {
        let counts = self.results.counts.entry(feed.clone()).or_default();
        counts.waiting += waiting;
        match judged {
            Judged::Stored(_) => counts.stored += 1,
            Judged::Duplicate => counts.duplicate += 1,
            Judged::Waiting { .. } => counts.waiting += 1,
        }
    }

    fn store(
        &mut self,
        judged: Judged,
        indicator: Arc<str>,
        subject: Arc<str>,
        event_time: EventTime,
        version: Version,
        feed: Arc<str>,
    ) {
        let Judged::Stored(standing) = judged else { return };
        let Version { value, quality, arrival } = version;
        self.results.observations.push(StoredObservation {
            indicator,
            subject,
            event_time,
            value,
            quality,
            feed,
            arrival,
            standing,
        });
    }

    fn lateness(&self, feed: &str) -> Millis {
        self.facts.decoder.pack().feeds.get(feed).map(|feed| feed.contract.lateness).unwrap_or_default()
    }
}

fn window_result(closed: Closed, indicator: &Arc<str>, subject: &Arc<str>) -> WindowResult {
    WindowResult {
        indicator: indicator.clone(),
        subject: subject.clone(),
        kind: closed.kind,
        start: closed.span.start,
        end: closed.span.end,
        aggregate: closed.aggregate,
        received: closed.received,
        expected: closed.expected,
        closed_by: closed.closed_by,
    }
}
