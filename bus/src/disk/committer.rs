//! The thread that makes a partition's chunks durable, group by group.
//!
//! Stopping points for crash tests (feature `failpoints`): `bus_before_write`, `bus_before_fsync`, `bus_after_fsync`
//! (durable, nobody told yet), and the negative control `ack_before_append`. Told to `return`, a stopping point ends
//! the process there. At the level `debug` the log says when each was reached and when it was passed, as it does for
//! the points of an epoch.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    },
    time::Duration,
};

use ioc_model::{position::Offset, time::ReceivedAt};

use super::{
    chain::Retain,
    frame::{Entry, TABLE_ENTRY},
    partition::{DiskPartition, Order, Ticket},
    writer::{ChainWriter, WriteError},
};
use crate::{Appended, Bell};

/// The most chunks in a group: with head and padding they fit into one vectored write.
const GROUP_CHUNKS: usize = 1000;
/// How long a committer without work waits before it syncs its mark by itself.
const SETTLE_AFTER: Duration = Duration::from_millis(20);
const FIRST_BACK_OFF: Duration = Duration::from_millis(20);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(1);

impl Group {
    fn has_room_for(&self, ticket: &Ticket, most_bytes: usize) -> bool {
        let bytes = self.bytes + stored_bytes(ticket);
        self.tickets.is_empty() || (self.tickets.len() < GROUP_CHUNKS && bytes <= most_bytes)
    }

    fn add(&mut self, ticket: Ticket) {
        self.bytes += stored_bytes(&ticket);
        self.tickets.push(ticket);
    }
}

fn stored_bytes(ticket: &Ticket) -> usize {
    TABLE_ENTRY + ticket.chunk.bytes().len()
}

/// Makes one partition's chunks durable.
#[derive(Debug)]
pub(super) struct Committer {
    pub(super) partition: Arc<DiskPartition>,
    pub(super) writer: ChainWriter,
    pub(super) orders: Receiver<Order>,
    /// Bytes of a group, unless its first chunk is larger: never more than a segment holds, or a log near its limit
    /// could be too full for a group whose chunks would fit.
    pub(super) group_bytes: usize,
    /// Did not fit into the last group.
    pub(super) left_over: Option<Ticket>,
    /// Rings when there is more to read.
    pub(super) durable: Arc<Bell>,
    /// Rings when something was released, or the log is closing.
    pub(super) room: Arc<Bell>,
}

/// Poisons the partition when its committer panics: whoever waits must not wait for ever.
struct Watch(Arc<DiskPartition>);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.poison("its committer panicked".into());
        }
    }
}

/// A group that is being committed.
#[derive(Default)]
struct Group {
    tickets: Vec<Ticket>,
    bytes: usize,
}

impl Committer {
    /// Commits until the log is closed or the partition poisoned.
    pub(super) fn run(mut self) {
        let watch = Watch(self.partition.clone());
        if let Err(failed) = self.commit_all() {
            watch.0.poison(failed.to_string());
        }
        // Tickets still in line go with the receiver, and their senders learn why.
        self.durable.ring();
    }

    fn commit_all(&mut self) -> Result<(), WriteError> {
        let mut closing = false;
        while !closing {
            let mut group = Group::default();
            closing = self.gather(&mut group)?;
            if !group.tickets.is_empty() && !self.commit_when_there_is_room(group)? {
                return Ok(());
            }
        }
        self.writer.settle()
    }

    /// Waits for a chunk and takes what came with it. True: nothing comes any more.
    fn gather(&mut self, group: &mut Group) -> Result<bool, WriteError> {
        let first = if let Some(ticket) = self.left_over.take() {
            Some(Order::Append(ticket))
        } else if self.writer.is_unsettled() {
            match self.orders.recv_timeout(SETTLE_AFTER) {
                Err(RecvTimeoutError::Timeout) => {
                    self.writer.settle()?;
                    self.orders.recv().ok()
                }
                received => received.ok(),
            }
        } else {
            self.orders.recv().ok()
        };
        let mut order = first;
        loop {
            match order {
                Some(Order::Append(ticket)) if group.has_room_for(&ticket, self.group_bytes) => {
                    group.add(ticket)
                }
                Some(Order::Append(ticket)) => {
                    self.left_over = Some(ticket);
                    return Ok(false);
                }
                Some(Order::Close) | None => return Ok(true),
            }
            order = match self.orders.try_recv() {
                Ok(order) => Some(order),
                Err(TryRecvError::Empty) => return Ok(false),
                Err(TryRecvError::Disconnected) => None,
            };
        }
    }

