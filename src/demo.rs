//! The demo's publisher: a process of its own that sends recorded data as if it were measured now.
//!
//! It is a sender like any other and knows nothing of the pipeline's inside: gases and wind go over MQTT by TLS, with a user
//! and password of its own and in the payloads of four makers of gateways, dust as station files (TT 10/2021/TT-BTNMT) into the inbox, when their hour is over on
//! the demo's clock; logs go over syslog, TCP and UDP, each line at its moment. At its start it first sends the hours of the last two weeks, oldest first, as fast as they are
//! acknowledged. It remembers nothing: after a restart it sends those again, and the pipeline drops and counts the
//! duplicates.
//!
//! Logs are of four days before the start at the most: recorded alerts of an intrusion sensor, re-dated to every day, what it
//! says of itself, which is made up, and
//! lines of servers and a firewall that are made up from a seed. So are the lists that two consoles export, of machines
//! with malware and of those that talk to botnets, which are dropped into the inbox. Reports of communes and departments are
//! made up too, and pushed or dropped; published indices of the province and dengue of elsewhere are sent as they were
//! published.
//!
//! Four stand-in stations send the same record, each from another quarter of it and re-dated by whole weeks into the
//! demo's year. The values are those of the record, unaltered: a missing cell is not sent, so the gaps on the screen
//! are real.

mod alerts;
mod dust;
mod follow;
mod gases;
mod lists;
mod logs;
mod payloads;
mod record;
mod reports;
mod sensor;
mod stand_in;
mod synthetic;

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context;
use ioc_bus::clock::Clock;
use ioc_model::calendar::Calendar;
use logs::Logs;
pub(crate) use payloads::feeds;
pub(crate) use stand_in::first_and_last_start;
use stand_in::{Reading, readings};

/// What `ioc demo` tells its publisher.
#[derive(Clone, clap::Args)]
pub struct PublisherArgs {
    /// The demo's clock, as JSON.
    #[arg(long, value_parser = parse_clock)]
    pub clock: Clock,
    /// Host of the MQTT endpoint.
    #[arg(long, default_value = "127.0.0.1")]
    pub mqtt_host: String,
    /// Port of the MQTT endpoint.
    #[arg(long, default_value_t = 1883)]
    pub mqtt_port: u16,
    /// CA of the MQTT endpoint, which is spoken to by TLS then.
    #[arg(long)]
    pub mqtt_ca: Option<PathBuf>,
    /// MQTT user.
    #[arg(long, default_value = "demo")]
    pub user: String,
    /// MQTT password.
    #[arg(long, env = "IOC_DEMO_SECRET", hide_env_values = true)]
    pub secret: String,
    /// Folder of the dust feed in the inbox.
    #[arg(long)]
    pub dust_folder: PathBuf,
    /// The inbox, below which lists of consoles are dropped; without it none are.
    #[arg(long)]
    pub lists_inbox: Option<PathBuf>,
    /// Below which feeds are pushed to, such as http://127.0.0.1:8081/ingest/; without it all of them are dropped into the inbox.
    #[arg(long)]
    pub reports_push: Option<String>,
    /// Where syslog is taken over TCP; without it no alerts and logins are sent.
    #[arg(long)]
    pub syslog_tcp: Option<SocketAddr>,
    /// Where syslog is taken over UDP; without it no lines of a firewall are sent.
    #[arg(long)]
    pub syslog_udp: Option<SocketAddr>,
    /// Decides the lines that are made up.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Local time of station files and logs.
    #[arg(long, default_value = "Asia/Ho_Chi_Minh")]
    pub timezone: String,
    /// Hours before now that are sent at the start.
    #[arg(long, default_value_t = 336)]
    pub backfill_hours: u32,
    /// Send some messages twice and some late, as real loggers do. Never a value that was not measured.
    #[arg(long)]
    pub imperfect: bool,
    /// End when standard input ends: when the process that started this one is gone.
    #[arg(long)]
    pub until_input_ends: bool,
}

impl std::fmt::Debug for PublisherArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not derived: the secret must reach no log.
        f.debug_struct("PublisherArgs")
            .field("clock", &self.clock)
            .field("mqtt", &format_args!("{}:{}", self.mqtt_host, self.mqtt_port))
            .field("user", &self.user)
            .field("dust_folder", &self.dust_folder)
            .field("syslog", &(self.syslog_tcp, self.syslog_udp))
            .finish_non_exhaustive()
    }
}

