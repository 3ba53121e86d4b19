//! The ways data comes in, one folder each, behind one trait.
//!
//! A transport receives, wraps into envelopes, hands them to the [`Intake`](crate::intake::Intake) and acknowledges
//! once they are durable (invariant ACK). None of them parses what it carries.
//!
//! What all of them have in common is said here once: a section of the settings, the feeds that are theirs, words for
//! people, a start, counters, and an end in good order. The binary knows the list [`KINDS`] and nothing of what is in
//! it, so a new way in is a folder and a line of that list.

mod below;
pub mod counters;
pub mod files;
pub mod follow;
pub mod ftp;
pub mod ftp_pull;
pub mod http;
pub mod http_pull;
pub mod kafka;
pub mod mqtt;
pub mod mqtt_broker;
mod nothing;
mod plain;
pub mod pull;
mod running;
mod secrets_file;
mod site;
pub mod sql;
pub mod syslog;
pub mod tls;
pub mod withheld;

use std::{fmt, net::SocketAddr, sync::Arc};

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::Feed;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error},
};

pub use self::{
    running::{Running, TransportCounters},
    site::Site,
};

/// Every transport, in the order they are started in. Those whose senders wait for nobody come first.
pub static KINDS: [&Kind; 11] = [
    &syslog::KIND,
    &mqtt::KIND,
    &files::KIND,
    &ftp::KIND,
    &follow::KIND,
    &mqtt_broker::KIND,
    &sql::KIND,
    &http_pull::KIND,
    &ftp_pull::KIND,
    &kafka::KIND,
    &http::KIND,
];

/// What is known of a transport before it has settings.
#[derive(Debug)]
pub struct Kind {
    /// Its word in packs and in the names of its metrics, such as `mqtt`.
    pub word: &'static str,
    /// Its section of the settings, whose defaults stand in `deploy/default.toml`.
    pub section: &'static str,
    /// What people call it.
    pub name: Words,
    /// Whether others come to it; if not, it goes to them.
    pub listens: bool,
    /// What to try when it does not start.
    pub to_try: Words,
    /// Reads its section.
    pub configure: Configure,
}

/// Makes a transport of its section. Figment's errors name the key within it, and there may be several.
pub type Configure = fn(&Figment) -> Result<Arc<dyn Transport>, Box<figment::Error>>;

/// The same words in both languages of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Words {
    /// Tiếng Việt.
    pub vi: &'static str,
    /// English.
    pub en: &'static str,
}

/// What a sender logs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// Its secret.
    Secret,
    /// Its client certificate, by TLS.
    Certificate,
}

/// Why a transport cannot start: for the operator to mend.
pub type CannotStart = Box<dyn std::error::Error + Send + Sync>;

/// A way in, with its settings.
pub trait Transport: fmt::Debug + Send + Sync {
    /// What it is.
    fn kind(&self) -> &'static Kind;

    /// What single settings cannot say: bounds, and rules between them. A sentence each, with the key's name.
    fn faults(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether a feed of the pack comes this way. Every feed but the page's own is one transport's.
    fn takes(&self, feed: &Feed) -> bool;

    /// Whether a feed that is another transport's comes this way besides.
    fn takes_besides(&self, _feed: &Feed) -> bool {
        false
    }

    /// A command that sends a file to that feed as that sender, with the sender's secret in `$SECRET` where it logs
    /// in with one; none if nobody is registered for what comes this way, or cannot log in so.
    fn example(&self, _feed: &Feed, _sender: &str, _login: Login) -> Option<String> {
        None
    }

    /// Starts it for all of its feeds. When it returns, whoever comes is served, and nothing waits for the store.
    ///
    /// # Errors
    /// If an address is taken, a folder cannot be made, a feed cannot be reached by what the pack says of it.
    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>>;
}

/// Reads a transport's section; unknown keys are errors if its type says so.
fn section<Settings: DeserializeOwned>(
    settings: &Figment,
    kind: &Kind,
) -> Result<Settings, Box<figment::Error>> {
    Ok(settings.find_value(kind.section)?.deserialize()?)
}

/// An address of a listener, for settings; empty for none.
///
/// # Errors
/// If it is no address with a port.
pub fn address_or_none<'de, D: Deserializer<'de>>(value: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(value)?;
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |_| D::Error::custom(format!("'{text}' is no address with a port, such as 127.0.0.1:5514"));
    text.parse().map(Some).map_err(wrong)
}

/// Runs a step that touches the disk away from the threads that serve connections.
async fn blocking<State: Send + 'static, T: Send + 'static>(
    mut state: State,
    step: impl FnOnce(&mut State) -> T + Send + 'static,
) -> (State, T) {
    let step = tokio::task::spawn_blocking(move || {
        let outcome = step(&mut state);
        (state, outcome)
    });
    match step.await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down: nothing is polled after this.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_transports_share_a_word_or_a_section_and_each_has_its_words() {
        let words: BTreeSet<_> = KINDS.iter().map(|kind| kind.word).collect();
        let sections: BTreeSet<_> = KINDS.iter().map(|kind| kind.section).collect();
        assert_eq!((words.len(), sections.len()), (KINDS.len(), KINDS.len()));
        for kind in KINDS {
            for Words { vi, en } in [kind.name, kind.to_try] {
                assert!(!vi.is_empty() && !en.is_empty(), "{}", kind.word);
            }
        }
    }
}
