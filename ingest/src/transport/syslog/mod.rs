//! Syslog over UDP, TCP and TLS, each on a port of its own.
//!
//! What it brings is a message an envelope, untouched: over UDP a datagram, over a connection a frame ([`frames`]). A
//! source is known by its certificate or else by its address ([`source`]), never by what a message says of its host; the
//! pack says whose feed it is, and who is nobody's is under `unmatched` and seen there.
//!
//! Syslog has no acknowledgement, so there is no ACK to keep, and its losses are of three kinds. What the system dropped
//! of datagrams is counted ([`udp`]). A connection is read no faster than the log takes it, so that TCP makes its
//! sender wait ([`connection`]). What a sender's own network or queue lost is not known here. What was read and not yet
//! durable, and what the system still holds, is lost when this process is killed; when it is stopped in order it is taken
//! in first.
//!
//! It listens only where a feed of the pack comes so.

mod connection;
mod counters;
mod dropped;
mod faults;
mod frames;
#[doc(hidden)]
pub mod fuzzing;
mod named;
mod settings;
mod source;
mod tcp;
mod udp;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

pub use counters::{SyslogCounters, SyslogCounts};
use ioc_bus::AppendError;
pub use settings::KIND;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::{
    faults::{SyslogFault, SyslogFaults},
    named::Named,
    source::Source,
};
use crate::{intake::Intake, routes::Routes};

/// Losses are said again after so long.
const SAID_AGAIN: Duration = Duration::from_secs(10);

/// What bounds a connection.
#[derive(Clone, Copy, Debug)]
struct Limits {
    message_bytes: usize,
    idle_after: Duration,
    /// And so long for one of which nobody knows that it has something to say.
    stranger_after: Duration,
}

/// What all listeners share.
#[derive(Debug)]
struct Shared {
    intake: Intake,
    routes: watch::Receiver<Arc<Routes>>,
    counters: Arc<SyslogCounters>,
    faults: Arc<SyslogFaults>,
    limits: Limits,
    stop: CancellationToken,
    /// Which addresses are names of senders.
    named: Mutex<Named>,
    /// When a loss was said last.
    said: Mutex<Option<Instant>>,
}

impl Shared {
    /// A source sent something with a fault.
    fn faulty(&self, source: &Source, routes: &Routes, fault: SyslogFault) {
        self.faults.one(routes.pack(), source.name(), fault);
    }

    /// So many messages were read, and the log did not take them. A log that takes nothing more must not fill another
    /// one.
    fn lose(&self, messages: u32, error: &AppendError) {
        self.counters.lost.add(messages.into());
        let now = Instant::now();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|before| now.duration_since(before) >= SAID_AGAIN) {
            *said = Some(now);
            tracing::error!(%error, lost = self.counters.lost.get(), "the log does not take messages of syslog");
        }
    }
}
