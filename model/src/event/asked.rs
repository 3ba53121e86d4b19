//! Which events are asked for, and where a page of them ends.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use ipnet::IpNet;

use super::{Categories, EventKind, Severity, one_spelling};
use crate::{position::Position, time::EventTime, window::WindowKind};

/// Which events are meant.
#[derive(Clone, Debug, PartialEq)]
pub struct EventFilter {
    /// They happened at this moment or later,
    pub from: EventTime,
    /// and before this one.
    pub until: EventTime,
    /// Of these kinds; of any where there are none.
    pub kinds: Vec<EventKind>,
    /// So bad; of any severity where there are none.
    pub severities: Vec<Severity>,
    /// Reported by one of these log sources; by any where there are none.
    pub log_sources: Vec<String>,
    /// Coming from or going to that address,
    pub address: Option<IpAddr>,
    /// or to one of that network,
    pub network: Option<IpNet>,
    /// which is this end of them; either where none is said.
    pub end: Option<EventEnd>,
    /// Only those that add to the attempts to log in, or take from them: what their number is the sum of.
    pub attempts: bool,
    /// Only those of log sources that the pack knows: what it counts.
    pub known: bool,
    /// Only what a measure counts, beside kinds and attempts.
    pub counted: CountedOf,
    /// Only those of the flow that a sensor gave this number; of any, and of none, where it is empty. Two sensors draw the
    /// same numbers.
    pub flow_id: String,
}

/// Which windows of measures are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasureFilter {
    /// Counted at these log sources; at all where there are none.
    pub log_sources: Vec<String>,
    /// So long.
    pub kind: WindowKind,
    /// Beginning in one of these times, each from a moment and before another.
    pub spans: Vec<(EventTime, EventTime)>,
}

/// What a measure counts, beside its kinds: the default leaves out nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CountedOf {
    /// Of these severities; of any where there are none.
    pub severities: Vec<Severity>,
    /// Of these categories.
    pub categories: Option<Categories>,
    /// Saying this attribute; whatever they say where it is empty.
    pub attribute: String,
}

/// What somebody types to look for events of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedAddress {
    /// An address, in any spelling.
    One(IpAddr),
    /// All of a network.
    Network(IpNet),
}

/// It is neither.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no address or network, such as 192.0.2.31, 2001:db8::1f or 2001:db8:0:9::/64")]
pub struct InvalidAddress(String);

impl FromStr for AskedAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<AskedAddress, InvalidAddress> {
        if let Some(address) = one_spelling(text) {
            return Ok(AskedAddress::One(address));
        }
        let network: IpNet = text.trim().parse().map_err(|_| InvalidAddress(text.to_owned()))?;
        Ok(match network.prefix_len() == network.max_prefix_len() {
            true => AskedAddress::One(network.addr().to_canonical()),
            false => AskedAddress::Network(network.trunc()),
        })
    }
}

impl EventFilter {
    /// All that happened in `[from, until)`.
    #[must_use]
    pub fn within(from: EventTime, until: EventTime) -> EventFilter {
        EventFilter {
            from,
            until,
            kinds: Vec::new(),
            severities: Vec::new(),
            log_sources: Vec::new(),
            address: None,
            network: None,
            end: None,
            attempts: false,
            known: false,
            counted: CountedOf::default(),
            flow_id: String::new(),
        }
    }

    /// The first and the last address of the network that is asked for, an IPv4 one as IPv6 writes it.
    #[must_use]
    pub fn of_network(&self) -> Option<(Ipv6Addr, Ipv6Addr)> {
        let written = |address: IpAddr| match address {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        self.network.map(|network| (written(network.network()), written(network.broadcast())))
    }
}

/// One of the two ends of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventEnd {
    /// Where it came from.
    Source,
    /// Where it went to.
    Target,
}

impl EventEnd {
    /// Both.
    pub const ALL: [EventEnd; 2] = [EventEnd::Source, EventEnd::Target];

    /// Its word in queries.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            EventEnd::Source => "source",
            EventEnd::Target => "target",
        }
    }
}

/// Where a page of events ends, written `happened-log-partition-offset-row`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventCursor {
    /// When the last of it happened.
    pub happened_at: EventTime,
    /// Where its envelope lies.
    pub position: Position,
    /// Which row of the envelope.
    pub row: u32,
}

impl fmt::Display for EventCursor {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}-{}-{}", self.happened_at.0, self.position, self.row)
    }
}

impl FromStr for EventCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<EventCursor, InvalidCursor> {
        let read = || {
            // A moment before 1970 has a minus of its own.
            let (rest, row) = text.rsplit_once('-')?;
            let third_last = rest.rmatch_indices('-').nth(2)?.0;
            let (happened_at, position) = (&rest[..third_last], &rest[third_last + 1..]);
            let happened_at = EventTime(happened_at.parse().ok()?);
            Some(EventCursor { happened_at, position: position.parse().ok()?, row: row.parse().ok()? })
        };
        read().ok_or_else(|| InvalidCursor(text.to_owned()))
    }
}

/// It is not written like one.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no place of an event; take the 'next' of the page before")]
pub struct InvalidCursor(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_network_is_read_and_nothing_else() {
        let read = |text: &str| text.parse::<AskedAddress>().ok();
        let one = |text: &str| Some(AskedAddress::One(text.parse().unwrap()));
        let network = |text: &str| Some(AskedAddress::Network(text.parse().unwrap()));
        assert_eq!(read(" 2001:DB8:0:9:0:0:0:1 "), one("2001:db8:0:9::1"));
        assert_eq!(read("192.0.2.7/32"), one("192.0.2.7"));
        assert_eq!(read("2001:db8:0:9:ffff::/64"), network("2001:db8:0:9::/64"));
        assert_eq!(read("192.0.2.7/24"), network("192.0.2.0/24"));
        for neither in ["", "srv-a", "192.0.2.0/33", "192.0.2/24"] {
            assert_eq!(read(neither), None, "{neither}");
        }
    }

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        for text in ["1795132800000-1-0-42-7", "-5-2-1-0-0"] {
            assert_eq!(text.parse::<EventCursor>().unwrap().to_string(), text);
        }
        for text in ["", "1", "1-0-42", "1-0-42-7", "x-1-0-42-7", "5-1-0-42--7", "5-1-0-x-7"] {
            assert!(text.parse::<EventCursor>().is_err(), "{text}");
        }
    }
}
