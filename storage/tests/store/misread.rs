//! What could not be read, by who sent it; and what was read without a word of the pack, by product.

use std::sync::Arc;

use ioc_model::{
    asker::{Asker, Sight},
    epoch::Epoch,
    event::{Event, EventKind},
    name::Name,
    position::{Arrival, Offset},
    reject::{RejectReason, Rejection},
    results::{EpochResults, RejectedRow, StoredEvent},
    text::Text,
    time::{EventTime, ReceivedAt},
};

use crate::{askers::ALL, sample, server::TestServer};

fn of_antivirus() -> Asker {
    Asker::of(Sight::default().and_feeds(["antivirus"]))
}

fn at(arrival: Arrival, number: u64) -> Arrival {
    let position = ioc_model::position::Position {
        offset: Offset(arrival.position.offset.0 + 10_000 + number),
        ..arrival.position
    };
    Arrival { position, received_at: ReceivedAt(arrival.received_at.0 + number as i64), row: 0 }
}

/// An epoch with these rejects (sender, feed, address, reason) and events.
fn epoch(rejects: &[(&str, &str, &str, RejectReason)], events: Vec<Event>) -> EpochResults {
    let mut results = sample::results(Epoch(1), 1);
    let like = results.facts.rejects[0].clone();
    let reject =
        |(number, (sender, feed, address, reason)): (u64, &(&str, &str, &str, RejectReason))| RejectedRow {
            feed: Name::new(feed),
            sender: Name::new(sender),
            arrival: at(like.arrival, number),
            whole: *reason != RejectReason::Malformed,
            address: (*address).into(),
            rejection: Arc::new(Rejection {
                reason: *reason,
                place: String::new(),
                message: Text { vi: format!("lỗi {number}"), en: format!("fault {number}") },
            }),
            ..like.clone()
        };
    results.facts.rejects = (0..).zip(rejects).map(reject).collect();
    results.facts.events = events.into_iter().map(|event| StoredEvent(Arc::new(event))).collect();
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sent_what_could_not_be_read_is_told_with_the_last_one_and_nothing_of_what_it_says() {
    use RejectReason::{Forbidden, Framing, Malformed, TooLarge};
    let server = TestServer::start().await;
    let results = epoch(
        &[
            ("192.0.2.7", "security", "syslog/tcp", Framing),
            ("192.0.2.7", "security", "syslog/tcp", TooLarge),
            ("192.0.2.7", "security", "syslog/tcp", Framing),
            ("", "unmatched", "syslog/udp", TooLarge),
            ("av-console", "antivirus", "antivirus/list.csv", Malformed),
            ("gateway", "air", "air/x", Malformed),
            ("192.0.2.8", "security", "syslog/udp", Forbidden),
        ],
        Vec::new(),
    );
    let rejects = results.facts.rejects.clone();
    server.sink().write(&results, false).await.unwrap();
    let feeds = ["antivirus".to_owned()];
    let first = rejects[0].arrival.received_at;
    let all_time = (first, ReceivedAt(first.0 + 1_000));
    let found = server.store.misreadings(&ALL, &feeds, all_time, 10).await.unwrap();
    let told: Vec<_> =
        found.iter().map(|it| (&*it.sender, &*it.feed, it.reason, it.rejects, &*it.message_en)).collect();
    let expected = [
        ("192.0.2.7", "security", Framing, 2, "fault 2"),
        ("", "unmatched", TooLarge, 1, "fault 3"),
        ("192.0.2.7", "security", TooLarge, 1, "fault 1"),
        ("av-console", "antivirus", Malformed, 1, ""),
    ];
    assert_eq!(told, expected, "what a message says of a row that is no piece may be of persons");
    assert_eq!(
        (found[0].offset, found[0].received_at),
        (rejects[2].arrival.position.offset, rejects[2].arrival.received_at)
    );
    assert_eq!(found.iter().map(|it| it.whole).collect::<Vec<_>>(), [true, true, true, false]);

    let few = server.store.misreadings(&ALL, &feeds, all_time, 1).await.unwrap();
    let told: Vec<_> = few.iter().map(|it| (&*it.sender, it.reason, it.rejects, it.senders)).collect();
    let expected = [("192.0.2.7", Framing, 2, 3), ("192.0.2.7", TooLarge, 1, 3)];
    assert_eq!(told, expected, "all of the one with the most, and how many there are");
    let before = (first, ReceivedAt(first.0 + 1));
    assert_eq!(server.store.misreadings(&ALL, &feeds, before, 10).await.unwrap().len(), 1);
    let theirs = server.store.misreadings(&of_antivirus(), &feeds, all_time, 10).await.unwrap();
    assert_eq!(theirs.iter().map(|it| &*it.sender).collect::<Vec<_>>(), ["av-console"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_is_told_of_where_no_scale_of_the_pack_rated_it_and_one_that_is_mapped_is_not() {
    let server = TestServer::start().await;
    let like = Event::clone(&sample::results(Epoch(1), 1).facts.events[0].0);
    let event = |number: u64, kind, rated: &'static str, attributes: &[(&'static str, &str)]| Event {
        key: None,
        kind,
        rated: rated.into(),
        program: "snmpd[5100]".into(),
        attributes: attributes.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect(),
        arrival: at(like.arrival, number),
        ..like.clone()
    };
    let of = ("product", "Web Gateway");
    let cef = |number, rated, more: &[(&'static str, &'static str)]| {
        event(number, EventKind::Alert, rated, &[&[of, ("vendor", "ExampleSec")], more].concat())
    };
    let events = vec![
        cef(0, "cef 2", &[]),
        cef(1, "cef 300", &[("severity_not_mapped", "300")]),
        cef(2, "cef 2", &[("severity_scale", "example")]),
        event(3, EventKind::Infection, "ExampleAV rất cao", &[("severity_not_mapped", "rất cao")]),
        event(4, EventKind::Infection, "ExampleAV cao", &[]),
        event(5, EventKind::Alert, "suricata 1", &[]),
        event(6, EventKind::Log, "syslog 6", &[]),
        event(7, EventKind::Log, "syslog 5", &[]),
    ];
    let last = events[7].arrival;
    server.sink().write(&epoch(&[], events), false).await.unwrap();
    let day = (like.happened_at, EventTime(like.happened_at.0 + 1));
    let found = server.store.unmapped_products(&ALL, day, 10).await.unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|it| (&*it.vendor, &*it.product, it.rows, it.by_format, it.not_rated, it.unrecognized))
        .collect();
    let expected =
        [("ExampleSec", "Web Gateway", 2, 1, 1, 0), ("", "ExampleAV", 1, 0, 1, 0), ("", "snmpd", 2, 0, 0, 2)];
    assert_eq!(told, expected);
    assert!(found.iter().all(|it| it.log_source == "ids-a" && it.known && it.groups == 3));
    assert_eq!((found[2].weight, found[2].offset), (4, last.position.offset), "the last of them is opened");
    let later = (day.1, EventTime(day.1.0 + 1));
    assert_eq!(server.store.unmapped_products(&ALL, later, 10).await.unwrap(), []);
    assert_eq!(server.store.unmapped_products(&of_antivirus(), day, 10).await.unwrap(), []);
}
