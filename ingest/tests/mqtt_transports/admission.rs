//! Who is let in.

use ioc_ingest::senders::Senders;

use crate::{
    raw::{BOTH, Connect, Level, NOTHING, Raw, packet, puback, publish, text},
    site::{GATEWAY, OTHER, SECRET, Site},
    transports::until,
};

#[tokio::test]
async fn safe_connections_without_the_right_credentials_are_refused() {
    let site = Site::open().await;
    for level in BOTH {
        let right = Connect::new(level, "a");
        let wrong = [
            Connect { password: Some("wrong horse!".into()), ..right.clone() },
            Connect { user: Some("nobody".into()), ..right.clone() },
            Connect { user: None, password: None, ..right.clone() },
            Connect { password: None, ..right.clone() },
        ];
        for connect in wrong {
            let mut raw = Raw::open(site.address).await;
            raw.send(&connect.bytes()).await;
            let refusal: &[u8] = if level == Level::V5 { &[0x20, 3, 0, 0x86, 0] } else { &[0x20, 2, 0, 4] };
            assert_eq!(raw.rest().await, refusal, "{connect:?}");
        }
        let (_raw, _) = Raw::connected(site.address, &right).await;
    }
    let counts = site.counts();
    assert_eq!((counts.accepted, counts.refused_connections, counts.refused_credentials), (2, 8, 8));
}

#[tokio::test]
async fn safe_what_does_not_begin_with_a_connect_is_closed_without_a_word() {
    let site = Site::with(|config| config.connect_timeout_seconds = 1).await;
    let overlong =
        Connect { will: Some(("w".into(), "x".repeat(17_000), vec![])), ..Connect::new(Level::V5, "a") };
    let cases: [&[u8]; 7] = [
        b"\x16\x03\x01\x00\x05hello",
        &publish(Level::V311, "air/1", 1, "x"),
        &[0xc0, 0],
        &[0x10, 0xff, 0xff, 0xff, 0xff, 0x7f],
        &[0x10, 0x04, 0, 2, b'A', b'B'],
        &overlong.bytes(),
        // Never finished: the connect time-out ends it.
        &Connect::new(Level::V5, "a").bytes()[..20],
    ];
    for bytes in cases {
        let mut raw = Raw::open(site.address).await;
        raw.send(bytes).await;
        assert_eq!(raw.rest().await, NOTHING, "{bytes:x?}");
    }
    until("counted", || site.counts().refused_connections == 7).await;
    assert!(site.stored().is_empty());
}

#[tokio::test]
async fn levels_nobody_speaks_here_are_refused_as_3_1_1_asks_also_to_a_bridge() {
    let site = Site::open().await;
    for level in [0, 3, 6, 0x83, 0x86, 0xff] {
        let mut bytes = Connect::new(Level::V311, "a").bytes();
        bytes[8] = level;
        let mut raw = Raw::open(site.address).await;
        raw.send(&bytes).await;
        assert_eq!(raw.rest().await, [0x20, 2, 0, 1], "level {level:#x}");
    }
}

#[tokio::test]
async fn a_bridge_is_let_in_with_the_bit_it_sets_and_its_session_is_found_again() {
    let site = Site::open().await;
    for (level, id) in [(Level::V311, "bridge"), (Level::V5, "bridge-5")] {
        let mut bytes = Connect { clean: false, ..Connect::new(level, id) }.bytes();
        bytes[8] |= 0x80;
        // Version 5's session ends with its connection unless it says otherwise.
        for present in [0, u8::from(level == Level::V311)] {
            let mut raw = Raw::open(site.address).await;
            raw.send(&bytes).await;
            let connack = raw.packet().await;
            assert_eq!((connack[0], connack[2], connack[3]), (0x20, present, 0), "{connack:x?}");
            raw.send(&publish(level, "air/1", 1, "x")).await;
            raw.expect(&puback(1)).await;
        }
    }
}

