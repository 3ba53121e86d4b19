//! The one door from transports to the bus.
//!
//! A transport collects what one sender sent into a chunk and hands it over; the answer comes when it is durable,
//! and only then may the sender be told so (invariant ACK). Waiting in line is the back-pressure (invariant BOUND):
//! while the bus is full, or the dataflow is behind and the sender sends more than its share, `hand_over` waits, and
//! the transport stops reading from its sender.
//!
//! Messages of feeds that tell of persons are reduced here ([`reduction`]): every transport comes through this door, and
//! behind it is the disk.

mod reduction;
mod shares;

use std::sync::Arc;

use ioc_bus::{AppendError, ChunkBuilder, Durable, Origin, SharedBus, clock::Clock, partition_of};
use ioc_decode::reduce::Reducer;
use ioc_model::position::Partition;
use tokio::sync::watch;

pub use self::shares::Shares;
use crate::{clients::Clients, transport::pull::Pulls};

/// Hands chunks to the bus. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    bus: SharedBus,
    clock: Clock,
    shares: Arc<Shares>,
    clients: Arc<Clients>,
    pulls: Arc<Pulls>,
    /// What messages of personal feeds are reduced by; none where no feed is personal.
    reducer: Arc<watch::Sender<Option<Arc<Reducer>>>>,
}

/// The line one sender's chunks stand in: one partition, one share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SenderLine {
    /// All of the sender's chunks go there, and stay in order.
    pub partition: Partition,
    share: Arc<str>,
    origin: Arc<Origin>,
    /// The feeds that its sender may send to.
    feeds: Arc<[String]>,
}

impl SenderLine {
    /// The same line, from where something else is known of its sender.
    pub(crate) fn comes_from(&mut self, origin: Origin) {
        self.origin = Arc::new(origin);
    }

    /// The same line, of a sender that may send to those feeds. What it sends astray may be meant for any of them.
    #[must_use]
    pub(crate) fn of_feeds(mut self, feeds: &[String]) -> SenderLine {
        self.may_send_to(feeds);
        self
    }

    /// As [`SenderLine::of_feeds`], from now on.
    pub(crate) fn may_send_to(&mut self, feeds: &[String]) {
        self.feeds = feeds.into();
    }
}

impl Intake {
    /// An intake into that bus.
    #[must_use]
    pub fn new(bus: SharedBus, clock: Clock) -> Intake {
        let (reducer, _) = watch::channel(None);
        Intake {
            bus,
            clock,
            shares: Arc::default(),
            clients: Arc::new(Clients::new(clock)),
            pulls: Arc::default(),
            reducer: Arc::new(reducer),
        }
    }

    /// Reduces messages of personal feeds by that from now on; none where no feed is personal.
    pub fn reduce_by(&self, reducer: Option<Reducer>) {
        let _before = self.reducer.send_replace(reducer.map(Arc::new));
    }

    /// Whether messages of one of these feeds tell of persons: nothing of them may lie anywhere but reduced.
    pub(crate) fn is_personal(&self, feeds: &[String]) -> bool {
        let reducer = self.reducer.borrow();
        reducer.as_ref().is_some_and(|reducer| feeds.iter().any(|feed| reducer.is_personal(feed)))
    }

    /// Those of these feeds whose messages do.
    pub(crate) fn personal_of(&self, feeds: &[String]) -> Vec<String> {
        let reducer = self.reducer.borrow();
        let is_personal = |feed: &&String| reducer.as_ref().is_some_and(|reducer| reducer.is_personal(feed));
        feeds.iter().filter(is_personal).cloned().collect()
    }

    /// What may be appended of what the builder collected.
    async fn kept(&self, line: &SenderLine, chunk: &mut ChunkBuilder) {
        let reducer = self.reducer.borrow().clone();
        if let Some(reducer) = reducer
            && reduction::concerns(&reducer, chunk)
        {
            *chunk = reduction::reduced(reducer, line.feeds.clone(), chunk, self.clock.received_at()).await;
        }
    }

    /// The line of a sender: `share` is what its partition and its share go by, `origin` what every chunk of it says
    /// of who sent it (invariant WHO).
    #[must_use]
    pub fn line_of(&self, share: &str, origin: Origin) -> SenderLine {
        let partition = partition_of(share, self.bus.partitions());
        SenderLine { partition, share: share.into(), origin: Arc::new(origin), feeds: Arc::default() }
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
        self.hand_over_telling(line, chunk, || {}).await
    }

    /// As [`Intake::hand_over`], and says when the chunk goes to the bus: before that it lies nowhere, however long it had
    /// to wait.
    ///
    /// # Errors
    /// As [`Intake::hand_over`].
    pub(crate) async fn hand_over_telling(
        &self,
        line: &SenderLine,
        chunk: &mut ChunkBuilder,
        at_the_bus: impl FnOnce() + Send,
    ) -> Result<Durable, AppendError> {
        self.shares.wait(&line.share, chunk.bytes()).await;
        self.kept(line, chunk).await;
        at_the_bus();
        let chunk = chunk.finish_from(&line.origin, self.clock.received_at());
        self.bus.append(line.partition, chunk).await
    }

    /// As [`Intake::hand_over`], from a sender that nothing slows: making it wait would lose what it sends meanwhile. What
    /// it brings still counts for what is left to others.
    ///
    /// # Errors
    /// As [`Intake::hand_over`].
    pub(crate) async fn hand_over_unshared(
        &self,
        line: &SenderLine,
        chunk: &mut ChunkBuilder,
    ) -> Result<Durable, AppendError> {
        self.shares.count(&line.share, chunk.bytes());
        self.kept(line, chunk).await;
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

    /// How far those are that are asked instead of knocking.
    #[must_use]
    pub fn pulls(&self) -> &Arc<Pulls> {
        &self.pulls
    }

    /// What senders may bring while the dataflow is behind. Whoever commits epochs tells it the pace.
    #[must_use]
    pub fn shares(&self) -> &Arc<Shares> {
        &self.shares
    }
}
