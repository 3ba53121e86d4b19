//! Epochs for tests.

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    calendar::{DayNumber, LocalDay},
    counts::Counts,
    epoch::{Epoch, Generation},
    event::{Decided, Endpoint, Event, EventKey, EventKind, Severity, one_spelling},
    fact::Fact,
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind},
    form::{Cell, CellKey, Finding, Mark, Period, PeriodKind, Rule, Value, Vintage, Weight},
    held::{Decision, HeldState},
    index::{IndexId, IndexPart, Indexed, NoIndex},
    limit::Averaging,
    name::Name,
    observation::Quality,
    pack::PackVersion,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    reject::{RejectReason, Rejection},
    replay::{Replay, ReplayScope},
    results::Facts,
    results::{
        AlertResult, Assessment, EpochResults, Evidence, FeedMinute, FigureHour, FigureInput, FigureResult,
        HeldRow, IndexResult, LimitVerdict, Obligation, ObligationState, Receipt, RejectedRow, ReplayedRow,
        ReportVerdict, Reread, RowStanding, StatusResult, StoredAction, StoredCell, StoredDecision,
        StoredEvent, StoredObservation, StoredReplay, Superseded, WindowResult,
    },
    rule::{AlertAbout, AlertChange, AlertKey, Priority},
    status::StationStatus,
    text::Text,
    time::{EventTime, Now, ReceivedAt},
    window::{Aggregate, ClosedBy, WindowKind},
};

