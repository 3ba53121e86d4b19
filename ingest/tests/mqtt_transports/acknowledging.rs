//! ACK and BOUND: what an acknowledgement means, and what happens while there can be none.

use ioc_model::envelope::UNMATCHED;

use crate::{
    raw::{BOTH, Connect, Level, Raw, puback, publish},
    site::Site,
    transports::{Valve, until},
};

#[tokio::test]
async fn ack_no_puback_leaves_before_the_bus_says_durable() {
    let site = Site::open().await;
    for level in BOTH {
        let (mut raw, _) = Raw::connected(site.address, &Connect::new(level, "a")).await;
        let before = site.stored().len();
        site.valve.send_replace(Valve::Untold);
        raw.send(&publish(level, "air/1", 7, "x")).await;
        raw.send(&publish(level, "air/1", 8, "y")).await;
        until("both on disk", || site.stored().len() == before + 2).await;
        for _round in 0..5 {
            raw.ping().await;
        }
        raw.expect_nothing();
        site.valve.send_replace(Valve::Open);
        raw.expect(&[puback(7), puback(8)].concat()).await;
    }
}

#[tokio::test]
async fn ack_pubacks_leave_in_the_order_of_their_publishes() {
    let site = Site::open().await;
    for level in BOTH {
        let (mut raw, _) = Raw::connected(site.address, &Connect::new(level, "a")).await;
        let ids: Vec<u16> = (0..1_000).map(|n| n * 61 % 1_009 + 1).collect();
        let publishes: Vec<u8> =
            ids.iter().flat_map(|id| publish(level, "air/1", *id, &id.to_string())).collect();
        raw.send(&publishes).await;
        raw.expect(&ids.iter().flat_map(|id| puback(*id)).collect::<Vec<u8>>()).await;
    }
    let mut expected: Vec<String> = (1..=1_009).map(|n: u32| n.to_string()).collect();
    let payloads = site.payloads("air");
    expected.retain(|one| payloads.contains(one));
    assert_eq!((payloads.len(), expected.len()), (2_000, 1_000));
    assert_eq!(site.counts().acknowledged, 2_000);
}

#[tokio::test]
async fn ack_a_publish_the_bus_refuses_is_not_acknowledged_and_its_connection_closed() {
    for level in BOTH {
        let site = Site::open().await;
        let (mut raw, _) = Raw::connected(site.address, &Connect::new(level, "a")).await;
        raw.send(&publish(level, "air/1", 1, "kept")).await;
        raw.expect(&puback(1)).await;
        site.valve.send_replace(Valve::Poisoned);
        raw.send(&publish(level, "air/1", 2, "lost")).await;
        let farewell: &[u8] = if level == Level::V5 { &[0xe0, 2, 0x80, 0] } else { &[] };
        assert_eq!(raw.rest().await, farewell);
        assert_eq!(site.payloads("air"), ["kept"]);
        until("counted", || site.counts().append_errors == 1).await;
    }
}

#[tokio::test]
async fn ack_a_publish_whose_fsync_fails_is_not_acknowledged_and_its_connection_closed() {
    for level in BOTH {
        let mut site = Site::open().await;
        let (mut raw, _) = Raw::connected(site.address, &Connect::new(level, "a")).await;
        site.valve.send_replace(Valve::Untold);
        raw.send(&publish(level, "air/1", 1, "x")).await;
        until("on disk", || site.stored().len() == 1).await;
        // Dropping the valve fails what waits for it.
        site.valve = tokio::sync::watch::channel(Valve::Open).0;
        let farewell: &[u8] = if level == Level::V5 { &[0xe0, 2, 0x8b, 0] } else { &[] };
        assert_eq!(raw.rest().await, farewell);
        until("counted", || site.counts().append_errors == 1 && site.counts().connections == 0).await;
    }
}

#[tokio::test]
async fn bound_while_the_bus_is_full_a_sender_is_slowed_and_nothing_is_lost() {
    let site = Site::open().await;
    let (mut raw, _) = Raw::connected(site.address, &Connect::new(Level::V311, "flood")).await;
    let payload = "x".repeat(900);
    let one = publish(Level::V311, "air/1", 5, &payload).len() as u64;
    let count = 20_000;
    let before = site.counts().bytes;
    site.valve.send_replace(Valve::Full);
    let flooding = tokio::spawn(async move {
        for _chunk in 0..count / 100 {
            raw.send(&publish(Level::V311, "air/1", 5, &payload).repeat(100)).await;
        }
        raw
    });
    until("the first bytes", || site.counts().bytes > before).await;
    let (mut bystander, _) = Raw::connected(site.address, &Connect::new(Level::V311, "bystander")).await;
    for _round in 0..100 {
        bystander.ping().await;
    }
    let taken = site.counts().bytes - before;
    assert!(taken < 64 << 10, "{taken} bytes were read for a bus that takes none");
    assert!(site.stored().is_empty());
    site.valve.send_replace(Valve::Open);
    let mut raw = flooding.await.unwrap();
    raw.expect(&puback(5).repeat(count)).await;
    assert_eq!(site.stored().len(), count);
    assert!(site.counts().bytes - before >= one * count as u64);
}

#[tokio::test]
async fn balance_publishes_nobody_claims_or_their_sender_may_not_make_are_stored_and_told() {
    let site = Site::open().await;
    for level in BOTH {
        let before = site.stored().len();
        let (mut raw, _) = Raw::connected(site.address, &Connect::new(level, "a")).await;
        raw.send(&publish(level, "air/1", 1, "mine")).await;
        raw.send(&publish(level, "elsewhere", 2, "nobody's")).await;
        raw.send(&publish(level, "water/1/level", 3, "another's")).await;
        raw.send(&publish(level, "air/2", 4, &"x".repeat(1_001))).await;
        let expected = match level {
            Level::V311 => [puback(1), puback(2), puback(3), puback(4)].concat(),
            Level::V5 => {
                [&puback(1)[..], &[0x40, 3, 0, 2, 0x10, 0x40, 3, 0, 3, 0x87, 0x40, 3, 0, 4, 0x97]].concat()
            }
        };
        raw.expect(&expected).await;
        let stored = site.stored().split_off(before);
        let found: Vec<_> = stored.iter().map(|one| (one.feed.as_str(), one.address.as_str())).collect();
        assert_eq!(
            found,
            [("air", "air/1"), (UNMATCHED, "elsewhere"), (UNMATCHED, "water/1/level"), ("air", "air/2")]
        );
        assert!(
            stored[3].text().starts_with(r#"{"reason":"too_large","bytes":1001,"sha256":""#),
            "{}",
            stored[3].text()
        );
    }
    let counts = site.counts();
    assert_eq!((counts.publishes, counts.unmatched, counts.forbidden, counts.oversize), (8, 2, 2, 2));
}
