//! What arrives, as the tap reads it: the log, what the flow said of it, and what the store has.
//!
//! A duplicate leaves no row in any table. So the flow says beside its facts how many rows each message had, and the last
//! of that are kept here ([`RowsRead`]): what is left of them when stored, rejected and held rows are taken away were
//! duplicates. Of older messages that is not known, and not said.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use ioc_bus::{ReadError, SharedBus};
use ioc_dashboards::{
    HistoryError,
    arrivals::{Arrivals, Arrived, Became, Portion, Reach, Stretch},
    history::HistoryAnswer,
    tap::{REJECTS_TOLD, Sought},
};
use ioc_decode::reread::KEPT_REJECTS;
use ioc_model::{
    asker::Asker,
    epoch::Epoch,
    position::{LogNumber, Offset, Partition, Position},
    results::{EpochResults, MessagesRead},
    time::ReceivedAt,
};
use ioc_storage::{
    Store,
    queries::{MessageBecame, MessagesAt},
};
use ioc_stream::Driver;

use crate::history::{reject_view, unanswered};

/// Messages of a portion.
const PORTION: usize = 200;
/// And so many bytes of them, where they are asked for, and of one more.
const PORTION_HELD: usize = 1 << 20;
/// A portion reads about so many bytes of the log, whatever of them is sought.
const PORTION_BYTES: usize = 4 << 20;
const READ_BYTES: usize = 1 << 20;
/// So many entries are kept of each partition. Most say of a whole chunk.
const ENTRIES: usize = 16_384;
/// A row that began to wait longer ago may wait no more: its day was read back, and it may have been a duplicate.
const WAITS: Duration = Duration::from_secs(60);

/// What the flow said of the last messages beside its facts.
#[derive(Debug, Default)]
pub struct RowsRead(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// How many rows messages had, by partition.
    read: Vec<VecDeque<MessagesRead>>,
    /// Where messages lie of which a row began to wait, and when it did.
    waited: VecDeque<(Instant, Position)>,
}

impl RowsRead {
    /// Takes what an epoch says, in the order of positions.
    pub fn take(&self, results: &EpochResults) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Remembered { read, waited } = &mut *remembered;
        for entry in &results.read {
            let number = usize::from(entry.first.partition.0);
            if read.len() <= number {
                read.resize_with(number + 1, VecDeque::new);
            }
            // What was read again after a start is known.
            if read[number].back().is_none_or(|last| last.first < entry.first) {
                push(&mut read[number], *entry);
            }
        }
        let now = Instant::now();
        results.waited.iter().for_each(|position| push(waited, (now, *position)));
    }

    /// The rows of a message, none where it could not be read at all; none of that where it is not remembered.
    fn at(&self, position: Position) -> Option<Option<u32>> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_partition = remembered.read.get(usize::from(position.partition.0))?;
        let behind = of_partition.partition_point(|entry| entry.first <= position);
        of_partition.get(behind.checked_sub(1)?)?.rows_at(position)
    }

    /// How many rows of messages began to wait, and whether that is so long ago that they may wait no more.
    fn waited(&self) -> HashMap<Position, (u64, bool)> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waited: HashMap<Position, (u64, bool)> = HashMap::new();
        for (since, position) in &remembered.waited {
            let (rows, is_old) = waited.entry(*position).or_default();
            *rows += 1;
            *is_old |= since.elapsed() > WAITS;
        }
        waited
    }
}

/// Adds one, letting the oldest go.
fn push<T>(kept: &mut VecDeque<T>, one: T) {
    if kept.len() == ENTRIES {
        let _oldest = kept.pop_front();
    }
    kept.push_back(one);
}

/// The log that is written to, and what becomes of what lies on it.
#[derive(Debug)]
pub struct TappedLog {
    log: LogNumber,
    bus: SharedBus,
    driver: Arc<Driver>,
    store: Store,
    read: Arc<RowsRead>,
}

impl TappedLog {
    /// That log.
    #[must_use]
    pub fn new(
        log: LogNumber,
        bus: SharedBus,
        driver: Arc<Driver>,
        store: Store,
        read: Arc<RowsRead>,
    ) -> TappedLog {
        TappedLog { log, bus, driver, store, read }
    }
}

