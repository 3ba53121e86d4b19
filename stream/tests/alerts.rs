//! Alerts and late revisions through the shard: hysteresis, silence, acknowledgement, and what changes while the store
//! is asked.

use std::{collections::BTreeMap, sync::Arc};

use ioc_decode::Decoder;
use ioc_model::{
    action::{Action, OPERATOR},
    contract::Contract,
    epoch::Epoch,
    index::IndexId,
    limit::Averaging,
    names::{Names, Source},
    observation::{Observation, Quality, Series},
    pack::{Pack, PackVersion, Station},
    position::{Arrival, Offset, Position},
    question::{Answer, Found, RecalledRow},
    results::{LimitVerdict, WindowResult},
    row::Row,
    rule::{AlertChange, Bound, Condition, Measure, Rule},
    status::StationStatus,
    time::{EventTime, Millis, Now, ReceivedAt},
    window::WindowKind,
};
use ioc_stream::{
    exchange::WorkerShards,
    shard::{Happened, Rows, Shard},
    step::{EpochFacts, ShardResults},
};
use ioc_testing::feed;

mod support;

use support::{MIDNIGHT, derived, pack::indicator};

const HOUR: i64 = 3_600_000;

fn pack(rules: Vec<Rule>) -> Pack {
    let station = Station {
        measures: BTreeMap::from([("pm25".to_owned(), Millis::hours(1))]),
        ..derived::station("S0")
    };
    let indicators = vec![indicator("pm25", &[WindowKind::Hour, WindowKind::Day])];
    let contract = Contract { lateness: Millis(0), patience: Millis::hours(2), ..Contract::default() };
    Pack {
        rules: rules.into_iter().map(|rule| (rule.id.clone(), rule)).collect(),
        ..support::pack::pack("one", station, indicators, vec![feed("air", contract)])
    }
}

fn rule(condition: Condition, raise_windows: u32, clear_windows: u32) -> Rule {
    Rule { raise_windows, clear_windows, ..ioc_testing::rule("r", condition) }
}

/// Above 50, cleared at 40.
fn threshold(raise_windows: u32, clear_windows: u32) -> Rule {
    let condition = Condition::Threshold {
        measure: Measure::Indicator("pm25".to_owned()),
        averaging: Averaging::Hour,
        bound: Bound::Above { raise: 50.0, clear: 40.0 },
    };
    rule(condition, raise_windows, clear_windows)
}

struct Site {
    names: Names,
    decoder: Arc<Decoder>,
    shard: Shard,
    epoch: u64,
}

impl Site {
    fn new(rules: Vec<Rule>) -> Site {
        let names = Names::default();
        let decoder = Arc::new(Decoder::new(Arc::new(pack(rules)), names.clone()).unwrap());
        let shard = Shard::new(names.clone(), WorkerShards::WHOLE, None);
        Site { names, decoder, shard, epoch: 0 }
    }

    fn facts(&mut self, hour: f64) -> EpochFacts {
        self.epoch += 1;
        EpochFacts {
            epoch: Epoch(self.epoch),
            now: Now(MIDNIGHT + (hour * HOUR as f64) as i64),
            pack: self.decoder.pack().version.clone(),
            answers: Vec::new(),
            horizon: Millis::hours(36),
        }
    }

    fn step(&mut self, hour: f64, rows: &[(i64, f64, Quality)], actions: Vec<Row>) -> ShardResults {
        let facts = self.facts(hour);
        self.apply(&facts, rows, actions)
    }

    fn apply(&mut self, facts: &EpochFacts, rows: &[(i64, f64, Quality)], actions: Vec<Row>) -> ShardResults {
        let observe = |(row, (hour, value, quality)): (u32, &(i64, f64, Quality))| Observation {
            series: Series {
                indicator: self.names.indicators.number("pm25"),
                subject: self.names.subjects.number("S0"),
            },
            event_time: EventTime(MIDNIGHT + hour * HOUR),
            value: *value,
            quality: *quality,
            source: self.names.sources.number(Source { feed: "air".into(), sender: "gateway".into() }),
            arrival: self.arrival(row),
        };
        let rows: Vec<Observation> = (0..).zip(rows).map(observe).collect();
        self.shard.apply(facts, &self.decoder, &Rows::of([rows.as_slice()]), actions, Happened::NOTHING)
    }

