//! Clocks of log sources, from bytes to what is counted and said: a year that no line says, and a zone that is mistaken.
//!
//! The lines of the turn of the year are those of the decoder's cases. What is expected: one event on 10 March 2026 and on
//! 30 December, two on the 31st, nine on 1 January 2027, one on the 2nd.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ioc_decode::{Decoder, RowSink};
use ioc_model::{
    attribute::{Attribute, Attributes},
    calendar::Calendar,
    contract::Contract,
    envelope::{Content, Envelope},
    epoch::Epoch,
    event::{Count, Event, EventMeasure, TimeFrom},
    names::Names,
    observation::Observation,
    pack::{Feed, FormatName, LogSource, Pack},
    position::{Offset, Position},
    reject::Rejection,
    results::StoredEvent,
    row::Row,
    time::{EventTime, Millis, Now, ReceivedAt},
    window::WindowKind,
};
use ioc_stream::{
    exchange::WorkerShards,
    shard::{Happened, Rows, Shard},
    step::{EpochFacts, ShardResults},
};
use ioc_testing::{feed, log_source, measure, pack};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// `2026-11-20T08:00:00+07:00`
const EIGHT: i64 = 1_795_136_400_000;
const ZONE: &str = "Asia/Ho_Chi_Minh";

fn site() -> Pack {
    let of = |id: &str, address: &str, timezone: Option<&str>| LogSource {
        addresses: vec![address.parse().unwrap()],
        timezone: timezone.map(str::to_owned),
        silent_after: Some(Millis::hours(1)),
        ..log_source(id)
    };
    let log_sources = [
        of("srv-a", "192.0.2.11/32", None),
        of("srv-b", "192.0.2.12/32", None),
        of("srv-c", "192.0.2.13/32", None),
        of("fw-b", "192.0.2.22/32", Some("UTC")),
    ];
    let days = EventMeasure { windows: vec![WindowKind::Day], ..measure("events", Count::Events) };
    let logs = Feed { format: FormatName::Syslog, ..feed("logs", Contract::default()) };
    let files = Feed { format: FormatName::SyslogLines, ..feed("files", Contract::default()) };
    Pack {
        timezone: ZONE.to_owned(),
        log_sources: log_sources.map(|it| (it.id.clone(), it)).into(),
        measures: BTreeMap::from([(days.id.clone(), days)]),
        ..pack("one", Vec::new(), Vec::new(), vec![files, logs])
    }
}

#[derive(Default)]
struct Events(Vec<Event>);

impl RowSink for Events {
    fn observation(&mut self, observation: Observation) {
        panic!("{observation:?}");
    }

    fn row(&mut self, row: Row) {
        let Row::Happened(event) = row else { panic!("{row:?}") };
        self.0.push(*event);
    }

    fn rejected(&mut self, _: u32, rejection: Rejection, _: &[u8]) {
        panic!("{rejection:?}");
    }
}

struct Site {
    decoder: Arc<Decoder>,
    shard: Shard,
    epoch: u64,
    line: u64,
}

impl Site {
    fn new() -> Site {
        let names = Names::default();
        let decoder = Arc::new(Decoder::new(Arc::new(site()), names.clone()).unwrap());
        Site { decoder, shard: Shard::new(names, WorkerShards::WHOLE, None), epoch: 0, line: 0 }
    }

    /// What a message becomes: by syslog a datagram of that sender, else a file.
    fn read(&mut self, sender: Option<&str>, received_at: i64, text: &str) -> Vec<Event> {
        let mut written = Vec::new();
        if let Some(sender) = sender {
            ioc_model::attribute::write(&mut written, Attribute::Sender, sender);
        }
        self.line += 1;
        let envelope = Envelope {
            position: Position { offset: Offset(self.line), ..Position::default() },
            feed: if sender.is_some() { "logs" } else { "files" },
            received_at: ReceivedAt(received_at),
            content: Content::Raw,
            address: if sender.is_some() { "syslog/udp" } else { "old.log" },
            attributes: Attributes::new(&[], &written),
            payload: text.as_bytes(),
        };
        let mut all = Events::default();
        let _ = self.decoder.decode(&envelope, &mut all);
        all.0
    }

    fn epoch(&mut self, now: i64, events: Vec<Event>) -> ShardResults {
        self.epoch += 1;
        let facts = EpochFacts {
            epoch: Epoch(self.epoch),
            now: Now(now),
            pack: self.decoder.pack().version.clone(),
            answers: Vec::new(),
            horizon: Millis::hours(24 * 400),
        };
        let events: Vec<StoredEvent> = events.into_iter().map(|event| StoredEvent(event.into())).collect();
        let happened = Happened { events: &events, ..Happened::NOTHING };
        let none: [&[_]; 0] = [];
        self.shard.apply(&facts, &self.decoder, &Rows::of(none), Vec::new(), happened)
    }
}

fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

#[test]
fn count_events_at_the_turn_of_the_year_are_of_their_local_days() {
    macro_rules! case {
        ($name:literal) => {
            include_str!(concat!("../../decode/cases/", $name, "/input.log"))
        };
    }
    let mut site = Site::new();
    let mut days: BTreeMap<(String, i64), f64> = BTreeMap::new();
    let came = [
        (Some("192.0.2.12"), "2026-12-31T23:59:58+07:00", case!("syslog/new_year_before_midnight")),
        (Some("192.0.2.11"), "2027-01-01T00:00:03+07:00", case!("syslog/new_year_after_midnight")),
        (Some("192.0.2.22"), "2027-01-01T00:00:03+07:00", case!("syslog/new_year_of_a_utc_device")),
        (Some("192.0.2.13"), "2027-01-01T00:00:03+07:00", case!("syslog/own_zone")),
        (Some("192.0.2.22"), "2027-01-01T07:00:03+07:00", case!("syslog/new_year_of_a_utc_device_later")),
        (None, "2027-01-02T08:00:00+07:00", case!("syslog_lines/old_file")),
        (None, "2027-01-05T08:00:00+07:00", ""),
    ];
    for (sender, received, text) in came {
        let messages: Vec<&str> = if sender.is_some() { text.lines().collect() } else { vec![text] };
        let messages = messages.into_iter().filter(|message| !message.is_empty());
        let events = messages.flat_map(|message| site.read(sender, at(received), message)).collect();
        for window in site.epoch(at(received), events).facts.windows {
            let _ = days.insert((window.subject.to_string(), window.start.0), window.aggregate.sum);
        }
    }
    let calendar = Calendar::of_zone(ZONE).unwrap();
    let mut by_day: BTreeMap<String, f64> = BTreeMap::new();
    for ((_, start), events) in &days {
        let day = calendar.local(EventTime(*start)).unwrap().date().to_string();
        *by_day.entry(day).or_default() += events;
    }
    by_day.retain(|_, events| *events > 0.0);
    let by_day: Vec<(&str, f64)> = by_day.iter().map(|(day, events)| (day.as_str(), *events)).collect();
    let expected = [
        ("2026-03-10", 1.0),
        ("2026-12-30", 1.0),
        ("2026-12-31", 2.0),
        ("2027-01-01", 9.0),
        ("2027-01-02", 1.0),
    ];
    assert_eq!(by_day, expected);
}

#[test]
fn a_clock_that_is_constantly_hours_off_is_told_in_hours_in_both_directions() {
    let mut site = Site::new();
    let mut told = BTreeMap::new();
    for number in 0..60 {
        let received = EIGHT + number * MINUTE + 700;
        let written = |off: i64, format: &str| {
            let wall = jiff::Timestamp::from_millisecond(EIGHT + number * MINUTE + off).unwrap();
            wall.strftime(format).to_string()
        };
        // Local time where UTC is declared; local time that calls itself UTC; UTC where local time is expected.
        let local = written(7 * HOUR, "<134>%b %e %H:%M:%S fw-b filter: pass");
        let called = written(7 * HOUR, "<86>1 %Y-%m-%dT%H:%M:%SZ srv-a app 1 - - it works");
        let utc = written(0, "<86>%b %e %H:%M:%S srv-b app[1]: it works");
        let right = written(7 * HOUR, "<86>%b %e %H:%M:%S srv-c app[1]: it works");
        let messages =
            [("192.0.2.22", local), ("192.0.2.11", called), ("192.0.2.12", utc), ("192.0.2.13", right)];
        let events: Vec<Event> = messages
            .iter()
            .flat_map(|(sender, message)| site.read(Some(sender), received, message))
            .collect();
        let from: Vec<TimeFrom> = events.iter().map(|event| event.time_from).collect();
        assert_eq!(from, [TimeFrom::Absurd, TimeFrom::Absurd, TimeFrom::Inferred, TimeFrom::Inferred]);
        let stated: BTreeSet<Option<EventTime>> = events[..2].iter().map(Event::stated_time).collect();
        let ahead = EventTime(EIGHT + number * MINUTE + 7 * HOUR);
        assert_eq!(stated, BTreeSet::from([Some(ahead)]), "the moment that both mean");
        for status in site.epoch(received + 1, events).facts.statuses {
            let _ = told.insert(status.subject.to_string(), status.clock_off);
        }
    }
    let off = |id: &str| told[id].map(|off| off.0 / HOUR);
    assert_eq!([off("fw-b"), off("srv-a"), off("srv-b"), off("srv-c")], [Some(7), Some(7), Some(-7), None]);
}
