//! What is to be fetched, of what was listed: new, or said to be another one, and settled. The oldest first.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::civil::{Date, DateTime};
use rustc_hash::FxHashMap;
use tokio::time::Instant;

use super::{days::Folder, fetched::join, known::Known, listing::Signature};
use crate::transport::files::time_in_name;

/// A file in a listing.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) folder: Arc<Folder>,
    pub(super) name: String,
    pub(super) signature: Signature,
}

/// By what files are ordered: the day of the folder, the time in the name, the path.
pub(super) type Age = (Option<Date>, Option<DateTime>, String);

/// A file that is to be fetched.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) listed: Listed,
    /// Nothing says that it is another one: it is held against what it said.
    pub(super) is_check: bool,
}

/// What came of a look.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) queue: VecDeque<Wanted>,
    /// Known files that are held against what they said.
    pub(super) checks: VecDeque<Wanted>,
    /// Folders of files that are not taken yet: they are looked at again.
    pub(super) waits_in: Vec<Arc<Folder>>,
    pub(super) settling: u64,
}

impl Listed {
    pub(super) fn path(&self) -> String {
        join(&self.folder.path, &self.name)
    }

    pub(super) fn age(&self) -> Age {
        (self.folder.day, time_in_name(&self.name), self.path())
    }
}

/// What was seen and is not taken yet.
#[derive(Debug)]
pub(super) struct Plan {
    settle: Duration,
    /// What listings said of a file, and since when.
    seen: FxHashMap<String, (Signature, Instant)>,
}

impl Plan {
    pub(super) fn new(settle: Duration) -> Plan {
        Plan { settle, seen: FxHashMap::default() }
    }

    /// Looks at what was listed. Known files that were taken since `checked_since` (seconds since 1970) are held against
    /// what they said; none where it is none.
    pub(super) fn look(
        &mut self,
        listed: Vec<Listed>,
        known: &Known,
        now: Instant,
        is_left: impl Fn(&str) -> bool,
        checked_since: Option<i64>,
    ) -> Looked {
        let mut looked = Looked::default();
        let mut seen = FxHashMap::default();
        let mut wanted: Vec<(Age, Wanted)> = Vec::new();
        let mut checks: Vec<(Age, Wanted)> = Vec::new();
        for file in listed {
            let before = known.get(&file.folder.path, &file.name);
            if let Some(taken) = before.filter(|taken| taken.signature == file.signature) {
                if checked_since.is_some_and(|since| taken.at >= since) {
                    checks.push((file.age(), Wanted { listed: file, is_check: true }));
                }
                continue;
            }
            let path = file.path();
            let since = match self.seen.get(&path) {
                Some((signature, since)) if *signature == file.signature => Some(*since),
                _ => None,
            };
            let is_settled = since.is_some_and(|since| now.duration_since(since) >= self.settle);
            let is_left = is_left(&path);
            let _new = seen.insert(path, (file.signature, since.unwrap_or(now)));
            looked.waits_in.push(file.folder.clone());
            looked.settling += u64::from(!is_settled);
            if is_settled && !is_left {
                wanted.push((file.age(), Wanted { listed: file, is_check: false }));
            }
        }
        self.seen = seen;
        (looked.queue, looked.checks) = (oldest_first(wanted), oldest_first(checks));
        looked.waits_in.sort();
        looked.waits_in.dedup();
        looked
    }

    /// It was another one when it had been fetched: it settles anew.
    pub(super) fn unsettle(&mut self, path: &str) {
        let _was = self.seen.remove(path);
    }
}

fn oldest_first(mut wanted: Vec<(Age, Wanted)>) -> VecDeque<Wanted> {
    wanted.sort_by(|(one, _), (other, _)| one.cmp(other));
    wanted.into_iter().map(|(_, wanted)| wanted).collect()
}