    fn arrival(&self, row: u32) -> Arrival {
        let position = Position { offset: Offset(self.epoch), ..Position::default() };
        Arrival { received_at: ReceivedAt(MIDNIGHT + self.epoch as i64), position, row }
    }

    /// One good value an hour, from hour `from` on, each in an epoch of its own; what happened to alerts.
    fn hours(&mut self, from: i64, values: &[f64]) -> Vec<(i64, AlertChange)> {
        let mut changes = Vec::new();
        for (hour, value) in (from..).zip(values) {
            let results = self.step(hour as f64 + 1.0, &[(hour, *value, Quality::Good)], Vec::new());
            changes.extend(results.facts.alerts.iter().map(|alert| (hour, alert.change)));
        }
        changes
    }

    fn acknowledge(&mut self, alert: &str, hour: f64) -> ShardResults {
        let action = Action {
            alert: alert.parse().unwrap(),
            user: "an".into(),
            note: "gọi trạm".into(),
            feed: OPERATOR.into(),
            sender: "page".into(),
            arrival: self.arrival(0),
        };
        self.step(hour, &[], vec![Row::Done(action)])
    }
}

// A value closes the hour before it: the watermark is the newest event time.

#[test]
fn an_alert_is_raised_by_so_many_windows_in_a_row_and_cleared_below_the_lower_threshold() {
    let mut site = Site::new(vec![threshold(2, 2)]);
    let changes = site.hours(0, &[60.0, 30.0, 60.0, 60.0, 45.0, 30.0, 45.0, 30.0, 30.0, 30.0]);
    // Hours 2 and 3 raise, told when hour 4 came; 45 is between; 30, 45, 30 are no row; 30, 30 clear.
    assert_eq!(changes, [(4, AlertChange::Raised), (9, AlertChange::Cleared)]);
}

#[test]
fn silent_an_alert_stays_active_when_data_stops_and_a_missing_hour_breaks_no_row() {
    let mut site = Site::new(vec![threshold(2, 1)]);
    assert_eq!(site.hours(0, &[60.0]), []);
    // Hour 1 is missing, hour 2 raises too.
    assert_eq!(site.hours(2, &[60.0, 60.0]), [(3, AlertChange::Raised)]);
    for hour in 5..80 {
        let results = site.step(hour as f64, &[], Vec::new());
        assert!(results.facts.alerts.is_empty(), "hour {hour}");
    }
    // Empty hours closed by patience are known, and say nothing.
    let empty = site.step(81.0, &[(80, 10.0, Quality::Good), (81, 10.0, Quality::Good)], Vec::new());
    assert_eq!(
        empty.facts.alerts.iter().map(|alert| alert.change).collect::<Vec<_>>(),
        [AlertChange::Cleared]
    );
}

#[test]
fn batch_a_correction_of_the_newest_window_raises_what_it_should_have_raised() {
    let mut site = Site::new(vec![threshold(1, 1)]);
    assert_eq!(site.hours(0, &[30.0, 30.0, 30.0]), []);
    let corrected = site.step(3.2, &[(1, 70.0, Quality::Good)], Vec::new());
    let alert = &corrected.facts.alerts;
    // Hour 1 is the newest closed one.
    assert_eq!(alert.iter().map(|alert| alert.change).collect::<Vec<_>>(), [AlertChange::Raised]);
    let evidence = alert[0].evidence.clone().unwrap();
    assert_eq!((evidence.value, evidence.threshold), (Some(70.0), Some(50.0)));
    assert_eq!(evidence.start, EventTime(MIDNIGHT + HOUR));
}

