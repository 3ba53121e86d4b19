//! A log that lets go of nothing before two have it: the flow's checkpoint and the archive.
//!
//! The flow releases what no recovery needs any more; raw bytes must also lie in the archive, or lineage and replay
//! would end where the log ends. The log underneath is told the lower of the two, for each partition, and neither
//! can speak for the other (invariant ONCE). Everything else passes through.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use ioc_model::position::{Offset, Partition};

use crate::{AppendError, Batch, Bell, Bounds, Bus, Chunk, Durable, Health, LogId, ReadError, SharedBus};

/// What each of the two allows to go, by partition.
#[derive(Clone, Copy, Debug, Default)]
struct Claims {
    checkpointed: Offset,
    archived: Offset,
}

/// A bus whose [`release`](Bus::release) waits for the archive.
#[derive(Debug)]
pub struct HeldBus {
    log: SharedBus,
    claims: Mutex<Vec<Claims>>,
}

impl HeldBus {
    /// Holds back that log's releases.
    #[must_use]
    pub fn new(log: SharedBus) -> HeldBus {
        let claims = vec![Claims::default(); usize::from(log.partitions())];
        HeldBus { log, claims: Mutex::new(claims) }
    }

    /// Everything before the offset lies in the archive.
    ///
    /// # Panics
    /// If the log has no such partition.
    pub fn archived(&self, partition: Partition, before: Offset) {
        self.claim(partition, |claims| claims.archived = claims.archived.max(before));
    }

    fn claim(&self, partition: Partition, claim: impl FnOnce(&mut Claims)) {
        let both = {
            let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
            let claims = &mut claims[usize::from(partition.0)];
            claim(claims);
            claims.checkpointed.min(claims.archived)
        };
        // Outside of the lock, since removing files takes its time. Two that pass each other here do no harm: the
        // log keeps the highest it was told, and both were allowed.
        self.log.release(partition, both);
    }
}

impl Bus for HeldBus {
    fn log_id(&self) -> LogId {
        self.log.log_id()
    }

    fn partitions(&self) -> u16 {
        self.log.partitions()
    }

    fn append(
        &self,
        partition: Partition,
        chunk: Chunk,
    ) -> Pin<Box<dyn Future<Output = Result<Durable, AppendError>> + Send + '_>> {
        self.log.append(partition, chunk)
    }

    fn read(
        &self,
        partition: Partition,
        from: Offset,
        to: Option<Offset>,
        max_bytes: usize,
    ) -> Result<Batch, ReadError> {
        self.log.read(partition, from, to, max_bytes)
    }

    fn bounds(&self, partition: Partition) -> Bounds {
        self.log.bounds(partition)
    }

    fn bell(&self) -> &Arc<Bell> {
        self.log.bell()
    }

    /// Everything before the offset is checkpointed; it goes when it is archived, too.
    fn release(&self, partition: Partition, before: Offset) {
        self.claim(partition, |claims| claims.checkpointed = claims.checkpointed.max(before));
    }

    fn health(&self) -> Health {
        self.log.health()
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::{envelope::Content, time::ReceivedAt};
    use proptest::prelude::*;

    use super::*;
    use crate::ChunkBuilder;

    /// Remembers what it was told to let go of.
    #[derive(Debug, Default)]
    struct Witness(Mutex<[u64; 2]>, Arc<Bell>);

    impl Bus for Witness {
        fn log_id(&self) -> LogId {
            LogId::from_bytes(7_u128.to_be_bytes())
        }
        fn partitions(&self) -> u16 {
            2
        }
        fn append(
            &self,
            _: Partition,
            _: Chunk,
        ) -> Pin<Box<dyn Future<Output = Result<Durable, AppendError>> + Send + '_>> {
            Box::pin(async { Err(AppendError::Closed) })
        }
        fn read(&self, _: Partition, from: Offset, _: Option<Offset>, _: usize) -> Result<Batch, ReadError> {
            Err(ReadError::Ahead { partition: Partition(0), wanted: from, end: Offset(42) })
        }
        fn bounds(&self, _: Partition) -> Bounds {
            Bounds { start: Offset(3), end: Offset(9) }
        }
        fn bell(&self) -> &Arc<Bell> {
            &self.1
        }
        fn release(&self, partition: Partition, before: Offset) {
            let told = &mut self.0.lock().unwrap()[usize::from(partition.0)];
            *told = (*told).max(before.0);
        }
        fn health(&self) -> Health {
            Health::Full { what: "the test".to_owned() }
        }
    }

    proptest! {
        #[test]
        fn once_nothing_goes_before_it_is_both_checkpointed_and_archived(
            claims in prop::collection::vec((any::<bool>(), 0..2u16, 0..1000u64), 0..60)
        ) {
            let witness = Arc::new(Witness::default());
            let held = HeldBus::new(witness.clone());
            let mut highest = [[0; 2]; 2];
            for (by_archive, partition, before) in claims {
                let index = usize::from(partition);
                let highest_of_it = &mut highest[index][usize::from(by_archive)];
                *highest_of_it = before.max(*highest_of_it);
                if by_archive {
                    held.archived(Partition(partition), Offset(before));
                } else {
                    held.release(Partition(partition), Offset(before));
                }
                let told = *witness.0.lock().unwrap();
                for (told, [checkpointed, archived]) in told.iter().zip(highest) {
                    prop_assert_eq!(*told, checkpointed.min(archived));
                }
            }
        }
    }

    #[test]
    fn everything_but_releasing_passes_through() {
        let witness = Arc::new(Witness::default());
        let held = HeldBus::new(witness.clone());
        let mut builder = ChunkBuilder::new();
        builder.push("air", Content::Raw, "a", b"x");
        let mut appending = held.append(Partition(0), builder.finish(ReceivedAt(1)));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(matches!(
            appending.as_mut().poll(&mut context),
            std::task::Poll::Ready(Err(AppendError::Closed))
        ));
        let ahead = held.read(Partition(0), Offset(50), None, 1).unwrap_err();
        assert!(matches!(ahead, ReadError::Ahead { wanted: Offset(50), end: Offset(42), .. }));
        assert_eq!(held.bounds(Partition(1)), Bounds { start: Offset(3), end: Offset(9) });
        assert!(Arc::ptr_eq(held.bell(), witness.bell()));
        assert_eq!((held.log_id(), held.partitions()), (LogId::from_bytes(7_u128.to_be_bytes()), 2));
        assert_eq!(held.health(), Health::Full { what: "the test".to_owned() });
    }
}
