//! Lines that no machine wrote: logins at two servers, and what a firewall lets through and stops.
//!
//! An hour's lines depend on the seed and the hour alone, so that they are the same whenever they are sent: by hour of the
//! day as people work, with the noise of the internet at all hours, now and then a burst of attempts from one address, and
//! once a day some hours in which one of the servers says nothing. All addresses are of the ranges for documentation.

use ioc_model::{
    calendar::Calendar,
    time::{EventTime, Millis},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::logs::{Line, Way};

/// A server of `demo/log_sources.toml`, and the address people reach it at.
const SERVERS: [(&str, &str); 2] = [("web-1", "192.0.2.11"), ("dossier-1", "192.0.2.12")];
/// The one that is silent for some hours of each day.
const SILENT: &str = "dossier-1";
const SILENT_HOURS: i64 = 4;
const FIREWALL: &str = "gate-1";
/// Logins of people and packets let through, by hour of the local day.
const WORK: [u32; 24] = [1, 1, 1, 1, 1, 1, 2, 8, 14, 13, 11, 8, 4, 10, 13, 12, 11, 6, 3, 2, 2, 2, 1, 1];
/// Attempts from all over the world, and packets stopped, an hour.
const NOISE: u32 = 8;
const STOPPED: u32 = 36;
/// In so many hours one has a burst, of so many connections within so many minutes.
const HOURS_A_BURST: u32 = 8;
const CONNECTIONS: std::ops::Range<u32> = 20..60;
const BURST_MINUTES: i64 = 18;
/// Ports that are knocked at.
const PORTS: [u16; 8] = [22, 23, 445, 1433, 3306, 3389, 5060, 8080];
const INVALID_USERS: [&str; 6] = ["admin", "test", "oracle", "postgres", "ubuntu", "guest"];

const HOUR: Millis = Millis::hours(1);
const DAY: Millis = Millis::hours(24);

/// `auth.info`, `authpriv.info`, `local0.info`.
const AUTH: u8 = 38;
const AUTHPRIV: u8 = 86;
const LOCAL0: u8 = 134;

/// Whatever is said of an hour of the demo, in no order.
#[derive(Debug)]
struct Told<'a> {
    random: StdRng,
    start: EventTime,
    calendar: &'a Calendar,
    lines: Vec<Line>,
}

/// The lines of the hour that begins at a moment, by their time.
pub(super) fn lines(seed: u64, start: EventTime, calendar: &Calendar) -> Vec<Line> {
    let random = random(seed, start.0.div_euclid(HOUR.0));
    let mut told = Told { random, start, calendar, lines: Vec::new() };
    told.work();
    told.noise();
    told.burst();
    let silence = silence(seed, start);
    told.lines.retain(|line| line.host != SILENT || !silence.contains(&line.at.0));
    told.lines.sort_by_key(|line| line.at);
    told.lines
}

/// When the silent server is silent, of the day (UTC) that an hour lies in.
fn silence(seed: u64, hour: EventTime) -> std::ops::Range<i64> {
    let day = hour.0.div_euclid(DAY.0);
    let begins = random(seed, -1 - day).random_range(0..24 - SILENT_HOURS);
    let from = day * DAY.0 + begins * HOUR.0;
    from..from + SILENT_HOURS * HOUR.0
}

fn random(seed: u64, of: i64) -> StdRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&of.to_le_bytes());
    StdRng::from_seed(bytes)
}

