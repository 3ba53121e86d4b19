//! The writing half of a connection: answers leave in the order their packets came, PUBACKs and PUBRECs when
//! their chunk is durable, PUBCOMPs when the release is (invariant ACK).
//!
//! Behind them comes what the product itself says to the client ([`say`](super::say)). Only PINGRESP overtakes: a gateway must not take a slow disk for a dead server and come back with everything it
//! has in flight.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

use ioc_bus::AppendError;
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    counters::MqttCounters,
    exchange::{Ack, AckKind},
    hears::Hears,
    reason::Reason,
    reply,
    say::Subscription,
    stream::Writing,
    wire::Version,
};

/// Chunks of one connection that may wait for the disk; its reader stops after that (invariant BOUND).
pub(super) const WAITING_CHUNKS: usize = 4;
/// Answers are written together up to so many bytes.
const WRITE_TOGETHER: usize = 16 << 10;
/// A client that takes none of its answers for so long is gone.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// What is to be answered, in order.
pub(super) enum Answer {
    /// These bytes.
    Ready(Vec<u8>),
    /// These, once what they tell of is durable; and what is retained of what was granted with it.
    WhenDurable { acks: Vec<Ack>, durable: Told, granted: Option<Granted> },
    /// Whatever is said to the client and is due.
    Spoken,
}

/// A SUBACK or UNSUBACK, and the subscriptions whose retained messages come behind it.
pub(super) struct Granted {
    pub(super) answer: Vec<u8>,
    pub(super) subscriptions: Vec<Subscription>,
}

/// Resolves when what is to be answered is durable.
pub(super) type Told = Pin<Box<dyn Future<Output = Result<(), AppendError>> + Send>>;

/// What both halves of a connection share.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) version: Version,
    /// Publishes taken in and not acknowledged.
    in_flight: AtomicU32,
    pings: AtomicU32,
    pinged: Notify,
    /// Fired by the writing half when it ends before the reading half.
    stopped: CancellationToken,
    failure: OnceLock<AppendError>,
    /// What is said to the client.
    pub(super) hears: Hears,
}

impl Link {
    pub(super) fn new(version: Version, stopped: CancellationToken, hears: Hears) -> Link {
        Link {
            version,
            in_flight: AtomicU32::new(0),
            pings: AtomicU32::new(0),
            pinged: Notify::new(),
            stopped,
            failure: OnceLock::new(),
            hears,
        }
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Acquire)
    }

    pub(super) fn take_in_flight(&self, publishes: usize) {
        let _before = self.in_flight.fetch_add(publishes as u32, Ordering::AcqRel);
    }

    pub(super) fn answer_pings(&self, pings: u32) {
        if pings > 0 {
            let _before = self.pings.fetch_add(pings, Ordering::AcqRel);
            self.pinged.notify_one();
        }
    }

    /// Whether the bus refused a chunk of this connection.
    pub(super) fn failure(&self) -> Option<&AppendError> {
        self.failure.get()
    }

    fn push_pings(&self, out: &mut Vec<u8>) {
        for _ping in 0..self.pings.swap(0, Ordering::AcqRel) {
            out.extend_from_slice(&reply::PINGRESP);
        }
    }
}

/// The reason a connection is closed with when the bus does not take its chunk.
///
/// Not a PUBACK with that reason: to a client this would settle the publish, and it would be lost. Unacknowledged,
/// it is sent again.
pub(super) fn reason_of(error: &AppendError) -> Reason {
    match error {
        AppendError::Closed => Reason::SHUTTING_DOWN,
        _ => Reason::UNSPECIFIED,
    }
}

/// Writes answers until there are no more, or the client or the bus takes none.
pub(super) async fn write_answers(
    mut socket: Writing,
    mut answers: mpsc::Receiver<Answer>,
    link: Arc<Link>,
    counters: Arc<MqttCounters>,
) {
    let mut out = Vec::new();
    if write_all(&mut socket, &mut answers, &link, &counters, &mut out).await.is_err() {
        link.stopped.cancel();
    }
    socket.end().await;
}

