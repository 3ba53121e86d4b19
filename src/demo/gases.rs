//! Gases and wind over MQTT, one observation a message.

use std::{
    collections::BinaryHeap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use ioc_model::time::{EventTime, Millis};
use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Packet, QoS};
use tokio::sync::watch;

use super::{
    PublisherArgs,
    follow::Follow,
    record::Hour,
    stand_in::{Reading, StandIn},
};

const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Publishes on their way without an acknowledgement.
const IN_FLIGHT: u16 = 100;
/// Of a hundred messages, so many are sent twice, and so many late, when imperfection is asked for.
const TWICE: u32 = 3;
const LATE: u32 = 3;

/// Publishes until the readings end, then keeps the connection.
///
/// When the endpoint says that it has a new session, what it had not acknowledged before is forgotten on both sides
/// (the client library drops it too): the publisher then begins again with the back-fill. Nothing is handed to the
/// library before the first connection, for the same reason.
pub(super) async fn publish(args: &PublisherArgs, readings: &[Reading]) {
    let mut options = MqttOptions::new(format!("ioc-demo-{}", args.user), &args.mqtt_host, args.mqtt_port);
    let _ = options
        .set_credentials(&args.user, &args.secret)
        .set_clean_session(false)
        .set_keep_alive(Duration::from_secs(30))
        .set_inflight(IN_FLIGHT);
    let (client, events) = AsyncClient::new(options, usize::from(IN_FLIGHT));
    let acknowledged = AtomicU64::new(0);
    let (session, mut sessions) = watch::channel(0);
    let send = async {
        while sessions.changed().await.is_ok() {
            tokio::select! {
                biased;
                () = send(args, readings, &client, &acknowledged) => {}
                new = sessions.changed() => {
                    tracing::warn!("the mqtt endpoint began a new session: beginning again with the back-fill");
                    if new.is_ok() {
                        sessions.mark_changed();
                    }
                }
            }
        }
    };
    tokio::join!(send, drive(events, &session, &acknowledged));
}

async fn send(args: &PublisherArgs, readings: &[Reading], client: &AsyncClient, acknowledged: &AtomicU64) {
    let mut follow = Follow::from_before(readings, args.clock, args.backfill_hours);
    let mut late = BinaryHeap::new();
    let mut sent = 0u64;
    while let Some(Reading { station, hour }) = follow.next("mqtt").await {
        while late.peek().is_some_and(|late: &Late| late.due <= hour.known_at()) {
            let Some(late) = late.pop() else { break };
            sent += publish_one(client, &late.topic, late.message).await;
        }
        let topic = topic(station);
        for message in messages(station, hour) {
            match imperfection(args.imperfect) {
                Imperfection::Late(hours) => {
                    let due = hour.known_at().plus(Millis::hours(hours));
                    late.push(Late { due, topic: topic.clone(), message });
                }
                Imperfection::Twice => {
                    sent += publish_one(client, &topic, message.clone()).await;
                    sent += publish_one(client, &topic, message).await;
                }
                Imperfection::None => sent += publish_one(client, &topic, message).await,
            }
        }
        tracing::debug!(station = station.subject, hour = %hour.start, sent, acknowledged = acknowledged.load(Relaxed), "published an hour");
    }
    for late in late.into_sorted_vec().into_iter().rev() {
        sent += publish_one(client, &late.topic, late.message).await;
    }
    tracing::info!(sent, "the readings have ended: nothing more is published over mqtt");
}

/// Takes its place in line; waits while too many are unacknowledged. How many were sent: 0 or 1.
async fn publish_one(client: &AsyncClient, topic: &str, message: String) -> u64 {
    match client.publish(topic, QoS::AtLeastOnce, false, message).await {
        Ok(()) => 1,
        // Only when the event loop is gone, and then this process ends.
        Err(error) => {
            tracing::error!(%error, "a message was not sent");
            0
        }
    }
}

