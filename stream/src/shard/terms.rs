//! What the epoch's pack asks of each source, by its number, and what became of its rows.

use std::sync::Arc;

use ioc_model::{
    contract::Contract,
    counts::Counts,
    name::Name,
    names::{Names, Source, SourceId},
    observation::Observation,
    pack::Pack,
    results::{RowStanding, StoredObservation},
    time::Millis,
};

use crate::{series::Judged, step::ShardResults};

/// DaySources, and the names of everything a row speaks of.
#[derive(Debug)]
pub(super) struct Terms {
    names: Names,
    pack: Arc<Pack>,
    sources: Vec<SourceTerms>,
    subjects: Vec<Name>,
    indicators: Vec<Name>,
}

/// One source's: those of its feed.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceTerms {
    pub(super) source: Source,
    pub(super) lateness: Millis,
    pub(super) hold_after: Millis,
    counts: Counts,
}

impl Terms {
    pub(super) fn new(names: Names) -> Terms {
        let (sources, subjects, indicators) = Default::default();
        Terms { names, pack: Arc::default(), sources, subjects, indicators }
    }

    /// Goes over to another pack.
    pub(super) fn follow(&mut self, pack: Arc<Pack>) {
        self.pack = pack;
        for index in 0..self.sources.len() {
            let feed = self.sources[index].source.feed;
            (self.sources[index].lateness, self.sources[index].hold_after) =
                (self.lateness_of(feed), self.hold_after(feed));
        }
    }

    /// A feed the pack does not know (any more) is waited for by nobody.
    fn lateness_of(&self, feed: Name) -> Millis {
        self.pack.feeds.get(&*feed).map(|feed| feed.contract.lateness).unwrap_or_default()
    }

    /// How late after its moment a feed's row may be that changes what was judged. What a feed that is no more left
    /// waiting is held like anybody's.
    pub(super) fn hold_after(&self, feed: Name) -> Millis {
        let contract = self.pack.feeds.get(&*feed).map(|feed| feed.contract.hold_after);
        contract.unwrap_or_else(|| Contract::default().hold_after)
    }

    #[inline]
    pub(super) fn source(&mut self, id: SourceId) -> &mut SourceTerms {
        let index = id.0 as usize;
        while self.sources.len() <= index {
            let next = SourceId(u32::try_from(self.sources.len()).expect("fewer than 2^32 sources"));
            let source = self.names.source(next);
            let (lateness, hold_after) = (self.lateness_of(source.feed), self.hold_after(source.feed));
            self.sources.push(SourceTerms { source, lateness, hold_after, counts: Counts::default() });
        }
        &mut self.sources[index]
    }

    /// How long a subject heard by these feeds is waited for.
    pub(super) fn patience(&self, feeds: &[Name]) -> Millis {
        let of_feed = |feed: &Name| self.pack.feeds.get(&**feed).map(|feed| feed.contract.patience);
        feeds.iter().filter_map(of_feed).max().unwrap_or_default()
    }

    /// How late what is said of a subject heard by these feeds may be.
    pub(super) fn lateness(&self, feeds: &[Name]) -> Millis {
        feeds.iter().map(|feed| self.lateness_of(*feed)).max().unwrap_or_default()
    }

    /// Hands over what was counted since the last time, and learns the names of the epoch's rows.
    pub(super) fn settle(&mut self, results: &mut ShardResults) {
        for terms in &mut self.sources {
            if !terms.counts.is_zero() {
                results.counts.entry(terms.source.feed).or_default().add(&terms.counts);
                terms.counts = Counts::default();
            }
        }
        self.names.subjects.extend(&mut self.subjects);
        self.names.indicators.extend(&mut self.indicators);
    }

    /// A row to store.
    #[inline]
    pub(super) fn stored(
        &self,
        row: &Observation,
        standing: RowStanding,
        last_word: bool,
    ) -> StoredObservation {
        let Source { feed, sender } = self.sources[row.source.0 as usize].source;
        StoredObservation {
            indicator: self.indicators[row.series.indicator.0 as usize],
            subject: self.subjects[row.series.subject.0 as usize],
            event_time: row.event_time,
            value: row.value + 0.0,
            quality: row.quality,
            feed,
            sender,
            arrival: row.arrival,
            standing,
            last_word,
        }
    }
}

impl SourceTerms {
    #[inline]
    pub(super) fn count(&mut self, judged: &Judged) {
        count(&mut self.counts, judged);
    }
}

#[inline]
pub(super) fn count(counts: &mut Counts, judged: &Judged) {
    match judged {
        Judged::Stored(..) => counts.stored += 1,
        Judged::Duplicate => counts.duplicate += 1,
        Judged::Waiting { .. } => counts.waiting += 1,
        Judged::Held { .. } => counts.held += 1,
    }
}
