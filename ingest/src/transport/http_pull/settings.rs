//! The section `[http_pull]`, and a reader for each feed that is asked of an interface.
//!
//! What is asked is the pack's; who asks is not, and lies in `apis.toml` in the data folder, by feed.

use std::sync::Arc;

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::{self, Feed, HttpPullFeed, PagingBy, Taken};
use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use super::{
    client::Client,
    counters::HttpPullCounters,
    hosts::Hosts,
    secrets::AllSecrets,
    source::{HttpSource, ReadBy, was_named},
};
use crate::transport::{
    CannotStart, Kind, Running, Site, Transport, Words,
    pull::{Limit, Pull, start::Asked},
    section,
};

/// Interfaces that are asked.
pub static KIND: Kind = Kind {
    word: "http_pull",
    section: "http_pull",
    name: Words { vi: "hỏi qua HTTP", en: "interfaces asked over HTTP" },
    listens: false,
    to_try: Words {
        vi: "hãy xem lại địa chỉ trong feeds.toml của gói tỉnh và apis.toml trong thư mục dữ liệu",
        en: "look at the address in the pack's feeds.toml and at apis.toml in the data folder",
    },
    configure: |settings| Ok(Arc::new(Interfaces::configured(settings)?)),
};

const SHORTEST: SignedDuration = SignedDuration::from_secs(1);
const MOST_REQUESTS: u32 = 6_000;
/// An answer of records is held in memory whole.
const MOST_BYTES: usize = 32 << 20;

/// `[http_pull]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Interfaces {
    /// The longest pause before one that does not answer is asked again.
    longest_pause: SignedDuration,
    /// What does not answer for so long has gone.
    answer_within: SignedDuration,
    /// Requests to one host, of all feeds together.
    requests_per_minute: u32,
}

impl Interfaces {
    fn configured(settings: &Figment) -> Result<Interfaces, Box<figment::Error>> {
        section(settings, &KIND)
    }
}

impl Transport for Interfaces {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn faults(&self) -> Vec<String> {
        let times = [
            ("http_pull.longest_pause", self.longest_pause),
            ("http_pull.answer_within", self.answer_within),
        ];
        let too_short = times.into_iter().filter(|(_, set)| *set < SHORTEST);
        let mut faults: Vec<String> =
            too_short.map(|(name, _)| format!("{name} must be at least 1s")).collect();
        if !(1..=MOST_REQUESTS).contains(&self.requests_per_minute) {
            faults.push(format!("http_pull.requests_per_minute must be between 1 and {MOST_REQUESTS}"));
        }
        faults
    }

    fn takes(&self, feed: &Feed) -> bool {
        matches!(feed.transport, pack::Transport::HttpPull(_))
    }

    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>> {
        Box::pin(async move {
            let mut running = Running::new(&KIND, site);
            let secrets = AllSecrets::read(&site.data)?;
            let hosts = Arc::new(Hosts::new(self.requests_per_minute));
            for feed in site.pack.feeds.values() {
                let pack::Transport::HttpPull(of) = &feed.transport else { continue };
                let login = secrets.of(&feed.id, of)?;
                let asked = Asked {
                    feed: &feed.id,
                    address: of.address(),
                    every: of.every,
                    longest_pause: self.longest_pause,
                    limits: limits(of),
                };
                let progress = asked.progress(site, &KIND);
                let counters = Arc::<HttpPullCounters>::default();
                let most_bytes = match of.taken {
                    Taken::Answer => feed.contract.max_bytes,
                    Taken::Records { .. } | Taken::Rows { .. } => MOST_BYTES,
                };
                let keys = login.keys.clone();
                let client = Client::new(
                    &Url::parse(&of.address().replace(['{', '}'], ""))?,
                    login,
                    &of.headers,
                    hosts.clone(),
                    counters.clone(),
                    self.answer_within.unsigned_abs(),
                    most_bytes,
                );
                let by = ReadBy { routes: site.routes.clone(), zone: site.calendar.zone().clone() };
                let source = HttpSource::new(feed, of, by, keys, client, counters.clone(), progress.clone());
                let was = |name: &str| was_named(of, name);
                Pull::start(&asked, site, &mut running, source, was, progress, counters)?;
            }
            Ok(running)
        })
    }
}

/// What is not guaranteed, whatever happens.
fn limits(of: &HttpPullFeed) -> Vec<Limit> {
    let compared = match (&of.compare, &of.taken) {
        (None, _) => Limit::NotCompared,
        (Some(_), Taken::Records { .. }) => Limit::Removals,
        (Some(_), _) => Limit::EmptyPeriods,
    };
    // A listing that is read whole at each turn has everything in it.
    let is_whole = of.since.is_none() && of.paging.by == PagingBy::Nothing && of.taken == Taken::Answer;
    let mut limits = Vec::new();
    if !(is_whole && of.compare.is_none()) {
        limits.push(compared);
    }
    if of.since.is_some() {
        limits.push(Limit::LateRows);
    }
    let is_verified = of.paging.look_back || matches!(of.paging.by, PagingBy::Nothing | PagingBy::Offset);
    if !is_verified {
        limits.push(Limit::Unverified);
    }
    limits
}
