//! The section `[follow]`, and the followers that start from it.

use std::{sync::Arc, time::Duration};

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::{self, Feed};
use jiff::SignedDuration;
use serde::Deserialize;
use tokio::{runtime::Handle, time::Instant};

use super::{
    follow,
    follower::{Followable, Follower},
    names::Names,
};
use crate::transport::{CannotStart, Kind, Running, Site, Transport, Words, section};

/// Files that grow.
pub static KIND: Kind = Kind {
    word: "follow",
    section: "follow",
    name: Words { vi: "tệp đang được ghi tiếp", en: "growing files" },
    listens: false,
    to_try: Words {
        vi: "hãy sửa hoặc xóa tệp được nêu trong thư mục followed/ của thư mục dữ liệu",
        en: "mend or remove the file that is named, in the folder followed/ of the data folder",
    },
    configure: |settings| Ok(Arc::new(Growing::configured(settings)?)),
};

/// Anything less is a loop.
const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_millis(10);

/// `[follow]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Growing {
    /// Pause between two looks.
    look_every: SignedDuration,
    /// How long a renamed file must not have grown to be left.
    linger: SignedDuration,
    /// How long a file that is gone is looked for before it is told as lost.
    look_for: SignedDuration,
}

impl Growing {
    fn configured(settings: &Figment) -> Result<Growing, Box<figment::Error>> {
        section(settings, &KIND)
    }

    fn followable(&self, feed: &Feed) -> Option<Followable> {
        let pack::Transport::Follow { folder, names } = &feed.transport else { return None };
        Some(Followable {
            feed: feed.id.clone(),
            folder: folder.into(),
            names: Names(names.clone()),
            max_bytes: feed.contract.max_bytes,
            linger: self.linger.unsigned_abs(),
            look_for: self.look_for.unsigned_abs(),
        })
    }
}

impl Transport for Growing {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.look_every < SHORTEST_PAUSE {
            faults.push("follow.look_every must be at least 10ms".to_owned());
        }
        for (name, duration) in [("follow.linger", self.linger), ("follow.look_for", self.look_for)] {
            if duration.is_negative() {
                faults.push(format!("{name} must not be negative"));
            }
        }
        faults
    }

    fn takes(&self, feed: &Feed) -> bool {
        matches!(feed.transport, pack::Transport::Follow { .. })
    }

    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>> {
        Box::pin(async move {
            let mut running = Running::new(&KIND, site);
            let look_every: Duration = self.look_every.unsigned_abs();
            for followable in site.pack.feeds.values().filter_map(|feed| self.followable(feed)) {
                running.at_folder(&followable.folder);
                let follower = Follower::open(followable, &site.data, Instant::now())?;
                running.counts(Some(follower.feed()), follower.counters().clone());
                running.go(
                    &Handle::current(),
                    follow(follower, look_every, site.intake.clone(), running.stopping()),
                );
            }
            Ok(running)
        })
    }
}
