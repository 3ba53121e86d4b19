//! TLS before a transport that listens: the server's certificate, whom clients must be certified by, and what of that
//! was taken back.
//!
//! Certificates, keys and lists are files that something else renews. Once a second they are looked at: what was
//! renewed counts from the next connection on, without a restart. What cannot be read or used is said in the log and in
//! a metric, and what was there before goes on: a slip of the pen must not lock every sender out ([`TlsFiles`]).
//!
//! With a client CA a client is known by the name in its certificate: the first DNS name among its alternative names, as
//! RFC 5425 has it, and the common name of its subject where it has none. What it was let in with is its [`Pass`]. A
//! connection may live for months, so a pass is looked at again whenever the files change, and when a certificate of its
//! chain expires: with one that was revoked or has expired meanwhile nobody stays. No session is taken up again, so that there is no
//! way around the lists.
//!
//! A list that should have been replaced is still believed: it names those who were revoked by then, and to believe no
//! certificate at all would lock out every sender for a job that nobody ran. It is told, every hour, and in a metric.
//! Where there are lists, each CA of a client's chain needs one; whoever's CA has none is not let in.

mod counters;
mod files;
mod name;
mod settings;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

pub use counters::{FailedHandshakes, HandshakeFault, TlsCounters, TlsCounts, TlsCountsNow};
pub use files::{TlsError, TlsFiles};
pub use settings::TlsSettings;
pub(crate) use settings::section_with_tls;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_rustls::{
    rustls::{
        self,
        pki_types::{CertificateDer, UnixTime},
    },
    server::TlsStream,
};
use tokio_util::sync::CancellationToken;
use x509_cert::der::Decode;

use self::files::{Made, Mark};
use crate::clients::{Caller, Clients, DoorEvent};

/// The files are looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What is still wrong with them is said again after so long.
const SAID_AGAIN: Duration = Duration::from_secs(60);
/// And of lists that are old.
const STALE_SAID_AGAIN: Duration = Duration::from_secs(60 * 60);
/// A pass is looked at again so often, though no file has changed and nothing expires: clocks are set.
const PASS_EVERY: Duration = Duration::from_secs(60 * 60);

/// Lets clients in by TLS.
#[derive(Debug)]
pub struct TlsDoor {
    files: TlsFiles,
    protocols: &'static [&'static [u8]],
    in_use: watch::Sender<InUse>,
    looked: Mutex<Looked>,
    counts: TlsCounts,
}

/// What connections that come now are judged by.
#[derive(Clone)]
struct InUse(Arc<Made>);

impl std::fmt::Debug for InUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InUse").field("lists", &self.0.lists).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Looked {
    marks: Vec<Mark>,
    /// What was wrong with files that have changed since, and when it was said.
    fault: Option<(String, Instant)>,
    /// How many lists were old, and when it was said.
    stale: (u64, Option<Instant>),
}

/// A client that was let in.
#[derive(Debug)]
pub struct Guest<S> {
    /// What it sends.
    pub stream: TlsStream<S>,
    /// The certificate it showed; none without.
    pub pass: Option<Pass>,
}

/// A client that was not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{said}", fault.sentence(), if said.is_empty() { "" } else { ": " })]
pub struct NotLetIn {
    /// Why.
    pub fault: HandshakeFault,
    /// What the library says of it.
    said: String,
}

/// The certificate that a client was let in with.
#[derive(Clone, Debug)]
pub struct Pass {
    name: Option<Arc<str>>,
    /// The client's certificate, and those it showed between that and its CA.
    chain: Arc<[CertificateDer<'static>]>,
    in_use: watch::Receiver<InUse>,
    /// When it is looked at again.
    due: tokio::time::Instant,
    /// Found once, for good.
    fault: Option<HandshakeFault>,
    counts: TlsCounts,
}

impl TlsDoor {
    /// Reads the files. `protocols` are told to clients that ask what is spoken here (ALPN, RFC 7301): one that speaks
    /// none of them is not let in, one that does not ask is.
    ///
    /// # Errors
    /// If one of them cannot be read or used.
    pub fn open(
        files: TlsFiles,
        protocols: &'static [&'static [u8]],
        counts: TlsCounts,
    ) -> Result<TlsDoor, TlsError> {
        // First the marks: a file that changes while it is read is read again.
        let marks = files.marks();
        let (in_use, _) = watch::channel(InUse(Arc::new(files.read(protocols)?)));
        let looked = Mutex::new(Looked { marks, fault: None, stale: (0, None) });
        let door = TlsDoor { files, protocols, in_use, looked, counts };
        door.tell_stale(&mut door.looked.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(door)
    }

    /// Shakes hands, within that time. A handshake that does not come about is counted.
    ///
    /// # Errors
    /// If the client does not speak TLS, or has not the certificate it needs, or is too slow.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        within: Duration,
    ) -> Result<Guest<S>, NotLetIn> {
        let mut in_use = self.in_use.subscribe();
        let acceptor = in_use.borrow_and_update().0.acceptor.clone();
        let shaken = match timeout(within, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(NotLetIn::of(&error)),
            Err(_) => Err(NotLetIn { fault: HandshakeFault::TooSlow, said: String::new() }),
        };
        let stream = shaken.inspect_err(|refused| self.counts.failed.count(refused.fault))?;
        let shown = stream.get_ref().1.peer_certificates().filter(|chain| !chain.is_empty());
        let pass = shown.map(|chain| Pass {
            name: name::name_in(&chain[0]).map(Arc::from),
            chain: chain.iter().map(|certificate| certificate.clone().into_owned()).collect(),
            in_use,
            due: due(chain),
            fault: None,
            counts: self.counts.clone(),
        });
        Ok(Guest { stream, pass })
    }

