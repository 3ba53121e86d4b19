//! A sensor that sees nothing: no alerts, because its rules did not load, and then because most packets were dropped.
//!
//! The records are those of the decoder's case `eve/a_blind_sensor`. What is expected: `08:00-08:20` whole, from the
//! reload of 08:20:05 without rules, restarted at 08:40:30, and from then on six of ten packets dropped.

use std::{collections::BTreeMap, sync::Arc};

use ioc_decode::{Decoder, RowSink};
use ioc_model::{
    attribute::Attributes,
    envelope::{Content, Envelope},
    epoch::Epoch,
    event::{Count, Event, EventKind, EventMeasure},
    limit::is_enough,
    names::Names,
    observation::Observation,
    pack::{Feed, FormatName, LogSource, Pack},
    position::{Offset, Position},
    reject::Rejection,
    results::{AlertResult, StatusResult, StoredEvent, WindowResult},
    row::Row,
    rule::{AlertAbout, AlertChange, Condition, EVERY, Rule},
    sensor::BlindCause::{self, AlertsDiscarded, NoRules, PacketsDropped},
    status::StationStatus::{Error, Good, Silent},
    time::{Millis, Now, ReceivedAt},
    window::WindowKind,
};
use ioc_stream::{
    checkpoint::VERSION,
    exchange::WorkerShards,
    shard::{Happened, Rows, Shard, SubjectRecord},
    step::EpochFacts,
};
use ioc_testing::{contract, feed, log_source, measure, pack, rule};

const CASE: &str = include_str!("../../decode/cases/eve/a_blind_sensor/input.jsonl");
const MINUTE: i64 = 60_000;
/// `2026-11-20T08:00:00+07:00`
const EIGHT: i64 = 1_795_136_400_000;

fn blind(id: &str, causes: &[BlindCause]) -> Rule {
    let condition = Condition::Blind { causes: causes.to_vec(), lasting: Millis(0) };
    Rule { log_sources: vec![EVERY.to_owned()], ..rule(id, condition) }
}

