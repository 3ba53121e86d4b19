//! Events on their way through the contract: who reports, when it happened, what makes it the one it is.
//!
//! An event is never refused for its time. What its device says of the time is believed within the feed's contract;
//! beyond it, or where nothing is said, it happened when it arrived, and is marked so: a clock that was never set hides
//! nothing.
//!
//! Who reports is known by how the line came. What came by syslog is its peer's, whatever a line calls itself; only a
//! relay that the pack names speaks for others. What was pushed or delivered in a file speaks of the hosts that its lines
//! name, within what its sender is bound to.

use std::{
    net::IpAddr,
    sync::{Arc, LazyLock},
};

use ioc_model::{
    calendar::Calendar,
    contract::is_subject,
    event::{EventKey, Severity, TimeFrom, one_spelling},
    name::Name,
    pack::{LogSource, Pack, SeverityScale},
    running_hash::RunningHash,
    time::EventTime,
};
use jiff::civil::{Date, DateTime};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

/// How far ahead of its arrival a line without a year may be: clocks run fast, and zones are mistaken.
const AHEAD: i64 = 86_400_000;
/// So many years are looked through for a date without one: the 29th of February comes every eight years at the least.
const YEARS_BACK: i16 = 9;
/// Who reports where nothing at all is known of it.
const UNKNOWN: &str = "unknown";
/// How long an identity usually is. Bytes.
const IDENTITY: usize = 384;
/// What envelopes that came by syslog are addressed by.
const BY_SYSLOG: &str = "syslog/";

/// The log sources of a pack, and its scales of severity.
#[derive(Debug, Default)]
pub(crate) struct EventRules {
    log_sources: Vec<LogSourceRules>,
    /// By what lines call them, in small letters.
    hosts: FxHashMap<Box<str>, usize>,
    /// By the names of their certificates, in small letters.
    certificates: FxHashMap<Box<str>, usize>,
    /// By addresses of their own; networks are looked through.
    addresses: FxHashMap<IpAddr, usize>,
    severities: Vec<SeverityScale>,
}

#[derive(Debug)]
struct LogSourceRules {
    name: Name,
    described: LogSource,
    /// Of its own zone.
    calendar: Option<Calendar>,
}

/// Who reports, and how its local times are read.
#[derive(Clone, Debug)]
pub(crate) struct Reporter<'d> {
    pub(super) log_source: Name,
    pub(super) known: bool,
    pub(super) relay: Name,
    /// Of a host that only its relay knows, of which there may be any number: what it would be called. The log source is
    /// the relay then.
    pub(super) behind: Option<Arc<str>>,
    calendar: &'d Calendar,
}

/// When something happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Happened {
    pub(super) at: EventTime,
    pub(super) time_from: TimeFrom,
    /// The moment that the line says, whether it is believed or not; none where it says none.
    pub(super) stated: Option<EventTime>,
}

/// What a line says of when it happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SaidTime<'a> {
    /// A moment.
    Stated(EventTime),
    /// A local date and time of its source.
    Local(DateTime),
    /// A local date and time without a year.
    WithoutYear {
        /// 1 to 12.
        month: i8,
        /// 1 to 31.
        day: i8,
        /// Of the day.
        time: jiff::civil::Time,
    },
    /// It is there and means nothing.
    Unreadable(&'a str),
    /// Nothing.
    Unsaid,
}

impl EventRules {
    pub(crate) fn of_pack(pack: &Pack) -> EventRules {
        let mut rules = EventRules { severities: pack.severities.clone(), ..EventRules::default() };
        for (at, log_source) in pack.log_sources.values().enumerate() {
            let calendar = log_source.timezone.as_deref().and_then(|zone| Calendar::of_zone(zone).ok());
            let small = |text: &String| text.to_ascii_lowercase().into_boxed_str();
            rules.hosts.extend(log_source.hosts.iter().map(|host| (small(host), at)));
            rules.certificates.extend(log_source.certificates.iter().map(|name| (small(name), at)));
            let own = log_source
                .addresses
                .iter()
                .filter(|network| network.prefix_len() == network.max_prefix_len());
            rules.addresses.extend(own.map(|network| (network.addr(), at)));
            let name = Name::new(&log_source.id);
            rules.log_sources.push(LogSourceRules { name, described: log_source.clone(), calendar });
        }
        // What a line calls itself is often its identifier, which then need not be said twice.
        for (at, log_source) in rules.log_sources.iter().enumerate() {
            let _ = rules.hosts.entry(log_source.name.to_ascii_lowercase().into_boxed_str()).or_insert(at);
        }
        rules
    }

