//! The watched inbox against a real log on disk.

mod transports;

use std::{
    fs,
    io::Write,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use ioc_bus::SharedBus;
use ioc_bus::clock::Clock;
use ioc_ingest::{
    intake::Intake,
    transport::files::{FilesConfig, FilesCounters, FilesFeed, FilesInbox},
};
use ioc_model::{
    calendar::Calendar,
    envelope::{Content, UNMATCHED},
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use transports::{Valve, ValvedBus, chunks, open_log, stored, until};

const MAX_BYTES: usize = 1_000;

struct House {
    folder: TempDir,
    log: SharedBus,
}

struct Running {
    task: JoinHandle<()>,
    counters: Vec<(String, Arc<FilesCounters>)>,
}

impl Running {
    fn of(&self, feed: &str) -> &FilesCounters {
        &self.counters.iter().find(|(name, _)| name == feed).unwrap().1
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl House {
    fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(&folder.path().join("log"));
        fs::create_dir_all(folder.path().join("inbox/air")).unwrap();
        House { folder, log }
    }

    fn inbox(&self) -> PathBuf {
        self.folder.path().join("inbox")
    }

    /// Writes a file below the inbox.
    fn drop_file(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.inbox().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn run(&self, bus: SharedBus) -> Running {
        let config = FilesConfig { poll_ms: 20, settle_ms: 60, ..FilesConfig::of(self.inbox()) };
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        let feeds = [
            FilesFeed { feed: "air-files".into(), folder: "air".into(), max_bytes: MAX_BYTES },
            FilesFeed { feed: "water-files".into(), folder: "water".into(), max_bytes: MAX_BYTES },
        ];
        let inbox = FilesInbox::new(&config, Intake::new(bus, Clock::Machine), &feeds, &calendar).unwrap();
        let counters = inbox.counters();
        Running { task: tokio::spawn(inbox.run(CancellationToken::new())), counters }
    }

    fn run_open(&self) -> Running {
        self.run(self.log.clone())
    }

    fn files_below(&self, folder: &str) -> Vec<PathBuf> {
        let root = self.folder.path().join(folder);
        let mut found = Vec::new();
        collect(&root, &mut found);
        let mut found: Vec<PathBuf> =
            found.iter().map(|path| path.strip_prefix(&root).unwrap().to_owned()).collect();
        found.sort();
        found
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => collect(&entry.path(), found),
            false => found.push(entry.path()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ack_a_file_is_moved_only_when_durable_and_a_crash_before_the_move_reads_it_again() {
    let house = House::new();
    house.drop_file("air/2024/11/05/TN_A_20241105083500.txt", "PM10\t1");
    let (bus, _turn) = ValvedBus::before(house.log.clone(), Valve::Untold);
    let crashing = house.run(bus);
    until("the bytes in the log", || stored(&house.log).len() == 1).await;
    assert_eq!(house.files_below("inbox").len(), 1, "not moved before the bus said durable");
    drop(crashing);

    let _running = house.run_open();
    until("the file moved", || house.files_below("inbox").is_empty()).await;
    let stored = stored(&house.log);
    assert_eq!(stored.len(), 2, "read again after the crash");
    assert_eq!(
        (&stored[0].feed, &stored[0].address, &stored[0].payload),
        (&stored[1].feed, &stored[1].address, &stored[1].payload)
    );
    assert_eq!(
        (stored[0].address.as_str(), stored[0].text()),
        ("2024/11/05/TN_A_20241105083500.txt", "PM10\t1")
    );
    let done = house.files_below("done");
    assert_eq!(done.len(), 1);
    assert!(done[0].starts_with("air-files") && done[0].ends_with("2024/11/05/TN_A_20241105083500.txt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_taken_oldest_first_whatever_folder_they_lie_in() {
    let house = House::new();
    // All there before the first look, in an order that is neither theirs nor the alphabet's.
    let hours = [7, 3, 22, 0, 15, 1, 9, 23, 12, 5];
    for hour in hours {
        house.drop_file(
            &format!("air/day{}/{}_201901{:02}{hour:02}0000.txt", hour % 3, 99 - hour, hour % 4 + 1),
            "x",
        );
    }
    let _running = house.run_open();
    until("all moved", || house.files_below("inbox").is_empty()).await;
    let times: Vec<String> = stored(&house.log)
        .iter()
        .map(|stored| stored.address.rsplit('_').next().unwrap().to_owned())
        .collect();
    let mut sorted = times.clone();
    sorted.sort();
    assert_eq!((times.len(), &times), (hours.len(), &sorted));
}

#[tokio::test(flavor = "multi_thread")]
async fn ack_a_file_still_written_to_is_in_the_end_stored_whole() {
    let house = House::new();
    let path = house.inbox().join("air/slow.txt");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(b"first half").unwrap();
    let running = house.run_open();
    // The sender stalls for longer than the settle time: the half is taken and moved.
    until("the half moved", || house.files_below("inbox").is_empty()).await;
    file.write_all(b", second half").unwrap();
    drop(file);
    let is_whole = || stored(&house.log).iter().any(|stored| stored.text() == "first half, second half");
    until("the whole stored", is_whole).await;
    until("the whole moved", || house.files_below("inbox").is_empty()).await;
    assert_eq!(running.of("air-files").snapshot().returned, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ack_a_file_replaced_between_reading_and_moving_is_read_too() {
    let house = House::new();
    house.drop_file("air/a.txt", "old");
    let (bus, turn) = ValvedBus::before(house.log.clone(), Valve::Untold);
    let _running = house.run(bus);
    until("the old bytes in the log", || stored(&house.log).len() == 1).await;
    house.drop_file("air/new", "new!");
    fs::rename(house.inbox().join("air/new"), house.inbox().join("air/a.txt")).unwrap();
    turn.send(Valve::Open).unwrap();
    until("both stored", || stored(&house.log).iter().any(|stored| stored.text() == "new!")).await;
    until("moved", || house.files_below("inbox").is_empty()).await;
    let texts: Vec<String> = stored(&house.log).iter().map(|stored| stored.text().to_owned()).collect();
    assert_eq!(texts, ["old", "new!"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_unfinished_files_are_left_alone_until_they_are_renamed() {
    let house = House::new();
    house.drop_file("air/a.txt.part", "half");
    house.drop_file("air/.b.txt", "half");
    house.drop_file("air/c.txt", "whole");
    let running = house.run_open();
    until("the whole one moved", || running.of("air-files").snapshot().moved == 1).await;
    assert_eq!(house.files_below("inbox").len(), 2);
    fs::rename(house.inbox().join("air/a.txt.part"), house.inbox().join("air/a.txt")).unwrap();
    until("the renamed one moved", || running.of("air-files").snapshot().moved == 2).await;
    assert_eq!(house.files_below("inbox"), [PathBuf::from("air/.b.txt")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bound_a_file_over_the_limit_is_kept_as_size_and_hash_and_moved_to_rejected() {
    let house = House::new();
    let large = vec![b'x'; 3_000_000];
    house.drop_file("air/large.txt", &large);
    house.drop_file("air/limit.txt", vec![b'y'; MAX_BYTES]);
    let running = house.run_open();
    until("both moved", || house.files_below("inbox").is_empty()).await;
    let stored = stored(&house.log);
    let withheld = stored.iter().find(|stored| stored.address == "large.txt").unwrap();
    assert_eq!(withheld.content, Content::Withheld);
    let description: serde_json::Value = serde_json::from_slice(&withheld.payload).unwrap();
    let sha256: String = Sha256::digest(&large).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(description, serde_json::json!({"reason": "too_large", "bytes": 3_000_000, "sha256": sha256}));
    let within = stored.iter().find(|stored| stored.address == "limit.txt").unwrap();
    assert_eq!((within.content, within.payload.len()), (Content::Raw, MAX_BYTES));
    assert_eq!(house.files_below("rejected").len(), 1);
    assert_eq!(house.files_below("done").len(), 1);
    assert_eq!(running.of("air-files").snapshot().withheld, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn safe_links_pipes_and_odd_names_are_counted_and_block_nothing() {
    let house = House::new();
    let secret = house.folder.path().join("secret.txt");
    fs::write(&secret, "secret").unwrap();
    fs::create_dir(house.folder.path().join("outside")).unwrap();
    fs::write(house.folder.path().join("outside/also.txt"), "secret").unwrap();
    let air = house.inbox().join("air");
    std::os::unix::fs::symlink(&secret, air.join("link.txt")).unwrap();
    std::os::unix::fs::symlink(house.folder.path().join("outside"), air.join("folder")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(air.join("pipe.txt")).status().unwrap();
    assert!(made.success());
    fs::create_dir(air.join("looks-like-a-file.txt")).unwrap();
    let odd = std::ffi::OsString::from_vec(b"b\xff\n\x1b[31m.txt".to_vec());
    fs::write(air.join(odd), "odd").unwrap();
    house.drop_file("air/deep/1/2/3/4/5/6/7/8/9/x.txt", "deep");
    house.drop_file("air/empty.txt", "");
    house.drop_file("air/good.txt", "good");
    let running = house.run_open();
    until("three moved", || running.of("air-files").snapshot().moved == 3).await;
    let mut texts: Vec<String> = stored(&house.log).iter().map(|stored| stored.text().to_owned()).collect();
    texts.sort();
    assert_eq!(texts, ["", "good", "odd"]);
    assert!(stored(&house.log).iter().any(|stored| stored.address == "b\u{fffd}\n\u{1b}[31m.txt"));
    assert_eq!(running.of("air-files").snapshot().passed_over, 4);
    assert_eq!(fs::read(&secret).unwrap(), b"secret");
    assert!(air.join("link.txt").is_symlink() && air.join("pipe.txt").try_exists().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn balance_files_that_no_feed_claims_belong_to_unmatched() {
    let house = House::new();
    house.drop_file("nobody/x.txt", "lost");
    house.drop_file("top.txt", "lost");
    house.drop_file("water/w.txt", "w");
    let _running = house.run_open();
    until("all moved", || house.files_below("inbox").is_empty()).await;
    let mut stored: Vec<(String, String)> =
        stored(&house.log).into_iter().map(|stored| (stored.feed, stored.address)).collect();
    stored.sort();
    let expected = [(UNMATCHED, "nobody/x.txt"), (UNMATCHED, "top.txt"), ("water-files", "w.txt")];
    assert_eq!(stored, expected.map(|(feed, address)| (feed.to_owned(), address.to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn bound_files_stay_while_the_bus_is_full_and_go_when_there_is_room() {
    let house = House::new();
    let (bus, turn) = ValvedBus::before(house.log.clone(), Valve::Full);
    let running = house.run(bus);
    house.drop_file("air/a.txt", "a");
    until("the file seen", || running.of("air-files").snapshot().waiting == 1).await;
    // Other folders are still looked at meanwhile: each has a task of its own.
    house.drop_file("water/w.txt", "w");
    until("the other seen", || running.of("water-files").snapshot().waiting == 1).await;
    assert!(stored(&house.log).is_empty());
    assert_eq!(house.files_below("inbox").len(), 2);
    turn.send(Valve::Open).unwrap();
    until("both moved", || house.files_below("inbox").is_empty()).await;
    assert_eq!(stored(&house.log).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_backlog_goes_in_few_chunks_and_each_file_once() {
    let house = House::new();
    let files = 3_000;
    for number in 0..files {
        house.drop_file(&format!("air/{number}.txt"), number.to_string());
    }
    let running = house.run_open();
    until("all moved", || running.of("air-files").snapshot().moved == files).await;
    let mut numbers: Vec<u64> =
        stored(&house.log).iter().map(|stored| stored.text().parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..files).collect::<Vec<_>>());
    assert!(chunks(&house.log) <= 10, "{} chunks", chunks(&house.log));
    assert_eq!(house.files_below("done").len() as u64, files);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_used_again_does_not_overwrite_what_lies_in_done() {
    let house = House::new();
    let running = house.run_open();
    for round in 1..=3 {
        house.drop_file("air/latest.txt", round.to_string());
        until("moved", || running.of("air-files").snapshot().moved == round).await;
    }
    let mut kept: Vec<String> = house
        .files_below("done")
        .iter()
        .map(|path| fs::read_to_string(house.folder.path().join("done").join(path)).unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, ["1", "2", "3"]);
}
