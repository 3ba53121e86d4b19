//! What the demonstration's intrusion sensor says of itself: every ten minutes a record of its counters (EVE `stats`).
//!
//! No sensor wrote them: they are made up, and say so, as is said where the log source is named. Its process begins anew
//! at each local midnight, and all counters with it. Now and then it sees too little, so that it is seen what becomes of
//! that: once a day it drops six of ten packets for half an hour; and on some days its rules do not load, while there is no
//! alert of the record to be sent, since without rules it would have raised none. What it says it raised are the alerts
//! that are sent. A record depends on the seed and its moment alone.

use std::ops::Range;

use ioc_model::{
    calendar::Calendar,
    time::{EventTime, Millis},
};
use jiff::{Timestamp, civil::Date};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;

use super::{
    alerts::Alert,
    logs::{LOCAL5, Line, SENSOR, Way},
};

const EVERY: Millis = Millis::minutes(10);
const HOUR: Millis = Millis::hours(1);
/// Packets a second that come by.
const PACKETS: i64 = 900;
/// Of ten packets so many are dropped in a spell, of so many records.
const DROPPED_OF_TEN: i64 = 6;
const SPELL: i64 = 3;
const RULES: u32 = 31_000;
/// Once in so many days no rules load.
const DAYS_WITHOUT_RULES: u32 = 2;

/// A day of the sensor.
#[derive(Debug)]
struct Day<'a> {
    /// Its process began.
    begins: EventTime,
    dropping: Range<i64>,
    without_rules: Option<Range<i64>>,
    /// When its alerts happen, by time.
    alerts: Vec<EventTime>,
    calendar: &'a Calendar,
}

/// The records of the hour that begins at a moment, by their time.
pub(super) fn records(seed: u64, start: EventTime, alerts: &[Alert], calendar: &Calendar) -> Vec<Line> {
    let first = (start.0 + EVERY.0 - 1).div_euclid(EVERY.0);
    let moments = (first..).map(|number| EventTime(number * EVERY.0));
    let of_hour = moments.take_while(|at| at.0 < start.0 + HOUR.0);
    let line = |at: EventTime| {
        // A record at midnight is of the process that ends then.
        let date = calendar.local(at.minus(Millis(1)))?.date();
        let said = Day::of(seed, date, alerts, calendar)?.record(at)?;
        let (host, program) = SENSOR;
        Some(Line { at, way: Way::Connection, priority: LOCAL5, host, program, process: 700, said })
    };
    of_hour.filter_map(line).collect()
}

impl<'a> Day<'a> {
    fn of(seed: u64, date: Date, alerts: &[Alert], calendar: &'a Calendar) -> Option<Day<'a>> {
        let begins = calendar.moment(date.at(0, 0, 0, 0))?;
        let ends = calendar.moment(date.tomorrow().ok()?.at(0, 0, 0, 0))?;
        let mut happen: Vec<EventTime> = alerts.iter().filter_map(|alert| alert.at(date, calendar)).collect();
        happen.sort_unstable();
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&begins.0.to_le_bytes());
        let mut random = StdRng::from_seed(bytes);
        let records = (ends.0 - begins.0) / EVERY.0;
        let spell = |first: i64| begins.0 + first * EVERY.0..begins.0 + (first + SPELL) * EVERY.0;
        let dropping = spell(random.random_range(0..(records - SPELL).max(1)));
        let without = random.random_range(0..DAYS_WITHOUT_RULES) == 0;
        // Between the records of a spell no alert may happen, nor do packets drop.
        let is_free = |span: &Range<i64>| {
            let apart = span.end <= dropping.start || dropping.end <= span.start;
            apart && !happen.iter().any(|at| span.contains(&at.0))
        };
        let without_rules = (0..records - SPELL).map(spell).find(is_free).filter(|_| without);
        Some(Day { begins, dropping, without_rules, alerts: happen, calendar })
    }

