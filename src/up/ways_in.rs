//! Every way in, started and stopped in one place.
//!
//! They start before the store is looked for, since an acknowledgement needs the bus alone, in the order of the list;
//! and they end before the flow does, all at once: what they were told is durable is on the bus by then.

use anyhow::Context;
use futures_util::future::join_all;
use ioc_ingest::transport::{Running, Site, TransportCounters};
use ioc_model::pack;

use super::House;
use crate::{config::Config, status::WayIn};

/// The transports at work.
#[derive(Debug)]
pub struct WaysIn(Vec<Running>);

impl House<'_> {
    /// Starts all of them.
    pub(super) async fn take_in(&self, site: &Site) -> anyhow::Result<WaysIn> {
        each_feed_has_a_way(self.config, &site.pack)?;
        let mut ways = Vec::new();
        for transport in &self.config.transports {
            let kind = transport.kind();
            let running = transport.start(site).await.map_err(anyhow::Error::from_boxed);
            let running =
                running.with_context(|| format!("{} does not start ({})", kind.name.en, kind.to_try.en))?;
            for TransportCounters { feed, counters } in running.counters() {
                self.metrics.counters(kind.word, feed.as_deref(), counters.clone())?;
            }
            for counters in running.counters_by_label() {
                self.metrics.counters_by_label(kind.word, counters.clone())?;
            }
            ways.push(running);
        }
        Ok(WaysIn(ways))
    }
}

/// A feed nobody takes would wait for its data for ever (invariant LOUD).
fn each_feed_has_a_way(config: &Config, pack: &pack::Pack) -> anyhow::Result<()> {
    let is_lost =
        |feed: &&pack::Feed| feed.transport != pack::Transport::Page && config.transport_of(feed).is_none();
    match pack.feeds.values().find(is_lost) {
        Some(feed) => anyhow::bail!("no transport takes feed '{}' ({})", feed.id, feed.transport.word()),
        None => Ok(()),
    }
}

impl WaysIn {
    /// Where that transport is reached.
    pub fn address(&self, word: &str) -> Option<&str> {
        self.addresses(word).first().map(String::as_str)
    }

    /// All places where it is.
    pub fn addresses(&self, word: &str) -> &[String] {
        let running = self.0.iter().find(|running| running.kind().word == word);
        running.map_or(&[], |running| running.addresses())
    }

    /// All of them, for people.
    pub fn shown(&self) -> Vec<WayIn> {
        let shown = |running: &Running| {
            let kind = running.kind();
            let addresses = running.addresses().iter();
            addresses
                .map(|address| WayIn::of(kind, address, running.is_in_the_clear(address)))
                .collect::<Vec<_>>()
        };
        self.0.iter().flat_map(shown).collect()
    }

    /// Ends them: each acknowledges what it has in flight, within its bound.
    pub async fn stop(&self) {
        let ended = join_all(self.0.iter().map(Running::stop)).await;
        for (running, _) in self.0.iter().zip(ended).filter(|(_, in_order)| !in_order) {
            tracing::warn!(
                transport = running.kind().word,
                "some senders still wait for room in the log: they are told nothing and will send again"
            );
        }
    }
}
