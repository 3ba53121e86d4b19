//! The bytes as they came: from the log while it keeps them, from the archive afterwards.

use std::{pin::Pin, sync::Arc};

use ioc_bus::{ReadError, SharedBus};
use ioc_dashboards::{HistoryError, Original, Originals, history::HistoryAnswer, originals::Kept};
use ioc_model::{
    asker::Asker,
    envelope::Envelope,
    position::{LogNumber, Position},
};
use ioc_storage::archive::{Archive, ArchiveError};

/// What an archive finds, later.
pub type FoundOriginal<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Original>, HistoryError>> + Send + 'a>>;

/// Finds archived envelopes.
pub trait ArchiveReader: Send + Sync + std::fmt::Debug {
    /// The envelope at a position of any log; none where the archive does not have it.
    fn find(&self, position: Position) -> FoundOriginal<'_>;
}

impl ArchiveReader for Archive {
    fn find(&self, position: Position) -> FoundOriginal<'_> {
        let archive = self.clone();
        let read = tokio::task::spawn_blocking(move || Archive::find(&archive, position));
        Box::pin(async move {
            let found = read.await.map_err(|error| HistoryError::Refused(error.to_string()))?;
            let found = found.map_err(|error| match error {
                // A disk that does not answer now may do so later; what is not what was archived stays so.
                ArchiveError::Io { .. } => HistoryError::Away(error.to_string()),
                error => HistoryError::Refused(error.to_string()),
            })?;
            Ok(found.map(|(envelope, file)| Original {
                attributes: attributes(&envelope.envelope()),
                feed: envelope.feed,
                address: envelope.address,
                received_at: envelope.received_at,
                content: envelope.content,
                payload: envelope.payload.into(),
                kept: Kept::Archive(file),
            }))
        })
    }
}

/// The log, then the archive.
#[derive(Debug)]
pub struct LogThenArchive {
    bus: SharedBus,
    log: LogNumber,
    archive: Option<Arc<dyn ArchiveReader>>,
}

impl LogThenArchive {
    /// Originals of that log, and of all that an archive holds.
    #[must_use]
    pub fn new(bus: SharedBus, log: LogNumber, archive: Option<Arc<dyn ArchiveReader>>) -> LogThenArchive {
        LogThenArchive { bus, log, archive }
    }

    /// The envelope at a position, whoever asks.
    ///
    /// # Errors
    /// If log or archive do not answer, or hold something else.
    pub async fn find(&self, position: Position) -> Result<Option<Original>, HistoryError> {
        if position.log == self.log {
            let (bus, log) = (self.bus.clone(), self.log);
            let read = tokio::task::spawn_blocking(move || on_log(&bus, log, position));
            let found = read.await.map_err(|error| HistoryError::Refused(error.to_string()))?;
            if let Some(original) = found? {
                return Ok(Some(original));
            }
        }
        match &self.archive {
            Some(archive) => archive.find(position).await,
            None => Ok(None),
        }
    }
}

impl Originals for LogThenArchive {
    fn open<'a>(&'a self, asker: &'a Asker, position: Position) -> HistoryAnswer<'a, Option<Original>> {
        // Whose it is the envelope says itself, wherever it lies.
        Box::pin(async move { Ok(self.find(position).await?.filter(|found| asker.sees_feed(&found.feed))) })
    }
}

/// An envelope the log holds.
fn on_log(bus: &SharedBus, log: LogNumber, position: Position) -> Result<Option<Original>, HistoryError> {
    let Position { partition, offset, .. } = position;
    // The bus panics on a partition that it does not have: positions come from whoever asks.
    if partition.0 >= bus.partitions() {
        return Ok(None);
    }
    let bounds = bus.bounds(partition);
    if offset < bounds.start || offset >= bounds.end {
        return Ok(None);
    }
    let batch = match bus.read(partition, offset, None, 1) {
        Ok(batch) => batch,
        // Let go of in between.
        Err(ReadError::Released { .. }) => return Ok(None),
        Err(error @ ReadError::Io(_)) => return Err(HistoryError::Away(error.to_string())),
        Err(error) => return Err(HistoryError::Refused(error.to_string())),
    };
    let envelopes = batch.chunks.iter().flat_map(|(base, chunk)| chunk.iter(log, partition, *base));
    let found = envelopes.into_iter().find(|envelope| envelope.position.offset == offset);
    Ok(found.map(|envelope| original(&envelope)))
}

