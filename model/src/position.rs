//! Where an envelope lies, and in which order rows arrived.
//!
//! A **log** is one bus instance (a disk log's folder, a Kafka topic's lifetime). Moving from disk to Kafka is a
//! new log, so an offset can never open the wrong bytes. **Arrival order** is a total order that no replay can
//! change, which is what makes duplicates and corrections decidable.

use serde::{Deserialize, Serialize};

use crate::time::ReceivedAt;

/// The small number under which a log is registered in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LogNumber(pub u16);

/// One ordered part of a log. A sender's envelopes all go to the same partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Partition(pub u16);

/// The place of an envelope inside its partition. Offsets grow, and may have gaps: never count with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Offset(pub u64);

macro_rules! shown_as_its_number {
    ($($number:ident),*) => {
        $(impl std::fmt::Display for $number {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        })*
    };
}

shown_as_its_number!(LogNumber, Partition, Offset);

/// Where one envelope lies for as long as the bus or the archive reaches back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The log.
    pub log: LogNumber,
    /// The partition of the log.
    pub partition: Partition,
    /// The envelope's offset in the partition.
    pub offset: Offset,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-{}", self.log, self.partition, self.offset)
    }
}

impl std::str::FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Position, InvalidPosition> {
        let invalid = || InvalidPosition(text.to_owned());
        let mut parts = text.split('-');
        let (Some(log), Some(partition), Some(offset), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid());
        };
        Ok(Position {
            log: LogNumber(log.parse().map_err(|_| invalid())?),
            partition: Partition(partition.parse().map_err(|_| invalid())?),
            offset: Offset(offset.parse().map_err(|_| invalid())?),
        })
    }
}

/// A position is written `log-partition-offset`.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a position of the form log-partition-offset")]
pub struct InvalidPosition(String);

/// Half-open range of offsets `[from, to)` of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetRange {
    /// The partition.
    pub partition: Partition,
    /// First offset of the range.
    pub from: Offset,
    /// First offset behind the range.
    pub to: Offset,
}

/// When and where a row arrived: rows are ordered by moment of arrival, ties by position and row.
///
/// `row` counts from 0 inside the envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Arrival {
    /// When the envelope was received.
    pub received_at: ReceivedAt,
    /// Where the envelope lies.
    pub position: Position,
    /// Which row of the envelope.
    pub row: u32,
}

impl Arrival {
    /// Position and row in one number, ordered as they are: for sorting and merging many rows.
    #[inline]
    #[must_use]
    pub fn place(&self) -> u128 {
        let Position { log, partition, offset } = self.position;
        u128::from(log.0) << 112
            | u128::from(partition.0) << 96
            | u128::from(offset.0) << 32
            | u128::from(self.row)
    }
}
