//! The durable log between ingest and stream.
//!
//! `append` resolves when the chunk is on disk (invariant ACK): nothing may be acknowledged to a sender before.
//! A sender hands over [`Chunk`]s, a chunk is appended whole or not at all, and goes to one partition; one committer
//! per partition commits in groups over all its senders. `read` hands back whole chunks.
//!
//! The trait holds only what a disk log and Kafka both can do: partitions, offsets that grow and may have gaps,
//! reading from a place we remember ourselves, bounds, a bell for what is new. No transactions, no rebalancing, no seek
//! by time.

pub mod bell;
pub mod chunk;
pub mod clock;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod disk;
pub mod held;
pub mod in_flight;
mod log_id;
pub mod record;
pub mod room;
pub mod whole_file;

use std::{future::Future, pin::Pin, sync::Arc};

pub use bell::Bell;
pub use chunk::{Chunk, ChunkBuilder, ChunkView, Origin};
pub use disk::{DiskLog, DiskLogConfig, OpenError};
pub use held::HeldBus;
use ioc_model::position::{Offset, Partition};
pub use log_id::LogId;
pub use room::{Filler, Room, is_full};

/// Resolves once the chunk is durable.
pub type Durable = Pin<Box<dyn Future<Output = Result<Appended, AppendError>> + Send>>;

/// Where a durable chunk lies: its envelopes have the offsets `[base, next)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of its first envelope.
    pub base: Offset,
    /// Offset behind its last envelope.
    pub next: Offset,
    /// The received-at its envelopes got.
    pub received_at: ioc_model::time::ReceivedAt,
}

/// Why a chunk did not become durable. The sender must not be acknowledged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// A write or fsync failed in a way that says nothing about what is on disk. The partition takes no more until
    /// the process is started again.
    #[error("partition {partition} is poisoned: {cause}")]
    Poisoned {
        /// The partition.
        partition: Partition,
        /// The first failure.
        cause: String,
    },
    /// The bus is closing.
    #[error("the log is closed")]
    Closed,
}

/// Why a read failed. All of these halt the flow.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The offset lies before what is retained.
    #[error("offset {wanted} of partition {partition} is gone: the log starts at {start}")]
    Released {
        /// The partition.
        partition: Partition,
        /// What was asked for.
        wanted: Offset,
        /// What is still there.
        start: Offset,
    },
    /// The offset lies behind everything durable: who asks remembers more than the log holds, so one of the two is
    /// not what it was (a restored copy, another log's folder).
    #[error("offset {wanted} of partition {partition} was never written: the log ends at {end}")]
    Ahead {
        /// The partition.
        partition: Partition,
        /// What was asked for.
        wanted: Offset,
        /// Behind the last durable offset.
        end: Offset,
    },
    /// Stored bytes are not what was written.
    #[error("{file} is corrupt at byte {at}: {what}")]
    Corrupt {
        /// File.
        file: String,
        /// Byte position in it.
        at: u64,
        /// What was found.
        what: String,
    },
    /// The system refused.
    #[error("cannot read the log: {0}")]
    Io(#[from] std::io::Error),
}

/// Which offsets a partition holds: `[start, end)`, all of them durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The oldest offset still there.
    pub start: Offset,
    /// One behind the newest durable offset.
    pub end: Offset,
}

/// Whether the log takes writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Writing,
    /// The disk or the configured size is full: senders wait, and it goes on by itself when there is room.
    Full {
        /// What is full.
        what: String,
    },
    /// A partition is poisoned until restart.
    Poisoned {
        /// The first failure.
        cause: String,
    },
}

/// A run of whole chunks of one partition, in order.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The partition.
    pub partition: Partition,
    /// Where it starts: the offset asked for, unless offsets have a gap there or it lies inside a chunk.
    pub from: Offset,
    /// Where to go on reading. Never derived by counting.
    pub next: Offset,
    /// The chunks with the offset of their first envelope.
    pub chunks: Vec<(Offset, ChunkView)>,
}

impl Batch {
    /// Bytes of all its chunks.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(|(_, chunk)| chunk.bytes().len()).sum()
    }
}

/// A durable, partitioned log.
///
/// Methods that take a partition panic if the log has no such one: it comes from [`partition_of`] or a recorded range
/// of the same log.
pub trait Bus: Send + Sync + std::fmt::Debug {
    /// Its identity.
    fn log_id(&self) -> LogId;

    /// How many partitions it has; they are numbered from 0.
    fn partitions(&self) -> u16;

    /// Hands a chunk to a partition's committer, waiting while the queue (bounded in bytes) or the disk is full.
    /// The first future resolves when the chunk has its place in line, the second when it is durable.
    /// Chunks handed over one after the other by the same sender become durable in that order.
    fn append(
        &self,
        partition: Partition,
        chunk: Chunk,
    ) -> Pin<Box<dyn Future<Output = Result<Durable, AppendError>> + Send + '_>>;

    /// Reads whole durable chunks from an offset on: at least one if there is one, and no more than about
    /// `max_bytes`. An empty batch when there is nothing yet. `to` bounds the read from above for a recorded
    /// range: chunks from there on are not returned. Recorded ranges lie between chunks; an offset inside a chunk
    /// (looking up one envelope) starts at that chunk, and the batch's `from` says so.
    ///
    /// # Errors
    /// If the offset was released, or stored bytes are corrupt or cannot be read.
    fn read(
        &self,
        partition: Partition,
        from: Offset,
        to: Option<Offset>,
        max_bytes: usize,
    ) -> Result<Batch, ReadError>;

    /// The offsets a partition holds now.
    fn bounds(&self, partition: Partition) -> Bounds;

    /// Rings whenever some partition holds more than before, after [`bounds`](Bus::bounds) say so. A reader waits on
    /// it, and whoever else has news for that reader rings it, too: so one that waits need not look around. A log that
    /// is read over a network has a thread that rings it for what came.
    fn bell(&self) -> &Arc<Bell>;

    /// Allows everything before the offset to be removed. What is not allowed is never removed.
    fn release(&self, partition: Partition, before: Offset);

    /// Whether it takes writes.
    fn health(&self) -> Health;
}

/// Whether some partition holds more than `seen` says (index = partition, value = end offset): what a reader looks at
/// when the [bell](Bus::bell) rings.
#[must_use]
pub fn has_more_than(bus: &dyn Bus, seen: &[Offset]) -> bool {
    (0..).map(Partition).zip(seen).any(|(partition, seen)| bus.bounds(partition).end > *seen)
}

/// A bus shared by all that use it.
pub type SharedBus = Arc<dyn Bus>;

/// The partition of a sender: a function of its name, so that all it sends stays in order.
#[must_use]
pub fn partition_of(sender: &str, partitions: u16) -> Partition {
    let hash = crc32c::crc32c(sender.as_bytes());
    Partition((hash % u32::from(partitions.max(1))) as u16)
}
