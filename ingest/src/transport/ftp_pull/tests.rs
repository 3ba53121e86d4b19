//! A server in memory, whose files appear, grow, are touched and go away in any order, whose clock steps, which breaks off,
//! and a process that is killed anywhere: every content that stays is handed over, and none twice but for a kill.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use ioc_bus::{ChunkBuilder, ChunkView};
use ioc_model::{
    contract::Contract,
    pack::{Feed, FormatName, FtpCompare, FtpPullFeed, FtpSecrecy, FtpUrl, Transport},
    position::{LogNumber, Offset, Partition},
    text::Text,
    time::{Millis, ReceivedAt},
};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::{
    counters::FtpPullCounters,
    days::folders,
    fetched::{Asks, Got, Unable},
    known::Journal,
    listing::Listing,
    source::{FtpSource, Kept},
};
use crate::transport::{
    pull::{CannotFetch, Fetched, Progress, Source, progress::now},
    withheld::Digest,
};

const LIMIT: usize = 64;

/// What lies at the server.
#[derive(Debug, Default)]
struct Shelf {
    folders: BTreeMap<String, BTreeMap<String, (u64, Vec<u8>)>>,
    /// Names that it does not give.
    refused: BTreeSet<String>,
    /// The connection is lost behind so many files.
    breaks_behind: Option<usize>,
    /// Names that are cut off: so many bytes come, and all is said to be well.
    cut: BTreeSet<String>,
    /// Names that change while they are fetched.
    grows: BTreeSet<String>,
    fetched: Vec<String>,
    logins: usize,
}

#[derive(Clone, Debug)]
struct Fake(Arc<Mutex<Shelf>>);

impl Asks for Fake {
    async fn connect(&mut self) -> Result<(), CannotFetch> {
        self.0.lock().unwrap().logins += 1;
        Ok(())
    }

    async fn list(&mut self, folder: &str) -> Result<Listing, Unable> {
        let shelf = self.0.lock().unwrap();
        let files =
            shelf.folders.get(folder).ok_or_else(|| Unable::Missing("550 no such folder".to_owned()))?;
        let below = shelf.folders.keys().filter_map(|path| path.strip_prefix(&format!("{folder}/")));
        Ok(Listing {
            folders: below.filter(|name| !name.contains('/')).map(str::to_owned).collect(),
            files: files
                .iter()
                .map(|(name, (said, bytes))| (name.clone(), Some(bytes.len() as u64), *said))
                .collect(),
            strange: 0,
        })
    }

    async fn fetch(&mut self, folder: &str, name: &str, keep: usize) -> Result<Got, Unable> {
        let mut shelf = self.0.lock().unwrap();
        if let Some(left) = shelf.breaks_behind {
            if left == 0 {
                shelf.breaks_behind = None;
                return Err(Unable::Away(CannotFetch::said("the line is gone")));
            }
            shelf.breaks_behind = Some(left - 1);
        }
        if shelf.refused.contains(name) {
            return Err(Unable::Refused("550 not now".to_owned()));
        }
        shelf.fetched.push(name.to_owned());
        let cut = shelf.cut.contains(name);
        let grows = shelf.grows.remove(name);
        let Some((_, bytes)) = shelf.folders.get_mut(folder).and_then(|files| files.get_mut(name)) else {
            return Err(Unable::Refused("550 it is gone".to_owned()));
        };
        let came = if cut { &bytes[..bytes.len() - 1] } else { &bytes[..] };
        let mut digest = Digest::default();
        digest.update(came);
        let kept = (came.len() <= keep).then(|| came.to_vec());
        if grows {
            bytes.push(b'+');
        }
        Ok(Got { bytes: kept, digest, is_cut: false, size_behind: Some(bytes.len() as u64) })
    }

    async fn leave(&mut self) {}
}

fn feed(of: &FtpPullFeed) -> Feed {
    Feed {
        id: "air".to_owned(),
        name: Text::default(),
        owner: Text::default(),
        transport: Transport::FtpPull(Box::new(of.clone())),
        format: FormatName::StationTxt,
        contract: Contract { max_bytes: LIMIT, ..Contract::default() },
        forms: Vec::new(),
        agency: None,
        personal: false,
        silent_after: Millis(1),
    }
}

fn of(folder: &str, depth: u32, contents: u32) -> FtpPullFeed {
    FtpPullFeed {
        url: FtpUrl { secrecy: FtpSecrecy::Plain, host: "127.0.0.1".to_owned(), port: 21 },
        folder: folder.to_owned(),
        depth,
        names: vec!["*.txt".to_owned()],
        every: Millis::minutes(1),
        settle: Millis::seconds(1),
        looks_back: 2,
        compare: FtpCompare { every: Millis::hours(24), back: 10, contents },
    }
}

