//! How connections and the endpoint end.

use crate::{
    raw::{BOTH, Connect, Level, NOTHING, Raw, puback, publish},
    site::Site,
    transports::{Valve, until},
};

fn with_will(level: Level, payload: &str) -> Connect {
    Connect { will: Some(("air/will".into(), payload.into(), vec![])), ..Connect::new(level, payload) }
}

#[tokio::test]
async fn a_will_is_stored_when_a_connection_ends_without_a_goodbye() {
    let site = Site::open().await;
    let (gone, _) = Raw::connected(site.address, &with_will(Level::V311, "gone")).await;
    drop(gone);
    let (mut broken, _) = Raw::connected(site.address, &with_will(Level::V5, "broken")).await;
    broken.send(&[0x00, 0]).await;
    assert_eq!(broken.rest().await, [0xe0, 2, 0x81, 0]);
    let (mut asked, _) = Raw::connected(site.address, &with_will(Level::V5, "asked for")).await;
    asked.send(&[0xe0, 1, 0x04]).await;
    let (_first, _) = Raw::connected(site.address, &with_will(Level::V311, "taken over")).await;
    let (mut second, _) = Raw::connected(site.address, &Connect::new(Level::V311, "taken over")).await;
    until("all wills", || site.payloads("air") == ["asked for", "broken", "gone", "taken over"]).await;
    assert!(site.stored().iter().all(|one| one.address == "air/will"));
    assert_eq!(site.counts().wills, 4);
    second.ping().await;
}

#[tokio::test]
async fn silent_a_goodbye_or_our_own_stop_stores_no_will() {
    let mut site = Site::open().await;
    for level in BOTH {
        let (mut polite, _) = Raw::connected(site.address, &with_will(level, "polite")).await;
        polite.send(&[0xe0, 0]).await;
        assert_eq!(polite.rest().await, NOTHING);
    }
    let (mut stopped, _) = Raw::connected(site.address, &with_will(Level::V5, "stopped")).await;
    site.stop.cancel();
    assert_eq!(stopped.rest().await, [0xe0, 2, 0x8b, 0]);
    drop(stopped);
    site.stopped().await;
    assert!(site.stored().is_empty());
}

#[tokio::test]
async fn a_delayed_will_is_called_off_by_its_client_and_stored_without_it() {
    let site = Site::open().await;
    let delayed = |client: &str, seconds: u8| Connect {
        will: Some(("air/will".into(), client.into(), vec![0x18, 0, 0, 0, seconds])),
        properties: vec![0x11, 0, 0, 0, 60],
        ..Connect::new(Level::V5, client)
    };
    let (back, _) = Raw::connected(site.address, &delayed("back", 1)).await;
    let (away, _) = Raw::connected(site.address, &delayed("away", 1)).await;
    drop((back, away));
    until("both gone", || site.counts().connections == 0).await;
    assert!(site.stored().is_empty());
    let (_back, _) = Raw::connected(site.address, &Connect::new(Level::V5, "back")).await;
    until("the will of the one away", || !site.stored().is_empty()).await;
    // Its client has come back before: the other one, due at the same moment or earlier, is not there.
    let (mut last, _) = Raw::connected(site.address, &Connect::new(Level::V5, "last")).await;
    last.ping().await;
    assert_eq!(site.payloads("air"), ["away"]);
}

#[tokio::test]
async fn ack_a_stop_first_acknowledges_what_is_in_flight() {
    for level in BOTH {
        let mut site = Site::open().await;
        let (mut raw, _) = Raw::connected(site.address, &Connect::new(level, "a")).await;
        site.valve.send_replace(Valve::Untold);
        raw.send(&publish(level, "air/1", 1, "x")).await;
        until("on disk", || site.stored().len() == 1).await;
        site.stop.cancel();
        site.valve.send_replace(Valve::Open);
        let farewell: &[u8] = if level == Level::V5 { &[0xe0, 2, 0x8b, 0] } else { &[] };
        assert_eq!(raw.rest().await, [&puback(1)[..], farewell].concat());
        drop(raw);
        site.stopped().await;
        assert_eq!(site.counts().connections, 0);
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever_for_a_bus_that_does_not_answer() {
    let mut site = Site::with(|config| config.stop_within_seconds = 1).await;
    let (mut raw, _) = Raw::connected(site.address, &Connect::new(Level::V311, "a")).await;
    site.valve.send_replace(Valve::Untold);
    raw.send(&publish(Level::V311, "air/1", 1, "x")).await;
    until("on disk", || site.stored().len() == 1).await;
    site.stop.cancel();
    site.stopped().await;
    assert_eq!(site.counts().acknowledged, 0);
}