/// BATCH: rows that come behind the closing of their windows, but in order, raise what they would have raised in time.
#[test]
fn batch_a_channel_that_lags_behind_is_judged_as_if_it_had_been_in_time() {
    let mut site = Site::new(vec![threshold(2, 2)]);
    assert_eq!(site.hours(0, &[60.0]), []);
    // Another channel of the station is days ahead; here the clock is. Hours 1 to 77 are closed without a value.
    let closed = site.step(80.0, &[], Vec::new());
    assert_eq!(closed.facts.windows.iter().filter(|window| window.received == 0).count(), 77 + 2);
    assert!(closed.facts.alerts.is_empty());
    let late = |site: &mut Site, hour: i64, value: f64| {
        let results = site.step(80.0 + hour as f64 / 100.0, &[(hour, value, Quality::Good)], Vec::new());
        let told = |alert: &ioc_model::results::AlertResult| {
            let start = alert.evidence.as_ref().map(|evidence| (evidence.start.0 - MIDNIGHT) / HOUR);
            (alert.change, start, alert.active)
        };
        results.facts.alerts.iter().map(told).collect::<Vec<_>>()
    };
    // Three days later it is over.
    assert_eq!(late(&mut site, 1, 60.0), [(AlertChange::Raised, Some(1), false)]);
    assert_eq!(late(&mut site, 2, 30.0), []);
    assert_eq!(late(&mut site, 3, 30.0), [(AlertChange::Cleared, Some(3), false)]);
}

#[test]
fn what_is_over_when_it_is_learnt_is_raised_as_over_once_and_is_active_when_it_goes_on_until_now() {
    let mut site = Site::new(vec![threshold(2, 2)]);
    let mut told = Vec::new();
    // Back after a day: what was measured meanwhile comes oldest first, within some minutes.
    for hour in 0..30 {
        let value = if hour < 20 { 60.0 } else { 30.0 };
        let value = if hour >= 26 { 70.0 } else { value };
        let results = site.step(29.0 + hour as f64 / 60.0, &[(hour, value, Quality::Good)], Vec::new());
        told.extend(results.facts.alerts.iter().map(|alert| {
            let start = (alert.evidence.as_ref().unwrap().start.0 - MIDNIGHT) / HOUR;
            (start, alert.change, alert.active, alert.occurrences, alert.at.0 > MIDNIGHT + 28 * HOUR)
        }));
    }
    // Twenty hours in a row are one alert; the last hours are of now: a window may wait two hours behind its end.
    assert_eq!(
        told,
        [
            (1, AlertChange::Raised, false, 1, true),
            (21, AlertChange::Cleared, false, 1, true),
            (27, AlertChange::Recurred, true, 2, true),
        ]
    );
    let over = site.acknowledge("r~S0~1", 29.6);
    assert!(over.facts.alerts[0].active, "it went on until now");
}

#[test]
fn silent_a_pack_that_asks_for_fewer_windows_raises_nothing_out_of_silence() {
    let mut site = Site::new(vec![threshold(2, 2)]);
    assert_eq!(site.hours(0, &[60.0]), []);
    let _ = site.step(50.0, &[], Vec::new());
    let other = Pack { version: PackVersion("two".to_owned()), ..pack(vec![threshold(1, 1)]) };
    site.decoder = Arc::new(Decoder::new(Arc::new(other), site.names.clone()).unwrap());
    let silence = site.step(60.0, &[], Vec::new());
    assert!(silence.facts.windows.iter().any(|window| window.received == 0));
    assert!(silence.facts.alerts.is_empty(), "{:?}", silence.facts.alerts);
    assert_eq!(site.hours(60, &[60.0, 60.0]), [(61, AlertChange::Raised)]);
}

#[test]
fn an_acknowledged_alert_closes_when_cleared_and_the_next_one_has_another_number() {
    let mut site = Site::new(vec![threshold(1, 1)]);
    let _ = site.hours(0, &[60.0, 60.0]);
    let taken = site.acknowledge("r~S0~1", 2.1);
    let [alert] = &taken.facts.alerts[..] else { panic!("{:?}", taken.facts.alerts) };
    assert_eq!((alert.change, alert.active, alert.acknowledged), (AlertChange::Acknowledged, true, true));
    assert_eq!((&*alert.user, &*alert.note), ("an", "gọi trạm"));
    assert!(taken.facts.actions[0].effective);
    let again = site.acknowledge("r~S0~1", 2.2);
    assert!(
        again.facts.alerts.is_empty() && !again.facts.actions[0].effective,
        "the first acknowledgement counts"
    );
    assert_eq!(site.hours(2, &[30.0, 60.0, 60.0]), [(3, AlertChange::Cleared), (4, AlertChange::Raised)]);
    let later = site.hours(5, &[30.0, 30.0, 60.0, 60.0]);
    // Cleared and not acknowledged: it is still the same alert when it comes back.
    assert_eq!(later, [(6, AlertChange::Cleared), (8, AlertChange::Recurred)]);
    let taken = site.acknowledge("r~S0~2", 9.1);
    assert_eq!(taken.facts.alerts[0].occurrences, 2);
}

