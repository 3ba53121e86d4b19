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
    action::Action,
    counts::Counts,
    epoch::Epoch,
    names::{IndicatorId, Names, SubjectId},
    observation::{Observation, Series},
    pack::PackVersion,
    reject::{RejectReason, Rejection},
    results::{
        AlertResult, Assessment, IndexResult, RecallRequest, RejectedRow, Standing, StatusResult,
        StoredAction, StoredObservation, WindowRecall, WindowResult,
    },
    text::Text,
    time::{EventTime, Millis, Now},
    window::WindowKind,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::{
    day::Version,
    derive::{Derived, StationPlan, Step},
    manifest::{Recalled, RecalledWindows},
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
    /// Windows that were read back.
    pub recalled_windows: Vec<RecalledWindows>,
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
    /// Windows to read back.
    pub window_recalls: Vec<WindowRecall>,
    /// Indices to store.
    pub indices: Vec<IndexResult>,
    /// Judgements by limits to store.
    pub assessments: Vec<Assessment>,
    /// Stations whose state changed.
    pub statuses: Vec<StatusResult>,
    /// What happened to alerts, in order by rule and subject.
    pub alerts: Vec<AlertResult>,
    /// Operators' actions to store.
    pub actions: Vec<StoredAction>,
    /// Operators' actions about alerts that never were.
    pub rejects: Vec<RejectedRow>,
}

/// Which of the subjects a shard holds: those whose number leaves this rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The shard's number, from 0.
    pub index: usize,
    /// How many shards there are.
    pub of: usize,
}

impl Share {
    /// All subjects.
    pub const WHOLE: Share = Share { index: 0, of: 1 };

    /// Whether a subject is held here. The same split as the exchange before the shards.
    #[must_use]
    pub fn holds(self, subject: SubjectId) -> bool {
        subject.0 as usize % self.of == self.index
    }
}

/// Subjects and their timers.
#[derive(Debug)]
pub struct Shard {
    names: Names,
    share: Share,
    subjects: FxHashMap<SubjectId, SubjectState>,
    timers: BTreeSet<(EventTime, SubjectId)>,
    plans: Plans,
}

#[derive(Debug)]
struct Plans {
    version: Option<PackVersion>,
    days: Option<Days>,
    plans: FxHashMap<Series, Plan>,
    stations: FxHashMap<SubjectId, Option<Arc<StationPlan>>>,
}

#[derive(Debug)]
struct SubjectState {
    name: Arc<str>,
    watermark: EventTime,
    /// The feeds it was heard by: the most patient one decides when it is waited for no longer.
    feeds: Vec<Arc<str>>,
    due: Option<EventTime>,
    series: Vec<(IndicatorId, Arc<str>, SeriesState)>,
    /// Of a station of the pack: what is made of its windows.
    derived: Option<Box<Derived>>,
}

/// A subject as a checkpoint keeps it: by names, so that any number of workers, in any process, can load it.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubjectRecord {
    name: Box<str>,
    watermark: EventTime,
    feeds: Vec<Box<str>>,
    due: Option<EventTime>,
    series: Vec<(Box<str>, SeriesState)>,
    derived: Option<Box<Derived>>,
}

impl Shard {
    /// A shard without subjects. `pack` is the version a checkpoint's state was last looked at with.
    #[must_use]
    pub fn new(names: Names, share: Share, pack: Option<PackVersion>) -> Shard {
        let plans =
            Plans { version: pack, days: None, plans: FxHashMap::default(), stations: FxHashMap::default() };
        Shard { names, share, subjects: FxHashMap::default(), timers: BTreeSet::new(), plans }
    }

    /// Applies an epoch: `rows` and `actions` in any order, all of them. Actions about subjects of other shards are
    /// passed over.
    pub fn apply(
        &mut self,
        facts: &EpochFacts,
        rows: &mut [Observation],
        actions: &[(SubjectId, Action)],
    ) -> ShardResults {
        if self.plans.follow(&facts.decoder) {
            self.expect_stations(facts);
            // Other windows, cadences or patience: what was due is due no longer, and something else may be.
            let now = EventTime(i64::MIN);
            self.timers = self.subjects.keys().map(|subject| (now, *subject)).collect();
            self.subjects.values_mut().for_each(|state| state.due = Some(now));
        }
        let mut results = ShardResults::default();
        self.act(facts, actions, &mut results);
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
        let answered: BTreeSet<SubjectId> = facts
            .recalled_windows
            .iter()
            .filter_map(|answer| self.names.subjects.find(&answer.request.subject).map(SubjectId))
            .filter(|subject| self.subjects.contains_key(subject))
            .collect();
        for subject in answered {
            self.apply_subject(facts, subject, &[], &[], &mut results);
        }
        while let Some(timer) = self.timers.first().copied().filter(|(due, _)| due.0 <= facts.now.0) {
            let _ = self.timers.remove(&timer);
            self.apply_subject(facts, timer.1, &[], &[], &mut results);
        }
        results
    }

    /// Stations of the pack are there before they are heard: one that never sends is silent, not absent.
    fn expect_stations(&mut self, facts: &EpochFacts) {
        for station in facts.decoder.pack().stations.keys() {
            let id = SubjectId(self.names.subjects.number(station));
            if self.share.holds(id) {
                let names = &self.names;
                let _ = self.subjects.entry(id).or_insert_with(|| SubjectState::new(names.subject(id)));
            }
        }
    }

