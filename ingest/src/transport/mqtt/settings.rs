//! The section `[mqtt]`, and the endpoint that starts from it.

use std::{net::SocketAddr, sync::Arc};

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::{self, Feed};
use serde::Deserialize;

use super::{MqttConfig, MqttEndpoint};
use crate::transport::{
    CannotStart, Kind, Login, Running, Site, Transport, Words, address_or_none, plain,
    tls::{TlsCounts, TlsSettings, section_with_tls},
};

/// The product's own endpoint.
pub static KIND: Kind = Kind {
    word: "mqtt",
    section: "mqtt",
    name: Words { vi: "MQTT", en: "MQTT" },
    listens: true,
    to_try: Words {
        vi: "hãy đặt mqtt.listen, mqtt.tls_listen sang địa chỉ còn trống, hoặc dừng chương trình đang giữ địa chỉ đó",
        en: "set mqtt.listen, mqtt.tls_listen to addresses that are free, or end the program that holds one",
    },
    configure: |settings| Ok(Arc::new(Mqtt::configured(settings)?)),
};

/// The longest name of a host application, in bytes.
const LONGEST_HOST: usize = 128;
/// What is spoken by TLS: a browser opens its WebSocket as the second.
const PROTOCOLS: &[&[u8]] = &[b"mqtt", b"http/1.1"];

/// `[mqtt]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mqtt {
    /// Where it listens without TLS; none for nowhere.
    #[serde(deserialize_with = "address_or_none")]
    listen: Option<SocketAddr>,
    /// Beyond loopback without TLS, on purpose.
    plain_beyond_loopback: bool,
    /// Where it listens by TLS, with a certificate.
    #[serde(deserialize_with = "address_or_none")]
    tls_listen: Option<SocketAddr>,
    /// The certificate.
    #[serde(skip)]
    tls: TlsSettings,
    /// Connections at once.
    max_connections: usize,
    /// Bytes of a packet.
    max_packet_bytes: usize,
    /// Publishes in flight a client.
    receive_maximum: u16,
    /// What it is called as a host application of Sparkplug; empty if it is none.
    sparkplug_host: String,
}

impl Mqtt {
    fn configured(settings: &Figment) -> Result<Mqtt, Box<figment::Error>> {
        let (mqtt, tls) = section_with_tls::<Mqtt>(settings, KIND.section)?;
        Ok(Mqtt { tls, ..mqtt })
    }

    /// Where it listens by TLS.
    fn by_tls(&self) -> Option<SocketAddr> {
        self.tls_listen.filter(|_| self.tls.has_certificate())
    }
}

impl Transport for Mqtt {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = self.tls.faults("mqtt");
        faults.extend(plain::fault("mqtt.listen", self.listen, self.plain_beyond_loopback));
        if self.receive_maximum == 0 {
            faults.push("mqtt.receive_maximum must be at least 1".to_owned());
        }
        if self.sparkplug_host.len() > LONGEST_HOST || self.sparkplug_host.contains(['/', '+', '#', '\0']) {
            faults.push(format!(
                "mqtt.sparkplug_host is a level of a topic: at most {LONGEST_HOST} bytes, without '/', '+', '#'"
            ));
        }
        if self.listen.is_none() && self.by_tls().is_none() {
            faults
                .push("mqtt.listen is empty, and there is no mqtt.tls_listen with a certificate".to_owned());
        }
        faults
    }

    fn takes(&self, feed: &Feed) -> bool {
        matches!(feed.transport, pack::Transport::Mqtt { .. })
    }

    fn example(&self, feed: &Feed, sender: &str, login: Login) -> Option<String> {
        let pack::Transport::Mqtt { topics } = &feed.transport else { return None };
        let topic = topics.first().map_or_else(|| "<topic>".to_owned(), |filter| example_topic(filter));
        let (address, login) = match (login, self.listen, self.by_tls()) {
            (Login::Certificate, _, Some(address)) => {
                (address, " --cafile CA.pem --cert CERTIFICATE.pem --key KEY.pem".to_owned())
            }
            (Login::Secret, Some(address), _) => (address, format!(" -u {sender} -P \"$SECRET\"")),
            (Login::Secret, None, Some(address)) => {
                (address, format!(" --cafile CA.pem -u {sender} -P \"$SECRET\""))
            }
            _ => return None,
        };
        let (host, port) = (address.ip(), address.port());
        Some(format!("mosquitto_pub -h {host} -p {port} -q 1 -i {sender}{login} -t '{topic}' -f FILE"))
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
            let (intake, voice) = (site.intake.clone(), site.voice.clone());
            voice.is_host(&self.sparkplug_host);
            running.counts(None, voice.counters());
            let stop = running.stopping();
            let counts = TlsCounts::default();
            let door = self.tls.door(PROTOCOLS, &counts)?;
            let by_tls = self.by_tls().zip(door);
            // An acknowledgement must not wait until a thousand pages were told of an epoch.
            let bound =
                async move { MqttEndpoint::bind(config, by_tls, intake, voice, &sessions, stop).await };
            let endpoint = site.senders.spawn(bound).await??;
            for (address, by_tls) in endpoint.addresses() {
                match by_tls {
                    true => running.at(format!("mqtts://{address}")),
                    false => running.at_plain(format!("mqtt://{address}"), address),
                }
            }
            running.counts(None, endpoint.counters());
            running.counts_tls(&counts);
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
