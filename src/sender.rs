//! `ioc sender`: who may send, kept in the data folder.
//!
//! A secret is shown once, when it is made, with the commands that try it out; only its hash is kept. A running
//! `ioc` notices the change within a second.

use std::{io::Write, path::PathBuf};

use anyhow::{Context, bail};
use ioc_ingest::senders::{Secret, Senders};
use ioc_model::pack::{Feed, Pack, Transport};

/// `ioc sender …`
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: SenderCommand,
}

/// Adds, lists or removes senders.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum SenderCommand {
    /// Adds a sender and shows its secret, once.
    Add {
        /// Its name: the MQTT user. Letters, digits, `-` and `_`.
        name: String,
        /// A feed it may send to; say it again for more.
        #[arg(long = "feed", required = true)]
        feeds: Vec<String>,
    },
    /// Lists senders and their feeds.
    List,
    /// Removes a sender; its connections end, its session goes.
    Remove {
        /// Its name.
        name: String,
    },
}

/// What the command works on.
#[derive(Clone, Copy, Debug)]
pub struct SenderHouse<'a> {
    /// The file of senders in the data folder.
    pub file: &'a PathBuf,
    /// The pack, whose feeds can be sent to.
    pub pack: &'a Pack,
    /// `host:port` of the MQTT endpoint.
    pub mqtt: std::net::SocketAddr,
    /// `host:port` of HTTP.
    pub http: std::net::SocketAddr,
}

/// Carries the command out and says on `out` what was done.
///
/// # Errors
/// If a feed is unknown or cannot be sent to, a name is taken or unknown, or the file cannot be read or written.
pub fn run(command: SenderCommand, house: SenderHouse<'_>, out: &mut impl Write) -> anyhow::Result<()> {
    let mut senders = Senders::load(house.file)?;
    match command {
        SenderCommand::Add { name, mut feeds } => {
            feeds.sort();
            feeds.dedup();
            let known = known_feeds(house.pack, &feeds)?;
            let secret = senders.add(&name, feeds)?;
            senders.save()?;
            introduce(&name, &secret, &known, house, out).context("cannot show the secret")?;
        }
        SenderCommand::List => {
            for sender in senders.list() {
                writeln!(out, "{}  {}", sender.name, sender.feeds.join(", "))?;
            }
        }
        SenderCommand::Remove { name } => {
            senders.remove(&name)?;
            senders.save()?;
            writeln!(out, "removed {name}")?;
        }
    }
    Ok(())
}

/// The feeds of those names, all faults at once.
fn known_feeds<'a>(pack: &'a Pack, names: &[String]) -> anyhow::Result<Vec<&'a Feed>> {
    let is_sent_to = |feed: &&Feed| matches!(feed.transport, Transport::Mqtt { .. } | Transport::Http);
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for name in names {
        match pack.feeds.get(name).filter(is_sent_to) {
            Some(feed) => known.push(feed),
            None => unknown.push(format!("'{name}'")),
        }
    }
    if !unknown.is_empty() {
        let all: Vec<&str> = pack.feeds.values().filter(is_sent_to).map(|feed| feed.id.as_str()).collect();
        bail!("no mqtt or http feed {} in the pack; there are: {}", unknown.join(", "), all.join(", "));
    }
    Ok(known)
}

fn introduce(
    name: &str,
    secret: &Secret,
    feeds: &[&Feed],
    house: SenderHouse<'_>,
    out: &mut impl Write,
) -> std::io::Result<()> {
    writeln!(out, "sender    {name}")?;
    writeln!(out, "feeds     {}", feeds.iter().map(|feed| feed.id.as_str()).collect::<Vec<_>>().join(", "))?;
    writeln!(out, "password  {}", secret.password())?;
    writeln!(out, "token     {}", secret.token())?;
    writeln!(out)?;
    writeln!(out, "Shown once: only a hash is kept. Try it, with the secret in the environment:")?;
    writeln!(out)?;
    writeln!(out, "  read -rs SECRET    # paste the password")?;
    for feed in feeds {
        match &feed.transport {
            Transport::Mqtt { topics } => {
                let topic = topics.first().map_or_else(|| "<topic>".to_owned(), |topic| example_topic(topic));
                writeln!(
                    out,
                    "  mosquitto_pub -h {} -p {} -q 1 -i {name} -u {name} -P \"$SECRET\" -t '{topic}' -f FILE",
                    house.mqtt.ip(),
                    house.mqtt.port()
                )?;
            }
            Transport::Http => writeln!(
                out,
                "  curl -H \"Authorization: Bearer {name}.$SECRET\" --data-binary @FILE http://{}/ingest/{}",
                house.http, feed.id
            )?,
            Transport::MqttBroker { .. } | Transport::Files { .. } => {}
        }
    }
    Ok(())
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