#[tokio::test]
async fn a_client_of_3_1_is_let_in_and_never_sees_the_byte_that_it_does_not_know() {
    let site = Site::open().await;
    let mut body = text("MQIsdp");
    body.extend([3, 0b1100_0000, 0, 60]);
    body.extend([text("logger"), text(GATEWAY), text(SECRET)].concat());
    for _again in 0..2 {
        let mut raw = Raw::open(site.address).await;
        raw.send(&packet(0x10, &body)).await;
        raw.expect(&[0x20, 2, 0, 0]).await;
        raw.send(&publish(Level::V311, "air/1", 1, "x")).await;
        raw.expect(&puback(1)).await;
    }
}

#[tokio::test]
async fn bound_one_connection_too_many_is_told_so() {
    let site = Site::with(|config| config.most_connections = 1).await;
    let (mut raw, _) = Raw::connected(site.address, &Connect::new(Level::V5, "a")).await;
    for (level, refusal) in [(Level::V5, &[0x20, 3, 0, 0x97, 0][..]), (Level::V311, &[0x20, 2, 0, 3])] {
        let mut second = Raw::open(site.address).await;
        second.send(&Connect::new(level, "b").bytes()).await;
        assert_eq!(second.rest().await, refusal);
    }
    raw.send(&[0xe0, 0]).await;
    assert_eq!(raw.rest().await, NOTHING);
    until("its place is free", || site.counts().connections == 0).await;
    let (_raw, _) = Raw::connected(site.address, &Connect::new(Level::V5, "b")).await;
}

#[tokio::test]
async fn a_connack_of_version_5_tells_the_limits_and_the_identifier_it_assigned() {
    let site = Site::open().await;
    let mut raw = Raw::open(site.address).await;
    raw.send(&Connect::new(Level::V5, "").bytes()).await;
    let connack = raw.packet().await;
    let id_at =
        connack.windows(3).position(|bytes| bytes == [0x12, 0, 36]).expect("an assigned identifier") + 3;
    assert!(connack[id_at..].starts_with(b"ioc-"), "{connack:x?}");
    assert_eq!(connack[5..8], [0x21, 4, 0], "receive maximum 1,024");
    // Nothing of a maximum quality of service: all of them are taken.
    assert_eq!(connack[8..11], [0x22, 0, 32], "topic alias maximum 32");
    assert_eq!(connack[11..16], [0x27, 0, 16, 0, 0], "maximum packet size 1 MiB");
    assert_eq!(connack[connack.len() - 2..], [0x2a, 0], "no shared subscriptions");
    let (mut plain, _) = Raw::connected(site.address, &Connect::new(Level::V311, "")).await;
    plain.send(&publish(Level::V311, "air/1", 1, "x")).await;
    plain.expect(&puback(1)).await;
}

#[tokio::test]
async fn safe_a_removed_sender_is_cut_off_and_another_ones_feeds_change_while_it_is_connected() {
    let site = Site::open().await;
    let (mut removed, _) = Raw::connected(site.address, &Connect::new(Level::V5, "a")).await;
    let changed = Connect { user: Some(OTHER.into()), ..Connect::new(Level::V5, "a") };
    let (mut changed, _) = Raw::connected(site.address, &changed).await;
    removed.send(&publish(Level::V5, "air/1", 1, "x")).await;
    removed.expect(&puback(1)).await;
    changed.send(&publish(Level::V5, "air/1", 1, "x")).await;
    changed.expect(&[0x40, 3, 0, 1, 0x87]).await;
    let mut senders = Senders::load(&site.senders_path()).unwrap();
    senders.remove(GATEWAY).unwrap();
    senders.set_secret(OTHER, vec!["air".to_owned()], Vec::new(), "another secret").unwrap();
    senders.save().unwrap();
    let mut id = 1;
    loop {
        id += 1;
        changed.send(&publish(Level::V5, "air/1", id, "x")).await;
        let puback = changed.packet().await;
        if puback.len() == 4 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    removed.send(&publish(Level::V5, "air/1", 2, "refused")).await;
    assert_eq!(removed.rest().await, [0xe0, 2, 0x87, 0]);
    assert!(!site.payloads("air").contains(&"refused".to_owned()));
}
