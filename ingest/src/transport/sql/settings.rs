//! The section `[sql]`, and a reader for each feed that is asked of a database.
//!
//! Where a database is and what is read there is the pack's; who logs in is not, and lies in `databases.toml` in the data
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
    counters::SqlCounters,
    database::Reached,
    login::Logins,
    source::{SqlSource, source_name},
};
use crate::transport::{
    CannotStart, Kind, Running, Site, Transport, Words,
    pull::{Cursor, Limit, Patience, Progress, Pull, PullCounters, Schedule},
    section,
};

/// Databases that are asked.
pub static KIND: Kind = Kind {
    word: "sql",
    section: "sql",
    name: Words { vi: "đọc từ cơ sở dữ liệu", en: "databases" },
    listens: false,
    to_try: Words {
        vi: "hãy xem lại địa chỉ trong feeds.toml của gói tỉnh và databases.toml trong thư mục dữ liệu",
        en: "look at the address in the pack's feeds.toml and at databases.toml in the data folder",
    },
    configure: |settings| Ok(Arc::new(Databases::configured(settings)?)),
};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// What answered for so long has recovered.
const RECOVERED_AFTER: Duration = Duration::from_secs(60);
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);

/// `[sql]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Databases {
    /// The longest pause before one that does not answer is asked again.
    longest_pause: SignedDuration,
    /// What does not answer for so long has gone.
    answer_within: SignedDuration,
}

impl Databases {
    fn configured(settings: &Figment) -> Result<Databases, Box<figment::Error>> {
        section(settings, &KIND)
    }
}

impl Transport for Databases {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn faults(&self) -> Vec<String> {
        [("sql.longest_pause", self.longest_pause), ("sql.answer_within", self.answer_within)]
            .into_iter()
            .filter(|(_, set)| *set < SHORTEST)
            .map(|(name, _)| format!("{name} must be at least 1s"))
            .collect()
    }

    fn takes(&self, feed: &Feed) -> bool {
        matches!(feed.transport, pack::Transport::Sql(_))
    }

    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>> {
        Box::pin(async move {
            let mut running = Running::new(&KIND, site);
            let logins = Logins::read(&site.data)?;
            let patience = Patience {
                first: FIRST_PAUSE,
                longest: self.longest_pause.unsigned_abs(),
                recovered_after: RECOVERED_AFTER,
            };
            for feed in site.pack.feeds.values() {
                let pack::Transport::Sql(of) = &feed.transport else { continue };
                let (login, tls) = logins.of(&feed.id, &of.address)?;
                let address = of.address.clone();
                let reached = Reached { address, login, tls, patience: self.answer_within.unsigned_abs() };
                let (counters, pulled) = (Arc::<SqlCounters>::default(), Arc::<PullCounters>::default());
                let sender = of.address.to_string();
                let every = Duration::from_millis(of.every.0.unsigned_abs());
                let limit = if of.compare.is_some() { Limit::EmptyPeriods } else { Limit::NotCompared };
                let progress = Arc::new(Progress::new(KIND.word, &sender, every, [limit], pulled.clone()));
                site.intake.pulls().add(&feed.id, progress.clone());
                let source = SqlSource::new(feed, of, reached, counters.clone(), progress.clone());
                let pull = Pull {
                    line: site.intake.line_of(&feed.id, Origin::sender(&sender)),
                    intake: site.intake.clone(),
                    cursor: Cursor::open(&site.data, &feed.id, &source_name(of))?,
                    schedule: Schedule::every(every, &feed.id),
                    patience,
                    progress,
                };
                running.at(sender);
                running.counts(Some(&feed.id), pulled);
                running.counts(Some(&feed.id), counters);
                let (name, stop) = (feed.id.clone(), running.stopping());
                running.go(&Handle::current(), async move {
                    if let Err(error) = pull.run(source, stop).await {
                        tracing::error!(feed = name, %error, "nothing more is read from the database");
                    }
                });
            }
            Ok(running)
        })
    }
}
