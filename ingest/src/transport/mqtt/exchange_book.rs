//! The file of exchanges: what is open, what was released, and how far the log was seen when that was written.
//!
//! JSON lines, only ever appended to, written anew when most of it is outdated or a write failed. One thread writes
//! what changed since it last looked and syncs once for all who wait. Behind the offsets of the last `upto` line the
//! log itself says what is open, less the releases of the file. A log that is another one than that of the file, or
//! ends before what the file says, does not hold those publishes: they are taken anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use ioc_bus::{Bus, LogId, ReadError, SharedBus};
use ioc_model::{
    attribute::Attribute,
    position::{LogNumber, Offset, Partition},
};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::{
    exchange::{ExchangeName, SessionNumber, StoredExchange},
    exchanges::{Change, Exchanges},
};

const FILE: &str = "exchanges.jsonl";
/// Outdated lines the file may hold beside as many as there are open exchanges.
const SPARE_LINES: usize = if cfg!(test) { 64 } else { 65_536 };
/// How long what nobody waits for may be unwritten: so much of the log is read at a start.
const WRITE_WITHIN: Duration = Duration::from_secs(1);
/// And if nothing of it is an exchange, so many envelopes.
const MOST_UNSEEN: u64 = 100_000;
/// Bytes of the log that are read at once.
const READ_AT_ONCE: usize = 4 << 20;

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Open(StoredExchange),
    Released(StoredExchange),
    Upto { log: LogId, offsets: Vec<Offset> },
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Written {
    open: BTreeMap<(SessionNumber, u16), StoredExchange>,
    released: BTreeSet<(Partition, Offset)>,
    upto: Option<(LogId, Vec<Offset>)>,
}

/// Keeps the file; ends when dropped.
#[derive(Debug)]
pub(super) struct ExchangeBook {
    exchanges: Arc<Exchanges>,
    writer: Option<JoinHandle<()>>,
}

/// Why exchanges cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum ExchangesError {
    /// The system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] ReadError),
}

impl Written {
    /// Reads the lines of a file. A last one that is torn is what a crash leaves.
    pub(super) fn read(text: &[u8]) -> Written {
        let mut written = Written::default();
        let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        let _torn = lines.pop();
        for (number, line) in lines.iter().enumerate() {
            match serde_json::from_slice::<Line>(line) {
                Ok(Line::Open(one)) => drop(written.open.insert((one.session, one.id), one)),
                Ok(Line::Released(one)) => written.release(one),
                Ok(Line::Upto { log, offsets }) => written.upto = Some((log, offsets)),
                Err(error) => {
                    tracing::error!(line = number + 1, %error, "an exchange's line makes no sense and is dropped")
                }
            }
        }
        written
    }

    /// The lines of a file that says the same.
    pub(super) fn lines(&self) -> Vec<u8> {
        let mut text = Vec::new();
        self.open.values().for_each(|one| push_line(&mut text, &Line::Open(*one)));
        for (partition, offset) in &self.released {
            push_line(&mut text, &Line::Released(released_at(*partition, *offset)));
        }
        if let Some((log, offsets)) = &self.upto {
            push_line(&mut text, &Line::Upto { log: *log, offsets: offsets.clone() });
        }
        text
    }

    fn release(&mut self, one: StoredExchange) {
        let is_it = |open: &StoredExchange| (open.partition, open.offset) == (one.partition, one.offset);
        if self.open.get(&(one.session, one.id)).is_some_and(is_it) {
            let _released = self.open.remove(&(one.session, one.id));
        }
        let _new = self.released.insert((one.partition, one.offset));
    }

    /// Adds what only the log says, and leaves out what it does not hold.
    fn follow(&mut self, bus: &dyn Bus) -> Result<(), ReadError> {
        let upto = match self.upto.take() {
            Some((log, offsets)) if log == bus.log_id() => offsets,
            other => {
                if other.is_some() {
                    tracing::warn!(
                        open = self.open.len(),
                        "the log is another one: its exchanges begin anew"
                    );
                }
                self.open.clear();
                self.released.clear();
                // Who has no file kept no exchange: nothing of the log is one.
                (0..bus.partitions()).map(|partition| bus.bounds(Partition(partition)).end).collect()
            }
        };
        let mut ends = Vec::new();
        for partition in (0..bus.partitions()).map(Partition) {
            let bounds = bus.bounds(partition);
            self.open.retain(|_, one| one.partition != partition || one.offset < bounds.end);
            let seen = upto.get(usize::from(partition.0)).copied().unwrap_or(bounds.start);
            self.follow_partition(bus, partition, seen.clamp(bounds.start, bounds.end), bounds.end)?;
            ends.push(bounds.end);
        }
        self.released.clear();
        self.upto = Some((bus.log_id(), ends));
        Ok(())
    }

