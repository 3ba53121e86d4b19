//! The archive over a real log: what goes in comes out, and nothing else is believed.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use ioc_bus::{Bus, ChunkBuilder, DiskLog, DiskLogConfig};
use ioc_model::{
    calendar::Calendar,
    envelope::Content,
    instance::InstanceId,
    position::{LogNumber, Offset, Partition, Position},
    time::ReceivedAt,
};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

const INSTANCE: InstanceId = InstanceId(Uuid::from_u128(7));
const LOG: LogNumber = LogNumber(3);
const FIRST: Partition = Partition(0);
/// 2026-02-01T16:59:59.999Z, the last moment of a local day.
const EVENING: i64 = 1_769_965_199_999;
const WHOLE: usize = 64 << 20;

struct Site {
    scratch: TempDir,
    bus: Arc<DiskLog>,
    runtime: tokio::runtime::Runtime,
}

impl Site {
    fn new() -> Site {
        let scratch = tempfile::tempdir().unwrap();
        let bus = Arc::new(DiskLog::open(&log_config(scratch.path())).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Site { scratch, bus, runtime }
    }

    /// Appends a chunk of (feed, payload) and gives back where it ends.
    fn append(&self, received_at: i64, envelopes: &[(&str, &[u8])]) -> Offset {
        let mut chunk = ChunkBuilder::new();
        for (index, (feed, payload)) in envelopes.iter().enumerate() {
            let content = if index % 5 == 4 { Content::Withheld } else { Content::Raw };
            chunk.push(feed, content, &format!("to/{feed}/{index}"), payload);
        }
        let chunk = chunk.finish(ReceivedAt(received_at));
        let appended =
            self.runtime.block_on(async { self.bus.append(FIRST, chunk).await.unwrap().await.unwrap() });
        appended.next
    }

    fn root(&self) -> PathBuf {
        self.scratch.path().join("archive")
    }

    fn archiver(&self) -> Archiver {
        let folder = ArchiveFolder::open(self.root(), INSTANCE).unwrap();
        folder.check_log(self.bus.as_ref()).unwrap();
        folder.archiver(self.bus.clone(), LOG, calendar()).unwrap()
    }

    /// What the log holds of a position, as the archive would give it.
    fn on_log(&self) -> Vec<ArchivedEnvelope> {
        let batch = self.bus.read(FIRST, self.bus.bounds(FIRST).start, None, usize::MAX).unwrap();
        let owned = |chunk: &(Offset, ioc_bus::ChunkView)| {
            chunk
                .1
                .iter(LOG, FIRST, chunk.0)
                .map(|envelope| ArchivedEnvelope {
                    position: envelope.position,
                    feed: envelope.feed.to_owned(),
                    received_at: envelope.received_at,
                    content: envelope.content,
                    address: envelope.address.to_owned(),
                    payload: envelope.payload.to_vec(),
                    attributes: {
                        let told: Vec<_> = envelope.attributes.iter().collect();
                        let words = told.iter().map(|(word, text)| (word.as_str(), *text));
                        ioc_model::attribute::of_words(words).unwrap()
                    },
                })
                .collect::<Vec<_>>()
        };
        batch.chunks.iter().flat_map(owned).collect()
    }
}

fn log_config(scratch: &Path) -> DiskLogConfig {
    DiskLogConfig {
        folder: scratch.join("log"),
        partitions: 1,
        segment_bytes: 16 << 10,
        max_log_bytes: 64 << 20,
        ..DiskLogConfig::default()
    }
}

fn calendar() -> Calendar {
    Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap()
}

fn position(offset: u64) -> Position {
    Position { log: LOG, partition: FIRST, offset: Offset(offset) }
}

fn pass(archiver: &mut Archiver, upto: Offset) -> PassRecord {
    archiver.pass(FIRST, upto, WHOLE, 1).unwrap().unwrap()
}

fn only_file(root: &Path) -> PathBuf {
    let files = Folder::new(root).files().unwrap();
    assert_eq!(files.len(), 1);
    files.into_iter().next().unwrap().0
}

#[test]
fn once_every_envelope_is_found_again_byte_for_byte_and_nothing_else_is() {
    let site = Site::new();
    let noise: Vec<u8> = (0..=255).collect();
    for round in 0..40 {
        let _ = site.append(
            EVENING + round,
            &[("air", &noise), ("water", b""), ("air", b"{\"a\":1}"), ("air", &[0; 3000]), ("air", b"x")],
        );
    }
    let sent = site.on_log();
    assert_eq!(sent.len(), 200);
    let mut archiver = site.archiver();
    let committed = Offset(150);
    let record = pass(&mut archiver, committed);
    assert_eq!((record.from, record.to, record.envelopes), (Offset(0), committed, 150));
    // One day for the first round, the next for the others; two feeds.
    let days: Vec<_> = record.files.iter().map(|file| (&*file.feed, &*file.day, file.envelopes)).collect();
    assert_eq!(
        days,
        [
            ("air", "2026-02-01", 4),
            ("air", "2026-02-02", 116),
            ("water", "2026-02-01", 1),
            ("water", "2026-02-02", 29)
        ]
    );
    let archive = archiver.archive();
    for envelope in &sent {
        let found = archive.find(envelope.position).unwrap();
        if envelope.position.offset < committed {
            let (found, file) = found.unwrap();
            assert_eq!(found, *envelope);
            assert!(file.starts_with(&format!("feed={}/day=2026-02-0", envelope.feed)), "{file}");
        } else {
            assert!(found.is_none(), "{}", envelope.position);
        }
    }
    assert!(archive.find(Position { log: LogNumber(4), ..position(0) }).unwrap().is_none());
    assert!(archive.find(Position { partition: Partition(1), ..position(0) }).unwrap().is_none());
    assert_eq!(archiver.archived(FIRST), committed);
    assert!(archiver.pass(FIRST, committed, WHOLE, 1).unwrap().is_none());
    assert!(
        archiver.pass(FIRST, Offset(10), WHOLE, 1).unwrap().is_none(),
        "a restarted flow may stand further back"
    );
}

#[test]
fn once_passes_of_any_size_follow_one_another_without_a_hole() {
    let site = Site::new();
    for round in 0..200 {
        let _ = site.append(EVENING + round, &[("air", &[7; 100]), ("air", &[8; 300])]);
    }
    let mut archiver = site.archiver();
    let mut passes = 0;
    while archiver.pass(FIRST, Offset(400), 5_000, 1).unwrap().is_some() {
        passes += 1;
        // Another process goes on where this one stopped.
        drop(archiver);
        archiver = site.archiver();
    }
    assert!(passes > 10, "{passes}");
    let spans = archiver.archive().spans();
    assert!(spans.windows(2).all(|pair| pair[0].to == pair[1].from), "{spans:?}");
    assert_eq!((spans[0].from, spans[spans.len() - 1].to), (Offset(0), Offset(400)));
    for envelope in site.on_log() {
        assert_eq!(archiver.archive().find(envelope.position).unwrap().unwrap().0, envelope);
    }
}

#[test]
fn once_the_log_lets_go_and_the_archive_still_opens_every_position() {
    let site = Site::new();
    for round in 0..60 {
        let _ = site.append(EVENING + round, &[("air", &[9; 1000])]);
    }
    let sent = site.on_log();
    let mut archiver = site.archiver();
    let _ = pass(&mut archiver, Offset(45));
    site.bus.release(FIRST, archiver.archived(FIRST));
    let start = site.bus.bounds(FIRST).start;
    assert!(start > Offset(20), "segments went: {start:?}");
    assert_eq!(archiver.archived(FIRST), Offset(45));
    let _ = pass(&mut archiver, Offset(60));
    let reader = Archive::read(&site.root()).unwrap();
    for envelope in sent {
        assert_eq!(reader.find(envelope.position).unwrap().unwrap().0, envelope);
    }
    assert_eq!((archiver.missing(), archiver.strays()), (0, 0));
}

#[test]
fn bound_a_pass_has_few_files_open_however_many_days_it_covers() {
    let site = Site::new();
    for day in 0..100 {
        let _ = site.append(EVENING + day * 86_400_000, &[("air", b"a"), ("water", b"w")]);
    }
    let mut archiver = site.archiver();
    let mut most = 0;
    while let Some(record) = archiver.pass(FIRST, Offset(200), WHOLE, 1).unwrap() {
        most = most.max(record.files.len());
    }
    assert_eq!((most, archiver.archived(FIRST)), (32, Offset(200)));
}

#[test]
fn loud_a_byte_that_changed_anywhere_in_a_file_is_found_when_it_is_read() {
    let site = Site::new();
    for round in 0..20 {
        let _ = site.append(EVENING - 1_000 + round, &[("air", &[7; 50])]);
    }
    let mut archiver = site.archiver();
    let _ = pass(&mut archiver, Offset(20));
    let path = only_file(&site.root());
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(97) {
        let mut altered = whole.clone();
        altered[at] ^= 0x10;
        fs::write(&path, &altered).unwrap();
        let error = archiver.archive().find(position(3)).unwrap_err();
        assert!(matches!(error, ArchiveError::Altered { .. }), "byte {at}: {error}");
    }
    for torn in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..torn]).unwrap();
        assert!(matches!(archiver.archive().find(position(3)), Err(ArchiveError::Altered { .. })), "{torn}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(archiver.archive().find(position(3)), Err(ArchiveError::Altered { .. })));
    fs::write(&path, &whole).unwrap();
    assert!(archiver.archive().find(position(3)).unwrap().is_some(), "put back, it is believed again");
}

