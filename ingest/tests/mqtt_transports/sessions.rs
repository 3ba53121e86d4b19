//! Sessions that last, and clients that come again.

use crate::{
    raw::{BOTH, Connect, Level, NOTHING, Raw, puback, publish},
    site::{OTHER, Site},
    transports::{Valve, until},
};

fn lasting(level: Level, client_id: &str) -> Connect {
    let properties = if level == Level::V5 { vec![0x11, 0, 0, 0, 60] } else { vec![] };
    Connect { clean: false, properties, ..Connect::new(level, client_id) }
}

#[tokio::test]
async fn ack_session_present_is_true_across_connections_and_restarts() {
    let mut site = Site::open().await;
    for level in BOTH {
        let connect = lasting(level, &format!("{level:?}"));
        let mut answers = Vec::new();
        for round in 0..3 {
            let (raw, is_present) = Raw::connected(site.address, &connect).await;
            answers.push(is_present);
            drop(raw);
            if round == 1 {
                site.restart().await;
            }
        }
        assert_eq!(answers, [false, true, true], "{level:?}");
        let clean = Connect { clean: true, properties: vec![], ..connect.clone() };
        let (_raw, is_present) = Raw::connected(site.address, &clean).await;
        assert!(!is_present);
        site.restart().await;
        let (_raw, is_present) = Raw::connected(site.address, &connect).await;
        assert!(!is_present, "{level:?}: a clean one ended it");
    }
    // The other version's client of the same name goes on with the same session, another sender's does not.
    let (_raw, is_present) = Raw::connected(site.address, &lasting(Level::V311, "V5")).await;
    assert!(is_present);
    let other = Connect { user: Some(OTHER.into()), ..lasting(Level::V311, "V5") };
    let (_raw, is_present) = Raw::connected(site.address, &other).await;
    assert!(!is_present);
}

#[tokio::test]
async fn a_disconnect_of_version_5_can_end_its_session() {
    let site = Site::open().await;
    let connect = lasting(Level::V5, "a");
    let (mut raw, _) = Raw::connected(site.address, &connect).await;
    raw.send(&[0xe0, 7, 0, 5, 0x11, 0, 0, 0, 0]).await;
    assert_eq!(raw.rest().await, NOTHING);
    until("gone", || site.counts().connections == 0).await;
    let (_raw, is_present) = Raw::connected(site.address, &connect).await;
    assert!(!is_present);
}

#[tokio::test]
async fn a_client_that_comes_again_takes_over() {
    let site = Site::open().await;
    for level in BOTH {
        let connect = lasting(level, &format!("{level:?}"));
        let (mut first, _) = Raw::connected(site.address, &connect).await;
        let other = Connect { user: Some(OTHER.into()), ..connect.clone() };
        let (mut other, _) = Raw::connected(site.address, &other).await;
        let (mut second, is_present) = Raw::connected(site.address, &connect).await;
        assert!(is_present);
        let farewell: &[u8] = if level == Level::V5 { &[0xe0, 2, 0x8e, 0] } else { &[] };
        assert_eq!(first.rest().await, farewell);
        second.send(&publish(level, "air/1", 1, "x")).await;
        second.expect(&puback(1)).await;
        other.ping().await;
        drop(second);
        until("gone", || site.counts().connections == 1).await;
        let (_third, is_present) = Raw::connected(site.address, &connect).await;
        assert!(is_present, "what the first one left must not have ended the session");
        drop((other, _third));
        until("all gone", || site.counts().connections == 0).await;
    }
    assert_eq!(site.counts().taken_over, 2);
}

#[tokio::test]
async fn ack_a_client_taken_over_still_gets_what_was_in_flight_acknowledged_in_order() {
    let site = Site::open().await;
    let connect = lasting(Level::V5, "a");
    let (mut first, _) = Raw::connected(site.address, &connect).await;
    site.valve.send_replace(Valve::Untold);
    first.send(&publish(Level::V5, "air/1", 1, "x")).await;
    until("on disk", || site.stored().len() == 1).await;
    let (mut second, _) = Raw::connected(site.address, &connect).await;
    second.send(&publish(Level::V5, "air/1", 1, "x")).await;
    until("again on disk", || site.stored().len() == 2).await;
    first.expect_nothing();
    site.valve.send_replace(Valve::Open);
    assert_eq!(first.rest().await, [0x40, 2, 0, 1, 0xe0, 2, 0x8e, 0]);
    second.expect(&puback(1)).await;
}
