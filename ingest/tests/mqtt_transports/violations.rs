//! SAFE: what breaks the protocol costs its own connection, with the reason the standard gives, and nobody else's.

use ioc_model::envelope::Content;

use crate::{
    raw::{Connect, Level, NOTHING, Raw, packet, puback, publish, text},
    site::{OTHER, Site},
    transports::until,
};

/// Packets after CONNECT and the reason of version 5's DISCONNECT; 3.1.1 is only closed.
fn cases(level: Level) -> Vec<(&'static str, Vec<u8>, u8)> {
    let topic = |topic: &[u8]| {
        let mut body = (topic.len() as u16).to_be_bytes().to_vec();
        body.extend_from_slice(topic);
        body.extend_from_slice(&[0, 1, 0]);
        packet(0x32, &body)
    };
    let mut cases = vec![
        ("wildcard #", topic(b"air/#"), 0x81),
        ("wildcard +", topic(b"air/+/x"), 0x81),
        ("NUL in a topic", topic(b"air/\0"), 0x81),
        ("broken UTF-8", topic(b"air/\xc3\x28"), 0x81),
        ("a surrogate", topic(b"air/\xed\xa0\x80"), 0x81),
        ("an overlong encoding", topic(b"air/\xc0\xaf"), 0x81),
        ("an empty topic", topic(b""), 0x82),
        ("a topic beyond its packet", packet(0x30, &[0, 9, b'a']), 0x81),
        ("packet identifier 0", packet(0x32, &[0, 1, b'a', 0, 0, 0]), 0x82),
        ("packet identifier 0 of an exchange", packet(0x34, &[0, 1, b'a', 0, 0, 0]), 0x82),
        ("quality of service 3", packet(0x36, &[0, 1, b'a', 0, 1, 0]), 0x81),
        ("DUP without quality of service", packet(0x38, &[0, 1, b'a', 0]), 0x81),
        ("a length of five bytes", vec![0x30, 0x80, 0x80, 0x80, 0x80, 1], 0x81),
        ("packet type 0", vec![0x00, 0], 0x81),
        ("reserved flags", vec![0xc5, 0], 0x81),
        ("a second CONNECT", Connect::new(level, "a").bytes(), 0x82),
        ("a CONNACK", vec![0x20, 2, 0, 0], 0x82),
        ("a PUBREC for nothing", vec![0x50, 2, 0, 1], 0x82),
        ("a SUBSCRIBE without filters", vec![0x82, 2, 0, 1], if level == Level::V5 { 0x81 } else { 0x82 }),
        ("a PINGREQ with a body", vec![0xc0, 1, 0], 0x81),
    ];
    if level == Level::V5 {
        cases.extend([
            ("topic alias 0", packet(0x30, &[0, 1, b'a', 3, 0x23, 0, 0]), 0x94),
            ("a topic alias over the maximum", packet(0x30, &[0, 1, b'a', 3, 0x23, 0, 33]), 0x94),
            ("a topic alias of nothing", packet(0x30, &[0, 0, 3, 0x23, 0, 1]), 0x82),
            ("neither topic nor alias", packet(0x30, &[0, 0, 0]), 0x82),
            ("a property twice", packet(0x30, &[0, 1, b'a', 4, 1, 0, 1, 0]), 0x82),
            ("another packet's property", packet(0x30, &[0, 1, b'a', 5, 0x11, 0, 0, 0, 1]), 0x81),
            ("properties beyond the packet", packet(0x30, &[0, 1, b'a', 9, 1, 0]), 0x81),
            ("AUTH", vec![0xf0, 0], 0x82),
            ("a padded length", vec![0x30, 0x84, 0x00, 0, 1, b'a', 0], 0x81),
            ("a prolonged session", packet(0xe0, &[0, 5, 0x11, 0, 0, 0, 9]), 0x82),
        ]);
    }
    cases
}

#[tokio::test]
async fn safe_a_violation_costs_its_connection_and_is_told_by_its_reason() {
    let site = Site::open().await;
    let bystander = Connect { user: Some(OTHER.into()), ..Connect::new(Level::V311, "a") };
    let (mut bystander, _) = Raw::connected(site.address, &bystander).await;
    let mut violations = 0;
    for level in [Level::V311, Level::V5] {
        for (what, bytes, reason) in cases(level) {
            let (mut raw, _) = Raw::connected(site.address, &Connect::new(level, "a")).await;
            // What came before in the same read is kept and acknowledged first, what comes after is not.
            let valid = publish(level, "air/1", 9, what);
            raw.send(&[&valid[..], &bytes, &publish(level, "air/1", 10, "after")].concat()).await;
            let farewell: &[u8] = if level == Level::V5 { &[0xe0, 2, reason, 0] } else { &[] };
            assert_eq!(raw.rest().await, [&puback(9)[..], farewell].concat(), "{level:?}: {what}");
            violations += 1;
        }
    }
    until("counted", || site.counts().violations == violations).await;
    bystander.send(&publish(Level::V311, "water/1/level", 1, "still here")).await;
    bystander.expect(&puback(1)).await;
    assert_eq!(site.payloads("water"), ["still here"]);
    assert_eq!(site.payloads("air").len(), violations as usize);
    assert!(!site.payloads("air").contains(&"after".to_owned()));
}

