//! The watched inbox: stations and agencies drop files, by FTP server or share, into a folder per feed.
//!
//! `<inbox>/<folder of the feed>/…` is looked at again and again; a whole file becomes an envelope (its address is
//! its path below the feed's folder) and is moved to `done/` when that is durable: a moved file is the
//! acknowledgement (invariant ACK). A crash between the two reads the file again, and what was stored is a
//! duplicate. While the bus is full the files stay where they are (invariant BOUND). What is no file to take, or
//! cannot be read, is counted and logged and blocks nothing else (invariant SAFE). Each feed's folder is watched by
//! a task of its own, so one sender's flood holds up nobody else; files that no feed claims belong to the feed
//! `unmatched`.
//!
//! Polling, not inotify: it works on every file system, network shares included, it cannot miss an event, and a
//! second of delay is nothing to a file that must settle for two.

mod counters;
mod name_time;
mod scan;
mod settings;
mod shelf;
mod take;
mod watch;

use std::{
    io,
    path::{Component, Path, PathBuf},
    sync::Arc,
    time::Duration,
};

pub use counters::{FilesCounters, FilesCounts};
use ioc_bus::chunk::MAX_FEED_NAME;
use ioc_model::{
    calendar::Calendar,
    envelope::UNMATCHED,
    pack::{Pack, Transport},
};
pub(super) use name_time::time_in_name;
pub(super) use scan::is_unfinished;
use serde::{Deserialize, Serialize};
pub use settings::KIND;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::watch::Watch;
use super::below::{self, Folder};
use crate::intake::Intake;

/// The largest file that is ever taken whole, whatever a feed allows: it passes through memory.
pub(crate) const MAX_FILE: usize = 256 << 20;
const UNMATCHED_MAX: usize = 1 << 20;

/// Where the inbox lies and how it is watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesConfig {
    /// The inbox; `done/` and `rejected/` lie beside it, on the same file system.
    pub inbox: PathBuf,
    /// Milliseconds between two looks.
    pub poll_ms: u64,
    /// Milliseconds over which a file's size and time of change must stay the same.
    pub settle_ms: u64,
    /// Days that files are kept in `done/`, by the product's clock.
    pub keep_done_days: u32,
}

impl FilesConfig {
    /// The defaults for that inbox.
    #[must_use]
    pub fn of(inbox: PathBuf) -> FilesConfig {
        FilesConfig { inbox, poll_ms: 1_000, settle_ms: 2_000, keep_done_days: 30 }
    }

    /// Where acknowledged files lie.
    #[must_use]
    pub fn done(&self) -> PathBuf {
        self.inbox.with_file_name("done")
    }

    /// Where files over their feed's limit lie.
    #[must_use]
    pub fn rejected(&self) -> PathBuf {
        self.inbox.with_file_name("rejected")
    }

    fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms.max(10))
    }

    fn settle(&self) -> Duration {
        Duration::from_millis(self.settle_ms)
    }
}

/// A feed that comes as files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesFeed {
    /// The feed.
    pub feed: String,
    /// Its folder below the inbox, such as `air`.
    pub folder: PathBuf,
    /// Larger files are withheld. Bytes; [`MAX_FILE`] at most.
    pub max_bytes: usize,
}

impl FilesFeed {
    /// The pack's feeds that come as files.
    #[must_use]
    pub fn of_pack(pack: &Pack) -> Vec<FilesFeed> {
        let of_files = |(name, feed): (&String, &ioc_model::pack::Feed)| match &feed.transport {
            Transport::Files { folder } => Some(FilesFeed {
                feed: name.clone(),
                folder: folder.into(),
                max_bytes: feed.contract.max_bytes,
            }),
            _ => None,
        };
        pack.feeds.iter().filter_map(of_files).collect()
    }
}

/// Why an inbox cannot be watched. All of these are for the operator to mend.
#[derive(Debug, thiserror::Error)]
pub enum InboxFault {
    /// A feed's folder is no plain path below the inbox.
    #[error("folder '{folder}' of feed '{feed}' must be a path below the inbox, such as air or water/kcn")]
    FolderOutside {
        /// The feed.
        feed: String,
        /// Its folder.
        folder: String,
    },
    /// Two feeds claim one folder.
    #[error("feeds '{first}' and '{second}' both claim folder '{folder}'")]
    FolderShared {
        /// One feed.
        first: String,
        /// The other.
        second: String,
        /// The folder.
        folder: String,
    },
    /// A feed's name is too long.
    #[error("the name of feed '{0}' is longer than 64 bytes")]
    FeedName(String),
    /// A folder cannot be made or opened.
    #[error("cannot open or make folder {path}: {cause}")]
    Folder {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Moving a file would be a copy.
    #[error("{path} must lie on the same file system as the inbox, since files are moved there in one step")]
    OtherFileSystem {
        /// The folder that does not.
        path: PathBuf,
    },
}

/// The watched inbox of a process.
#[derive(Debug)]
pub struct FilesInbox {
    watches: Vec<Watch>,
    intake: Intake,
}

impl FilesInbox {
    /// Makes the folders that are not there yet and gets ready to watch them. `calendar` is the pack's: the times in
    /// file names and the days of `done/` are local.
    ///
    /// # Errors
    /// If the folders overlap, leave the inbox, cannot be made, or lie on several file systems.
    pub fn new(
        config: &FilesConfig,
        intake: Intake,
        feeds: &[FilesFeed],
        calendar: &Calendar,
    ) -> Result<FilesInbox, InboxFault> {
        let folders = claimed_folders(feeds)?;
        make_folders(config, &folders)?;
        let mut watches = Vec::new();
        for (feed, folder) in feeds.iter().zip(&folders) {
            let max_bytes = feed.max_bytes.min(MAX_FILE) as u64;
            watches.push(Watch::new(
                config,
                &feed.feed,
                std::slice::from_ref(&feed.feed),
                folder,
                inner_folders(folder, &folders),
                max_bytes,
                calendar,
            ));
        }
        let whole = Path::new("");
        if !folders.iter().any(|folder| folder == whole) {
            let inner = inner_folders(whole, &folders);
            // A file of any of them may be put into the wrong folder.
            let meant: Vec<String> = feeds.iter().map(|feed| feed.feed.clone()).collect();
            watches.push(Watch::new(config, UNMATCHED, &meant, whole, inner, UNMATCHED_MAX as u64, calendar));
        }
        Ok(FilesInbox { watches, intake })
    }

