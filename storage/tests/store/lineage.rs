//! Three steps from a number to its rows: what is opened adds up to what it was opened from, as of its revision.

use ioc_model::{
    ageing::Ages,
    calendar::DayNumber,
    epoch::{Epoch, Generation, Revision},
    figure::{FigureReason, FigureVerdict, Freshness},
    index::{IndexId, NoIndex},
    limit::Averaging,
    name::Name,
    observation::Quality,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    question::{About, Found, Question},
    reject::RejectReason,
    replay::{OnRecord, ReplayPortion, ReplayScope},
    results::{
        EpochResults, Facts, FigureResult, LimitVerdict, RowStanding, StoredObservation, WindowResult,
    },
    rule::AlertChange,
    status::StationStatus,
    time::{EventTime, Millis, Now, ReceivedAt},
    window::{Aggregate, ClosedBy, Registers, WindowKind},
};

use crate::{askers::ALL, sample, server::TestServer};

const HOUR: i64 = 3_600_000;

fn start() -> EventTime {
    sample::time("2024-11-05T00:00:00Z")
}

fn position(offset: u64) -> Position {
    Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) }
}

/// A row of an envelope, `minute` minutes into the hour.
fn row(minute: i64, value: f64, quality: Quality, offset: u64, standing: RowStanding) -> StoredObservation {
    StoredObservation {
        indicator: Name::from("pm25"),
        subject: Name::from("st"),
        event_time: EventTime(start().0 + minute * 60_000),
        value,
        quality,
        feed: Name::from("air"),
        sender: Name::default(),
        arrival: Arrival {
            received_at: ReceivedAt(start().0 + 1_000 * i64::try_from(offset).unwrap()),
            position: position(offset),
            row: u32::try_from(minute).unwrap(),
        },
        standing,
        last_word: true,
    }
}

fn window(kind: WindowKind, hour: i64, values: &[f64], received: u32) -> WindowResult {
    let mut aggregate = Aggregate::default();
    values.iter().for_each(|value| aggregate.push(*value));
    let start = EventTime(start().0 + hour * HOUR);
    WindowResult {
        indicator: Name::from("pm25"),
        subject: Name::from("st"),
        kind,
        start,
        end: EventTime(start.0 + if kind == WindowKind::Day { 24 * HOUR } else { HOUR }),
        aggregate,
        received,
        expected: 12,
        closed_by: ClosedBy::Watermark,
        spiked: false,
        registers: Registers::default(),
    }
}

