//! The disk log as a [`Bus`].

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use ioc_model::position::{Offset, Partition};

use super::{
    budget::Budget,
    chain::{ChainSettings, Retain, Run},
    committer::Committer,
    config::DiskLogConfig,
    file_system::{FileSystem, Lock, machine_files},
    identity::{Kind, open_folder, partition_folder},
    lock,
    open_error::OpenError,
    partition::DiskPartition,
    recovery::{create_chain, open_chain},
};
use crate::{AppendError, Batch, Bell, Bounds, Bus, Chunk, ChunkView, Durable, Health, LogId, ReadError};

/// The embedded log. Closed when dropped: what is in line is committed first, if there is room.
#[derive(Debug)]
pub struct DiskLog {
    id: LogId,
    partitions: Vec<Arc<DiskPartition>>,
    committers: Mutex<Vec<JoinHandle<()>>>,
    budget: Arc<Budget>,
    durable: Arc<Bell>,
    room: Arc<Bell>,
    _lock: Box<dyn Lock>,
}

impl DiskLog {
    /// Opens the log in the configured folder, or makes a new one there, and starts its committers.
    ///
    /// # Errors
    /// If another process has it open, if acknowledged bytes are damaged or missing, if a setting cannot work, or if
    /// the system refuses.
    pub fn open(config: &DiskLogConfig) -> Result<DiskLog, OpenError> {
        DiskLog::open_on(&machine_files(), config)
    }

    pub(crate) fn open_on(files: &Arc<dyn FileSystem>, config: &DiskLogConfig) -> Result<DiskLog, OpenError> {
        config.check()?;
        let budget = Arc::new(Budget::new(config.max_log_bytes));
        let settings = |log, partition| ChainSettings {
            files: files.clone(),
            log,
            partition,
            folder: partition_folder(&config.folder, partition),
            segment_bytes: config.segment_bytes,
            index_bytes: config.index_bytes,
            budget: budget.clone(),
            leaves_room: true,
            retain: Retain { bytes: config.retain_bytes, age: config.retain_age_ms.0 },
        };
        let (identity, folder_lock) =
            open_folder(files, &config.folder, Kind::Envelopes, config.partitions, |log, partition| {
                create_chain(&settings(log, partition))
            })?;
        let chains = (0..identity.partitions)
            .map(|partition| open_chain(settings(identity.id, partition)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut log = DiskLog {
            id: identity.id,
            partitions: Vec::new(),
            committers: Mutex::default(),
            budget: budget.clone(),
            durable: Arc::default(),
            room: Arc::default(),
            _lock: folder_lock,
        };
        for (number, (chain, writer)) in chains.into_iter().enumerate() {
            let number = number as u16;
            let (partition, orders) = DiskPartition::new(number, chain, config.queue_bytes);
            let partition = Arc::new(partition);
            log.partitions.push(partition.clone());
            let committer = Committer {
                partition,
                writer,
                orders,
                group_bytes: config.most_group_bytes(),
                left_over: None,
                durable: log.durable.clone(),
                room: log.room.clone(),
            };
            let thread = std::thread::Builder::new()
                .name(format!("commit-{number}"))
                .spawn(move || committer.run())
                .map_err(OpenError::io("starting a committer for", &config.folder))?;
            lock(&log.committers).push(thread);
        }
        Ok(log)
    }

    /// Takes no more chunks and waits until those in line are durable; with a full disk or a poisoned partition they
    /// are refused instead. Reading goes on. Closing again does nothing.
    pub fn close(&self) {
        for partition in &self.partitions {
            partition.close();
        }
        self.room.ring();
        let committers = std::mem::take(&mut *lock(&self.committers));
        for committer in committers {
            if committer.join().is_err() {
                tracing::error!("a committer panicked");
            }
        }
    }

    /// Reads all that is durable, checks every byte of it, and says how many frames it is.
    #[cfg(test)]
    pub(crate) fn verify(&self) -> Result<u64, ReadError> {
        let verified = self.partitions.iter().map(|partition| partition.chain.verify());
        verified.sum()
    }

    /// Bytes its files take, room reserved for what is to come included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.budget.used()
    }

    fn partition(&self, number: Partition) -> &Arc<DiskPartition> {
        let count = self.partitions.len();
        self.partitions
            .get(usize::from(number.0))
            .unwrap_or_else(|| panic!("partition {} of a log with {count} partitions", number.0))
    }
}

impl Bus for DiskLog {
    fn log_id(&self) -> LogId {
        self.id
    }

    fn partitions(&self) -> u16 {
        self.partitions.len() as u16
    }

    fn append(
        &self,
        partition: Partition,
        chunk: Chunk,
    ) -> Pin<Box<dyn Future<Output = Result<Durable, AppendError>> + Send + '_>> {
        Box::pin(self.partition(partition).append(chunk))
    }

    fn read(
        &self,
        partition: Partition,
        from: Offset,
        to: Option<Offset>,
        max_bytes: usize,
    ) -> Result<Batch, ReadError> {
        let chain = &self.partition(partition).chain;
        let Run { entries, next } = chain.read(from.0, to.map_or(u64::MAX, |to| to.0), max_bytes)?;
        let start = entries.first().map_or(from, |first| Offset(first.base));
        let mut chunks = Vec::with_capacity(entries.len());
        for entry in entries {
            let corrupt = |what: String| ReadError::Corrupt {
                file: chain.settings.folder.display().to_string(),
                at: 0,
                what: format!("the chunk of offset {}: {what}", entry.base),
            };
            let chunk = ChunkView::parse(entry.bytes.clone()).map_err(|error| corrupt(error.to_string()))?;
            if chunk.envelopes() != entry.count {
                return Err(corrupt(format!("{} envelopes instead of {}", chunk.envelopes(), entry.count)));
            }
            chunks.push((Offset(entry.base), chunk));
        }
        Ok(Batch { partition, from: start, next: Offset(next), chunks })
    }

    fn bounds(&self, partition: Partition) -> Bounds {
        let chain = &self.partition(partition).chain;
        Bounds { start: Offset(chain.start()), end: Offset(chain.next()) }
    }

    fn bell(&self) -> &Arc<Bell> {
        &self.durable
    }

    fn release(&self, partition: Partition, before: Offset) {
        if let Err(error) = self.partition(partition).chain.release(before.0) {
            tracing::warn!(partition = partition.0, %error, "cannot remove released segments");
        }
        self.room.ring();
    }

    fn health(&self) -> Health {
        if let Some(cause) = self.partitions.iter().find_map(|partition| partition.poisoned()) {
            return Health::Poisoned { cause: cause.to_owned() };
        }
        match self.partitions.iter().find_map(|partition| partition.full()) {
            Some(what) => Health::Full { what },
            None => Health::Writing,
        }
    }
}

impl Drop for DiskLog {
    fn drop(&mut self) {
        self.close();
    }
}
