//! Clients that were not written here: mosquitto's, and `rumqttc` in both versions.

use std::{collections::BTreeSet, io::Write as _, process::Stdio, sync::Arc, time::Duration};

use ioc_decode::{
    Decoder,
    trial::{PERMISSIVE_FEED, permissive_feed, trial},
};
use ioc_model::{
    attribute::{self, Attributes},
    names::Names,
    pack::FormatName,
    time::ReceivedAt,
};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS, v5};
use tokio::{io::AsyncWriteExt, process::Command};

use crate::{
    site::{GATEWAY, SECRET, Site},
    transports::until,
};

fn mosquitto_pub(site: &Site, version: &str, password: &str, more: &[&str]) -> Command {
    let mut command = Command::new("mosquitto_pub");
    let port = site.address.port().to_string();
    let _command = command
        .args(["-h", "127.0.0.1", "-p", &port, "-V", version, "-u", GATEWAY, "-P", password])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

#[tokio::test]
async fn ack_everything_mosquitto_pub_sends_with_quality_of_service_1_is_stored_once() {
    let site = Site::open().await;
    for version in ["311", "5"] {
        let mut client =
            mosquitto_pub(&site, version, SECRET, &["-t", "air/m", "-q", "1", "-l", "-i", "m", "-c"])
                .spawn()
                .unwrap();
        let lines: String = (0..1_000).map(|n| format!("{version}-{n}\n")).collect();
        let mut input = client.stdin.take().unwrap();
        input.write_all(lines.as_bytes()).await.unwrap();
        drop(input);
        let output = client.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let payloads = site.payloads("air");
    let distinct: BTreeSet<&String> = payloads.iter().collect();
    assert_eq!((payloads.len(), distinct.len()), (2_000, 2_000));
    assert_eq!(site.counts().acknowledged, 2_000);
}

#[tokio::test]
async fn quality_of_service_0_and_retained_publishes_of_mosquitto_pub_are_stored() {
    let site = Site::open().await;
    for version in ["311", "5"] {
        for (payload, more) in [("plain", &["-q", "0"][..]), ("retained", &["-q", "1", "-r"])] {
            let more = [&["-t", "air/m", "-m", payload], more].concat();
            let output = mosquitto_pub(&site, version, SECRET, &more).output().await.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    until("all stored", || site.payloads("air") == ["plain", "plain", "retained", "retained"]).await;
}

#[tokio::test]
async fn mosquitto_pub_says_a_topic_once_and_its_number_after_that() {
    let site = Site::open().await;
    for qos in ["0", "1", "2"] {
        let more =
            ["-t", "air/m", "-m", "x", "-q", qos, "--repeat", "3", "-D", "publish", "topic-alias", "5"];
        let output = mosquitto_pub(&site, "5", SECRET, &more).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    until("all stored", || site.stored().len() == 9).await;
    assert!(site.stored().iter().all(|one| (one.feed.as_str(), one.address.as_str()) == ("air", "air/m")));
}

#[tokio::test]
async fn what_mosquitto_pub_says_is_packed_is_stored_as_it_came_and_read_as_what_it_was() {
    let site = Site::open().await;
    let body = r#"{"indicator":"pm25","subject":"ST01","time":"2026-11-20T07:00:00+07:00","value":18.4}"#;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(body.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    for said in
        [["user-property", "content-encoding", "gzip"].as_slice(), &["content-type", "application/gzip"]]
    {
        let more = [&["-t", "air/m", "-q", "1", "-s", "-D", "publish"], said].concat();
        let mut client = mosquitto_pub(&site, "5", SECRET, &more).spawn().unwrap();
        client.stdin.take().unwrap().write_all(&gzip).await.unwrap();
        let output = client.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let indicators = vec![ioc_testing::indicator("pm25")];
    let feeds = vec![permissive_feed(FormatName::JsonObservation, false)];
    let pack = ioc_testing::pack("test", Vec::new(), indicators, feeds);
    let decoder = Decoder::new(Arc::new(pack), Names::default()).unwrap();
    let stored = site.stored();
    assert_eq!(stored.len(), 2);
    for one in stored {
        assert!(one.payload == gzip, "as it came");
        let words = one.known.iter().map(|(word, text)| (word.as_str(), text.as_str()));
        let known = attribute::of_words(words).unwrap();
        let known = Attributes::new(&known, &[]);
        let became = trial(
            &decoder,
            PERMISSIVE_FEED,
            &one.address,
            known,
            ReceivedAt(1_795_132_860_000),
            &one.payload,
        );
        assert_eq!((became.lines.len(), became.rejects), (1, 0), "{:?}", became.lines);
        assert!(became.lines[0].contains("\"value\":18.4"), "{:?}", became.lines);
    }
}

#[tokio::test]
async fn safe_mosquitto_clients_see_refusals_as_the_standard_has_them() {
    let site = Site::open().await;
    let publish = ["-t", "air/m", "-m", "x", "-q"];
    for (version, said) in [("311", "bad user name or password"), ("5", "Bad user name or password")] {
        let more = [&publish[..], &["1"]].concat();
        let output = mosquitto_pub(&site, version, "wrong horse!", &more).output().await.unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.to_lowercase().contains(&said.to_lowercase()), "{error}");
    }
    for version in ["311", "5"] {
        let more = ["-t", "elsewhere", "-m", "x", "-q", "2", "-d"];
        let output = mosquitto_pub(&site, version, SECRET, &more).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("received PUBCOMP"), "{said}");
    }
    assert_eq!(site.stored().len(), 2);
    let output = mosquitto_pub(&site, "5", SECRET, &["-t", "elsewhere", "-m", "x", "-q", "1", "-d"])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("RC:16"), "{said}");
    assert!(site.stored().iter().all(|one| one.address == "elsewhere"));
}

#[tokio::test]
async fn ack_rumqttc_in_both_versions_gets_every_puback_with_many_in_flight() {
    let site = Site::open().await;
    let count = 3_000;
    let mut options = MqttOptions::new("four", "127.0.0.1", site.address.port());
    let _options = options.set_credentials(GATEWAY, SECRET).set_inflight(500).set_clean_session(false);
    let (client, mut events) = AsyncClient::new(options, 10);
    let publishing = tokio::spawn(async move {
        for n in 0..count {
            client.publish("air/r", QoS::AtLeastOnce, false, format!("four-{n}")).await.unwrap();
        }
        client
    });
    let mut acknowledged = 0;
    while acknowledged < count {
        if let Event::Incoming(Packet::PubAck(_)) = events.poll().await.unwrap() {
            acknowledged += 1;
        }
    }
    drop(publishing.await.unwrap());
    let mut options = v5::MqttOptions::new("five", "127.0.0.1", site.address.port());
    let _options = options.set_credentials(GATEWAY, SECRET).set_keep_alive(Duration::from_secs(30));
    let (client, mut events) = v5::AsyncClient::new(options, 10);
    let publishing = tokio::spawn(async move {
        for n in 0..count {
            client
                .publish("air/r", v5::mqttbytes::QoS::AtLeastOnce, true, format!("five-{n}"))
                .await
                .unwrap();
        }
        client
    });
    let mut acknowledged = 0;
    while acknowledged < count {
        if let v5::Event::Incoming(v5::mqttbytes::v5::Packet::PubAck(_)) = events.poll().await.unwrap() {
            acknowledged += 1;
        }
    }
    drop(publishing.await.unwrap());
    let payloads = site.payloads("air");
    let distinct: BTreeSet<&String> = payloads.iter().collect();
    assert_eq!((payloads.len(), distinct.len()), (2 * count, 2 * count));
}

#[tokio::test]
async fn ack_rumqttc_sends_again_what_a_restart_left_unacknowledged() {
    let mut site = Site::open().await;
    let port = site.address.port();
    let mut options = MqttOptions::new("again", "127.0.0.1", port);
    let _options = options.set_credentials(GATEWAY, SECRET).set_clean_session(false).set_inflight(50);
    let (client, mut events) = AsyncClient::new(options, 10);
    let count = 2_000;
    let publishing = tokio::spawn(async move {
        for n in 0..count {
            client.publish("air/r", QoS::AtLeastOnce, false, format!("{n}")).await.unwrap();
        }
        client
    });
    // A listener on the same port after the restart.
    site.keep_port();
    let mut acknowledged = 0;
    let mut was_restarted = false;
    while acknowledged < count {
        match events.poll().await {
            Ok(Event::Incoming(Packet::PubAck(_))) => acknowledged += 1,
            Ok(Event::Incoming(Packet::ConnAck(answer))) => assert_eq!(answer.session_present, was_restarted),
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        if acknowledged == count / 2 && !was_restarted {
            was_restarted = true;
            site.restart().await;
        }
    }
    drop(publishing.await.unwrap());
    let distinct: BTreeSet<String> = site.payloads("air").into_iter().collect();
    assert_eq!(distinct.len(), count);
}