    fn of_host(&self, host: &str) -> Option<&LogSourceRules> {
        let found = self.hosts.get(host).or_else(|| self.hosts.get(&*host.to_ascii_lowercase()));
        found.map(|at| &self.log_sources[*at])
    }

    /// By the peer's address, or by the name its certificate bears.
    fn of_sender(&self, sender: &str) -> Option<&LogSourceRules> {
        if !self.certificates.is_empty()
            && let Some(at) = self.certificates.get(&*sender.to_ascii_lowercase())
        {
            return Some(&self.log_sources[*at]);
        }
        let address = one_spelling(sender)?;
        if let Some(at) = self.addresses.get(&address) {
            return Some(&self.log_sources[*at]);
        }
        let near = |source: &&LogSourceRules| source.described.nearness(address);
        self.log_sources.iter().filter(|source| near(source).is_some()).max_by_key(near)
    }

    /// The scale of a product, if it has one of its own: that of the product before that of its vendor.
    pub(crate) fn scale(&self, vendor: &str, product: &str) -> Option<&SeverityScale> {
        let of_vendor = || self.severities.iter().filter(|scale| scale.vendor == vendor);
        let own = of_vendor().find(|scale| scale.product.as_deref() == Some(product));
        own.or_else(|| of_vendor().find(|scale| scale.product.is_none()))
    }

    /// Who reports in a line that calls itself `host` (empty where it does not), which `sender` sent to that address.
    pub(super) fn reporter<'d>(
        &'d self,
        address: &str,
        sender: &str,
        host: &str,
        of_pack: &'d Calendar,
    ) -> Reporter<'d> {
        let known = |source: &'d LogSourceRules, relay: Name| Reporter {
            log_source: source.name,
            known: true,
            relay,
            behind: None,
            calendar: source.calendar.as_ref().unwrap_or(of_pack),
        };
        let unknown = |name: &str, relay: Name, calendar: &'d Calendar| Reporter {
            log_source: Name::new(if is_subject(name) { name } else { UNKNOWN }),
            known: false,
            relay,
            behind: None,
            calendar,
        };
        let no_relay = Name::default();
        if !address.starts_with(BY_SYSLOG) {
            return match self.of_host(host) {
                Some(source) => known(source, no_relay),
                None if host.is_empty() => match self.of_host(sender).or_else(|| self.of_sender(sender)) {
                    Some(source) => known(source, no_relay),
                    None => unknown(sender, no_relay, of_pack),
                },
                None => unknown(host, no_relay, of_pack),
            };
        }
        match self.of_sender(sender) {
            Some(relay) if relay.described.relay => match self.of_host(host) {
                // A relay cannot name another relay, nor itself as one.
                Some(source) if !source.described.relay => known(source, relay.name),
                _ if host.is_empty() => known(relay, no_relay),
                _ => {
                    let behind = format!("{}:{host}", relay.name);
                    let calendar = relay.calendar.as_ref().unwrap_or(of_pack);
                    if !is_subject(&behind) {
                        return unknown(&behind, relay.name, calendar);
                    }
                    let (log_source, behind) = (relay.name, Some(behind.into()));
                    Reporter { log_source, known: false, relay: relay.name, behind, calendar }
                }
            },
            Some(source) => known(source, no_relay),
            None => unknown(sender, no_relay, of_pack),
        }
    }
}

impl<'d> Reporter<'d> {
    /// Who reports, also where that is not a name yet.
    pub(crate) fn log_source(&self) -> &str {
        self.behind.as_deref().unwrap_or(&self.log_source)
    }

