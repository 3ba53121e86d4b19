//! Takes raw envelopes out of the archive: a feed's, of a time.

use std::io::Write;

use ioc_model::{
    position::{LogNumber, Partition},
    time::ReceivedAt,
};
use parquet::file::properties::WriterProperties;
use parquet::{arrow::ArrowWriter, basic::Compression, basic::ZstdLevel, errors::ParquetError};

use super::{
    Archive,
    columns::{ArchivedEnvelope, Gathered, SCHEMA},
    error::ArchiveError,
    reader,
    record::FileRecord,
};

const BATCH_BYTES: usize = 1 << 20;
const BATCH_ROWS: usize = 8192;
const ROW_GROUP_BYTES: usize = 32 << 20;

impl Archive {
    /// The files that hold envelopes of a feed that arrived in `[from, to)`, in order of arrival for each partition.
    ///
    /// # Errors
    /// If a record cannot be read.
    pub fn files_of(
        &self,
        feed: &str,
        from: ReceivedAt,
        to: ReceivedAt,
    ) -> Result<Vec<FileRecord>, ArchiveError> {
        let mut files = Vec::new();
        for span in self.spans() {
            let record = self.record(span)?;
            let wanted = |file: &FileRecord| {
                file.feed == feed && file.first_received < to && file.last_received >= from
            };
            files.extend(record.files.into_iter().filter(wanted));
        }
        Ok(files)
    }

    /// Hands over all envelopes of a file, some at a time, if the file is what was archived.
    ///
    /// # Errors
    /// If it is not, or cannot be read, or whoever takes them says so.
    pub fn scan(
        &self,
        file: &FileRecord,
        take: impl FnMut(Vec<ArchivedEnvelope>) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let (path, opened) = self.verified.open(&self.folder, file)?;
        reader::scan(&path, opened, take)
    }
}

/// Writes envelopes into one Parquet file with the archive's columns.
#[derive(Debug)]
pub struct RawExport<W: Write + Send> {
    writer: ArrowWriter<W>,
    gathered: Gathered,
    feed: String,
    lies_in: (LogNumber, Partition),
}

impl<W: Write + Send> RawExport<W> {
    /// An empty file of a feed.
    ///
    /// # Errors
    /// If nothing can be written there.
    pub fn new(into: W, feed: &str) -> Result<RawExport<W>, ArchiveError> {
        let level = ZstdLevel::try_new(3).map_err(output)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(None);
        let writer = ArrowWriter::try_new(into, SCHEMA.clone(), Some(properties.build())).map_err(output)?;
        let lies_in = (LogNumber(0), Partition(0));
        Ok(RawExport { writer, gathered: Gathered::default(), feed: feed.to_owned(), lies_in })
    }

    /// Adds an envelope of the feed.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn push(&mut self, envelope: &ArchivedEnvelope) -> Result<(), ArchiveError> {
        let lies_in = (envelope.position.log, envelope.position.partition);
        if lies_in != self.lies_in
            || self.gathered.bytes() >= BATCH_BYTES
            || self.gathered.len() >= BATCH_ROWS
        {
            self.encode()?;
            self.lies_in = lies_in;
        }
        self.gathered.push(&envelope.envelope());
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self) -> Result<W, ArchiveError> {
        self.encode()?;
        self.writer.into_inner().map_err(output)
    }

    fn encode(&mut self) -> Result<(), ArchiveError> {
        if self.gathered.len() == 0 {
            return Ok(());
        }
        let batch = self.gathered.take(self.lies_in.0, self.lies_in.1, &self.feed);
        self.writer.write(&batch).map_err(output)?;
        if self.writer.in_progress_size() >= ROW_GROUP_BYTES {
            self.writer.flush().map_err(output)?;
        }
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn output(error: ParquetError) -> ArchiveError {
    ArchiveError::Output(error.to_string())
}
