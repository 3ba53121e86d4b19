//! The files of one pass, one for each feed and local day of arrival, written beside their place.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use ioc_bus::{ChunkView, LogId};
use ioc_model::{
    calendar::{Calendar, DayNumber},
    envelope::Envelope,
    position::{LogNumber, Offset, Partition},
    time::{EventTime, ReceivedAt},
};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, Encoding, ZstdLevel},
    errors::ParquetError,
    file::{metadata::KeyValue, properties::WriterProperties},
    schema::types::ColumnPath,
};
use sha2::{Digest, Sha256};

use super::{
    columns::{Gathered, SCHEMA},
    error::ArchiveError,
    record::FileRecord,
};

/// What a row group takes, about: one is what a reader must unpack at least in part.
const ROW_GROUP_BYTES: usize = 8 << 20;
/// What is handed to the encoder at once.
const BATCH_BYTES: usize = 1 << 20;
const BATCH_ROWS: usize = 8192;
/// Archiving shares the machine with everything else: at level 3 it took a seventh of the process under full load.
const ZSTD_LEVEL: i32 = 1;

/// A file that counts and hashes what goes into it.
#[derive(Debug)]
struct Witnessed {
    file: File,
    hash: Sha256,
    bytes: u64,
    /// What the system said, which Parquet's errors do not always carry.
    refused: Option<io::ErrorKind>,
}

impl Write for Witnessed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match no_room().and_then(|()| self.file.write(buffer)) {
            Ok(written) => {
                self.hash.update(&buffer[..written]);
                self.bytes += written as u64;
                Ok(written)
            }
            Err(error) => {
                self.refused = Some(error.kind());
                Err(error)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Stopping point: a disk without room.
fn no_room() -> io::Result<()> {
    fail::fail_point!("archive_no_room", |_| Err(io::ErrorKind::StorageFull.into()));
    Ok(())
}

struct Open {
    unfinished: PathBuf,
    writer: ArrowWriter<Witnessed>,
    gathered: Gathered,
    feed: String,
    day: String,
    offset_from: Offset,
    offset_to: Offset,
    envelopes: u64,
    first_received: ReceivedAt,
    last_received: ReceivedAt,
}

/// A file that is written and durable but not in its place.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) unfinished: PathBuf,
    /// All but its path, which needs the whole span.
    pub(super) record: FileRecord,
}

/// The files of one pass over a partition.
pub(super) struct PassFiles<'a> {
    folder: PathBuf,
    log: LogNumber,
    log_id: LogId,
    partition: Partition,
    calendar: &'a Calendar,
    open: BTreeMap<(String, DayNumber), Open>,
    last: Option<(String, DayNumber)>,
}

impl<'a> PassFiles<'a> {
    /// None yet; they will be written into that folder.
    pub(super) fn new(
        folder: PathBuf,
        (log, log_id): (LogNumber, LogId),
        partition: Partition,
        calendar: &'a Calendar,
    ) -> PassFiles<'a> {
        PassFiles { folder, log, log_id, partition, calendar, open: BTreeMap::new(), last: None }
    }

    /// How many files there would be with that chunk.
    pub(super) fn count_with(&self, base: Offset, chunk: &ChunkView) -> Result<usize, ArchiveError> {
        let day = self.day_of(base, chunk.received_at())?;
        let new = chunk.counts().filter(|(feed, _)| !self.open.contains_key(&((*feed).to_owned(), day)));
        Ok(self.open.len() + new.count())
    }

    /// Adds a chunk's envelopes.
    pub(super) fn push(&mut self, base: Offset, chunk: &ChunkView) -> Result<(), ArchiveError> {
        let day = self.day_of(base, chunk.received_at())?;
        for envelope in chunk.iter(self.log, self.partition, base) {
            // Mostly one feed after another: no key is made for each envelope.
            let key = match self.last.take() {
                Some(last) if last.0 == envelope.feed && last.1 == day => last,
                _ => (envelope.feed.to_owned(), day),
            };
            if !self.open.contains_key(&key) {
                let file = self.begin(&key.0, day, &envelope)?;
                let _ = self.open.insert(key.clone(), file);
            }
            if let Some(file) = self.open.get_mut(&key) {
                file.push(&envelope, self.log, self.partition)?;
            }
            self.last = Some(key);
        }
        Ok(())
    }

    /// Ends all files; each one's bytes are durable when this returns.
    pub(super) fn finish(self) -> Result<Vec<Written>, ArchiveError> {
        let (log, partition) = (self.log, self.partition);
        self.open.into_values().map(|file| file.finish(log, partition)).collect()
    }

    fn day_of(&self, offset: Offset, received_at: ReceivedAt) -> Result<DayNumber, ArchiveError> {
        let day = self.calendar.day_of(EventTime(received_at.0));
        day.map(|day| day.number).ok_or(ArchiveError::NoDay { offset, received_at: received_at.0 })
    }

    fn begin(&self, feed: &str, day: DayNumber, first: &Envelope<'_>) -> Result<Open, ArchiveError> {
        let no_day = ArchiveError::NoDay { offset: first.position.offset, received_at: first.received_at.0 };
        let day = Calendar::date(day).ok_or(no_day)?.to_string();
        let unfinished = self.folder.join(format!("{}.parquet", self.open.len()));
        let file = File::create(&unfinished).map_err(ArchiveError::io("make", &unfinished))?;
        let about = [
            ("ioc.version", "1".to_owned()),
            ("ioc.log_id", self.log_id.to_string()),
            ("ioc.log", self.log.0.to_string()),
            ("ioc.partition", self.partition.0.to_string()),
            ("ioc.feed", feed.to_owned()),
            ("ioc.day", day.clone()),
        ];
        let witnessed = Witnessed { file, hash: Sha256::new(), bytes: 0, refused: None };
        let writer = ArrowWriter::try_new(witnessed, SCHEMA.clone(), Some(properties(&about)))
            .map_err(ArchiveError::parquet(&unfinished))?;
        Ok(Open {
            unfinished,
            writer,
            gathered: Gathered::default(),
            feed: feed.to_owned(),
            day,
            offset_from: first.position.offset,
            offset_to: first.position.offset,
            envelopes: 0,
            first_received: first.received_at,
            last_received: first.received_at,
        })
    }
}

