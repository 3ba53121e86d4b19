//! Gases and wind over MQTT, by TLS where that is listened to, as gateways of four makers publish them.

use std::{
    collections::BinaryHeap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use ioc_model::{
    calendar::Calendar,
    time::{EventTime, Millis},
};
use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Packet, QoS, Transport};
use tokio::sync::watch;
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::{
    PublisherArgs,
    follow::Follow,
    payloads::{Message, messages},
    stand_in::Reading,
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
pub(super) async fn publish(args: &PublisherArgs, readings: &[Reading], calendar: &Calendar) {
    let mut options = MqttOptions::new(format!("ioc-demo-{}", args.user), &args.mqtt_host, args.mqtt_port);
    let _ = options
        .set_credentials(&args.user, &args.secret)
        .set_clean_session(false)
        .set_keep_alive(Duration::from_secs(30))
        .set_inflight(IN_FLIGHT);
    if let Some(ca) = &args.mqtt_ca {
        match trusting(ca) {
            Ok(config) => drop(options.set_transport(Transport::tls_with_config(config.into()))),
            Err(error) => {
                return tracing::error!(%error, ca = %ca.display(), "nothing is published over mqtt");
            }
        }
    }
    let (client, events) = AsyncClient::new(options, usize::from(IN_FLIGHT));
    let acknowledged = AtomicU64::new(0);
    let (session, mut sessions) = watch::channel(0);
    let send = async {
        while sessions.changed().await.is_ok() {
            tokio::select! {
                biased;
                () = send(args, readings, calendar, &client, &acknowledged) => {}
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

/// Believes that CA and no other.
fn trusting(ca: &Path) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca)? {
        roots.add(certificate?)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

async fn send(
    args: &PublisherArgs,
    readings: &[Reading],
    calendar: &Calendar,
    client: &AsyncClient,
    acknowledged: &AtomicU64,
) {
    let mut follow = Follow::from_before(readings, args.clock, args.backfill_hours);
    let mut late = BinaryHeap::new();
    let mut sent = 0u64;
    while let Some(Reading { station, hour }) = follow.next("mqtt").await {
        while late.peek().is_some_and(|late: &Late| late.due <= hour.known_at()) {
            let Some(late) = late.pop() else { break };
            sent += publish_one(client, late.message).await;
        }
        for message in messages(station, hour, calendar) {
            match imperfection(args.imperfect) {
                Imperfection::Late(hours) => {
                    let due = hour.known_at().plus(Millis::hours(hours));
                    late.push(Late { due, message });
                }
                Imperfection::Twice => {
                    sent += publish_one(client, message.clone()).await;
                    sent += publish_one(client, message).await;
                }
                Imperfection::None => sent += publish_one(client, message).await,
            }
        }
        tracing::debug!(station = station.subject, hour = %hour.start, sent, acknowledged = acknowledged.load(Relaxed), "published an hour");
    }
    for late in late.into_sorted_vec().into_iter().rev() {
        sent += publish_one(client, late.message).await;
    }
    tracing::info!(sent, "the readings have ended: nothing more is published over mqtt");
}

/// Takes its place in line; waits while too many are unacknowledged. How many were sent: 0 or 1.
async fn publish_one(client: &AsyncClient, message: Message) -> u64 {
    match client.publish(message.topic, QoS::AtLeastOnce, false, message.payload).await {
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
    message: Message,
}

impl Ord for Late {
    fn cmp(&self, other: &Late) -> std::cmp::Ordering {
        // The heap gives the greatest first: what is due first.
        (other.due, &other.message.payload).cmp(&(self.due, &self.message.payload))
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

    #[test]
    fn what_is_due_first_leaves_the_queue_first() {
        let late = |due| Late {
            due: EventTime(due),
            message: Message { feed: "", topic: String::new(), payload: String::new() },
        };
        let mut queue: BinaryHeap<Late> = [late(3), late(1), late(2)].into_iter().collect();
        let order: Vec<i64> = std::iter::from_fn(|| queue.pop()).map(|late| late.due.0).collect();
        assert_eq!(order, [1, 2, 3]);
    }
}
