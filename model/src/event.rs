//! Events: what happened, as somebody's device told it.
//!
//! A line of a log, an alert of an intrusion detection system, a record of a flow. An event is counted and opened; it
//! has no value that a later one would correct. What makes two of them the same is the format's own identity or the
//! place in the file that was delivered, never what they say: equal lines in one second are events ([`EventKey`]).
//!
//! Who reports (the **log source**) is known by how it came, not by what a line claims of itself. What a line claims
//! stands beside it.

mod amount;
mod asked;
mod attributes;
mod group;
mod measure;

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

pub use self::{
    amount::Amount,
    asked::{
        AskedAddress, CountedOf, EventCursor, EventEnd, EventFilter, InvalidAddress, InvalidCursor,
        MeasureFilter,
    },
    attributes::{EVE_NUMBERS, EVE_TEXTS, NoNumber, number_of},
    group::{Categories, Group, GroupBy},
    measure::{Adds, Count, EventMeasure, MeasureAdds},
};
use crate::{name::Name, position::Arrival, time::EventTime};

/// What kind of thing happened: a closed list, so that it can be counted by. Their numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum EventKind {
    /// A line that says nothing this program knows how to count.
    #[default]
    Log = 0,
    /// A signature of an intrusion detection system or a gateway matched.
    Alert = 1,
    /// A packet or connection was let through.
    Allow = 2,
    /// A packet or connection was refused.
    Block = 3,
    /// A flow ended.
    Flow = 4,
    /// What a protocol said: a request, a name that was asked for, a handshake.
    Protocol = 5,
    /// Something that a protocol does not allow.
    Anomaly = 6,
    /// How a sensor itself is.
    Stats = 7,
    /// An attempt to log in failed.
    LoginFailed = 8,
    /// Somebody logged in.
    LoginAccepted = 9,
    /// A client asked how it may log in, which is no attempt.
    LoginProbe = 10,
    /// An authentication module says that an attempt failed: the same attempt that another line may tell of.
    LoginModule = 11,
    /// Somebody tried a user that there is not: the same attempt that another line tells of.
    LoginUser = 12,
    /// A connection was ended for too many attempts, which other lines tell of.
    LoginLimit = 13,
    /// A line says that the one before it came so many times more.
    Repeat = 14,
    /// Malware was found on a machine.
    Infection = 15,
}

impl EventKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [EventKind; 16] = [
        EventKind::Log,
        EventKind::Alert,
        EventKind::Allow,
        EventKind::Block,
        EventKind::Flow,
        EventKind::Protocol,
        EventKind::Anomaly,
        EventKind::Stats,
        EventKind::LoginFailed,
        EventKind::LoginAccepted,
        EventKind::LoginProbe,
        EventKind::LoginModule,
        EventKind::LoginUser,
        EventKind::LoginLimit,
        EventKind::Repeat,
        EventKind::Infection,
    ];

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            EventKind::Log => "log",
            EventKind::Alert => "alert",
            EventKind::Allow => "allow",
            EventKind::Block => "block",
            EventKind::Flow => "flow",
            EventKind::Protocol => "protocol",
            EventKind::Anomaly => "anomaly",
            EventKind::Stats => "stats",
            EventKind::LoginFailed => "login_failed",
            EventKind::LoginAccepted => "login_accepted",
            EventKind::LoginProbe => "login_probe",
            EventKind::LoginModule => "login_module",
            EventKind::LoginUser => "login_user",
            EventKind::LoginLimit => "login_limit",
            EventKind::Repeat => "repeat",
            EventKind::Infection => "infection",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// How bad it is, on the center's one scale. The order is the scale's; their numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Severity {
    /// Its device did not say, or said that it does not know. Not low.
    #[default]
    NotRated = 0,
    /// Worth keeping.
    Info = 1,
    /// Low.
    Low = 2,
    /// Medium.
    Medium = 3,
    /// High.
    High = 4,
    /// Critical.
    Critical = 5,
}

