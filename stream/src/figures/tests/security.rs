//! The figures of information security by numbers worked out by hand.

use ioc_model::{
    results::AlertResult,
    rule::{AlertAbout, AlertChange, AlertKey},
};

use super::*;
use crate::derive::statement::{CountedHour, CountedHours, FigureMeasures};

/// A log source whose hours behind NOON are closed up to `closed_to`: events, high or worse, critical, whole minutes.
fn counting(owes: bool, closed_to: i64, of: &[(i64, f64, f64, f64, u32)]) -> CountedHours {
    let hour = |(ago, events, severe, critical, whole): &(i64, f64, f64, f64, u32)| CountedHour {
        start: EventTime(NOON - ago * HOUR),
        events: Some(*events),
        severe: Some(*severe),
        critical: Some(*critical),
        whole: *whole,
        minutes: if owes { 60 } else { 0 },
    };
    CountedHours {
        measures: FigureMeasures {
            events: Some("all".into()),
            severe: Some("severe".into()),
            critical: Some("critical".into()),
        },
        owes,
        heard: true,
        closed_to: Some(EventTime(closed_to)),
        hours: of.iter().map(hour).collect(),
    }
}

fn with_counts(sources: &[(&str, CountedHours)]) -> Figures {
    let mut figures = Figures::default();
    for (subject, counted) in sources {
        let said = SubjectStatement {
            subject: Name::new(subject),
            operating: None,
            alerts: Vec::new(),
            log_source: Some(StationStanding::Good),
            counted: Some(counted.clone()),
        };
        figures.hear(said);
    }
    figures
}

#[test]
fn events_of_the_last_full_hour_are_those_of_all_log_sources_and_say_how_much_was_heard() {
    use FigureReason::{Insufficient, NotAll, OnTarget};
    let sensor = |whole| counting(true, NOON, &[(2, 7.0, 0.0, 0.0, 60), (1, 5.0, 0.0, 0.0, whole)]);
    // One that may be silent is not waited for, and its minutes are not asked for.
    let server = counting(false, NOON - HOUR, &[(1, 3.0, 0.0, 0.0, 0)]);
    for (whole, verdict, reason) in [
        (60, FigureVerdict::Kept, OnTarget),
        (45, FigureVerdict::Near, NotAll),
        (44, FigureVerdict::Withheld, Insufficient),
    ] {
        let mut figures = with_counts(&[("ids-a", sensor(whole)), ("srv-a", server.clone())]);
        let figure = made(&mut figures, NOON + 1, FigureId::Events);
        assert_eq!((figure.value, figure.verdict, figure.reason), (Some(8.0), verdict, reason));
        assert_eq!((figure.count, figure.expected), (whole.into(), 60));
        assert_eq!((figure.start.0, figure.end.0), (NOON - HOUR, NOON));
        let opens: Vec<_> = figure.inputs.iter().map(|it| (&*it.subject, &*it.measure, it.value)).collect();
        assert_eq!(opens, [("ids-a", "all", Some(5.0)), ("srv-a", "all", Some(3.0))]);
        assert_eq!(last_hours(&figure)[1], (Some(7.0), FigureVerdict::Kept));
    }
}

#[test]
fn silent_the_last_full_hour_is_one_that_all_who_are_heard_have_closed() {
    let behind = counting(true, NOON - HOUR, &[(2, 7.0, 0.0, 0.0, 60)]);
    let ahead = counting(true, NOON, &[(2, 1.0, 0.0, 0.0, 60), (1, 1.0, 0.0, 0.0, 60)]);
    let mut figures = with_counts(&[("a", behind.clone()), ("b", ahead.clone())]);
    let figure = made(&mut figures, NOON + 1, FigureId::Events);
    assert_eq!((figure.value, figure.end.0, figure.count), (Some(8.0), NOON - HOUR, 120));
    // Who fell silent keeps nobody back, and is missing; nor is an hour older than the one before the last.
    let silent = CountedHours { heard: false, ..behind.clone() };
    let figure = made(&mut with_counts(&[("a", silent), ("b", ahead.clone())]), NOON + 1, FigureId::Events);
    assert_eq!((figure.value, figure.end.0), (Some(1.0), NOON));
    assert_eq!((figure.count, figure.expected), (60, 120));
    let figure = made(&mut figures, NOON + HOUR, FigureId::Events);
    assert_eq!((figure.value, figure.end.0), (Some(1.0), NOON));
    // One that never came is missing from no hour (the figure of the log sources says it), and of none at all nobody says
    // zero.
    let never = CountedHours { heard: false, closed_to: None, hours: Vec::new(), ..behind };
    let figure = made(&mut with_counts(&[("a", never.clone()), ("b", ahead)]), NOON + 1, FigureId::Events);
    assert_eq!((figure.value, figure.count, figure.expected), (Some(1.0), 60, 60));
    let figure = made(&mut with_counts(&[("a", never)]), NOON + 1, FigureId::Events);
    assert_eq!((figure.value, figure.reason), (None, FigureReason::Never));
    let figure = made(&mut Figures::default(), NOON, FigureId::Events);
    assert_eq!((figure.value, figure.reason), (None, FigureReason::Nothing));
}

