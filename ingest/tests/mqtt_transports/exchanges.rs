//! ONCE: a publish of quality of service 2 is stored once, whatever was lost on the way and whoever was ended.

use std::collections::BTreeSet;

use crate::{
    raw::{BOTH, Connect, Level, Raw, packet, publish, text},
    site::Site,
    transports::{Valve, until},
};

/// PUBLISH with quality of service 2.
fn once(level: Level, id: u16, payload: &str) -> Vec<u8> {
    let mut body = text("air/1");
    body.extend_from_slice(&id.to_be_bytes());
    body.extend_from_slice(if level == Level::V5 { &[0] } else { &[] });
    body.extend_from_slice(payload.as_bytes());
    packet(0x34, &body)
}

/// The same, sent again.
fn again(level: Level, id: u16, payload: &str) -> Vec<u8> {
    let mut bytes = once(level, id, payload);
    bytes[0] |= 0b1000;
    bytes
}

fn answer(first: u8, id: u16) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    vec![first, 2, high, low]
}

fn pubrec(id: u16) -> Vec<u8> {
    answer(0x50, id)
}

fn pubrel(id: u16) -> Vec<u8> {
    answer(0x62, id)
}

fn pubcomp(id: u16) -> Vec<u8> {
    answer(0x70, id)
}

/// PUBCOMP for what a new session does not know.
fn unknown(level: Level, id: u16) -> Vec<u8> {
    match level {
        Level::V311 => pubcomp(id),
        Level::V5 => [&[0x70, 3], &id.to_be_bytes()[..], &[0x92]].concat(),
    }
}

fn lasting(level: Level, client_id: &str) -> Connect {
    let properties = if level == Level::V5 { vec![0x11, 0, 0, 0, 60] } else { vec![] };
    Connect { clean: false, properties, ..Connect::new(level, client_id) }
}

async fn connected(site: &Site, connect: &Connect) -> Raw {
    Raw::connected(site.address, connect).await.0
}

#[tokio::test]
async fn once_a_publish_is_received_released_and_done_with() {
    let site = Site::open().await;
    for level in BOTH {
        let before = site.stored().len();
        let mut raw = connected(&site, &Connect::new(level, "a")).await;
        for round in 0..3 {
            raw.send(&once(level, 7, &format!("{level:?} {round}"))).await;
            raw.expect(&pubrec(7)).await;
            raw.send(&pubrel(7)).await;
            raw.expect(&pubcomp(7)).await;
        }
        raw.send(
            &[pubrel(9), once(level, 9, "x"), again(level, 9, "x"), pubrel(9), once(level, 9, "x")].concat(),
        )
        .await;
        let answers = [unknown(level, 9), pubrec(9), pubrec(9), pubcomp(9), pubrec(9)];
        raw.expect(&answers.concat()).await;
        assert_eq!(site.stored().len(), before + 5);
    }
    let counts = site.counts();
    assert_eq!((counts.repeated, counts.released, counts.acknowledged), (2, 8, 12));
    until("forgotten with their sessions", || site.counts().exchanges == 0).await;
}

#[tokio::test]
async fn once_what_comes_again_before_its_release_is_stored_once_across_connections_and_restarts() {
    let mut site = Site::open().await;
    for level in BOTH {
        let connect = lasting(level, &format!("{level:?}"));
        let payload = format!("{level:?}");
        let mut raw = connected(&site, &connect).await;
        raw.send(&once(level, 1, &payload)).await;
        raw.expect(&pubrec(1)).await;
        for round in 0..4 {
            drop(raw);
            if round % 2 == 1 {
                site.restart().await;
            }
            let (fresh, is_present) = Raw::connected(site.address, &connect).await;
            assert!(is_present);
            raw = fresh;
            raw.send(&again(level, 1, &payload)).await;
            raw.expect(&pubrec(1)).await;
        }
        assert_eq!(site.counts().exchanges, 1);
        // Its PUBCOMP is lost, twice.
        raw.send(&pubrel(1)).await;
        raw.expect(&pubcomp(1)).await;
        site.restart().await;
        let mut raw = connected(&site, &connect).await;
        raw.send(&pubrel(1)).await;
        raw.expect(&pubcomp(1)).await;
        // The identifier is free, also for a publish of the same content.
        raw.send(&once(level, 1, &payload)).await;
        raw.expect(&pubrec(1)).await;
        raw.send(&pubrel(1)).await;
        raw.expect(&pubcomp(1)).await;
    }
    assert_eq!(site.payloads("air"), ["V311", "V311", "V5", "V5"]);
    let named = |one: &crate::transports::Stored| one.knows("exchange").is_some();
    assert!(site.stored().iter().all(named));
}