impl Arrivals for TappedLog {
    fn log(&self) -> LogNumber {
        self.log
    }

    fn reach(&self) -> Vec<Reach> {
        let committed = self.driver.committed_offsets();
        let partitions = (0..self.bus.partitions()).zip(committed);
        let reach = partitions.map(|(number, judged)| {
            let bounds = self.bus.bounds(Partition(number));
            Reach { start: bounds.start, judged: judged.clamp(bounds.start, bounds.end), end: bounds.end }
        });
        reach.collect()
    }

    fn since(&self, moment: ReceivedAt) -> HistoryAnswer<'_, Vec<Offset>> {
        let bus = self.bus.clone();
        Box::pin(away(move || {
            (0..bus.partitions()).map(|number| since(&bus, Partition(number), moment)).collect()
        }))
    }

    fn read<'a>(
        &'a self,
        asker: &'a Asker,
        of: Stretch,
        sought: &'a Arc<Sought>,
    ) -> HistoryAnswer<'a, Portion> {
        let (bus, log, asker, sought) = (self.bus.clone(), self.log, asker.clone(), sought.clone());
        Box::pin(away(move || portion(&bus, log, of, &asker, &sought)))
    }

    fn became<'a>(&'a self, asker: &'a Asker, messages: &'a [Arrived]) -> HistoryAnswer<'a, Vec<Became>> {
        Box::pin(async move {
            let Some(first) = messages.first() else { return Ok(Vec::new()) };
            let offsets: Vec<Offset> = messages.iter().map(|message| message.position.offset).collect();
            let since = messages.iter().map(|message| message.received_at).min();
            let since = since.unwrap_or(first.received_at);
            let partition = first.position.partition;
            let at = MessagesAt { log: self.log, partition, offsets: &offsets, since };
            let found = self.store.messages_became(asker, at).await.map_err(unanswered)?;
            let mut rejects: HashMap<Offset, Vec<_>> = HashMap::new();
            let rejected: Vec<Offset> =
                found.iter().filter(|found| found.rejected > 0).map(|found| found.offset).collect();
            if !rejected.is_empty() {
                let at = MessagesAt { offsets: &rejected, ..at };
                let told = self.store.messages_rejects(asker, at, REJECTS_TOLD).await.map_err(unanswered)?;
                for reject in &told {
                    rejects.entry(reject.offset).or_default().push(reject_view(Epoch(0), reject));
                }
            }
            let found: HashMap<Offset, MessageBecame> =
                found.into_iter().map(|found| (found.offset, found)).collect();
            let waited = self.read.waited();
            let became = messages.iter().map(|message| {
                let offset = message.position.offset;
                let found = found.get(&offset).copied().unwrap_or_default();
                let rejects = rejects.remove(&offset).unwrap_or_default();
                let waited = waited.get(&message.position).copied().unwrap_or_default();
                Became { rejects, ..became(found, self.read.at(message.position), waited) }
            });
            Ok(became.collect())
        })
    }
}

/// What became of a message, of what is on record of it, how many rows it had and how many of them began to wait.
fn became(found: MessageBecame, read: Option<Option<u32>>, (waited, is_long_ago): (u64, bool)) -> Became {
    let MessageBecame { stored, rejected, whole, held, receipts, .. } = found;
    let whole = whole > 0;
    if receipts > 0 {
        return Became {
            rows: Some(found.report_rows),
            stored: found.report_stored,
            duplicate: Some(found.report_same),
            rejected: found.report_rejected.max(u64::from(rejected > 0)),
            whole,
            held,
            waiting: 0,
            rejects: Vec::new(),
        };
    }
    let rows = read.map(|rows| rows.map_or(0, u64::from));
    let left = rows.map(|rows| rows.saturating_sub(stored + rejected + held));
    // Beyond so many bad rows one reject stands for the rest.
    let (left, rejected) = match left {
        Some(left) if rejected > KEPT_REJECTS => (None, rejected + left),
        left => (left, rejected),
    };
    let waiting = waited.min(left.unwrap_or(waited));
    let (duplicate, waiting) = match left {
        Some(_) if waiting > 0 && is_long_ago => (None, 0),
        left => (left.map(|left| left - waiting), waiting),
    };
    Became { rows, stored, duplicate, rejected, whole, held, waiting, rejects: Vec::new() }
}

