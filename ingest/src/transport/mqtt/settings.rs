//! The section `[mqtt]`, and the endpoint that starts from it.

use std::{net::SocketAddr, sync::Arc};

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::{self, Feed};
use serde::Deserialize;

use super::{MqttConfig, MqttEndpoint};
use crate::transport::{CannotStart, Kind, Running, Site, Transport, Words, section};

/// The product's own endpoint.
pub static KIND: Kind = Kind {
    word: "mqtt",
    section: "mqtt",
    name: Words { vi: "MQTT", en: "MQTT" },
    listens: true,
    to_try: Words {
        vi: "hãy đặt mqtt.listen sang địa chỉ còn trống, hoặc dừng chương trình đang giữ địa chỉ đó",
        en: "set mqtt.listen to an address that is free, or end the program that holds it",
    },
    configure: |settings| Ok(Arc::new(Mqtt::configured(settings)?)),
};

/// `[mqtt]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mqtt {
    /// Where it listens.
    listen: SocketAddr,
    /// Connections at once.
    max_connections: usize,
    /// Bytes of a packet.
    max_packet_bytes: usize,
    /// Publishes in flight a client.
    receive_maximum: u16,
}

impl Mqtt {
    fn configured(settings: &Figment) -> Result<Mqtt, Box<figment::Error>> {
        section(settings, &KIND)
    }
}

impl Transport for Mqtt {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn faults(&self) -> Vec<String> {
        match self.receive_maximum {
            0 => vec!["mqtt.receive_maximum must be at least 1".to_owned()],
            _ => Vec::new(),
        }
    }

    fn takes(&self, feed: &Feed) -> bool {
        matches!(feed.transport, pack::Transport::Mqtt { .. })
    }

    fn example(&self, feed: &Feed, sender: &str) -> Option<String> {
        let pack::Transport::Mqtt { topics } = &feed.transport else { return None };
        let topic = topics.first().map_or_else(|| "<topic>".to_owned(), |filter| example_topic(filter));
        Some(format!(
            "mosquitto_pub -h {} -p {} -q 1 -i {sender} -u {sender} -P \"$SECRET\" -t '{topic}' -f FILE",
            self.listen.ip(),
            self.listen.port()
        ))
    }

    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>> {
        Box::pin(async move {
            let mut running = Running::new(&KIND, site);
            let config = MqttConfig {
                listen: self.listen,
                packet_limit: u32::try_from(self.max_packet_bytes).unwrap_or(u32::MAX),
                receive_maximum: self.receive_maximum,
                most_connections: self.max_connections,
                ..MqttConfig::default()
            };
            let sessions = site.data.join("mqtt-sessions");
            let (intake, authenticator) = (site.intake.clone(), site.authenticator.clone());
            let routes = site.routes.clone();
            let stop = running.stopping();
            // An acknowledgement must not wait until a thousand pages were told of an epoch.
            let bound = async move {
                MqttEndpoint::bind(config, intake, routes, authenticator, &sessions, stop).await
            };
            let endpoint = site.senders.spawn(bound).await??;
            running.at(format!("mqtt://{}", endpoint.local_addr()));
            running.counts(None, endpoint.counters());
            running.go(&site.senders, endpoint.run());
            Ok(running)
        })
    }
}

/// A topic that a filter matches, with words to replace.
fn example_topic(filter: &str) -> String {
    let level = |level: &str| match level {
        "+" => "STATION".to_owned(),
        "#" => "TOPIC".to_owned(),
        plain => plain.to_owned(),
    };
    filter.split('/').map(level).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_of_a_filter_has_a_word_for_each_wildcard() {
        assert_eq!(example_topic("ioc/air/+/observation"), "ioc/air/STATION/observation");
        assert_eq!(example_topic("ioc/#"), "ioc/TOPIC");
    }
}