fn attributes(envelope: &Envelope<'_>) -> Vec<(String, String)> {
    envelope.attributes.iter().map(|(word, text)| (word, text.to_owned())).collect()
}

fn original(envelope: &Envelope<'_>) -> Original {
    Original {
        feed: envelope.feed.to_owned(),
        address: envelope.address.to_owned(),
        received_at: envelope.received_at,
        content: envelope.content,
        attributes: attributes(envelope),
        payload: envelope.payload.to_vec().into(),
        kept: Kept::Log,
    }
}

#[cfg(test)]
mod tests {
    use ioc_bus::{
        Bus, ChunkBuilder,
        disk::{DiskLog, DiskLogConfig},
    };
    use ioc_model::{
        asker::Sight,
        envelope::Content,
        position::{Offset, Partition},
        time::ReceivedAt,
    };

    use super::*;

    fn at(log: u16, partition: u16, offset: u64) -> Position {
        Position { log: LogNumber(log), partition: Partition(partition), offset: Offset(offset) }
    }

    #[derive(Debug)]
    struct Shelf(Original);

    impl ArchiveReader for Shelf {
        fn find(&self, position: Position) -> FoundOriginal<'_> {
            let found = (position == at(1, 0, 7)).then(|| self.0.clone());
            Box::pin(std::future::ready(Ok(found)))
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_envelope_inside_of_a_chunk_is_found_and_one_of_another_log_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let config =
            DiskLogConfig { folder: folder.path().join("bus"), partitions: 2, ..DiskLogConfig::default() };
        let bus = Arc::new(DiskLog::open(&config).unwrap());
        for chunk in 0..3 {
            let mut builder = ChunkBuilder::new();
            for envelope in 0..4 {
                let payload = format!("{chunk}.{envelope}");
                builder.push("air", Content::Raw, "test/topic", payload.as_bytes());
            }
            let durable = bus.append(Partition(0), builder.finish(ReceivedAt(1_000 + chunk))).await.unwrap();
            let _ = durable.await.unwrap();
        }
        let log = LogThenArchive::new(bus.clone(), LogNumber(1), None);
        let all = Asker::everyone();
        for offset in 0..12 {
            let found = log.open(&all, at(1, 0, offset)).await.unwrap().unwrap();
            let expected = format!("{}.{}", offset / 4, offset % 4);
            assert_eq!(found.payload, expected.as_bytes());
            assert_eq!((found.feed.as_str(), found.address.as_str()), ("air", "test/topic"));
            assert_eq!(found.kept, Kept::Log);
        }
        for nowhere in [at(1, 0, 12), at(1, 0, u64::MAX), at(1, 1, 0), at(1, 2, 0), at(1, 9, 0), at(2, 0, 0)]
        {
            assert_eq!(log.open(&all, nowhere).await.unwrap(), None, "{nowhere}");
        }

        let kept = Original {
            kept: Kept::Archive("feed=air/a.parquet".into()),
            ..log.open(&all, at(1, 0, 7)).await.unwrap().unwrap()
        };
        let old_log = LogThenArchive::new(bus, LogNumber(5), Some(Arc::new(Shelf(kept.clone()))));
        let of_feed = |feed| Asker::of(Sight::default().and_feeds([feed]));
        let (water, air) = (of_feed("water"), of_feed("air"));
        for store in [&log, &old_log] {
            assert_eq!(store.open(&water, at(1, 0, 7)).await.unwrap(), None, "another agency's message");
            assert!(store.open(&air, at(1, 0, 7)).await.unwrap().is_some());
        }
        assert_eq!(old_log.open(&all, at(1, 0, 7)).await.unwrap(), Some(kept));
        assert_eq!(old_log.open(&all, at(1, 0, 6)).await.unwrap(), None);
    }
}