impl Told<'_> {
    fn moment(&mut self) -> EventTime {
        EventTime(self.start.0 + self.random.random_range(0..HOUR.0))
    }

    fn port(&mut self) -> u16 {
        self.random.random_range(32_768..61_000)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.random.random_range(0..all.len())]
    }

    fn stranger(&mut self) -> String {
        match self.random.random_range(0..5) {
            0 => format!(
                "2001:db8:{:x}::{:x}",
                self.random.random_range(1..40),
                self.random.random_range(1..9)
            ),
            1 | 2 => format!("198.51.100.{}", self.random.random_range(1..255)),
            _ => format!("203.0.113.{}", self.random.random_range(1..255)),
        }
    }

    fn say(
        &mut self,
        at: EventTime,
        (host, program): (&'static str, &'static str),
        process: u32,
        said: String,
    ) {
        let (way, priority) = match program {
            "filter" => (Way::Datagrams, LOCAL0),
            _ if said.starts_with("pam_") => (Way::Connection, AUTHPRIV),
            _ => (Way::Connection, AUTH),
        };
        // What an hour began it ends, so that an hour is whole whoever asks for it.
        let at = EventTime(at.0.min(self.start.0 + HOUR.0 - 1));
        self.lines.push(Line { at, way, priority, host, program, process, said });
    }

    /// People log in, sometimes mistype, and look things up.
    fn work(&mut self) {
        let hour = self.calendar.local(self.start).map_or(0, |local| local.hour());
        let rate = WORK[usize::try_from(hour).unwrap_or(0)];
        for (host, _) in SERVERS {
            for _ in 0..self.random.random_range(rate..=rate * 2) {
                let (at, process, port) =
                    (self.moment(), self.random.random_range(1_000..60_000), self.port());
                let user = format!("user{:02}", self.random.random_range(1..30));
                let from = format!("192.0.2.{}", self.random.random_range(100..200));
                if self.random.random_range(0..12) == 0 {
                    let failed = format!("Failed password for {user} from {from} port {port} ssh2");
                    self.say(EventTime(at.0 - 4_000).max(self.start), (host, "sshd"), process, failed);
                }
                let accepted = format!("Accepted password for {user} from {from} port {port} ssh2");
                self.say(at, (host, "sshd"), process, accepted);
                let opened =
                    format!("pam_unix(sshd:session): session opened for user {user}(uid=1000) by (uid=0)");
                self.say(at, (host, "sshd"), process, opened);
            }
        }
        for _ in 0..rate * 3 {
            let (at, port, server) = (self.moment(), self.port(), self.one_of(&SERVERS).1);
            let from = format!("192.0.2.{}", self.random.random_range(100..200));
            let said = format!("pass in on lan proto tcp from {from} port {port} to {server} port 443");
            self.say(at, (FIREWALL, "filter"), 0, said);
        }
    }

    /// The internet knocks.
    fn noise(&mut self) {
        for (host, _) in SERVERS {
            for _ in 0..self.random.random_range(NOISE / 2..NOISE * 2) {
                let (at, process, port) =
                    (self.moment(), self.random.random_range(1_000..60_000), self.port());
                let (from, user) = (self.stranger(), self.one_of(&INVALID_USERS));
                self.say(at, (host, "sshd"), process, format!("Invalid user {user} from {from} port {port}"));
                let failed = format!("Failed password for invalid user {user} from {from} port {port} ssh2");
                self.say(at.plus(Millis(1_800)), (host, "sshd"), process, failed);
            }
        }
        for _ in 0..self.random.random_range(STOPPED..STOPPED * 2) {
            let (at, from, port) = (self.moment(), self.stranger(), self.port());
            let (target, knocked) = (self.one_of(&SERVERS).1, self.one_of(&PORTS));
            let to = if from.contains(':') { "2001:db8:ff::10" } else { target };
            let said = format!("block in on wan proto tcp from {from} port {port} to {to} port {knocked}");
            self.say(at, (FIREWALL, "filter"), 0, said);
        }
    }

    /// One address tries passwords, three a connection, of which the last two are summed up as rsyslog does.
    fn burst(&mut self) {
        if self.random.random_range(0..HOURS_A_BURST) != 0 {
            return;
        }
        let (from, (host, _)) = (self.stranger(), self.one_of(&SERVERS));
        let begins = self.random.random_range(0..HOUR.0 - Millis::minutes(BURST_MINUTES + 1).0);
        for _ in 0..self.random.random_range(CONNECTIONS) {
            let within = self.random.random_range(0..Millis::minutes(BURST_MINUTES).0);
            let at = EventTime(self.start.0 + begins + within);
            let (process, port) = (self.random.random_range(1_000..60_000), self.port());
            let failed = format!("Failed password for root from {from} port {port} ssh2");
            self.say(at, (host, "sshd"), process, failed.clone());
            let repeated = format!("message repeated 2 times: [ {failed}]");
            self.say(at.plus(Millis(4_000)), (host, "sshd"), process, repeated);
            let ended = format!(
                "Disconnecting authenticating user root {from} port {port}: Too many authentication failures [preauth]"
            );
            self.say(at.plus(Millis(4_000)), (host, "sshd"), process, ended);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn days(seed: u64) -> Vec<Line> {
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        let start = "2026-01-31T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        (0..240).flat_map(|hour| lines(seed, EventTime(start + hour * HOUR.0), &calendar)).collect()
    }

    #[test]
    fn a_seed_gives_the_same_lines_again_in_order_of_time_and_another_gives_others() {
        let first = days(1);
        assert_eq!(first, days(1));
        assert_ne!(first, days(2));
        assert!(first.windows(2).all(|pair| pair[0].at <= pair[1].at));
    }

    #[test]
    fn there_are_bursts_of_one_address_and_one_server_is_silent_for_hours() {
        let lines = days(1);
        let failed = |address: &str| {
            let of = format!("from {address} port");
            lines.iter().filter(|line| line.said.starts_with("Failed") && line.said.contains(&of)).count()
        };
        let root = lines.iter().filter(|line| line.said.starts_with("Failed password for root from "));
        let attackers: BTreeSet<&str> = root.map(|line| line.said.split(' ').nth(5).unwrap()).collect();
        assert!((10..60).contains(&attackers.len()), "{attackers:?}");
        assert!(attackers.iter().all(|address| failed(address) >= 20));
        let longest_gap = |host: &str| {
            let times: Vec<i64> =
                lines.iter().filter(|line| line.host == host).map(|line| line.at.0).collect();
            times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap()
        };
        assert!(longest_gap(SILENT) >= SILENT_HOURS * HOUR.0);
        assert!(longest_gap("web-1") < HOUR.0 && longest_gap(FIREWALL) < HOUR.0);
    }
}
