//! The subjects one worker holds, and what an epoch does to them.
//!
//! Pure, like all below it: state(e) = f(state(e−1), manifest e). A shard knows no other shard: rows are exchanged by
//! subject before they reach it, so the same subjects give the same results however many workers share them
//! (invariant REPLAY).
//!
//! An epoch's rows come in by position and its results leave by position, so nothing as large as the rows is ever
//! sorted: they are grouped by series through their indices, and what became of each is noted beside it.

mod grouping;
mod last_words;
mod results;
mod rows;
mod subject;
mod terms;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ioc_ingest::decode::Decoder;
use ioc_model::{
    action::Action,
    epoch::Epoch,
    name::Name,
    names::{IndicatorId, Names, SubjectId},
    pack::PackVersion,
    results::StoredAction,
    time::{EventTime, Millis, Now},
    window::WindowKind,
};
use rustc_hash::FxHashMap;

use self::{
    grouping::{Grouping, Key, several_subjects},
    last_words::{LastWords, Said},
    results::{Fates, unknown_alert, window_result},
    subject::SubjectState,
    terms::Terms,
};
pub use self::{results::ShardResults, rows::Rows, subject::SubjectRecord};
use crate::{
    derive::{StationPlan, Step},
    manifest::{Recalled, RecalledWindows},
    plan::{Days, Plan},
    series::{Bounds, Closed},
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
    grouping: Grouping,
}

#[derive(Debug)]
struct Plans {
    version: Option<PackVersion>,
    days: Option<Days>,
    stations: FxHashMap<SubjectId, Option<Arc<StationPlan>>>,
    terms: Terms,
}

impl Shard {
    /// A shard without subjects. `pack` is the version a checkpoint's state was last looked at with.
    #[must_use]
    pub fn new(names: Names, share: Share, pack: Option<PackVersion>) -> Shard {
        let terms = Terms::new(names.clone());
        let plans = Plans { version: pack, days: None, stations: FxHashMap::default(), terms };
        Shard {
            names,
            share,
            subjects: FxHashMap::default(),
            timers: BTreeSet::new(),
            plans,
            grouping: Grouping::default(),
        }
    }

    /// Applies an epoch: all its rows by position, and all its actions. Actions about subjects of other shards are
    /// passed over.
    pub fn apply(
        &mut self,
        facts: &EpochFacts,
        rows: &Rows<'_>,
        actions: &[(SubjectId, Action)],
    ) -> ShardResults {
        if self.plans.follow(&facts.decoder) {
            self.expect_stations(facts);
            // Other windows, cadences or patience: what was due is due no longer, and something else may be.
            let now = EventTime(i64::MIN);
            self.timers = self.subjects.keys().map(|subject| (now, *subject)).collect();
            self.subjects.values_mut().for_each(|state| state.look_anew(now));
        }
        let mut results = ShardResults { now: facts.now, ..ShardResults::default() };
        self.act(facts, actions, &mut results);
        let mut recalled: BTreeMap<SubjectId, Vec<&Recalled>> = BTreeMap::new();
        for day in &facts.recalled {
            let subject = self.names.subjects.find(&day.request.subject).map(SubjectId);
            if let Some(subject) = subject.filter(|subject| self.subjects.contains_key(subject)) {
                recalled.entry(subject).or_default().push(day);
            }
        }
        let mut fates = Fates::of(rows);
        let mut grouping = std::mem::take(&mut self.grouping);
        for several in several_subjects(grouping.by_series(rows)) {
            self.bring_near(several, rows);
            for of_subject in several.chunk_by(|a, b| a.subject() == b.subject()) {
                let subject = of_subject[0].subject();
                let days = recalled.remove(&subject).unwrap_or_default();
                self.apply_subject(facts, subject, of_subject, &days, &mut fates, &mut results);
            }
        }
        self.grouping = grouping;
        for (subject, days) in recalled {
            self.apply_subject(facts, subject, &[], &days, &mut fates, &mut results);
        }
        let answered: BTreeSet<SubjectId> = facts
            .recalled_windows
            .iter()
            .filter_map(|answer| self.names.subjects.find(&answer.request.subject).map(SubjectId))
            .filter(|subject| self.subjects.contains_key(subject))
            .collect();
        for subject in answered {
            self.apply_subject(facts, subject, &[], &[], &mut fates, &mut results);
        }
        while let Some((due, subject)) = self.timers.first().copied().filter(|(due, _)| due.0 <= facts.now.0)
        {
            let _ = self.timers.remove(&(due, subject));
            if let Some(state) = self.subjects.get_mut(&subject) {
                state.due = None;
            }
            self.apply_subject(facts, subject, &[], &[], &mut fates, &mut results);
        }
        self.plans.terms.settle(&mut results);
        fates.settle(&self.plans.terms, &mut results);
        results
    }

