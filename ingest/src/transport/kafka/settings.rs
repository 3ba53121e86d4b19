//! The section `[kafka]`, and a reader for each feed of topics.
//!
//! Which topics are read, and as which group, is the pack's; who logs in is not, and lies in `kafka.toml` in the data
//! folder, by feed.

use std::{sync::Arc, time::Duration};

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_bus::Origin;
use ioc_model::pack::{self, Feed};
use jiff::SignedDuration;
use serde::Deserialize;
use tokio::runtime::Handle;

use super::{
    counters::KafkaCounters,
    found,
    login::Logins,
    place::Place,
    reader::{LOOK_EVERY, Reader},
};
use crate::transport::{
    CannotStart, Kind, Running, Site, Transport, Words,
    pull::{Cursor, Patience, Progress, PullCounters},
    section,
};

/// Topics of Kafka clusters.
pub static KIND: Kind = Kind {
    word: "kafka",
    section: "kafka",
    name: Words { vi: "đọc từ Kafka", en: "Kafka" },
    listens: false,
    to_try: Words {
        vi: "hãy xem lại địa chỉ trong feeds.toml của gói tỉnh và kafka.toml trong thư mục dữ liệu",
        en: "look at the brokers in the pack's feeds.toml and at kafka.toml in the data folder",
    },
    configure: |settings| Ok(Arc::new(Clusters::configured(settings)?)),
};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// What answered for so long has recovered.
const RECOVERED_AFTER: Duration = Duration::from_secs(60);
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);
/// What a cursor says it is of: topics are told apart in it, by their identities.
const SOURCE: &str = "kafka";

/// `[kafka]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clusters {
    /// The longest pause before what failed is tried again.
    longest_pause: SignedDuration,
    /// A broker that does not answer for so long has gone.
    answer_within: SignedDuration,
}

impl Clusters {
    fn configured(settings: &Figment) -> Result<Clusters, Box<figment::Error>> {
        section(settings, &KIND)
    }
}

impl Transport for Clusters {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn faults(&self) -> Vec<String> {
        [("kafka.longest_pause", self.longest_pause), ("kafka.answer_within", self.answer_within)]
            .into_iter()
            .filter(|(_, set)| *set < SHORTEST)
            .map(|(name, _)| format!("{name} must be at least 1s"))
            .collect()
    }

    fn takes(&self, feed: &Feed) -> bool {
        matches!(feed.transport, pack::Transport::Kafka(_))
    }

    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>> {
        Box::pin(async move {
            let mut running = Running::new(&KIND, site);
            let logins = Logins::read(&site.data)?;
            for feed in site.pack.feeds.values() {
                let pack::Transport::Kafka(of) = &feed.transport else { continue };
                let login = logins.of(&feed.id, of)?;
                let (counters, pulled) = (Arc::<KafkaCounters>::default(), Arc::<PullCounters>::default());
                let address = of.address();
                let progress = Arc::new(Progress::new(KIND.word, &address, LOOK_EVERY, [], pulled.clone()));
                site.intake.pulls().add(&feed.id, progress.clone());
                let line = site.intake.line_of(&feed.id, Origin::sender(&address));
                let cursor = Cursor::open(&site.data, &feed.id, SOURCE)?;
                let mut place = Place::parse(cursor.place())?;
                let found = found::in_log(&**site.intake.bus(), line.partition, &feed.id, &mut place)?;
                if found > 0 {
                    tracing::info!(
                        feed = feed.id,
                        found,
                        "records were on the log whose place had not been kept"
                    );
                }
                let reader = Reader {
                    feed: feed.id.clone(),
                    of: (**of).clone(),
                    max_bytes: feed.contract.max_bytes,
                    login,
                    within: self.answer_within.unsigned_abs(),
                    patience: Patience {
                        first: FIRST_PAUSE,
                        longest: self.longest_pause.unsigned_abs(),
                        recovered_after: RECOVERED_AFTER,
                    },
                    intake: site.intake.clone(),
                    line,
                    cursor,
                    place,
                    progress,
                    counters: counters.clone(),
                    threads: Handle::current(),
                    stop: running.stopping(),
                    failed_at: None,
                    heard: None,
                };
                running.at(address);
                running.counts(Some(&feed.id), pulled);
                running.counts(Some(&feed.id), counters);
                let name = feed.id.clone();
                running.go(&Handle::current(), async move {
                    // The client waits on its own threads and blocks the one that asks it.
                    match tokio::task::spawn_blocking(move || reader.run()).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => {
                            tracing::error!(feed = name, %error, "nothing more is read from Kafka")
                        }
                        Err(error) => tracing::error!(feed = name, %error, "the reader of Kafka has ended"),
                    }
                });
            }
            Ok(running)
        })
    }
}
