//! Who asks: a ward and an agency are answered their own rows, whatever is asked.

use std::sync::Arc;

use ioc_model::{
    asker::{Asker, Sight},
    epoch::{Epoch, Generation, Revision},
    event::{Count, EventEnd, EventFilter, MeasureFilter},
    index::IndexId,
    limit::Averaging,
    name::Name,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    rule::{AlertEvents, CountBy, Counted, Counting},
    time::{EventTime, Now, ReceivedAt},
    window::{Aggregate, WindowKind},
};
use ioc_storage::{
    export::{ExportFormat, ExportQuery},
    queries::{EnvelopeFate, HeldOf, Measured, MessagesAt, WindowFigures},
};

use crate::{sample, server::TestServer};

/// Everyone.
pub(crate) static ALL: Asker = Asker::everyone();

const ZONE: &str = "Asia/Ho_Chi_Minh";

/// Rows of five stations by two feeds, what was rejected of both, what was worked out of stations 0 and 1, and two hours
/// of what is counted.
async fn filled() -> TestServer {
    let server = TestServer::start().await;
    let mut made = sample::results(Epoch(1), 10);
    for row in made.facts.observations.iter_mut().skip(5) {
        row.feed = Name::from("water-http");
    }
    let mut foreign = made.facts.rejects[0].clone();
    foreign.feed = Name::from("water-http");
    foreign.arrival.position.offset = Offset(2_000_000);
    made.facts.rejects.push(foreign);
    for (log_source, whole_minutes) in [("ids-a", 60), ("ids-b", 20)] {
        let mut hour = made.facts.windows[0].clone();
        (hour.indicator, hour.subject) = (Name::from("ids_alerts"), Name::from(log_source));
        hour.aggregate = Aggregate { count: whole_minutes, sum: 4.0, min: 0.0, max: 1.0 };
        made.facts.windows.push(hour);
    }
    sample::said_anew(&mut made);
    assert!(server.store.publish_pack(&ioc_testing::tay_ninh(None)).await.unwrap());
    server.sink().write(&made, false).await.unwrap();
    server
}

fn ward(station: &str) -> Asker {
    Asker::of(Sight { stations: [Name::from(station)].into(), ..Sight::default() })
}

fn agency(feed: &str) -> Asker {
    Asker::of(Sight::default().and_feeds([feed]))
}

fn start() -> EventTime {
    sample::time("2024-11-05T00:00:00Z")
}

fn position(offset: u64) -> Position {
    Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) }
}

