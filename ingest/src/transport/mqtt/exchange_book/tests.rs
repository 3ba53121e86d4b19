//! ONCE: what the file and the log say together, whatever was killed.

use ioc_bus::{Appended, ChunkBuilder, DiskLog, DiskLogConfig, Origin};
use ioc_model::{envelope::Content, time::ReceivedAt};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::transport::mqtt::{
    counters::MqttCounters,
    exchanges::{Opening, Release, SessionExchanges, Taken},
};

const SESSION: SessionNumber = 7;
const PARTITION: Partition = Partition(0);

/// A log, the file beside it, and one session.
struct Place {
    folder: TempDir,
    log: SharedBus,
    counters: Arc<MqttCounters>,
    life: Option<(ExchangeBook, Arc<SessionExchanges>)>,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let config = DiskLogConfig {
            folder: folder.path().join("log"),
            partitions: 1,
            segment_bytes: 1 << 16,
            ..DiskLogConfig::default()
        };
        let log: SharedBus = Arc::new(DiskLog::open(&config).expect("a log"));
        let mut place = Place { folder, log, counters: Arc::default(), life: None };
        place.start();
        place
    }

    fn start(&mut self) {
        let all = Exchanges::new(self.counters.clone());
        let own = all.resume("gateway", SESSION);
        let senders = [(SESSION, own.sender().clone())].into();
        let book = ExchangeBook::open(self.folder.path(), self.log.clone(), all, &senders);
        self.life = Some((book.expect("opened"), own));
    }

    /// The process dies: what the file says now is all that is left, and less than that where it was not synced.
    fn kill(&mut self, unsynced: bool) {
        let path = self.folder.path().join(FILE);
        let text = std::fs::read(&path).expect("read");
        self.life = None;
        let cut = if unsynced { text.len().saturating_sub(1) } else { text.len() };
        std::fs::write(&path, &text[..cut]).expect("written");
        self.start();
    }

    fn session(&self) -> &Arc<SessionExchanges> {
        &self.life.as_ref().expect("alive").1
    }

    fn take(&self, id: u16, is_repeated: bool, mark: u64, opening: &mut Option<Opening>) -> Taken {
        self.session().publish(id, is_repeated, Some(mark), opening, true)
    }

    /// A publish, as far as the log has it. True if it was stored.
    async fn publish(&self, id: u16, is_repeated: bool, mark: u64) -> bool {
        let mut opening = None;
        if let Taken::Again(on_its_way) = self.take(id, is_repeated, mark, &mut opening) {
            assert!(on_its_way.is_none());
            return false;
        }
        let mut opening = opening.expect("it is new");
        opening.lies_at(1);
        let appended = self.append(id, mark, &mut opening).await;
        opening.settle(&Ok(appended));
        true
    }

    /// Behind one that is none of an exchange.
    async fn append(&self, id: u16, mark: u64, opening: &mut Opening) -> Appended {
        let mut chunk = ChunkBuilder::new();
        chunk.push("air", Content::Raw, "a", b"x");
        let name = ExchangeName { session: SESSION, id, mark: Some(mark) }.to_string();
        chunk.push_with("air", Content::Raw, "a", &[(Attribute::Exchange, &name)], b"x");
        opening.goes(PARTITION, self.log.bounds(PARTITION).end);
        let chunk = chunk.finish_from(&Origin::default(), ReceivedAt(0));
        self.log.append(PARTITION, chunk).await.expect("in line").await.expect("durable")
    }

    async fn release(&self, id: u16) -> bool {
        let released = self.session().release(id, true);
        assert!(self.session().durable().await, "it is in the file");
        matches!(released, Release::Done(_))
    }

    fn open(&self) -> usize {
        let (book, _) = self.life.as_ref().expect("alive");
        book.exchanges.lock().open()
    }
}

#[tokio::test]
async fn once_an_identifier_is_known_until_it_is_released_whatever_was_killed() {
    let mut place = Place::new();
    assert!(place.publish(1, false, 10).await);
    assert!(!place.publish(1, true, 10).await);
    place.kill(false);
    assert!(!place.publish(1, true, 10).await, "the log alone knew it");
    assert!(!place.publish(1, true, 11).await, "the identifier decides, not the content");
    assert!(!place.publish(1, false, 10).await, "a client that does not say that it sends again");
    assert!(place.release(1).await);
    place.kill(false);
    assert!(!place.release(1).await, "released before");
    assert!(place.publish(1, false, 10).await, "the next one of the same content");
    assert_eq!(place.open(), 1);
}

#[tokio::test]
async fn once_what_was_written_and_synced_is_not_read_from_the_log_again() {
    let mut place = Place::new();
    assert!(place.publish(1, false, 10).await && place.publish(2, false, 20).await);
    // Its file line, and how far the log was seen, are older than the log's end.
    assert!(place.release(2).await);
    place.kill(true);
    assert!(!place.publish(1, true, 10).await);
    let text = std::fs::read(place.folder.path().join(FILE)).expect("read");
    let written = Written::read(&text);
    let (log, offsets) = written.upto.expect("it says how far");
    assert_eq!((log, offsets), (place.log.log_id(), vec![place.log.bounds(PARTITION).end]));
}

