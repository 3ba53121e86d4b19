//! Writes the archive: pass after pass, each done whole or not at all.
//!
//! Stopping points for crash tests (feature `failpoints`), in the order of a pass: `archive_before_files`,
//! `archive_before_rename` (written and durable, not in place), `archive_after_rename` (in place, no record),
//! `archive_after_pass` (done, nobody told), and `archive_no_room`, a disk without room.

use std::{
    collections::HashSet,
    fs::{self, File, TryLockError},
    io,
    path::PathBuf,
    sync::PoisonError,
};

use ioc_bus::{Bus, Filler, Room, SharedBus};
use ioc_model::{
    calendar::Calendar,
    instance::InstanceId,
    position::{LogNumber, Offset, OffsetRange, Partition},
};
use serde::{Deserialize, Serialize};

use super::{
    Archive,
    error::ArchiveError,
    folder::{self, Folder, IDENTITY, create_durably, remove, sync_folder_of},
    record::{FileRecord, PassRecord},
    span::Span,
    writer::{PassFiles, Written},
};

const VERSION: u32 = 1;
/// What is read from the log at once.
const READ_BYTES: usize = 4 << 20;
/// Files open at once: feeds times days of one pass. A pass that would need more ends earlier.
const MOST_FILES: usize = 32;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    version: u32,
    instance: InstanceId,
}

/// The archive's folder, opened to write by this process alone.
#[derive(Debug)]
pub struct ArchiveFolder {
    archive: Archive,
    lock: File,
}

impl ArchiveFolder {
    /// Opens the folder of that instance, making it if it is not there.
    ///
    /// # Errors
    /// If it belongs to another instance, another process writes there, or its records cannot be read.
    pub fn open(root: PathBuf, instance: InstanceId) -> Result<ArchiveFolder, ArchiveError> {
        let folder = Folder::new(&root);
        folder.create()?;
        let path = root.join(IDENTITY);
        if !path.try_exists().map_err(ArchiveError::io("look at", &path))? {
            let identity = serde_json::to_vec_pretty(&Identity { version: VERSION, instance });
            folder.write_whole(&path, &identity.expect("an identity is plain data"))?;
        }
        let lock = File::open(&path).map_err(ArchiveError::io("open", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ArchiveError::InUse(root)),
            Err(TryLockError::Error(error)) => return Err(ArchiveError::Io { doing: "lock", path, error }),
        }
        let unreadable = |what: String| ArchiveError::Unreadable { path: path.clone(), what };
        let bytes = fs::read(&path).map_err(ArchiveError::io("read", &path))?;
        let identity: Identity =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if identity.version != VERSION {
            return Err(unreadable(format!(
                "it has version {}, this program writes {VERSION}",
                identity.version
            )));
        }
        if identity.instance != instance {
            return Err(ArchiveError::Foreign { path: root, found: identity.instance, expected: instance });
        }
        folder.clear_unfinished()?;
        Ok(ArchiveFolder { archive: Archive::load(folder)?, lock })
    }

    /// Whether a log still reaches as far as what was archived of it. To be asked before the first sender is let in:
    /// a log put back to an older state would give out offsets again that are archived (invariant ONCE).
    ///
    /// # Errors
    /// If it ends before that, or a record cannot be read.
    pub fn check_log(&self, bus: &dyn Bus) -> Result<(), ArchiveError> {
        for span in self.last_spans() {
            if self.archive.record(span)?.log_id != bus.log_id() {
                continue;
            }
            let end = (span.partition.0 < bus.partitions()).then(|| bus.bounds(span.partition).end);
            if end.is_none_or(|end| span.to > end) {
                return Err(ArchiveError::AheadOfLog {
                    partition: span.partition,
                    archived: span.to,
                    end: end.unwrap_or_default(),
                });
            }
        }
        Ok(())
    }

