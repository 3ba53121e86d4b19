//! The one door from transports to the bus.
//!
//! A transport collects what one sender sent into a chunk and hands it over; the answer comes when it is durable,
//! and only then may the sender be told so (invariant ACK). Waiting in line is the back-pressure (invariant BOUND):
//! while the bus is full, or the dataflow is behind and the sender sends more than its share, `hand_over` waits, and
//! the transport stops reading from its sender.

mod shares;

use std::sync::Arc;

use ioc_bus::{AppendError, ChunkBuilder, Durable, Origin, SharedBus, clock::Clock, partition_of};
use ioc_model::position::Partition;

pub use self::shares::Shares;
use crate::clients::Clients;

/// Hands chunks to the bus. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    bus: SharedBus,
    clock: Clock,
    shares: Arc<Shares>,
    clients: Arc<Clients>,
}

/// The line one sender's chunks stand in: one partition, one share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SenderLine {
    /// All of the sender's chunks go there, and stay in order.
    pub partition: Partition,
    share: Arc<str>,
    origin: Arc<Origin>,
}

impl SenderLine {
    /// The same line, from where something else is known of its sender.
    pub fn comes_from(&mut self, origin: Origin) {
        self.origin = Arc::new(origin);
    }
}

impl Intake {
    /// An intake into that bus.
    #[must_use]
    pub fn new(bus: SharedBus, clock: Clock) -> Intake {
        Intake { bus, clock, shares: Arc::default(), clients: Arc::new(Clients::new(clock)) }
    }

    /// The line of a sender: `share` is what its partition and its share go by, `origin` what every chunk of it says
    /// of who sent it (invariant WHO).
    #[must_use]
    pub fn line_of(&self, share: &str, origin: Origin) -> SenderLine {
        let partition = partition_of(share, self.bus.partitions());
        SenderLine { partition, share: share.into(), origin: Arc::new(origin) }
    }

    /// Hands over what the builder collected, stamped with the time of day. Resolves when the chunk has its place
    /// in line; what it resolves to resolves when the chunk is durable.
    ///
    /// # Errors
    /// If the partition is poisoned or the bus is closing: the sender must not be acknowledged.
    pub async fn hand_over(
        &self,
        line: &SenderLine,
        chunk: &mut ChunkBuilder,
    ) -> Result<Durable, AppendError> {
        self.shares.wait(&line.share, chunk.bytes()).await;
        let chunk = chunk.finish_from(&line.origin, self.clock.received_at());
        self.bus.append(line.partition, chunk).await
    }

    /// As [`Intake::hand_over`], from a sender that nothing slows: making it wait would lose what it sends meanwhile. What
    /// it brings still counts for what is left to others.
    ///
    /// # Errors
    /// As [`Intake::hand_over`].
    pub async fn hand_over_unshared(
        &self,
        line: &SenderLine,
        chunk: &mut ChunkBuilder,
    ) -> Result<Durable, AppendError> {
        self.shares.count(&line.share, chunk.bytes());
        let chunk = chunk.finish_from(&line.origin, self.clock.received_at());
        self.bus.append(line.partition, chunk).await
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

    /// Who stands at this door.
    #[must_use]
    pub fn clients(&self) -> &Arc<Clients> {
        &self.clients
    }

    /// What senders may bring while the dataflow is behind. Whoever commits epochs tells it the pace.
    #[must_use]
    pub fn shares(&self) -> &Arc<Shares> {
        &self.shares
    }
}
