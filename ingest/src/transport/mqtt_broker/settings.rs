//! The section `[mqtt_broker]`, and a connection for each feed that comes from a broker.
//!
//! Where a broker is and what to subscribe to is the pack's; its password is not, and lies in `brokers.toml` in the data
//! folder, by feed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::{self, Feed};
use jiff::SignedDuration;
use serde::Deserialize;
use tokio::runtime::Handle;

use super::{BrokerLogin, MqttBroker, MqttBrokerConfig};
use crate::transport::{
    CannotStart, Kind, Running, Site, Transport, Words, pull::Patience, secrets_file, section,
};

/// Connections to outside brokers.
pub static KIND: Kind = Kind {
    word: "mqtt_broker",
    section: "mqtt_broker",
    name: Words { vi: "MQTT qua máy chủ ngoài", en: "MQTT broker" },
    listens: false,
    to_try: Words {
        vi: "hãy xem lại địa chỉ trong feeds.toml của gói tỉnh và brokers.toml trong thư mục dữ liệu",
        en: "look at the address in the pack's feeds.toml and at brokers.toml in the data folder",
    },
    configure: |settings| Ok(Arc::new(Brokers::configured(settings)?)),
};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// A connection that lasted so long was no accident.
const RECOVERED_AFTER: Duration = Duration::from_secs(10);
/// A broker that is away is not asked in a loop, whatever is set.
const SHORTEST_LIMIT: SignedDuration = SignedDuration::from_secs(1);

/// `[mqtt_broker]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Brokers {
    /// The longest pause before a lost connection is made again.
    longest_pause: SignedDuration,
}

impl Brokers {
    fn configured(settings: &Figment) -> Result<Brokers, Box<figment::Error>> {
        section(settings, &KIND)
    }
}

impl Transport for Brokers {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn faults(&self) -> Vec<String> {
        match self.longest_pause < SHORTEST_LIMIT {
            true => vec!["mqtt_broker.longest_pause must be at least 1s".to_owned()],
            false => Vec::new(),
        }
    }

    fn takes(&self, feed: &Feed) -> bool {
        matches!(feed.transport, pack::Transport::MqttBroker { .. })
    }

    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>> {
        Box::pin(async move {
            let mut running = Running::new(&KIND, site);
            let logins: BTreeMap<String, BrokerLogin> =
                secrets_file::of_feeds(&site.data.join("brokers.toml"))?;
            let patience = Patience {
                first: FIRST_PAUSE,
                longest: self.longest_pause.unsigned_abs(),
                recovered_after: RECOVERED_AFTER,
            };
            for feed in site.pack.feeds.values() {
                let pack::Transport::MqttBroker { url, .. } = &feed.transport else { continue };
                let client_id = format!("{}-{}", site.name, feed.id);
                let login = logins.get(&feed.id).cloned();
                let config = MqttBrokerConfig { client_id, login, patience };
                let broker = MqttBroker::new(feed, &config, site.intake.clone())?;
                running.at(url.clone());
                running.counts(Some(&feed.id), broker.counters());
                let (name, stop) = (feed.id.clone(), running.stopping());
                running.go(&Handle::current(), async move {
                    if let Err(error) = broker.run(stop).await {
                        tracing::error!(feed = name, %error, "nothing more is taken from the broker");
                    }
                });
            }
            Ok(running)
        })
    }
}