    /// What is counted of it.
    #[must_use]
    pub fn counts(&self) -> &TlsCounts {
        &self.counts
    }

    /// Looks at the files, once a second until it is stopped.
    pub async fn keep_looking(self: Arc<Self>, stop: CancellationToken) {
        let mut second = interval(LOOK_EVERY);
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = second.tick() => {}
            }
            let door = self.clone();
            // Large lists take a while to read.
            if let Err(error) = tokio::task::spawn_blocking(move || door.look()).await {
                tracing::error!(%error, "looking at certificates was cut short");
            }
        }
    }

    fn look(&self) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let marks = self.files.marks();
        if marks != looked.marks {
            match self.files.read(self.protocols) {
                Ok(made) => {
                    looked.marks = marks;
                    looked.fault = None;
                    let _before = self.in_use.send_replace(InUse(Arc::new(made)));
                    self.counts.counters.tls_unusable_files.set(0);
                    self.counts.counters.tls_reloaded.one();
                    tracing::info!(certificate = %self.files.certificate.display(), "changed certificates are in use");
                }
                Err(error) => {
                    self.counts.counters.tls_unusable_files.set(1);
                    let error = error.to_string();
                    let is_said = matches!(&looked.fault, Some((said, at)) if *said == error && at.elapsed() < SAID_AGAIN);
                    if !is_said {
                        tracing::warn!(error, "the certificates of before stay in use");
                        looked.fault = Some((error, Instant::now()));
                    }
                }
            }
        } else if looked.fault.take().is_some() {
            // What was put back is what is in use.
            self.counts.counters.tls_unusable_files.set(0);
        }
        self.tell_stale(&mut looked);
    }

    fn tell_stale(&self, looked: &mut Looked) {
        let now = UnixTime::now().as_secs();
        let in_use = self.in_use.borrow().clone();
        let stale =
            in_use.0.lists.iter().filter(|(_, until)| until.is_some_and(|until| until.as_secs() < now));
        let stale: Vec<_> = stale.map(|(path, _)| path).collect();
        let count = stale.len() as u64;
        self.counts.counters.tls_stale_lists.set(count);
        let (before, said) = looked.stale;
        let is_said = count == before && said.is_some_and(|at| at.elapsed() < STALE_SAID_AGAIN);
        if count > 0 && !is_said {
            tracing::warn!(
                lists = ?stale,
                "lists of revoked certificates are out of date: who was revoked since is let in. Put new ones there"
            );
            looked.stale = (count, Some(Instant::now()));
        } else if count == 0 {
            looked.stale = (0, None);
        }
    }
}

impl NotLetIn {
    fn of(error: &io::Error) -> NotLetIn {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
        let fault = cause.map_or(HandshakeFault::BrokenOff, HandshakeFault::of);
        NotLetIn { fault, said: error.to_string() }
    }

    /// Tells the operator, who must find the device, by the address it comes from. Who only went away is not told of.
    pub(crate) fn tell(&self, clients: &Clients, transport: &'static str, peer: SocketAddr) {
        if self.fault == HandshakeFault::BrokenOff {
            return tracing::debug!(%peer, transport, "a connection broke off within the handshake");
        }
        let user = peer.ip().to_string();
        let caller = Caller { transport, user: &user, client_id: "", peer: Some(peer) };
        clients.note(DoorEvent::Refused, &caller, None, &format!("tls: {self}"));
    }
}

impl Pass {
    /// The name in the certificate; none if it names nobody.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Why it does not count any more, by the files of now; none if it does. Costs nothing while they do not change.
    #[must_use]
    pub fn fault(&mut self) -> Option<HandshakeFault> {
        let has_changed = self.in_use.has_changed().unwrap_or(false);
        if self.fault.is_some() || (!has_changed && tokio::time::Instant::now() < self.due) {
            return self.fault;
        }
        self.due = due(&self.chain);
        let in_use = self.in_use.borrow_and_update().clone();
        let (own, between) = self.chain.split_first()?;
        let verified = in_use.0.verifier.as_ref()?.verify_client_cert(own, between, UnixTime::now());
        self.fault = verified.err().map(|error| HandshakeFault::of(&error));
        self.fault
    }

    /// Resolves when it does not count any more.
    pub async fn until_void(&mut self) -> HandshakeFault {
        loop {
            if let Some(fault) = self.fault() {
                return fault;
            }
            let look_again = tokio::time::sleep_until(self.due);
            tokio::select! {
                changed = self.in_use.changed() => match changed {
                    Ok(()) => self.in_use.mark_changed(),
                    // Nobody looks at the files any more.
                    Err(_) => std::future::pending().await,
                },
                () = look_again => {}
            }
        }
    }

    /// The connection is ended because of it: counted.
    pub(crate) fn is_ended(&self) {
        self.counts.counters.tls_ended.one();
    }

    /// It is no sender's, or another one's than its holder says: counted.
    pub(crate) fn is_strange(&self) {
        self.counts.counters.tls_strangers.one();
    }
}

/// When a chain is looked at again: behind the second in which the next of its certificates expires.
fn due(chain: &[CertificateDer<'_>]) -> tokio::time::Instant {
    let now = UnixTime::now().as_secs();
    let expire = chain.iter().filter_map(|certificate| {
        let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
        let until = certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs();
        (until >= now).then(|| Duration::from_secs(until - now + 1))
    });
    tokio::time::Instant::now() + expire.min().unwrap_or(PASS_EVERY).min(PASS_EVERY)
}

/// As [`Pass::until_void`]; never for whoever came without a certificate.
pub async fn until_void(pass: Option<&mut Pass>) -> HandshakeFault {
    match pass {
        Some(pass) => pass.until_void().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
