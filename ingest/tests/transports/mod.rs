//! What the tests of the file and HTTP transports share: a real log on disk behind a valve.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::{future::Future, path::Path, pin::Pin, sync::Arc, time::Duration};

use ioc_bus::{
    AppendError, Batch, Bell, Bounds, Bus, Chunk, Durable, Health, LogId, ReadError, SharedBus,
    disk::{DiskLog, DiskLogConfig},
};
use ioc_model::{
    envelope::Content,
    position::{LogNumber, Offset, Partition, Position},
};
use tokio::sync::watch;

/// What the valve lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Valve {
    /// Everything.
    Open,
    /// Chunks reach the disk, but nobody is told so.
    Untold,
    /// Chunks wait in line, as with a full disk.
    Full,
    /// Chunks are refused.
    Poisoned,
}

/// A log behind a valve.
#[derive(Debug)]
pub struct ValvedBus {
    log: SharedBus,
    valve: watch::Receiver<Valve>,
}

impl ValvedBus {
    /// A valve before that log.
    pub fn before(log: SharedBus, valve: Valve) -> (SharedBus, watch::Sender<Valve>) {
        let (turn, valve) = watch::channel(valve);
        (Arc::new(ValvedBus { log, valve }), turn)
    }
}

fn poisoned(partition: Partition) -> AppendError {
    AppendError::Poisoned { partition, cause: "a test".to_owned() }
}

impl Bus for ValvedBus {
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
        Box::pin(async move {
            let mut valve = self.valve.clone();
            let state =
                *valve.wait_for(|valve| *valve != Valve::Full).await.map_err(|_| AppendError::Closed)?;
            if state == Valve::Poisoned {
                return Err(poisoned(partition));
            }
            let durable = self.log.append(partition, chunk).await?;
            let told: Durable = Box::pin(async move {
                let appended = durable.await;
                let _open =
                    valve.wait_for(|valve| *valve != Valve::Untold).await.map_err(|_| AppendError::Closed)?;
                appended
            });
            Ok(told)
        })
    }
    fn read(
        &self,
        partition: Partition,
        from: Offset,
        to: Option<Offset>,
        max: usize,
    ) -> Result<Batch, ReadError> {
        self.log.read(partition, from, to, max)
    }
    fn bounds(&self, partition: Partition) -> Bounds {
        self.log.bounds(partition)
    }
    fn bell(&self) -> &Arc<Bell> {
        self.log.bell()
    }
    fn release(&self, partition: Partition, before: Offset) {
        self.log.release(partition, before);
    }
    fn health(&self) -> Health {
        match *self.valve.borrow() {
            Valve::Poisoned => Health::Poisoned { cause: "a test".to_owned() },
            _ => self.log.health(),
        }
    }
}

/// An envelope read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub position: Position,
    pub feed: String,
    pub content: Content,
    pub address: String,
    pub payload: Vec<u8>,
    /// What is known of it, by words.
    pub known: Vec<(String, String)>,
}

impl Stored {
    pub fn knows(&self, word: &str) -> Option<&str> {
        self.known.iter().find(|(known, _)| known == word).map(|(_, text)| text.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.payload).unwrap()
    }
}

/// A real log in that folder.
pub fn open_log(folder: &Path) -> SharedBus {
    let config = DiskLogConfig {
        folder: folder.to_owned(),
        segment_bytes: 1 << 20,
        max_log_bytes: 1 << 30,
        ..DiskLogConfig::default()
    };
    Arc::new(DiskLog::open(&config).unwrap())
}

/// Everything durable in the log, partition by partition.
pub fn stored(log: &SharedBus) -> Vec<Stored> {
    let mut all = Vec::new();
    for partition in (0..log.partitions()).map(Partition) {
        let mut from = log.bounds(partition).start;
        loop {
            let batch = log.read(partition, from, None, 1 << 20).unwrap();
            for (base, chunk) in &batch.chunks {
                all.extend(chunk.iter(LogNumber(7), partition, *base).map(|envelope| Stored {
                    position: envelope.position,
                    feed: envelope.feed.to_owned(),
                    content: envelope.content,
                    address: envelope.address.to_owned(),
                    payload: envelope.payload.to_vec(),
                    known: envelope.attributes.iter().map(|(word, text)| (word, text.to_owned())).collect(),
                }));
            }
            if batch.chunks.is_empty() {
                break;
            }
            from = batch.next;
        }
    }
    all
}

/// How many chunks the log holds.
pub fn chunks(log: &SharedBus) -> usize {
    let read =
        |partition| log.read(partition, log.bounds(partition).start, None, usize::MAX).unwrap().chunks.len();
    (0..log.partitions()).map(Partition).map(read).sum()
}

/// Waits until something is so; gives up after a long time, naming it.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came: {what}");
}