fn parse_clock(text: &str) -> Result<Clock, String> {
    serde_json::from_str(text).map_err(|error| format!("not a clock: {error}"))
}

/// Publishes until the readings end, then stays idle; ends on an interrupt, or when its input ends if told so.
///
/// # Errors
/// If the record or the settings cannot be used. A connection that fails is tried again for ever.
pub fn run(args: PublisherArgs) -> anyhow::Result<()> {
    let record = record::hours().context("the recorded air quality cannot be read")?;
    let calendar = Calendar::of_zone(&args.timezone)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the publisher's runtime")?;
    let logs = Logs::new(args.seed, &calendar).context("the recorded alerts cannot be read")?;
    tracing::info!(?args, hours = record.len(), "publishing recorded data");
    runtime.block_on(publish(args, &readings(&record), &calendar, &logs))
}

async fn publish(
    args: PublisherArgs,
    readings: &[Reading],
    calendar: &Calendar,
    logs: &Logs<'_>,
) -> anyhow::Result<()> {
    let channels = async {
        tokio::join!(
            gases::publish(&args, readings, calendar),
            dust::publish(&args, readings, calendar),
            logs::publish(&args, logs),
            lists::publish(&args, calendar),
            reports::publish(&args, calendar),
        )
    };
    tokio::select! {
        // The gases' connection stays open for ever, so this arm is the unlikely one.
        _ = channels => std::future::pending().await,
        ended = ended(args.until_input_ends) => ended,
    }
}

