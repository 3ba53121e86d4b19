//! Reads archived files: all of one, or the one envelope that is asked for.
//!
//! A file is believed only when its bytes have the hash that its pass recorded: a torn or altered one is an error
//! that names it, never a wrong answer. Hashing reads it once; that it was done is remembered for as long as the
//! file's identity, length and time stay, so opening many envelopes of one file hashes it once. Then only the row
//! groups whose offsets can hold the envelope are looked at, and of those the payload's pages that hold it.

use std::{
    collections::VecDeque,
    fs::File,
    io::{Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use arrow_array::{Array, BooleanArray, RecordBatch, UInt64Array};
use arrow_schema::ArrowError;
use ioc_model::position::Offset;
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ArrowPredicateFn, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowFilter},
    },
    file::{
        metadata::{PageIndexPolicy, RowGroupMetaData},
        statistics::Statistics,
    },
};

use super::{
    columns::{ArchivedEnvelope, OFFSET, envelopes},
    error::ArchiveError,
    folder::{Folder, inside},
    record::FileRecord,
    writer::sha256_of,
};

/// How many files are remembered as whole.
const REMEMBERED: usize = 256;
const ROWS_AT_ONCE: usize = 1024;

/// A file as it was when its hash was right.
#[derive(Clone, Debug, PartialEq, Eq)]
struct VerifiedFile {
    path: PathBuf,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

/// Files whose hash was right.
#[derive(Debug, Default)]
pub(super) struct Verified(Mutex<VecDeque<VerifiedFile>>);

impl Verified {
    /// Opens a file of the archive if it is what was archived.
    pub(super) fn open(&self, folder: &Folder, record: &FileRecord) -> Result<(PathBuf, File), ArchiveError> {
        let altered = |path: &Path, what: String| ArchiveError::Altered { path: path.to_owned(), what };
        let Some(relative) = inside(&record.path) else {
            return Err(altered(Path::new(&record.path), "it lies outside of the archive".to_owned()));
        };
        let path = folder.root().join(relative);
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(altered(&path, "it is gone".to_owned()));
            }
            opened => opened.map_err(ArchiveError::io("open", &path))?,
        };
        let metadata = file.metadata().map_err(ArchiveError::io("open", &path))?;
        let found = VerifiedFile {
            path: path.clone(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        };
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&found);
        if !known {
            let (sha256, bytes) = sha256_of(&path, &mut file)?;
            if bytes != record.bytes {
                return Err(altered(&path, format!("it has {bytes} bytes instead of {}", record.bytes)));
            }
            if sha256 != record.sha256 {
                return Err(altered(&path, format!("its sha256 is {sha256} instead of {}", record.sha256)));
            }
            let _ = file.seek(SeekFrom::Start(0)).map_err(ArchiveError::io("read", &path))?;
            let mut whole = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if whole.len() >= REMEMBERED {
                let _ = whole.pop_front();
            }
            whole.push_back(found);
        }
        Ok((path, file))
    }
}

/// The envelope of that offset, if the file holds it.
pub(super) fn find(
    path: &Path,
    file: File,
    offset: Offset,
) -> Result<Option<ArchivedEnvelope>, ArchiveError> {
    let failed = ArchiveError::parquet(path);
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let builder = match ParquetRecordBatchReaderBuilder::try_new_with_options(file, options) {
        Ok(builder) => builder,
        Err(error) => return Err(failed(error)),
    };
    let groups: Vec<usize> = builder
        .metadata()
        .row_groups()
        .iter()
        .enumerate()
        .filter(|(_, group)| can_hold(group, offset))
        .map(|(index, _)| index)
        .collect();
    let only_offset = ProjectionMask::leaves(builder.parquet_schema(), [OFFSET]);
    let is_it = ArrowPredicateFn::new(only_offset, move |batch: RecordBatch| {
        let offsets: &UInt64Array = batch
            .column(0)
            .as_any()
            .downcast_ref()
            .ok_or_else(|| ArrowError::SchemaError("offset is no UInt64".to_owned()))?;
        Ok(offsets.values().iter().map(|held| Some(*held == offset.0)).collect::<BooleanArray>())
    });
    let reader = builder
        .with_row_groups(groups)
        .with_row_filter(RowFilter::new(vec![Box::new(is_it)]))
        .with_batch_size(ROWS_AT_ONCE)
        .build();
    let reader = match reader {
        Ok(reader) => reader,
        Err(error) => return Err(failed(error)),
    };
    for batch in reader {
        let found = rows(path, batch)?.into_iter().find(|envelope| envelope.position.offset == offset);
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Hands over all envelopes of a file, some at a time.
pub(super) fn scan(
    path: &Path,
    file: File,
    mut take: impl FnMut(Vec<ArchivedEnvelope>) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.with_batch_size(ROWS_AT_ONCE).build())
        .map_err(ArchiveError::parquet(path))?;
    for batch in reader {
        take(rows(path, batch)?)?;
    }
    Ok(())
}

fn rows(path: &Path, batch: Result<RecordBatch, ArrowError>) -> Result<Vec<ArchivedEnvelope>, ArchiveError> {
    let unreadable = |what: String| ArchiveError::Unreadable { path: path.to_owned(), what };
    let batch = batch.map_err(|error| unreadable(error.to_string()))?;
    envelopes(&batch).ok_or_else(|| unreadable("it does not have the archive's columns".to_owned()))
}

/// Whether the row group's statistics allow the offset; yes if it has none.
fn can_hold(group: &RowGroupMetaData, offset: Offset) -> bool {
    match group.column(OFFSET).statistics() {
        Some(Statistics::Int64(offsets)) => match (offsets.min_opt(), offsets.max_opt()) {
            // Unsigned numbers stored in signed ones.
            (Some(min), Some(max)) => (min.cast_unsigned()..=max.cast_unsigned()).contains(&offset.0),
            _ => true,
        },
        _ => true,
    }
}