/// A process and what it leaves.
struct House {
    shelf: Fake,
    of: FtpPullFeed,
    data: tempfile::TempDir,
    source: Option<FtpSource<Fake>>,
    /// What the cursor's file holds, and what the process has in memory of it.
    kept: Option<String>,
    place: Option<String>,
    /// On the log: address and bytes, in order.
    log: Vec<(String, Vec<u8>)>,
    counters: Arc<FtpPullCounters>,
}

impl House {
    fn new(of: FtpPullFeed) -> House {
        let mut house = House {
            shelf: Fake(Arc::default()),
            of,
            data: tempfile::tempdir().unwrap(),
            source: None,
            kept: None,
            place: None,
            log: Vec::new(),
            counters: Arc::default(),
        };
        house.start();
        house
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.shelf.0.lock().unwrap()
    }

    /// Another life.
    fn start(&mut self) {
        drop(self.source.take());
        self.place.clone_from(&self.kept);
        self.counters = Arc::default();
        let progress = Progress::new("ftp_pull", "", Duration::from_secs(60), [], Arc::default());
        let kept = Kept {
            journal: Journal::open(&self.data.path().join("air")).unwrap(),
            zone: TimeZone::fixed(jiff::tz::offset(7)),
        };
        let counters = self.counters.clone();
        let source =
            FtpSource::new(&feed(&self.of), &self.of, self.shelf.clone(), kept, counters, Arc::new(progress));
        self.source = Some(source.without_pauses());
    }

    /// Another life, whose first turn is that of the next comparison.
    fn a_day_later(&mut self) {
        if let Some(kept) = &self.kept {
            let mut place: serde_json::Value = serde_json::from_str(kept).unwrap();
            place["compared"] = serde_json::Value::Null;
            self.kept = Some(place.to_string());
        }
        self.start();
    }

    /// Asks once. Killed behind the append or behind the cursor where that is said.
    async fn ask(&mut self, kill: Option<Kill>) -> Result<bool, CannotFetch> {
        let fetched = self.source.as_mut().unwrap().fetch(self.place.as_deref()).await?;
        let Fetched { mut chunk, place, more, .. } = fetched;
        if !chunk.is_empty() {
            self.append(&mut chunk);
            if kill == Some(Kill::BehindAppend) {
                self.start();
                return Ok(true);
            }
            self.kept = Some(place.clone());
        }
        self.place = Some(place);
        if kill.is_some() {
            self.start();
            return Ok(true);
        }
        Ok(more)
    }

    fn append(&mut self, chunk: &mut ChunkBuilder) {
        let chunk = chunk.finish(ReceivedAt(0));
        let view = ChunkView::parse(chunk.bytes().to_vec().into()).unwrap();
        for envelope in view.iter(LogNumber(0), Partition(0), Offset(0)) {
            self.log.push((envelope.address.to_string(), envelope.payload.to_vec()));
        }
    }

    /// A whole turn.
    async fn turn(&mut self) {
        while self.ask(None).await.unwrap_or(true) {}
    }

    async fn turns(&mut self, count: usize) {
        for _ in 0..count {
            self.turn().await;
        }
    }

    fn put(&self, folder: &str, name: &str, said: u64, bytes: &[u8]) {
        let _before = self
            .shelf()
            .folders
            .entry(folder.to_owned())
            .or_default()
            .insert(name.to_owned(), (said, bytes.to_vec()));
    }

