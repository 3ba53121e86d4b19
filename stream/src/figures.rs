//! The figures, those of the overview and of information security: what is made of all subjects and feeds together.
//!
//! One worker works them out, the one that holds the virtual shard of their name. It keeps the last that each subject
//! said ([`SubjectStatement`]) and what came of each feed since the beginning. All of them are made once in a minute of the
//! recorded clock; those that people on duty act by, alerts, stations and log sources, also in the epoch in which one
//! changes.
//!
//! What subjects say follows from their state, so a checkpoint does not keep it: after a start all of them say it again
//! before anything is made of it. The rest, totals, how long alerts took and what was made last, is kept. So the same manifests make the same
//! figures with any number of workers, and whenever the process dies (invariant REPLAY).

mod air;
mod duty;
mod events;
mod feeds;
mod hours;
mod times;

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    ageing::Ages,
    counts::Counts,
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, StationStanding},
    name::Name,
    pack::Pack,
    results::{FigureInput, FigureResult},
    time::{EventTime, Millis, Now, ReceivedAt},
};
use serde::{Deserialize, Serialize};

pub(crate) use self::times::AlertStep;
use self::{events::Counted, times::AlertTimes};
use crate::{
    derive::statement::{OpenAlert, Operating},
    step::{SubjectStatement, Suspected},
};

/// Whose worker works them out.
pub(crate) const FIGURES: &str = "figures";

/// Of what a figure was made of, so much is stored with it.
const INPUTS_KEPT: usize = 24;
/// Within this share of its target a figure is near it, neither missed nor comfortable.
const NEAR: f64 = 0.9;
/// One that is of a moment and was not made for so long is late: it is made once a minute.
const LATE_AFTER: Millis = Millis::minutes(2);
/// And for so long, stale.
const STALE_AFTER: Millis = Millis::minutes(3);
const MINUTE: i64 = 60_000;
/// The last version of a checkpoint in which figures had no hours.
const BEFORE_HOURS: u8 = 7;
/// The last version that did not count what brokers had deleted.
const BEFORE_RECORDS: u8 = 9;

/// The figures' state.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    stations: BTreeMap<Name, Operating>,
    alerts: BTreeMap<Name, Vec<OpenAlert>>,
    log_sources: BTreeMap<Name, StationStanding>,
    counted: Counted,
    /// Those of addresses and users.
    suspected: BTreeMap<(Arc<str>, Name), OpenAlert>,
    /// Those of agencies that miss what they owe.
    reminded: BTreeMap<(Arc<str>, Name), OpenAlert>,
    kept: Kept,
}

/// What a checkpoint keeps of it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// Since when feeds are counted.
    since: Option<Now>,
    /// The last minute that has figures.
    minute: Option<i64>,
    #[serde(with = "kept_counts")]
    feeds: BTreeMap<Name, Counts>,
    /// What was last said of those that do not wait for their minute.
    last: Vec<FigureResult>,
    times: AlertTimes,
}

/// [`Counts`] as versions up to [`BEFORE_HOURS`] keep them: before dropped datagrams were counted.
#[derive(Deserialize)]
struct CountsBefore([u64; 8], [i64; 2], Option<ReceivedAt>);

/// The same as versions up to [`BEFORE_RECORDS`] keep them: with dropped datagrams, before what brokers deleted was counted.
type CountsWithoutRecords = ([u64; 8], [i64; 2], u64, Option<ReceivedAt>);

impl From<CountsBefore> for Counts {
    fn from(CountsBefore(envelopes_and_rows, waits, last_received): CountsBefore) -> Counts {
        let [received, decoded, empty, undecodable, rows, stored, duplicate, rejected] = envelopes_and_rows;
        let ([waiting, held], [datagrams_dropped, records_lost]) = (waits, [0; 2]);
        let (envelopes_reread, rows_reread) = (0, 0);
        Counts {
            received,
            decoded,
            empty,
            undecodable,
            rows,
            stored,
            duplicate,
            rejected,
            waiting,
            held,
            datagrams_dropped,
            records_lost,
            envelopes_reread,
            rows_reread,
            last_received,
        }
    }
}

/// Feeds' counts as a checkpoint keeps them: settled, so that nothing is left of what was read again.
mod kept_counts {
    use std::collections::BTreeMap;