#[test]
fn severe_events_of_a_day_are_as_urgent_as_the_worst_and_a_calm_day_must_have_been_heard() {
    let day = |bad: &[(i64, f64, f64)], whole: u32| {
        let hours = (1..=24).rev().map(|ago| {
            let found = bad.iter().find(|(of, ..)| *of == ago);
            let (severe, critical) = found.map_or((0.0, 0.0), |(_, severe, critical)| (*severe, *critical));
            (ago, 9.0, severe, critical, whole)
        });
        with_counts(&[("ids-a", counting(true, NOON, &hours.collect::<Vec<_>>()))])
    };
    let figure = made(&mut day(&[(25, 4.0, 4.0), (24, 2.0, 0.0), (1, 3.0, 1.0)], 60), NOON, FigureId::Severe);
    assert_eq!((figure.value, figure.verdict), (Some(5.0), FigureVerdict::Missed), "of 24 hours");
    assert_eq!((figure.priority, figure.count, figure.expected), (Some(Priority::Critical), 1440, 1440));
    let parts: Vec<(&str, u64)> = figure.parts.iter().map(|(word, count)| (word.as_str(), *count)).collect();
    assert_eq!(parts, [("critical", 1), ("high", 4)]);
    let opens: Vec<_> = figure.inputs.iter().map(|it| (NOON - it.start.0, it.value)).collect();
    assert_eq!(opens, [(HOUR, Some(3.0)), (24 * HOUR, Some(2.0))]);
    let figure = made(&mut day(&[(2, 1.0, 0.0)], 10), NOON, FigureId::Severe);
    assert_eq!((figure.verdict, figure.priority), (FigureVerdict::Missed, Some(Priority::High)));
    for (whole, verdict) in
        [(60, FigureVerdict::Kept), (45, FigureVerdict::Near), (44, FigureVerdict::Withheld)]
    {
        let figure = made(&mut day(&[], whole), NOON, FigureId::Severe);
        assert_eq!((figure.value, figure.verdict, figure.priority), (Some(0.0), verdict, None), "{whole}");
    }
}

#[test]
fn open_security_alerts_are_those_of_log_sources_addresses_and_users() {
    let mut figures = with_alerts(vec![alert("air", Priority::Critical, true, false)]);
    let source = ioc_testing::log_source("ids-a");
    let log_sources = [(source.id.clone(), source)].into();
    let pack = Pack { log_sources, ..Pack::default() };
    let of = |figures: &mut Figures| {
        let figure = made_with(figures, NOON, &pack, FigureId::SecurityAlerts);
        (figure.value, figure.verdict, figure.priority)
    };
    assert_eq!(of(&mut figures), (Some(0.0), FigureVerdict::Kept, None), "a station's is none");
    let open = alert("scan", Priority::High, true, false);
    figures.suspect(Suspected { subject: "203.0.113.5".into(), rule: "scan".into(), open: Some(open) });
    assert_eq!(of(&mut figures), (Some(1.0), FigureVerdict::Missed, Some(Priority::High)));
    let said = SubjectStatement {
        subject: "ids-a".into(),
        operating: None,
        alerts: vec![alert("blind", Priority::Medium, true, true)],
        log_source: Some(StationStanding::Error),
        counted: None,
    };
    figures.hear(said);
    assert_eq!(of(&mut figures), (Some(2.0), FigureVerdict::Missed, Some(Priority::High)));
    let figure = made(&mut Figures::default(), NOON, FigureId::SecurityAlerts);
    assert_eq!((figure.value, figure.reason), (None, FigureReason::Nothing));
}

