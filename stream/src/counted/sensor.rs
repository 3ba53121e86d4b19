//! How an intrusion sensor is, from what it says of itself.
//!
//! Its counters count since its start, so what they say is the difference of two records; after a restart, of which the
//! uptime tells, it is what the new counter shows. A sensor is **blind** for the time between two records in which it
//! dropped more packets than it may, looked for nothing because no rules were loaded, or raised more alerts than its
//! queue took. It says so when a record does, and sees again when a record says so: never because it fell silent.
//!
//! Records are compared in the order they came in; one that comes late says nothing of now. One that came behind lines of
//! the log source that wait for the store's word waits with them: some of those may be records, too.

use std::sync::Arc;

use ioc_model::{
    event::Event,
    observation::Quality,
    position::Arrival,
    sensor::{BlindCause, SensorRecord, dropped_share},
    time::EventTime,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::raised::TimeSpan;

/// So many records wait at most; beyond it the oldest is taken as it is.
const WAITING: usize = 256;

/// What the newest record said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sensor {
    last: Option<Counters>,
    blind: bool,
    /// Records that were not compared yet.
    waiting: Vec<Record>,
    /// When the newest came that were.
    arrived: Option<EventTime>,
    /// What the newest of them says; none before there was one, or since a version that kept only whether it is blind.
    said: Option<Arc<SensorRecord>>,
}

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    counters: Counters,
    /// None where it does not say.
    rules_loaded: Option<u64>,
    rules_failed: Option<u64>,
    reloaded: Option<EventTime>,
    arrival: Arrival,
}

/// The counters of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counters {
    at: EventTime,
    /// In seconds.
    uptime: u64,
    packets: u64,
    drops: u64,
    overflow: u64,
    /// Alerts that it raised; none where it does not say.
    alerts: Option<u64>,
}

/// What a record says of the time since the one before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) span: TimeSpan,
    /// When it saw too little, if it did.
    pub(super) blind: Option<(EventTime, EventTime)>,
    /// When nobody knows whether it ran: from the last record of the process before to the beginning of this one.
    pub(super) away: Option<(EventTime, EventTime)>,
}

/// As versions 6 and 7 of a checkpoint kept it: without the alerts.
#[derive(Debug, Deserialize)]
pub(super) struct SensorBefore {
    last: Option<CountersBefore>,
    blind: bool,
    waiting: Vec<RecordBefore>,
    arrived: Option<EventTime>,
}

#[derive(Debug, Deserialize)]
struct CountersBefore(EventTime, u64, u64, u64, u64);

#[derive(Debug, Deserialize)]
struct RecordBefore(CountersBefore, bool, Option<EventTime>, Arrival);

impl From<SensorBefore> for Sensor {
    fn from(before: SensorBefore) -> Sensor {
        let SensorBefore { last, blind, waiting, arrived } = before;
        let waiting = waiting.into_iter().map(|RecordBefore(counters, without_rules, reloaded, arrival)| {
            let rules_loaded = without_rules.then_some(0);
            Record { counters: counters.into(), rules_loaded, rules_failed: None, reloaded, arrival }
        });
        Sensor { last: last.map(Counters::from), blind, waiting: waiting.collect(), arrived, said: None }
    }
}

impl From<CountersBefore> for Counters {
    fn from(CountersBefore(at, uptime, packets, drops, overflow): CountersBefore) -> Counters {
        Counters { at, uptime, packets, drops, overflow, alerts: None }
    }
}

impl Record {
    fn of(event: &Event) -> Record {
        let text = |name: &str| {
            let found = event.attributes.binary_search_by(|(key, _)| (**key).cmp(name)).ok()?;
            Some(&*event.attributes[found].1)
        };
        let number = |name: &str| text(name).and_then(|text| text.parse::<u64>().ok());
        Record {
            counters: Counters {
                at: event.happened_at,
                uptime: number("uptime").unwrap_or_default(),
                packets: number("kernel_packets").unwrap_or_default(),
                drops: number("kernel_drops").unwrap_or_default(),
                overflow: number("alert_queue_overflow").unwrap_or_default(),
                alerts: number("alert"),
            },
            rules_loaded: number("rules_loaded"),
            rules_failed: number("rules_failed"),
            reloaded: text("last_reload").and_then(moment),
            arrival: event.arrival,
        }
    }
}

