//! How a source that is pulled is started: the same, whatever is asked.

use std::{sync::Arc, time::Duration};

use ioc_bus::Origin;
use ioc_model::time::Millis;
use jiff::SignedDuration;
use tokio::runtime::Handle;

use super::{Cursor, CursorError, Limit, Patience, Progress, Pull, PullCounters, Schedule, Source};
use crate::transport::{Kind, Running, Site, counters::Counters};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// What answered for so long has recovered.
const RECOVERED_AFTER: Duration = Duration::from_secs(60);

/// What is asked for one feed.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) feed: &'a str,
    /// Where it is, without a secret.
    pub(crate) address: &'a str,
    /// Between two turns.
    pub(crate) every: Millis,
    /// The longest pause before it is asked again behind a failure.
    pub(crate) longest_pause: SignedDuration,
    /// What is not guaranteed, whatever happens.
    pub(crate) limits: Vec<Limit>,
}

impl Asked<'_> {
    /// How far it is, told among those that are asked.
    pub(crate) fn progress(&self, site: &Site, kind: &Kind) -> Arc<Progress> {
        let (every, counters) = (self.every(), Arc::<PullCounters>::default());
        let limits = self.limits.iter().copied();
        let progress = Arc::new(Progress::new(kind.word, self.address, every, limits, counters));
        site.intake.pulls().add(self.feed, progress.clone());
        progress
    }

    fn every(&self) -> Duration {
        Duration::from_millis(self.every.0.unsigned_abs())
    }
}

impl Pull {
    /// Starts to read a source. `was` knows by which other names its places were kept; `counters` are those of its
    /// transport.
    pub(crate) fn start(
        asked: &Asked<'_>,
        site: &Site,
        running: &mut Running,
        source: impl Source + 'static,
        was: impl Fn(&str) -> bool,
        progress: Arc<Progress>,
        counters: Arc<dyn Counters>,
    ) -> Result<(), CursorError> {
        let Asked { feed, address, .. } = *asked;
        running.at(address);
        running.counts(Some(feed), progress.counters().clone());
        running.counts(Some(feed), counters);
        let pull = Pull {
            line: site.intake.line_of(feed, Origin::sender(address)),
            intake: site.intake.clone(),
            cursor: Cursor::open_renamed(&site.data, feed, source.name(), was)?,
            schedule: Schedule::every(asked.every(), feed),
            patience: Patience {
                first: FIRST_PAUSE,
                longest: asked.longest_pause.unsigned_abs(),
                recovered_after: RECOVERED_AFTER,
            },
            progress,
        };
        let (name, stop) = (feed.to_owned(), running.stopping());
        running.go(&Handle::current(), async move {
            if let Err(error) = pull.run(source, stop).await {
                tracing::error!(feed = name, %error, "nothing more is asked of the source");
            }
        });
        Ok(())
    }
}
