//! Which feed a path belongs to, and whether a sender may put a file there.

use ioc_model::pack::{Feed, Transport};

use super::path::VirtualPath;
use crate::{routes::Routes, senders::Sender};

/// Where a file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) feed: String,
    /// Its path below the feed's folder.
    pub(super) address: String,
    /// Larger files are withheld. Bytes.
    pub(super) max_bytes: usize,
    /// What is empty is a report of nothing, and judged as such.
    pub(super) is_report: bool,
}

/// The target of a path for that sender, or a sentence that says why there is none.
pub(super) fn target(routes: &Routes, sender: &Sender, path: &VirtualPath) -> Result<Target, String> {
    let of = |feed: &Feed, below: &[String]| match below {
        [] => Err(format!("{path} is a folder: name a file in it")),
        below => Ok(Target {
            feed: feed.id.clone(),
            address: below.join("/"),
            max_bytes: feed.contract.max_bytes,
            is_report: feed.format.is_report(),
        }),
    };
    match routes.folder(path.parts()) {
        Some((feed, below)) if sender.may_send_to(&feed.id) => of(feed, below),
        Some((feed, _)) => Err(format!("feed '{}' is not yours", feed.id)),
        None => match &folders(routes, sender)[..] {
            [] => Err("no feed that comes as files is yours".to_owned()),
            // There is nothing else that it could mean.
            [(feed, _)] => of(feed, path.parts()),
            several => {
                let names: Vec<_> = several.iter().map(|(_, folder)| format!("/{folder}")).collect();
                Err(format!("{path} is in no feed's folder: yours are {}", names.join(", ")))
            }
        },
    }
}

/// The feeds of a sender that come as files, with their folders.
pub(super) fn folders<'r>(routes: &'r Routes, sender: &Sender) -> Vec<(&'r Feed, &'r str)> {
    let of_files = |feed: &'r Feed| match &feed.transport {
        Transport::Files { folder } if sender.may_send_to(&feed.id) => {
            Some((feed, folder.trim_start_matches("./").trim_matches('/')))
        }
        _ => None,
    };
    routes.pack().feeds.values().filter_map(of_files).collect()
}