impl Sensor {
    /// Hears a record of how the sensor is.
    pub(super) fn hear(&mut self, event: &Event) {
        self.waiting.push(Record::of(event));
    }

    /// What its newest record says.
    pub(super) fn said(&self) -> Option<&Arc<SensorRecord>> {
        self.said.as_ref()
    }

    /// Whether records wait.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Compares the records that were heard, as far as nothing that arrived before them is unsure; `say` is told what each
    /// of them says.
    /// When the last of them came and how the sensor is now, if there was one.
    pub(super) fn settle(
        &mut self,
        unsure: Option<Arrival>,
        blind_above: f64,
        mut say: impl FnMut(Said),
    ) -> Option<(EventTime, Quality)> {
        if self.waiting.is_empty() {
            return None;
        }
        self.waiting.sort_by_key(|record| record.arrival);
        let is_sure = |record: &Record| unsure.is_none_or(|unsure| record.arrival < unsure);
        let too_many = self.waiting.len().saturating_sub(WAITING);
        let sure = self.waiting.partition_point(is_sure).max(too_many);
        let left = self.waiting.split_off(sure);
        for record in std::mem::replace(&mut self.waiting, left) {
            self.arrived = self.arrived.max(Some(EventTime(record.arrival.received_at.0)));
            self.take(record, blind_above).into_iter().for_each(&mut say);
        }
        Some((self.arrived?, self.quality()?)).filter(|_| sure > 0)
    }

    /// Takes a record; gives what it says. One that comes late says nothing of now.
    fn take(&mut self, record: Record, blind_above: f64) -> Option<Said> {
        let Record { counters: now, rules_loaded, rules_failed, reloaded, arrival } = record;
        if self.last.is_some_and(|last| now.at <= last.at) {
            return None;
        }
        let before = self.last.replace(now);
        let from_start = before.is_none_or(|before| now.uptime < before.uptime);
        let base = before.filter(|_| !from_start).unwrap_or_default();
        let (packets, drops) =
            (now.packets.saturating_sub(base.packets), now.drops.saturating_sub(base.drops));
        let overflow = now.overflow.saturating_sub(base.overflow);
        // A first record speaks of all the time since its start, of which nothing was asked.
        let counts = before.is_some();
        let without_rules = rules_loaded == Some(0);
        let dropped = counts && dropped_share(packets, drops) > blind_above;
        let discarded = counts && overflow > 0;
        self.blind = without_rules || dropped || discarded;
        let since = before.map_or(now.at, |before| before.at);
        let blind_from = match reloaded {
            // Until then it had rules.
            Some(at) if without_rules && !dropped && !discarded && since < at && at < now.at => at,
            _ => since,
        };
        let begun = i64::try_from(now.uptime)
            .ok()
            .and_then(|uptime| now.at.0.checked_sub(uptime.checked_mul(1_000)?));
        let span = TimeSpan {
            from: begun.filter(|_| from_start).map_or(since, |begun| EventTime(begun).max(since)),
            at: now.at,
            raised: raised(before, now, from_start),
        };
        let held = [
            (BlindCause::NoRules, without_rules),
            (BlindCause::PacketsDropped, dropped),
            (BlindCause::AlertsDiscarded, discarded),
        ];
        let counted = |count: u64| if counts { count } else { 0 };
        self.said = Some(Arc::new(SensorRecord {
            at: now.at,
            since: span.from,
            position: arrival.position,
            row: arrival.row,
            causes: held.into_iter().filter_map(|(cause, holds)| holds.then_some(cause)).collect(),
            rules_loaded,
            rules_failed,
            packets: counted(packets),
            dropped: counted(drops),
            discarded: counted(overflow),
            restarted: counts && from_start,
        }));
        // What the process before saw behind its last record, and that it ended, it told nobody.
        let away = begun.map(EventTime).filter(|begun| counts && from_start && *begun > since);
        Some(Said {
            span,
            blind: self.blind.then_some((blind_from, now.at)),
            away: away.map(|begun| (since, begun)),
        })
    }

    /// What the newest record says of it; none where there is none.
    fn quality(&self) -> Option<Quality> {
        self.last.map(|_| if self.blind { Quality::DeviceError } else { Quality::Good })
    }
}

/// How many alerts it raised since the record before; none after a first one, or where either does not say.
fn raised(before: Option<Counters>, now: Counters, from_start: bool) -> Option<u64> {
    let before = before?;
    let base = if from_start { 0 } else { before.alerts? };
    Some(now.alerts?.saturating_sub(base))
}

