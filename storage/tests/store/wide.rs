//! What analysts start from: wide rows with names and local times, episodes, stations' states, and what was known when.

use ioc_model::{
    epoch::Epoch,
    index::{IndexId, Indexed, NoIndex},
    limit::Averaging,
    name::Name,
    results::{Assessment, EpochResults, IndexResult, LimitVerdict, StatusResult, WindowResult},
    status::StationStatus,
    time::{EventTime, Now},
    window::{Aggregate, ClosedBy, Registers, WindowKind},
};
use ioc_storage::Topology;

use crate::{sample, server::TestServer};

const HOUR: i64 = 3_600_000;

/// A pack of two air stations, one of them never heard of, and one that measures water.
async fn publish(server: &TestServer, timezone: &str) {
    let publish = format!(
        "INSERT INTO pack (version, id, name_vi, name_en, timezone, replayed, published_at) \
         VALUES ('v1', 'test', 'Tỉnh thử', 'Test', '{timezone}', false, now64(3))"
    );
    for statement in [
        publish.as_str(),
        "INSERT INTO place (pack, code, valid_from, kind, name_vi, name_en) \
         VALUES ('v1', '25459', '2025-07-01', 'ward', 'Phường Tân Ninh', 'Tan Ninh Ward')",
        "INSERT INTO station (pack, id, name_vi, name_en, kind, place_code, place_valid_from, valid_from) VALUES \
         ('v1', 'A1', 'Trạm 1', 'Station 1', 'ambient_air', '25459', '2025-07-01', '2025-07-01'), \
         ('v1', 'A2', 'Trạm 2', 'Station 2', 'ambient_air', '25459', '2025-07-01', '2025-07-01'), \
         ('v1', 'W1', 'Nước 1', 'Water 1', 'surface_water', '25459', '2025-07-01', '2025-07-01')",
        "INSERT INTO station_indicator (pack, station, indicator, every_ms) VALUES \
         ('v1', 'A1', 'pm25', 300000), ('v1', 'A1', 'o3', 600000)",
        "INSERT INTO indicator (pack, id, symbol, name_vi, name_en, unit, decimals, windows) \
         VALUES ('v1', 'pm25', 'PM2.5', 'PM2.5', 'PM2.5', 'ug/m3', 1, ['hour', 'day'])",
    ] {
        let _ = server.ask(statement).await;
    }
    server.store.finish_views(&Topology::Single).await.unwrap();
}

fn epoch(number: u64, now: &str) -> EpochResults {
    EpochResults {
        epoch: Epoch(number),
        now: Now(sample::time(now).0),
        manifest_hash: [number as u8; 32],
        pack: ioc_model::pack::PackVersion::default(),
        ..EpochResults::default()
    }
}

fn window(subject: &str, indicator: &str, start: EventTime, mean: f64, count: u64) -> WindowResult {
    WindowResult {
        indicator: Name::from(indicator),
        subject: Name::from(subject),
        kind: WindowKind::Hour,
        start,
        end: EventTime(start.0 + HOUR),
        aggregate: Aggregate { count, sum: mean * count as f64, min: mean, max: mean },
        received: count as u32,
        expected: 12,
        closed_by: ClosedBy::Watermark,
        spiked: false,
        registers: Registers::default(),
    }
}