    /// Commits the group, however long there is no room. False: the log is closing and there is none.
    fn commit_when_there_is_room(&mut self, mut group: Group) -> Result<bool, WriteError> {
        let appended = self.place(&mut group);
        if acknowledges_before_append() {
            answer(&mut group.tickets, &appended);
        }
        let mut back_off = FIRST_BACK_OFF;
        loop {
            let heard = self.room.rings();
            match self.commit(&group, &appended) {
                Ok(()) => break,
                Err(WriteError::Full { what }) => self.partition.set_full(Some(what)),
                Err(failed) => {
                    // Before the group's tickets go, so that their senders learn why.
                    self.partition.poison(failed.to_string());
                    return Err(failed);
                }
            }
            if self.partition.is_closed() {
                return Ok(false);
            }
            if let Err(error) = self.partition.chain.remove_released(Retain::default()) {
                tracing::warn!(%error, "cannot remove released segments");
            }
            self.room.wait(heard, back_off);
            back_off = (back_off * 2).min(LONGEST_BACK_OFF);
        }
        self.partition.set_full(None);
        self.durable.ring();
        step("bus_after_fsync", &appended);
        answer(&mut group.tickets, &appended);
        Ok(true)
    }

    /// Gives each chunk its offsets, and keeps arrivals from going back.
    fn place(&self, group: &mut Group) -> Vec<Appended> {
        let mut base = self.writer.next();
        let mut received_at = ReceivedAt(self.writer.received_at());
        let place = |ticket: &mut Ticket| {
            ticket.chunk.raise_received_at(received_at);
            received_at = ticket.chunk.received_at();
            let next = base + u64::from(ticket.chunk.envelopes());
            let appended = Appended { base: Offset(base), next: Offset(next), received_at };
            base = next;
            appended
        };
        group.tickets.iter_mut().map(place).collect()
    }

    fn commit(&mut self, group: &Group, appended: &[Appended]) -> Result<(), WriteError> {
        let entries: Vec<Entry<'_>> = group
            .tickets
            .iter()
            .map(|Ticket { chunk, .. }| Entry {
                bytes: chunk.bytes(),
                count: chunk.envelopes(),
                received_at: chunk.received_at().0,
            })
            // A chunk without envelopes takes no offset, so nobody could read it back: there is nothing to store.
            .filter(|entry| entry.count > 0)
            .collect();
        if entries.is_empty() {
            return Ok(());
        }
        step("bus_before_write", appended);
        self.writer.write(&entries)?;
        step("bus_before_fsync", appended);
        self.writer.commit()?;
        Ok(())
    }
}

/// Names a step of a group's commit. With the feature `failpoints` the step may be made to wait or fail, and the log
/// says when it was reached and when it was passed, so that a crash test can prove at which moment a process died.
fn step(name: &'static str, appended: &[Appended]) {
    let say = |what: &str| {
        if cfg!(feature = "failpoints") {
            // The partition stands in the name of its thread.
            let thread = std::thread::current();
            let from = appended.first().map_or(0, |first| first.base.0);
            tracing::debug!("{what} {name} group={}-{from}", thread.name().unwrap_or_default());
        }
    };
    say("reached");
    fail::fail_point!(name, |_| std::process::abort());
    say("passed");
}

/// **Negative control, for one test only**: whether to acknowledge chunks before they are written. It
/// breaks invariant ACK on purpose, so that the test which must find lost chunks is seen to find them. Never true in
/// a program built without the feature `failpoints`.
fn acknowledges_before_append() -> bool {
    fail::fail_point!("ack_before_append", |_| true);
    false
}

/// Tells the senders that were not told yet. One that no longer waits is fine.
fn answer(tickets: &mut [Ticket], appended: &[Appended]) {
    for (ticket, appended) in tickets.iter_mut().zip(appended) {
        if let Some(answer) = ticket.answer.take() {
            let _ = answer.send(Ok(*appended));
        }
    }
}
