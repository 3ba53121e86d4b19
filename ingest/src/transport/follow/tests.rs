//! Any order of writing, rotating, looking and dying, held against what was written.

mod steps;

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::Write,
    path::PathBuf,
};

use flate2::{Compression, write::GzEncoder};
use ioc_bus::{ChunkView, Origin};
use ioc_model::{
    attribute::Attribute,
    loss::Unread,
    position::{LogNumber, Offset, Partition},
    running_hash::RunningHash,
    time::ReceivedAt,
};
use proptest::prelude::*;

use super::{follower::Followable, names::Names, *};

const NAME: &str = "eve.json";
const LINGER: Duration = Duration::from_secs(10_000);
const LOOK_FOR: Duration = Duration::from_secs(5);
/// Rotated files that are kept, as logrotate's `rotate`.
const ROTATED: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// So many lines.
    Append(usize),
    /// The beginning of a line.
    Partial,
    /// A line to the file that was renamed last, by a writer who does not know yet.
    AppendLate,
    Rename,
    /// With so many lines between the copy and the truncation.
    CopyTruncate(usize),
    /// The file that was rotated last is compressed.
    Compress,
    /// The file is written anew by another of its whole content, as rsync does.
    Replace,
    /// Look, read, keep.
    Follow,
    /// Look, read, and die before it is kept.
    DieUnkept,
    /// Die between two looks, and not start yet.
    Die,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..8_usize).prop_map(Step::Append),
        1 => Just(Step::Append(3_000)),
        2 => Just(Step::Partial),
        2 => Just(Step::AppendLate),
        3 => Just(Step::Rename),
        2 => (0..2_usize).prop_map(Step::CopyTruncate),
        2 => Just(Step::Compress),
        1 => Just(Step::Replace),
        6 => Just(Step::Follow),
        2 => Just(Step::DieUnkept),
        2 => Just(Step::Die),
    ]
}

/// What was written to a file before it was cut short or left.
#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    /// Where nothing but the reader's own luck could see it: between a copy and the truncation.
    unseen_from: Option<usize>,
    /// No file holds it any more.
    is_removed: bool,
    /// Something of it was read.
    was_looked_at: bool,
}

struct World {
    folder: tempfile::TempDir,
    data: tempfile::TempDir,
    follower: Option<Follower>,
    writer: File,
    late: Option<(File, usize)>,
    contents: Vec<Content>,
    /// Which content lies in the rotated files, the last one first.
    rotated: Vec<usize>,
    number: usize,
    /// By the key of the line, how often it came.
    came: HashMap<[u8; 32], usize>,
    losses: Vec<Loss>,
    now: Instant,
    may_repeat: bool,
    cut_short: bool,
    replaced: bool,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let writer = append_to(&folder.path().join(NAME));
        World {
            data: tempfile::tempdir().unwrap(),
            follower: None,
            writer,
            late: None,
            contents: vec![Content::default()],
            rotated: Vec::new(),
            number: 0,
            came: HashMap::new(),
            losses: Vec::new(),
            now: Instant::now(),
            may_repeat: false,
            cut_short: false,
            replaced: false,
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn line(&mut self) -> Vec<u8> {
        self.number += 1;
        format!("line {} {}\n", self.number, "x".repeat(self.number * 7 % 60)).into_bytes()
    }

    fn append(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).unwrap();
        self.contents.last_mut().unwrap().bytes.extend_from_slice(bytes);
    }

