//! What is derived comes back as it was made, and as analysts see it: the newest committed of every thing.

use std::sync::Arc;

use ioc_model::{
    epoch::Epoch,
    fact::Ranks,
    figure::FigureId,
    index::IndexId,
    results::StatusResult,
    rule::AlertChange,
    status::StationStatus,
    time::{EventTime, Now},
    usual::compared,
};

use crate::{askers::ALL, sample, server::TestServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_everything_derived_comes_back_as_it_was_made() {
    let server = TestServer::start().await;
    server.sink().write(&sample::results(Epoch(1), 1), false).await.unwrap();

    let category = IndexId::VnAqi.categories().get(1).map_or("", |band| band.word);
    let indices = server
        .ask(
            "SELECT `index`, subject, kind, toUnixTimestamp64Milli(end_time) - toUnixTimestamp64Milli(start_time), \
             value, category, no_value_reason, dominant, formula, parts.indicator, \
             arrayMap(input -> reinterpretAsUInt64(input), parts.input), parts.sub_index, closed_by, chunk \
             FROM index_value ORDER BY kind",
        )
        .await;
    let (odd, even) = ((0.1_f64 + 0.2).to_bits(), 61.0_f64.to_bits());
    let expected = [
        format!(
            "vn_aqi\tstation-0\thour\t3600000\t101\t{category}\t\tpm25\t1459/QĐ-TCMT v1\t['pm25','o3']\t\
             [{odd},{even}]\t[101,0.3333333333333333]\twatermark\t0"
        ),
        "vn_aqi\tstation-0\tday\t86400000\t\\N\t\tno_particulates\t\t1459/QĐ-TCMT v1\t[]\t[]\t[]\tpatience\t0"
            .to_owned(),
    ];
    assert_eq!(indices.lines().collect::<Vec<_>>(), expected);

    let assessments = server
        .ask(
            "SELECT `limit`, indicator, subject, averaging, value, low, high, verdict, count, expected \
             FROM assessment ORDER BY averaging",
        )
        .await;
    let expected = [
        "qcvn08-ph-hour\tph\tstation-1\thour\t\\N\t6\t8.5\tinsufficient\t0\t12",
        "qcvn05-pm25-day\tpm25\tstation-0\tday\t50.333333333333336\t\\N\t50\texceeded\t24\t24",
    ];
    assert_eq!(assessments.lines().collect::<Vec<_>>(), expected);

    let states = server
        .ask("SELECT subject, status, since - last_event_time FROM station_state ORDER BY subject")
        .await;
    assert_eq!(states, "station-0\tgood\t0.25\nstation-1\tsilent\t\\N");

    let alerts = server
        .ask(
            "SELECT rule, subject, number, change, priority, active, acknowledged, occurrences, measure, averaging, \
             window_end - window_start, at - window_end, value, threshold, status, user, note \
             FROM alert ORDER BY seq",
        )
        .await;
    let expected = [
        "pm25-day\tstation-0\t1\traised\thigh\ttrue\tfalse\t1\tpm25\tday\t86400\t0\t61.5\t50\t\t\t",
        "pm25-day\tstation-0\t1\tacknowledged\thigh\ttrue\ttrue\t1\t\t\t\\N\t\\N\t\\N\t\\N\t\ttrực ban\tđã gọi trạm",
    ];
    assert_eq!(alerts.lines().collect::<Vec<_>>(), expected);

    let actions = server
        .ask("SELECT rule, subject, number, user, note, effective, feed, log, partition, offset, row FROM action")
        .await;
    assert_eq!(actions, "pm25-day\tstation-0\t1\ttrực ban\tđã gọi trạm\ttrue\toperator\t1\t0\t1000002\t0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_the_newest_revision_is_current() {
    let server = TestServer::start().await;
    let sink = server.sink();
    for number in [1, 2, 3] {
        sink.write(&sample::results(Epoch(number), 1), false).await.unwrap();
    }
    let index = "SELECT generation, revision, value FROM index_current ORDER BY kind";
    let assessment = "SELECT generation, revision, value FROM assessment_current ORDER BY averaging";
    let state = "SELECT generation, revision, status FROM station_state_current ORDER BY subject";
    assert_eq!(server.ask(index).await, "0\t3\t103\n0\t3\t\\N");
    assert_eq!(server.ask(assessment).await, "0\t3\t\\N\n0\t3\t51");
    assert_eq!(server.ask(state).await, "0\t3\tgood\n0\t3\tsilent");
    let mut by_another_limit = sample::results(Epoch(4), 1);
    by_another_limit.facts.assessments[0].limit = "qcvn05-pm25-day-2026".into();
    sink.write(&by_another_limit, false).await.unwrap();
    // A mean is judged by one limit: the judgement by the one that was replaced is history.
    let limit = "SELECT `limit` FROM assessment_current WHERE indicator = 'pm25'";
    assert_eq!(server.ask(limit).await, "qcvn05-pm25-day-2026");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frontier_derived_rows_of_an_uncommitted_epoch_are_not_seen() {
    let server = TestServer::start().await;
    let sink = server.sink();
    sink.write(&sample::results(Epoch(1), 1), false).await.unwrap();
    sink.write(&sample::results(Epoch(2), 1), false).await.unwrap();
    let _ = server.ask("ALTER TABLE epoch DELETE WHERE epoch = 2 SETTINGS mutations_sync = 1").await;
    let views = [
        ("index_value", "index_current", 2),
        ("assessment", "assessment_current", 2),
        ("station_state", "station_state_current", 2),
        ("alert", "alert_current", 1),
        ("action", "action_current", 1),
        ("figure", "figure_current", 2),
        ("held", "held_current", 1),
        ("decision", "decision_current", 1),
    ];
    for (table, view, current) in views {
        assert_eq!(server.ask(&format!("SELECT max(epoch) FROM {table}")).await, "2", "{table}");
        assert_eq!(
            server.ask(&format!("SELECT count(), max(revision) FROM {view}")).await,
            format!("{current}\t1"),
            "{view}"
        );
    }
    let _ = server.ask("ALTER TABLE epoch DELETE WHERE 1 SETTINGS mutations_sync = 1").await;
    for (_, view, _) in views {
        assert_eq!(server.count(view).await, 0, "{view}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_is_one_row_with_its_last_flags_its_acknowledgement_and_its_last_evidence() {
    let server = TestServer::start().await;
    let sink = server.sink();
    let mut raised = sample::results(Epoch(1), 0);
    raised.facts.alerts.truncate(1);
    sink.write(&raised, false).await.unwrap();
    let view = "SELECT id, change, active, acknowledged, occurrences, toUnixTimestamp64Milli(at), \
                toUnixTimestamp64Milli(raised_at), toUnixTimestamp64Milli(cleared_at), \
                toUnixTimestamp64Milli(acknowledged_at), user, note, measure, value, revision FROM alert_current";
    let at = raised.now.0;
    assert_eq!(
        server.ask(view).await,
        format!("pm25-day~station-0~1\traised\ttrue\tfalse\t1\t{at}\t{at}\t\\N\t\\N\t\t\tpm25\t61.5\t1")
    );

    // Cleared, raised again and acknowledged within one epoch: the order in it counts.
    let mut busy = sample::results(Epoch(2), 0);
    let mut cleared = raised.facts.alerts[0].clone();
    cleared.change = AlertChange::Cleared;
    cleared.active = false;
    cleared.at = Now(busy.now.0);
    cleared.evidence.as_mut().unwrap().value = Some(40.0);
    let like = |start: EventTime| Some((start.0 / 3_600_000 % 7) as f64);
    let held_against = compared(EventTime(1_730_764_800_000), like).map(Arc::new);
    cleared.evidence.as_mut().unwrap().compared.clone_from(&held_against);
    let mut recurred = cleared.clone();
    recurred.change = AlertChange::Recurred;
    recurred.active = true;
    recurred.occurrences = 2;
    recurred.evidence.as_mut().unwrap().value = Some(70.0);
    let mut acknowledged = busy.facts.alerts[1].clone();
    acknowledged.key = recurred.key.clone();
    acknowledged.occurrences = 2;
    busy.facts.alerts = vec![cleared.clone(), recurred, acknowledged];
    busy.facts.arrange(&mut Ranks::default());
    sink.write(&busy, false).await.unwrap();
    let then = busy.now.0;
    assert_eq!(
        server.ask(view).await,
        format!(
            "pm25-day~station-0~1\tacknowledged\ttrue\ttrue\t2\t{then}\t{at}\t\\N\t{then}\ttrực ban\tđã gọi trạm\t\
             pm25\t70\t2"
        )
    );
    let read = server.store.open_alerts(&ALL).await.unwrap();
    assert!(held_against.is_some());
    assert_eq!(
        read[0].evidence().unwrap().compared,
        held_against,
        "the hours it was held against are its own"
    );

    let mut closed = sample::results(Epoch(3), 0);
    cleared.acknowledged = true;
    cleared.at = closed.now;
    closed.facts.alerts = vec![cleared];
    sink.write(&closed, false).await.unwrap();
    let last = closed.now.0;
    assert_eq!(
        server.ask(view).await,
        format!(
            "pm25-day~station-0~1\tcleared\tfalse\ttrue\t1\t{last}\t{at}\t{last}\t{then}\ttrực ban\tđã gọi trạm\t\
             pm25\t40\t3"
        )
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_how_a_log_source_is_and_until_when_that_holds_is_asked_back_as_of_a_moment() {
    let server = TestServer::start().await;
    let sink = server.sink();
    let names = ["ids-a", "fw-a"].map(str::to_owned);
    let said = |number: u64, subject: &str, status, last_event| {
        let mut results = sample::results(Epoch(number), 0);
        let since = results.now;
        let (subject, sensor) = (subject.into(), None);
        results.facts.statuses =
            vec![StatusResult { subject, status, since, last_event, sensor, clock_off: None }];
        let mut figure = results.facts.figures[0].clone();
        (figure.figure, figure.stale_from) = (FigureId::LogSources, Some(EventTime(since.0 + 180_000)));
        results.facts.figures = vec![figure];
        results
    };
    let (blind, seeing) = (StationStatus::Error, StationStatus::Good);
    let all = [
        said(1, "ids-a", blind, Some(EventTime(7))),
        said(2, "fw-a", StationStatus::Silent, None),
        said(3, "ids-a", seeing, Some(EventTime(9))),
    ];
    for results in &all {
        sink.write(results, false).await.unwrap();
    }
    let told = async |moment: Now| {
        let states = server.store.log_source_states(&names, moment).await.unwrap();
        let states = states.into_iter().map(|it| (it.subject, it.status, it.since, it.last_event));
        (states.collect::<Vec<_>>(), server.store.log_sources_stale_from(moment).await.unwrap())
    };
    let [first, second, third] = [0, 1, 2].map(|at: usize| all[at].now);
    let stale_from = |said: Now| Some(EventTime(said.0 + 180_000));
    let ids = |status, since, last| ("ids-a".to_owned(), status, since, Some(EventTime(last)));
    let fw = ("fw-a".to_owned(), StationStatus::Silent, second, None);
    assert_eq!(told(Now(first.0 - 1)).await, (Vec::new(), None));
    assert_eq!(told(first).await, (vec![ids(blind, first, 7)], stale_from(first)));
    assert_eq!(told(Now(third.0 - 1)).await, (vec![fw.clone(), ids(blind, first, 7)], stale_from(second)));
    assert_eq!(told(Now(i64::from(u32::MAX) * 1_000)).await.0, [fw, ids(seeing, third, 9)]);
    let _ = server.ask("ALTER TABLE epoch DELETE WHERE epoch = 3 SETTINGS mutations_sync = 1").await;
    assert_eq!(told(third).await.1, stale_from(second), "what is not committed was not said");
}