pub(crate) fn time(text: &str) -> EventTime {
    EventTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// An epoch of that many observations, one window, two indices and assessments, one with a value and one without, two
/// stations' states, an alert that is raised and acknowledged, the action that did it, one reject, one held row, one
/// decision, one feed's counts, two figures, a message of a form with
/// two cells, and a replay with one message.
pub(crate) fn results(epoch: Epoch, observations: u64) -> EpochResults {
    let start = time("2024-11-05T00:00:00Z");
    let feed: Name = Name::from("air-mqtt");
    let arrival = |offset: u64| Arrival {
        received_at: ReceivedAt(start.0 + 1_000 * epoch.0 as i64),
        position: Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) },
        row: 0,
    };
    let base = epoch.0 * 1_000_000;
    let now = Now(start.0 + 1_000 * epoch.0 as i64 + 250);
    let mut results = EpochResults {
        epoch,
        generation: Generation(0),
        now,
        manifest_hash: [epoch.0 as u8; 32],
        pack: PackVersion("one".to_owned()),
        facts: Facts {
            observations: (0..observations)
                .map(|index| StoredObservation {
                    indicator: Name::from("pm25"),
                    subject: Name::from(format!("station-{}", index % 5)),
                    event_time: EventTime(start.0 + ((base + index) as i64) * 7),
                    value: index as f64 / 3.0,
                    quality: Quality::Good,
                    feed,
                    sender: Name::from("trạm-1"),
                    arrival: arrival(base + index),
                    standing: RowStanding::First,
                    last_word: true,
                })
                .collect(),
            windows: vec![WindowResult {
                indicator: Name::from("pm25"),
                subject: Name::from("station-0"),
                kind: WindowKind::Hour,
                start,
                end: EventTime(start.0 + 3_600_000),
                aggregate: Aggregate { count: epoch.0, sum: 0.1 + epoch.0 as f64, min: 0.1, max: 9.0 },
                received: 60,
                expected: 60,
                closed_by: ClosedBy::Watermark,
                spiked: false,
                registers: [(7, 3), (4_095, 1)].into(),
            }],
            indices: indices(epoch, start),
            assessments: assessments(epoch, start),
            statuses: vec![
                StatusResult {
                    subject: Name::from("station-0"),
                    status: StationStatus::Good,
                    since: now,
                    last_event: Some(EventTime(now.0 - 250)),
                    sensor: None,
                    clock_off: None,
                },
                StatusResult {
                    subject: Name::from("station-1"),
                    status: StationStatus::Silent,
                    since: now,
                    last_event: None,
                    sensor: None,
                    clock_off: None,
                },
            ],
            alerts: alerts(epoch, now),
            actions: vec![StoredAction {
                alert: alert_key(epoch),
                user: "trực ban".into(),
                note: "đã gọi trạm".into(),
                feed: Name::from("operator"),
                sender: Name::from("10.0.0.7"),
                arrival: arrival(base + observations + 1),
                effective: true,
            }],
            rejects: vec![RejectedRow {
                feed,
                sender: Name::from("trạm-1"),
                arrival: arrival(base + observations),
                whole: true,
                address: "air/x".into(),
                rejection: Arc::new(Rejection {
                    reason: RejectReason::Malformed,
                    place: String::new(),
                    message: Text { vi: "không phải JSON".to_owned(), en: "not JSON".to_owned() },
                }),
                raw: b"\xff{".as_slice().into(),
                raw_length: 2,
            }],
            held: vec![HeldRow {
                indicator: Name::from("pm25"),
                subject: Name::from("station-0"),
                event_time: EventTime(start.0 - 366 * 86_400_000),
                value: 18.4,
                quality: Quality::Good,
                stands: Some(31.5),
                feed,
                sender: Name::from("trạm-1"),
                arrival: arrival(base + observations + 2),
                state: HeldState::Held,
            }],
            events: vec![StoredEvent(Arc::new(Event {
                key: Some(EventKey([epoch.0 as u8; 16])),
                kind: EventKind::Alert,
                log_source: Name::from("ids-a"),
                known: true,
                happened_at: start,
                severity: Severity::High,
                rated: "suricata 1".into(),
                signature: "web shell upload".into(),
                signature_id: "1:9000010:2".into(),
                decided: Decided::Blocked,
                from: Endpoint { address: one_spelling("2001:db8:0:7::1f"), port: Some(40_500) },
                to: Endpoint { address: one_spelling("192.0.2.20"), port: None },
                user: "root".into(),
                message: "web shell upload by root".into(),
                weight: 2,
                attributes: vec![("flow_id".into(), "1200".into())],
                feed: Name::from("security"),
                sender: Name::from("192.0.2.31"),
                arrival: arrival(base + observations + 7),
                ..Event::default()
            }))],
            decisions: vec![StoredDecision(Decision {
                indicator: Name::from("pm25"),
                subject: Name::from("station-0"),
                day: LocalDay {
                    number: DayNumber(19_000),
                    start: EventTime(start.0 - 366 * 86_400_000),
                    end: EventTime(start.0 - 365 * 86_400_000),
                },
                of: Name::from("trạm-1"),
                accepted: true,
                user: "trực ban".into(),
                note: "".into(),
                feed: Name::from("operator"),
                sender: Name::from("10.0.0.7"),
                arrival: arrival(base + observations + 3),
            })],
            feed_minutes: vec![FeedMinute::new(
                feed,
                now,
                Counts {
                    received: observations + 1,
                    decoded: observations,
                    undecodable: 1,
                    rows: observations,
                    stored: observations,
                    ..Counts::default()
                },
            )],
            figures: figures(epoch, now),
            report_values: report_values(epoch, arrival(base + observations + 8)),
            receipts: vec![receipt(arrival(base + observations + 8))],
            obligations: obligations(epoch, now, arrival(base + observations + 8)),
            replays: vec![StoredReplay {
                replay: Replay {
                    of: feed,
                    scope: ReplayScope::Rejects,
                    reason: Some(RejectReason::Malformed),
                    from: ReceivedAt(start.0),
                    until: ReceivedAt(start.0 + 86_400_000),
                    user: "trực ban".into(),
                    note: "đã sửa gói tỉnh".into(),
                    feed: Name::from("operator"),
                    sender: Name::from("10.0.0.7"),
                    arrival: arrival(base + observations + 9),
                },
                done: Some(1),
                error: "".into(),
            }],
            replayed: vec![ReplayedRow {
                reread: Reread::Read,
                good: 2,
                before: 1,
                rejected: 0,
                replay: arrival(base + observations + 9),
                feed,
                sender: Name::from("trạm-1"),
                // Of an epoch long ago.
                arrival: arrival(3),
            }],
            superseded: Vec::new(),
        },
        forgotten: BTreeMap::new(),
        untold: BTreeMap::new(),
        read: Vec::new(),
        waited: Vec::new(),
        questions: Vec::new(),
        rebirths: Vec::new(),
        births_cut: BTreeMap::new(),
    };
    said_anew(&mut results);
    results
}

/// Says of all results that they are said anew, as their flow would of those that are.
pub(crate) fn said_anew(results: &mut EpochResults) {
    let Facts { windows, indices, assessments, report_values, obligations, superseded, .. } =
        &mut results.facts;
    let word = |fact, measure, subject, kind, time| Superseded { fact, measure, subject, kind, time };
    superseded.clear();
    superseded.extend(report_values.iter().filter_map(Fact::anew));
    superseded.extend(obligations.iter().filter_map(Fact::anew));
    superseded.extend(
        windows
            .iter()
            .map(|row| word(WindowResult::TABLE, row.indicator, row.subject, row.kind.word(), row.start)),
    );
    superseded.extend(indices.iter().map(|row| {
        word(IndexResult::TABLE, Name::new(row.index.word()), row.subject, row.kind.word(), row.start)
    }));
    superseded.extend(
        assessments
            .iter()
            .map(|row| word(Assessment::TABLE, row.indicator, row.subject, row.averaging.word(), row.start)),
    );
}