    fn follow_partition(
        &mut self,
        bus: &dyn Bus,
        partition: Partition,
        mut from: Offset,
        end: Offset,
    ) -> Result<(), ReadError> {
        while from < end {
            let batch = bus.read(partition, from, Some(end), READ_AT_ONCE)?;
            for (base, chunk) in &batch.chunks {
                for envelope in chunk.iter(LogNumber(0), partition, *base) {
                    let offset = envelope.position.offset;
                    let Some(name) = envelope.attributes.get(Attribute::Exchange) else { continue };
                    let Some(ExchangeName { session, id, mark }) = ExchangeName::parse(name) else {
                        continue;
                    };
                    if !self.released.contains(&(partition, offset)) {
                        let one = StoredExchange { session, id, partition, offset, mark };
                        let _before = self.open.insert((session, id), one);
                    }
                }
            }
            if batch.next <= from {
                break;
            }
            from = batch.next;
        }
        Ok(())
    }
}

fn released_at(partition: Partition, offset: Offset) -> StoredExchange {
    StoredExchange { session: 0, id: 0, partition, offset, mark: None }
}

fn push_line(text: &mut Vec<u8>, line: &Line) {
    text.extend(serde_json::to_vec(line).unwrap_or_default());
    text.push(b'\n');
}

impl ExchangeBook {
    /// Opens the file in a folder that is there. `senders` are those of the sessions that were kept, by number; what
    /// is open in others is forgotten.
    pub(super) fn open(
        folder: &Path,
        bus: SharedBus,
        exchanges: Arc<Exchanges>,
        senders: &BTreeMap<SessionNumber, Arc<str>>,
    ) -> Result<ExchangeBook, ExchangesError> {
        let path = folder.join(FILE);
        let io = |action| {
            let path = path.clone();
            move |source| ExchangesError::Io { action, path, source }
        };
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(io("read")(error)),
        };
        let mut written = Written::read(&text);
        written.follow(&*bus)?;
        written.open.retain(|(session, _), _| senders.contains_key(session));
        let file = BookFile::rewrite(&path, &written).map_err(io("write"))?;
        {
            let mut state = exchanges.lock();
            for one in written.open.values() {
                if let Some(sender) = senders.get(&one.session) {
                    state.restore(sender, *one);
                }
            }
            exchanges.count_open(&state);
        }
        let upto = written.upto.map(|(_, offsets)| offsets).unwrap_or_default();
        let writer = std::thread::Builder::new()
            .name("mqtt-exchanges".to_owned())
            .spawn({
                let exchanges = exchanges.clone();
                move || write_until_closed(&exchanges, &*bus, file, upto)
            })
            .map_err(io("start the writer of"))?;
        Ok(ExchangeBook { exchanges, writer: Some(writer) })
    }
}

impl Drop for ExchangeBook {
    fn drop(&mut self) {
        self.exchanges.lock().closing = true;
        self.exchanges.changed.notify_one();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer of exchanges panicked");
        }
    }
}