#[test]
fn safe_a_record_that_names_a_file_elsewhere_is_refused() {
    let site = Site::new();
    let upto = site.append(EVENING, &[("air", b"x")]);
    let mut archiver = site.archiver();
    let record = pass(&mut archiver, upto);
    let path = Folder::new(&site.root()).record(record.span());
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace(&record.files[0].path, "../../etc/passwd")).unwrap();
    assert!(matches!(archiver.archive().find(position(0)), Err(ArchiveError::Unreadable { .. })));
}

#[test]
fn once_left_overs_of_a_pass_under_way_are_removed_and_what_the_log_cannot_give_again_is_kept() {
    let site = Site::new();
    for round in 0..60 {
        let _ = site.append(EVENING - 1_000 + round, &[("air", &[9; 1000])]);
    }
    let mut archiver = site.archiver();
    let first = pass(&mut archiver, Offset(40));
    let second = pass(&mut archiver, Offset(60));
    site.bus.release(FIRST, Offset(40));
    drop(archiver);
    let folder = Folder::new(&site.root());
    fs::write(folder.unfinished().join("0.parquet"), b"half").unwrap();
    for record in [&first, &second] {
        fs::remove_file(folder.record(record.span())).unwrap();
    }
    let file = |record: &PassRecord| site.root().join(&record.files[0].path);
    let mut archiver = site.archiver();
    assert!(!folder.unfinished().join("0.parquet").try_exists().unwrap());
    assert!(!file(&second).try_exists().unwrap(), "the log still holds it");
    assert!(file(&first).try_exists().unwrap(), "only copy");
    assert_eq!(archiver.strays(), 1);
    let start = site.bus.bounds(FIRST).start;
    let again = pass(&mut archiver, Offset(60));
    assert_eq!((again.from, again.to), (start, Offset(60)));
}

