//! Each figure by numbers worked out by hand.

use ioc_model::{
    contract::Contract,
    figure::InputKind,
    index::{IndexId, NoIndex},
    pack::{Feed, Pack},
    rule::Priority,
    time::ReceivedAt,
};

use super::*;
use crate::checkpoint::VERSION;
use crate::derive::statement::{DayMean, HourIndex, HourOver, JudgedHour, SeriesHours};

mod security;

const HOUR: i64 = 3_600_000;
/// A round hour.
const NOON: i64 = 1_730_000 * 1_000_000 / HOUR * HOUR;

fn station() -> Operating {
    Operating {
        standing: StationStanding::Good,
        missing: 0,
        slowest: Millis::minutes(5),
        has_aqi: true,
        aqi: None,
        has_pm25: true,
        pm25: None,
        series: Vec::new(),
        judged: Vec::new(),
        over: Vec::new(),
    }
}

fn heard(stations: impl IntoIterator<Item = (&'static str, Operating)>) -> Figures {
    let mut figures = Figures::default();
    for (subject, operating) in stations {
        figures.hear(SubjectStatement {
            subject: subject.into(),
            operating: Some(operating),
            alerts: Vec::new(),
            log_source: None,
            counted: None,
        });
    }
    figures
}

/// What is made of it at that moment.
fn made(figures: &mut Figures, now: i64, id: FigureId) -> FigureResult {
    made_with(figures, now, &Pack::default(), id)
}

fn made_with(figures: &mut Figures, now: i64, pack: &Pack, id: FigureId) -> FigureResult {
    figures.kept.minute = None;
    let all = figures.work_out(Now(now), pack, false);
    assert_eq!(all.iter().map(|made| made.figure).collect::<Vec<_>>(), FigureId::ALL);
    all.into_iter().find(|made| made.figure == id).unwrap()
}

fn aqi(start: i64, value: Result<f64, NoIndex>) -> Operating {
    let bands = IndexId::VnAqi.categories();
    let band = |value: f64| bands.iter().position(|band| value <= f64::from(band.to)).unwrap() as u8;
    let category = value.ok().map(band);
    let dominant = value.ok().map(|_| Name::from("pm25"));
    Operating { aqi: Some(HourIndex { start: EventTime(start), value, category, dominant }), ..station() }
}

#[test]
fn the_highest_aqi_decides_and_a_hundred_is_still_kept_but_near() {
    let start = NOON - HOUR;
    for (value, verdict, priority) in [
        (90.0, FigureVerdict::Kept, None),
        (91.0, FigureVerdict::Near, None),
        (100.0, FigureVerdict::Near, None),
        (101.0, FigureVerdict::Missed, Some(Priority::Medium)),
        (151.0, FigureVerdict::Missed, Some(Priority::High)),
        (500.0, FigureVerdict::Missed, Some(Priority::Critical)),
    ] {
        let mut figures = heard([("A", aqi(start, Ok(40.0))), ("B", aqi(start, Ok(value)))]);
        let figure = made(&mut figures, NOON, FigureId::Aqi);
        assert_eq!((figure.value, figure.verdict, figure.priority), (Some(value), verdict, priority));
        assert_eq!((figure.target, figure.count, figure.expected), (Some(100.0), 2, 2));
        let opens = &figure.inputs[0];
        assert_eq!((opens.kind, &*opens.subject, opens.start.0), (InputKind::Index, "B", start));
        assert_eq!((figure.start.0, figure.end.0), (start, NOON));
    }
}

#[test]
fn of_two_stations_with_the_same_aqi_the_first_by_name_decides() {
    let mut figures = heard([("B", aqi(NOON - HOUR, Ok(80.0))), ("A", aqi(NOON - HOUR, Ok(80.0)))]);
    assert_eq!(&*made(&mut figures, NOON, FigureId::Aqi).inputs[0].subject, "A");
}

#[test]
fn silent_an_aqi_gets_late_and_stale_with_the_clock_alone_and_is_judged_no_longer() {
    // An hour, and five minutes that the slowest indicator may take.
    let allowed = HOUR + 300_000;
    let cases = [
        (NOON + allowed, Freshness::Fresh, FigureVerdict::Missed),
        (NOON + allowed + 1, Freshness::Late, FigureVerdict::Missed),
        (NOON + 2 * allowed, Freshness::Late, FigureVerdict::Missed),
        (NOON + 2 * allowed + 1, Freshness::Stale, FigureVerdict::Withheld),
    ];
    for (now, freshness, verdict) in cases {
        let mut figures = heard([("A", aqi(NOON - HOUR, Ok(160.0)))]);
        let figure = made(&mut figures, now, FigureId::Aqi);
        assert_eq!((figure.freshness, figure.verdict), (freshness, verdict));
        assert_eq!(figure.value, Some(160.0), "its number stays");
        assert_eq!(figure.late_from.unwrap().0, NOON + allowed + 1);
        assert_eq!(figure.stale_from.unwrap().0, NOON + 2 * allowed + 1);
    }
    // A fresh one decides, however high the stale one is.
    let mut figures = heard([("A", aqi(NOON - 9 * HOUR, Ok(300.0))), ("B", aqi(NOON - HOUR, Ok(20.0)))]);
    let figure = made(&mut figures, NOON, FigureId::Aqi);
    assert_eq!((figure.value, figure.verdict), (Some(20.0), FigureVerdict::Kept));
    assert_eq!((figure.count, figure.expected), (1, 2));
}

#[test]
fn an_aqi_that_could_not_be_worked_out_is_no_calm_air() {
    let mut figures = heard([("A", aqi(NOON - HOUR, Err(NoIndex::NoParticulates)))]);
    let figure = made(&mut figures, NOON, FigureId::Aqi);
    assert_eq!((figure.value, figure.verdict), (None, FigureVerdict::Withheld));
    assert_eq!((figure.reason, figure.freshness), (FigureReason::NoParticulates, Freshness::Missing));
    let figure = made(&mut heard([("A", station())]), NOON, FigureId::Aqi);
    assert_eq!(
        (figure.reason, figure.freshness, figure.expected),
        (FigureReason::Never, Freshness::Never, 1)
    );
    let figure = made(&mut Figures::default(), NOON, FigureId::Aqi);
    assert_eq!((figure.reason, figure.expected), (FigureReason::Nothing, 0));
}

fn day(mean: f64, is_enough: bool) -> Operating {
    let pm25 = DayMean {
        limit: Name::from("pm25-day"),
        start: EventTime(NOON - 24 * HOUR),
        end: EventTime(NOON),
        mean: Some(mean),
        is_enough,
        high: 45.0,
        is_kept: !ioc_model::bound::is_above(mean, 45.0),
    };
    Operating { pm25: Some(pm25), ..station() }
}

#[test]
fn a_day_of_pm25_at_its_limit_keeps_it_however_the_double_came_out() {
    for (mean, verdict) in [
        (40.5, FigureVerdict::Kept),
        (40.6, FigureVerdict::Near),
        (45.0, FigureVerdict::Near),
        (45.000_000_000_000_01, FigureVerdict::Near),
        (45.01, FigureVerdict::Missed),
    ] {
        let figure = made(&mut heard([("A", day(12.0, true)), ("B", day(mean, true))]), NOON, FigureId::Pm25);
        assert_eq!((figure.value, figure.verdict), (Some(mean), verdict), "{mean}");
        assert_eq!((figure.target, figure.count, figure.expected), (Some(45.0), 2, 2));
        assert_eq!((figure.inputs[0].kind, &*figure.inputs[0].measure), (InputKind::Assessment, "pm25-day"));
    }
}

#[test]
fn silent_a_day_with_too_few_points_is_never_on_target() {
    let figure = made(&mut heard([("A", day(12.0, false))]), NOON, FigureId::Pm25);
    assert_eq!((figure.value, figure.verdict), (Some(12.0), FigureVerdict::Withheld));
    assert_eq!((figure.reason, figure.count, figure.expected), (FigureReason::Insufficient, 0, 1));
    // Nor over it: another one that can be judged decides.
    let figure = made(&mut heard([("A", day(99.0, false)), ("B", day(20.0, true))]), NOON, FigureId::Pm25);
    assert_eq!((figure.value, figure.verdict), (Some(20.0), FigureVerdict::Kept));
}

#[test]
fn silent_a_day_of_pm25_is_stale_two_days_behind_its_end() {
    let allowed = 24 * HOUR + 300_000;
    let figure = made(&mut heard([("A", day(12.0, true))]), NOON + 2 * allowed + 1, FigureId::Pm25);
    assert_eq!((figure.verdict, figure.freshness), (FigureVerdict::Withheld, Freshness::Stale));
}

fn alert(rule: &str, priority: Priority, active: bool, acknowledged: bool) -> OpenAlert {
    OpenAlert { rule: rule.into(), number: 1, priority, active, acknowledged }
}

fn with_alerts(alerts: Vec<OpenAlert>) -> Figures {
    let mut figures = Figures::default();
    figures.hear(SubjectStatement {
        subject: "A".into(),
        operating: None,
        alerts,
        log_source: None,
        counted: None,
    });
    figures
}

#[test]
fn alerts_count_while_they_are_open_and_urge_while_they_are_active_and_nobody_took_them() {
    let taken = alert("taken", Priority::Critical, true, true);
    let cleared = alert("cleared", Priority::High, false, false);
    let urging = alert("urging", Priority::Low, true, false);
    let figure = made(&mut with_alerts(vec![taken, cleared, urging]), NOON, FigureId::Alerts);
    assert_eq!((figure.value, figure.of, figure.verdict), (Some(3.0), Some(2.0), FigureVerdict::Missed));
    assert_eq!(figure.priority, Some(Priority::Low));
    let order: Vec<&str> = figure.inputs.iter().map(|input| &*input.measure).collect();
    assert_eq!(order, ["urging", "cleared", "taken"]);
    let parts: Vec<(&str, u64)> = figure.parts.iter().map(|(word, count)| (word.as_str(), *count)).collect();
    assert_eq!(parts, [("critical", 1), ("high", 1), ("low", 1)]);

    let figure = made(&mut with_alerts(vec![taken]), NOON, FigureId::Alerts);
    assert_eq!((figure.verdict, figure.reason), (FigureVerdict::Near, FigureReason::Taken));
    let mut none = with_alerts(vec![taken]);
    none.hear(SubjectStatement {
        subject: "A".into(),
        operating: None,
        alerts: Vec::new(),
        log_source: None,
        counted: None,
    });
    let figure = made(&mut none, NOON, FigureId::Alerts);
    assert_eq!((figure.value, figure.verdict), (Some(0.0), FigureVerdict::Kept));
}

#[test]
fn silent_a_station_that_is_gone_misses_the_figure_and_one_that_never_came_does_not_make_it_whole() {
    let standing = |standing| Operating { standing, ..station() };
    let stations = |all: &[StationStanding]| {
        let names = ["A", "B", "C", "D"];
        let mut figures = heard(names.into_iter().zip(all.iter().map(|one| standing(*one))));
        made(&mut figures, NOON, FigureId::Stations)
    };
    use StationStanding::{Error, Good, Late, Never, Partial, Silent};
    for (all, sending, verdict, reason) in [
        (&[Good, Good][..], 2.0, FigureVerdict::Kept, FigureReason::OnTarget),
        (&[Good, Late], 2.0, FigureVerdict::Kept, FigureReason::OnTarget),
        (&[Good, Partial], 2.0, FigureVerdict::Near, FigureReason::NotAll),
        (&[Good, Error], 2.0, FigureVerdict::Near, FigureReason::NotAll),
        (&[Good, Never], 1.0, FigureVerdict::Near, FigureReason::NotAll),
        (&[Good, Silent, Never], 1.0, FigureVerdict::Missed, FigureReason::Silent),
        (&[Never, Never], 0.0, FigureVerdict::Withheld, FigureReason::Never),
    ] {
        let figure = stations(all);
        let of = all.len() as f64;
        assert_eq!((figure.value, figure.of, figure.target), (Some(sending), Some(of), Some(of)));
        assert_eq!((figure.verdict, figure.reason), (verdict, reason), "{all:?}");
    }
    let figure = stations(&[Good, Never, Silent, Partial]);
    let order: Vec<&str> = figure.inputs.iter().map(|input| &*input.word).collect();
    assert_eq!(order, ["silent", "partial", "never"]);
}

/// Two hours of an indicator, and what became of their means.
fn hours(good: [u32; 2], over: bool) -> Operating {
    let start = |ago: i64| EventTime(NOON - ago * HOUR);
    let is_judged = |good: u32| u32::from(f64::from(good) >= 0.75 * 12.0);
    let judged = (0..2).map(|at| JudgedHour {
        start: start(2 - at),
        limited: 1,
        judged: is_judged(good[at as usize]),
    });
    let hour = HourOver { start: start(1), indicator: "no2".into(), limit: "no2-hour".into(), mean: 201.0 };
    let hours = vec![(start(2), good[0], 12), (start(1), good[1], 12)];
    Operating {
        series: vec![SeriesHours { indicator: "no2".into(), hours }],
        judged: judged.collect(),
        over: over.then_some(hour).into_iter().collect(),
        ..station()
    }
}

#[test]
fn an_hour_over_any_limit_counts_once_a_station() {
    let mut two = hours([12, 12], true);
    two.over.push(HourOver { indicator: "so2".into(), ..two.over[0].clone() });
    let figure = made(&mut heard([("A", two), ("B", hours([12, 12], true))]), NOON, FigureId::Exceeded);
    assert_eq!((figure.value, figure.verdict), (Some(2.0), FigureVerdict::Missed));
    assert_eq!((figure.count, figure.expected, figure.inputs.len()), (4, 4, 3));
    assert_eq!((figure.inputs[0].kind, figure.inputs[0].value), (InputKind::Window, Some(201.0)));
    assert_eq!((figure.start.0, figure.end.0), (NOON - 24 * HOUR, NOON));
    let verdicts = [FigureVerdict::Withheld, FigureVerdict::Kept, FigureVerdict::Missed];
    assert_eq!(
        last_hours(&figure),
        [None, Some(0.0), Some(2.0)].into_iter().zip(verdicts).collect::<Vec<_>>()[..]
    );
}

/// The last three of its hours.
fn last_hours(figure: &FigureResult) -> [(Option<f64>, FigureVerdict); 3] {
    let starts: Vec<i64> = figure.hours.iter().map(|hour| hour.start.0).collect();
    assert_eq!(starts, (1..=24).rev().map(|ago| NOON - ago * HOUR).collect::<Vec<_>>());
    let told: Vec<_> = figure.hours.iter().map(|hour| (hour.value, hour.verdict)).collect();
    *told.last_chunk().unwrap()
}

#[test]
fn hours_are_judged_as_their_figure_is_and_one_that_lacks_too_much_keeps_nothing() {
    use FigureVerdict::{Kept, Missed, Near, Withheld};
    // Two means could be judged in the first hour, one of two in the second.
    let stations = [("A", hours([9, 9], false)), ("B", hours([12, 6], false))];
    let mut figures = heard(stations);
    let figure = made(&mut figures, NOON, FigureId::Exceeded);
    assert_eq!(last_hours(&figure), [(None, Withheld), (Some(0.0), Kept), (Some(0.0), Withheld)]);
    let figure = made(&mut figures, NOON, FigureId::Completeness);
    let percent = |good: f64| Some(100.0 * good / 24.0);
    assert_eq!(last_hours(&figure), [(None, Withheld), (percent(21.0), Near), (percent(15.0), Missed)]);
    assert_eq!(figure.value, Some(75.0), "of both hours");
}

#[test]
fn of_what_a_figure_was_made_of_the_first_are_kept_and_all_are_counted() {
    let names: Vec<String> = (0..40).map(|number| format!("S{number:02}")).collect();
    let mut figures = Figures::default();
    for name in &names {
        let operating = Some(Operating { standing: StationStanding::Silent, ..hours([6, 6], true) });
        let alerts = vec![alert("rule", Priority::High, true, false)];
        figures.hear(SubjectStatement {
            subject: Name::new(name),
            operating,
            alerts,
            log_source: None,
            counted: None,
        });
    }
    for (id, all) in [
        (FigureId::Alerts, 40),
        (FigureId::Stations, 40),
        (FigureId::Exceeded, 40),
        (FigureId::Completeness, 40),
        (FigureId::Balance, 0),
    ] {
        let figure = made(&mut figures, NOON, id);
        let kept = if all == 0 { 0 } else { INPUTS_KEPT };
        assert_eq!((figure.inputs_all, figure.inputs.len()), (all, kept), "{id:?}");
    }
}

#[test]
fn silent_hours_that_could_not_be_judged_keep_no_limit() {
    // Six of twelve good points are no hour, nine are.
    let figure = made(&mut heard([("A", hours([6, 6], false))]), NOON, FigureId::Exceeded);
    assert_eq!((figure.value, figure.verdict), (None, FigureVerdict::Withheld));
    assert_eq!((figure.reason, figure.freshness), (FigureReason::Insufficient, Freshness::Missing));
    let figure = made(&mut heard([("A", hours([9, 6], false))]), NOON, FigureId::Exceeded);
    assert_eq!(
        (figure.value, figure.verdict),
        (Some(0.0), FigureVerdict::Withheld),
        "half of them is too few"
    );
    let figure = made(&mut heard([("A", hours([9, 9], false))]), NOON, FigureId::Exceeded);
    assert_eq!((figure.value, figure.verdict), (Some(0.0), FigureVerdict::Kept));
    // One over it is over it, whatever could not be judged.
    let figure = made(&mut heard([("A", hours([6, 9], true))]), NOON, FigureId::Exceeded);
    assert_eq!((figure.value, figure.verdict), (Some(1.0), FigureVerdict::Missed));
}

#[test]
fn silent_the_last_day_moves_on_when_nothing_closes_any_more() {
    let mut figures = heard([("A", hours([12, 12], true))]);
    let day = 24 * HOUR;
    // The hour that was over starts at NOON − 1 h; an hour behind now may be open.
    let figure = made(&mut figures, NOON + day - HOUR, FigureId::Exceeded);
    assert_eq!((figure.value, figure.end.0), (Some(1.0), NOON + day - 2 * HOUR));
    let figure = made(&mut figures, NOON + day + HOUR, FigureId::Exceeded);
    assert_eq!((figure.value, figure.verdict), (None, FigureVerdict::Withheld));
}

#[test]
fn completeness_counts_good_points_and_no_hour_makes_up_for_another() {
    for (good, value, verdict) in [
        ([9, 9], 75.0, FigureVerdict::Near),
        ([8, 9], 1_700.0 / 24.0, FigureVerdict::Missed),
        ([12, 10], 2_200.0 / 24.0, FigureVerdict::Kept),
        // Twice as many in one hour are twelve all the same.
        ([24, 4], 1_600.0 / 24.0, FigureVerdict::Missed),
    ] {
        let figure = made(&mut heard([("A", hours(good, false))]), NOON, FigureId::Completeness);
        assert_eq!((figure.value, figure.verdict), (Some(value), verdict), "{good:?}");
        assert_eq!((figure.expected, figure.target), (24, Some(75.0)));
        assert_eq!((figure.inputs[0].kind, &*figure.inputs[0].measure), (InputKind::Series, "no2"));
    }
    for (good, shortest) in [([9, 4], 1), ([4, 9], 0), ([6, 6], 1), ([24, 11], 1)] {
        let station = hours(good, false);
        let hour_at = station.series[0].hours[shortest].0;
        let figure = made(&mut heard([("A", station)]), NOON, FigureId::Completeness);
        assert_eq!(figure.inputs[0].start, hour_at, "it opens to the hour that lacks most: {good:?}");
    }
    let figure = made(&mut Figures::default(), NOON, FigureId::Completeness);
    assert_eq!((figure.value, figure.verdict), (None, FigureVerdict::Withheld));
}

fn feeds(promises: &[(&str, i64)]) -> Pack {
    let feed = |(id, minutes): &(&str, i64)| {
        let contract = Contract { lateness: Millis(0), ..Contract::default() };
        Feed { silent_after: Millis::minutes(*minutes), ..ioc_testing::feed(id, contract) }
    };
    ioc_testing::pack("test", Vec::new(), Vec::new(), promises.iter().map(feed).collect())
}

#[test]
fn the_slowest_feed_is_the_one_with_the_largest_share_of_its_promise() {
    let pack = feeds(&[("day", 1_440), ("quick", 10), ("unheard", 10)]);
    let ago = |minutes: i64| Counts {
        received: 1,
        undecodable: 1,
        last_received: Some(ReceivedAt(NOON - minutes * 60_000)),
        ..Counts::default()
    };
    for (quick, slowest, verdict) in [
        (5, "quick", FigureVerdict::Kept),
        (10, "quick", FigureVerdict::Near),
        (11, "quick", FigureVerdict::Missed),
        (0, "day", FigureVerdict::Kept),
    ] {
        let mut figures = Figures::default();
        figures.count("day".into(), &ago(60));
        figures.count("quick".into(), &ago(quick));
        let figure = made_with(&mut figures, NOON, &pack, FigureId::Slowest);
        assert_eq!((&*figure.inputs[0].subject, figure.verdict), (slowest, verdict), "{quick}");
        assert_eq!((figure.count, figure.expected), (2, 3));
        let minutes = if slowest == "day" { 60.0 } else { quick as f64 };
        assert_eq!(figure.value, Some(minutes * 60_000.0));
    }
    let figure = made_with(&mut Figures::default(), NOON, &pack, FigureId::Slowest);
    assert_eq!((figure.verdict, figure.reason), (FigureVerdict::Withheld, FigureReason::Never));
}

#[test]
fn balance_what_is_nowhere_is_critical_and_of_nothing_nobody_says_that_it_balances() {
    let balanced = Counts {
        received: 3,
        decoded: 2,
        undecodable: 1,
        rows: 5,
        stored: 4,
        rejected: 1,
        ..Counts::default()
    };
    let mut figures = Figures::default();
    let figure = made(&mut figures, NOON, FigureId::Balance);
    assert_eq!((figure.value, figure.verdict), (Some(0.0), FigureVerdict::Withheld));
    figures.count("air".into(), &balanced);
    let figure = made(&mut figures, NOON, FigureId::Balance);
    assert_eq!((figure.value, figure.verdict, figure.count), (Some(0.0), FigureVerdict::Kept, 3));
    figures.count("air".into(), &Counts { received: 2, decoded: 1, rows: 4, stored: 3, ..Counts::default() });
    let figure = made(&mut figures, NOON, FigureId::Balance);
    assert_eq!((figure.value, figure.verdict), (Some(2.0), FigureVerdict::Missed));
    assert_eq!(figure.priority, Some(Priority::Critical));
    assert_eq!(&*figure.inputs[0].subject, "air");
}

#[test]
fn silent_log_sources_that_may_not_be_silent_are_heard_silent_or_blind() {
    use StationStanding::{Error, Good, Never, Silent};
    let say = |figures: &mut Figures, name: &str, log_source| {
        figures.hear(SubjectStatement {
            subject: name.into(),
            operating: None,
            alerts: Vec::new(),
            log_source,
            counted: None,
        });
    };
    let mut figures = Figures::default();
    let of = |figures: &Figures| {
        let figure = duty::log_sources(Now(0), &figures.log_sources);
        (figure.value, figure.of, figure.verdict, figure.reason)
    };
    let (kept, near) = (FigureVerdict::Kept, FigureVerdict::Near);
    assert_eq!(of(&figures), (None, None, FigureVerdict::Withheld, FigureReason::Nothing));
    say(&mut figures, "ids-a", Some(Never));
    assert_eq!(of(&figures), (Some(0.0), Some(1.0), FigureVerdict::Withheld, FigureReason::Never));
    say(&mut figures, "ids-a", Some(Good));
    say(&mut figures, "srv-a", None);
    assert_eq!(of(&figures), (Some(1.0), Some(1.0), kept, FigureReason::OnTarget));
    say(&mut figures, "fw-a", Some(Error));
    assert_eq!(of(&figures), (Some(2.0), Some(2.0), near, FigureReason::NotAll), "heard, and blind");
    say(&mut figures, "ids-a", Some(Silent));
    assert_eq!(of(&figures), (Some(1.0), Some(2.0), FigureVerdict::Missed, FigureReason::Silent));
}

#[test]
fn all_of_them_come_once_a_minute_and_an_alert_at_once() {
    let pack = Pack::default();
    let mut figures = Figures::default();
    let made = |figures: &mut Figures, now: i64, urgent: bool| -> Vec<FigureId> {
        figures.work_out(Now(now), &pack, urgent).iter().map(|made| made.figure).collect()
    };
    assert_eq!(made(&mut figures, NOON, false), FigureId::ALL);
    assert!(made(&mut figures, NOON + 59_999, false).is_empty());
    let raised = alert("rule", Priority::High, true, false);
    figures.hear(SubjectStatement {
        subject: "A".into(),
        operating: None,
        alerts: vec![raised],
        log_source: None,
        counted: None,
    });
    assert_eq!(made(&mut figures, NOON + 59_999, true), [FigureId::Alerts]);
    assert!(made(&mut figures, NOON + 59_999, true).is_empty(), "what is the same is not said again");
    assert_eq!(made(&mut figures, NOON + 60_000, false), FigureId::ALL);
}

#[test]
fn replay_figures_go_on_behind_a_checkpoint_as_if_nothing_had_happened() {
    let pack = Pack::default();
    let mut figures = Figures::default();
    let raised = vec![alert("rule", Priority::High, true, false)];
    let said = SubjectStatement {
        subject: "A".into(),
        operating: Some(hours([12, 9], true)),
        alerts: raised,
        log_source: None,
        counted: None,
    };
    figures.hear(said.clone());
    figures.count("air".into(), &Counts { received: 2, decoded: 1, ..Counts::default() });
    let _ = figures.work_out(Now(NOON), &pack, true);
    let mut loaded = Figures::load(VERSION, &figures.record().unwrap()).unwrap();
    loaded.hear(said);
    for (now, urgent) in [(NOON + 1, true), (NOON + 60_000, false), (NOON + 60_001, true)] {
        assert_eq!(loaded.work_out(Now(now), &pack, urgent), figures.work_out(Now(now), &pack, urgent));
    }
    assert_eq!(loaded.record().unwrap(), figures.record().unwrap());
    assert_eq!(Figures::load(VERSION, &[]).unwrap().record().unwrap(), Figures::default().record().unwrap());
}

#[test]
fn replay_what_an_earlier_version_kept_of_figures_goes_on_without_what_it_said_last() {
    let mut figures = Figures::default();
    figures.count("air".into(), &Counts { received: 2, decoded: 1, ..Counts::default() });
    let _ = figures.work_out(Now(NOON), &Pack::default(), false);
    let Kept { since, minute, feeds, .. } = &figures.kept;
    // No datagrams were counted, and behind the feeds stood figures without hours.
    let before = |it: &Counts| {
        let Counts { received, decoded, empty, undecodable, rows, stored, duplicate, rejected, .. } = *it;
        let came = [received, decoded, empty, undecodable, rows, stored, duplicate, rejected];
        (came, [it.waiting, it.held], it.last_received)
    };
    let kept: BTreeMap<Name, _> = feeds.iter().map(|(feed, counts)| (*feed, before(counts))).collect();
    let mut earlier = postcard::to_stdvec(&(since, minute, kept)).unwrap();
    earlier.extend([1, 2, 0]);
    let mut loaded = Figures::load(BEFORE_HOURS, &earlier).unwrap();
    assert!(loaded.kept.last.is_empty());
    assert!(loaded.work_out(Now(NOON + 1), &Pack::default(), false).is_empty(), "its minute has figures");
    assert_eq!(loaded.kept.feeds, figures.kept.feeds);
}

#[test]
fn replay_what_version_9_kept_of_figures_goes_on_with_no_record_lost() {
    let mut figures = Figures::default();
    let counted = Counts { received: 2, decoded: 1, datagrams_dropped: 3, ..Counts::default() };
    figures.count("air".into(), &counted);
    let _ = figures.work_out(Now(NOON), &Pack::default(), false);
    let Kept { since, minute, feeds, last, times } = &figures.kept;
    let before = |it: &Counts| {
        let Counts { received, decoded, empty, undecodable, rows, stored, duplicate, rejected, .. } = *it;
        let came = [received, decoded, empty, undecodable, rows, stored, duplicate, rejected];
        (came, [it.waiting, it.held], it.datagrams_dropped, it.last_received)
    };
    let kept: BTreeMap<Name, _> = feeds.iter().map(|(feed, counts)| (*feed, before(counts))).collect();
    let version_9 = postcard::to_stdvec(&(since, minute, kept, last, times)).unwrap();
    let mut loaded = Figures::load(BEFORE_RECORDS, &version_9).unwrap();
    assert_eq!(loaded.record().unwrap(), figures.record().unwrap());
    loaded.count("air".into(), &Counts { records_lost: 40, ..Counts::default() });
    let again = Figures::load(VERSION, &loaded.record().unwrap()).unwrap();
    assert_eq!(again.kept.feeds[&Name::new("air")].records_lost, 40);
}
