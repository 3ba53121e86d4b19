//! What a rule counts of events: which of them, by whom, of what, and how many in how long a time.
//!
//! Addresses and users are open sets. What is kept of one lives in windows that expire and never becomes a
//! [`Name`](crate::name::Name).

use std::{fmt, net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    contract::is_subject,
    epoch::Epoch,
    event::{Count, Event, EventKind, Severity, network},
    position::Arrival,
    time::{EventTime, Millis},
};

/// The most that a rule may wait for: as much is kept of each address.
pub const REACH_MAX: u32 = 1_000;
/// The longest time that a rule may look at.
pub(crate) const WITHIN_MAX: Millis = Millis::hours(24);

/// Defines an enum of words.
macro_rules! words {
    ($(#[$of:meta])* $name:ident { $($(#[$doc:meta])* $word:ident = $number:literal: $text:literal,)+ }) => {
        $(#[$of])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum $name {
            $($(#[$doc])* $word = $number,)+
        }

        impl $name {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [$name] = &[$($name::$word),+];

            /// The word used in packs, tables and APIs.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $($name::$word => $text,)+
                }
            }

            /// From its word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|it| it.word() == word)
            }
        }
    };
}

words! {
    /// By whom it is counted.
    CountBy {
        /// The address it came from.
        From = 0: "from",
        /// The network it came from: an IPv6 address's first 64 bits, an IPv4 address itself.
        Network = 1: "network",
        /// The address it went to.
        To = 2: "to",
        /// Whose account it is about.
        User = 3: "user",
    }
}

words! {
    /// What an alert is about. Their numbers are stored.
    AlertAbout {
        /// A station.
        Station = 0: "station",
        /// An IP address.
        Address = 1: "address",
        /// A network: the first 64 bits of an IPv6 address, or an IPv4 address.
        Network = 2: "network",
        /// Somebody's account.
        User = 3: "user",
        /// A device or machine that reports events.
        LogSource = 4: "log_source",
        /// An agency, or the authority of a place: who owes reports.
        Agency = 5: "agency",
    }
}

impl CountBy {
    /// What an alert of such a rule is about.
    #[must_use]
    pub fn about(self) -> AlertAbout {
        match self {
            CountBy::From | CountBy::To => AlertAbout::Address,
            CountBy::Network => AlertAbout::Network,
            CountBy::User => AlertAbout::User,
        }
    }
}

/// What a rule counts, and from when on it raises an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counting {
    /// What.
    pub count: Count,
    /// By whom.
    pub by: CountBy,
    /// Of events of these kinds; of any where there are none.
    pub kinds: Vec<EventKind>,
    /// So bad at least; of any where there is none.
    pub severity: Option<Severity>,
    /// Of that category, in its device's words; of any where it is empty.
    pub category: String,
    /// That matched the rule of that name or number; of any where it is empty.
    pub signature: String,
    /// So many raise an alert. At least 1.
    pub reach: u32,
    /// Within so long a time, by when they happened.
    pub within: Millis,
    /// The alert is over when nothing more happened for so long; not shorter.
    pub clear_after: Millis,
}

/// Whom events are counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Group {
    /// An address, or the first of its network.
    Address(IpAddr),
    /// A user.
    User(Box<str>),
}

/// Which events raised an alert: those that its rule watches, of one address or user, and known by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// What the rule counted then.
    #[serde(flatten)]
    pub counting: Counting,
    /// By whom.
    pub group: String,
    /// The event that made it enough: of those of its epoch, later ones were not counted.
    pub last: Arrival,
}

/// The events behind one change of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertEvents {
    /// Which.
    pub counted: Arc<Counted>,
    /// They happened at this moment or later,
    pub from: EventTime,
    /// and before this one,
    pub until: EventTime,
    /// and were known in this epoch, which raised it.
    pub epoch: Epoch,
}

impl Counting {
    /// Whether an event is one of those it is about.
    #[must_use]
    pub fn watches(&self, event: &Event) -> bool {
        let is_any = |wanted: &str, said: &[&str]| wanted.is_empty() || said.contains(&wanted);
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.severity.is_none_or(|least| event.severity >= least)
            && is_any(&self.category, &[&event.category])
            && is_any(&self.signature, &[&event.signature, &event.signature_id])
    }

    /// Whom it counts an event by; none of one that does not say.
    #[must_use]
    pub fn group(&self, event: &Event) -> Option<Group> {
        match self.by {
            CountBy::From => event.from.address.map(Group::Address),
            CountBy::Network => event.from.address.map(network).map(Group::Address),
            CountBy::To => event.to.address.map(Group::Address),
            CountBy::User => Some(Group::User(event.user.clone())).filter(Group::is_named),
        }
    }
}

