//! A transport that runs, and its end: what is in flight is acknowledged, then it is over, within a bound.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use tokio::{runtime::Handle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Kind, Site,
    counters::{Counters, CountersByLabel},
    plain,
    tls::TlsCounts,
};

/// How long a transport has to acknowledge what is in flight. A log without room answers nobody: who was not told sends
/// again.
const STOPS_WITHIN: Duration = Duration::from_secs(15);

/// A transport at work. Dropping it stops nothing.
#[derive(Debug)]
pub struct Running {
    kind: &'static Kind,
    addresses: Vec<String>,
    /// Those of `addresses` where what comes travels in the clear.
    in_the_clear: Vec<String>,
    counters: Vec<TransportCounters>,
    by_label: Vec<Arc<dyn CountersByLabel>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Counters of all of a transport, or of one of its feeds.
#[derive(Clone, Debug)]
pub struct TransportCounters {
    /// The feed they are of, if each has its own.
    pub feed: Option<String>,
    /// They themselves.
    pub counters: Arc<dyn Counters>,
}

impl Running {
    /// One that does nothing yet.
    pub(super) fn new(kind: &'static Kind, site: &Site) -> Running {
        Running {
            kind,
            addresses: Vec::new(),
            in_the_clear: Vec::new(),
            counters: Vec::new(),
            by_label: Vec::new(),
            stop: site.stop.child_token(),
            tasks: TaskTracker::new(),
        }
    }

    /// Where it is reached, or where it goes.
    pub(super) fn at(&mut self, address: impl Into<String>) {
        self.addresses.push(address.into());
    }

    /// It listens there without TLS, which is said where others than this machine come.
    pub(super) fn at_plain(&mut self, said: String, address: SocketAddr) {
        if plain::is_beyond_loopback(address) {
            plain::warn(self.kind.word, address);
            self.in_the_clear.push(said.clone());
        }
        self.at(said);
    }

    /// The folder it looks at.
    pub(super) fn at_folder(&mut self, folder: &Path) {
        self.at(folder.display().to_string());
    }

    /// It counts here.
    pub(super) fn counts(&mut self, feed: Option<&str>, counters: Arc<dyn Counters>) {
        self.counters.push(TransportCounters { feed: feed.map(str::to_owned), counters });
    }

    /// And what it counts there is told apart by labels.
    pub(super) fn counts_by_label(&mut self, counters: Arc<dyn CountersByLabel>) {
        self.by_label.push(counters);
    }

    /// What is counted of its listener by TLS.
    pub(super) fn counts_tls(&mut self, counts: &TlsCounts) {
        self.counts(None, counts.counters.clone());
        self.counts_by_label(counts.failed.clone());
    }

    /// Fires when it is to end. Its tasks take nothing more then, acknowledge what they took, and return.
    pub(super) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs a part of it on these threads; one that ends by itself when it is told to stop.
    pub(super) fn go(&self, threads: &Handle, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.tasks.spawn_on(task, threads));
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// Where it is reached, or where it goes, such as `mqtt://127.0.0.1:1883`. None if no feed of the pack comes so.
    #[must_use]
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// Whether what comes to that address of it travels in the clear, from other machines.
    #[must_use]
    pub fn is_in_the_clear(&self, address: &str) -> bool {
        self.in_the_clear.iter().any(|known| known == address)
    }

    /// What it counts.
    #[must_use]
    pub fn counters(&self) -> &[TransportCounters] {
        &self.counters
    }

    /// What it counts by labels.
    #[must_use]
    pub fn counters_by_label(&self) -> &[Arc<dyn CountersByLabel>] {
        &self.by_label
    }

    /// Ends it. False if something in flight could not be acknowledged in time: its sender was told nothing.
    pub async fn stop(&self) -> bool {
        self.stop.cancel();
        let _first = self.tasks.close();
        timeout(STOPS_WITHIN, self.tasks.wait()).await.is_ok()
    }
}