    /// Reads a little of everything that the rows will need. The states of many series are more than caches hold, and
    /// what a row needs lies behind several pointers: here the misses of many series overlap, in the middle of the
    /// work each would be waited for.
    fn bring_near(&self, keys: &[Key], rows: &Rows<'_>) {
        let mut seen = 0;
        for of_subject in keys.chunk_by(|a, b| a.subject() == b.subject()) {
            seen ^= self.subjects.get(&of_subject[0].subject()).map_or(0, SubjectState::glance);
        }
        for key in keys {
            let row = rows.get(key.row());
            seen ^= row.value.to_bits()
                ^ u64::from(row.feed.0)
                ^ u64::from(row.arrival.row)
                ^ row.event_time.0 as u64;
        }
        let _ = std::hint::black_box(seen);
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
            let counts = results.counts.entry(action.feed).or_default();
            match effective {
                Some(effective) => {
                    counts.stored += 1;
                    results.facts.actions.push(StoredAction {
                        alert: action.alert.clone(),
                        user: action.user.clone(),
                        note: action.note.clone(),
                        feed: action.feed,
                        sender: Name::default(),
                        arrival: action.arrival,
                        effective,
                    });
                }
                None => {
                    counts.rejected += 1;
                    results.facts.rejects.push(unknown_alert(action));
                }
            }
        }
    }

    fn apply_subject(
        &mut self,
        facts: &EpochFacts,
        id: SubjectId,
        rows: &[Key],
        recalled: &[&Recalled],
        fates: &mut Fates<'_>,
        results: &mut ShardResults,
    ) {
        let names = &self.names;
        let state = self.subjects.entry(id).or_insert_with(|| SubjectState::new(names.subject(id)));
        let station = self.plans.station(id, &state.name, &facts.decoder);
        state.derive(station.is_some());
        let Plans { days: Some(days), terms, .. } = &mut self.plans else { return };
        for of_series in rows.chunk_by(|a, b| a.indicator() == b.indicator()) {
            state.take_rows(facts, names, days, terms, of_series, fates, results);
        }
        for day in recalled {
            state.take_recalled(facts, names, days, day, fates, results);
        }
        let patience = terms.patience(&state.feeds);
        let bounds = Bounds {
            epoch: facts.epoch.0,
            horizon: facts.horizon,
            watermark: state.watermark,
            patience: EventTime(facts.now.0.saturating_sub(patience.0)),
        };
        let mut due: Option<EventTime> = None;
        let mut closed_windows = Vec::new();
        let subject = state.name;
        for entry in &mut state.series {
            let name = entry.name;
            let emit = |closed: Closed| {
                results.facts.windows.push(window_result(closed, name, subject));
                if station.is_some() && closed.kind != WindowKind::Minute {
                    closed_windows.push((name, closed));
                }
            };
            let plan = || Plan::of_series(facts.decoder.pack(), facts.decoder.calendar(), &name, &subject);
            let series_due = entry.advance(days, plan, bounds, emit).map(|end| end.plus(patience));
            due = [due, series_due].into_iter().flatten().min();
        }
        if let (Some(plan), Some(derived)) = (station, &mut state.derived) {
            let lateness = terms.lateness(&state.feeds);
            derived.advance(Step { facts, plan: &plan, subject, lateness, days, results }, &closed_windows);
            due = [due, derived.due(facts.now, &plan, lateness)].into_iter().flatten().min();
        }
        if state.due != due {
            let _ = state.due.take().map(|due| self.timers.remove(&(due, id)));
            let _ = due.map(|due| self.timers.insert((due, id)));
            state.due = due;
        }
    }

    /// What a checkpoint keeps of it.
    pub fn records(&self) -> impl Iterator<Item = Result<Vec<u8>, postcard::Error>> {
        self.subjects.values().map(SubjectState::record)
    }

    /// Takes a subject out of a checkpoint.
    pub fn load(&mut self, record: SubjectRecord) {
        let id = SubjectId(self.names.subjects.number(record.name()));
        let indicators = |name: &str| IndicatorId(self.names.indicators.number(name));
        let state = SubjectState::load(record, indicators);
        self.timers.extend(state.due.map(|due| (due, id)));
        let _ = self.subjects.insert(id, state);
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
            self.stations.clear();
            self.terms.follow(decoder.pack().clone());
            self.days = Some(Days::new(decoder.calendar().clone()));
            self.version = Some(version.clone());
        }
        changed
    }
}