impl Severity {
    /// All of them, in the order of their numbers.
    pub const ALL: [Severity; 6] = [
        Severity::NotRated,
        Severity::Info,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Severity::NotRated => "not_rated",
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| severity.word() == word)
    }

    /// Of a syslog message: emergency 0 to debug 7 (RFC 5424, 6.2.1); none beyond.
    #[must_use]
    pub fn of_syslog(code: u8) -> Option<Severity> {
        match code {
            0..=2 => Some(Severity::Critical),
            3 => Some(Severity::Medium),
            4 => Some(Severity::Low),
            5..=7 => Some(Severity::Info),
            _ => None,
        }
    }

    /// Of a Suricata alert: 1 is the highest of 4 (Suricata's `classification.config`); none beyond.
    #[must_use]
    pub fn of_suricata(priority: u64) -> Option<Severity> {
        match priority {
            1 => Some(Severity::High),
            2 => Some(Severity::Medium),
            3 => Some(Severity::Low),
            4..=255 => Some(Severity::Info),
            _ => None,
        }
    }

    /// Of a CEF message: 0 to 10, or Unknown, Low, Medium, High, Very-High (ArcSight Common Event Format, "Severity");
    /// none for anything else.
    #[must_use]
    pub fn of_cef(said: &str) -> Option<Severity> {
        if let Ok(number) = said.parse::<u8>() {
            return match number {
                0..=3 => Some(Severity::Low),
                4..=6 => Some(Severity::Medium),
                7..=8 => Some(Severity::High),
                9..=10 => Some(Severity::Critical),
                _ => None,
            };
        }
        let word = said.to_ascii_lowercase();
        match word.as_str() {
            "" | "unknown" => Some(Severity::NotRated),
            "low" => Some(Severity::Low),
            "medium" => Some(Severity::Medium),
            "high" => Some(Severity::High),
            "very-high" => Some(Severity::Critical),
            _ => None,
        }
    }
}

/// Where an event's time comes from. Their numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum TimeFrom {
    /// It said its time and zone.
    #[default]
    Stated = 0,
    /// It said a local time, without a year or zone: the year was inferred from its arrival, the zone is its source's.
    Inferred = 1,
    /// It said none: it happened when it arrived.
    Arrival = 2,
    /// It said one that cannot be: it is taken to have happened when it arrived.
    Absurd = 3,
}

impl TimeFrom {
    /// All of them, in the order of their numbers.
    pub const ALL: [TimeFrom; 4] =
        [TimeFrom::Stated, TimeFrom::Inferred, TimeFrom::Arrival, TimeFrom::Absurd];

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            TimeFrom::Stated => "stated",
            TimeFrom::Inferred => "inferred",
            TimeFrom::Arrival => "arrival",
            TimeFrom::Absurd => "absurd",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<TimeFrom> {
        TimeFrom::ALL.into_iter().find(|from| from.word() == word)
    }
}

/// What was decided about it where it was seen. Their numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Decided {
    /// Nothing was said of it.
    #[default]
    Unsaid = 0,
    /// It was let through.
    Allowed = 1,
    /// It was stopped.
    Blocked = 2,
}

impl Decided {
    /// All of them, in the order of their numbers.
    pub const ALL: [Decided; 3] = [Decided::Unsaid, Decided::Allowed, Decided::Blocked];

    /// The word used in tables and APIs; empty where nothing was said.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Decided::Unsaid => "",
            Decided::Allowed => "allowed",
            Decided::Blocked => "blocked",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Decided> {
        Decided::ALL.into_iter().find(|decided| decided.word() == word)
    }
}

/// An event says at most of so many times that it happened; beyond it nobody has counted.
pub const WEIGHT_MAX: u32 = 1_000_000;

/// One end of what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its address, in the one spelling ([`one_spelling`]); none where it has none.
    pub address: Option<IpAddr>,
    /// Its port.
    pub port: Option<u16>,
}

/// What makes an event the one it is, where that is not its place in the log: 128 bits of a hash over its source and the
/// identity its format gives it, or its place in the file it was delivered in. An event without one is known by its
/// position and row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventKey(pub [u8; 16]);

impl EventKey {
    /// 32 hexadecimal digits, in small letters.
    #[must_use]
    pub fn hexadecimal(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }

    /// From 32 hexadecimal digits.
    #[must_use]
    pub fn of_hexadecimal(text: &str) -> Option<EventKey> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = digits.then(|| u128::from_str_radix(text, 16).ok()).flatten()?;
        Some(EventKey(number.to_be_bytes()))
    }
}

/// An event. A row of the `event` table once it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What makes it the one it is; none where its position and row do.
    pub key: Option<EventKey>,
    /// What kind of thing happened.
    pub kind: EventKind,
    /// Who reports: a log source of the pack, or what is known of one that the pack does not know.
    pub log_source: Name,
    /// Whether the pack knows the log source.
    pub known: bool,
    /// The relay that spoke in its name; empty where it spoke itself.
    pub relay: Name,
    /// On its way to whoever holds that relay, which alone tells how many hosts it named: what the log source would be
    /// called. Until then the log source is the relay. Never stored or kept, and none of one that the pack knows.
    #[serde(skip)]
    pub behind: Option<Arc<str>>,
    /// When it happened.
    pub happened_at: EventTime,
    /// Where that time comes from.
    pub time_from: TimeFrom,
    /// How bad it is.
    pub severity: Severity,
    /// How bad its device said it is, and on which scale: `cef 10`, `suricata 1`, `syslog 6`.
    pub rated: Cow<'static, str>,
    /// What it is a case of, in its device's words.
    pub category: Box<str>,
    /// The rule that it matched, in its device's words.
    pub signature: Box<str>,
    /// The rule's own number: `1:2001219:20`.
    pub signature_id: Box<str>,
    /// What was decided about it.
    pub decided: Decided,
    /// Where it came from.
    pub from: Endpoint,
    /// Where it went to.
    pub to: Endpoint,
    /// Its protocol, such as `tcp`.
    pub protocol: Cow<'static, str>,
    /// Whose account it is about.
    pub user: Box<str>,
    /// The machine a line says that it is of.
    pub host: Box<str>,
    /// The program that wrote it, and its process: `sshd[5100]`.
    pub program: Box<str>,
    /// What it says.
    pub message: Box<str>,
    /// How many times it happened. At least 1, at most [`WEIGHT_MAX`].
    pub weight: u32,
    /// How many attempts to log in it adds to those that other lines of its connection told of before it; less than none
    /// where it says that they were none. Known only where those lines are known.
    pub attempts: i32,
    /// What else its format says of it, by name in alphabetical order. Most names are words of this program.
    pub attributes: Vec<(Cow<'static, str>, Box<str>)>,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// When and where it arrived.
    pub arrival: Arrival,
}

/// The attribute that bears the time an event said and that is not believed: a moment as RFC 3339 has it where it is one,
/// else as it was written.
pub const STATED_TIME: &str = "stated_time";

impl Event {
    /// Who reports, also where that is not a name yet.
    #[must_use]
    pub fn reported_by(&self) -> &str {
        self.behind.as_deref().unwrap_or(&self.log_source)
    }

    /// The moment that it said and that is not believed; none where it said none that can be read.
    #[must_use]
    pub fn stated_time(&self) -> Option<EventTime> {
        let mut stated = self.attributes.iter().filter(|(name, _)| &**name == STATED_TIME);
        stated.find_map(|(_, text)| Some(EventTime(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())))
    }
}

/// An address in the one spelling: IPv4 within IPv6 is IPv4. Brackets, a zone and any case are read.
#[must_use]
pub fn one_spelling(text: &str) -> Option<IpAddr> {
    if let Some(address) = four_numbers(text.as_bytes()) {
        return Some(IpAddr::V4(address));
    }
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text);
    let bare = bare.split_once('%').map_or(bare, |(address, _zone)| address);
    let address: IpAddr = bare.parse().ok()?;
    Some(address.to_canonical())
}

