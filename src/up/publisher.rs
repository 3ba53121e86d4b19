//! The demo's publisher: a sender like any other, in a process of its own.

use std::{net::SocketAddr, path::PathBuf, process::Stdio, time::Duration};

use anyhow::Context;
use ioc_bus::clock::Clock;
use ioc_ingest::{
    senders::Senders,
    transport::{files, http, mqtt, syslog},
};
use tokio_util::sync::CancellationToken;

use super::{House, demo_clock, demo_tls::DemoTls, entrance::Entrance};
use crate::{demo, instance::DataFolder};

/// The hidden command of the demo's publisher.
pub const PUBLISHER_COMMAND: &str = "demo-publisher";

const DEMO_SENDER: &str = "demo";
const DEMO_REPORTS_FEED: &str = "demo-reports";
const DEMO_DUST_FOLDER: &str = "replay-dust";

/// How the demo replays.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// Demo seconds in a second. A new data folder's clock keeps it.
    #[arg(long, default_value_t = 600.0, env = "IOC_DEMO_SPEED")]
    speed: f64,
    /// When the replay starts on the demo's clock, from 2025-12-31 to 2027-04-02: the recorded years 2003 and 2004 are
    /// re-dated to it. A new data folder's clock keeps it.
    #[arg(long, default_value = "2026-01-31T00:00:00Z", env = "IOC_DEMO_START")]
    start: jiff::Timestamp,
    /// Hours before the start that are sent at once.
    #[arg(long, default_value_t = 336, env = "IOC_DEMO_BACKFILL_HOURS")]
    backfill_hours: u32,
    /// Decides the lines of logs that are made up.
    #[arg(long, default_value_t = 1, env = "IOC_DEMO_SEED")]
    seed: u64,
}

/// A publisher with its secret, before there is anything to send to.
pub(super) struct Publisher {
    backfill_hours: u32,
    seed: u64,
    clock: Clock,
    secret: String,
    /// Unless the operator has an own certificate, which somebody else must know whether to trust.
    tls: Option<DemoTls>,
    stop: CancellationToken,
}

/// What it sends, where to.
struct Sends {
    backfill_hours: u32,
    seed: u64,
    clock: Clock,
    mqtt: SocketAddr,
    /// By TLS.
    mqtt_ca: Option<PathBuf>,
    secret: String,
    inbox: PathBuf,
    push: Option<String>,
    syslog_tcp: Option<SocketAddr>,
    syslog_udp: Option<SocketAddr>,
    timezone: String,
    stop: CancellationToken,
}

impl DemoArgs {
    /// The clock of a demo's data folder.
    pub(super) fn clock(&self, data: &DataFolder) -> anyhow::Result<Clock> {
        demo_clock::of_folder(data, self.start, self.speed)
    }
}

impl House<'_> {
    /// Makes the publisher known as a sender. Must come before senders are let in.
    pub(super) fn publisher(&self, demo: &DemoArgs) -> anyhow::Result<Publisher> {
        let secret: String =
            self.data.remembered("demo-secret.json", || uuid::Uuid::new_v4().simple().to_string())?;
        let mut senders = Senders::load(&self.senders_file())?;
        let feeds = demo::feeds().into_iter().chain([DEMO_REPORTS_FEED.to_owned()]).collect();
        senders.set_secret(DEMO_SENDER, feeds, Vec::new(), &secret)?;
        senders.save()?;
        let DemoArgs { backfill_hours, seed, .. } = *demo;
        Ok(Publisher {
            backfill_hours,
            seed,
            clock: self.clock,
            secret,
            tls: self.config.demo_tls.clone(),
            stop: self.stop.clone(),
        })
    }
}

impl Publisher {
    /// Publishes until it is told to stop.
    pub(super) fn publish(self, entrance: &Entrance) -> anyhow::Result<impl Future<Output = ()> + use<>> {
        let Publisher { backfill_hours, seed, clock, secret, tls, stop } = self;
        let ways_in = &entrance.ways_in;
        let inbox = ways_in.address(files::KIND.word).context("the demo needs the inbox")?;
        let mqtt = ways_in.addresses(mqtt::KIND.word);
        let by = |scheme: &str| mqtt.iter().find_map(|address| address.strip_prefix(scheme)?.parse().ok());
        let by_tls = tls.and_then(|tls| Some((by("mqtts://")?, Some(tls.ca))));
        let (mqtt, mqtt_ca) =
            by_tls.or_else(|| Some((by("mqtt://")?, None))).context("the demo needs the MQTT endpoint")?;
        let inbox = PathBuf::from(inbox);
        let push = ways_in.address(http::KIND.word).map(ToString::to_string);
        let syslog = ways_in.addresses(syslog::KIND.word);
        let by = |scheme: &str| syslog.iter().find_map(|address| address.strip_prefix(scheme)?.parse().ok());
        let (syslog_tcp, syslog_udp) = (by("syslog+tcp://"), by("syslog+udp://"));
        let timezone = entrance.pack.timezone.clone();
        Ok(publish(Sends {
            backfill_hours,
            seed,
            clock,
            mqtt,
            mqtt_ca,
            secret,
            inbox,
            push,
            syslog_tcp,
            syslog_udp,
            timezone,
            stop,
        }))
    }
}

/// Runs the publisher as a process of its own and starts it again when it ends.
async fn publish(sends: Sends) {
    let Sends {
        backfill_hours,
        seed,
        clock,
        mqtt,
        mqtt_ca,
        secret,
        inbox,
        push,
        syslog_tcp,
        syslog_udp,
        timezone,
        stop,
    } = sends;
    let arguments = || -> anyhow::Result<tokio::process::Command> {
        let mut command = tokio::process::Command::new(std::env::current_exe()?);
        let _ = command
            .arg(PUBLISHER_COMMAND)
            .args(["--clock", &serde_json::to_string(&clock)?])
            .args(["--mqtt-host", &mqtt.ip().to_string()])
            .args(["--mqtt-port", &mqtt.port().to_string()])
            .args(["--user", DEMO_SENDER])
            .args(["--backfill-hours", &backfill_hours.to_string()])
            .args(["--timezone", &timezone])
            .args(["--seed", &seed.to_string()])
            .arg("--dust-folder")
            .arg(inbox.join(DEMO_DUST_FOLDER))
            .arg("--lists-inbox")
            .arg(&inbox)
            .arg("--until-input-ends")
            .env("IOC_DEMO_SECRET", &secret)
            .stdin(Stdio::piped())
            .kill_on_drop(true);
        if let Some(ca) = &mqtt_ca {
            let _ = command.arg("--mqtt-ca").arg(ca);
        }
        if let Some(address) = &push {
            let _ = command.args(["--reports-push", address]);
        }
        for (option, address) in [("--syslog-tcp", syslog_tcp), ("--syslog-udp", syslog_udp)] {
            if let Some(address) = address {
                let _ = command.args([option, &address.to_string()]);
            }
        }
        Ok(command)
    };
    loop {
        let started = arguments().and_then(|mut command| Ok(command.spawn()?));
        match started {
            Ok(mut child) => {
                // Waiting would close it, and the publisher lives as long as its input.
                let _life_line = child.stdin.take();
                tracing::info!(pid = child.id(), "demo publisher started");
                tokio::select! {
                    ended = child.wait() => tracing::warn!(?ended, "demo publisher ended"),
                    () = stop.cancelled() => return,
                }
            }
            Err(error) => tracing::error!(%error, "cannot start the demo publisher"),
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
            () = stop.cancelled() => return,
        }
    }
}