#[test]
fn balance_an_action_about_an_alert_that_never_was_is_a_counted_reject() {
    let mut site = Site::new(vec![threshold(1, 1)]);
    for alert in ["r~S0~1", "nothing~S0~1", "r~Nowhere~1"] {
        let results = site.acknowledge(alert, 1.0);
        assert_eq!((results.facts.actions.len(), results.facts.rejects.len()), (0, 1), "{alert}");
        let counts = results.counts.get(OPERATOR).unwrap();
        assert_eq!((counts.rejected, counts.stored), (1, 0));
    }
}

#[test]
fn silent_a_station_that_stops_becomes_late_then_silent_and_raises_an_alert_of_its_own() {
    let condition = Condition::Status { statuses: vec![StationStatus::Silent], lasting: Millis::hours(2) };
    let mut site = Site::new(vec![rule(condition, 1, 1)]);
    let mut seen = Vec::new();
    let mut alerts = Vec::new();
    let mut look = |hour: f64, results: ShardResults| {
        seen.extend(results.facts.statuses.iter().map(|status| (hour, status.status)));
        alerts.extend(results.facts.alerts.iter().map(|alert| (hour, alert.change)));
    };
    look(0.5, site.step(0.5, &[(0, 10.0, Quality::Good)], Vec::new()));
    for quarter in 3..40 {
        let hour = f64::from(quarter) / 4.0;
        look(hour, site.step(hour, &[], Vec::new()));
    }
    look(10.0, site.step(10.0, &[(10, 10.0, Quality::Good)], Vec::new()));
    // Late after two cadences, silent after three.
    assert_eq!(
        seen,
        [
            (0.5, StationStatus::Good),
            (2.25, StationStatus::Late),
            (3.25, StationStatus::Silent),
            (10.0, StationStatus::Good)
        ]
    );
    assert_eq!(alerts, [(5.25, AlertChange::Raised), (10.0, AlertChange::Cleared)]);
}

#[test]
fn silent_a_station_that_never_sends_is_silent_and_not_absent() {
    let mut site = Site::new(Vec::new());
    let results = site.step(0.0, &[], Vec::new());
    let [status] = &results.facts.statuses[..] else { panic!("{:?}", results.facts.statuses) };
    assert_eq!((status.status, status.last_event), (StationStatus::Silent, None));
}

#[test]
fn a_device_fault_or_calibration_shows_until_a_good_value_comes_and_enters_no_mean() {
    let mut site = Site::new(Vec::new());
    let mut statuses = Vec::new();
    let mut verdicts = Vec::new();
    for (hour, quality) in
        [Quality::Good, Quality::DeviceError, Quality::Calibrating, Quality::Good].into_iter().enumerate()
    {
        let results = site.step(hour as f64 + 0.5, &[(hour as i64, 500.0, quality)], Vec::new());
        statuses.extend(results.facts.statuses.iter().map(|status| status.status));
        verdicts.extend(
            results
                .facts
                .assessments
                .iter()
                .filter(|row| row.averaging == Averaging::Hour)
                .map(|row| row.verdict),
        );
    }
    use StationStatus::{Calibrating, Error, Good};
    assert_eq!(statuses, [Good, Error, Calibrating, Good]);
    assert_eq!(verdicts, [LimitVerdict::Exceeded, LimitVerdict::Insufficient, LimitVerdict::Insufficient]);
}

#[test]
fn a_rule_that_no_longer_watches_a_station_clears_what_it_raised() {
    let mut site = Site::new(vec![threshold(1, 1)]);
    let _ = site.hours(0, &[60.0, 60.0]);
    let mut without = pack(Vec::new());
    without.version = PackVersion("two".to_owned());
    site.decoder = Arc::new(Decoder::new(Arc::new(without), site.names.clone()).unwrap());
    let results = site.step(2.1, &[], Vec::new());
    assert_eq!(
        results.facts.alerts.iter().map(|alert| alert.change).collect::<Vec<_>>(),
        [AlertChange::Cleared]
    );
}