/// What happened to the alert of that number, so many minutes behind NOON.
fn step(number: u32, change: AlertChange, active: bool, minutes: i64, user: &str) -> AlertStep {
    let result = AlertResult {
        key: AlertKey { rule: "scan".into(), subject: "203.0.113.5".into(), number },
        about: AlertAbout::Address,
        change,
        priority: Priority::High,
        active,
        acknowledged: false,
        occurrences: 1,
        at: Now(NOON + minutes * 60_000),
        evidence: None,
        user: user.into(),
        note: Box::default(),
        seq: 0,
    };
    let of_station = AlertResult { about: AlertAbout::Station, ..result.clone() };
    assert_eq!(AlertStep::of(&of_station), None);
    AlertStep::of(&result).unwrap()
}

#[test]
fn silent_how_long_alerts_take_is_the_median_of_those_that_ended_and_open_ones_stand_beside_it() {
    use AlertChange::{Acknowledged, Cleared, Raised, Recurred};
    let mut figures = Figures::default();
    let at = |figures: &mut Figures, minutes: i64| {
        [FigureId::TimeToAcknowledge, FigureId::TimeToClear].map(|id| {
            let figure = made(figures, NOON + minutes * 60_000, id);
            let open = figure.of.unwrap_or_default();
            (figure.value.map(|millis| millis / 60_000.0), open, figure.verdict)
        })
    };
    let (kept, near, withheld) = (FigureVerdict::Kept, FigureVerdict::Near, FigureVerdict::Withheld);
    assert_eq!(at(&mut figures, 0), [(None, 0.0, withheld); 2]);
    figures.step(step(1, Raised, true, 0, ""));
    assert_eq!(at(&mut figures, 1), [(None, 1.0, near); 2], "an open one is not a fast one");
    figures.step(step(1, Acknowledged, true, 10, "an"));
    assert_eq!(at(&mut figures, 10), [(Some(10.0), 0.0, kept), (None, 1.0, near)]);
    figures.step(step(1, Cleared, false, 30, ""));
    figures.step(step(2, Raised, true, 40, ""));
    assert_eq!(at(&mut figures, 45), [(Some(10.0), 1.0, kept), (Some(30.0), 1.0, kept)]);
    assert_eq!(at(&mut figures, 51), [(Some(10.0), 1.0, near), (Some(30.0), 1.0, kept)], "it waits longer");
    // It was not over: its time goes on from where it was raised.
    figures.step(step(2, Cleared, false, 50, ""));
    figures.step(step(2, Recurred, true, 60, ""));
    assert_eq!(at(&mut figures, 60)[1], (Some(30.0), 1.0, kept));
    figures.step(step(2, Cleared, false, 140, ""));
    figures.step(step(2, Acknowledged, false, 160, "an"));
    assert_eq!(at(&mut figures, 160), [(Some(65.0), 0.0, kept), (Some(65.0), 0.0, kept)]);
    // What was over when it was raised was not waited for; what nobody took on, nobody took on.
    figures.step(step(3, Raised, false, 200, ""));
    figures.step(step(3, Acknowledged, false, 200, "ioc"));
    assert_eq!(at(&mut figures, 200), [(Some(65.0), 0.0, kept), (Some(65.0), 0.0, kept)]);
    // One that was raised before anything was kept tells nothing.
    figures.step(step(9, Cleared, false, 210, ""));
    assert_eq!(at(&mut figures, 210)[1], (Some(65.0), 0.0, kept));
    let figure = made(&mut figures, NOON + 210 * 60_000, FigureId::TimeToAcknowledge);
    let opens: Vec<_> = figure.inputs.iter().map(|it| (it.kind, it.number, it.value)).collect();
    let minutes = |minutes: f64| Some(minutes * 60_000.0);
    assert_eq!(opens, [(InputKind::Alert, 2, minutes(120.0)), (InputKind::Alert, 1, minutes(10.0))]);

    let bytes = figures.record().unwrap();
    let mut loaded = Figures::load(VERSION, &bytes).unwrap();
    assert_eq!(at(&mut loaded, 220), at(&mut figures, 220));
    let days = 31 * 24 * 60;
    assert_eq!(at(&mut figures, days), [(None, 0.0, withheld); 2], "what is a month ago counts no more");
}