/// Resolves when the publisher shall end.
async fn ended(until_input_ends: bool) -> anyhow::Result<()> {
    let (input_ended, wait) = tokio::sync::oneshot::channel();
    if until_input_ends {
        // A thread, since a runtime waits at its end for a blocking read of its own.
        let _ = std::thread::Builder::new().name("input".to_owned()).spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            let _ = input_ended.send(());
        })?;
    } else {
        std::mem::forget(input_ended);
    }
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = wait => tracing::info!("the process that started the publisher is gone"),
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use clap::{Args, Command, FromArgMatches};
    use ioc_decode::{Decoder, trial::trial};
    use ioc_model::{
        attribute::{self, Attributes},
        names::Names,
        pack::Pack,
        time::{EventTime, Millis, ReceivedAt},
    };
    use logs::Way;
    use payloads::Message;

    use super::*;
    use crate::pack_files::{DEFAULT_PACK, embedded_pack};

    fn is_of(line: &str, subject: &str, start: EventTime) -> bool {
        line.contains(&start.rfc3339()[..19]) && line.contains(&format!("\"subject\":\"{subject}\""))
    }

    #[test]
    fn balance_all_that_the_publisher_sends_is_accepted_by_the_demos_pack() {
        let command = PublisherArgs::augment_args(Command::new("demo-publisher"));
        let clock = r#"{"kind":"machine"}"#;
        let given = ["demo-publisher", "--clock", clock, "--secret", "s", "--dust-folder", "d"];
        let args = PublisherArgs::from_arg_matches(&command.get_matches_from(given)).unwrap();
        let pack = Pack::parse_with(&embedded_pack(DEFAULT_PACK).unwrap(), Some("demo")).unwrap();
        assert_eq!(pack.timezone, args.timezone);
        let calendar = Calendar::of_zone(&pack.timezone).unwrap();
        let decoder = Decoder::new(Arc::new(pack), Names::default()).unwrap();
        let mut sent: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for Reading { station, hour } in readings(&record::hours().unwrap()) {
            let (gases, dust) = sent.entry(station.subject).or_default();
            let received_at = ReceivedAt(hour.known_at().0);
            for Message { feed, topic, payload } in payloads::messages(station, &hour, &calendar) {
                let bytes = payload.as_bytes();
                let tried = trial(&decoder, feed, &topic, Attributes::default(), received_at, bytes);
                assert_eq!(tried.rejects, 0, "{payload}: {:?}", tried.lines);
                assert!(tried.lines.iter().all(|line| is_of(line, station.subject, hour.start)), "{tried:?}");
                *gases += tried.lines.len();
            }
            if let Some((name, content)) = dust::station_file(station, &hour, &calendar) {
                let tried = trial(
                    &decoder,
                    "replay-dust",
                    &name,
                    Attributes::default(),
                    received_at,
                    content.as_bytes(),
                );
                assert_eq!(tried.rejects, 0, "{name}: {:?}", tried.lines);
                assert!(tried.lines.iter().all(|line| is_of(line, station.subject, hour.start)), "{tried:?}");
                *dust += tried.lines.len();
            }
        }
        // Cells of the record that are not empty, once for each station.
        let hours = 17_544;
        let gases = hours * 7 - (569 + 322 + 3_307 + 555 + 474 + 4 + 6);
        let dust = hours * 2 - (286 + 947);
        assert_eq!(sent.len(), 4);
        for (station, counts) in sent {
            assert_eq!(counts, (gases, dust), "{station}");
        }
    }

    #[test]
    fn balance_every_line_of_a_list_is_an_event_of_a_source_that_the_demos_pack_knows() {
        let pack = Pack::parse_with(&embedded_pack(DEFAULT_PACK).unwrap(), Some("demo")).unwrap();
        let calendar = Calendar::of_zone(&pack.timezone).unwrap();
        let decoder = Decoder::new(Arc::new(pack), Names::default()).unwrap();
        let midnight = "2026-01-31T17:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        for (console, kind) in [(lists::Console::Antivirus, "infection"), (lists::Console::Botnet, "alert")] {
            let (mut keys, mut lines) = (std::collections::BTreeSet::new(), 0);
            for quarter in 1..=4 {
                let at = EventTime(midnight).plus(Millis::hours(6 * quarter));
                let Some((name, content)) = console.export(1, at, &calendar) else { continue };
                let (feed, received_at) = (console.folder(), ReceivedAt(at.0));
                let tried =
                    trial(&decoder, feed, &name, Attributes::default(), received_at, content.as_bytes());
                assert_eq!(
                    (tried.lines.len(), tried.rejects),
                    (content.lines().count() - 3, 0),
                    "{:?}",
                    tried.lines
                );
                for line in &tried.lines {
                    let event: serde_json::Value = serde_json::from_str(line).unwrap();
                    assert_eq!((event.get("known"), &event["event"]), (None, &kind.into()), "{line}");
                    assert!(event["severity"].as_str().unwrap() != "not_rated", "{line}");
                    assert!(event["happened_at"].as_str().unwrap() < &*at.rfc3339(), "{line}");
                    let _ = keys.insert(event["key"].as_str().unwrap().to_owned());
                    lines += 1;
                }
            }
            assert!(!keys.is_empty() && keys.len() < lines, "{kind}: what is told again is the same event");
        }
    }

    #[test]
    fn balance_every_line_of_a_log_is_an_event_of_a_source_that_the_demos_pack_knows() {
        let pack = Pack::parse_with(&embedded_pack(DEFAULT_PACK).unwrap(), Some("demo")).unwrap();
        let calendar = Calendar::of_zone(&pack.timezone).unwrap();
        let decoder = Decoder::new(Arc::new(pack), Names::default()).unwrap();
        let logs = Logs::new(1, &calendar).unwrap();
        let sender = attribute::of_words([("sender", "127.0.0.1")]).unwrap();
        // A local day.
        let start = "2026-01-31T17:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for hour in 0..24 {
            for (line, message) in logs.messages(EventTime(start).plus(Millis::hours(hour))) {
                let address = match line.way {
                    Way::Connection => "syslog/tcp",
                    Way::Datagrams => "syslog/udp",
                };
                let tried = trial(
                    &decoder,
                    "replay-security",
                    address,
                    Attributes::new(&sender, &[]),
                    ReceivedAt(line.at.0),
                    message.as_bytes(),
                );
                assert_eq!((tried.lines.len(), tried.rejects), (1, 0), "{message}: {:?}", tried.lines);
                let event: serde_json::Value = serde_json::from_str(&tried.lines[0]).unwrap();
                // It is only said where one is not.
                assert_eq!((event.get("known"), &event["relay"]), (None, &"RP-RELAY".into()), "{message}");
                assert_eq!(event["happened_at"], line.at.rfc3339(), "{message}");
                assert!(event["key"].is_string(), "sent again it is a duplicate: {message}");
                let kind = event["event"].as_str().unwrap();
                *counts.entry(kind.to_owned()).or_default() += 1;
            }
        }
        assert_eq!(counts["alert"], 300);
        let others = ["allow", "block", "login_accepted", "login_failed", "login_user"];
        assert!(others.iter().all(|kind| counts[*kind] > 100), "{counts:?}");
    }
}
