//! What boards and the dataflow ask back.

use std::collections::BTreeSet;

use ioc_model::{
    calendar::DayNumber,
    epoch::{Epoch, Generation, Revision},
    event::{
        Count, EventCursor, EventEnd, EventFilter, EventKey, EventKind, Severity, TimeFrom, one_spelling,
    },
    name::Name,
    observation::Quality,
    position::{LogNumber, Offset, Partition, Position},
    question::{About, Found, Question},
    results::{RowStanding, WindowResult},
    rule::{AlertEvents, CountBy, Counted, Counting},
    time::EventTime,
    window::{Aggregate, ClosedBy, WindowKind},
};
use ioc_storage::queries::{EnvelopeFate, EventRow};

use crate::{askers::ALL, sample, server::TestServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boards_get_the_latest_values_trends_rejects_receipts_and_balance() {
    let server = TestServer::start().await;
    let sink = server.sink();
    for number in [1, 2] {
        sink.write(&sample::results(Epoch(number), 50), false).await.unwrap();
    }
    let store = &server.store;
    let start = sample::time("2024-11-05T00:00:00Z");

    let latest = store.latest(&ALL, start).await.unwrap();
    assert_eq!(latest.len(), 5);
    // Station 4's last row of the second epoch is number 49.
    let last = latest.iter().find(|value| value.subject == "station-4").unwrap();
    assert_eq!(last.offset, Offset(2_000_049));
    assert_eq!(last.event_time, EventTime(start.0 + 2_000_049 * 7));
    assert_eq!(last.value, 49.0 / 3.0);
    assert_eq!(last.quality, Quality::Good);
    assert_eq!(last.standing, RowStanding::First);
    assert!(store.latest(&ALL, EventTime(last.event_time.0 + 1)).await.unwrap().is_empty());

    let trend = store
        .trend(&ALL, "pm25", "station-0", WindowKind::Hour, start, EventTime(start.0 + 3_600_000))
        .await
        .unwrap();
    assert_eq!(trend.len(), 1);
    assert_eq!((trend[0].revision, trend[0].count), (Revision(2), 2));
    assert_eq!(trend[0].mean, Some(2.1 / 2.0));
    assert_eq!(trend[0].closed_by, ClosedBy::Watermark);
    let elsewhere =
        store.trend(&ALL, "pm25' OR 1=1 --", "station-0", WindowKind::Hour, start, start).await.unwrap();
    assert!(elsewhere.is_empty());

    let rejects = store.recent_rejects(&ALL, 10).await.unwrap();
    assert_eq!(rejects.iter().map(|reject| reject.offset.0).collect::<Vec<_>>(), [2_000_050, 1_000_050]);
    assert_eq!(rejects[0].raw, "\u{fffd}{");
    assert_eq!(rejects[0].message_vi, "không phải JSON");
    assert_eq!(store.recent_rejects(&ALL, 1).await.unwrap().len(), 1);

    let position = |offset| Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) };
    assert_eq!(
        store.envelope_fate(&ALL, position(1_000_003)).await.unwrap(),
        EnvelopeFate { stored: 1, rejected: 0, undecodable: 0, held: 0 }
    );
    assert_eq!(
        store.envelope_fate(&ALL, position(1_000_050)).await.unwrap(),
        EnvelopeFate { stored: 0, rejected: 0, undecodable: 1, held: 0 }
    );
    assert_eq!(store.envelope_fate(&ALL, position(7)).await.unwrap(), EnvelopeFate::default());

    let balance = "SELECT envelopes_received, envelopes_astray, rows_astray FROM feed_balance";
    assert_eq!(server.ask(balance).await, "102\t0\t0");
    let totals = store.totals(Generation(0)).await.unwrap();
    assert_eq!(totals[0].0, "air-mqtt");
    assert_eq!((totals[0].1.received, totals[0].1.stored), (102, 100));
    assert_eq!(store.published(Generation(0)).await.unwrap(), Some(Epoch(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balance_a_lost_row_shows() {
    let server = TestServer::start().await;
    let mut results = sample::results(Epoch(1), 10);
    let counts = &mut results.facts.feed_minutes[0].counts;
    counts.stored -= 1;
    counts.received += 2;
    server.sink().write(&results, false).await.unwrap();
    let astray = "SELECT envelopes_astray, rows_astray FROM feed_balance";
    assert_eq!(server.ask(astray).await, "2\t1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_a_day_read_back_holds_every_row_up_to_the_epoch_in_order() {
    let server = TestServer::start().await;
    let sink = server.sink();
    let mut first = sample::results(Epoch(1), 100);
    first.facts.observations.reverse();
    sink.write(&first, false).await.unwrap();
    sink.write(&sample::results(Epoch(2), 100), false).await.unwrap();
    let from = sample::time("2024-11-05T00:00:00Z");
    let question = Question {
        subject: Name::from("station-3"),
        about: About::Day { indicator: Name::from("pm25"), day: DayNumber(20_032) },
        from,
        to: EventTime(from.0 + 86_400_000),
        asked: Epoch(1),
    };
    let Found::Rows(rows) = server.store.ask(&question, Generation(0), Epoch(1)).await.unwrap() else {
        panic!("a day is rows");
    };
    assert_eq!(rows.len(), 20);
    assert!(rows.is_sorted_by_key(|row| (row.event_time, row.arrival)));
    let mut expected: Vec<_> =
        first.facts.observations.iter().filter(|row| &*row.subject == "station-3").cloned().collect();
    expected.sort_by_key(|row| (row.event_time, row.arrival));
    for (read, stored) in rows.iter().zip(&expected) {
        assert_eq!(read.arrival, stored.arrival);
        assert_eq!(read.event_time, stored.event_time);
        assert_eq!(read.value.to_bits(), stored.value.to_bits());
        assert_eq!(read.quality, stored.quality);
    }
    let both = server.store.ask(&question, Generation(0), Epoch(2)).await.unwrap();
    assert_eq!(both.len(), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_the_hours_of_a_measure_are_read_back_alone_as_they_were_up_to_the_epoch() {
    let server = TestServer::start().await;
    let sink = server.sink();
    let hour = |indicator: &str, kind, number: i64, sum| {
        let [window] = &sample::results(Epoch(1), 0).facts.windows[..] else { panic!("one window") };
        let start = EventTime(window.start.0 + number * 3_600_000);
        let aggregate = Aggregate { count: 50, sum, ..window.aggregate };
        let (indicator, subject) = (indicator.into(), "ids-a".into());
        WindowResult { indicator, subject, kind, start, aggregate, ..window.clone() }
    };
    for (epoch, sum) in [(1, 4.0), (2, 9.0)] {
        let mut results = sample::results(Epoch(epoch), 0);
        results.facts.windows = vec![
            hour("ids_alerts", WindowKind::Hour, 0, sum),
            hour("ids_alerts", WindowKind::Hour, 1, 5.0),
            hour("ids_alerts", WindowKind::Hour, 2, 6.0),
            hour("ids_alerts", WindowKind::Day, 0, 15.0),
            hour("log_lines", WindowKind::Hour, 0, 70.0),
        ];
        sample::said_anew(&mut results);
        sink.write(&results, false).await.unwrap();
    }
    let from = sample::results(Epoch(1), 0).facts.windows[0].start;
    let about = About::Usual { measure: "ids_alerts".into() };
    let to = EventTime(from.0 + 2 * 3_600_000);
    let question = Question { subject: "ids-a".into(), about, from, to, asked: Epoch(1) };
    for (upto, first) in [(1, 4.0), (2, 9.0)] {
        let Found::Windows(found) = server.store.ask(&question, Generation(0), Epoch(upto)).await.unwrap()
        else {
            panic!("hours are windows");
        };
        let hours: Vec<_> = found.iter().map(|it| (&*it.indicator, it.kind, it.sum, it.count)).collect();
        let hour = |sum| ("ids_alerts", WindowKind::Hour, sum, 50);
        assert_eq!(hours, [hour(first), hour(5.0)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_events_are_looked_up_by_their_keys_and_their_log_source_up_to_an_epoch() {
    let server = TestServer::start().await;
    let sink = server.sink();
    for epoch in [1, 2] {
        sink.write(&sample::results(Epoch(epoch), 1), false).await.unwrap();
    }
    let keys = [1, 2, 3].map(|byte| EventKey([byte; 16]));
    let ask = async |log_source: &str, upto: u64| {
        let question = Question {
            subject: Name::from(log_source),
            about: About::Events { keys: keys.into() },
            from: EventTime(i64::MIN),
            to: EventTime(i64::MAX),
            asked: Epoch(1),
        };
        server.store.ask(&question, Generation(0), Epoch(upto)).await.unwrap()
    };
    assert_eq!(ask("ids-a", 1).await, Found::Keys(keys[..1].to_vec()));
    assert_eq!(ask("ids-a", 2).await, Found::Keys(keys[..2].to_vec()));
    assert_eq!(ask("ids-b", 2).await, Found::Keys(Vec::new()));
    // Both happened at one moment; a question about another time finds neither.
    let at = sample::results(Epoch(1), 1).facts.events[0].0.happened_at;
    for (from, to, found) in [(at.0, at.0 + 1, &keys[..2]), (at.0 + 1, i64::MAX, &[]), (i64::MIN, at.0, &[])]
    {
        let question = Question {
            subject: Name::from("ids-a"),
            about: About::Events { keys: keys.into() },
            from: EventTime(from),
            to: EventTime(to),
            asked: Epoch(1),
        };
        let answer = server.store.ask(&question, Generation(0), Epoch(2)).await.unwrap();
        assert_eq!(answer, Found::Keys(found.to_vec()), "{from} {to}");
    }
    // One that is dated by its arrival is found by whoever asks for those, whenever it arrived, and by nobody else.
    let mut undated = sample::results(Epoch(3), 1);
    for (number, time_from) in [(4, TimeFrom::Arrival), (5, TimeFrom::Absurd), (6, TimeFrom::Inferred)] {
        let mut event = undated.facts.events[0].clone();
        let it = std::sync::Arc::make_mut(&mut event.0);
        (it.key, it.time_from) = (Some(EventKey([number; 16])), time_from);
        it.arrival.row = number.into();
        undated.facts.events.push(event);
    }
    sink.write(&undated, false).await.unwrap();
    let undated: Box<[EventKey]> = [1, 4, 5, 6].map(|byte| EventKey([byte; 16])).into();
    let (never, ever) = ((i64::MAX, i64::MIN), (at.0, at.0 + 1));
    for ((from, to), also_undated, found) in
        [(never, true, vec![4, 5]), (ever, true, vec![1, 4, 5, 6]), (never, false, vec![])]
    {
        let keys = undated.clone();
        let about = if also_undated { About::UndatedEvents { keys } } else { About::Events { keys } };
        let (from, to) = (EventTime(from), EventTime(to));
        let question = Question { subject: Name::from("ids-a"), about, from, to, asked: Epoch(1) };
        let answer = server.store.ask(&question, Generation(0), Epoch(3)).await.unwrap();
        let found = found.into_iter().map(|byte: u8| EventKey([byte; 16])).collect();
        assert_eq!(answer, Found::Keys(found), "{from:?} {also_undated}");
    }
    // As many as the flow asks for at once: they are one value of the question.
    let many: BTreeSet<EventKey> =
        (0..2_000u128).map(|number| EventKey((number << 96).to_be_bytes())).chain(keys).collect();
    let question = Question {
        subject: Name::from("ids-a"),
        about: About::Events { keys: many.into_iter().collect() },
        from: EventTime(i64::MIN),
        to: EventTime(i64::MAX),
        asked: Epoch(1),
    };
    let found = server.store.ask(&question, Generation(0), Epoch(2)).await.unwrap();
    assert_eq!(found, Found::Keys(keys[..2].to_vec()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_paged_counted_ranked_and_opened_with_the_names_of_users_masked() {
    let server = TestServer::start().await;
    let sink = server.sink();
    let start = sample::time("2024-11-05T00:00:00Z");
    for epoch in 1..=3 {
        let mut results = sample::results(Epoch(epoch), 1);
        let event = std::sync::Arc::make_mut(&mut results.facts.events[0].0);
        event.happened_at = EventTime(start.0 + 3_600_000 * (epoch as i64 / 2));
        event.attempts = i32::from(epoch == 2);
        sink.write(&results, false).await.unwrap();
    }
    let filter = EventFilter::within(start, EventTime(start.0 + 86_400_000));
    let store = &server.store;
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = store.events(&ALL, &filter, before, 1).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(behind(last));
        let position = behind(last).position;
        assert_eq!(store.envelope_events(&ALL, position).await.unwrap(), page);
        seen.extend(page.into_iter().map(|event| event.offset.0 / 1_000_000));
    }
    assert_eq!(seen, [3, 2, 1], "the newest first, none twice");
    let event = &store.events(&ALL, &filter, None, 1).await.unwrap()[0];
    assert_eq!((event.user.as_str(), event.message.as_str()), ("r***", "web shell upload by r***"));
    assert_eq!((event.kind, event.severity), (EventKind::Alert, Severity::High));
    assert_eq!(event.attributes, [("flow_id".to_owned(), "1200".to_owned())]);

    let hours = store.event_hours(&ALL, &filter).await.unwrap();
    assert_eq!(hours.iter().map(|hour| hour.weight).collect::<Vec<_>>(), [2, 4]);
    let totals = store.event_totals(&ALL, &filter).await.unwrap();
    assert_eq!((totals.weight, totals.attempts, totals.attackers), (6, 1, 1));
    for end in [EventEnd::Source, EventEnd::Target] {
        let ranked = store.event_addresses(&ALL, &filter, end, 5).await.unwrap();
        assert_eq!((ranked.len(), ranked[0].weight, ranked[0].grave, ranked[0].others), (1, 6, 6, 1));
        assert_eq!(
            (ranked[0].network.as_str(), ranked[0].network_addresses),
            ("", 0),
            "one address is no network"
        );
    }
    let heard = store.log_sources_heard(&ALL, &filter).await.unwrap();
    let of_first = (heard[0].log_source.as_str(), heard[0].weight, heard[0].rows, heard[0].absurd);
    assert_eq!((heard.len(), of_first), (1, ("ids-a", 6, 3, 0)));
    let names = ["ids-a", "ids-b"].map(str::to_owned);
    let last = store.log_sources_last(&ALL, &names, start, filter.until).await.unwrap();
    let last: Vec<_> = last.iter().map(|last| (last.name.as_str(), last.received_at)).collect();
    assert_eq!(last, [("ids-a", heard[0].received_at)]);
    let later = EventTime(start.0 + 2 * 86_400_000);
    assert_eq!(store.log_sources_last(&ALL, &names, filter.until, later).await.unwrap(), []);

    let any_spelling = one_spelling("2001:0DB8:0:7:0:0:0:1F");
    let none = [
        EventFilter { kinds: vec![EventKind::Log], ..filter.clone() },
        EventFilter { severities: vec![Severity::Critical], ..filter.clone() },
        EventFilter { log_sources: vec!["ids-b".to_owned()], ..filter.clone() },
        EventFilter { flow_id: "1201".to_owned(), ..filter.clone() },
        EventFilter { address: one_spelling("192.0.2.21"), ..filter.clone() },
        EventFilter { until: start, ..filter.clone() },
        EventFilter { attempts: true, until: EventTime(start.0 + 1), ..filter.clone() },
        EventFilter { address: any_spelling, end: Some(EventEnd::Target), ..filter.clone() },
        EventFilter { address: one_spelling("192.0.2.20"), end: Some(EventEnd::Source), ..filter.clone() },
    ];
    for filter in none {
        assert_eq!(store.events(&ALL, &filter, None, 9).await.unwrap(), [], "{filter:?}");
    }
    for (address, end) in [(any_spelling, EventEnd::Source), (one_spelling("192.0.2.20"), EventEnd::Target)] {
        for end in [None, Some(end)] {
            let filter = EventFilter { address, end, ..filter.clone() };
            assert_eq!(store.events(&ALL, &filter, None, 9).await.unwrap().len(), 3, "{filter:?}");
        }
    }
    for (network, end, found) in [
        ("2001:db8:0:7::/64", EventEnd::Source, 3),
        ("2001:db8:0:7::/64", EventEnd::Target, 0),
        ("2001:db8:0:8::/64", EventEnd::Source, 0),
        ("192.0.2.0/24", EventEnd::Target, 3),
        ("192.0.2.0/28", EventEnd::Target, 0),
        ("0.0.0.0/0", EventEnd::Source, 0),
    ] {
        let filter = EventFilter { network: network.parse().ok(), end: Some(end), ..filter.clone() };
        assert_eq!(store.events(&ALL, &filter, None, 9).await.unwrap().len(), found, "{network} {end:?}");
    }
    let of_flow =
        EventFilter { flow_id: "1200".to_owned(), log_sources: vec!["ids-a".to_owned()], ..filter.clone() };
    assert_eq!(store.events(&ALL, &of_flow, None, 9).await.unwrap().len(), 3, "what else of this flow");
    let tried = EventFilter { attempts: true, ..filter.clone() };
    let found = store.events(&ALL, &tried, None, 9).await.unwrap();
    assert_eq!(found.iter().map(|event| event.offset.0 / 1_000_000).collect::<Vec<_>>(), [2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_of_one_network_are_ranked_with_what_came_from_it() {
    let server = TestServer::start().await;
    let start = sample::time("2024-11-05T00:00:00Z");
    let addresses =
        ["2001:db8:0:9::1", "2001:db8:0:9:ffff::2", "2001:db8:0:a::1", "203.0.113.5", "203.0.113.6"];
    for (epoch, address) in (1..).zip(addresses) {
        let mut results = sample::results(Epoch(epoch), 1);
        let event = std::sync::Arc::make_mut(&mut results.facts.events[0].0);
        event.happened_at = EventTime(start.0 + epoch as i64);
        (event.from.address, event.weight) = (one_spelling(address), epoch as u32);
        server.sink().write(&results, false).await.unwrap();
    }
    let filter = EventFilter::within(start, EventTime(start.0 + 1_000));
    let ranked = server.store.event_addresses(&ALL, &filter, EventEnd::Source, 9).await.unwrap();
    let told: Vec<(&str, &str, u64, u64)> = ranked
        .iter()
        .map(|it| (it.address.as_str(), it.network.as_str(), it.network_addresses, it.network_weight))
        .collect();
    let network = "2001:db8:0:9::";
    let expected = [
        ("203.0.113.6", "", 0, 0),
        ("203.0.113.5", "", 0, 0),
        ("2001:db8:0:a::1", "", 0, 0),
        ("2001:db8:0:9:ffff::2", network, 2, 3),
        ("2001:db8:0:9::1", network, 2, 3),
    ];
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn safe_of_an_event_the_name_of_a_user_is_masked_where_it_is_a_word_and_nothing_else_is() {
    let server = TestServer::start().await;
    let start = sample::time("2024-11-05T00:00:00Z");
    let told = async |epoch: u64, user: &str, message: &str| {
        let mut results = sample::results(Epoch(epoch), 1);
        let event = std::sync::Arc::make_mut(&mut results.facts.events[0].0);
        event.happened_at = EventTime(start.0 + epoch as i64);
        (event.user, event.message) = (user.into(), message.into());
        let said = |name: &'static str, text: &str| (name.into(), text.into());
        event.attributes = vec![
            said("http.http_user_agent", "a scanner/1.0"),
            said("shost", user),
            said("sourceUserName", "Nguyen Van A"),
            said("suser", "root"),
        ];
        server.sink().write(&results, false).await.unwrap();
        let found = server.ask("SELECT user, message, attributes['http.http_user_agent'], attributes['shost'], \
             attributes['suser'], attributes['sourceUserName'] FROM event_current ORDER BY happened_at DESC LIMIT 1");
        found.await
    };
    let of_one_letter = told(1, "a", "a scan at bar by a, a+b (a)").await;
    assert_eq!(
        of_one_letter,
        "a***\ta*** scan at bar by a***, a***+b (a***)\ta*** scanner/1.0\ta***\tr***\tN***"
    );
    let of_a_word = told(2, "nguyễn", "user nguyễn: nguyễn@srv").await;
    assert_eq!(of_a_word, "n***\tuser n***: n***@srv\ta scanner/1.0\tn***\tr***\tN***");
    // What stands for something in a pattern is itself.
    let of_a_pattern = told(3, "\\(x.*", "login of \\(x.* from (x.y").await;
    assert_eq!(of_a_pattern, "\\\\***\tlogin of \\\\*** from (x.y\ta scanner/1.0\t\\\\***\tr***\tN***");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bound_the_newest_events_are_looked_for_backwards_and_older_ones_are_not_read() {
    let server = TestServer::start().await;
    let now = sample::time("2024-11-20T00:00:00Z");
    let sink = server.sink();
    for epoch in 1..=40 {
        let mut results = sample::results(Epoch(epoch), 1);
        let event = std::sync::Arc::make_mut(&mut results.facts.events[0].0);
        // One a minute, and further back one each half day.
        let back = if epoch > 20 { (41 - epoch as i64) * 60_000 } else { (21 - epoch as i64) * 43_200_000 };
        event.happened_at = EventTime(now.0 - back);
        sink.write(&results, false).await.unwrap();
    }
    let filter = EventFilter::within(EventTime(now.0 - 31 * 86_400_000), now);
    for size in [1, 7, 21, 39, 99] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = server.store.events(&ALL, &filter, before, size).await.unwrap();
            assert!(page.len() <= size as usize);
            let Some(last) = page.last() else { break };
            before = Some(behind(last));
            seen.extend(page.into_iter().map(|event| event.offset.0 / 1_000_000));
        }
        assert_eq!(seen, (1..=40).rev().collect::<Vec<u64>>(), "pages of {size}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_events_of_an_alert_are_paged_up_to_the_one_that_made_it_enough() {
    let server = TestServer::start().await;
    let sink = server.sink();
    let start = sample::time("2024-11-05T00:00:00Z");
    let mut arrivals = Vec::new();
    for epoch in 1..=4 {
        let mut results = sample::results(Epoch(epoch), 1);
        let event = std::sync::Arc::make_mut(&mut results.facts.events[0].0);
        event.happened_at = EventTime(start.0 + 60_000 * (epoch as i64 / 2));
        arrivals.push(event.arrival);
        sink.write(&results, false).await.unwrap();
    }
    let counting = Counting {
        kinds: vec![EventKind::Alert],
        severity: Some(Severity::High),
        signature: "1:9000010:2".to_owned(),
        reach: 3,
        ..ioc_testing::counting(Count::Events, CountBy::From)
    };
    let counted = Counted { counting, group: "2001:db8:0:7::1f".to_owned(), last: arrivals[2] };
    let of = AlertEvents {
        counted: counted.into(),
        from: start,
        until: EventTime(start.0 + 86_400_000),
        epoch: Epoch(3),
    };
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = server.store.alert_events(&ALL, &of, before, 1).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(behind(last));
        seen.extend(page.into_iter().map(|event| event.offset.0 / 1_000_000));
    }
    assert_eq!(seen, [3, 2, 1], "the newest first, none twice, and none that came after");
}

/// Where the page behind an event begins.
fn behind(event: &EventRow) -> EventCursor {
    let position = Position { log: event.log, partition: event.partition, offset: event.offset };
    EventCursor { happened_at: event.happened_at, position, row: event.row }
}
