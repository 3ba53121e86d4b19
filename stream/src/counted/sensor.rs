//! How an intrusion sensor is, from what it says of itself.
//!
//! Its counters count since its start, so what they say is the difference of two records; after a restart, of which the
//! uptime tells, it is what the new counter shows. A sensor is **blind** for the time between two records in which it
//! dropped more packets than it may, looked for nothing because no rules were loaded, or raised more alerts than its
//! queue took. It says so when a record does, and sees again when a record says so: never because it fell silent.

use ioc_model::{event::Event, observation::Quality, time::EventTime};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the newest record said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sensor {
    last: Option<Counters>,
    blind: bool,
}

/// The counters of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counters {
    at: EventTime,
    uptime: u64,
    packets: u64,
    drops: u64,
    overflow: u64,
}

impl Sensor {
    /// Takes a record of how the sensor is; gives the time it saw too little in, if it did. Records come in the order of
    /// their times; one that comes late says nothing of now.
    pub(super) fn take(&mut self, event: &Event, blind_above: f64) -> Option<(EventTime, EventTime)> {
        let text = |name: &str| {
            let found = event.attributes.binary_search_by(|(key, _)| (**key).cmp(name)).ok()?;
            Some(&*event.attributes[found].1)
        };
        let number = |name: &str| text(name).and_then(|text| text.parse::<u64>().ok());
        let now = Counters {
            at: event.happened_at,
            uptime: number("uptime").unwrap_or_default(),
            packets: number("kernel_packets").unwrap_or_default(),
            drops: number("kernel_drops").unwrap_or_default(),
            overflow: number("alert_queue_overflow").unwrap_or_default(),
        };
        if self.last.is_some_and(|last| now.at <= last.at) {
            return None;
        }
        let before = self.last.replace(now);
        let from_start = before.is_none_or(|before| now.uptime < before.uptime);
        let base = before.filter(|_| !from_start).unwrap_or_default();
        let (packets, drops) =
            (now.packets.saturating_sub(base.packets), now.drops.saturating_sub(base.drops));
        let overflow = now.overflow.saturating_sub(base.overflow);
        // What AF_PACKET handed over does not hold what it dropped.
        let share = drops as f64 / (packets.saturating_add(drops)).max(1) as f64;
        let without_rules = number("rules_loaded") == Some(0);
        // A first record speaks of all the time since its start, of which nothing was asked.
        let dropped = before.is_some() && (share > blind_above || overflow > 0);
        self.blind = without_rules || dropped;
        if !self.blind {
            return None;
        }
        let since = before.map_or(now.at, |before| before.at);
        let reloaded = text("last_reload").and_then(moment);
        let from = match reloaded {
            // Until then it had rules.
            Some(at) if without_rules && !dropped && since < at && at < now.at => at,
            _ => since,
        };
        Some((from, now.at))
    }

    /// What the newest record says of it; none where there is none.
    pub(super) fn quality(&self) -> Option<Quality> {
        self.last.map(|_| if self.blind { Quality::DeviceError } else { Quality::Good })
    }
}

/// A time as the sensor writes it: `2026-01-01T07:00:00.000001+0700`.
fn moment(text: &str) -> Option<EventTime> {
    let moment = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?;
    Some(EventTime(moment.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    const TENTH: f64 = 0.1;

    fn record(minute: i64, told: &[(&str, &str)]) -> Event {
        let mut attributes: Vec<(Cow<'static, str>, Box<str>)> =
            told.iter().map(|(name, text)| ((*name).to_owned().into(), (*text).into())).collect();
        attributes.sort();
        Event { happened_at: EventTime(minute * 60_000), attributes, ..Event::default() }
    }

    fn counters(minute: i64, uptime: &str, packets: &str, drops: &str) -> Event {
        let rules = ("rules_loaded", "31000");
        record(minute, &[("uptime", uptime), ("kernel_packets", packets), ("kernel_drops", drops), rules])
    }

    fn span(from: i64, to: i64) -> Option<(EventTime, EventTime)> {
        Some((EventTime(from * 60_000), EventTime(to * 60_000)))
    }

    #[test]
    fn silent_a_sensor_that_drops_most_packets_is_blind_until_it_says_that_it_sees() {
        let mut sensor = Sensor::default();
        assert_eq!(sensor.quality(), None);
        assert_eq!(
            sensor.take(&counters(0, "86400", "50000000", "40000000"), TENTH),
            None,
            "since its start"
        );
        assert_eq!(sensor.take(&counters(10, "87000", "50600000", "40000000"), TENTH), None);
        assert_eq!(sensor.take(&counters(20, "87600", "50840000", "40360000"), TENTH), span(10, 20));
        assert_eq!(sensor.quality(), Some(Quality::DeviceError));
        assert_eq!(sensor.take(&counters(15, "87300", "99", "0"), TENTH), None, "it came late");
        assert_eq!(sensor.quality(), Some(Quality::DeviceError));
        assert_eq!(sensor.take(&counters(30, "88200", "51440000", "40360000"), TENTH), None);
        assert_eq!(sensor.quality(), Some(Quality::Good));
    }

    #[test]
    fn after_a_restart_the_new_counters_are_what_was_counted() {
        let mut sensor = Sensor::default();
        let _ = sensor.take(&counters(0, "86400", "52400000", "1000"), TENTH);
        assert_eq!(sensor.take(&counters(10, "570", "240000", "360000"), TENTH), span(0, 10));
        assert_eq!(sensor.take(&counters(20, "1170", "840000", "360000"), TENTH), None);
    }

    #[test]
    fn silent_without_rules_it_looks_for_nothing_from_the_reload_on() {
        let mut sensor = Sensor::default();
        let reloaded = |minute, rules| {
            record(minute, &[("rules_loaded", rules), ("last_reload", "1970-01-01T07:20:05.000000+0700")])
        };
        assert_eq!(sensor.take(&reloaded(10, "31000"), TENTH), None);
        let found = sensor.take(&reloaded(30, "0"), TENTH);
        assert_eq!(found, Some((EventTime((20 * 60 + 5) * 1_000), EventTime(30 * 60_000))));
        assert_eq!(sensor.take(&reloaded(40, "0"), TENTH), span(30, 40));
    }

    #[test]
    fn alerts_that_its_queue_did_not_take_are_missing() {
        let mut sensor = Sensor::default();
        let told =
            |minute, overflow| record(minute, &[("rules_loaded", "1"), ("alert_queue_overflow", overflow)]);
        assert_eq!(sensor.take(&told(0, "7"), TENTH), None);
        assert_eq!(sensor.take(&told(10, "7"), TENTH), None);
        assert_eq!(sensor.take(&told(20, "47"), TENTH), span(10, 20));
    }
}