fn index(
    index: IndexId,
    subject: &str,
    kind: WindowKind,
    start: EventTime,
    value: Result<f64, NoIndex>,
) -> IndexResult {
    let hours = if kind == WindowKind::Day { 24 } else { 1 };
    IndexResult {
        index,
        subject: Name::from(subject),
        kind,
        start,
        end: EventTime(start.0 + hours * HOUR),
        indexed: Indexed {
            dominant: value.is_ok().then(|| Name::from("pm25")),
            value,
            category: None,
            parts: Vec::new(),
        },
        closed_by: ClosedBy::Watermark,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_of_a_station_is_one_row_with_its_index_means_completeness_names_and_local_time() {
    let server = TestServer::start().await;
    publish(&server, "Asia/Ho_Chi_Minh").await;
    let (first, second) = (sample::time("2026-03-02T16:00:00Z"), sample::time("2026-03-02T17:00:00Z"));
    let mut results = epoch(1, "2026-03-02T18:30:00Z");
    results.facts.windows = vec![
        window("A1", "pm25", first, 30.5, 12),
        window("A1", "pm25", second, 60.0, 6),
        // Nothing came: missing is not zero.
        window("A1", "o3", second, 0.0, 0),
        window("W1", "ph", second, 7.25, 12),
    ];
    results.facts.indices = vec![
        index(IndexId::VnAqi, "A1", WindowKind::Hour, first, Ok(91.0)),
        index(IndexId::VnAqi, "A1", WindowKind::Hour, second, Err(NoIndex::NoParticulates)),
        index(IndexId::VnAqi, "A1", WindowKind::Day, second, Ok(70.0)),
        index(IndexId::VnWqi, "W1", WindowKind::Hour, second, Ok(88.0)),
    ];
    sample::said_anew(&mut results);
    server.sink().write(&results, false).await.unwrap();

    let hours = server
        .ask(
            "SELECT station, name_vi, place_en, local_start, local_day, vn_aqi, no_value_reason, dominant, pm25, \
             pm25_completeness, o3, o3_completeness, so2, so2_completeness, revision \
             FROM air_quality_hourly ORDER BY start_time",
        )
        .await;
    let expected = [
        "A1\tTrạm 1\tTan Ninh Ward\t2026-03-02 23:00:00\t2026-03-02\t91\t\tpm25\t30.5\t1\t\\N\t\\N\t\\N\t\\N\t1",
        "A1\tTrạm 1\tTan Ninh Ward\t2026-03-03 00:00:00\t2026-03-03\t\\N\tno_particulates\t\t60\t0.5\t\\N\t0\t\\N\t\\N\t1",
    ];
    assert_eq!(hours.lines().collect::<Vec<_>>(), expected);
    let days = server.ask("SELECT station, local_day, vn_aqi, pm25 FROM air_quality_daily").await;
    assert_eq!(days, "A1\t2026-03-03\t70\t\\N");
    let water = server.ask("SELECT station, kind, local_start, vn_wqi, ph, cod FROM water_quality").await;
    assert_eq!(water, "W1\thour\t2026-03-03 00:00:00\t88\t7.25\t\\N");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replay_what_was_known_at_a_moment_is_what_the_views_said_then() {
    let server = TestServer::start().await;
    publish(&server, "Asia/Ho_Chi_Minh").await;
    let start = sample::time("2026-03-02T16:00:00Z");
    let sink = server.sink();
    for (number, now, value) in [(1, "2026-03-02T17:10:00Z", 90.0), (2, "2026-03-04T00:00:00Z", 95.0)] {
        let mut results = epoch(number, now);
        results.facts.windows = vec![window("A1", "pm25", start, value / 2.0, 12)];
        results.facts.indices = vec![index(IndexId::VnAqi, "A1", WindowKind::Hour, start, Ok(value))];
        sample::said_anew(&mut results);
        sink.write(&results, false).await.unwrap();
    }
    let known = async |moment: &str| {
        server
            .ask(&format!(
                "SELECT vn_aqi, pm25, revision FROM air_quality_hourly_known_at(known_at = '{moment}')"
            ))
            .await
    };
    assert_eq!(known("2026-03-02 17:09:59.999").await, "");
    assert_eq!(known("2026-03-02 17:10:00").await, "90\t45\t1");
    assert_eq!(known("2026-03-03 23:59:59").await, "90\t45\t1");
    assert_eq!(known("2026-03-04 00:00:00").await, "95\t47.5\t2");
    assert_eq!(server.ask("SELECT vn_aqi, pm25, revision FROM air_quality_hourly").await, "95\t47.5\t2");
    let _ = server.ask("ALTER TABLE epoch DELETE WHERE epoch = 2 SETTINGS mutations_sync = 1").await;
    assert_eq!(server.ask("SELECT vn_aqi, pm25, revision FROM air_quality_hourly").await, "90\t45\t1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_times_are_those_of_the_packs_zone_also_where_it_changes_its_clock() {
    let server = TestServer::start().await;
    publish(&server, "Europe/London").await;
    let mut results = epoch(1, "2026-03-30T00:00:00Z");
    // Summer time began on 2026-03-29 at 01:00 UTC.
    results.facts.indices =
        ["2026-03-28T23:00:00Z", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T23:00:00Z"]
            .iter()
            .map(|start| index(IndexId::VnAqi, "A1", WindowKind::Hour, sample::time(start), Ok(10.0)))
            .collect();
    sample::said_anew(&mut results);
    server.sink().write(&results, false).await.unwrap();
    let local = server.ask("SELECT local_start, local_day FROM air_quality_hourly ORDER BY start_time").await;
    let expected = [
        "2026-03-28 23:00:00\t2026-03-28",
        "2026-03-29 00:00:00\t2026-03-29",
        "2026-03-29 02:00:00\t2026-03-29",
        "2026-03-30 00:00:00\t2026-03-30",
    ];
    assert_eq!(local.lines().collect::<Vec<_>>(), expected);
}

const LOCAL: &str = "SELECT DISTINCT type FROM system.columns WHERE database = 'ioc' AND startsWith(name, 'local_') \
                     AND name != 'local_day' ORDER BY type";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_time_is_the_moment_itself_in_the_zone_of_the_pack_whichever_is_in_effect() {
    let server = TestServer::start().await;
    assert_eq!(server.ask(LOCAL).await, "DateTime(\\'UTC\\')\nNullable(DateTime(\\'UTC\\'))");
    let mut results = epoch(1, "2026-03-30T00:00:00Z");
    let start = sample::time("2026-03-29T17:00:00Z");
    results.facts.indices = vec![index(IndexId::VnAqi, "A1", WindowKind::Hour, start, Ok(10.0))];
    sample::said_anew(&mut results);
    server.sink().write(&results, false).await.unwrap();
    for (zone, local, hour) in [
        ("Asia/Ho_Chi_Minh", "2026-03-30 00:00:00", 0),
        ("Europe/London", "2026-03-29 18:00:00", 18),
        ("Asia/Ho_Chi_Minh", "2026-03-30 00:00:00", 0),
    ] {
        publish(&server, zone).await;
        let of_zone = format!("DateTime(\\'{zone}\\')\nNullable(DateTime(\\'{zone}\\'))");
        assert_eq!(server.ask(LOCAL).await, of_zone);
        for view in ["air_quality_hourly", "air_quality_hourly_known_at(known_at = '2027-01-01 00:00:00')"] {
            let told = server
                .ask(&format!(
                    "SELECT local_start, toHour(local_start), toUnixTimestamp(local_start) - \
                     toUnixTimestamp(start_time), toTypeName(local_start) FROM {view} \
                     WHERE local_start >= toDateTime('2026-03-29 17:00:00', 'UTC') \
                     AND local_start < toDateTime('2026-03-29 18:00:00', 'UTC')"
                ))
                .await;
            assert_eq!(told, format!("{local}\t{hour}\t0\tDateTime(\\'{zone}\\')"), "{view}");
        }
    }
}

fn assessment(
    averaging: Averaging,
    start: EventTime,
    value: Option<f64>,
    verdict: LimitVerdict,
) -> Assessment {
    let hours = match averaging {
        Averaging::Hour => 1,
        Averaging::EightHours => 8,
        Averaging::Day | Averaging::Year => 24,
    };
    Assessment {
        limit: Name::from("limit"),
        indicator: Name::from("pm25"),
        subject: Name::from("A1"),
        averaging,
        start,
        end: EventTime(start.0 + hours * HOUR),
        value,
        low: None,
        high: Some(50.0),
        verdict,
        count: 12,
        expected: 12,
        said_before: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_an_episode_ends_where_the_limit_is_kept_or_nothing_is_known() {
    use Averaging::{EightHours, Hour};
    use LimitVerdict::{Exceeded, Insufficient, Kept};
    let server = TestServer::start().await;
    publish(&server, "Asia/Ho_Chi_Minh").await;
    let hour = |number: i64| EventTime(sample::time("2026-03-02T17:00:00Z").0 + number * HOUR);
    let mut first = epoch(1, "2026-03-03T12:00:00Z");
    first.facts.assessments = vec![
        assessment(Hour, hour(0), Some(60.0), Exceeded),
        assessment(Hour, hour(1), Some(75.0), Exceeded),
        assessment(Hour, hour(2), Some(51.0), Exceeded),
        assessment(Hour, hour(3), Some(50.0), Kept),
        assessment(Hour, hour(4), Some(52.0), Exceeded),
        assessment(Hour, hour(5), None, Insufficient),
        assessment(Hour, hour(6), Some(53.0), Exceeded),
        // Nobody judged hour 7.
        assessment(Hour, hour(8), Some(54.0), Exceeded),
        assessment(Hour, hour(9), Some(55.0), Exceeded),
        assessment(EightHours, hour(0), Some(70.0), Exceeded),
        assessment(EightHours, hour(1), Some(71.0), Exceeded),
        assessment(EightHours, hour(3), Some(72.0), Exceeded),
        assessment(EightHours, hour(4), Some(40.0), Kept),
    ];
    sample::said_anew(&mut first);
    server.sink().write(&first, false).await.unwrap();
    let episodes = "SELECT averaging, local_start, local_end, windows, worst_value, limit_value, lasting, symbol, unit \
                    FROM exceedance ORDER BY averaging, first_start";
    let expected = [
        "hour\t2026-03-03 00:00:00\t2026-03-03 03:00:00\t3\t75\t50\tfalse\tPM2.5\tug/m3",
        "hour\t2026-03-03 04:00:00\t2026-03-03 05:00:00\t1\t52\t50\tfalse\tPM2.5\tug/m3",
        "hour\t2026-03-03 06:00:00\t2026-03-03 07:00:00\t1\t53\t50\tfalse\tPM2.5\tug/m3",
        "hour\t2026-03-03 08:00:00\t2026-03-03 10:00:00\t2\t55\t50\ttrue\tPM2.5\tug/m3",
        "eight_hours\t2026-03-03 00:00:00\t2026-03-03 09:00:00\t2\t71\t50\tfalse\tPM2.5\tug/m3",
        "eight_hours\t2026-03-03 03:00:00\t2026-03-03 11:00:00\t1\t72\t50\tfalse\tPM2.5\tug/m3",
    ];
    assert_eq!(server.ask(episodes).await.lines().collect::<Vec<_>>(), expected);

    // A correction takes the worst hour out of the middle: the episode falls apart, nothing of the old one is left.
    let mut second = epoch(2, "2026-03-03T13:00:00Z");
    second.facts.assessments = vec![assessment(Hour, hour(1), Some(49.0), Kept)];
    sample::said_anew(&mut second);
    server.sink().write(&second, false).await.unwrap();
    let expected = ["2026-03-03 00:00:00\t1\t60", "2026-03-03 02:00:00\t1\t51"];
    let revised = server
        .ask(
            "SELECT local_start, windows, worst_value FROM exceedance WHERE averaging = 'hour' \
             ORDER BY first_start LIMIT 2",
        )
        .await;
    assert_eq!(revised.lines().collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_a_station_that_was_never_judged_is_not_good() {
    let server = TestServer::start().await;
    publish(&server, "Asia/Ho_Chi_Minh").await;
    let mut results = epoch(1, "2026-03-03T12:00:00Z");
    results.facts.statuses = vec![StatusResult {
        subject: Name::from("A1"),
        status: StationStatus::Silent,
        since: results.now,
        last_event: Some(sample::time("2026-03-03T11:00:00Z")),
        sensor: None,
        clock_off: None,
    }];
    sample::said_anew(&mut results);
    server.sink().write(&results, false).await.unwrap();
    let stations = server
        .ask(
            "SELECT station, status, local_since, local_last_event_time, last_event_age_s, indicators, expected_every_s \
             FROM station_status ORDER BY station",
        )
        .await;
    let expected = [
        "A1\tsilent\t2026-03-03 19:00:00\t2026-03-03 18:00:00\t3600\t2\t300",
        "A2\t\\N\t\\N\t\\N\t\\N\t0\t\\N",
        "W1\t\\N\t\\N\t\\N\t\\N\t0\t\\N",
    ];
    assert_eq!(stations.lines().collect::<Vec<_>>(), expected);
}

/// The granules of a fact table that a query reads, and those there are, by its plan.
async fn granules(server: &TestServer, table: &str, query: &str) -> (u64, u64) {
    let plan = server.ask(&format!("EXPLAIN indexes = 1 {query}")).await;
    let reads = plan.split(&format!("ReadFromMergeTree (ioc.{table})")).nth(1).expect("the table is read");
    let counted: Vec<(u64, u64)> = reads
        .split("ReadFromMergeTree")
        .next()
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.split("Granules: ").nth(1)?.trim().split_once('/'))
        .map(|(read, of)| (read.parse().expect("a number"), of.parse().expect("a number")))
        .collect();
    let all = counted.first().expect("indexes are used").1;
    (counted.last().expect("indexes are used").0, all)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bound_a_condition_on_station_and_time_reaches_the_primary_key_through_the_views() {
    let server = TestServer::start().await;
    publish(&server, "Asia/Ho_Chi_Minh").await;
    // Three months of forty stations: too many for one granule.
    let hours = "SELECT number % 2160 AS hour, intDiv(number, 2160) AS station, \
                 toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toIntervalHour(hour) AS start FROM numbers(86400)";
    for insert in [
        format!(
            "INSERT INTO window (indicator, subject, kind, start_time, end_time, count, sum, expected, epoch) \
             SELECT indicator, concat('A', toString(station)), 'hour', start, start + toIntervalHour(1), 12, 1, 12, 1 \
             FROM ({hours}) ARRAY JOIN ['pm10', 'pm25'] AS indicator"
        ),
        format!(
            "INSERT INTO index_value (`index`, subject, kind, start_time, end_time, value, epoch) \
             SELECT 'vn_aqi', concat('A', toString(station)), 'hour', start, start + toIntervalHour(1), 50, 1 \
             FROM ({hours})"
        ),
        format!(
            "INSERT INTO assessment (`limit`, indicator, subject, averaging, start_time, end_time, value, high, verdict, \
             epoch) SELECT 'limit', 'pm25', concat('A', toString(station)), 'hour', start, \
             start + toIntervalHour(1), 60, 50, 'exceeded', 1 FROM ({hours})"
        ),
    ] {
        let _ = server.ask(&insert).await;
    }
    server.sink().commit_idle(&epoch(1, "2026-04-01T00:00:00Z"), false).await.unwrap();

    for condition in [
        "station = 'A2' AND local_day = '2026-02-10'",
        "station = 'A2' AND local_start >= '2026-02-10 00:00:00' AND local_start < '2026-02-11 00:00:00'",
        "station = 'A2' AND start_time >= '2026-02-10 00:00:00' AND start_time < '2026-02-11 00:00:00'",
    ] {
        for (view, table) in [
            ("air_quality_hourly", "index_value"),
            ("air_quality_hourly", "window"),
            ("air_quality_hourly_known_at(known_at = '2026-04-01 00:00:00')", "index_value"),
        ] {
            let query = format!("SELECT * FROM {view} WHERE {condition}");
            let (read, all) = granules(&server, table, &query).await;
            assert!(read > 0 && read * 4 <= all, "{read} of {all} granules of {table}: {query}");
            assert_eq!(server.ask(&format!("SELECT count() FROM ({query})")).await, "24", "{query}");
        }
    }
    let query = "SELECT * FROM exceedance WHERE station = 'A2' AND indicator = 'pm25' AND averaging = 'hour'";
    let (read, all) = granules(&server, "assessment", query).await;
    assert!(read > 0 && read * 2 <= all, "{read} of {all} granules");
    assert_eq!(server.ask(&format!("SELECT windows FROM ({query})")).await, "2160");
}
