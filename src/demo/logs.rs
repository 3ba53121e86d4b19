//! Logs over syslog (RFC 5424): recorded alerts, their sensor's records of itself and logins over TCP, counted as RFC 6587 has it, the firewall's lines as
//! datagrams.
//!
//! Syslog has no acknowledgement, so what was on its way when the pipeline was killed is lost to whoever does not send it
//! again. This sender does: it begins with the hours before now, and its lines are numbered within their hour
//! (`meta sequenceId`), so what had arrived is known for a duplicate.

use std::{collections::BTreeSet, convert::Infallible, net::SocketAddr, time::Duration};

use ioc_model::{
    calendar::Calendar,
    time::{EventTime, Millis},
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpStream, UdpSocket},
};

use super::{
    PublisherArgs,
    alerts::{self, Alert},
    follow::wait_until,
    sensor, synthetic,
};

/// More hours before now are not sent: a machine's log is long. What is usual is known from three days on, and one more is
/// held against them.
pub(super) const MOST_BACKFILL_HOURS: u32 = 96;
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Datagrams are lost where nobody takes them in time, so they are not sent faster than so many in so long.
const AT_ONCE: u32 = 32;
const PAUSE: Duration = Duration::from_millis(25);
const HOUR: Millis = Millis::hours(1);

/// `local5.info`
pub(super) const LOCAL5: u8 = 174;
/// Host and program of the intrusion sensor of `demo/log_sources.toml`.
pub(super) const SENSOR: (&str, &str) = ("ids-1", "suricata");

/// How a line is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Connection,
    Datagrams,
}

/// What a machine says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// When.
    pub(super) at: EventTime,
    pub(super) way: Way,
    /// Facility and severity in one number.
    pub(super) priority: u8,
    pub(super) host: &'static str,
    pub(super) program: &'static str,
    /// Its process; 0 for none.
    pub(super) process: u32,
    pub(super) said: String,
}

/// All there is to say.
#[derive(Debug)]
pub(super) struct Logs<'a> {
    alerts: Vec<Alert>,
    seed: u64,
    calendar: &'a Calendar,
}

impl<'a> Logs<'a> {
    pub(super) fn new(seed: u64, calendar: &'a Calendar) -> anyhow::Result<Logs<'a>> {
        Ok(Logs { alerts: alerts::alerts()?, seed, calendar })
    }

    /// The messages of the hour that begins at a moment, by their time.
    pub(super) fn messages(&self, start: EventTime) -> Vec<(Line, String)> {
        let mut lines = synthetic::lines(self.seed, start, self.calendar);
        lines.extend(self.alerts_of(start));
        lines.extend(sensor::records(self.seed, start, &self.alerts, self.calendar));
        lines.sort_by_key(|line| line.at);
        let numbered = |(number, line): (usize, Line)| {
            let message = self.message(number + 1, &line)?;
            Some((line, message))
        };
        lines.into_iter().enumerate().filter_map(numbered).collect()
    }

    fn alerts_of(&self, start: EventTime) -> Vec<Line> {
        let hour = start.0..start.0 + HOUR.0;
        // An hour lies in two local days where a zone is not of whole hours.
        let days: BTreeSet<_> = [hour.start, hour.end - 1]
            .into_iter()
            .filter_map(|moment| Some(self.calendar.local(EventTime(moment))?.date()))
            .collect();
        let of_day = |day| self.alerts.iter().map(move |alert| (day, alert));
        let line = |(day, alert): (_, &Alert)| {
            let at = alert.at(day, self.calendar).filter(|at| hour.contains(&at.0))?;
            let said = alert.written(day, self.calendar)?;
            let (host, program) = SENSOR;
            Some(Line { at, way: Way::Connection, priority: LOCAL5, host, program, process: 700, said })
        };
        days.into_iter().flat_map(of_day).filter_map(line).collect()
    }

    fn message(&self, number: usize, line: &Line) -> Option<String> {
        let Line { at, priority, host, program, process, said, .. } = line;
        let local = jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(self.calendar.zone().clone());
        let stamp = local.strftime("%Y-%m-%dT%H:%M:%S.%3f%:z");
        let process = if *process == 0 { "-".to_owned() } else { process.to_string() };
        Some(format!(
            "<{priority}>1 {stamp} {host} {program} {process} - [meta sequenceId=\"{number}\"] {said}"
        ))
    }
}

/// Sends for ever.
pub(super) async fn publish(args: &PublisherArgs, logs: &Logs<'_>) {
    let by_way = async |way: Way, address: Option<SocketAddr>| match address {
        Some(address) => follow(args, logs, way, address).await,
        None => tracing::info!(?way, "syslog is not taken so: these lines are not sent"),
    };
    tokio::join!(by_way(Way::Connection, args.syslog_tcp), by_way(Way::Datagrams, args.syslog_udp));
}

/// Begins again with the back-fill whenever it cannot go on: nobody says what of it arrived.
async fn follow(args: &PublisherArgs, logs: &Logs<'_>, way: Way, address: SocketAddr) {
    loop {
        let Err(error) = send(args, logs, way, address).await;
        tracing::warn!(%error, ?way, %address, "lines cannot be sent: beginning again");
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

async fn send(
    args: &PublisherArgs,
    logs: &Logs<'_>,
    way: Way,
    address: SocketAddr,
) -> std::io::Result<Infallible> {
    let mut out = Out::open(way, address).await?;
    let now = args.clock.now();
    let backfill = Millis::hours(i64::from(args.backfill_hours.min(MOST_BACKFILL_HOURS)));
    let mut hour = EventTime(now.minus(backfill).0.div_euclid(HOUR.0) * HOUR.0);
    loop {
        let messages = logs.messages(hour);
        for (line, message) in messages.iter().filter(|(line, _)| line.way == way) {
            wait_until(args.clock, line.at).await;
            out.send(message).await?;
        }
        hour = hour.plus(HOUR);
        // The other channels share this thread.
        tokio::task::yield_now().await;
    }
}

/// Where messages go.
#[derive(Debug)]
enum Out {
    Connection(TcpStream),
    Datagrams { socket: UdpSocket, sent: u32 },
}

impl Out {
    async fn open(way: Way, address: SocketAddr) -> std::io::Result<Out> {
        match way {
            Way::Connection => Ok(Out::Connection(TcpStream::connect(address).await?)),
            Way::Datagrams => {
                let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = UdpSocket::bind(any).await?;
                socket.connect(address).await?;
                Ok(Out::Datagrams { socket, sent: 0 })
            }
        }
    }

    async fn send(&mut self, message: &str) -> std::io::Result<()> {
        match self {
            Out::Connection(connection) => {
                let counted = format!("{} {message}", message.len());
                connection.write_all(counted.as_bytes()).await
            }
            Out::Datagrams { socket, sent } => {
                let _ = socket.send(message.as_bytes()).await?;
                *sent += 1;
                if sent.is_multiple_of(AT_ONCE) {
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(())
            }
        }
    }
}