fn indices(epoch: Epoch, start: EventTime) -> Vec<IndexResult> {
    let part = |indicator: &str, input: f64, sub_index: f64| IndexPart {
        indicator: Name::from(indicator),
        input,
        sub_index,
    };
    let hour = IndexResult {
        index: IndexId::VnAqi,
        subject: Name::from("station-0"),
        kind: WindowKind::Hour,
        start,
        end: EventTime(start.0 + 3_600_000),
        indexed: Indexed {
            value: Ok(100.0 + epoch.0 as f64),
            category: Some(1),
            dominant: Some(Name::from("pm25")),
            parts: vec![part("pm25", 0.1 + 0.2, 100.0 + epoch.0 as f64), part("o3", 61.0, 1.0 / 3.0)],
        },
        closed_by: ClosedBy::Watermark,
    };
    let day = IndexResult {
        kind: WindowKind::Day,
        end: EventTime(start.0 + 86_400_000),
        indexed: Indexed {
            value: Err(NoIndex::NoParticulates),
            category: None,
            dominant: None,
            parts: Vec::new(),
        },
        closed_by: ClosedBy::Patience,
        ..hour.clone()
    };
    vec![hour, day]
}

fn assessments(epoch: Epoch, start: EventTime) -> Vec<Assessment> {
    let exceeded = Assessment {
        limit: Name::from("qcvn05-pm25-day"),
        indicator: Name::from("pm25"),
        subject: Name::from("station-0"),
        averaging: Averaging::Day,
        start,
        end: EventTime(start.0 + 86_400_000),
        value: Some(50.0 + epoch.0 as f64 / 3.0),
        low: None,
        high: Some(50.0),
        verdict: LimitVerdict::Exceeded,
        count: 24,
        expected: 24,
        said_before: true,
    };
    let insufficient = Assessment {
        limit: Name::from("qcvn08-ph-hour"),
        indicator: Name::from("ph"),
        subject: Name::from("station-1"),
        averaging: Averaging::Hour,
        end: EventTime(start.0 + 3_600_000),
        value: None,
        low: Some(6.0),
        high: Some(8.5),
        verdict: LimitVerdict::Insufficient,
        count: 0,
        expected: 12,
        ..exceeded.clone()
    };
    vec![exceeded, insufficient]
}

fn figures(epoch: Epoch, now: Now) -> Vec<FigureResult> {
    let moment = EventTime(now.0);
    let input = |subject: &str, value| FigureInput {
        kind: InputKind::Index,
        subject: subject.into(),
        measure: Name::from("vn_aqi"),
        start: EventTime(now.0 - 3_600_000),
        number: 0,
        value,
        word: Name::from("pm25"),
    };
    let hour = |ago: i64, value: Option<f64>| FigureHour {
        start: EventTime(now.0 - ago * 3_600_000),
        value,
        verdict: value.map_or(FigureVerdict::Withheld, |_| FigureVerdict::Missed),
    };
    let aqi = FigureResult {
        figure: FigureId::Aqi,
        at: now,
        start: EventTime(now.0 - 3_600_000),
        end: moment,
        value: Some(100.0 + epoch.0 as f64),
        of: None,
        target: Some(100.0),
        verdict: FigureVerdict::Missed,
        reason: FigureReason::Beyond,
        priority: Some(Priority::Medium),
        freshness: Freshness::Fresh,
        late_from: Some(EventTime(now.0 + 3_600_001)),
        stale_from: Some(EventTime(now.0 + 7_200_001)),
        count: 1,
        expected: 2,
        parts: Vec::new(),
        hours: vec![hour(2, None), hour(1, Some(100.0 + epoch.0 as f64))],
        inputs_all: 57,
        inputs: vec![input("station-0", Some(100.0 + epoch.0 as f64)), input("station-1", None)],
    };
    let stations = FigureResult {
        figure: FigureId::Stations,
        value: None,
        of: Some(2.0),
        verdict: FigureVerdict::Withheld,
        reason: FigureReason::Never,
        priority: None,
        freshness: Freshness::Never,
        late_from: None,
        stale_from: None,
        parts: vec![(Name::from("never"), 2)],
        hours: Vec::new(),
        inputs_all: 0,
        inputs: Vec::new(),
        ..aqi.clone()
    };
    vec![aqi, stations]
}