impl Open {
    fn push(
        &mut self,
        envelope: &Envelope<'_>,
        log: LogNumber,
        partition: Partition,
    ) -> Result<(), ArchiveError> {
        self.gathered.push(envelope);
        self.offset_to = Offset(envelope.position.offset.0 + 1);
        self.last_received = envelope.received_at;
        self.envelopes += 1;
        if self.gathered.bytes() >= BATCH_BYTES || self.gathered.len() >= BATCH_ROWS {
            self.encode(log, partition)?;
        }
        Ok(())
    }

    fn encode(&mut self, log: LogNumber, partition: Partition) -> Result<(), ArchiveError> {
        let batch = self.gathered.take(log, partition, &self.feed);
        let mut write = || {
            self.writer.write(&batch)?;
            if self.writer.in_progress_size() >= ROW_GROUP_BYTES { self.writer.flush() } else { Ok(()) }
        };
        write().map_err(|error| self.failed(error))
    }

    fn failed(&self, error: ParquetError) -> ArchiveError {
        let path = self.unfinished.clone();
        match self.writer.inner().refused {
            Some(kind) => ArchiveError::Io { doing: "write", path, error: kind.into() },
            None => ArchiveError::Parquet { path, error },
        }
    }

    fn finish(mut self, log: LogNumber, partition: Partition) -> Result<Written, ArchiveError> {
        self.encode(log, partition)?;
        if let Err(error) = self.writer.finish() {
            return Err(self.failed(error));
        }
        let Witnessed { file, hash, bytes, .. } = self.writer.inner();
        file.sync_all().map_err(ArchiveError::io("sync", &self.unfinished))?;
        let record = FileRecord {
            path: String::new(),
            feed: self.feed,
            day: self.day,
            offset_from: self.offset_from,
            offset_to: self.offset_to,
            envelopes: self.envelopes,
            bytes: *bytes,
            sha256: hex(&hash.clone().finalize()),
            first_received: self.first_received,
            last_received: self.last_received,
        };
        Ok(Written { unfinished: self.unfinished, record })
    }
}

fn properties(about: &[(&str, String)]) -> WriterProperties {
    let about = about.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone()));
    let column = |name: &str| ColumnPath::from(name);
    let level = ZstdLevel::try_new(ZSTD_LEVEL).expect("a level zstd has");
    WriterProperties::builder()
        .set_created_by(format!("ioc {}", env!("CARGO_PKG_VERSION")))
        .set_compression(Compression::ZSTD(level))
        // Row groups are cut by bytes, below.
        .set_max_row_group_row_count(None)
        .set_column_dictionary_enabled(column("offset"), false)
        .set_column_encoding(column("offset"), Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled(column("received_at"), false)
        .set_column_encoding(column("received_at"), Encoding::DELTA_BINARY_PACKED)
        // Hardly any two payloads are the same.
        .set_column_dictionary_enabled(column("payload"), false)
        .set_key_value_metadata(Some(about.collect()))
        .build()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of a file's bytes, in hexadecimal digits, and how many there are.
pub(super) fn sha256_of(path: &Path, file: &mut File) -> Result<(String, u64), ArchiveError> {
    let mut hash = Sha256::new();
    let bytes = io::copy(file, &mut hash).map_err(ArchiveError::io("read", path))?;
    Ok((hex(&hash.finalize()), bytes))
}
