//! Moments. Event time is data; received-at is ours; neither is ever read from a clock in the dataflow.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

macro_rules! moment {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Milliseconds since 1970-01-01T00:00:00Z.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// The moment that many milliseconds later; saturates at the ends of the range.
            #[must_use]
            pub fn plus(self, duration: Millis) -> $name {
                $name(self.0.saturating_add(duration.0))
            }

            /// The moment that many milliseconds earlier; saturates at the ends of the range.
            #[must_use]
            pub fn minus(self, duration: Millis) -> $name {
                $name(self.0.saturating_sub(duration.0))
            }

            /// From RFC 3339 with an offset; none if it is none.
            #[must_use]
            pub fn from_rfc3339(text: &str) -> Option<$name> {
                text.parse::<Timestamp>().ok().map(|moment| $name(moment.as_millisecond()))
            }

            /// RFC 3339 in UTC with milliseconds; outside of the years -9999 to 9999 the plain number.
            #[must_use]
            pub fn rfc3339(self) -> String {
                match Timestamp::from_millisecond(self.0) {
                    Ok(timestamp) => timestamp
                        .to_zoned(TimeZone::UTC)
                        .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
                        .to_string(),
                    Err(_) => self.0.to_string(),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.rfc3339())
            }
        }
    };
}

moment! {
    /// When something happened, as its sender says.
    EventTime
}
moment! {
    /// When an envelope reached us. Never goes back inside a partition.
    ReceivedAt
}
moment! {
    /// The wall clock recorded in an epoch's manifest: the only "now" the dataflow knows.
    Now
}

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// That many seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Millis {
        Millis(seconds * 1_000)
    }
    /// The length that is so much longer; saturates.
    #[must_use]
    pub const fn plus(self, other: Millis) -> Millis {
        Millis(self.0.saturating_add(other.0))
    }
    /// That many minutes.
    #[must_use]
    pub const fn minutes(minutes: i64) -> Millis {
        Millis(minutes * 60_000)
    }
    /// That many hours.
    #[must_use]
    pub const fn hours(hours: i64) -> Millis {
        Millis(hours * 3_600_000)
    }
}