#[tokio::test]
async fn ack_no_pubrec_leaves_before_the_bus_says_durable_also_to_who_took_over() {
    let site = Site::open().await;
    for level in BOTH {
        let before = site.stored().len();
        let connect = lasting(level, "a");
        let mut first = connected(&site, &connect).await;
        site.valve.send_replace(Valve::Untold);
        first.send(&once(level, 7, "x")).await;
        until("on disk", || site.stored().len() == before + 1).await;
        first.ping().await;
        first.expect_nothing();
        let mut second = connected(&site, &connect).await;
        second.send(&again(level, 7, "x")).await;
        for _round in 0..5 {
            second.ping().await;
        }
        second.expect_nothing();
        site.valve.send_replace(Valve::Open);
        second.expect(&pubrec(7)).await;
        second.send(&pubrel(7)).await;
        second.expect(&pubcomp(7)).await;
        assert_eq!(site.stored().len(), before + 1);
    }
}

#[tokio::test]
async fn ack_what_the_bus_refused_is_taken_when_it_comes_again() {
    for level in BOTH {
        let site = Site::open().await;
        let connect = lasting(level, "a");
        let mut raw = connected(&site, &connect).await;
        site.valve.send_replace(Valve::Poisoned);
        raw.send(&once(level, 1, "x")).await;
        let farewell: &[u8] = if level == Level::V5 { &[0xe0, 2, 0x80, 0] } else { &[] };
        assert_eq!(raw.rest().await, farewell, "no PUBREC");
        site.valve.send_replace(Valve::Open);
        let mut raw = connected(&site, &connect).await;
        raw.send(&again(level, 1, "x")).await;
        raw.expect(&pubrec(1)).await;
        assert_eq!(site.payloads("air"), ["x"]);
    }
}

#[tokio::test]
async fn once_a_clean_start_forgets_what_was_open() {
    let mut site = Site::open().await;
    for level in BOTH {
        let lasts = lasting(level, "a");
        let clean = Connect { clean: true, ..lasts.clone() };
        for (number, connect) in [&clean, &Connect::new(level, "a")].into_iter().enumerate() {
            let before = site.stored().len();
            let mut raw = connected(&site, &lasts).await;
            raw.send(&once(level, 1, "before")).await;
            raw.expect(&pubrec(1)).await;
            let mut raw = connected(&site, connect).await;
            if number == 0 {
                drop(raw);
                site.restart().await;
                raw = connected(&site, connect).await;
            }
            raw.send(&[pubrel(1), again(level, 1, "before")].concat()).await;
            raw.expect(&[unknown(level, 1), pubrec(1)].concat()).await;
            assert_eq!(site.stored().len(), before + 2, "{level:?}: it is another exchange");
            drop(raw);
            let (_raw, _) = Raw::connected(site.address, &Connect::new(level, "a")).await;
        }
    }
}

#[tokio::test]
async fn ack_a_gateway_that_lost_its_memory_begins_anew_under_identifiers_that_are_open() {
    let site = Site::open().await;
    for level in BOTH {
        let connect = lasting(level, &format!("{level:?}"));
        let mut raw = connected(&site, &connect).await;
        raw.send(&once(level, 1, &format!("{level:?} before"))).await;
        raw.expect(&pubrec(1)).await;
        let mut raw = connected(&site, &connect).await;
        raw.send(&once(level, 1, &format!("{level:?} after"))).await;
        raw.expect(&pubrec(1)).await;
        // But what says that it comes again is what is there.
        raw.send(&again(level, 1, "changed")).await;
        raw.expect(&pubrec(1)).await;
    }
    assert_eq!(site.payloads("air"), ["V311 after", "V311 before", "V5 after", "V5 before"]);
}