/// Of an IPv4 address and nothing else: the short way through what most addresses are.
fn four_numbers(text: &[u8]) -> Option<Ipv4Addr> {
    let mut rest = text;
    let mut numbers = [0; 4];
    for (at, number) in numbers.iter_mut().enumerate() {
        let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, behind) = rest.split_at(digits);
        *number = match digits {
            [ones] => ones - b'0',
            [tens @ b'1'..=b'9', ones] => (tens - b'0') * 10 + (ones - b'0'),
            [hundreds @ b'1'..=b'2', tens, ones] => {
                let small = (tens - b'0') * 10 + (ones - b'0');
                ((hundreds - b'0') * 100).checked_add(small)?
            }
            _ => return None,
        };
        rest = match behind {
            [b'.', behind @ ..] if at < 3 => behind,
            [] if at == 3 => behind,
            _ => return None,
        };
    }
    Some(Ipv4Addr::from(numbers))
}

/// The network an address is counted by where a rule counts networks: an IPv6 address's first 64 bits, an IPv4 address
/// itself.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_short_way_through_an_address_is_no_other_way(
            near in "[0-9]{1,4}(\\.[0-9]{0,4}){2,4}",
            numbers: [u8; 4],
        ) {
            let spelled = Ipv4Addr::from(numbers).to_string();
            prop_assert_eq!(four_numbers(spelled.as_bytes()), Some(Ipv4Addr::from(numbers)));
            prop_assert_eq!(four_numbers(near.as_bytes()), near.parse().ok(), "{}", near);
        }
    }

    #[test]
    fn an_address_has_one_spelling() {
        let spelled = |text: &str| one_spelling(text).map(|address| address.to_string());
        for spelling in ["203.0.113.60", "::ffff:203.0.113.60", "0000:0000:0000:0000:0000:ffff:cb00:713c"] {
            assert_eq!(spelled(spelling).as_deref(), Some("203.0.113.60"), "{spelling}");
        }
        for spelling in ["2001:DB8:0:7:0:0:0:1F", "[2001:db8:0:7::1f]", "2001:db8:0:7::1f%eth0"] {
            assert_eq!(spelled(spelling).as_deref(), Some("2001:db8:0:7::1f"), "{spelling}");
        }
        assert_eq!(spelled("2001:db8:0:8::1:1").as_deref(), Some("2001:db8:0:8::1:1"));
        for no_address in ["", "srv-a", "203.0.113", "203.0.113.60:22", "[203.0.113.60"] {
            assert_eq!(spelled(no_address), None, "{no_address}");
        }
    }

    #[test]
    fn a_network_is_an_ipv4_address_or_half_an_ipv6_one() {
        let of = |text: &str| one_spelling(text).map(network).unwrap().to_string();
        assert_eq!(of("2001:db8:0:9:66ff:77aa:88bb:99cc"), "2001:db8:0:9::");
        assert_eq!(of("203.0.113.60"), "203.0.113.60");
    }

    #[test]
    fn each_scale_of_severity_is_mapped_in_its_own_direction() {
        use Severity::{Critical, High, Info, Low, Medium, NotRated};
        assert_eq!(Severity::of_suricata(1), Some(High));
        assert_eq!(Severity::of_suricata(3), Some(Low));
        assert_eq!(Severity::of_suricata(0), None);
        for (said, severity) in [
            ("10", Some(Critical)),
            ("2", Some(Low)),
            ("5", Some(Medium)),
            ("High", Some(High)),
            ("Very-High", Some(Critical)),
            ("low", Some(Low)),
            ("Unknown", Some(NotRated)),
            ("", Some(NotRated)),
            ("11", None),
            ("severe", None),
        ] {
            assert_eq!(Severity::of_cef(said), severity, "{said}");
        }
        assert_eq!(Severity::of_syslog(3), Some(Medium));
        assert_eq!(Severity::of_syslog(6), Some(Info));
        assert_eq!(Severity::of_syslog(8), None);
    }

    #[test]
    fn the_numbers_are_those_of_the_stored_format() {
        fn in_order<T: Copy>(all: &[T], number: fn(T) -> u8) -> bool {
            (0..).zip(all).all(|(at, one)| number(*one) == at)
        }
        assert!(in_order(&EventKind::ALL, |kind| kind as u8));
        assert!(in_order(&Severity::ALL, |severity| severity as u8));
        assert!(in_order(&TimeFrom::ALL, |from| from as u8));
        assert!(in_order(&Decided::ALL, |decided| decided as u8));
    }
}