    /// The archiver of a log under the number it is registered with. Removes what a pass under way left over.
    ///
    /// # Errors
    /// If the archive holds that log under another number or another log under this one, or if left-overs cannot be
    /// removed.
    pub fn archiver(
        self,
        bus: SharedBus,
        log: LogNumber,
        calendar: Calendar,
    ) -> Result<Archiver, ArchiveError> {
        for span in self.last_spans() {
            let archived = self.archive.record(span)?;
            if (archived.log == log) != (archived.log_id == bus.log_id()) {
                return Err(ArchiveError::Renumbered {
                    archived_log: archived.log_id,
                    archived: archived.log,
                    registered_log: bus.log_id(),
                    registered: log,
                });
            }
        }
        let ArchiveFolder { archive, lock } = self;
        let mut archiver = Archiver { archive, bus, log, calendar, strays: 0, failed: false, _lock: lock };
        archiver.remove_left_overs()?;
        Ok(archiver)
    }

    fn last_spans(&self) -> Vec<Span> {
        self.archive.index(|index| index.last_spans().collect())
    }
}

/// Archives one log.
#[derive(Debug)]
pub struct Archiver {
    archive: Archive,
    bus: SharedBus,
    log: LogNumber,
    calendar: Calendar,
    strays: u64,
    /// The last attempt at a pass failed, and may have left something.
    failed: bool,
    _lock: File,
}

impl Archiver {
    /// The archive, for readers.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Everything of the log before this offset lies in the archive: the log may let go of it.
    #[must_use]
    pub fn archived(&self, partition: Partition) -> Offset {
        let start = self.bus.bounds(partition).start;
        self.archive.index(|index| index.archived(self.log, partition, start))
    }

    /// Offsets that neither the archive nor the log has any more: they passed while nothing was archived, or a
    /// record was removed by hand.
    #[must_use]
    pub fn missing(&self) -> u64 {
        let missing = |partition| {
            let partition = Partition(partition);
            let start = self.bus.bounds(partition).start;
            self.archive.index(|index| index.missing(self.log, partition, start))
        };
        (0..self.bus.partitions()).map(missing).sum()
    }

    /// Files in the archive's folders that no record names and the log could not give again.
    #[must_use]
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// Archives what of a partition is not archived yet, up to an offset that a committed epoch ended at, and about
    /// `max_bytes` of the log at most. None if there is nothing. Durable when it returns. `now` is the machine's
    /// clock, milliseconds since 1970.
    ///
    /// # Errors
    /// If the log cannot be read or a file not be written; nothing is archived then, and it may be tried again.
    pub fn pass(
        &mut self,
        partition: Partition,
        upto: Offset,
        max_bytes: usize,
        now: i64,
    ) -> Result<Option<PassRecord>, ArchiveError> {
        let from = self.archived(partition);
        let to = self.archive.index(|index| index.open_until(self.log, partition, from, upto));
        if to <= from {
            return Ok(None);
        }
        if self.failed {
            self.undo()?;
        }
        self.leaves_room()?;
        self.failed = true;
        step("archive_before_files", self.log, partition, from);
        let made = self.write(OffsetRange { partition, from, to }, max_bytes, now);
        if made.is_err() {
            // At once, for the room it takes, and so that readers do not find the same envelopes twice.
            self.undo()?;
        }
        let record = made?;
        self.failed = false;
        step("archive_after_pass", self.log, partition, from);
        Ok(record)
    }

    /// Nothing is begun that would take what the flow and the store still need.
    fn leaves_room(&self) -> Result<(), ArchiveError> {
        let root = self.archive.folder.root();
        let room = Room::of(root).map_err(ArchiveError::io("look for room beside", root))?;
        room.allows(0, Filler::Archive).map_err(|what| {
            ArchiveError::io("write into", root)(io::Error::new(io::ErrorKind::StorageFull, what))
        })
    }

    fn write(
        &self,
        range: OffsetRange,
        max_bytes: usize,
        now: i64,
    ) -> Result<Option<PassRecord>, ArchiveError> {
        let OffsetRange { partition, from, .. } = range;
        let folder = self.archive.folder.unfinished();
        let log_id = self.bus.log_id();
        let mut files = PassFiles::new(folder, (self.log, log_id), partition, &self.calendar);
        let (to, log_bytes) = self.gather(range, max_bytes, &mut files)?;
        if to <= from {
            return Ok(None);
        }
        let span = Span { log: self.log, partition, from, to };
        let written = files.finish()?;
        step("archive_before_rename", self.log, partition, from);
        let files = self.put_in_place(span, written)?;
        step("archive_after_rename", self.log, partition, from);
        let record = PassRecord::new(span, log_id, now, log_bytes, files);
        self.archive.folder.write_whole(&self.archive.folder.record(span), &record.encode())?;
        let added = self.archive.index.write().unwrap_or_else(PoisonError::into_inner).add(span);
        debug_assert!(added, "ONCE: no offset is archived twice");
        Ok(Some(record))
    }