#[tokio::test]
async fn balance_a_hundred_megabyte_publish_is_recorded_without_its_bytes_and_closes() {
    let site = Site::open().await;
    for level in [Level::V311, Level::V5] {
        let (mut raw, _) = Raw::connected(site.address, &Connect::new(level, "a")).await;
        let mut start = vec![0x32];
        let mut rest = 100_000_000;
        while rest > 0 {
            start.push((rest & 0x7f) as u8 | if rest > 127 { 0x80 } else { 0 });
            rest >>= 7;
        }
        start.extend(text("air/large"));
        start.extend_from_slice(&[0, 1, 0]);
        start.extend_from_slice(&[b'x'; 50_000]);
        raw.send(&start).await;
        let farewell: &[u8] = if level == Level::V5 { &[0xe0, 2, 0x95, 0] } else { &[] };
        assert_eq!(raw.rest().await, farewell);
    }
    let stored = site.stored();
    assert_eq!(stored.len(), 2);
    for one in &stored {
        assert_eq!(
            (one.feed.as_str(), one.address.as_str(), one.content),
            ("air", "air/large", Content::Withheld)
        );
        assert_eq!(one.text(), r#"{"reason":"too_large","bytes":100000005}"#);
    }
    assert_eq!(site.counts().oversize, 2);
}

#[tokio::test]
async fn bound_more_in_flight_than_the_receive_maximum_is_a_violation_in_version_5() {
    let site = Site::with(|config| config.receive_maximum = 3).await;
    let (mut raw, _) = Raw::connected(site.address, &Connect::new(Level::V5, "a")).await;
    for _round in 0..3 {
        raw.send(&[1, 2, 3].map(|id| publish(Level::V5, "air/1", id, "x")).concat()).await;
        raw.expect(&[puback(1), puback(2), puback(3)].concat()).await;
    }
    raw.send(&[1, 2, 3, 4].map(|id| publish(Level::V5, "air/1", id, "y")).concat()).await;
    let farewell = [&puback(1)[..], &puback(2), &puback(3), &[0xe0, 2, 0x93, 0]].concat();
    assert_eq!(raw.rest().await, farewell);
    assert_eq!(site.payloads("air").len(), 12);
}

#[tokio::test]
async fn silence_beyond_the_keep_alive_ends_a_connection() {
    let site = Site::open().await;
    for (level, farewell) in [(Level::V311, &[][..]), (Level::V5, &[0xe0, 2, 0x8d, 0])] {
        let connect = Connect { keep_alive: 1, ..Connect::new(level, "a") };
        let (mut raw, _) = Raw::connected(site.address, &connect).await;
        raw.ping().await;
        assert_eq!(raw.rest().await, farewell);
    }
}

#[tokio::test]
async fn subscriptions_and_exchanges_of_other_brokers_are_answered_and_the_connection_stays() {
    let site = Site::open().await;
    let (mut raw, _) = Raw::connected(site.address, &Connect::new(Level::V311, "a")).await;
    raw.send(b"\x82\x0b\x00\x05\x00\x01a\x01\x00\x09+/\x00").await;
    assert_eq!(raw.rest().await, NOTHING, "a filter that is cut off is malformed");
    let (mut raw, _) = Raw::connected(site.address, &Connect::new(Level::V311, "a")).await;
    raw.send(b"\x82\x0a\x00\x05\x00\x01a\x01\x00\x01#\x00").await;
    raw.expect(&[0x90, 4, 0, 5, 0x80, 0x80]).await;
    raw.send(b"\xa2\x05\x00\x06\x00\x01a").await;
    raw.expect(&[0xb0, 2, 0, 6]).await;
    raw.send(b"\x62\x02\x00\x07").await;
    raw.expect(&[0x70, 2, 0, 7]).await;
    raw.ping().await;
    let (mut raw, _) = Raw::connected(site.address, &Connect::new(Level::V5, "a")).await;
    raw.send(b"\x82\x0b\x00\x05\x00\x00\x01a\x01\x00\x01#\x00").await;
    raw.expect(&[0x90, 5, 0, 5, 0, 0x87, 0x87]).await;
    raw.send(b"\x82\x11\x00\x05\x00\x00\x06$share\x01\x00\x02a#\x00").await;
    raw.expect(&[0x90, 5, 0, 5, 0, 0x87, 0x8f]).await;
    // What it answers to is of a process that is no more.
    raw.send(b"\x40\x02\x00\x07").await;
    raw.ping().await;
    raw.send(b"\xa2\x06\x00\x06\x00\x00\x01a").await;
    raw.expect(&[0xb0, 4, 0, 6, 0, 0x11]).await;
    raw.send(b"\x62\x02\x00\x07").await;
    raw.expect(&[0x70, 3, 0, 7, 0x92]).await;
    raw.ping().await;
}