fn the_pack() -> Pack {
    let hours = |id: &str, count, kinds: &[EventKind]| EventMeasure {
        kinds: kinds.to_vec(),
        windows: vec![WindowKind::Hour],
        ..measure(id, count)
    };
    let measures = [
        hours("alerts", Count::Events, &[EventKind::Alert]),
        hours("raised", Count::Raised, &[]),
        hours("lost", Count::Lost, &[]),
    ];
    let ids = LogSource {
        hosts: vec!["ids-a".to_owned()],
        silent_after: Some(Millis::minutes(15)),
        ..log_source("ids-a")
    };
    let rules = [blind("no-rules", &[NoRules]), blind("drops", &[PacketsDropped, AlertsDiscarded])];
    let feeds =
        vec![Feed { format: FormatName::Eve, ..feed("eve", contract(Millis(0), Millis::minutes(5))) }];
    Pack {
        rules: rules.map(|rule| (rule.id.clone(), rule)).into(),
        log_sources: BTreeMap::from([(ids.id.clone(), ids)]),
        measures: measures.map(|measure| (measure.id.clone(), measure)).into(),
        ..pack("one", Vec::new(), Vec::new(), feeds)
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

/// What happened, each at once: an envelope a line, its offset the number of the line.
fn events(decoder: &Decoder) -> Vec<Event> {
    let mut all = Events::default();
    for (number, line) in CASE.lines().enumerate() {
        let envelope = Envelope {
            position: Position { offset: Offset(number as u64), ..Position::default() },
            feed: "eve",
            received_at: ReceivedAt(eight(60)),
            content: Content::Raw,
            address: "/eve",
            attributes: Attributes::default(),
            payload: line.as_bytes(),
        };
        let _ = decoder.decode(&envelope, &mut all);
    }
    for event in &mut all.0 {
        event.arrival.received_at = ReceivedAt(event.happened_at.0);
    }
    all.0
}

/// So many minutes behind eight o'clock.
fn eight(minutes: i64) -> i64 {
    EIGHT + minutes * MINUTE
}

fn minute(at: i64) -> i64 {
    (at - eight(0)).div_euclid(MINUTE)
}

#[derive(Default)]
struct Told {
    alerts: Vec<AlertResult>,
    states: Vec<StatusResult>,
    /// The newest of each.
    windows: BTreeMap<(String, i64), WindowResult>,
}

/// Goes through the hour and some time behind it, an epoch a minute; where it is to, it dies and starts again each time.
fn go(dies: bool) -> Told {
    let names = Names::default();
    let decoder = Arc::new(Decoder::new(Arc::new(the_pack()), names.clone()).unwrap());
    let mut shard = Shard::new(names.clone(), WorkerShards::WHOLE, None);
    let mut told = Told::default();
    let all = events(&decoder);
    for number in 0..=150 {
        let now = Now(eight(number));
        let came = all.iter().filter(|event| minute(event.arrival.received_at.0 - 1) == number - 1);
        let events: Vec<StoredEvent> = came.map(|event| StoredEvent(event.clone().into())).collect();
        let facts = EpochFacts {
            epoch: Epoch(number as u64 + 1),
            now,
            pack: decoder.pack().version.clone(),
            answers: Vec::new(),
            horizon: Millis::hours(36),
        };
        let happened = Happened { events: &events, ..Happened::NOTHING };
        let none: [&[_]; 0] = [];
        let results = shard.apply(&facts, &decoder, &Rows::of(none), Vec::new(), happened);
        told.alerts.extend(results.facts.alerts);
        told.states.extend(results.facts.statuses);
        for window in results.facts.windows {
            let _ = told.windows.insert((window.indicator.to_string(), minute(window.start.0)), window);
        }
        if dies {
            let records: Vec<Vec<u8>> = shard.records().collect::<Result<_, _>>().unwrap();
            shard = Shard::new(names.clone(), WorkerShards::WHOLE, Some(decoder.pack().version.clone()));
            for record in records {
                shard.load(SubjectRecord::decode(VERSION, &record).unwrap());
            }
        }
    }
    told
}

/// When, what happened, by which line, of which minutes that speaks; and share and limit of packets in per cent.
type Turn = (&'static str, i64, AlertChange, u64, i64, i64, Option<(i64, i64)>);

fn turns(told: &Told) -> Vec<Turn> {
    let turn = |alert: &AlertResult| {
        assert_eq!((alert.about, &*alert.key.subject), (AlertAbout::LogSource, "ids-a"));
        let evidence = alert.evidence.as_ref().expect("what made it so");
        let record = evidence.sensor.as_ref().expect("the record");
        let rule = if &*alert.key.rule == "drops" { "drops" } else { "no-rules" };
        let percent = |share: f64| (share * 100.0).round() as i64;
        let share = evidence.value.zip(evidence.threshold);
        (
            rule,
            minute(alert.at.0),
            alert.change,
            record.position.offset.0,
            minute(evidence.start.0),
            minute(evidence.end.0),
            share.map(|(value, limit)| (percent(value), percent(limit))),
        )
    };
    told.alerts.iter().map(turn).collect()
}

#[test]
fn silent_each_cause_raises_its_alert_with_the_record_that_says_so_and_no_silence_clears_it() {
    use AlertChange::{Cleared, Raised};
    for told in [go(false), go(true)] {
        let expected: [Turn; 3] = [
            // By 08:31 for the rules, by 08:51 for the drops.
            ("no-rules", 30, Raised, 7, 20, 30, None),
            ("drops", 50, Raised, 10, 40, 50, Some((60, 10))),
            ("no-rules", 50, Cleared, 10, 40, 50, None),
        ];
        assert_eq!(turns(&told), expected);
    }
}

#[test]
fn silent_its_state_says_why_and_when_it_changes_says_it_again() {
    let told = go(false);
    let states: Vec<_> = told
        .states
        .iter()
        .map(|state| {
            let causes = state.sensor.as_ref().map(|record| record.causes.clone()).unwrap_or_default();
            (minute(state.since.0), state.status, causes)
        })
        .collect();
    let both = vec![PacketsDropped, AlertsDiscarded];
    let expected = [
        (0, Good, vec![]),
        (30, Error, vec![NoRules]),
        (50, Error, vec![PacketsDropped]),
        (60, Error, both.clone()),
        (76, Silent, both),
    ];
    assert_eq!(states, expected);
    // Across the restart the increase is what the new counters show; nothing is added up, nothing is less than nothing.
    let counted = |at: usize| {
        let record = told.states[at].sensor.as_ref().unwrap();
        (record.packets, record.dropped, record.discarded, record.restarted, record.rules_failed)
    };
    assert_eq!(counted(1), (600_000, 0, 0, false, Some(31_000)));
    assert_eq!(counted(2), (240_000, 360_000, 0, true, Some(0)));
    assert_eq!(counted(3), (240_000, 360_000, 40, false, Some(0)));
    assert!(told.states.iter().all(|state| state.clock_off.is_none()));
}

#[test]
fn silent_the_hour_is_incomplete_and_what_arrived_is_what_the_sensor_says_it_raised() {
    let told = go(false);
    let window = |measure: &str, start| {
        let window = &told.windows[&(measure.to_owned(), start)];
        (window.aggregate.sum, window.aggregate.count, window.expected)
    };
    // Twenty minutes are whole: the rest of the hour is missing, not zero.
    assert_eq!(window("alerts", 0), (5.0, 20, 60));
    assert!(!is_enough(20, 60), "neither held against the usual band nor part of it");
    assert_eq!((window("raised", 0).0, window("lost", 0).0), (5.0, 0.0), "nothing was lost on the way");
    assert!(told.windows.values().all(|window| window.aggregate.sum >= 0.0 && window.aggregate.sum <= 5.0));
    assert_eq!(window("alerts", 60).1, 1, "then it is silent: nobody heard it");
}
