//! The subjects one worker holds, and what an epoch does to them.
//!
//! Pure, like all below it: state(e) = f(state(e−1), manifest e). A shard knows no other shard: rows are exchanged by
//! subject before they reach it, so the same subjects give the same results however many workers share them
//! (invariant REPLAY).
//!
//! An epoch's rows come in by position and its results leave by position, so nothing as large as the rows is ever
//! sorted: they are grouped by series through their indices, and what became of each is noted beside it.

mod acts;
mod clocks;
mod counting;
mod decisions;
mod grouping;
mod last_words;
mod measured;
mod presence;
mod results;
mod rows;
mod series_plans;
mod subject;
mod telling;
mod terms;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ioc_decode::Decoder;
use ioc_model::{
    action::OPERATOR,
    event::Event,
    name::Name,
    names::{Names, SubjectId},
    observation::Observation,
    pack::PackVersion,
    position::Arrival,
    question::{About, Answer},
    results::StoredEvent,
    row::Row,
    sensor::SelfSaid,
    time::EventTime,
};
use rustc_hash::FxHashMap;

use self::subject::Untold;
use self::{
    counting::CountTurn,
    grouping::{Grouping, Key, several_subjects},
    last_words::{LastWords, StoredAt, WordsBefore},
    measured::{SeriesNews, Turn},
    results::Fates,
    series_plans::{KnownPlans, SeriesPlans},
    subject::SubjectState,
    telling::Telling,
    terms::Terms,
};
pub use self::{rows::Rows, subject::SubjectRecord};
use crate::{
    clocks::Clocks,
    counted::TouchedMinutes,
    derive::{StationPlan, Step},
    exchange::WorkerShards,
    plan::Days,
    replays::Replays,
    reported::Reported,
    series::ClosingBounds,
    step::{EpochFacts, Presence, ShardResults},
    suspects::{Sighting, Suspects, WatchRecord},
};

/// What an epoch brought of log sources.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// Their events that were stored.
    pub events: &'a [StoredEvent],
    /// Of each that waits for an answer.
    pub unsure: &'a BTreeMap<Name, Undecided>,
    /// When the newest line arrived that each relay passed on, whoever holds those log sources.
    pub relayed: &'a BTreeMap<Name, EventTime>,
    /// What the gateway of each station said of itself last.
    pub presences: &'a BTreeMap<SubjectId, Presence>,
}

/// Events of a log source of which it is not known yet whether they came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// When the oldest of them happened.
    pub happened: EventTime,
    /// When and where the first of them arrived.
    pub arrived: Arrival,
}

impl Happened<'_> {
    /// Nothing.
    pub const NOTHING: Happened<'static> = Happened {
        events: &[],
        unsure: &BTreeMap::new(),
        relayed: &BTreeMap::new(),
        presences: &BTreeMap::new(),
    };
}

/// Subjects and their timers.
#[derive(Debug)]
pub struct Shard {
    names: Names,
    shards: WorkerShards,
    subjects: FxHashMap<SubjectId, SubjectState>,
    timers: BTreeSet<(EventTime, SubjectId)>,
    plans: Plans,
    grouping: Grouping,
    /// By place of the series in its subject, one subject after the other; the room is used again.
    heard: Vec<SeriesNews>,
    telling: Telling,
    suspects: Suspects,
    clocks: Clocks,
    /// Stations whose clock is off by something else than they said.
    reset: BTreeSet<SubjectId>,
    /// Forms of which the ledger is to be told what earlier versions did not tell it.
    untold: Vec<(SubjectId, Untold)>,
}

#[derive(Debug)]
struct Plans {
    version: Option<PackVersion>,
    decoder: Option<Arc<Decoder>>,
    days: Option<Days>,
    stations: FxHashMap<SubjectId, Option<Arc<StationPlan>>>,
    series: KnownPlans,
    terms: Terms,
}