#[test]
fn an_index_without_a_value_neither_raises_nor_clears() {
    let condition = Condition::Threshold {
        measure: Measure::Index(IndexId::VnAqi),
        averaging: Averaging::Hour,
        bound: Bound::Above { raise: 100.0, clear: 90.0 },
    };
    let mut site = Site::new(vec![rule(condition, 1, 1)]);
    // A NowCast needs two of the last three hours.
    assert_eq!(site.hours(0, &[80.0, 80.0, 80.0]), [(2, AlertChange::Raised)]);
    let late = site.step(40.0, &[(39, 5.0, Quality::Good)], Vec::new());
    assert!(late.facts.alerts.is_empty(), "hours without particulates say nothing");
}

/// BATCH: what is revised while a day's windows are read back is newer than the answer.
#[test]
fn batch_an_answer_older_than_a_revision_does_not_undo_it() {
    let mut site = Site::new(Vec::new());
    let mut windows: Vec<WindowResult> = Vec::new();
    for hour in 0..300 {
        windows
            .extend(site.step(hour as f64 + 1.0, &[(hour, 20.0, Quality::Good)], Vec::new()).facts.windows);
    }
    // A correction ten days back: its day's rows are read back, its window is revised, and its surroundings are asked
    // for.
    let late = site.step(301.0, &[(30, 50.0, Quality::Good)], Vec::new());
    let [question] = &late.questions[..] else { panic!("{:?}", late.questions) };
    let rows = (24..48).map(|hour| RecalledRow {
        event_time: EventTime(MIDNIGHT + hour * HOUR),
        value: 20.0,
        quality: Quality::Good,
        arrival: Arrival { received_at: ReceivedAt(0), ..Arrival::default() },
        feed: "air".into(),
        sender: "".into(),
    });
    assert_eq!(question.from, EventTime(MIDNIGHT + 24 * HOUR));
    let mut facts = site.facts(301.1);
    facts.answers = vec![Answer { question: question.clone(), found: Found::Rows(rows.collect()) }];
    let judged = site.apply(&facts, &[], Vec::new());
    windows.extend(judged.facts.windows);
    let [asked] = &judged.questions[..] else { panic!("{:?}", judged.questions) };
    assert!(judged.facts.indices.is_empty(), "nothing is worked out from means that are gone");
    let answer = derived::found(windows.iter(), asked);
    // Meanwhile another hour of that day is corrected.
    let meanwhile = site.step(301.2, &[(31, 80.0, Quality::Good)], Vec::new());
    assert!(meanwhile.facts.indices.is_empty() && meanwhile.questions.is_empty(), "one question is enough");
    windows.extend(meanwhile.facts.windows);
    let mut facts = site.facts(301.3);
    facts.answers = vec![Answer { question: asked.clone(), found: answer }];
    let worked_out = site.apply(&facts, &[], Vec::new());
    let hour = |start: i64| {
        let at = EventTime(MIDNIGHT + start * HOUR);
        let of_hour =
            |row: &&ioc_model::results::IndexResult| row.kind == WindowKind::Hour && row.start == at;
        worked_out
            .facts
            .indices
            .iter()
            .find(of_hour)
            .and_then(|row| row.indexed.parts.first().map(|part| part.input))
    };
    let expected = |start: i64| {
        let hours = std::array::from_fn(|ago| match start - ago as i64 {
            30 => Some(50.0),
            31 => Some(80.0),
            _ => Some(20.0),
        });
        ioc_model::index::vn_aqi::nowcast(&hours, Default::default())
    };
    for start in 30..43 {
        assert_eq!(hour(start), expected(start), "hour {start}");
    }
    let day = worked_out.facts.indices.iter().find(|row| row.kind == WindowKind::Day).unwrap();
    assert_eq!(day.indexed.parts[0].input, (22.0 * 20.0 + 50.0 + 80.0) / 24.0);
}