/// Keeps the connection going, and counts acknowledgements.
async fn drive(mut events: EventLoop, session: &watch::Sender<u64>, acknowledged: &AtomicU64) {
    let mut is_down = false;
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(connected))) => {
                is_down = false;
                tracing::info!(session_present = connected.session_present, "connected to the mqtt endpoint");
                if !connected.session_present || *session.borrow() == 0 {
                    session.send_modify(|number| *number += 1);
                }
            }
            Ok(Event::Incoming(Packet::PubAck(_))) => {
                let _ = acknowledged.fetch_add(1, Relaxed);
            }
            Ok(_) => {}
            Err(ConnectionError::RequestsDone) => return,
            Err(error) => {
                if !std::mem::replace(&mut is_down, true) {
                    tracing::warn!(%error, "no mqtt connection: trying again");
                }
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}

/// Where a station's messages go.
pub(super) fn topic(station: &StandIn) -> String {
    format!("ioc/replay/{}/observation", station.subject)
}

/// The messages of an hour: one for each value there is, in the units of the record.
pub(super) fn messages(station: &StandIn, hour: &Hour) -> Vec<String> {
    let values = [
        ("no2", hour.no2, "ppb"),
        ("o3", hour.o3, "ppb"),
        ("so2", hour.so2, "ppb"),
        ("nox", hour.nox, "ppb"),
        ("co", hour.co, "ppm"),
        ("wind_speed", hour.wind_speed, "m/s"),
        ("wind_direction", hour.wind_direction, "deg"),
    ];
    let message = |(indicator, value, unit): (&str, Option<f64>, &str)| {
        let observation = serde_json::json!({
            "subject": station.subject,
            "indicator": indicator,
            "time": hour.start.rfc3339(),
            "value": value?,
            "unit": unit,
        });
        Some(observation.to_string())
    };
    values.into_iter().filter_map(message).collect()
}

enum Imperfection {
    None,
    Twice,
    Late(i64),
}

fn imperfection(is_asked_for: bool) -> Imperfection {
    if !is_asked_for {
        return Imperfection::None;
    }
    match rand::random_range(0..100) {
        chance if chance < TWICE => Imperfection::Twice,
        chance if chance < TWICE + LATE => Imperfection::Late(rand::random_range(1..6)),
        _ => Imperfection::None,
    }
}

#[derive(PartialEq, Eq)]
struct Late {
    due: EventTime,
    topic: String,
    message: String,
}

impl Ord for Late {
    fn cmp(&self, other: &Late) -> std::cmp::Ordering {
        // The heap gives the greatest first: what is due first.
        (other.due, &other.message).cmp(&(self.due, &self.message))
    }
}

impl PartialOrd for Late {
    fn partial_cmp(&self, other: &Late) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{record::hours, stand_in::STAND_INS};

    #[test]
    fn a_missing_cell_is_not_sent_and_the_others_are_as_they_stand_in_the_record() {
        let record = hours().unwrap();
        assert_eq!(messages(&STAND_INS[0], &record[0]).len(), 7);
        let third = messages(&STAND_INS[0], &record[2]);
        let parsed: Vec<serde_json::Value> =
            third.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        let indicators: Vec<&str> =
            parsed.iter().map(|message| message["indicator"].as_str().unwrap()).collect();
        assert_eq!(indicators, ["o3", "so2", "co", "wind_speed", "wind_direction"]);
        assert_eq!(parsed[2]["value"], 1.2);
        assert_eq!(parsed[2]["unit"], "ppm");
        assert_eq!(parsed[2]["time"], "2003-01-01T02:00:00.000Z");
    }

    #[test]
    fn what_is_due_first_leaves_the_queue_first() {
        let late = |due| Late { due: EventTime(due), topic: String::new(), message: String::new() };
        let mut queue: BinaryHeap<Late> = [late(3), late(1), late(2)].into_iter().collect();
        let order: Vec<i64> = std::iter::from_fn(|| queue.pop()).map(|late| late.due.0).collect();
        assert_eq!(order, [1, 2, 3]);
    }
}