impl Shard {
    /// A shard without subjects. `pack` is the version a checkpoint's state was last looked at with.
    #[must_use]
    pub fn new(names: Names, shards: WorkerShards, pack: Option<PackVersion>) -> Shard {
        let terms = Terms::new(names.clone());
        let (stations, series) = Default::default();
        let plans = Plans { version: pack, decoder: None, days: None, stations, series, terms };
        Shard {
            names,
            shards,
            subjects: FxHashMap::default(),
            timers: BTreeSet::new(),
            plans,
            grouping: Grouping::default(),
            heard: Vec::new(),
            telling: Telling::default(),
            suspects: Suspects::new(shards.shards),
            clocks: Clocks::default(),
            reset: BTreeSet::new(),
            untold: Vec::new(),
        }
    }

    /// Applies an epoch: the rows of its subjects, measured ones by position, others in order of arrival, and the events
    /// that were stored of its log sources.
    /// `decoder` is that of the pack the facts name.
    pub fn apply(
        &mut self,
        facts: &EpochFacts,
        decoder: &Arc<Decoder>,
        rows: &Rows<'_>,
        others: Vec<Row>,
        happened: Happened<'_>,
    ) -> ShardResults {
        debug_assert_eq!(facts.pack, decoder.pack().version);
        if self.plans.follow(decoder) {
            self.expect_stations(decoder);
            self.telling.begin_anew();
            // Other windows, cadences or patience: what was due is due no longer, and something else may be.
            let now = EventTime(i64::MIN);
            self.timers = self.subjects.keys().map(|subject| (now, *subject)).collect();
            self.subjects.values_mut().for_each(|state| state.look_anew(now));
        }
        let mut results = ShardResults { now: facts.now, ..ShardResults::default() };
        for (form, untold) in std::mem::take(&mut self.untold) {
            let state = self.subjects.get(&form).map(|state| (state.name, state.reported.as_deref()));
            if let Some((form, Some(reported))) = state {
                results.filed.extend(match untold {
                    Untold::Messages => reported.filed(form),
                    Untold::TakenBack => reported.taken_back(form),
                });
            }
        }
        let mut reporting = BTreeSet::new();
        for row in others {
            match row {
                Row::Done(action) => self.act(facts, action, &mut results),
                Row::Decided(decision) => self.decide(facts, decision, &mut results),
                // Events went to their log source: what became of them is no business of a subject.
                Row::Happened(event) => debug_assert!(false, "an event among rows: {event:?}"),
                Row::Reported(report) => {
                    let form = report.form;
                    let take = |kept: &mut Reported, results: &mut _| kept.take(*report, results);
                    let _ = reporting.insert(self.report(&form, &mut results, take));
                }
                Row::ReportedAgain(again) => {
                    let form = again.report.form;
                    let take = |kept: &mut Reported, results: &mut _| kept.take_again(*again, results);
                    let _ = reporting.insert(self.report(&form, &mut results, take));
                }
                Row::Replayed(replay) => {
                    let epoch = facts.epoch;
                    self.replays().take(*replay, epoch, &mut results);
                }
            }
        }
        self.settle_reports(reporting, &mut results);
        let mut answered: BTreeMap<SubjectId, Vec<&Answer>> = BTreeMap::new();
        for answer in facts.answers.iter().filter(|answer| matches!(answer.question.about, About::Replay(_)))
        {
            if self.shards.holds(OPERATOR) {
                self.replays().answered(answer, facts.epoch, &mut results);
            }
        }
        let of_subjects = |answer: &&Answer| {
            let about = &answer.question.about;
            about.event_keys().is_none() && !matches!(about, About::Replay(_))
        };
        for answer in facts.answers.iter().filter(of_subjects) {
            let subject = self.names.subjects.find(&answer.question.subject);
            if let Some(subject) = subject.filter(|subject| self.subjects.contains_key(subject)) {
                answered.entry(subject).or_default().push(answer);
            }
        }
        for presence in happened.presences.values() {
            self.presence(*presence);
        }
        let mut fates = Fates::of(rows);
        let mut replaced = rows.replaced();
        let mut grouping = std::mem::take(&mut self.grouping);
        for several in several_subjects(grouping.by_series(rows)) {
            self.bring_near(several, rows);
            for of_subject in several.chunk_by(|a, b| a.subject() == b.subject()) {
                let subject = of_subject[0].subject();
                let answers = answered.remove(&subject).unwrap_or_default();
                let replaced = replaced.remove(&subject).unwrap_or_default();
                self.apply_subject(
                    facts,
                    subject,
                    (of_subject, &replaced, &[], happened),
                    &answers,
                    &mut fates,
                    &mut results,
                );
            }
        }
        self.grouping = grouping;
        let mut by_log_source: BTreeMap<Name, Vec<&Event>> = BTreeMap::new();
        for StoredEvent(event) in happened.events.iter().filter(|StoredEvent(event)| event.known) {
            by_log_source.entry(event.log_source).or_default().push(event);
        }
        for relay in happened.relayed.keys() {
            let _ = by_log_source.entry(*relay).or_default();
        }
        for (log_source, events) in by_log_source {
            let subject = self.names.subjects.number(&log_source);
            let answers = answered.remove(&subject).unwrap_or_default();
            let replaced = replaced.remove(&subject).unwrap_or_default();
            let given = (&[][..], &replaced[..], &events[..], happened);
            self.apply_subject(facts, subject, given, &answers, &mut fates, &mut results);
        }
        for (subject, rows) in replaced {
            let answers = answered.remove(&subject).unwrap_or_default();
            let given = (&[][..], &rows[..], &[][..], happened);
            self.apply_subject(facts, subject, given, &answers, &mut fates, &mut results);
        }
        for (subject, answers) in answered {
            self.apply_subject(facts, subject, (&[], &[], &[], happened), &answers, &mut fates, &mut results);
        }
        while let Some((due, subject)) = self.timers.first().copied().filter(|(due, _)| due.0 <= facts.now.0)
        {
            let _ = self.timers.remove(&(due, subject));
            if let Some(state) = self.subjects.get_mut(&subject) {
                state.due = None;
            }
            self.apply_subject(facts, subject, (&[], &[], &[], happened), &[], &mut fates, &mut results);
        }
        self.tell(facts, &mut results);
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
            seen ^= self.subjects.get(&of_subject[0].subject()).map_or(0, |state| state.measured.glance());
        }
        for key in keys {
            let row = rows.get(key.row());
            seen ^= row.value.to_bits()
                ^ u64::from(row.source.0)
                ^ u64::from(row.arrival.row)
                ^ row.event_time.0 as u64;
        }
        let _ = std::hint::black_box(seen);
    }

    /// Stations of the pack are there before they are heard, and so are log sources that may not be silent: one that never
    /// sends is silent, not absent.
    fn expect_stations(&mut self, decoder: &Decoder) {
        let owing = decoder.pack().log_sources.values().filter(|source| source.silent_after.is_some());
        for station in decoder.pack().stations.keys().chain(owing.map(|source| &source.id)) {
            if self.shards.holds(station) {
                let id = self.names.subjects.number(station);
                let names = &self.names;
                let _ = self.subjects.entry(id).or_insert_with(|| SubjectState::new(names.subject(id)));
            }
        }
    }

    /// What an agency reported: gives back the form that it is of.
    fn report(
        &mut self,
        form: &str,
        results: &mut ShardResults,
        take: impl FnOnce(&mut Reported, &mut ShardResults),
    ) -> SubjectId {
        let form = self.names.subjects.number(form);
        let names = &self.names;
        let state = self.subjects.entry(form).or_insert_with(|| SubjectState::new(names.subject(form)));
        take(state.reported.get_or_insert_default(), results);
        form
    }

    /// What operators asked to have read again; in the shard that holds their desk.
    fn replays(&mut self) -> &mut Replays {
        let desk = self.names.subjects.number(OPERATOR);
        let names = &self.names;
        let state = self.subjects.entry(desk).or_insert_with(|| SubjectState::new(names.subject(desk)));
        state.replays.get_or_insert_default()
    }

    /// Forms of which messages came end the epoch.
    fn settle_reports(&mut self, forms: BTreeSet<SubjectId>, results: &mut ShardResults) {
        for form in forms {
            let reported = self.subjects.get_mut(&form).and_then(|state| state.reported.as_mut());
            reported.into_iter().for_each(|reported| reported.settle(results));
        }
    }

    fn apply_subject(
        &mut self,
        facts: &EpochFacts,
        id: SubjectId,
        (rows, replaced, events, happened): (&[Key], &[&Observation], &[&Event], Happened<'_>),
        answers: &[&Answer],
        fates: &mut Fates<'_>,
        results: &mut ShardResults,
    ) {
        let names = &self.names;
        let state = self.subjects.entry(id).or_insert_with(|| SubjectState::new(names.subject(id)));
        let station = self.plans.station(id, &state.name);
        state.derive(station.is_some());
        let counts = station.as_ref().and_then(|station| station.counts.as_ref());
        counts.into_iter().for_each(|_| state.count());
        let Plans { decoder: Some(decoder), days: Some(days), series: known, terms, .. } = &mut self.plans
        else {
            return;
        };
        let before = Before::of(state, results);
        let subject = state.name;
        let mut turn = Turn {
            subject,
            facts,
            names,
            days,
            derived: &mut state.derived,
            heard: &mut self.heard,
            fates,
            results,
        };
        let mut words = state.measured.take_replaced(&mut turn, terms, replaced);
        for of_series in rows.chunk_by(|a, b| a.indicator() == b.indicator()) {
            state.measured.take_rows(&mut turn, terms, of_series, &mut words);
        }
        // Rows that a day is read back for are judged last: those an operator accepts in the same epoch wait with them.
        let (of_days, others): (Vec<&Answer>, Vec<&Answer>) =
            answers.iter().partition(|answer| matches!(answer.question.about, About::Day { .. }));
        for answer in others.into_iter().chain(of_days) {
            state.measured.take_answer(&mut turn, terms, answer, rows, &mut words);
        }
        let patience = terms.patience(&state.measured.feeds);
        let bounds = ClosingBounds {
            epoch: facts.epoch,
            horizon: facts.horizon,
            watermark: state.measured.watermark,
            patience: EventTime(facts.now.0.saturating_sub(patience.0)),
        };
        let mut readings = Vec::new();
        let mut plans = SeriesPlans { known, decoder, subject };
        let read = |reading| readings.extend(station.is_some().then_some(reading));
        let end = state.measured.advance(&mut turn, &mut plans, bounds, read);
        let mut due = end.map(|end| end.plus(patience));
        let (mut patience, mut lateness) = (patience, terms.lateness(&state.measured.feeds));
        let mut said = SelfSaid::default();
        let restated;
        if let (Some(plan), Some(counted)) = (counts, &mut state.counted) {
            let unsure = happened.unsure.get(&subject).copied();
            let relayed = happened.relayed.get(&subject).copied();
            let touched = TouchedMinutes::default();
            let mut turn =
                CountTurn { subject, facts, plan, days, terms, bounds, unsure, relayed, results, touched };
            restated = turn.take(counted, events, &mut state.derived);
            let end = turn.advance(counted, answers, &mut readings);
            (patience, lateness) = (turn.patience(counted), terms.lateness(counted.feeds()));
            said = counted.said();
            due = [due, end].into_iter().flatten().min();
        } else {
            said.clock_off = self.clocks.off(id);
            restated = self.reset.remove(&id);
        }
        if let (Some(plan), Some(derived)) = (&station, &mut state.derived) {
            derived.advance(
                Step {
                    facts,
                    answers,
                    plan,
                    subject,
                    lateness,
                    patience,
                    said: &said,
                    restated,
                    gone: state.gone,
                    days,
                    results,
                },
                &readings,
            );
            due = [due, derived.due(facts.now, plan, lateness)].into_iter().flatten().min();
        }
        let closed = !readings.is_empty() || !answers.is_empty();
        results.urgent |= before.is_urgent(results);
        if before.has_news(state, results, closed, !rows.is_empty()) {
            self.telling.speak(id);
        }
        if state.due != due {
            let _ = state.due.take().map(|due| self.timers.remove(&(due, id)));
            let _ = due.map(|due| self.timers.insert((due, id)));
            state.due = due;
        }
    }

    /// Takes what rules see of an epoch's events, in order of arrival.
    pub(crate) fn suspect(
        &mut self,
        facts: &EpochFacts,
        decoder: &Decoder,
        sightings: Vec<Sighting>,
        results: &mut ShardResults,
    ) {
        let before = results.facts.alerts.len();
        self.suspects.take(facts, decoder, sightings, results);
        results.urgent |= before < results.facts.alerts.len();
    }

    /// What a checkpoint keeps of the addresses and users that rules suspect.
    pub(crate) fn suspected(&self) -> impl Iterator<Item = Result<Vec<u8>, postcard::Error>> {
        self.suspects.records()
    }

    /// Takes some of them out of a checkpoint.
    pub(crate) fn load_suspected(&mut self, record: WatchRecord) {
        self.suspects.load(record);
    }

    /// What a checkpoint keeps of it.
    pub fn records(&self) -> impl Iterator<Item = Result<Vec<u8>, postcard::Error>> {
        self.subjects.iter().map(|(id, state)| state.record(self.clocks.record(&self.names, *id)))
    }

    /// Takes a subject out of a checkpoint.
    pub fn load(&mut self, mut record: SubjectRecord) {
        let id = self.names.subjects.number(record.name());
        record.take_clocks().into_iter().for_each(|clocks| self.clocks.load(&self.names, id, clocks));
        let indicators = |name: &str| self.names.indicators.number(name);
        let untold = record.untold();
        let state = SubjectState::load(record, indicators);
        self.untold.extend(untold.map(|untold| (id, untold)));
        self.timers.extend(state.due.map(|due| (due, id)));
        let _ = self.subjects.insert(id, state);
    }
}