#[tokio::test]
async fn ack_a_client_that_lost_its_memory_loses_nothing_else() {
    let mut place = Place::new();
    assert!(place.publish(1, false, 10).await);
    assert!(place.publish(1, false, 11).await, "another content, and nothing says that it comes again");
    place.kill(false);
    assert!(!place.publish(1, true, 11).await);
    assert_eq!(place.open(), 1);
}

#[tokio::test]
async fn ack_what_did_not_reach_the_log_is_taken_when_it_comes_again() {
    let place = Place::new();
    let mut opening = None;
    assert!(matches!(place.take(1, false, 10, &mut opening), Taken::New));
    let mut other = None;
    let Taken::Again(Some(on_its_way)) = place.take(1, true, 10, &mut other) else { panic!("on its way") };
    drop(opening);
    assert!(crate::transport::mqtt::exchanges::arrived(on_its_way).await.is_err(), "nobody is told");
    assert!(other.is_none() && place.open() == 0);
    assert!(place.publish(1, true, 10).await);
}

#[tokio::test]
async fn once_a_chunk_on_its_way_holds_back_how_far_the_log_was_seen() {
    let mut place = Place::new();
    let mut opening = None;
    let _new = place.take(1, false, 10, &mut opening);
    let mut opening = opening.expect("new");
    opening.lies_at(1);
    let appended = place.append(1, 10, &mut opening).await;
    // Durable, and nobody was told so yet; meanwhile another one is released.
    assert!(place.publish(2, false, 20).await && place.release(2).await);
    let _lost = (appended, std::mem::ManuallyDrop::new(opening));
    place.kill(false);
    assert!(!place.publish(1, true, 10).await);
    assert!(place.publish(2, false, 20).await, "its release was kept, too");
}

#[tokio::test]
async fn what_another_log_held_is_taken_anew() {
    let mut place = Place::new();
    assert!(place.publish(1, false, 10).await);
    place.kill(false);
    let config = DiskLogConfig {
        folder: place.folder.path().join("other"),
        partitions: 1,
        segment_bytes: 1 << 16,
        ..DiskLogConfig::default()
    };
    place.life = None;
    place.log = Arc::new(DiskLog::open(&config).expect("a log"));
    place.start();
    assert!(place.publish(1, true, 10).await);
}

#[tokio::test]
async fn bound_a_sender_has_so_many_open_and_a_session_takes_its_own_along() {
    let place = Place::new();
    let mut openings = Vec::new();
    for id in 1..=100 {
        let mut opening = None;
        assert!(matches!(place.take(id, false, 1, &mut opening), Taken::New));
        openings.push(opening);
    }
    let mut opening = None;
    assert!(matches!(place.take(101, false, 1, &mut opening), Taken::TooMany));
    let all = place.life.as_ref().expect("alive").0.exchanges.clone();
    let other = all.begin("another");
    assert!(matches!(other.publish(1, false, None, &mut opening, true), Taken::New));
    drop((opening, other));
    assert_eq!((place.open(), place.counters.snapshot().exchanges), (100, 100));
    drop(openings);
    assert_eq!((place.open(), place.counters.snapshot().exchanges), (0, 0));
}

#[tokio::test]
async fn bound_the_file_is_written_anew_when_most_of_it_is_outdated() {
    let mut place = Place::new();
    assert!(place.publish(1, false, 10).await);
    for id in 2..2 + 2 * SPARE_LINES as u16 {
        assert!(place.publish(id, false, 10).await && place.release(id).await);
    }
    let text = std::fs::read_to_string(place.folder.path().join(FILE)).expect("read");
    assert!(text.lines().count() <= SPARE_LINES + 4, "{} lines", text.lines().count());
    place.kill(false);
    assert!(!place.publish(1, true, 10).await);
    assert_eq!(place.open(), 1);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Publish { id: u16, is_repeated: bool, mark: u64 },
    Release { id: u16 },
    Kill { unsynced: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..4u16, any::<bool>(), 0..2u64)
            .prop_map(|(id, is_repeated, mark)| Step::Publish { id, is_repeated, mark }),
        3 => (1..4u16).prop_map(|id| Step::Release { id }),
        2 => Just(Step::Kill { unsynced: false }),
    ];
    proptest::collection::vec(step, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn once_in_any_order_with_any_kills_what_is_open_is_what_was_stored_and_not_released(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut place = Place::new();
            let mut open: BTreeMap<u16, u64> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Publish { id, is_repeated, mark } => {
                        let is_known = open.get(&id).is_some_and(|known| is_repeated || *known == mark);
                        assert_eq!(place.publish(id, is_repeated, mark).await, !is_known, "{step:?}");
                        if !is_known {
                            let _before = open.insert(id, mark);
                        }
                    }
                    Step::Release { id } => {
                        assert_eq!(place.release(id).await, open.remove(&id).is_some(), "{step:?}");
                    }
                    Step::Kill { unsynced } => place.kill(unsynced),
                }
                assert_eq!(place.open(), open.len());
            }
        });
    }
}

proptest! {
    #[test]
    fn safe_no_file_makes_reading_panic_and_what_is_written_is_read_the_same(text in "\\PC{0,200}") {
        let written = Written::read(text.as_bytes()).lines();
        prop_assert_eq!(Written::read(&written).lines(), written);
    }
}