async fn exported(server: &TestServer, asker: &Asker, table: &str) -> Vec<String> {
    let query = ExportQuery { table: table.to_owned(), ..ExportQuery::default() };
    let mut export = server.store.export(asker, &query, ExportFormat::Csv).await.unwrap();
    let mut text = Vec::new();
    while let Some(bytes) = export.next().await.unwrap() {
        text.extend_from_slice(&bytes);
    }
    String::from_utf8_lossy(&text).lines().skip(1).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ward_and_an_agency_are_answered_what_is_theirs_and_nothing_else() {
    let server = filled().await;
    let store = &server.store;
    let (here, there) = (ward("station-0"), ward("station-1"));
    let (air, water) = (agency("air-mqtt"), agency("water-http"));
    let until = EventTime(start().0 + 86_400_000);

    // Rows that have a station and a feed are the ward's and the agency's.
    for (asker, latest) in [(&ALL, 5), (&here, 1), (&water, 5), (&agency("nobody"), 0)] {
        assert_eq!(store.latest(asker, start()).await.unwrap().len(), latest, "{asker:?}");
    }
    let points = Measured::Points("pm25");
    for (asker, found) in [(&ALL, 2), (&here, 2), (&there, 0), (&air, 1), (&water, 1)] {
        let series = store.series(asker, points, "station-0", start(), until, 10).await.unwrap();
        assert_eq!((series.found, series.rows.len() as u64), (found, found), "{asker:?}");
        let thinned = store.series(asker, points, "station-0", start(), until, 1).await.unwrap();
        assert_eq!(thinned.found, found, "{asker:?}");
    }
    for (asker, rows) in [(&ALL, 1), (&here, 1), (&there, 0), (&air, 1), (&water, 0)] {
        assert_eq!(store.envelope_rows(asker, position(1_000_000)).await.unwrap().len(), rows, "{asker:?}");
        let fate = store.envelope_fate(asker, position(1_000_000)).await.unwrap();
        assert_eq!(fate, EnvelopeFate { stored: rows as u64, ..EnvelopeFate::default() }, "{asker:?}");
        let at = MessagesAt {
            log: LogNumber(1),
            partition: Partition(0),
            offsets: &[Offset(1_000_000), Offset(7)],
            since: ReceivedAt(0),
        };
        let became = store.messages_became(asker, at).await.unwrap();
        let stored: Vec<_> =
            became.iter().map(|it| (it.offset, it.stored)).filter(|(_, it)| *it > 0).collect();
        assert_eq!(stored, [(Offset(1_000_000), 1)].repeat(rows), "{asker:?}");
        let rejects = store.messages_rejects(asker, at, 3).await.unwrap();
        let rejected: u64 = became.iter().map(|it| it.rejected).sum();
        assert_eq!(rejects.len() as u64, rejected, "{asker:?}");
        let (groups, held, found) = store.held(asker, &HeldOf::default(), ZONE, 10).await.unwrap();
        assert_eq!((groups.len(), held, found), (rows, rows as u64, rows as u64), "{asker:?}");
    }

    // What was worked out is its station's.
    for (asker, some) in [(&ALL, true), (&here, true), (&there, false), (&water, false)] {
        let trend = store.trend(asker, "pm25", "station-0", WindowKind::Hour, start(), until).await.unwrap();
        let windows = Measured::Windows("pm25", WindowKind::Hour);
        let series = store.series(asker, windows, "station-0", start(), until, 10).await.unwrap();
        let indices = Measured::Index(IndexId::VnAqi, WindowKind::Hour);
        let index_series = store.series(asker, indices, "station-0", start(), until, 10).await.unwrap();
        let index =
            store.index(asker, IndexId::VnAqi, "station-0", WindowKind::Hour, start(), None).await.unwrap();
        let judged = store.assessments(asker, "station-0", Averaging::Day, start(), None).await.unwrap();
        let window = store.window_at(asker, "pm25", "station-0", WindowKind::Hour, start(), None).await;
        let (hour, to) = (WindowKind::Hour, until);
        let behind =
            store.windows_at(asker, &["pm25"], "station-0", hour, start(), to, Generation(0), Revision(1));
        let alerts = store.alerts_before(asker, Now(i64::MAX), 10).await.unwrap();
        let key = store.alerts_before(&ALL, Now(i64::MAX), 1).await.unwrap()[0].key();
        let answered = [
            !trend.is_empty(),
            series.found > 0,
            index_series.found > 0,
            index.is_some(),
            !judged.is_empty(),
            window.unwrap().is_some(),
            !behind.await.unwrap().is_empty(),
            !store.recent_windows(asker, WindowKind::Hour, start()).await.unwrap().is_empty(),
            !store.newest_indices(asker, start()).await.unwrap().is_empty(),
            !store.recent_indices(asker, WindowKind::Hour, start()).await.unwrap().is_empty(),
            !alerts.is_empty(),
            !store.open_alerts(asker).await.unwrap().is_empty(),
            store.alert(asker, &key).await.unwrap().is_some(),
            !store.alert_history(asker, &key).await.unwrap().is_empty(),
        ];
        assert_eq!(answered, [some; 14], "{asker:?}");
    }
    for (asker, subject) in [(&here, "station-0"), (&there, "station-1")] {
        let states = store.station_states(asker).await.unwrap();
        assert_eq!(states.iter().map(|state| &*state.subject).collect::<Vec<_>>(), [subject]);
        let judged = store.newest_assessments(asker, start()).await.unwrap();
        assert_eq!(judged.iter().map(|row| &*row.subject).collect::<Vec<_>>(), [subject]);
    }
    let window = store.window_at(&ALL, "pm25", "station-0", WindowKind::Hour, start(), None).await.unwrap();
    let window = WindowFigures { end: until, ..window.unwrap() };
    for (asker, rows) in [(&here, 2), (&there, 0), (&air, 1)] {
        let behind = store.window_rows(asker, "pm25", "station-0", &window).await.unwrap();
        assert_eq!(behind.len(), rows, "{asker:?}");
    }

    // What came is its feed's, and the figures are the province's.
    for (asker, feeds) in [
        (&ALL, &["water-http", "air-mqtt"][..]),
        (&air, &["air-mqtt"]),
        (&water, &["water-http"]),
        (&here, &[]),
    ] {
        let rejects = store.recent_rejects(asker, 10).await.unwrap();
        assert_eq!(rejects.iter().map(|reject| &*reject.feed).collect::<Vec<_>>(), feeds, "{asker:?}");
        let of_water = store.envelope_rejects(asker, position(2_000_000)).await.unwrap();
        assert_eq!(!of_water.is_empty(), feeds.contains(&"water-http"), "{asker:?}");
    }
    let all = EventFilter::within(start(), until);
    let event = store.events(&ALL, &all, None, 1).await.unwrap().remove(0);
    let (envelope, names) = (position(event.offset.0), [event.log_source.clone()]);
    let counting =
        Counting { kinds: Vec::new(), reach: 1, ..ioc_testing::counting(Count::Events, CountBy::From) };
    let last = Arrival { received_at: event.received_at, position: envelope, row: event.row };
    let counted = Arc::new(Counted { counting, group: event.source_address.clone(), last });
    let raised_by = AlertEvents { counted, from: start(), until, epoch: Epoch(1) };
    for (asker, some) in [(&ALL, true), (&agency(&event.feed), true), (&water, false), (&here, false)] {
        let answered = [
            !store.events(asker, &all, None, 9).await.unwrap().is_empty(),
            store.event_totals(asker, &all).await.unwrap().weight > 0,
            !store.event_hours(asker, &all).await.unwrap().is_empty(),
            !store.event_addresses(asker, &all, EventEnd::Source, 9).await.unwrap().is_empty(),
            !store.log_sources_heard(asker, &all).await.unwrap().is_empty(),
            !store.log_sources_last(asker, &names, start(), until).await.unwrap().is_empty(),
            !store.envelope_events(asker, envelope).await.unwrap().is_empty(),
            !store.alert_events(asker, &raised_by, None, 9).await.unwrap().is_empty(),
        ];
        assert_eq!(answered, [some; 8], "{asker:?}");
    }
    let hours = |log_sources: &[&str]| MeasureFilter {
        log_sources: log_sources.iter().map(|name| (*name).to_owned()).collect(),
        kind: WindowKind::Hour,
        spans: vec![(start(), until)],
    };
    let province = Asker::of(Sight { province: true, ..Sight::default() });
    for (asker, figures) in [(&ALL, 2), (&province, 2), (&here, 0), (&air, 0)] {
        assert_eq!(store.figures(asker).await.unwrap().len(), figures, "{asker:?}");
        let of_all = store.measure_windows(asker, &hours(&[])).await.unwrap();
        let told = of_all.iter().map(|hour| (&*hour.measure, hour.value, hour.log_sources, hour.missing));
        let expected = Some(("ids_alerts", 8.0, 2, 1)).filter(|_| figures > 0);
        assert_eq!(told.collect::<Vec<_>>(), Vec::from_iter(expected), "{asker:?}");
        let of_one = store.measure_windows(asker, &hours(&["ids-a"])).await.unwrap();
        let told: Vec<f64> = of_one.iter().map(|hour| hour.value).collect();
        assert_eq!(told, Vec::from_iter(expected.map(|_| 4.0)), "{asker:?}");
        let of_both = store.measure_windows(asker, &hours(&["ids-a", "ids-b"])).await.unwrap();
        assert_eq!(of_both, of_all, "{asker:?}");
        // Whatever two measures are named: here the same twice.
        let said = store.sensor_alerts(asker, ["ids_alerts", "ids_alerts"], start(), until).await.unwrap();
        let told: Vec<_> = said.iter().map(|it| (&*it.log_source, it.raised, it.lost)).collect();
        let expected = [("ids-a", 4.0, 4.0), ("ids-b", 4.0, 4.0)].into_iter().filter(|_| figures > 0);
        assert_eq!(told, Vec::from_iter(expected), "{asker:?}");
        assert_eq!(
            store.figures_known_at(asker, Now(i64::MAX / 2)).await.unwrap().len(),
            figures,
            "{asker:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_holds_what_its_asker_sees() {
    let server = filled().await;
    let (here, water) = (ward("station-0"), agency("water-http"));
    for table in ["observation", "observation_current"] {
        assert_eq!(exported(&server, &ALL, table).await.len(), 10, "{table}");
        let rows = exported(&server, &here, table).await;
        assert!(rows.len() == 2 && rows.iter().all(|row| row.contains("station-0")), "{table}: {rows:?}");
        let rows = exported(&server, &water, table).await;
        assert!(rows.len() == 5 && rows.iter().all(|row| row.contains("water-http")), "{table}: {rows:?}");
    }
    assert_eq!(exported(&server, &here, "window_current").await.len(), 1);
    assert_eq!(exported(&server, &water, "window_current").await.len(), 0);
    assert_eq!(exported(&server, &here, "reject_current").await.len(), 0);
    assert_eq!(exported(&server, &water, "reject_current").await.len(), 1);
    // What is of no station and no feed is of the province.
    assert_eq!(exported(&server, &ALL, "figure_current").await.len(), 2);
    assert_eq!(exported(&server, &here, "figure_current").await.len(), 0);
    // A station of somebody else is none.
    let foreign = ExportQuery {
        table: "observation_current".to_owned(),
        subject: Some("station-1".to_owned()),
        ..ExportQuery::default()
    };
    assert!(server.store.export(&ALL, &foreign, ExportFormat::Csv).await.is_ok());
    let said = server.store.export(&here, &foreign, ExportFormat::Csv).await.unwrap_err().to_string();
    assert!(said.contains("there is no subject 'station-1'"), "{said}");
}