/// What a subject was before an epoch, as far as it tells whether it has something to say.
#[derive(Debug)]
struct Before {
    operating: bool,
    feeds: usize,
    statuses: usize,
    alerts: usize,
}

impl Before {
    fn of(state: &SubjectState, results: &ShardResults) -> Before {
        Before {
            operating: state.is_operating(),
            feeds: state.measured.feeds.len(),
            statuses: results.facts.statuses.len(),
            alerts: results.facts.alerts.len(),
        }
    }

    /// Whether it is one of those changes that nobody waits a minute for.
    fn is_urgent(&self, results: &ShardResults) -> bool {
        self.statuses < results.facts.statuses.len() || self.alerts < results.facts.alerts.len()
    }

    fn has_news(&self, state: &SubjectState, results: &ShardResults, closed: bool, heard: bool) -> bool {
        state.derived.is_some()
            && (closed
                || self.is_urgent(results)
                || self.operating != state.is_operating()
                || self.feeds != state.measured.feeds.len()
                || (heard && state.told.incomplete))
    }
}

impl Plans {
    /// Whether a rule is about what is owed: its alerts are kept with that.
    fn counts_reminders(&self, rule: &str) -> bool {
        let rule = self.decoder.as_ref().and_then(|decoder| decoder.pack().rules.get(rule));
        rule.is_some_and(|rule| rule.condition.reminders().is_some())
    }

    /// What the pack asks of a subject, if it is a station of it.
    fn station(&mut self, id: SubjectId, name: &str) -> Option<Arc<StationPlan>> {
        let decoder = self.decoder.as_ref()?;
        let plan = || StationPlan::of_subject(decoder.pack(), decoder.calendar(), name).map(Arc::new);
        self.stations.entry(id).or_insert_with(plan).clone()
    }

    /// Goes over to an epoch's pack. True if it is another than the epoch's before.
    fn follow(&mut self, decoder: &Arc<Decoder>) -> bool {
        let version = &decoder.pack().version;
        let changed = self.version.as_ref() != Some(version);
        if changed || self.decoder.is_none() {
            self.decoder = Some(decoder.clone());
            self.stations.clear();
            self.series.clear();
            self.terms.follow(decoder.pack().clone());
            self.days = Some(Days::new(decoder.calendar().clone()));
            self.version = Some(version.clone());
        }
        changed
    }
}
