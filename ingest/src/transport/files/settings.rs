//! The section `[inbox]`, and the watching that starts from it.

use std::{path::PathBuf, sync::Arc};

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::{self, Feed};
use jiff::SignedDuration;
use serde::Deserialize;
use tokio::runtime::Handle;

use super::{FilesConfig, FilesFeed, FilesInbox, InboxFault};
use crate::transport::{CannotStart, Kind, Running, Site, Transport, Words, section};

/// The watched inbox.
pub static KIND: Kind = Kind {
    word: "files",
    section: "inbox",
    name: Words { vi: "hộp thư tệp", en: "inbox" },
    listens: false,
    to_try: Words {
        vi: "hãy đặt inbox.folder vào thư mục mà chương trình được phép ghi, cùng hệ tệp với done/ và rejected/",
        en: "set inbox.folder to a folder that may be written to, on one file system with done/ and rejected/",
    },
    configure: |settings| Ok(Arc::new(Inbox::configured(settings)?)),
};

/// `[inbox]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inbox {
    /// The inbox; empty for the data folder's.
    folder: PathBuf,
    /// Pause between scans.
    scan_every: SignedDuration,
    /// How long a file must have rested.
    settle: SignedDuration,
    /// Days taken files are kept.
    keep_done_days: u32,
}

impl Inbox {
    fn configured(settings: &Figment) -> Result<Inbox, Box<figment::Error>> {
        section(settings, &KIND)
    }
}

impl Transport for Inbox {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn faults(&self) -> Vec<String> {
        [("inbox.scan_every", self.scan_every), ("inbox.settle", self.settle)]
            .into_iter()
            .filter(|(_, duration)| duration.is_negative())
            .map(|(name, _)| format!("{name} must not be negative"))
            .collect()
    }

    fn takes(&self, feed: &Feed) -> bool {
        matches!(feed.transport, pack::Transport::Files { .. })
    }

    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>> {
        Box::pin(async move {
            let mut running = Running::new(&KIND, site);
            let folder = match self.folder.as_os_str().is_empty() {
                true => site.data.join("inbox"),
                false => self.folder.clone(),
            };
            let folder = std::path::absolute(folder)?;
            let millis = |set: SignedDuration| u64::try_from(set.as_millis()).unwrap_or_default();
            let config = FilesConfig {
                poll_ms: millis(self.scan_every),
                settle_ms: millis(self.settle),
                keep_done_days: self.keep_done_days,
                ..FilesConfig::of(folder.clone())
            };
            std::fs::create_dir_all(&folder)
                .map_err(|cause| InboxFault::Folder { path: folder.clone(), cause })?;
            let feeds = FilesFeed::of_pack(&site.pack);
            let inbox = FilesInbox::new(&config, site.intake.clone(), &feeds, &site.calendar)?;
            running.at_folder(&folder);
            for (feed, counters) in inbox.counters() {
                running.counts(Some(&feed), counters);
            }
            running.go(&Handle::current(), inbox.run(running.stopping()));
            Ok(running)
        })
    }
}