#[tokio::test]
async fn a_refused_publish_ends_its_exchange_in_version_5_and_goes_on_in_3_1_1() {
    let mut site = Site::open().await;
    for level in BOTH {
        let before = site.stored().len();
        let connect = lasting(level, &format!("{level:?}"));
        let mut raw = connected(&site, &connect).await;
        let large = "x".repeat(1_001);
        raw.send(&once(level, 1, &large)).await;
        let refused = if level == Level::V5 { vec![0x50, 3, 0, 1, 0x97] } else { pubrec(1) };
        raw.expect(&refused).await;
        assert_eq!(site.counts().exchanges, u64::from(level == Level::V311));
        site.restart().await;
        let mut raw = connected(&site, &connect).await;
        raw.send(&again(level, 1, &large)).await;
        raw.expect(&refused).await;
        // Version 5 says that it is another one (4.3.3-9).
        assert_eq!(site.stored().len(), before + if level == Level::V5 { 2 } else { 1 });
        raw.send(&pubrel(1)).await;
        raw.expect(&pubcomp(1)).await;
    }
}

#[tokio::test]
async fn bound_version_5_may_have_so_many_open_as_the_receive_maximum_says() {
    let site = Site::with(|config| config.receive_maximum = 3).await;
    let mut raw = connected(&site, &Connect::new(Level::V5, "a")).await;
    for id in 1..=3 {
        raw.send(&once(Level::V5, id, "x")).await;
        raw.expect(&pubrec(id)).await;
    }
    raw.send(&pubrel(2)).await;
    raw.expect(&pubcomp(2)).await;
    raw.send(&[once(Level::V5, 4, "x"), again(Level::V5, 4, "x")].concat()).await;
    raw.expect(&[pubrec(4), pubrec(4)].concat()).await;
    raw.send(&publish(Level::V5, "air/1", 5, "x")).await;
    assert_eq!(raw.rest().await, [0xe0, 2, 0x93, 0]);
    let mut raw = connected(&site, &Connect::new(Level::V311, "b")).await;
    let many: Vec<u8> = (1..=500).flat_map(|id| once(Level::V311, id, "x")).collect();
    raw.send(&many).await;
    raw.expect(&(1..=500).flat_map(pubrec).collect::<Vec<u8>>()).await;
}

#[tokio::test]
async fn once_all_of_a_session_lies_in_one_partition_also_under_an_identifier_made_here() {
    let site = Site::open().await;
    let connect = Connect { clean: true, properties: vec![0x11, 0, 0, 0, 60], ..Connect::new(Level::V5, "") };
    let mut partitions = BTreeSet::new();
    for _client in 0..4 {
        let mut raw = Raw::open(site.address).await;
        raw.send(&connect.bytes()).await;
        let connack = raw.packet().await;
        let at = connack.windows(4).position(|window| window == b"ioc-").expect("an identifier");
        let assigned = std::str::from_utf8(&connack[at..at + 36]).expect("text").to_owned();
        raw.send(&once(Level::V5, 1, "x")).await;
        raw.expect(&pubrec(1)).await;
        drop(raw);
        let (mut raw, is_present) = Raw::connected(site.address, &lasting(Level::V5, &assigned)).await;
        assert!(is_present);
        raw.send(&[again(Level::V5, 1, "x"), once(Level::V5, 2, "y")].concat()).await;
        raw.expect(&[pubrec(1), pubrec(2)].concat()).await;
    }
    partitions.extend(site.stored().iter().map(|one| one.position.partition));
    assert_eq!((site.stored().len(), partitions.len()), (8, 1));
}

#[tokio::test]
async fn a_will_may_have_quality_of_service_2_and_is_known_as_one_that_was_retained() {
    let site = Site::open().await;
    for level in BOTH {
        let will = Some(("air/1".to_owned(), format!("{level:?} is gone"), vec![]));
        let mut bytes = Connect { will, ..Connect::new(level, "a") }.bytes();
        // The connect flags: behind the fixed header, the protocol's name and its level.
        bytes[9] |= 0b11_0000;
        let mut raw = Raw::open(site.address).await;
        raw.send(&bytes).await;
        assert_eq!(raw.packet().await[3], 0);
        raw.send(&[0x00, 0]).await;
        assert_eq!(raw.rest().await.is_empty(), level == Level::V311);
    }
    until("both wills", || site.payloads("air").len() == 2).await;
    assert_eq!(site.payloads("air"), ["V311 is gone", "V5 is gone"]);
    let known = |word: &str| site.stored().iter().filter(|one| one.knows(word) == Some("1")).count();
    assert_eq!((known("will"), known("retained"), known("exchange")), (2, 2, 0));
}