    use ioc_model::{counts::Counts, name::Name, time::ReceivedAt};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Kept([u64; 8], [i64; 2], [u64; 2], Option<ReceivedAt>);

    pub(super) fn serialize<S: Serializer>(
        feeds: &BTreeMap<Name, Counts>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let kept = |counts: &Counts| {
            let Counts { received, decoded, empty, undecodable, rows, stored, duplicate, rejected, .. } =
                *counts;
            let envelopes_and_rows =
                [received, decoded, empty, undecodable, rows, stored, duplicate, rejected];
            let waits = [counts.waiting, counts.held];
            let beside = [counts.datagrams_dropped, counts.records_lost];
            Kept(envelopes_and_rows, waits, beside, counts.last_received)
        };
        let kept: BTreeMap<Name, Kept> = feeds.iter().map(|(feed, counts)| (*feed, kept(counts))).collect();
        kept.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Name, Counts>, D::Error> {
        let counts = |Kept(envelopes_and_rows, waits, [datagrams_dropped, records_lost], last_received)| {
            let before = super::CountsBefore(envelopes_and_rows, waits, last_received);
            Counts { datagrams_dropped, records_lost, ..before.into() }
        };
        let kept = BTreeMap::<Name, Kept>::deserialize(deserializer)?;
        Ok(kept.into_iter().map(|(feed, kept)| (feed, counts(kept))).collect())
    }
}

impl Figures {
    /// From what a checkpoint of that version kept; from nothing they begin. What an earlier one had said last is said
    /// once more.
    pub(crate) fn load(version: u8, bytes: &[u8]) -> Result<Figures, postcard::Error> {
        let kept = if bytes.is_empty() {
            Kept::default()
        } else if version <= BEFORE_HOURS {
            let ((since, minute, feeds), _last) =
                postcard::take_from_bytes::<(_, _, BTreeMap<Name, CountsBefore>)>(bytes)?;
            let feeds = feeds.into_iter().map(|(feed, counts)| (feed, counts.into())).collect();
            Kept { since, minute, feeds, ..Kept::default() }
        } else if version <= BEFORE_RECORDS {
            let ((since, minute, feeds), rest) =
                postcard::take_from_bytes::<(_, _, BTreeMap<Name, CountsWithoutRecords>)>(bytes)?;
            let (last, times) = postcard::from_bytes(rest)?;
            let counts = |(came, waits, datagrams_dropped, last_received)| Counts {
                datagrams_dropped,
                ..CountsBefore(came, waits, last_received).into()
            };
            let feeds = feeds.into_iter().map(|(feed, kept)| (feed, counts(kept))).collect();
            Kept { since, minute, feeds, last, times }
        } else {
            postcard::from_bytes(bytes)?
        };
        Ok(Figures { kept, ..Figures::default() })
    }

    /// What a checkpoint keeps.
    pub(crate) fn record(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(&self.kept)
    }

    /// Adds what became of a feed's envelopes and rows.
    pub(crate) fn count(&mut self, feed: Name, counts: &Counts) {
        let all = self.kept.feeds.entry(feed).or_default();
        all.add(counts);
        all.settle();
    }

    /// Takes what a subject says, instead of what it said before.
    pub(crate) fn hear(&mut self, said: SubjectStatement) {
        let SubjectStatement { subject, operating, alerts, log_source, counted } = said;
        put(&mut self.log_sources, subject, log_source);
        put(&mut self.counted, subject, counted);
        put(&mut self.stations, subject, operating);
        put(&mut self.alerts, subject, Some(alerts).filter(|alerts| !alerts.is_empty()));
    }

    /// Takes how an alert of an address or user is now.
    pub(crate) fn suspect(&mut self, suspected: Suspected) {
        stand(&mut self.suspected, suspected);
    }

    /// Takes how an alert of an agency that misses what it owes is now.
    pub(crate) fn remind(&mut self, reminded: Suspected) {
        stand(&mut self.reminded, reminded);
    }

    /// Takes what happened to an alert that is no station's.
    pub(crate) fn step(&mut self, step: AlertStep) {
        self.kept.times.take(step);
    }