    /// What it says at a moment of itself.
    fn record(&self, at: EventTime) -> Option<String> {
        let seconds = |span: Range<i64>| (span.end - span.start).max(0) / 1_000;
        let uptime = seconds(self.begins.0..at.0);
        let dropping = seconds(self.dropping.start..self.dropping.end.min(at.0));
        let drops = dropping * PACKETS * DROPPED_OF_TEN / 10;
        let raised = self.alerts.iter().filter(|alert| alert.0 <= at.0).count();
        // A record speaks of the time before it.
        let is_without = |span: &&Range<i64>| span.start < at.0 && at.0 <= span.end;
        let without = self.without_rules.as_ref().filter(is_without);
        let reloaded = self.without_rules.as_ref().map(|span| span.start).filter(|from| *from < at.0);
        let restored = self.without_rules.as_ref().map(|span| span.end).filter(|end| *end < at.0);
        let last_reload = restored.or(reloaded).unwrap_or(self.begins.0) + 5_000;
        let (loaded, failed) = if without.is_some() { (0, RULES) } else { (RULES, 0) };
        let record = json!({
            "timestamp": self.written(at)?,
            "event_type": "stats",
            "made_up_by": "the demonstration",
            "stats": {
                "uptime": uptime,
                "capture": { "kernel_packets": uptime * PACKETS - drops, "kernel_drops": drops },
                "detect": {
                    "engines": [{
                        "id": 0,
                        "last_reload": self.written(EventTime(last_reload))?,
                        "rules_loaded": loaded,
                        "rules_failed": failed,
                    }],
                    "alert": raised,
                    "alert_queue_overflow": 0,
                },
            },
        });
        Some(record.to_string())
    }

    /// As Suricata writes it: `2026-01-01T07:00:00.000000+0700`.
    fn written(&self, at: EventTime) -> Option<String> {
        let local = Timestamp::from_millisecond(at.0).ok()?.to_zoned(self.calendar.zone().clone());
        Some(local.strftime("%Y-%m-%dT%H:%M:%S.%6f%z").to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{super::alerts::alerts, *};

    /// The records of ten days, by time, with what each says.
    fn days(seed: u64) -> Vec<(EventTime, Value)> {
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        let alerts = alerts().unwrap();
        let start = "2026-01-31T17:00:00Z".parse::<Timestamp>().unwrap().as_millisecond();
        let hours =
            (0..240).flat_map(|hour| records(seed, EventTime(start + hour * HOUR.0), &alerts, &calendar));
        hours.map(|line| (line.at, serde_json::from_str(&line.said).unwrap())).collect()
    }

    fn number(record: &Value, at: &str) -> i64 {
        record.pointer(at).and_then(Value::as_i64).unwrap()
    }

    #[test]
    fn a_seed_gives_the_same_records_again_every_ten_minutes_and_all_of_them_say_that_they_are_made_up() {
        let all = days(1);
        assert_eq!(all, days(1));
        assert_ne!(all, days(2));
        assert_eq!(all.len(), 1_440);
        assert!(all.windows(2).all(|pair| pair[1].0.0 - pair[0].0.0 == EVERY.0));
        assert!(all.iter().all(|(_, record)| record["made_up_by"] == "the demonstration"));
    }

    #[test]
    fn it_drops_packets_once_a_day_and_its_rules_do_not_load_on_some_while_it_raises_nothing() {
        let (mut dropping, mut without) = (0, 0);
        for pair in days(1).windows(2) {
            let (before, now) = (&pair[0].1, &pair[1].1);
            let since = |at: &str| {
                let began_anew = number(now, "/stats/uptime") < number(before, "/stats/uptime");
                number(now, at) - if began_anew { 0 } else { number(before, at) }
            };
            let (packets, drops) =
                (since("/stats/capture/kernel_packets"), since("/stats/capture/kernel_drops"));
            assert_eq!(packets + drops, EVERY.0 / 1_000 * PACKETS, "nothing is counted twice");
            assert!(drops == 0 || drops * 10 == (packets + drops) * DROPPED_OF_TEN, "{drops}");
            dropping += i64::from(drops > 0);
            let has_none = number(now, "/stats/detect/engines/0/rules_loaded") == 0;
            without += i64::from(has_none);
            assert!(!has_none || (since("/stats/detect/alert") == 0 && drops == 0));
        }
        assert_eq!(dropping, 10 * SPELL);
        assert!((SPELL..10 * SPELL).contains(&without) && without % SPELL == 0, "{without}");
    }

    #[test]
    fn what_it_says_it_raised_on_a_day_are_the_alerts_of_the_record() {
        let all = days(1);
        // The first is of the midnight that the first day begins with.
        let (_, midnight) = &all[144];
        assert_eq!(
            (number(midnight, "/stats/uptime"), number(midnight, "/stats/detect/alert")),
            (86_400, 300)
        );
    }
}
