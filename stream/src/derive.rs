//! What is made of a station's closed windows: indices, judgements by limits, its state, alerts.
//!
//! All of it is of one subject, so it happens in the shard that holds the subject, right after its windows closed or
//! were revised: a pure function of the state, the windows and the epoch's recorded facts (invariant REPLAY). What
//! depends on a revised window is revised with it, however far it reaches: an hour of dust is in the index of the
//! eleven hours after it, an hour of ozone in seven more means of eight hours, and both in their day.
//!
//! The means of some days are held in a [`Ledger`]. A revision further back is not judged by means that are gone: its
//! surroundings are read back from the store, as the rows of an evicted day are, and until the answer is recorded the
//! revision waits ([`Pending`](pending::Pending)).

mod alerts;
mod indices;
mod ledger;
mod means;
mod pending;
mod plan;
pub(crate) mod statement;
mod status;
mod usual;

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use ioc_model::{
    action::Action,
    limit::Averaging,
    name::Name,
    observation::Quality,
    question::{About, Answer, Found, Question},
    rule::AlertAbout,
    sensor::SelfSaid,
    time::{EventTime, Millis, Now},
    window::{ClosedBy, WindowKind},
};
use serde::{Deserialize, Serialize};

use self::{
    alerts::{Alerts, Judged, WatchedWindow},
    ledger::Ledger,
    pending::Pending,
    status::StatusState,
};
pub(crate) use self::{plan::StationPlan, usual::UsualHours};
use crate::{
    plan::Days,
    reading::Reading,
    step::{EpochFacts, ShardResults},
};

pub(crate) const HOUR: Millis = Millis::hours(1);

/// What a station's state holds beside its series.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Derived {
    ledger: Ledger,
    pending: BTreeMap<About, Pending>,
    status: StatusState,
    alerts: Alerts,
    /// Of a log source. A checkpoint keeps it beside the rest, since it came later.
    #[serde(skip)]
    pub(crate) usual: UsualHours,
}

/// Windows of one epoch whose consequences are to be worked out.
#[derive(Debug, Default)]
struct TouchedWindows {
    hours: BTreeMap<Name, BTreeSet<EventTime>>,
    days: BTreeMap<Name, BTreeSet<EventTime>>,
    /// Days whose year is to be worked out.
    years: BTreeMap<Name, BTreeSet<EventTime>>,
}

/// What everything below is worked out from.
struct Ground<'a> {
    plan: &'a StationPlan,
    subject: Name,
    days: &'a mut Days,
    /// Means of the touched windows and all around them.
    ledger: &'a Ledger,
    /// Hours that end at or before this moment are closed.
    closed_to: EventTime,
    /// The same before this epoch: what ends behind it is new, what ends before it is revised.
    closed_before: EventTime,
    /// What closed the newest of them.
    closed_by: ClosedBy,
}

impl Ground<'_> {
    fn closed_by(&self, end: EventTime) -> ClosedBy {
        if end > self.closed_before { self.closed_by } else { ClosedBy::Revision }
    }
}

impl Derived {
    /// The state of a station whose windows up to a moment closed before anybody asked for more: what lies before is
    /// not held.
    pub(crate) fn since(closed_to: Option<EventTime>) -> Derived {
        Derived { ledger: Ledger::since(closed_to), ..Derived::default() }
    }

    /// Notes a row that became the current value of its key.
    pub(crate) fn heard(&mut self, indicator: Name, event_time: EventTime, quality: Quality) {
        self.status.heard(indicator, event_time, quality);
    }

    /// Takes an operator's action: whether it changed something; none if there is no such alert.
    pub(crate) fn act(
        &mut self,
        now: Now,
        about: AlertAbout,
        action: &Action,
        results: &mut ShardResults,
    ) -> Option<bool> {
        self.alerts.act(now, about, action, results)
    }