/// Two cells of a message: a number that was another one before, and that there was nothing to count.
fn report_values(epoch: Epoch, arrival: Arrival) -> Vec<StoredCell> {
    let key = CellKey {
        indicator: Name::from("X01"),
        breakdown: Name::from("sex=f"),
        place: Name::from("25486"),
        place_from: jiff::civil::date(2025, 7, 1),
        period: Period::of(PeriodKind::AdminMonth, 2026, 10).unwrap(),
    };
    let number = |number: &str| Value::of(number.parse().unwrap());
    let corrected = StoredCell {
        form: Name::from("ktxh-x"),
        agency: Name::from("25486"),
        cell: Cell {
            row: 0,
            key,
            vintage: Vintage::Official,
            owner: Name::from("25486"),
            value: number(&format!("{}865.40", epoch.0)),
            at: "T10!D9".into(),
            as_sent: "865,40*".into(),
            note: "(1)".into(),
        },
        was: Some(number("-0.000000001")),
        standing: RowStanding::Correction,
        shown: true,
        replaces: true,
        feed: Name::from("reports"),
        sender: Name::from("xã-25486"),
        arrival,
    };
    let none = StoredCell {
        cell: Cell {
            row: 1,
            key: CellKey { indicator: Name::from("X02"), breakdown: Name::default(), ..key },
            value: Value::without(Mark::None),
            ..corrected.cell.clone()
        },
        was: None,
        standing: RowStanding::First,
        arrival: Arrival { row: 1, ..arrival },
        ..corrected.clone()
    };
    vec![corrected, none]
}

fn receipt(arrival: Arrival) -> Receipt {
    let finding = Finding {
        weight: Weight::Warning,
        rule: Rule::AgainstBefore,
        at: "T10!D9".into(),
        stands: "865,40*".into(),
        message: Text {
            vi: "khác kỳ trước".to_owned(), en: "differs from the period before".to_owned()
        },
    };
    Receipt {
        form: Name::from("ktxh-x"),
        agency: Name::from("25486"),
        period: Period::of(PeriodKind::AdminMonth, 2026, 10),
        verdict: ReportVerdict::InPart,
        rows: 3,
        stored: 2,
        changed: 1,
        conflicts: 0,
        same: 0,
        rejected: 1,
        kept: 4,
        withdrawn: 0,
        findings: vec![finding.clone(), Finding { weight: Weight::Note, ..finding }],
        digest: [7; 16],
        feed: Name::from("reports"),
        sender: Name::from("xã-25486"),
        arrival,
    }
}

/// One that was met late and revised, and one of an agency that was refused and is missing.
fn obligations(epoch: Epoch, now: Now, arrival: Arrival) -> Vec<Obligation> {
    let due_at = EventTime(arrival.received_at.0 - 54_900_000);
    let late = Obligation {
        form: Name::from("ktxh-x"),
        agency: Name::from("25486"),
        place_from: Some(jiff::civil::date(2025, 7, 1)),
        period: Period::of(PeriodKind::AdminMonth, 2026, 10).unwrap(),
        owed_from: EventTime(due_at.0 - 147_600_000),
        due_at,
        state: ObligationState::Late,
        first: Some(arrival),
        last: Some(arrival),
        revisions: epoch.0 as u32,
        rejected: 0,
        last_rejected: None,
        reminders: 1,
        said_at: now,
        replaces: true,
    };
    let missing = Obligation {
        agency: Name::from("so-tc"),
        place_from: None,
        state: ObligationState::Missing,
        first: None,
        last: None,
        revisions: 0,
        rejected: 1,
        last_rejected: Some(arrival),
        ..late.clone()
    };
    vec![late, missing]
}

fn alert_key(epoch: Epoch) -> AlertKey {
    AlertKey { rule: "pm25-day".into(), subject: "station-0".into(), number: epoch.0 as u32 }
}

fn alerts(epoch: Epoch, now: Now) -> Vec<AlertResult> {
    let raised = AlertResult {
        key: alert_key(epoch),
        about: AlertAbout::Station,
        change: AlertChange::Raised,
        priority: Priority::High,
        active: true,
        acknowledged: false,
        occurrences: 1,
        at: now,
        evidence: Some(Evidence {
            measure: Name::from("pm25"),
            averaging: Some(Averaging::Day),
            start: EventTime(now.0 - 86_400_000),
            end: EventTime(now.0),
            value: Some(61.5),
            threshold: Some(50.0),
            status: None,
            events: None,
            compared: None,
            sensor: None,
        }),
        user: "".into(),
        note: "".into(),
        seq: 0,
    };
    let acknowledged = AlertResult {
        change: AlertChange::Acknowledged,
        acknowledged: true,
        evidence: None,
        user: "trực ban".into(),
        note: "đã gọi trạm".into(),
        seq: 1,
        ..raised.clone()
    };
    vec![raised, acknowledged]
}