impl Group {
    /// A user has a name, and not one that is longer than a subject may be.
    fn is_named(&self) -> bool {
        is_subject(&self.to_string())
    }

    /// From what stands in an alert's key.
    #[must_use]
    pub fn of_subject(by: CountBy, subject: &str) -> Option<Group> {
        if by != CountBy::User {
            return subject.parse().ok().map(Group::Address);
        }
        let mut bytes = Vec::with_capacity(subject.len());
        let mut rest = subject.as_bytes();
        while let [first, after @ ..] = rest {
            let (byte, after) = match (first, after) {
                (b':', [high, low, after @ ..]) => {
                    let digits = [*high, *low];
                    let digits = std::str::from_utf8(&digits).ok()?;
                    (u8::from_str_radix(digits, 16).ok()?, after)
                }
                (b':', _) => return None,
                (byte, after) => (*byte, after),
            };
            bytes.push(byte);
            rest = after;
        }
        String::from_utf8(bytes).ok().map(|name| Group::User(name.into()))
    }

    /// As events have it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Group::Address(address) => address.to_string(),
            Group::User(name) => name.to_string(),
        }
    }
}

/// As it stands in an alert's key: bytes that no subject may have are written `:c3`.
impl fmt::Display for Group {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Group::Address(address) => address.fmt(to),
            Group::User(name) => name.bytes().try_for_each(|byte| match byte {
                b'.' | b'_' | b'-' => write!(to, "{}", char::from(byte)),
                byte if byte.is_ascii_alphanumeric() => write!(to, "{}", char::from(byte)),
                byte => write!(to, ":{byte:02x}"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Endpoint, one_spelling};

    fn counting(count: Count, by: CountBy) -> Counting {
        Counting {
            count,
            by,
            kinds: vec![EventKind::LoginFailed],
            severity: None,
            category: String::new(),
            signature: String::new(),
            reach: 5,
            within: Millis::minutes(10),
            clear_after: Millis::minutes(10),
        }
    }

    fn event(from: &str, user: &str) -> Event {
        Event {
            kind: EventKind::LoginFailed,
            from: Endpoint { address: one_spelling(from), port: Some(22) },
            user: user.into(),
            ..Event::default()
        }
    }

    #[test]
    fn a_rule_watches_what_meets_all_that_it_says() {
        let watching = Counting {
            severity: Some(Severity::High),
            category: "scan".to_owned(),
            signature: "1:2001219:20".to_owned(),
            ..counting(Count::Events, CountBy::From)
        };
        let met = Event {
            severity: Severity::Critical,
            category: "scan".into(),
            signature_id: "1:2001219:20".into(),
            ..event("192.0.2.1", "")
        };
        assert!(watching.watches(&met));
        assert!(watching.watches(&Event {
            signature: "1:2001219:20".into(),
            signature_id: "".into(),
            ..met.clone()
        }));
        assert!(!watching.watches(&Event { severity: Severity::Medium, ..met.clone() }));
        assert!(!watching.watches(&Event { severity: Severity::NotRated, ..met.clone() }));
        assert!(!watching.watches(&Event { category: "".into(), ..met.clone() }));
        assert!(!watching.watches(&Event { signature_id: "1:1:1".into(), ..met.clone() }));
        assert!(!watching.watches(&Event { kind: EventKind::LoginModule, ..met }));
    }

    #[test]
    fn whom_it_is_counted_by_is_written_as_a_subject_and_read_back() {
        let of = |by, from: &str, user: &str| {
            let group = counting(Count::Attempts, by).group(&event(from, user))?;
            assert_eq!(Group::of_subject(by, &group.to_string()), Some(group.clone()));
            Some(group.to_string())
        };
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(of(CountBy::From, "::ffff:203.0.113.60", ""), said("203.0.113.60"));
        assert_eq!(of(CountBy::Network, "2001:DB8:0:9:66ff:77aa:88bb:99cc", ""), said("2001:db8:0:9::"));
        assert_eq!(of(CountBy::Network, "203.0.113.60", ""), said("203.0.113.60"));
        assert_eq!(of(CountBy::To, "203.0.113.60", ""), None);
        assert_eq!(of(CountBy::User, "", "root"), said("root"));
        assert_eq!(of(CountBy::User, "", "an~\u{111}:x"), said("an:7e:c4:91:3ax"));
        assert_eq!(of(CountBy::User, "", ""), None);
        assert_eq!(of(CountBy::User, "", &"~".repeat(22)), None, "longer than a subject may be");
        assert_eq!(Group::of_subject(CountBy::User, "a:7"), None);
        assert_eq!(Group::of_subject(CountBy::User, "a:c4"), None);
    }

    #[test]
    fn the_numbers_are_those_of_the_stored_format() {
        assert!((0..).zip(AlertAbout::ALL).all(|(at, about)| *about as u8 == at));
    }
}
