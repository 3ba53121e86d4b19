//! What the epoch's pack asks of each feed, by the feed's number, and what became of its rows.

use std::sync::Arc;

use ioc_model::{
    counts::Counts,
    name::Name,
    names::{FeedId, Names},
    observation::Observation,
    pack::Pack,
    results::{Standing, StoredObservation},
    time::Millis,
};

use super::ShardResults;
use crate::series::Judged;

/// Feeds, and the names of everything a row speaks of.
#[derive(Debug)]
pub(super) struct Terms {
    names: Names,
    pack: Arc<Pack>,
    feeds: Vec<FeedTerms>,
    subjects: Vec<Name>,
    indicators: Vec<Name>,
}

/// One feed's.
#[derive(Clone, Copy, Debug)]
pub(super) struct FeedTerms {
    pub(super) name: Name,
    pub(super) lateness: Millis,
    counts: Counts,
}

impl Terms {
    pub(super) fn new(names: Names) -> Terms {
        let (feeds, subjects, indicators) = Default::default();
        Terms { names, pack: Arc::default(), feeds, subjects, indicators }
    }

    /// Goes over to another pack.
    pub(super) fn follow(&mut self, pack: Arc<Pack>) {
        self.pack = pack;
        let counted = std::mem::take(&mut self.feeds);
        for feed in counted {
            self.feeds.push(FeedTerms { counts: feed.counts, ..self.of_feed(feed.name) });
        }
    }

    /// A feed the pack does not know (any more) is waited for by nobody.
    fn of_feed(&self, name: Name) -> FeedTerms {
        let contract = self.pack.feeds.get(&*name).map(|feed| &feed.contract);
        let lateness = contract.map(|contract| contract.lateness).unwrap_or_default();
        FeedTerms { name, lateness, counts: Counts::default() }
    }

    #[inline]
    pub(super) fn feed(&mut self, id: FeedId) -> &mut FeedTerms {
        let index = id.0 as usize;
        while self.feeds.len() <= index {
            let next = FeedId(u32::try_from(self.feeds.len()).expect("fewer than 2^32 feeds"));
            self.feeds.push(self.of_feed(self.names.feed(next)));
        }
        &mut self.feeds[index]
    }

    /// How long a subject heard by these feeds is waited for.
    pub(super) fn patience(&self, feeds: &[Name]) -> Millis {
        let of_feed = |feed: &Name| self.pack.feeds.get(&**feed).map(|feed| feed.contract.patience);
        feeds.iter().filter_map(of_feed).max().unwrap_or_default()
    }

    /// How late what is said of a subject heard by these feeds may be.
    pub(super) fn lateness(&self, feeds: &[Name]) -> Millis {
        feeds.iter().map(|feed| self.of_feed(*feed).lateness).max().unwrap_or_default()
    }

    /// Hands over what was counted since the last time, and learns the names of the epoch's rows.
    pub(super) fn settle(&mut self, results: &mut ShardResults) {
        for feed in &mut self.feeds {
            if !feed.counts.is_zero() {
                results.counts.entry(feed.name).or_default().add(&feed.counts);
                feed.counts = Counts::default();
            }
        }
        self.names.subjects.extend(&mut self.subjects);
        self.names.indicators.extend(&mut self.indicators);
    }

    /// A row to store.
    #[inline]
    pub(super) fn stored(&self, row: &Observation, standing: Standing, last_word: bool) -> StoredObservation {
        StoredObservation {
            indicator: self.indicators[row.series.indicator.0 as usize],
            subject: self.subjects[row.series.subject.0 as usize],
            event_time: row.event_time,
            value: row.value + 0.0,
            quality: row.quality,
            feed: self.feeds[row.feed.0 as usize].name,
            sender: Name::default(),
            arrival: row.arrival,
            standing,
            last_word,
        }
    }
}

impl FeedTerms {
    #[inline]
    pub(super) fn count(&mut self, judged: Judged) {
        count(&mut self.counts, judged);
    }
}

#[inline]
pub(super) fn count(counts: &mut Counts, judged: Judged) {
    match judged {
        Judged::Stored(..) => counts.stored += 1,
        Judged::Duplicate => counts.duplicate += 1,
        Judged::Waiting { .. } => counts.waiting += 1,
    }
}