    /// The same, whose local time is in UTC where it says so.
    pub(crate) fn in_utc(self) -> Reporter<'d> {
        static UTC: LazyLock<Option<Calendar>> = LazyLock::new(|| Calendar::of_zone("UTC").ok());
        Reporter { calendar: UTC.as_ref().unwrap_or(self.calendar), ..self }
    }

    /// When it happened, and where that is from.
    pub(super) fn happened(
        &self,
        said: SaidTime<'_>,
        (earliest, received, latest): (EventTime, EventTime, EventTime),
    ) -> Happened {
        let (moment, from) = match said {
            SaidTime::Stated(moment) => (Some(moment), TimeFrom::Stated),
            SaidTime::Local(local) => (self.calendar.moment(local), TimeFrom::Inferred),
            SaidTime::WithoutYear { month, day, time } => {
                (self.latest_year(month, day, time, received), TimeFrom::Inferred)
            }
            SaidTime::Unreadable(_) => (None, TimeFrom::Absurd),
            SaidTime::Unsaid => return Happened { at: received, time_from: TimeFrom::Arrival, stated: None },
        };
        match moment {
            Some(at) if (earliest..=latest).contains(&at) => Happened { at, time_from: from, stated: moment },
            stated => Happened { at: received, time_from: TimeFrom::Absurd, stated },
        }
    }

    /// In the latest year that does not put it more than a day ahead of its arrival.
    fn latest_year(
        &self,
        month: i8,
        day: i8,
        time: jiff::civil::Time,
        received: EventTime,
    ) -> Option<EventTime> {
        let arrived = self.calendar.local(received)?.year();
        let in_year = |year| {
            let date = Date::new(year, month, day).ok()?;
            self.calendar.moment(date.to_datetime(time)).filter(|moment| moment.0 <= received.0 + AHEAD)
        };
        (arrived.saturating_sub(YEARS_BACK)..=arrived.saturating_add(1)).rev().find_map(in_year)
    }
}

impl SaidTime<'_> {
    /// As it was written, where it is kept beside what was made of it.
    pub(crate) fn written(self) -> Option<String> {
        match self {
            SaidTime::Stated(moment) => Some(moment.rfc3339()),
            SaidTime::Local(local) => Some(local.to_string()),
            SaidTime::WithoutYear { month, day, time } => Some(format!("--{month:02}-{day:02} {time}")),
            SaidTime::Unreadable(text) => Some(text.to_owned()),
            SaidTime::Unsaid => None,
        }
    }
}

/// The identity a format gives an event: over who reports and the format's own fields, each with its length, so that no
/// two lists of fields look alike.
#[derive(Clone, Debug)]
pub(crate) struct Identity(Vec<u8>);

impl Identity {
    /// Of an event of that log source.
    pub(crate) fn of(log_source: &str) -> Identity {
        Identity(Vec::with_capacity(IDENTITY)).with(log_source.as_bytes())
    }

    /// With one more field.
    #[must_use]
    pub(crate) fn with(mut self, field: &[u8]) -> Identity {
        self.0.extend_from_slice(&(field.len() as u64).to_le_bytes());
        self.0.extend_from_slice(field);
        self
    }

    /// The key.
    pub(crate) fn key(self) -> EventKey {
        let digest = Sha256::digest(&self.0);
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        EventKey(key)
    }
}

/// The lines of a delivery that is known again: each goes by its source and all of the delivery up to its own end. The
/// same file delivered twice is the same lines, also where it has grown in between; equal lines of one file are different
/// ones. A request is known again if its sender says so; one that says nothing is not, or equal lines that two requests
/// bring would be one event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delivery(RunningHash);

impl Delivery {
    /// Of a request that a sender to a feed calls so.
    pub(crate) fn of_request(feed: &str, sender: &str, origin: &str) -> Delivery {
        let mut delivery = Delivery::default();
        for part in ["request", feed, sender, origin] {
            delivery.read(part.as_bytes());
        }
        delivery
    }

    /// Of a piece of a file, behind what lay before it there.
    pub(crate) fn going_on(before: RunningHash) -> Delivery {
        Delivery(before)
    }

    /// Goes on to the end of a line.
    pub(crate) fn read(&mut self, line: &[u8]) {
        self.0.update(line);
        self.0.update(b"\n");
    }

    /// The key of the line that was read last, as told by that log source.
    pub(crate) fn key(&self, log_source: &str) -> EventKey {
        Identity::of(log_source).with(&self.0.digest()).key()
    }
}

/// How bad something is: as the product's own scale has it where it has one, else as its format's.
pub(crate) fn rated(own: Option<&SeverityScale>, said: &str, of_format: Option<Severity>) -> Severity {
    let by_product = own.and_then(|scale| scale.severity(said.parse().ok()?));
    by_product.or(of_format).unwrap_or_default()
}

#[cfg(test)]
mod tests;