fn write_until_closed(exchanges: &Exchanges, bus: &dyn Bus, mut file: BookFile, mut upto: Vec<Offset>) {
    let mut is_broken = false;
    loop {
        let closing = wait(exchanges, bus, &upto, is_broken);
        // Before the state is looked at: what lies before these is in it.
        let ends: Vec<Offset> =
            (0..bus.partitions()).map(|partition| bus.bounds(Partition(partition)).end).collect();
        let mut state = exchanges.lock();
        state.asked = false;
        let changes = std::mem::take(&mut state.unwritten);
        let target = state.changes();
        let mut seen = ends;
        for (partition, end) in (0..).map(Partition).zip(&mut seen) {
            *end = state.nothing_under_way_before(partition).map_or(*end, |from| from.min(*end));
            // What was written once stays true.
            *end = upto.get(usize::from(partition.0)).map_or(*end, |before| (*before).max(*end));
        }
        let is_outdated = file.lines + changes.len() > 2 * state.open() + SPARE_LINES;
        let is_unseen =
            |at: &(Partition, Offset)| seen.get(usize::from(at.0.0)).is_none_or(|end| at.1 >= *end);
        let whole = (is_broken || is_outdated).then(|| Written {
            open: state.stored().map(|one| ((one.session, one.id), one)).collect(),
            released: state.released.iter().copied().filter(is_unseen).collect(),
            upto: Some((bus.log_id(), seen.clone())),
        });
        drop(state);
        let outcome = match &whole {
            Some(whole) => BookFile::rewrite(&file.path, whole).map(|fresh| file = fresh),
            None => file.append(&worth_writing(&changes, &seen), bus.log_id(), &seen),
        };
        is_broken = outcome.is_err();
        let mut state = exchanges.lock();
        match outcome {
            Ok(()) => {
                upto = seen;
                state.durable = target;
                let mut released = std::mem::take(&mut state.released);
                released.retain(|at| upto.get(usize::from(at.0.0)).is_none_or(|end| at.1 >= *end));
                state.released = released;
            }
            Err(error) => {
                tracing::error!(path = %file.path.display(), %error, "exchanges cannot be stored: releases are not answered");
            }
        }
        let waiting = std::mem::take(&mut state.waiting);
        let (told, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(change, _)| *change <= target);
        state.waiting = later;
        state.asked |= !state.waiting.is_empty();
        drop(state);
        for (_, done) in told {
            // Whoever waited may be gone.
            let _gone = done.send(!is_broken);
        }
        if closing {
            return;
        }
    }
}

/// What opened and was released since the last time need not be written, if a start does not read the log back to it.
fn worth_writing(changes: &[Change], seen: &[Offset]) -> Vec<Change> {
    let place = |one: &StoredExchange| (one.partition, one.offset);
    let (mut opened, mut released) = (FxHashSet::default(), FxHashSet::default());
    for change in changes {
        let _new = match change {
            Change::Opened(one) => opened.insert(place(one)),
            Change::Released(one) => released.insert(place(one)),
        };
    }
    let is_seen =
        |one: &StoredExchange| seen.get(usize::from(one.partition.0)).is_some_and(|end| one.offset < *end);
    let is_worth = |change: &&Change| match change {
        Change::Opened(one) => !released.contains(&place(one)),
        Change::Released(one) => !(opened.contains(&place(one)) && is_seen(one)),
    };
    changes.iter().filter(is_worth).copied().collect()
}

/// Waits until there is something to write; true if it is the last time.
fn wait(exchanges: &Exchanges, bus: &dyn Bus, upto: &[Offset], is_broken: bool) -> bool {
    let mut state = exchanges.lock();
    while !state.asked && !state.closing {
        let (woken, timeout) = exchanges
            .changed
            .wait_timeout(state, WRITE_WITHIN)
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        state = woken;
        let is_far = || {
            (0..)
                .map(Partition)
                .zip(upto)
                .any(|(partition, seen)| bus.bounds(partition).end.0 > seen.0.saturating_add(MOST_UNSEEN))
        };
        if timeout.timed_out() && (is_broken || !state.unwritten.is_empty() || is_far()) {
            break;
        }
    }
    state.closing
}

/// The file, open for appending.
#[derive(Debug)]
struct BookFile {
    path: PathBuf,
    file: File,
    /// How many lines it holds, outdated ones among them.
    lines: usize,
}

impl BookFile {
    /// Replaces the file by one that says just this.
    fn rewrite(path: &Path, written: &Written) -> std::io::Result<BookFile> {
        let temporary = path.with_extension("tmp");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary)?;
        file.write_all(&written.lines())?;
        file.sync_all()?;
        fail::fail_point!("mqtt_exchanges_before_rename", |_| std::process::abort());
        std::fs::rename(&temporary, path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        let lines = written.open.len() + written.released.len() + 1;
        Ok(BookFile { path: path.to_owned(), file, lines })
    }

    fn append(&mut self, changes: &[Change], log: LogId, upto: &[Offset]) -> std::io::Result<()> {
        let mut text = Vec::new();
        for change in changes {
            let line = match change {
                Change::Opened(one) => Line::Open(*one),
                Change::Released(one) => Line::Released(*one),
            };
            push_line(&mut text, &line);
        }
        push_line(&mut text, &Line::Upto { log, offsets: upto.to_vec() });
        self.file.write_all(&text)?;
        self.lines += changes.len() + 1;
        fail::fail_point!("mqtt_exchanges_before_fsync", |_| std::process::abort());
        self.file.sync_data()?;
        fail::fail_point!("mqtt_exchanges_after_fsync", |_| std::process::abort());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
