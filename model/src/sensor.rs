//! What an intrusion sensor's record of itself says: whether it sees, and if not, why.
//!
//! The counters of a record count since the sensor's process began. What is said here is what came between two records;
//! after a restart, of which the uptime tells, what the new counters show. So nothing is negative, and nothing is added
//! up that was counted before.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::{
    position::Position,
    time::{EventTime, Millis},
};

/// Why a sensor sees too little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum BlindCause {
    /// It looks for nothing: no rules are loaded.
    NoRules = 0,
    /// It did not see a larger share of the packets than it may miss.
    PacketsDropped = 1,
    /// It raised more alerts than its queue took.
    AlertsDiscarded = 2,
}

impl BlindCause {
    /// All of them, the worst first.
    pub const ALL: [BlindCause; 3] =
        [BlindCause::NoRules, BlindCause::PacketsDropped, BlindCause::AlertsDiscarded];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            BlindCause::NoRules => "no_rules",
            BlindCause::PacketsDropped => "packets_dropped",
            BlindCause::AlertsDiscarded => "alerts_discarded",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<BlindCause> {
        BlindCause::ALL.into_iter().find(|cause| cause.word() == word)
    }
}

/// A record of a sensor, and what came since the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensorRecord {
    /// When the sensor wrote it.
    pub at: EventTime,
    /// Since when it counts here: the record before, or the start of the sensor's process. Of a first record its own time:
    /// nothing is known to count from.
    pub since: EventTime,
    /// Where its envelope lies, as `log-partition-offset` in texts.
    #[serde(serialize_with = "written", deserialize_with = "read")]
    pub position: Position,
    /// Which row of the envelope.
    pub row: u32,
    /// Why the sensor sees too little; none where it sees enough.
    pub causes: Vec<BlindCause>,
    /// Rules that it looks for; none where it does not say.
    pub rules_loaded: Option<u64>,
    /// Rules that it could not load; none where it does not say.
    pub rules_failed: Option<u64>,
    /// Packets that it saw.
    pub packets: u64,
    /// Packets that were dropped before it saw them.
    pub dropped: u64,
    /// Alerts that its queue did not take.
    pub discarded: u64,
    /// Its process began anew since the record before: all counters count from there.
    pub restarted: bool,
}

impl SensorRecord {
    /// The share of packets it did not see, from 0 to 1: of those it saw and those that were dropped. What AF_PACKET hands
    /// over does not hold what it dropped.
    #[must_use]
    pub fn dropped_share(&self) -> f64 {
        dropped_share(self.packets, self.dropped)
    }

    /// Whether one of some causes is among its causes.
    #[must_use]
    pub fn has_any(&self, causes: &[BlindCause]) -> bool {
        causes.iter().any(|cause| self.causes.contains(cause))
    }
}

/// The share of dropped packets among those that were seen and those that were dropped, from 0 to 1.
#[must_use]
pub fn dropped_share(packets: u64, dropped: u64) -> f64 {
    dropped as f64 / packets.saturating_add(dropped).max(1) as f64
}

/// What a log source says of itself beside its lines; of a station how its sender's clock goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelfSaid {
    /// Its newest record, of an intrusion sensor.
    pub sensor: Option<Arc<SensorRecord>>,
    /// So far its clock is constantly off: ahead of its arrivals where it is positive; none where it is right, or nobody
    /// knows.
    pub clock_off: Option<Millis>,
}

fn written<S: Serializer>(position: &Position, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(position)
}

fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Position, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::{LogNumber, Offset, Partition};

    #[test]
    fn a_record_is_written_as_it_is_read() {
        let record = SensorRecord {
            at: EventTime(600_000),
            since: EventTime(30_000),
            position: Position { log: LogNumber(1), partition: Partition(2), offset: Offset(77) },
            row: 4,
            causes: vec![BlindCause::PacketsDropped],
            rules_loaded: Some(31_000),
            rules_failed: Some(0),
            packets: 240_000,
            dropped: 360_000,
            discarded: 0,
            restarted: true,
        };
        let text = serde_json::to_string(&record).unwrap();
        assert!(text.contains("\"position\":\"1-2-77\"") && text.contains("packets_dropped"), "{text}");
        assert_eq!(serde_json::from_str::<SensorRecord>(&text).unwrap(), record);
        assert!((record.dropped_share() - 0.6).abs() < 1e-9);
        assert!(record.has_any(&[BlindCause::NoRules, BlindCause::PacketsDropped]));
        assert!(!record.has_any(&[BlindCause::NoRules]));
        for cause in BlindCause::ALL {
            assert_eq!(BlindCause::from_word(cause.word()), Some(cause));
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.word());
        }
    }
}