    /// Reads from the log into the files. Returns where it ended and how many bytes it read.
    fn gather(
        &self,
        range: OffsetRange,
        max_bytes: usize,
        files: &mut PassFiles<'_>,
    ) -> Result<(Offset, u64), ArchiveError> {
        let OffsetRange { partition, from, to } = range;
        let (mut next, mut bytes) = (from, 0);
        while next < to && bytes < max_bytes {
            let batch = self.bus.read(partition, next, Some(to), READ_BYTES.min(max_bytes - bytes))?;
            if batch.next <= next {
                break;
            }
            for (base, chunk) in &batch.chunks {
                if next > from && files.count_with(*base, chunk)? > MOST_FILES {
                    return Ok((next, bytes as u64));
                }
                files.push(*base, chunk)?;
                bytes += chunk.bytes().len();
                next = Offset(base.0 + u64::from(chunk.envelopes()));
            }
            next = batch.next;
        }
        Ok((next, bytes as u64))
    }

    fn put_in_place(&self, span: Span, written: Vec<Written>) -> Result<Vec<FileRecord>, ArchiveError> {
        let root = self.archive.folder.root();
        let mut files = Vec::new();
        for Written { unfinished, mut record } in written {
            record.path = folder::relative_path(&record.feed, &record.day, span);
            let path = root.join(&record.path);
            if let Some(folder) = path.parent() {
                create_durably(folder)?;
            }
            fs::rename(&unfinished, &path).map_err(ArchiveError::io("move a file to", &path))?;
            sync_folder_of(&path)?;
            files.push(record);
        }
        Ok(files)
    }

    /// Removes what a failed attempt left: its record first, since it would name files that are gone.
    fn undo(&mut self) -> Result<(), ArchiveError> {
        let folder = &self.archive.folder;
        let done: HashSet<Span> = self.archive.spans().into_iter().collect();
        for span in folder.spans()?.into_iter().filter(|span| !done.contains(span)) {
            let record = folder.record(span);
            remove(&record)?;
            sync_folder_of(&record)?;
        }
        folder.clear_unfinished()?;
        self.remove_left_overs()
    }

    fn remove_left_overs(&mut self) -> Result<(), ArchiveError> {
        let recorded: HashSet<Span> = self.archive.spans().into_iter().collect();
        self.strays = 0;
        for (path, span) in
            self.archive.folder.files()?.into_iter().filter(|(_, span)| !recorded.contains(span))
        {
            if self.log_holds(&span) {
                tracing::info!(file = %path.display(), "removed a file of an unfinished pass");
                remove(&path)?;
            } else {
                tracing::error!(
                    file = %path.display(),
                    "no record of the archive names this file, and the log no longer holds what is in it: it is kept"
                );
                self.strays += 1;
            }
        }
        Ok(())
    }

    fn log_holds(&self, span: &Span) -> bool {
        let of_log = span.log == self.log && span.partition.0 < self.bus.partitions();
        of_log && {
            let bounds = self.bus.bounds(span.partition);
            bounds.start <= span.from && span.to <= bounds.end
        }
    }
}

/// Names a step of a pass. With the feature `failpoints` the step may be made to wait or fail, and the log says when
/// it was reached and when it was passed, so that a crash test can prove at which moment a process died.
fn step(name: &'static str, log: LogNumber, partition: Partition, from: Offset) {
    if cfg!(feature = "failpoints") {
        tracing::info!("reached {name} pass={}-{}-{}", log.0, partition.0, from.0);
    }
    fail::fail_point!(name, |_| std::process::abort());
    if cfg!(feature = "failpoints") {
        tracing::info!("passed {name} pass={}-{}-{}", log.0, partition.0, from.0);
    }
}
