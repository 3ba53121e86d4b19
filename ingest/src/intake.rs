//! The one door from transports to the bus.
//!
//! A transport collects what one sender sent into a chunk and hands it over; the answer comes when it is durable,
//! and only then may the sender be told so (invariant ACK). Waiting in line is the back-pressure (invariant BOUND):
//! while the bus is full, `hand_over` waits, and the transport stops reading from its sender.

use ioc_bus::{AppendError, ChunkBuilder, Durable, SharedBus, partition_of};
use ioc_model::position::Partition;

use crate::clock::Clock;

/// Hands chunks to the bus. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    bus: SharedBus,
    clock: Clock,
}

impl Intake {
    /// An intake into that bus.
    #[must_use]
    pub fn new(bus: SharedBus, clock: Clock) -> Intake {
        Intake { bus, clock }
    }

    /// The partition all of a sender's chunks go to.
    #[must_use]
    pub fn partition_of(&self, sender: &str) -> Partition {
        partition_of(sender, self.bus.partitions())
    }

    /// Hands over what the builder collected, stamped with the time of day. Resolves when the chunk has its place
    /// in line; what it resolves to resolves when the chunk is durable.
    ///
    /// # Errors
    /// If the partition is poisoned or the bus is closing: the sender must not be acknowledged.
    pub async fn hand_over(
        &self,
        partition: Partition,
        chunk: &mut ChunkBuilder,
    ) -> Result<Durable, AppendError> {
        let chunk = chunk.finish(self.clock.received_at());
        self.bus.append(partition, chunk).await
    }

    /// The clock envelopes are stamped with.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The bus behind it.
    #[must_use]
    pub fn bus(&self) -> &SharedBus {
        &self.bus
    }
}