    fn names(&self) -> Vec<String> {
        self.log.iter().map(|(address, _)| address.rsplit('/').next().unwrap().to_owned()).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kill {
    BehindAppend,
    BehindCursor,
}

/// The folders of so many days ago, today the last.
fn days(back: u32) -> Vec<String> {
    let today =
        Timestamp::from_millisecond(now().0).unwrap().to_zoned(TimeZone::fixed(jiff::tz::offset(7))).date();
    // Tomorrow is the last of them.
    let mut all: Vec<String> =
        folders("/%Y/%m/%d", today, back).into_iter().map(|folder| folder.path).collect();
    let _tomorrow = all.pop();
    all
}

#[tokio::test]
async fn the_oldest_comes_first_and_one_that_fails_keeps_no_other_behind_it() {
    let mut house = House::new(of("/%Y/%m/%d", 1, 0));
    let days = days(2);
    house.put(&days[2], "S_20261120070500.txt", 9, b"d");
    house.put(&days[1], "S_20261120080000.txt", 1, b"c");
    house.put(&days[1], "A_20261120070000.txt", 1, b"b");
    house.put(&format!("{}/tram-1", days[0]), "S_20261119070000.txt", 5, b"a");
    for left in [".S.txt", "S.txt.part", "S.txt~", "S.csv", "S.txt.filepart"] {
        house.put(&days[0], left, 1, b"x");
    }
    let _new = house.shelf().refused.insert("A_20261120070000.txt".to_owned());
    house.turn().await;
    assert!(house.log.is_empty(), "a file that was seen once may be in the making");
    house.turn().await;
    assert_eq!(house.names(), ["S_20261119070000.txt", "S_20261120080000.txt", "S_20261120070500.txt"]);
    assert_eq!((house.counters.left.get(), house.counters.broken.get() > 0), (1, true));
    house.shelf().refused.clear();
    house.turn().await;
    assert_eq!(house.names()[3..], ["A_20261120070000.txt"]);
    assert_eq!(house.counters.left.get(), 0);
    house.turns(2).await;
    assert_eq!(house.log.len(), 4, "once");
}

#[tokio::test]
async fn a_file_that_is_not_whole_is_none() {
    let mut house = House::new(of("/data", 0, 0));
    house.put("/data", "a.txt", 1, b"whole");
    let _new = house.shelf().cut.insert("a.txt".to_owned());
    house.turns(4).await;
    assert!(house.log.is_empty() && house.counters.changing.get() > 0);
    house.shelf().cut.clear();
    let _new = house.shelf().grows.insert("a.txt".to_owned());
    house.turns(2).await;
    assert!(house.log.is_empty(), "it grew while it was fetched");
    house.turns(3).await;
    assert_eq!(house.log, [("data/a.txt".to_owned(), b"whole+".to_vec())]);
}

#[tokio::test]
async fn a_late_file_in_an_old_folder_with_an_old_time_is_found_and_a_corrected_one_comes_again() {
    let mut house = House::new(of("/%Y/%m/%d", 0, 0));
    let days = days(2);
    house.put(&days[2], "b.txt", 20_261_120_000_000, b"1");
    house.turns(2).await;
    house.put(&days[0], "a.txt", 20_200_101_000_000, b"late");
    house.put(&days[2], "b.txt", 20_190_101_000_000, b"corrected");
    house.turns(2).await;
    assert_eq!(house.names(), ["b.txt", "a.txt", "b.txt"]);
    assert_eq!((house.counters.again.get(), house.log[2].1.as_slice()), (1, &b"corrected"[..]));
    // Touched: fetched, and the same.
    house.put(&days[2], "b.txt", 7, b"corrected");
    house.turns(3).await;
    assert_eq!((house.log.len(), house.counters.same.get()), (3, 1));
    let fetched = house.shelf().fetched.len();
    house.turns(3).await;
    assert_eq!(house.shelf().fetched.len(), fetched, "what was touched is known as it is now");
}

#[tokio::test]
async fn another_content_with_the_same_time_and_size_is_found_by_the_comparison_alone() {
    for (contents, found) in [(2, true), (0, false)] {
        let mut house = House::new(of("/data", 0, contents));
        house.put("/data", "a.txt", 1, b"12");
        house.turns(3).await;
        house.put("/data", "a.txt", 1, b"13");
        house.turns(2).await;
        assert_eq!(house.log.len(), 1);
        // The next comparison: a day later, or what a start does not know of.
        house.a_day_later();
        house.turns(2).await;
        assert_eq!(house.log.len() == 2, found);
        assert_eq!(house.counters.silent.get(), u64::from(found));
    }
}

#[tokio::test]
async fn loud_a_server_without_any_of_the_folders_is_no_server_without_files() {
    let mut house = House::new(of("/data", 0, 0));
    let error = house.ask(None).await.unwrap_err();
    assert!(error.is_fault && error.en.contains("/data"), "{error}");
    let mut house = House::new(of("/%Y/%m/%d", 0, 0));
    let error = house.ask(None).await.unwrap_err();
    assert!(!error.is_fault && error.en.contains("no folder of a day"), "{error}");
}

#[tokio::test]
async fn bound_a_file_over_the_limit_is_told_by_its_size() {
    let mut house = House::new(of("/data", 0, 0));
    house.put("/data", "a.txt", 1, &[b'x'; LIMIT + 1]);
    house.put("/data", "b.txt", 1, &[b'x'; LIMIT]);
    house.turns(3).await;
    assert_eq!(house.log.len(), 2);
    assert!(house.log[0].1.starts_with(b"{\"reason\":\"too_large\",\"bytes\":65,"));
    assert_eq!(house.log[1].1.len(), LIMIT);
}

#[derive(Clone, Debug)]
enum Step {
    /// A file appears, or gets another content, with any time.
    Put {
        day: usize,
        name: usize,
        said: u64,
        bytes: Vec<u8>,
    },
    Grow {
        day: usize,
        name: usize,
        said: u64,
    },
    Touch {
        day: usize,
        name: usize,
        said: u64,
    },
    Breaks(usize),
    Refuse(usize),
    Gives,
    GrowsMeanwhile(usize),
    Ask(Option<Kill>),
    Turn,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (day, name, said) = (0..4_usize, 0..4_usize, 0..3_u64);
    let place = || (day.clone(), name.clone(), said.clone());
    prop::collection::vec(
        prop_oneof![
            4 => (place(), prop::collection::vec(any::<u8>(), 1..6))
                .prop_map(|((day, name, said), bytes)| Step::Put { day, name, said, bytes }),
            2 => place().prop_map(|(day, name, said)| Step::Grow { day, name, said }),
            2 => place().prop_map(|(day, name, said)| Step::Touch { day, name, said }),
            1 => (0..3_usize).prop_map(Step::Breaks),
            1 => (0..4_usize).prop_map(Step::Refuse),
            1 => Just(Step::Gives),
            1 => (0..4_usize).prop_map(Step::GrowsMeanwhile),
            3 => Just(Step::Ask(None)),
            1 => Just(Step::Ask(Some(Kill::BehindAppend))),
            1 => Just(Step::Ask(Some(Kill::BehindCursor))),
            4 => Just(Step::Turn),
        ],
        1..40,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn once_every_content_is_handed_over_whatever_happens(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut house = House::new(of("/%Y/%m/%d", 0, 2));
            let days = days(3);
            // What was ever at a path, and what of it came twice by a kill.
            let mut ever: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
            let mut killed = false;
            for step in steps {
                let path = |day: usize, name: usize| (days[day].clone(), format!("{name}.txt"));
                let change = |house: &House, day, name, said, bytes: &dyn Fn(&[u8]) -> Vec<u8>| {
                    let (folder, name) = path(day, name);
                    let mut shelf = house.shelf();
                    if let Some(file) = shelf.folders.get_mut(&folder).and_then(|files| files.get_mut(&name)) {
                        *file = (said, bytes(&file.1));
                    }
                };
                match step {
                    Step::Put { day, name, said, bytes } => {
                        let (folder, name) = path(day, name);
                        house.put(&folder, &name, said, &bytes);
                    }
                    Step::Grow { day, name, said } => {
                        change(&house, day, name, said, &|bytes| [bytes, b"+"].concat());
                    }
                    Step::Touch { day, name, said } => change(&house, day, name, said, &|bytes| bytes.to_vec()),
                    Step::Breaks(behind) => house.shelf().breaks_behind = Some(behind),
                    Step::Refuse(name) => { let _new = house.shelf().refused.insert(format!("{name}.txt")); }
                    Step::Gives => house.shelf().refused.clear(),
                    Step::GrowsMeanwhile(name) => { let _new = house.shelf().grows.insert(format!("{name}.txt")); }
                    Step::Ask(kill) => {
                        killed |= kill == Some(Kill::BehindAppend);
                        let _more = house.ask(kill).await;
                    }
                    Step::Turn => {
                        for _ in 0..20 {
                            if !house.ask(None).await.unwrap_or(true) { break; }
                        }
                    }
                }
                for (folder, files) in &house.shelf().folders {
                    for (name, (_, bytes)) in files {
                        let contents = ever.entry(format!("{}/{name}", folder.trim_start_matches('/'))).or_default();
                        if contents.last() != Some(bytes) { contents.push(bytes.clone()); }
                    }
                }
            }
            // It comes to rest, a day later: folders of all days and contents are looked at once more.
            { let mut shelf = house.shelf(); shelf.refused.clear(); shelf.grows.clear(); shelf.breaks_behind = None; }
            house.a_day_later();
            for _ in 0..4 {
                for _ in 0..50 {
                    if !house.ask(None).await.unwrap_or(true) { break; }
                }
            }
            let shelf = house.shelf();
            for (folder, files) in &shelf.folders {
                for (name, (_, bytes)) in files {
                    let address = format!("{}/{name}", folder.trim_start_matches('/'));
                    let came: Vec<&Vec<u8>> =
                        house.log.iter().filter(|(of, _)| *of == address).map(|(_, bytes)| bytes).collect();
                    assert_eq!(came.last(), Some(&bytes), "the last content is the last that came: {address}");
                }
            }
            let mut before: BTreeMap<&String, &Vec<u8>> = BTreeMap::new();
            for (address, bytes) in &house.log {
                assert!(ever[address].contains(bytes), "what came was there: {address}");
                let repeats = before.insert(address, bytes) == Some(bytes);
                assert!(!repeats || killed, "once: {address}");
            }
        });
    }
}
