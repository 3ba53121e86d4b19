//! A partition's line of chunks waiting for its committer, bounded in bytes.
//!
//! A sender waits for room in the order it came (a fair semaphore of bytes), so one sender's chunks keep their order
//! and a large chunk is not overtaken for ever by small ones. The bytes are given back when the chunk's fate is
//! known. A chunk larger than the whole bound takes all of it and so passes alone.

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicBool, Ordering},
    mpsc,
};

use ioc_model::position::Partition;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{chain::Chain, lock};
use crate::{AppendError, Appended, Chunk, Durable};

/// A chunk in line.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) chunk: Chunk,
    /// Taken when its sender is told.
    pub(super) answer: Option<oneshot::Sender<Result<Appended, AppendError>>>,
    /// Its bytes in the queue's bound, given back when the ticket goes.
    _room: OwnedSemaphorePermit,
}

/// What a committer gets.
#[derive(Debug)]
pub(super) enum Order {
    Append(Ticket),
    /// Nothing comes after it.
    Close,
}

/// One partition as its senders and readers see it.
#[derive(Debug)]
pub(super) struct DiskPartition {
    number: u16,
    pub(super) chain: Arc<Chain>,
    orders: mpsc::Sender<Order>,
    room: Arc<Semaphore>,
    bound: u32,
    closed: AtomicBool,
    poisoned: OnceLock<String>,
    full: Mutex<Option<String>>,
}

impl DiskPartition {
    pub(super) fn new(number: u16, chain: Arc<Chain>, bound: u32) -> (DiskPartition, mpsc::Receiver<Order>) {
        let (orders, received) = mpsc::channel();
        let partition = DiskPartition {
            number,
            chain,
            orders,
            room: Arc::new(Semaphore::new(bound as usize)),
            bound,
            closed: AtomicBool::new(false),
            poisoned: OnceLock::new(),
            full: Mutex::new(None),
        };
        (partition, received)
    }

    /// Waits for room and gets in line.
    pub(super) async fn append(self: &Arc<Self>, chunk: Chunk) -> Result<Durable, AppendError> {
        let bytes = u32::try_from(chunk.bytes().len()).unwrap_or(u32::MAX).clamp(1, self.bound);
        let room = self.room.clone().acquire_many_owned(bytes).await.map_err(|_| self.refusal())?;
        let (answer, durable) = oneshot::channel();
        // The channel itself is unbounded: whoever has room may enter.
        let ticket = Ticket { chunk, answer: Some(answer), _room: room };
        self.orders.send(Order::Append(ticket)).map_err(|_| self.refusal())?;
        let partition = self.clone();
        Ok(Box::pin(async move {
            match durable.await {
                Ok(answer) => answer,
                // The committer went without an answer: nothing is known to be durable.
                Err(_) => Err(partition.refusal()),
            }
        }))
    }

    fn refusal(&self) -> AppendError {
        match self.poisoned.get() {
            Some(cause) => AppendError::Poisoned { partition: Partition(self.number), cause: cause.clone() },
            None => AppendError::Closed,
        }
    }

    /// Takes no more; what is in line is still committed.
    pub(super) fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.room.close();
            // A committer that is gone needs no order.
            let _ = self.orders.send(Order::Close);
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Takes no more until restart. The first cause counts.
    pub(super) fn poison(&self, cause: String) {
        if self.poisoned.set(cause).is_ok() {
            let cause = self.poisoned();
            tracing::error!(partition = self.number, cause, "the partition is poisoned until restart");
        }
        self.room.close();
    }

    pub(super) fn poisoned(&self) -> Option<&str> {
        self.poisoned.get().map(String::as_str)
    }

    /// Says that it waits for room on disk, or no longer.
    pub(super) fn set_full(&self, now: Option<String>) {
        let mut full = lock(&self.full);
        match (&*full, &now) {
            (None, Some(what)) => tracing::error!(partition = self.number, what, "no room: senders wait"),
            (Some(_), None) => tracing::info!(partition = self.number, "there is room again"),
            _ => {}
        }
        *full = now;
    }

    pub(super) fn full(&self) -> Option<String> {
        lock(&self.full).clone()
    }
}