    /// The windows that were asked for and not answered yet.
    pub(crate) fn awaited(&self, subject: Name) -> impl Iterator<Item = Question> + '_ {
        self.pending.iter().map(move |(about, pending)| pending.question(about.clone(), subject))
    }

    /// Works out what follows from an epoch's readings and its clock.
    pub(crate) fn advance(&mut self, mut step: Step<'_>, readings: &[Reading]) {
        let mut watched = Vec::new();
        let (of, closed_to) = ((step.subject, step.facts.epoch), self.ledger.closed_to());
        self.usual.follow(&step.plan.usual, closed_to, of, &mut step.results.questions);
        self.readings(&mut step, readings, &mut watched);
        self.answers(&mut step, &mut watched);
        watched.extend(self.usual.take(readings));
        watched.extend(self.usual.answered(step.answers));
        let Step { facts, plan, subject, lateness, patience, said, restated, gone, days, results, .. } = step;
        self.status.advance(facts.now, plan, subject, (lateness, gone), (said, restated), results);
        let whose = ((subject, plan.about()), patience);
        let (status, sensor) = (self.status.current(), said.sensor.as_ref());
        let judged = Judged { windows: &mut watched, status, sensor, usual: &self.usual };
        self.alerts.advance(facts.now, plan, whose, judged, results);
        self.ledger.forget(plan, days);
    }

    /// When the clock alone changes something.
    pub(crate) fn due(&self, now: Now, plan: &StationPlan, lateness: Millis) -> Option<EventTime> {
        [self.status.due(now, plan, lateness), self.alerts.due(plan)].into_iter().flatten().min()
    }

    fn readings(&mut self, step: &mut Step<'_>, readings: &[Reading], watched: &mut Vec<WatchedWindow>) {
        let before = self.ledger.closed_to();
        let mut touched = TouchedWindows::default();
        let mut closed_by = ClosedBy::Watermark;
        for reading in readings {
            if reading.closed_by == ClosedBy::Patience {
                closed_by = ClosedBy::Patience;
            }
            let Reading { measure, kind, span, .. } = *reading;
            self.pending.values_mut().for_each(|pending| pending.note(reading));
            self.ledger.take(reading);
            if self.ledger.reaches_day(step.days, reading) {
                touched.add(measure, kind, span.start);
            } else {
                let day = step.days.of(span.start).number;
                self.wait(step, About::Windows { day }, reading);
            }
            if kind != WindowKind::Day || !step.plan.looks_at(&measure, Averaging::Year) {
                continue;
            }
            if self.ledger.reaches_year(step.days, reading) {
                touched.add_year(measure, span.start);
            } else if let Some(year) = step.days.year_of(span.start) {
                self.wait(step, About::Year { year: year.number }, reading);
            }
        }
        let Some(closed_to) = self.ledger.closed_to() else { return };
        let mut ground = Ground {
            plan: step.plan,
            subject: step.subject,
            days: step.days,
            ledger: &self.ledger,
            closed_to,
            closed_before: before.unwrap_or(EventTime(i64::MIN)),
            closed_by,
        };
        indices::work_out(&mut ground, &touched, step.results, watched);
        means::work_out(&mut ground, &touched, step.results, watched);
    }

    /// A revision whose surroundings are not held: they are asked for.
    fn wait(&mut self, step: &mut Step<'_>, about: About, reading: &Reading) {
        let pending = match self.pending.entry(about) {
            Entry::Occupied(waiting) => waiting.into_mut(),
            Entry::Vacant(place) => {
                let about = place.key();
                let Some(pending) = Pending::new(step.facts.epoch, about, step.days) else { return };
                step.results.questions.push(pending.question(about.clone(), step.subject));
                place.insert(pending)
            }
        };
        pending.touch(reading);
        pending.note(reading);
    }

    /// What was read back, and what waited for it.
    fn answers(&mut self, step: &mut Step<'_>, watched: &mut Vec<WatchedWindow>) {
        let subject = step.subject;
        for answer in step.answers {
            let Question { about, asked, .. } = &answer.question;
            let Found::Windows(windows) = &answer.found else { continue };
            if self.pending.get(about).is_none_or(|pending| pending.asked() != *asked) {
                continue;
            }
            let Some(pending) = self.pending.remove(about) else { continue };
            let (ledger, mut touched) = pending.resolve(windows, &self.ledger, &step.plan.additions);
            if let About::Year { .. } = about {
                touched = TouchedWindows { years: touched.days, ..TouchedWindows::default() };
            }
            let closed_to = self.ledger.closed_to().unwrap_or(EventTime(i64::MIN));
            let mut ground = Ground {
                plan: step.plan,
                subject,
                days: step.days,
                ledger: &ledger,
                closed_to,
                closed_before: closed_to,
                closed_by: ClosedBy::Revision,
            };
            indices::work_out(&mut ground, &touched, step.results, watched);
            means::work_out(&mut ground, &touched, step.results, watched);
        }
    }
}

/// One subject's part of an epoch.
pub(crate) struct Step<'a> {
    pub(crate) facts: &'a EpochFacts,
    /// What the store answered to questions about it.
    pub(crate) answers: &'a [&'a Answer],
    pub(crate) plan: &'a StationPlan,
    pub(crate) subject: Name,
    /// How late the feeds it was heard by may be.
    pub(crate) lateness: Millis,
    /// How long a window of it may wait behind its end.
    pub(crate) patience: Millis,
    /// What a log source says of itself.
    pub(crate) said: &'a SelfSaid,
    /// Whether that is something else than before.
    pub(crate) restated: bool,
    /// When its gateway said that it is gone, if that is what it said last.
    pub(crate) gone: Option<EventTime>,
    pub(crate) days: &'a mut Days,
    pub(crate) results: &'a mut ShardResults,
}

impl TouchedWindows {
    fn add(&mut self, indicator: Name, kind: WindowKind, start: EventTime) {
        let windows = match kind {
            WindowKind::Hour => &mut self.hours,
            WindowKind::Day => &mut self.days,
            WindowKind::Minute => return,
        };
        let _ = windows.entry(indicator).or_default().insert(start);
    }

    fn add_year(&mut self, indicator: Name, day: EventTime) {
        let _ = self.years.entry(indicator).or_default().insert(day);
    }

    fn hours(&self, indicator: &str) -> impl Iterator<Item = EventTime> + '_ {
        self.hours.get(indicator).into_iter().flatten().copied()
    }

    fn days(&self, indicator: &str) -> impl Iterator<Item = EventTime> + '_ {
        self.days.get(indicator).into_iter().flatten().copied()
    }
}