    /// Makes room for one more rotated file.
    fn shift(&mut self) {
        for number in (1..=ROTATED).rev() {
            for ending in ["", ".gz"] {
                let path = self.path(&format!("{NAME}.{number}{ending}"));
                if path.try_exists().unwrap() {
                    match number {
                        ROTATED => fs::remove_file(path).unwrap(),
                        _ => fs::rename(path, self.path(&format!("{NAME}.{}{ending}", number + 1))).unwrap(),
                    }
                }
            }
        }
        if self.rotated.len() >= ROTATED {
            for content in self.rotated.drain(ROTATED - 1..) {
                self.contents[content].is_removed = true;
            }
        }
        self.rotated.insert(0, self.contents.len() - 1);
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Append(lines) => {
                for _ in 0..*lines {
                    let line = self.line();
                    self.append(&line);
                }
            }
            Step::Partial => {
                let line = self.line();
                self.append(&line[..line.len() / 2]);
            }
            Step::AppendLate => {
                let line = self.line();
                if let Some((file, content)) = &mut self.late {
                    file.write_all(&line).unwrap();
                    self.contents[*content].bytes.extend_from_slice(&line);
                }
            }
            Step::Rename => {
                self.shift();
                fs::rename(self.path(NAME), self.path("eve.json.1")).unwrap();
                let new = append_to(&self.path(NAME));
                let old = std::mem::replace(&mut self.writer, new);
                self.late = Some((old, self.contents.len() - 1));
                self.contents.push(Content::default());
            }
            Step::CopyTruncate(between) => {
                self.shift();
                let _bytes = fs::copy(self.path(NAME), self.path("eve.json.1")).unwrap();
                let content = self.contents.last_mut().unwrap();
                content.unseen_from = Some(content.bytes.len());
                // A copy that has less than was read cannot be told from another file, where that is little.
                self.may_repeat |= *between > 0;
                for _ in 0..*between {
                    let line = self.line();
                    self.append(&line);
                }
                self.writer.set_len(0).unwrap();
                self.contents.push(Content::default());
                self.cut_short = true;
                self.late = None;
            }
            Step::Compress => {
                let path = self.path("eve.json.1");
                if let Ok(bytes) = fs::read(&path) {
                    let mut encoder = GzEncoder::new(
                        File::create(self.path("eve.json.1.gz")).unwrap(),
                        Compression::fast(),
                    );
                    encoder.write_all(&bytes).unwrap();
                    drop(encoder.finish().unwrap());
                    fs::remove_file(path).unwrap();
                    self.late = None;
                }
            }
            Step::Replace if self.contents.last().unwrap().bytes.len() < 1_000 => {}
            Step::Replace => {
                self.may_repeat = true;
                let (old, new) = (self.path(NAME), self.path("arriving"));
                let _bytes = fs::copy(&old, &new).unwrap();
                fs::rename(new, old).unwrap();
                self.writer = append_to(&self.path(NAME));
                self.replaced = true;
                // What is replaced, rotated, written to late and compressed between two looks is a known limit.
                if self.follower.is_some() {
                    self.follow(true);
                }
            }
            Step::Follow => self.follow(true),
            Step::DieUnkept => {
                self.follow(false);
                self.follower = None;
                self.may_repeat = true;
            }
            Step::Die => self.follower = None,
        }
    }

    fn follow(&mut self, is_kept: bool) {
        self.now += Duration::from_secs(1);
        let what = Followable {
            feed: "eve".to_owned(),
            folder: self.folder.path().to_owned(),
            names: Names(vec!["eve.json".to_owned()]),
            max_bytes: 4_096,
            linger: LINGER,
            look_for: LOOK_FOR,
        };
        let opened = || Follower::open(what, self.data.path(), self.now).unwrap();
        let mut follower = self.follower.take().unwrap_or_else(opened);
        follower.look(self.now, ReceivedAt(i64::MAX));
        for index in self.rotated.iter().copied().chain([self.contents.len() - 1]) {
            let content = &mut self.contents[index];
            content.was_looked_at |= is_kept && content.bytes.contains(&b'\n');
        }
        loop {
            let mut read = follower.read(self.now);
            self.receive(&mut read);
            if is_kept {
                follower.keep().unwrap();
            }
            if !read.more {
                break;
            }
        }
        self.follower = Some(follower);
    }

    fn receive(&mut self, read: &mut Read) {
        if read.is_empty() {
            return;
        }
        self.losses.extend(read.losses());
        let chunk = read.chunk.finish_from(&Origin::sender("follow:eve"), ReceivedAt(1));
        let view = ChunkView::parse(chunk.bytes().to_vec().into()).unwrap();
        for envelope in view.iter(LogNumber(1), Partition(0), Offset(0)) {
            let Some(before) = envelope.attributes.get(Attribute::Before) else { continue };
            let mut hash: RunningHash = before.parse().unwrap();
            for line in envelope.payload.split_inclusive(|byte| *byte == b'\n') {
                hash.update(line);
                *self.came.entry(hash.digest()).or_default() += 1;
            }
        }
    }

    /// Everything has come to rest: who looks for something has given up, who lingers has left.
    fn settle(&mut self) {
        for _ in 0..10 {
            self.follow(true);
        }
        self.now += LINGER;
        self.follow(true);
        self.follow(true);
    }

    /// Holds what came against what was written.
    fn check(&mut self) {
        let mut expected = HashMap::new();
        let mut owed: Vec<(u64, u64)> = Vec::new();
        let last = self.contents.len() - 1;
        for (index, content) in self.contents.iter().enumerate() {
            let mut hash = RunningHash::default();
            let mut at = 0;
            let mut missing = None;
            for line in content.bytes.split_inclusive(|byte| *byte == b'\n') {
                let before = hash.clone();
                hash.update(line);
                if !line.ends_with(b"\n") {
                    hash.update(b"\n");
                }
                let _new = expected.insert(hash.digest(), ());
                let end = at + line.len();
                // Of a copy that was never met when it was made nobody knows that it ends within a line.
                if let Some(from) = content.unseen_from.filter(|from| (at..end).contains(from)) {
                    let mut cut = before;
                    cut.update(&line[..from - at]);
                    cut.update(b"\n");
                    let _new = expected.insert(cut.digest(), ());
                }
                // A copy that ends within a line is told, and so is nobody's.
                let is_seen = content.unseen_from.is_none_or(|from| end <= from && line.ends_with(b"\n"));
                // The last line of the file that is written to has not ended.
                let is_whole = line.ends_with(b"\n") || index < last;
                // Nobody looked while it was there, or there never was a whole line to know it by.
                let is_there = !content.is_removed && content.bytes.contains(&b'\n');
                let is_known = content.was_looked_at || is_there;
                if is_seen && is_whole && is_known && !self.came.contains_key(&hash.digest()) {
                    let _first = missing.get_or_insert(at as u64);
                }
                at = end;
            }
            if let Some(from) = missing {
                owed.push((from, content.bytes.len() as u64 - from));
            }
        }
        for key in self.came.keys() {
            assert!(expected.contains_key(key), "a line that was never written");
        }
        let mut told = self.losses.clone();
        for (from, bytes) in owed {
            let says_it = |loss: &Loss| match loss {
                Loss::CutShort(unread) | Loss::Gone(unread) => {
                    unread.read <= from && unread.at_least <= bytes + (from - unread.read)
                }
                // Whether it was a copy that ended there, or the file, cannot always be known.
                Loss::RestOfLine { left } => *left == bytes,
                Loss::Datagrams { .. } | Loss::Records(_) | Loss::MadeAnew { .. } => false,
            };
            let Some(at) = told.iter().position(says_it) else {
                panic!("{bytes} bytes from {from} on are lost, and told are {told:?}")
            };
            let _told = told.swap_remove(at);
        }
        if !self.may_repeat {
            assert!(self.came.values().all(|times| *times == 1), "a line came twice");
        }
        if !self.cut_short && !self.replaced && self.contents.iter().all(|content| !content.is_removed) {
            // A file of which nothing was read has nothing to be known by where it lies now.
            let is_whole = |loss: &Loss| match loss {
                Loss::CutShort(unread) | Loss::Gone(unread) => unread.read > 0,
                _ => false,
            };
            assert!(!self.losses.iter().any(is_whole), "{:?}: every file is still there", self.losses);
        }
    }
}

fn append_to(path: &std::path::Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn once_every_line_comes_or_its_loss_is_told(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        world.follow(true);
        for step in &steps {
            world.take(step);
        }
        world.settle();
        world.check();
    }
}
