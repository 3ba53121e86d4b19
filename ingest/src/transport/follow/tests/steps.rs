//! Single steps of which the outcome is known.

use std::{fs, time::SystemTime};

use super::*;

/// A folder that is followed.
struct Followed {
    folder: tempfile::TempDir,
    data: tempfile::TempDir,
    names: Names,
    follower: Option<Follower>,
    now: Instant,
}

impl Followed {
    fn new(names: &[&str]) -> Followed {
        Followed {
            folder: tempfile::tempdir().unwrap(),
            data: tempfile::tempdir().unwrap(),
            names: Names(names.iter().map(|name| (*name).to_owned()).collect()),
            follower: None,
            now: Instant::now(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &str) {
        append_to(&self.path(name)).write_all(bytes.as_bytes()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn follower(&mut self) -> &mut Follower {
        let what = Followable {
            feed: "eve".to_owned(),
            folder: self.folder.path().to_owned(),
            names: self.names.clone(),
            max_bytes: 4_096,
            linger: LINGER,
            look_for: LOOK_FOR,
        };
        self.follower.get_or_insert_with(|| Follower::open(what, self.data.path(), self.now).unwrap())
    }

    /// Looks, reads and keeps; the lines and the losses it brought.
    fn follow(&mut self) -> (String, Vec<Loss>) {
        self.follow_at(ReceivedAt(i64::MAX))
    }

    fn follow_at(&mut self, clock: ReceivedAt) -> (String, Vec<Loss>) {
        self.now += Duration::from_secs(1);
        let now = self.now;
        let follower = self.follower();
        follower.look(now, clock);
        let (mut lines, mut losses) = (String::new(), Vec::new());
        loop {
            let mut read = follower.read(now);
            losses.extend(read.losses());
            if !read.is_empty() {
                let chunk = read.chunk.finish_from(&Origin::sender("follow:eve"), ReceivedAt(1));
                let view = ChunkView::parse(chunk.bytes().to_vec().into()).unwrap();
                for envelope in view.iter(LogNumber(1), Partition(0), Offset(0)) {
                    if envelope.attributes.get(Attribute::Before).is_some() {
                        lines.push_str(std::str::from_utf8(envelope.payload).unwrap());
                    }
                }
            }
            follower.keep().unwrap();
            follower.count(&read);
            if !read.more {
                return (lines, losses);
            }
        }
    }

    /// The losses that are told when nothing more is looked for.
    fn given_up(&mut self) -> Vec<Loss> {
        let mut losses = self.follow().1;
        self.now += LOOK_FOR;
        losses.extend(self.follow().1);
        losses
    }
}

fn gone(read: u64, at_least: u64) -> Loss {
    Loss::Gone(Unread { read, at_least })
}

#[test]
fn a_file_removed_while_nothing_ran_is_told_as_lost_also_where_the_folder_is_empty_now() {
    let mut followed = Followed::new(&["eve.json"]);
    followed.write("eve.json", "a\nb\nhalf");
    assert_eq!(followed.follow().0, "a\nb\n");
    followed.follower = None;
    fs::remove_file(followed.path("eve.json")).unwrap();
    assert_eq!(followed.given_up(), [gone(4, 4)]);
    assert_eq!(followed.follower().counters().snapshot().unlisted, 0);
}

#[test]
fn a_file_that_was_looked_for_is_told_as_lost_after_a_restart_into_an_empty_folder() {
    let mut followed = Followed::new(&["eve.json"]);
    followed.write("eve.json", "a\nhalf");
    let _lines = followed.follow();
    fs::remove_file(followed.path("eve.json")).unwrap();
    let _looked_for = followed.follow();
    followed.follower = None;
    assert_eq!(followed.given_up(), [gone(2, 4)]);
}

#[test]
fn an_empty_folder_on_another_device_is_a_share_that_is_not_mounted() {
    let mut followed = Followed::new(&["eve.json"]);
    followed.write("eve.json", "a\n");
    let _lines = followed.follow();
    followed.follower = None;
    fs::remove_file(followed.path("eve.json")).unwrap();
    // As if it had been read on another device than the folder's.
    let kept_at = kept::path_of(followed.data.path(), "eve");
    let text = fs::read_to_string(&kept_at).unwrap();
    let (before, id) = text.split_once("\"id\":[").unwrap();
    let (id, device) = id.split_once("\"device\":").unwrap();
    fs::write(&kept_at, format!("{before}\"id\":[9{id}\"device\":9{device}")).unwrap();
    assert_eq!(followed.given_up(), []);
    assert!(followed.follower().counters().snapshot().unlisted > 0);
}

#[test]
fn a_file_that_bears_a_time_to_come_hides_no_rotated_one() {
    let before = ReceivedAt(Clock::Machine.received_at().0 - 60_000);
    for name in ["eve.json", "other.txt"] {
        let mut followed = Followed::new(&["eve.json"]);
        followed.write("eve.json", "a\n");
        followed.write("other.txt", "x\n");
        let file = append_to(&followed.path(name));
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(9_000_000_000)).unwrap();
        assert_eq!(followed.follow_at(before).0, "a\n");
        followed.follower = None;
        followed.rename("eve.json", "eve.json.2");
        followed.write("eve.json.1", "never met\n");
        followed.write("eve.json", "b\n");
        let (lines, losses) = followed.follow();
        let mut lines: Vec<&str> = lines.lines().collect();
        lines.sort_unstable();
        assert_eq!((lines, losses), (vec!["b", "never met"], vec![]), "{name}");
    }
}

#[test]
fn a_rotated_file_of_one_log_says_nothing_of_another_that_is_lost() {
    let mut followed = Followed::new(&["auth.log", "eve.json"]);
    followed.write("auth.log", "half");
    followed.write("eve.json", "a\n");
    let _lines = followed.follow();
    followed.follower = None;
    fs::remove_file(followed.path("auth.log")).unwrap();
    followed.rename("eve.json", "eve.json.2");
    followed.write("eve.json.1", "never met\n");
    assert_eq!(followed.given_up(), [gone(0, 4)]);

    // Of the log itself it may be the very file.
    let mut followed = Followed::new(&["eve.json"]);
    followed.write("eve.json", "half");
    let _lines = followed.follow();
    followed.follower = None;
    fs::remove_file(followed.path("eve.json")).unwrap();
    followed.write("eve.json.1", "half of it\n");
    assert_eq!(followed.given_up(), []);
}

#[test]
fn once_the_number_of_a_file_of_which_nothing_was_read_says_nothing_of_a_copy_that_was_given_it() {
    // An empty file is rotated to its end, and the next one is read.
    let rotated = || {
        let mut followed = Followed::new(&["eve.json"]);
        followed.write("eve.json", "");
        let _nothing = followed.follow();
        followed.rename("eve.json", "eve.json.3");
        followed.write("eve.json", "a\n");
        assert_eq!(followed.follow(), ("a\n".to_owned(), vec![]));
        followed.follower = None;
        // It is removed, and its number is the next file's.
        followed.rename("eve.json.3", "eve.json.1");
        followed
    };
    // That is what copytruncate made of the one that was read.
    let mut followed = rotated();
    followed.write("eve.json.1", "a\nb\n");
    append_to(&followed.path("eve.json")).set_len(0).unwrap();
    assert_eq!(followed.follow().0, "b\n");
    assert_eq!(followed.given_up(), [gone(0, 0)], "the empty one alone");
    // A copy of the one that is read goes on being none of the log.
    let mut followed = rotated();
    followed.write("eve.json.1", "a\n");
    followed.write("eve.json", "b\n");
    assert_eq!(followed.follow().0, "b\n");
    // And what was written to it under its own number is its own.
    let mut followed = rotated();
    followed.write("eve.json.1", "late\n");
    assert_eq!(followed.follow().0, "late\n");
    assert_eq!(followed.given_up(), []);
}

#[test]
fn once_a_file_that_was_cut_short_and_lost_its_name_between_two_looks_goes_on_in_its_copy() {
    let mut followed = Followed::new(&["eve.json"]);
    followed.write("eve.json", "a\n");
    assert_eq!(followed.follow().0, "a\n");
    followed.write("eve.json", "b\n");
    let _bytes = fs::copy(followed.path("eve.json"), followed.path("eve.json.2")).unwrap();
    append_to(&followed.path("eve.json")).set_len(0).unwrap();
    fs::remove_file(followed.path("eve.json")).unwrap();
    followed.write("eve.json", "c\n");
    let (lines, losses) = followed.follow();
    let mut lines: Vec<&str> = lines.lines().collect();
    lines.sort_unstable();
    assert_eq!((lines, losses), (vec!["b", "c"], vec![]));
    assert_eq!(followed.given_up(), []);
}

#[test]
fn nuls_behind_the_last_line_are_nothing_that_was_lost() {
    for (end, lost) in [("", None), ("half", Some(4))] {
        let mut followed = Followed::new(&["eve.json"]);
        followed.write("eve.json", &format!("a\n{end}\0\0\0\0\0\0"));
        assert_eq!(followed.follow(), ("a\n".to_owned(), vec![]));
        followed.follower = None;
        fs::remove_file(followed.path("eve.json")).unwrap();
        followed.write("other", "");
        assert_eq!(followed.given_up(), [gone(2, lost.unwrap_or(0))]);

        // While it is open all of it was read.
        let mut followed = Followed::new(&["eve.json"]);
        followed.write("eve.json", &format!("a\n{end}\0\0\0\0\0\0"));
        let _lines = followed.follow();
        fs::remove_file(followed.path("eve.json")).unwrap();
        let _left = followed.follow();
        followed.now += LINGER;
        assert_eq!(followed.follow().1, []);
    }
}

#[test]
fn what_is_compressed_by_something_that_is_not_read_is_no_loss_by_itself() {
    let mut followed = Followed::new(&["eve*"]);
    followed.write("eve.json", "a\n");
    let _lines = followed.follow();
    for size in 1..4 {
        followed.write("eve.json.2.zst", &"x".repeat(size));
        assert_eq!(followed.follow(), (String::new(), vec![]));
    }
}

#[test]
fn what_is_no_regular_file_is_told_once_while_it_is_there() {
    let mut followed = Followed::new(&["eve.json"]);
    followed.write("other", "a\n");
    for times in 1..3 {
        std::os::unix::fs::symlink(followed.path("other"), followed.path("eve.json")).unwrap();
        for _ in 0..2 {
            assert_eq!(followed.follow(), (String::new(), vec![]));
            assert_eq!(followed.follower().counters().snapshot().passed_over, times);
        }
        fs::remove_file(followed.path("eve.json")).unwrap();
        let _nothing = followed.follow();
    }
}