    /// What operators did, before anything else of the epoch: they speak of what they saw, which is older.
    fn act(&mut self, facts: &EpochFacts, actions: &[(SubjectId, Action)], results: &mut ShardResults) {
        let mut held: Vec<&(SubjectId, Action)> =
            actions.iter().filter(|(subject, _)| self.share.holds(*subject)).collect();
        held.sort_by_key(|(_, action)| action.arrival);
        for (subject, action) in held {
            let derived = self.subjects.get_mut(subject).and_then(|state| state.derived.as_mut());
            let effective = derived.and_then(|derived| derived.act(facts.now, action, results));
            let counts = results.counts.entry(action.feed.clone()).or_default();
            match effective {
                Some(effective) => {
                    counts.stored += 1;
                    results.actions.push(StoredAction {
                        alert: action.alert.clone(),
                        user: action.user.clone(),
                        note: action.note.clone(),
                        feed: action.feed.clone(),
                        arrival: action.arrival,
                        effective,
                    });
                }
                None => {
                    counts.rejected += 1;
                    results.rejects.push(unknown_alert(action));
                }
            }
        }
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
        let station = self.plans.station(id, &state.name, &facts.decoder);
        state.derive(station.is_some());
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
        let mut closed_windows = Vec::new();
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
            let emit = |closed: Closed| {
                results.windows.push(window_result(closed, name, &state.name));
                if station.is_some() && closed.kind != WindowKind::Minute {
                    closed_windows.push((name.clone(), closed));
                }
            };
            series.advance(days, &plan, bounds, &touched, emit);
            let series_due = series.due(days, &plan, patience);
            due = [due, series_due].into_iter().flatten().min();
        }
        if let (Some(plan), Some(derived)) = (station, &mut state.derived) {
            let lateness = state.feeds.iter().map(|feed| lateness(facts, feed)).max().unwrap_or_default();
            let subject = &state.name;
            derived.advance(Step { facts, plan: &plan, subject, lateness, days, results }, &closed_windows);
            due = [due, derived.due(facts.now, &plan, lateness)].into_iter().flatten().min();
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
            postcard::to_stdvec(&(
                &*state.name,
                state.watermark,
                &state.feeds,
                state.due,
                series,
                &state.derived,
            ))
        })
    }

    /// Takes a subject out of a checkpoint.
    pub fn load(&mut self, record: SubjectRecord) {
        let id = SubjectId(self.names.subjects.number(&record.name));
        let mut state = SubjectState::new(self.names.subject(id));
        state.watermark = record.watermark;
        state.feeds = record.feeds.into_iter().map(Arc::from).collect();
        state.due = record.due;
        state.derived = record.derived;
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

    /// The windows revisions wait for.
    pub fn awaited_windows(&self) -> impl Iterator<Item = WindowRecall> {
        let subject: Arc<str> = Arc::from(&*self.name);
        self.derived.iter().flat_map(move |derived| derived.awaited(&subject).collect::<Vec<_>>())
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
    /// What the pack asks of a subject, if it is a station of it.
    fn station(&mut self, id: SubjectId, name: &str, decoder: &Decoder) -> Option<Arc<StationPlan>> {
        let plan = || StationPlan::of_subject(decoder.pack(), decoder.calendar(), name).map(Arc::new);
        self.stations.entry(id).or_insert_with(plan).clone()
    }

    /// Goes over to an epoch's pack. True if it is another than the epoch's before.
    fn follow(&mut self, decoder: &Decoder) -> bool {
        let version = &decoder.pack().version;
        let changed = self.version.as_ref() != Some(version);
        if changed || self.days.is_none() {
            self.plans.clear();
            self.stations.clear();
            self.days = Some(Days::new(decoder.calendar().clone()));
            self.version = Some(version.clone());
        }
        changed
    }
}

impl SubjectState {
    fn new(name: Arc<str>) -> SubjectState {
        let watermark = EventTime(i64::MIN);
        SubjectState { name, watermark, feeds: Vec::new(), due: None, series: Vec::new(), derived: None }
    }

    /// A station of the pack has derived results from now on; one that no longer is one keeps what it has, for what it
    /// is waiting for.
    fn derive(&mut self, is_station: bool) {
        if is_station && self.derived.is_none() {
            let closed = self.series.iter().filter_map(|(_, _, series)| series.closed_through()).max();
            self.derived = Some(Box::new(Derived::since(closed)));
        }
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
        state.watermark = state.watermark.max(row.event_time.minus(lateness(self.facts, &feed)));
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
        hear(state, &indicator, row.event_time, &version, judged);
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
            hear(state, &indicator, row.event_time, &row.version, judged);
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
}

fn lateness(facts: &EpochFacts, feed: &str) -> Millis {
    facts.decoder.pack().feeds.get(feed).map(|feed| feed.contract.lateness).unwrap_or_default()
}

/// What became the current value of its key says how its station is.
fn hear(
    state: &mut SubjectState,
    indicator: &Arc<str>,
    event_time: EventTime,
    version: &Version,
    judged: Judged,
) {
    let current = matches!(judged, Judged::Stored(Standing::First | Standing::Correction));
    if let Some(derived) = state.derived.as_mut().filter(|_| current) {
        derived.heard(indicator, event_time, version.quality);
    }
}

fn unknown_alert(action: &Action) -> RejectedRow {
    let alert = action.alert.to_string();
    let rejection = Rejection {
        reason: RejectReason::UnknownAlert,
        place: "alert".to_owned(),
        message: Text {
            vi: format!("Chưa từng có cảnh báo '{alert}'. Hãy chọn cảnh báo trong danh sách."),
            en: format!("There never was an alert '{alert}'. Choose one of the list."),
        },
    };
    RejectedRow {
        feed: action.feed.clone(),
        arrival: action.arrival,
        whole: false,
        address: "/api/alerts".into(),
        rejection,
        raw: alert.as_bytes().into(),
        raw_length: u32::try_from(alert.len()).unwrap_or(u32::MAX),
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