/// Reads the log away from the threads that serve.
async fn away<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
) -> Result<T, HistoryError> {
    let read = tokio::task::spawn_blocking(read).await;
    let read = read.map_err(|error| HistoryError::Refused(error.to_string()))?;
    read.map_err(|error| match error {
        error @ ReadError::Io(_) => HistoryError::Away(error.to_string()),
        error => HistoryError::Refused(error.to_string()),
    })
}

/// Where the first chunk lies that was received then or later: arrivals of a partition never go back.
fn since(bus: &SharedBus, partition: Partition, moment: ReceivedAt) -> Result<Offset, ReadError> {
    let bounds = bus.bounds(partition);
    let (mut from, mut to) = (bounds.start, bounds.end);
    while from < to {
        let middle = Offset(from.0 + (to.0 - from.0) / 2);
        let batch = match bus.read(partition, middle, None, 1) {
            Ok(batch) => batch,
            Err(ReadError::Released { start, .. }) => {
                from = start.max(Offset(from.0 + 1));
                continue;
            }
            Err(error) => return Err(error),
        };
        let Some((base, chunk)) = batch.chunks.first() else { break };
        match chunk.received_at() < moment {
            true => from = batch.next.max(Offset(middle.0 + 1)),
            false => to = (*base).min(middle),
        }
    }
    Ok(from)
}

fn portion(
    bus: &SharedBus,
    log: LogNumber,
    Stretch { partition, from, to }: Stretch,
    asker: &Asker,
    sought: &Sought,
) -> Result<Portion, ReadError> {
    let mut portion = Portion { next: from, ..Portion::default() };
    let (mut bytes, mut held) = (0, 0);
    while portion.next < to && bytes < PORTION_BYTES {
        let batch = match bus.read(partition, portion.next, Some(to), READ_BYTES) {
            Ok(batch) => batch,
            Err(ReadError::Released { start, .. }) if portion.next == from => {
                portion.released = start.0 - from.0;
                portion.next = start;
                return Ok(portion);
            }
            // What is found is told first.
            Err(ReadError::Released { .. }) => return Ok(portion),
            Err(error) => return Err(error),
        };
        bytes += batch.bytes();
        for (base, chunk) in &batch.chunks {
            for envelope in chunk.iter(log, partition, *base) {
                let offset = envelope.position.offset;
                if offset < portion.next || offset >= to || !sought.wants(asker, &envelope) {
                    continue;
                }
                let arrived = Arrived::of(&envelope, sought.with_bytes);
                held += arrived.payload.len();
                portion.messages.push(arrived);
                if portion.messages.len() == PORTION || held >= PORTION_HELD {
                    portion.next = Offset(offset.0 + 1);
                    return Ok(portion);
                }
            }
        }
        if batch.next <= portion.next {
            break;
        }
        portion.next = batch.next.min(to);
    }
    Ok(portion)
}

#[cfg(test)]
mod tests {
    use ioc_bus::{
        Bus, ChunkBuilder,
        disk::{DiskLog, DiskLogConfig},
    };
    use ioc_model::envelope::Content;

    use super::*;