#[test]
fn once_a_record_that_was_lost_is_made_again_while_the_log_reaches_back_and_counted_when_it_does_not() {
    let site = Site::new();
    for round in 0..60 {
        let _ = site.append(EVENING - 1_000 + round, &[("air", &[9; 1000])]);
    }
    let mut archiver = site.archiver();
    let passes = [20, 40, 60].map(|upto| pass(&mut archiver, Offset(upto)));
    drop(archiver);
    fs::remove_file(Folder::new(&site.root()).record(passes[1].span())).unwrap();
    let mut archiver = site.archiver();
    assert_eq!(archiver.archived(FIRST), Offset(20), "the log is held back");
    assert_eq!(pass(&mut archiver, Offset(60)).span(), passes[1].span());
    assert_eq!((archiver.archived(FIRST), archiver.missing()), (Offset(60), 0));
    drop(archiver);

    site.bus.release(FIRST, Offset(60));
    let start = site.bus.bounds(FIRST).start;
    assert!(start > Offset(40));
    fs::remove_file(Folder::new(&site.root()).record(passes[1].span())).unwrap();
    let archiver = site.archiver();
    assert_eq!((archiver.missing(), archiver.strays(), archiver.archived(FIRST)), (20, 1, Offset(60)));
}

#[test]
fn loud_an_archive_of_somebody_else_or_in_use_is_refused() {
    let site = Site::new();
    let archiver = site.archiver();
    assert!(matches!(ArchiveFolder::open(site.root(), INSTANCE), Err(ArchiveError::InUse(_))));
    drop(archiver);
    let foreign = ArchiveFolder::open(site.root(), InstanceId(Uuid::from_u128(8))).unwrap_err();
    assert!(foreign.to_string().contains("IOC_ARCHIVE_FOLDER"), "{foreign}");
    assert!(Archive::read(&site.scratch.path().join("nothing")).is_err());
}

