//! The section `[sql]`, and a reader for each feed that is asked of a database.
//!
//! Where a database is and what is read there is the pack's; who logs in is not, and lies in `databases.toml` in the data
//! folder, by feed.

use std::sync::Arc;

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::{self, Feed};
use jiff::SignedDuration;
use serde::Deserialize;

use super::{
    counters::SqlCounters,
    database::{Database, Reached},
    login::Logins,
    source::SqlSource,
};
use crate::transport::{
    CannotStart, Kind, Running, Site, Transport, Words,
    pull::{Limit, Pull, start::Asked},
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
            for feed in site.pack.feeds.values() {
                let pack::Transport::Sql(of) = &feed.transport else { continue };
                let (login, tls) = logins.of(&feed.id, &of.address)?;
                let address = of.address.clone();
                let reached = Reached { address, login, tls, patience: self.answer_within.unsigned_abs() };
                let address = of.address.to_string();
                let asked = Asked {
                    feed: &feed.id,
                    address: &address,
                    every: of.every,
                    longest_pause: self.longest_pause,
                    limits: vec![if of.compare.is_some() { Limit::EmptyPeriods } else { Limit::NotCompared }],
                };
                let (progress, counters) = (asked.progress(site, &KIND), Arc::<SqlCounters>::default());
                let routes = site.routes.clone();
                let source =
                    SqlSource::<Database>::new(feed, of, routes, reached, counters.clone(), progress.clone());
                Pull::start(&asked, site, &mut running, source, |_| false, progress, counters)?;
            }
            Ok(running)
        })
    }
}