    fn at(offset: u64) -> Position {
        Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) }
    }

    #[test]
    fn what_is_left_of_a_messages_rows_were_duplicates() {
        let none = (0, false);
        let found = MessageBecame { stored: 2, rejected: 1, ..MessageBecame::default() };
        let seen = became(found, Some(Some(5)), none);
        assert_eq!((seen.rows, seen.duplicate, seen.rejected), (Some(5), Some(2), 1));
        assert_eq!(became(found, None, none).duplicate, None, "what is not remembered is not said");
        let seen = became(found, Some(Some(5)), (1, false));
        assert_eq!((seen.duplicate, seen.waiting), (Some(1), 1), "what waits is no duplicate");
        let seen = became(found, Some(Some(5)), (1, true));
        assert_eq!((seen.duplicate, seen.waiting), (None, 0), "it may wait no more");
        let seen = became(found, Some(Some(3)), (1, true));
        assert_eq!((seen.duplicate, seen.waiting), (Some(0), 0), "what waited is stored");
        let whole = MessageBecame { rejected: 1, whole: 1, ..MessageBecame::default() };
        let seen = became(whole, Some(None), none);
        assert_eq!((seen.rows, seen.duplicate, seen.rejected), (Some(0), Some(0), 1));
        let flood = MessageBecame { rejected: KEPT_REJECTS + 1, ..MessageBecame::default() };
        let seen = became(flood, Some(Some(5_000)), none);
        assert_eq!((seen.duplicate, seen.rejected), (None, 5_000));
        let report = MessageBecame {
            receipts: 1,
            report_rows: 9,
            report_stored: 4,
            report_same: 3,
            report_rejected: 2,
            stored: 40,
            ..MessageBecame::default()
        };
        let seen = became(report, Some(Some(9)), none);
        assert_eq!((seen.stored, seen.duplicate, seen.rejected), (4, Some(3), 2));
    }

    #[test]
    fn bound_rows_are_remembered_of_the_last_messages() {
        let read = RowsRead::default();
        let entry = |first| MessagesRead { first: at(first), messages: 2, rows: Some(3) };
        let entries: Vec<MessagesRead> = (0..ENTRIES as u64 + 2).map(|number| entry(number * 2)).collect();
        let waited = (0..ENTRIES as u64 + 2).map(|number| at(number / 2)).collect();
        let first = EpochResults { read: entries[..1].to_vec(), ..EpochResults::default() };
        read.take(&EpochResults { read: entries, waited, ..EpochResults::default() });
        read.take(&first);
        assert_eq!(read.0.lock().unwrap().read[0].len(), ENTRIES);
        assert_eq!(read.0.lock().unwrap().waited.len(), ENTRIES);
        assert_eq!(read.waited()[&at(5)], (2, false));
        assert_eq!([0, 3].map(|offset| read.at(at(offset))), [None, None], "let go of");
        assert_eq!([4, 5].map(|offset| read.at(at(offset))), [Some(Some(3)); 2]);
        assert_eq!(read.at(at(ENTRIES as u64 * 2 + 4)), None, "not read yet");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn bound_a_portion_goes_on_inside_of_a_chunk_and_what_came_since_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let config =
            DiskLogConfig { folder: folder.path().join("bus"), partitions: 1, ..DiskLogConfig::default() };
        let log = Arc::new(DiskLog::open(&config).unwrap());
        for chunk in 0..3 {
            let mut builder = ChunkBuilder::new();
            for number in 0..PORTION + 50 {
                let feed = if number % 2 == 0 { "air" } else { "water" };
                builder.push(feed, Content::Raw, "a/b", b"x");
            }
            let appended = log.append(Partition(0), builder.finish(ReceivedAt(1_000 + chunk))).await.unwrap();
            let _place = appended.await.unwrap();
        }
        let bus: SharedBus = log;
        let all = Asker::everyone();
        let whole = Stretch { partition: Partition(0), from: Offset(0), to: Offset(750) };
        let first = portion(&bus, LogNumber(1), whole, &all, &Sought::default()).unwrap();
        assert_eq!((first.messages.len(), first.next), (PORTION, Offset(200)));
        let of_air = Sought { feeds: vec!["air".to_owned()], ..Sought::default() };
        let rest = Stretch { from: Offset(500), ..whole };
        let second = portion(&bus, LogNumber(1), rest, &all, &of_air).unwrap();
        assert_eq!((second.messages.len(), second.next), (125, Offset(750)));
        assert_eq!(second.messages[0].position, at(500));
        let found = [0, 1_000, 1_001, 1_002, 1_003]
            .map(|moment| since(&bus, Partition(0), ReceivedAt(moment)).unwrap());
        assert_eq!(found, [0, 0, 250, 500, 750].map(Offset));
    }
}