/// The client takes nothing any more, or the bus.
struct Ended;

async fn write_all(
    socket: &mut Writing,
    answers: &mut mpsc::Receiver<Answer>,
    link: &Link,
    counters: &MqttCounters,
    out: &mut Vec<u8>,
) -> Result<(), Ended> {
    loop {
        let answer = match answers.try_recv() {
            Ok(answer) => answer,
            Err(_) => {
                flush(socket, out).await?;
                // No more of it at once than is written together: a client that does not read keeps the rest waiting, and
                // bounded.
                link.hears.write(out, WRITE_TOGETHER);
                if !out.is_empty() {
                    continue;
                }
                tokio::select! {
                    answer = answers.recv() => match answer {
                        Some(answer) => answer,
                        None => return Ok(()),
                    },
                    () = link.pinged.notified() => {
                        link.push_pings(out);
                        continue;
                    }
                    () = link.hears.due() => continue,
                }
            }
        };
        match answer {
            Answer::Ready(bytes) => out.extend_from_slice(&bytes),
            Answer::Spoken => loop {
                link.hears.write(out, WRITE_TOGETHER);
                if out.is_empty() {
                    break;
                }
                flush(socket, out).await?;
            },
            Answer::WhenDurable { acks, mut durable, granted } => {
                let mut outcome = poll_fn(|context| Poll::Ready(durable.as_mut().poll(context))).await;
                while outcome.is_pending() {
                    flush(socket, out).await?;
                    outcome = tokio::select! {
                        outcome = &mut durable => Poll::Ready(outcome),
                        () = link.pinged.notified() => Poll::Pending,
                    };
                    link.push_pings(out);
                }
                if let Poll::Ready(Err(error)) = outcome {
                    out.extend_from_slice(&reply::disconnect(link.version, reason_of(&error)));
                    let _first = link.failure.set(error);
                    flush(socket, out).await?;
                    return Err(Ended);
                }
                // Before they are written: a client may answer a PUBACK with its next publish at once.
                let settled = acks.iter().filter(|ack| ack.settles(link.version)).count();
                let _before = link.in_flight.fetch_sub(settled as u32, Ordering::AcqRel);
                for ack in &acks {
                    stop_before(ack.kind);
                    reply::push_ack(out, link.version, *ack);
                }
                let of_publishes = acks.iter().filter(|ack| ack.kind != AckKind::Completed).count();
                counters.acknowledged.add(of_publishes as u64);
                if let Some(Granted { answer, subscriptions }) = granted {
                    out.extend_from_slice(&answer);
                    link.hears.tell_retained(&subscriptions);
                }
            }
        }
        // Also to one that always has something to be answered.
        link.hears.write(out, WRITE_TOGETHER);
        if out.len() >= WRITE_TOGETHER {
            flush(socket, out).await?;
        }
    }
}

/// The stopping point before an answer.
fn stop_before(kind: AckKind) {
    match kind {
        AckKind::Acknowledged => fail::fail_point!("mqtt_before_puback", |_| std::process::abort()),
        AckKind::Received => fail::fail_point!("mqtt_before_pubrec", |_| std::process::abort()),
        AckKind::Completed => fail::fail_point!("mqtt_before_pubcomp", |_| std::process::abort()),
    }
}

async fn flush(socket: &mut Writing, out: &mut Vec<u8>) -> Result<(), Ended> {
    if out.is_empty() {
        return Ok(());
    }
    match timeout(WRITE_TIMEOUT, socket.write_all(out)).await {
        Ok(Ok(())) => {}
        _ => return Err(Ended),
    }
    out.clear();
    // A long answer must not be kept for as long as the connection lives.
    out.shrink_to(4 << 10);
    Ok(())
}