    /// The counters of each watched folder, by feed.
    #[must_use]
    pub fn counters(&self) -> Vec<(String, Arc<FilesCounters>)> {
        self.watches.iter().map(|watch| (watch.feed().to_owned(), watch.counters().clone())).collect()
    }

    /// Watches until cancelled. A poisoned partition ends the watching of the feeds in it and of no others.
    pub async fn run(self, cancel: CancellationToken) {
        let mut tasks = JoinSet::new();
        for watch in self.watches {
            let _ = tasks.spawn(watch.run(self.intake.clone(), cancel.clone()));
        }
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the watching of a folder ended by a fault of this program");
            }
        }
    }
}

/// The feeds' folders as plain paths, or what is wrong with them.
fn claimed_folders(feeds: &[FilesFeed]) -> Result<Vec<PathBuf>, InboxFault> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for (index, feed) in feeds.iter().enumerate() {
        if feed.feed.len() > MAX_FEED_NAME {
            return Err(InboxFault::FeedName(feed.feed.clone()));
        }
        // The feed's name becomes a folder of `done/`.
        let is_plain_name =
            Path::new(&feed.feed).components().count() == 1 && is_plain(Path::new(&feed.feed));
        if !is_plain_name || !is_plain(&feed.folder) {
            let folder = feed.folder.display().to_string();
            return Err(InboxFault::FolderOutside { feed: feed.feed.clone(), folder });
        }
        let is_name = |component: &Component<'_>| matches!(component, Component::Normal(_));
        let folder: PathBuf = feed.folder.components().filter(is_name).collect();
        if let Some(other) = folders.iter().position(|claimed| *claimed == folder) {
            return Err(InboxFault::FolderShared {
                first: feeds[other].feed.clone(),
                second: feeds[index].feed.clone(),
                folder: folder.display().to_string(),
            });
        }
        folders.push(folder);
    }
    Ok(folders)
}

fn is_plain(path: &Path) -> bool {
    path.components().all(|component| matches!(component, Component::Normal(_) | Component::CurDir))
}

/// The folders strictly below one.
fn inner_folders(folder: &Path, all: &[PathBuf]) -> Vec<PathBuf> {
    all.iter().filter(|other| *other != folder && other.starts_with(folder)).cloned().collect()
}

fn make_folders(config: &FilesConfig, folders: &[PathBuf]) -> Result<(), InboxFault> {
    let fault = |path: &Path| {
        let path = path.to_owned();
        move |cause: io::Error| InboxFault::Folder { path, cause }
    };
    let mut devices = Vec::new();
    let (done, rejected) = (config.done(), config.rejected());
    for root in [&config.inbox, &done, &rejected] {
        std::fs::create_dir_all(root).map_err(fault(root))?;
        devices.push((root, Folder::root(root).and_then(|folder| folder.device()).map_err(fault(root))?));
    }
    if let Some((path, _)) = devices.iter().find(|(_, device)| *device != devices[0].1) {
        return Err(InboxFault::OtherFileSystem { path: (*path).clone() });
    }
    let inbox = Folder::root(&config.inbox).map_err(fault(&config.inbox))?;
    for folder in folders {
        let path = config.inbox.join(folder);
        let device = inbox.at_made(folder).and_then(|made| made.device()).map_err(fault(&path))?;
        if device != devices[0].1 {
            return Err(InboxFault::OtherFileSystem { path });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(feed: &str, folder: &str) -> FilesFeed {
        FilesFeed { feed: feed.into(), folder: folder.into(), max_bytes: 10 }
    }

    #[test]
    fn a_folder_that_leaves_the_inbox_is_refused() {
        for folder in ["../x", "/etc", "a/../../x"] {
            assert!(
                matches!(claimed_folders(&[feed("air", folder)]), Err(InboxFault::FolderOutside { .. })),
                "{folder}"
            );
        }
        assert!(matches!(claimed_folders(&[feed("../air", "air")]), Err(InboxFault::FolderOutside { .. })));
        assert!(claimed_folders(&[feed("air", "./air/")]).is_ok());
    }

    #[test]
    fn a_folder_claimed_twice_is_refused_and_one_inside_another_is_not() {
        let shared = claimed_folders(&[feed("air", "air"), feed("dust", "./air")]);
        assert!(matches!(shared, Err(InboxFault::FolderShared { .. })));
        let nested = claimed_folders(&[feed("air", "air"), feed("dust", "air/dust")]).unwrap();
        assert_eq!(inner_folders(&nested[0], &nested), [PathBuf::from("air/dust")]);
    }
}