    /// The figures an epoch has. `urgent`: a state or an alert changed in it.
    pub(crate) fn work_out(&mut self, now: Now, pack: &Pack, urgent: bool) -> Vec<FigureResult> {
        let minute = now.0.div_euclid(MINUTE);
        let since = *self.kept.since.get_or_insert(now);
        if self.kept.minute != Some(minute) {
            self.kept.minute = Some(minute);
            self.kept.times.forget(now);
            let of_duty = self.of_duty(now, pack);
            self.kept.last = of_duty.to_vec();
            let [alerts, stations, log_sources, security_alerts] = of_duty;
            return vec![
                air::aqi(now, &self.stations),
                air::pm25(now, &self.stations),
                alerts,
                hours::exceeded(now, pack, &self.stations),
                stations,
                hours::completeness(now, pack, &self.stations),
                feeds::slowest(now, pack, &self.kept.feeds),
                feeds::balance(now, since, &self.kept.feeds),
                log_sources,
                events::events(now, &self.counted),
                events::severe(now, &self.counted),
                security_alerts,
                self.kept.times.to_acknowledge(now),
                self.kept.times.to_clear(now),
            ];
        }
        if !urgent {
            return Vec::new();
        }
        let of_duty = self.of_duty(now, pack);
        let is_news = |made: &&FigureResult| !self.kept.last.iter().any(|last| says_the_same(last, made));
        let news = of_duty.iter().filter(is_news).cloned().collect();
        self.kept.last = of_duty.to_vec();
        news
    }

    /// Those that do not wait for their minute.
    fn of_duty(&self, now: Now, pack: &Pack) -> [FigureResult; 4] {
        [
            duty::alerts(now, &self.alerts, [&self.suspected, &self.reminded]),
            duty::stations(now, &self.stations),
            duty::log_sources(now, &self.log_sources),
            duty::security_alerts(now, pack, &self.alerts, &self.suspected),
        ]
    }
}

fn stand(all: &mut BTreeMap<(Arc<str>, Name), OpenAlert>, said: Suspected) {
    let Suspected { subject, rule, open } = said;
    let _ = match open {
        Some(open) => all.insert((subject, rule), open),
        None => all.remove(&(subject, rule)),
    };
}

fn put<T>(all: &mut BTreeMap<Name, T>, key: Name, value: Option<T>) {
    let _ = match value {
        Some(value) => all.insert(key, value),
        None => all.remove(&key),
    };
}

/// Whether two of one figure differ by their moments alone.
fn says_the_same(one: &FigureResult, other: &FigureResult) -> bool {
    let FigureResult { at, start, end, late_from, stale_from, .. } = *other;
    FigureResult { at, start, end, late_from, stale_from, ..one.clone() } == *other
}

/// A figure of this moment of which nothing is known: what each begins with.
fn nothing(figure: FigureId, now: Now, reason: FigureReason) -> FigureResult {
    let moment = EventTime(now.0);
    FigureResult {
        figure,
        at: now,
        start: moment,
        end: moment,
        value: None,
        of: None,
        target: None,
        verdict: FigureVerdict::Withheld,
        reason,
        priority: None,
        freshness: Freshness::Never,
        late_from: Some(moment.plus(LATE_AFTER)),
        stale_from: Some(moment.plus(STALE_AFTER)),
        count: 0,
        expected: 0,
        parts: Vec::new(),
        hours: Vec::new(),
        inputs_all: 0,
        inputs: Vec::new(),
    }
}

/// The figure with what it was made of, what decides it first: of many the first are kept with it.
fn made_of(figure: FigureResult, inputs: impl ExactSizeIterator<Item = FigureInput>) -> FigureResult {
    let inputs_all = inputs.len() as u64;
    FigureResult { inputs_all, inputs: inputs.take(INPUTS_KEPT).collect(), ..figure }
}

/// How old what ended at a moment is, if its successor may take so long: and when it gets older.
fn age(now: Now, end: EventTime, allowed: Millis) -> (Freshness, Ages) {
    let ages = Ages::of(end, allowed);
    (ages.by(Freshness::Fresh, EventTime(now.0), Millis(0)), ages)
}

/// Numbers by how large they are, the largest first; none of them is no number.
fn largest_first(one: f64, other: f64) -> std::cmp::Ordering {
    other.total_cmp(&one)
}

#[cfg(test)]
mod tests;