#[test]
fn loud_a_log_older_than_its_archive_lets_no_sender_in() {
    let site = Site::new();
    let copy = site.scratch.path().join("copy");
    for round in 0..10 {
        let _ = site.append(EVENING + round, &[("air", b"x")]);
    }
    let mut archiver = site.archiver();
    let _ = pass(&mut archiver, Offset(10));
    drop(archiver);
    fs::create_dir(&copy).unwrap();
    let config = DiskLogConfig { folder: copy.join("log"), ..log_config(site.scratch.path()) };
    let other = DiskLog::open(&config).unwrap();
    let folder = ArchiveFolder::open(site.root(), INSTANCE).unwrap();
    folder.check_log(&other).expect("another log's offsets say nothing");
    let renumbered = folder.archiver(Arc::new(other), LOG, calendar()).unwrap_err();
    assert!(matches!(renumbered, ArchiveError::Renumbered { .. }), "{renumbered}");
    let folder = ArchiveFolder::open(site.root(), INSTANCE).unwrap();
    let renumbered = folder.archiver(site.bus.clone(), LogNumber(4), calendar()).unwrap_err();
    assert!(matches!(renumbered, ArchiveError::Renumbered { .. }), "{renumbered}");

    let folder = ArchiveFolder::open(site.root(), INSTANCE).unwrap();
    let shorter = Shorter(site.bus.clone());
    let error = folder.check_log(&shorter).unwrap_err();
    assert!(
        matches!(error, ArchiveError::AheadOfLog { archived: Offset(10), end: Offset(9), .. }),
        "{error}"
    );
}

/// The same log as it was one envelope ago.
#[derive(Debug)]
struct Shorter(Arc<DiskLog>);

impl Bus for Shorter {
    fn log_id(&self) -> ioc_bus::LogId {
        self.0.log_id()
    }
    fn partitions(&self) -> u16 {
        self.0.partitions()
    }
    fn append(
        &self,
        partition: Partition,
        chunk: ioc_bus::Chunk,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<ioc_bus::Durable, ioc_bus::AppendError>> + Send + '_>>
    {
        self.0.append(partition, chunk)
    }
    fn read(
        &self,
        partition: Partition,
        from: Offset,
        to: Option<Offset>,
        max_bytes: usize,
    ) -> Result<ioc_bus::Batch, ioc_bus::ReadError> {
        self.0.read(partition, from, to, max_bytes)
    }
    fn bounds(&self, partition: Partition) -> ioc_bus::Bounds {
        let bounds = self.0.bounds(partition);
        ioc_bus::Bounds { end: Offset(bounds.end.0 - 1), ..bounds }
    }
    fn bell(&self) -> &Arc<ioc_bus::Bell> {
        self.0.bell()
    }
    fn release(&self, partition: Partition, before: Offset) {
        self.0.release(partition, before);
    }
    fn health(&self) -> ioc_bus::Health {
        self.0.health()
    }
}

#[test]
fn a_feeds_envelopes_are_taken_out_by_time_and_written_as_one_file() {
    let site = Site::new();
    for round in 0..30 {
        let _ = site.append(EVENING - 10 + round, &[("air", &[round as u8; 20]), ("water", b"w")]);
    }
    let mut archiver = site.archiver();
    for upto in [20, 60] {
        let _ = pass(&mut archiver, Offset(upto));
    }
    let (from, to) = (ReceivedAt(EVENING), ReceivedAt(EVENING + 5));
    let archive = Archive::read(&site.root()).unwrap();
    let mut export = RawExport::new(Vec::new(), "air").unwrap();
    let mut taken = 0;
    for file in archive.files_of("air", from, to).unwrap() {
        archive
            .scan(&file, |envelopes| {
                for envelope in envelopes.iter().filter(|e| from <= e.received_at && e.received_at < to) {
                    taken += 1;
                    export.push(envelope)?;
                }
                Ok(())
            })
            .unwrap();
    }
    assert_eq!(taken, 5);
    let path = site.scratch.path().join("out.parquet");
    fs::write(&path, export.finish().unwrap()).unwrap();
    let mut read = Vec::new();
    reader::scan(&path, fs::File::open(&path).unwrap(), |some| {
        read.extend(some);
        Ok(())
    })
    .unwrap();
    let expected: Vec<_> = site
        .on_log()
        .into_iter()
        .filter(|e| e.feed == "air" && from <= e.received_at && e.received_at < to)
        .collect();
    assert_eq!(read, expected);
    assert!(archive.files_of("nobody", from, to).unwrap().is_empty());
}