fn epoch(number: u64, observations: Vec<StoredObservation>, windows: Vec<WindowResult>) -> EpochResults {
    EpochResults {
        epoch: Epoch(number),
        generation: Generation(0),
        now: Now(start().0 + 1_000 * i64::try_from(number).unwrap()),
        facts: Facts { observations, windows, ..Facts::default() },
        ..EpochResults::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_the_rows_of_a_window_add_up_to_it_as_of_its_revision() {
    use Quality::{Calibrating, Good};
    use RowStanding::{Correction, First, History};
    let server = TestServer::start().await;
    let sink = server.sink();
    let first = vec![
        row(0, 10.0, Good, 1, First),
        row(5, 20.0, Good, 1, First),
        // In calibration: received and current, but not counted.
        row(10, 99.0, Calibrating, 1, First),
        // Corrected later in the same epoch.
        row(15, 70.0, Good, 1, First),
        row(15, 30.0, Good, 2, Correction),
        // The next hour's.
        row(60, 1_000.0, Good, 2, First),
    ];
    sink.write(&epoch(1, first, vec![window(WindowKind::Hour, 0, &[10.0, 20.0, 30.0], 4)]), false)
        .await
        .unwrap();
    let second = vec![
        row(5, 25.0, Good, 3, Correction),
        // A value that was first known before the current one: history.
        row(0, 11.0, Good, 0, History),
        // A redelivered old value whose earlier arrival is now known: it does not come back.
        row(15, 70.0, Good, 0, History),
    ];
    sink.write(&epoch(2, second, vec![window(WindowKind::Hour, 0, &[10.0, 25.0, 30.0], 4)]), false)
        .await
        .unwrap();

    let store = &server.store;
    for (revision, mean, rows_there) in [(Some(1), 20.0, 5), (None, 65.0 / 3.0, 8), (Some(2), 65.0 / 3.0, 8)]
    {
        let window = store
            .window_at(&ALL, "pm25", "st", WindowKind::Hour, start(), revision.map(Revision))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(window.mean, Some(mean));
        let rows = store.window_rows(&ALL, "pm25", "st", &window).await.unwrap();
        assert_eq!(rows.len(), rows_there);
        assert!(rows.iter().all(|row| row.found == rows_there as u64));
        let counted: Vec<f64> = rows.iter().filter(|row| row.counted).map(|row| row.value).collect();
        assert_eq!(counted.len() as u64, window.count, "counted rows are the window's count");
        assert_eq!(counted.iter().sum::<f64>() / counted.len() as f64, mean);
        let current = rows.iter().filter(|row| row.current).count();
        assert_eq!(current, window.received as usize, "current rows are the points received");
        assert!(rows.iter().any(|row| row.standing == Correction && row.counted));
        assert!(rows.iter().any(|row| row.quality == Calibrating && row.current && !row.counted));
        assert!(
            rows.iter().all(|row| row.event_time < EventTime(start().0 + HOUR)),
            "the next hour's row is not of it"
        );
    }
    assert_eq!(
        store.window_at(&ALL, "pm25", "st", WindowKind::Hour, start(), Some(Revision(0))).await.unwrap(),
        None
    );
    assert_eq!(store.window_at(&ALL, "pm25", "st", WindowKind::Day, start(), None).await.unwrap(), None);

    let made = store.envelope_rows(&ALL, position(1)).await.unwrap();
    assert_eq!(made.iter().map(|row| row.row).collect::<Vec<_>>(), [0, 5, 10, 15]);
    assert_eq!((made[2].quality, made[3].standing), (Calibrating, First));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_windows_behind_a_number_are_those_of_its_revision_and_of_committed_epochs() {
    let server = TestServer::start().await;
    let sink = server.sink();
    let hours = (0..3).map(|hour| window(WindowKind::Hour, hour, &[hour as f64], 1)).collect();
    sink.write(&epoch(1, Vec::new(), hours), false).await.unwrap();
    sink.write(&epoch(2, Vec::new(), vec![window(WindowKind::Hour, 1, &[50.0], 1)]), false).await.unwrap();
    sink.write(&epoch(3, Vec::new(), vec![window(WindowKind::Hour, 2, &[60.0], 1)]), false).await.unwrap();
    let _ = server.ask("ALTER TABLE epoch DELETE WHERE epoch = 3 SETTINGS mutations_sync = 1").await;
    let means = async |indicators: &[&str], to: i64, revision: u64| {
        let to = EventTime(start().0 + to * HOUR);
        let kind = WindowKind::Hour;
        let windows = server
            .store
            .windows_at(&ALL, indicators, "st", kind, start(), to, Generation(0), Revision(revision))
            .await;
        windows.unwrap().iter().map(|window| window.mean.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(means(&["pm25"], 3, 1).await, [0.0, 1.0, 2.0]);
    assert_eq!(means(&["pm10", "pm25"], 3, 9).await, [0.0, 50.0, 2.0], "what is not committed is not there");
    assert_eq!(means(&["pm25"], 2, 2).await, [0.0, 50.0]);
    assert!(means(&["it's", "pm25') OR (1=1"], 3, 9).await.is_empty());
    let uncommitted =
        server.store.window_at(&ALL, "pm25", "st", WindowKind::Hour, EventTime(start().0 + 2 * HOUR), None);
    assert_eq!(uncommitted.await.unwrap().unwrap().revision, Revision(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_are_asked_back_as_they_are_and_as_they_were_said_and_none_of_an_uncommitted_epoch() {
    let server = TestServer::start().await;
    let sink = server.sink();
    let said = |number: u64| sample::results(Epoch(number), 1);
    for number in [1, 2, 3] {
        sink.write(&said(number), false).await.unwrap();
    }
    let _ = server.ask("ALTER TABLE epoch DELETE WHERE epoch = 3 SETTINGS mutations_sync = 1").await;
    let of_epoch = |number: u64| -> Vec<_> {
        said(number).facts.figures.into_iter().map(|figure| (Epoch(number), figure)).collect()
    };
    let read = |rows: Vec<ioc_storage::queries::FigureRow>| -> Vec<_> {
        rows.iter().map(|row| row.said()).collect()
    };
    let store = &server.store;
    assert_eq!(read(store.figures(&ALL).await.unwrap()), of_epoch(2), "every column of it");
    let at = |number: u64| said(number).now;
    assert_eq!(read(store.figures_known_at(&ALL, at(1)).await.unwrap()), of_epoch(1));
    assert_eq!(read(store.figures_known_at(&ALL, Now(at(2).0 - 1)).await.unwrap()), of_epoch(1));
    assert_eq!(read(store.figures_known_at(&ALL, at(3)).await.unwrap()), of_epoch(2));
    assert!(store.figures_known_at(&ALL, Now(at(1).0 - 1)).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_an_hour_that_was_revised_after_a_figure_opens_as_of_the_figure_to_what_the_figure_was_made_of()
{
    let server = TestServer::start().await;
    let sink = server.sink();
    let mean = |epoch: u64| (epoch == 2).then_some(47.0);
    for number in [1, 2] {
        let mut said = sample::results(Epoch(number), 1);
        for judged in &mut said.facts.assessments {
            judged.value = mean(number).or(judged.value);
        }
        sink.write(&said, false).await.unwrap();
    }
    let store = &server.store;
    let figures = store.figures_known_at(&ALL, sample::results(Epoch(1), 1).now).await.unwrap();
    let (said_in, aqi) = figures[0].said();
    let (revision, input) = (Some(Revision::from(said_in)), &aqi.inputs[0]);
    let index = async |revision: Option<Revision>| {
        let index = IndexId::from_word(&input.measure).unwrap();
        let row = store.index(&ALL, index, &input.subject, WindowKind::Hour, start(), revision).await;
        row.unwrap().map(|row| (row.value, row.revision))
    };
    assert_eq!(index(revision).await, Some((input.value, Revision(1))), "as the figure has it");
    assert_eq!(index(None).await, Some((Some(102.0), Revision(2))));
    assert_eq!(index(Some(Revision(0))).await, None, "it was not computed yet");

    let day = async |revision: Option<Revision>| {
        let days = store.assessments(&ALL, "station-0", Averaging::Day, start(), revision).await.unwrap();
        days.iter().map(|day| (day.value, day.revision)).collect::<Vec<_>>()
    };
    let first = sample::results(Epoch(1), 1).facts.assessments;
    let first = first.iter().find(|judged| judged.averaging == Averaging::Day).unwrap().value;
    assert_ne!(first, mean(2));
    assert_eq!(day(revision).await, [(first, Revision(1))]);
    assert_eq!(day(None).await, [(mean(2), Revision(2))]);
    assert!(day(Some(Revision(0))).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_a_figure_of_a_moment_in_which_the_flow_stood_still_is_withheld_as_the_board_showed_it() {
    let server = TestServer::start().await;
    let sink = server.sink();
    let said = |number: u64| sample::results(Epoch(number), 1);
    // The flow says figures, and for nearly three hours nothing.
    let (before, after) = (said(1), said(10_000));
    sink.write(&before, false).await.unwrap();
    sink.write(&after, false).await.unwrap();
    let known = async |moment: i64| -> Vec<_> {
        let rows = server.store.figures_known_at(&ALL, Now(moment)).await.unwrap();
        rows.iter().map(|row| row.said().1).collect()
    };
    let mut seen = Vec::new();
    for passed in [0, HOUR, HOUR + 1, 2 * HOUR, 2 * HOUR + 1, 2 * HOUR + 600_000] {
        let moment = before.now.0 + passed;
        let expected = before.facts.figures.iter().map(|figure| {
            let ages = Ages { late_from: figure.late_from, stale_from: figure.stale_from };
            let freshness = ages.by(figure.freshness, EventTime(moment), Millis(0));
            let aged = FigureResult { freshness, ..figure.clone() };
            match freshness {
                Freshness::Stale => FigureResult {
                    verdict: FigureVerdict::Withheld,
                    reason: FigureReason::Stale,
                    priority: None,
                    ..aged
                },
                _ => aged,
            }
        });
        let known = known(moment).await;
        assert_eq!(known, expected.collect::<Vec<_>>(), "after {passed} ms");
        seen.push(known[0].freshness);
    }
    let (fresh, late, stale) = (Freshness::Fresh, Freshness::Late, Freshness::Stale);
    assert_eq!(seen, [fresh, fresh, late, late, stale, stale]);
    assert_eq!(known(after.now.0).await, after.facts.figures, "until it went on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_derived_is_asked_back_newest_first_and_whole() {
    let server = TestServer::start().await;
    let sink = server.sink();
    for number in [1, 2] {
        sink.write(&sample::results(Epoch(number), 1), false).await.unwrap();
    }
    let store = &server.store;

    let index = store
        .index(&ALL, IndexId::VnAqi, "station-0", WindowKind::Hour, start(), None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((index.value, index.revision, index.dominant.as_str()), (Some(102.0), Revision(2), "pm25"));
    assert_eq!(index.part_indicators, ["pm25", "o3"]);
    assert_eq!((index.part_inputs[0], index.part_sub_indices[0]), (0.1 + 0.2, 102.0));
    let newest = store.newest_indices(&ALL, start()).await.unwrap();
    assert_eq!(newest.iter().map(|row| row.kind).collect::<Vec<_>>(), [WindowKind::Hour, WindowKind::Day]);
    assert_eq!((newest[1].value, newest[1].reason), (None, Some(NoIndex::NoParticulates)));
    assert!(store.newest_indices(&ALL, EventTime(start().0 + 1)).await.unwrap().is_empty());
    let recent = store.recent_indices(&ALL, WindowKind::Hour, start()).await.unwrap();
    assert_eq!(
        recent.iter().map(|row| (row.value, row.revision)).collect::<Vec<_>>(),
        [(Some(102.0), Revision(2))]
    );

    let judged = store.newest_assessments(&ALL, start()).await.unwrap();
    let words: Vec<_> = judged.iter().map(|row| (row.averaging, row.verdict)).collect();
    assert_eq!(
        words,
        [(Averaging::Hour, LimitVerdict::Insufficient), (Averaging::Day, LimitVerdict::Exceeded)]
    );
    let day = store.assessments(&ALL, "station-0", Averaging::Day, start(), None).await.unwrap();
    assert_eq!((day[0].limit.as_str(), day[0].revision), ("qcvn05-pm25-day", Revision(2)));

    let states = store.station_states(&ALL).await.unwrap();
    assert_eq!(
        states.iter().map(|state| state.status).collect::<Vec<_>>(),
        [StationStatus::Good, StationStatus::Silent]
    );
    assert_eq!(
        (states[0].last_event, states[1].last_event),
        (Some(EventTime(states[0].since.0 - 250)), None)
    );

    // Each epoch raised another alert and acknowledged it; it is still active.
    let open = store.open_alerts(&ALL).await.unwrap();
    assert_eq!(open.iter().map(|alert| alert.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((open[1].user.as_str(), open[1].evidence().unwrap().value), ("trực ban", Some(61.5)));
    let latest = store.alerts_before(&ALL, Now(i64::MAX), 1).await.unwrap();
    assert_eq!(latest.iter().map(|alert| alert.number).collect::<Vec<_>>(), [2]);
    let earlier = store.alerts_before(&ALL, latest[0].raised_at, 10).await.unwrap();
    assert_eq!(earlier.iter().map(|alert| alert.number).collect::<Vec<_>>(), [1]);
    let key = "pm25-day~station-0~1".parse().unwrap();
    let happened = store.alert_history(&ALL, &key).await.unwrap();
    assert_eq!(
        happened.iter().map(|row| row.change).collect::<Vec<_>>(),
        [AlertChange::Raised, AlertChange::Acknowledged]
    );
    assert!(happened[0].evidence().is_some() && happened[1].evidence().is_none());
    assert_eq!(store.alert(&ALL, &key).await.unwrap().unwrap().cleared_at, None);
    let never = "pm25-day~station-0~9".parse().unwrap();
    assert!(store.alert(&ALL, &never).await.unwrap().is_none());
    assert!(store.alert_history(&ALL, &never).await.unwrap().is_empty());

    let rejects = store.envelope_rejects(&ALL, position(2_000_001)).await.unwrap();
    assert_eq!(rejects.iter().map(|reject| reject.reason).collect::<Vec<_>>(), [RejectReason::Malformed]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_of_a_row_that_was_replaced_the_last_reading_counts_and_both_are_kept() {
    use Quality::Good;
    use RowStanding::{First, Replaced};
    let server = TestServer::start().await;
    let (sink, store) = (server.sink(), &server.store);
    let hour = |values: &[f64]| vec![window(WindowKind::Hour, 0, values, 2)];
    let first = vec![row(0, 0.1, Good, 1, First), row(5, 0.2, Good, 1, First)];
    sink.write(&epoch(1, first, hour(&[0.1, 0.2])), false).await.unwrap();
    sink.write(&epoch(2, vec![row(5, 200.0, Good, 1, Replaced)], hour(&[0.1, 200.0])), false).await.unwrap();

    for (revision, values) in [(1, [0.1, 0.2]), (2, [0.1, 200.0])] {
        let at = Some(Revision(revision));
        let window = store.window_at(&ALL, "pm25", "st", WindowKind::Hour, start(), at).await.unwrap();
        let rows = store.window_rows(&ALL, "pm25", "st", &window.unwrap()).await.unwrap();
        let told: Vec<(f64, bool, u64)> =
            rows.iter().map(|row| (row.value, row.counted, row.found)).collect();
        assert_eq!(told, values.map(|value| (value, true, 2)), "revision {revision}");
    }
    let fate = store.envelope_fate(&ALL, position(1)).await.unwrap();
    assert_eq!(fate.stored, 2, "two rows, one of them read twice");
    let rows = store.envelope_rows(&ALL, position(1)).await.unwrap();
    let told: Vec<(f64, RowStanding, Epoch)> =
        rows.iter().map(|row| (row.value, row.standing, row.epoch)).collect();
    let expected = [(0.1, First, Epoch(1)), (0.2, First, Epoch(1)), (200.0, Replaced, Epoch(2))];
    assert_eq!(told, expected);

    let about = About::Day { indicator: "pm25".into(), day: DayNumber(0) };
    let to = EventTime(start().0 + HOUR);
    let question = Question { subject: "st".into(), about, from: start(), to, asked: Epoch(2) };
    let values = async |upto| match store.ask(&question, Generation(0), Epoch(upto)).await.unwrap() {
        Found::Rows(rows) => rows.iter().map(|row| row.value).collect::<Vec<f64>>(),
        found => panic!("{found:?}"),
    };
    assert_eq!((values(1).await, values(2).await), (vec![0.1, 0.2], vec![0.1, 200.0]));

    let arrived = ReceivedAt(start().0 + 1_000);
    let mut portion = ReplayPortion {
        replay: Arrival::default(),
        of: Name::from("air"),
        scope: ReplayScope::Stored,
        reason: None,
        after: None,
    };
    let between = (arrived, ReceivedAt(arrived.0 + 1));
    let found = store.stored_messages(&portion, between, Generation(0), Epoch(2), 10).await.unwrap();
    let [message] = &found[..] else { panic!("{found:?}") };
    assert_eq!((message.position, message.received_at), (position(1), arrived));
    let OnRecord::Stored(stored) = &message.before.on_record else { panic!("{message:?}") };
    let told: Vec<(u32, f64)> = stored.iter().map(|row| (row.row, row.value)).collect();
    assert_eq!(told, [(0, 0.1), (5, 200.0)]);
    portion.after = Some((arrived, position(1)));
    assert!(store.stored_messages(&portion, between, Generation(0), Epoch(2), 10).await.unwrap().is_empty());
    assert_eq!(store.stored_rows("air", between).await.unwrap(), 2);
    assert_eq!(store.stored_rows("water", between).await.unwrap(), 0);
}