/// A time as the sensor writes it: `2026-01-01T07:00:00.000001+0700`.
fn moment(text: &str) -> Option<EventTime> {
    let moment = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?;
    Some(EventTime(moment.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use ioc_model::time::ReceivedAt;

    use super::*;

    const TENTH: f64 = 0.1;

    fn record(minute: i64, told: &[(&str, &str)]) -> Event {
        let mut attributes: Vec<(Cow<'static, str>, Box<str>)> =
            told.iter().map(|(name, text)| ((*name).to_owned().into(), (*text).into())).collect();
        attributes.sort();
        Event {
            happened_at: EventTime(minute * 60_000),
            attributes,
            arrival: arrival(minute),
            ..Event::default()
        }
    }

    fn arrival(minute: i64) -> Arrival {
        Arrival { received_at: ReceivedAt(minute * 60_000), ..Arrival::default() }
    }

    fn counters(minute: i64, uptime: &str, packets: &str, drops: &str) -> Event {
        let rules = ("rules_loaded", "31000");
        record(minute, &[("uptime", uptime), ("kernel_packets", packets), ("kernel_drops", drops), rules])
    }

    /// What a record gives where nothing is unsure.
    fn told(sensor: &mut Sensor, event: &Event) -> Option<(EventTime, EventTime)> {
        said(sensor, event).and_then(|said| said.blind)
    }

    fn said(sensor: &mut Sensor, event: &Event) -> Option<Said> {
        let mut told = None;
        sensor.hear(event);
        let _ = sensor.settle(None, TENTH, |said| told = Some(said));
        told
    }

    fn span(from: i64, to: i64) -> Option<(EventTime, EventTime)> {
        Some((EventTime(from * 60_000), EventTime(to * 60_000)))
    }

    #[test]
    fn silent_a_sensor_that_drops_most_packets_is_blind_until_it_says_that_it_sees() {
        let mut sensor = Sensor::default();
        assert_eq!(sensor.quality(), None);
        assert_eq!(told(&mut sensor, &counters(0, "86400", "50000000", "40000000")), None, "since its start");
        assert_eq!(told(&mut sensor, &counters(10, "87000", "50600000", "40000000")), None);
        assert_eq!(told(&mut sensor, &counters(20, "87600", "50840000", "40360000")), span(10, 20));
        assert_eq!(sensor.quality(), Some(Quality::DeviceError));
        assert_eq!(told(&mut sensor, &counters(15, "87300", "99", "0")), None, "it came late");
        assert_eq!(sensor.quality(), Some(Quality::DeviceError));
        assert_eq!(told(&mut sensor, &counters(30, "88200", "51440000", "40360000")), None);
        assert_eq!(sensor.quality(), Some(Quality::Good));
    }

    #[test]
    fn after_a_restart_the_new_counters_are_what_was_counted() {
        let mut sensor = Sensor::default();
        let _ = told(&mut sensor, &counters(0, "86400", "52400000", "1000"));
        assert_eq!(told(&mut sensor, &counters(10, "570", "240000", "360000")), span(0, 10));
        assert_eq!(told(&mut sensor, &counters(20, "1170", "840000", "360000")), None);
    }

    #[test]
    fn silent_from_the_last_record_of_a_process_to_the_beginning_of_the_next_nobody_looked() {
        let mut sensor = Sensor::default();
        let mut away = |event: &Event| said(&mut sensor, event).and_then(|said| said.away);
        assert_eq!(
            away(&counters(0, "30", "1", "0")),
            None,
            "of what was before the first record nothing was asked"
        );
        assert_eq!(away(&counters(10, "630", "2", "0")), None);
        assert_eq!(away(&counters(20, "570", "1", "0")), Some((EventTime(600_000), EventTime(630_000))));
        assert_eq!(away(&counters(30, "30", "1", "0")), Some((EventTime(1_200_000), EventTime(1_770_000))));
        assert_eq!(sensor.quality(), Some(Quality::Good), "and now it sees");
    }

    #[test]
    fn what_it_raised_is_the_difference_of_two_records_and_after_a_restart_what_the_new_counter_shows() {
        let mut sensor = Sensor::default();
        let mut of = |minute: i64, uptime: &str, alerts: &[(&str, &str)]| {
            let told = [&[("uptime", uptime), ("rules_loaded", "1")], alerts].concat();
            said(&mut sensor, &record(minute, &told)).unwrap().span
        };
        let at = |minute: i64| EventTime(minute * 60_000);
        let span = |from, to, raised| TimeSpan { from, at: at(to), raised };
        assert_eq!(of(10, "86400", &[("alert", "4200")]), span(at(10), 10, None), "since its start");
        assert_eq!(of(20, "87000", &[("alert", "4202")]), span(at(10), 20, Some(2)));
        assert_eq!(of(30, "87600", &[("alert", "4202")]), span(at(20), 30, Some(0)));
        // It began anew half a minute after the half hour.
        assert_eq!(of(40, "570", &[("alert", "1")]), span(EventTime(30 * 60_000 + 30_000), 40, Some(1)));
        assert_eq!(of(50, "1170", &[]), span(at(40), 50, None), "it does not say");
        assert_eq!(of(60, "1770", &[("alert", "9")]), span(at(50), 60, None), "since when is not known");
        assert_eq!(of(70, "2370", &[("alert", "11")]), span(at(60), 70, Some(2)));
    }

    #[test]
    fn silent_without_rules_it_looks_for_nothing_from_the_reload_on() {
        let mut sensor = Sensor::default();
        let reloaded = |minute, rules| {
            record(minute, &[("rules_loaded", rules), ("last_reload", "1970-01-01T07:20:05.000000+0700")])
        };
        assert_eq!(told(&mut sensor, &reloaded(10, "31000")), None);
        let found = told(&mut sensor, &reloaded(30, "0"));
        assert_eq!(found, Some((EventTime((20 * 60 + 5) * 1_000), EventTime(30 * 60_000))));
        assert_eq!(told(&mut sensor, &reloaded(40, "0")), span(30, 40));
    }

    #[test]
    fn alerts_that_its_queue_did_not_take_are_missing() {
        let mut sensor = Sensor::default();
        let of =
            |minute, overflow| record(minute, &[("rules_loaded", "1"), ("alert_queue_overflow", overflow)]);
        assert_eq!(told(&mut sensor, &of(0, "7")), None);
        assert_eq!(told(&mut sensor, &of(10, "7")), None);
        assert_eq!(told(&mut sensor, &of(20, "47")), span(10, 20));
    }

    #[test]
    fn what_overtook_older_records_that_wait_for_the_store_is_compared_behind_them() {
        let mut sensor = Sensor::default();
        let _ = told(&mut sensor, &counters(0, "86400", "52400000", "1000"));
        let mut blind = Vec::new();
        sensor.hear(&counters(30, "1770", "1080000", "720000"));
        let unsure = Some(arrival(10));
        assert_eq!(sensor.settle(unsure, TENTH, |said| blind.extend(said.blind)), None);
        assert!(sensor.is_waiting() && blind.is_empty());
        sensor.hear(&counters(10, "570", "240000", "360000"));
        sensor.hear(&counters(20, "1170", "480000", "720000"));
        let settled = sensor.settle(None, TENTH, |said| blind.extend(said.blind));
        assert_eq!(settled.map(|(_, quality)| quality), Some(Quality::Good));
        assert_eq!(blind, [span(0, 10).unwrap(), span(10, 20).unwrap()]);
        assert!(!sensor.is_waiting());
    }

    #[test]
    fn where_nothing_waits_the_order_of_arrival_decides_however_epochs_are_cut() {
        let mut late = [counters(20, "1170", "480000", "0"), counters(10, "570", "240000", "240000")];
        late[1].arrival = arrival(21);
        let quality = |cut: &[usize]| {
            let (mut sensor, mut blind) = (Sensor::default(), Vec::new());
            let mut left = &late[..];
            for epoch in cut {
                let (now, behind) = left.split_at(*epoch);
                now.iter().for_each(|event| sensor.hear(event));
                let _ = sensor.settle(None, TENTH, |said| blind.extend(said.blind));
                left = behind;
            }
            (sensor.quality(), blind)
        };
        assert_eq!(quality(&[2]), quality(&[1, 1]));
    }

    #[test]
    fn bound_no_more_records_wait_than_there_is_room_for() {
        let mut sensor = Sensor::default();
        for minute in 0..2 * WAITING as i64 {
            sensor.hear(&counters(minute, "1", "1", "0"));
            let _ = sensor.settle(Some(arrival(0)), TENTH, |_| ());
        }
        assert_eq!(sensor.waiting.len(), WAITING);
    }
}
