//! Which offsets are archived: the spans of all passes, and what follows from them.
//!
//! Pure: no file is touched here. Only the spans are kept in memory, a few dozen bytes a pass; which files a pass
//! made stands in its record.

use std::collections::BTreeMap;

use ioc_model::position::{LogNumber, Offset, Partition};

use super::span::Span;

/// The spans of all passes.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// By partition: where each span ends, by where it starts.
    spans: BTreeMap<(LogNumber, Partition), BTreeMap<u64, u64>>,
}

impl Index {
    /// Adds a pass. False, and nothing changes, if some of its offsets are archived already.
    pub(super) fn add(&mut self, span: Span) -> bool {
        let spans = self.spans.entry((span.log, span.partition)).or_default();
        let before = spans.range(..span.to.0).next_back();
        if before.is_some_and(|(_, to)| *to > span.from.0) {
            return false;
        }
        let _ = spans.insert(span.from.0, span.to.0);
        true
    }

    /// The span an offset lies in.
    pub(super) fn find(&self, log: LogNumber, partition: Partition, offset: Offset) -> Option<Span> {
        let (from, to) = self.spans.get(&(log, partition))?.range(..=offset.0).next_back()?;
        let span = Span { log, partition, from: Offset(*from), to: Offset(*to) };
        span.holds(offset).then_some(span)
    }

    /// The last span of each partition.
    pub(super) fn last_spans(&self) -> impl Iterator<Item = Span> + '_ {
        self.spans.iter().filter_map(|((log, partition), spans)| {
            let (from, to) = spans.last_key_value()?;
            Some(Span { log: *log, partition: *partition, from: Offset(*from), to: Offset(*to) })
        })
    }

    /// All spans, a partition after the other, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = Span> + '_ {
        self.spans.iter().flat_map(|((log, partition), spans)| {
            let (log, partition) = (*log, *partition);
            spans.iter().map(move |(from, to)| Span { log, partition, from: Offset(*from), to: Offset(*to) })
        })
    }

    /// The first offset from `start` on that is not archived: where the log begins, everything before the answer
    /// lies in the archive.
    pub(super) fn archived(&self, log: LogNumber, partition: Partition, start: Offset) -> Offset {
        let Some(spans) = self.spans.get(&(log, partition)) else { return start };
        let mut at = start.0;
        let first = spans.range(..=at).next_back().map_or(at, |(from, _)| *from);
        for (from, to) in spans.range(first..) {
            if *from > at {
                break;
            }
            at = at.max(*to);
        }
        Offset(at)
    }

    /// Up to where offsets from `from` on are not archived, at most `upto`.
    pub(super) fn open_until(
        &self,
        log: LogNumber,
        partition: Partition,
        from: Offset,
        upto: Offset,
    ) -> Offset {
        let next = self.spans.get(&(log, partition)).and_then(|spans| spans.range(from.0..).next());
        next.map_or(upto, |(next, _)| upto.min(Offset(*next)))
    }

    /// How many offsets lie between and behind its passes that neither it nor a log that begins at `start` has.
    pub(super) fn missing(&self, log: LogNumber, partition: Partition, start: Offset) -> u64 {
        let mut missing = 0;
        let mut at = None;
        for (from, to) in self.spans.get(&(log, partition)).into_iter().flatten() {
            if let Some(at) = at {
                missing += (*from).min(start.0).saturating_sub(at);
            }
            at = Some(*to);
        }
        missing + at.map_or(0, |at| start.0.saturating_sub(at))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOG: LogNumber = LogNumber(1);
    const FIRST: Partition = Partition(0);

    fn span(from: u64, to: u64) -> Span {
        Span { log: LOG, partition: FIRST, from: Offset(from), to: Offset(to) }
    }

    fn index(spans: &[(u64, u64)]) -> Index {
        let mut index = Index::default();
        for (from, to) in spans {
            assert!(index.add(span(*from, *to)), "{from}-{to}");
        }
        index
    }

    #[test]
    fn once_a_pass_over_what_is_archived_is_refused() {
        let mut index = index(&[(0, 10), (20, 30)]);
        for (from, to) in [(0, 10), (9, 12), (12, 21), (5, 25), (22, 23), (29, 40), (0, 100)] {
            assert!(!index.add(span(from, to)), "{from}-{to}");
        }
        assert!(index.add(span(10, 20)));
        assert!(index.add(Span { partition: Partition(1), ..span(0, 10) }));
        assert!(index.add(Span { log: LogNumber(2), ..span(0, 10) }));
    }

    #[test]
    fn a_hole_the_log_still_fills_holds_it_back_and_one_it_does_not_is_missing() {
        let index = index(&[(10, 20), (30, 40)]);
        assert_eq!(index.archived(LOG, FIRST, Offset(10)), Offset(20));
        assert_eq!(index.open_until(LOG, FIRST, Offset(20), Offset(99)), Offset(30));
        assert_eq!(index.missing(LOG, FIRST, Offset(15)), 0);
        assert_eq!(index.archived(LOG, FIRST, Offset(25)), Offset(25));
        assert_eq!(index.missing(LOG, FIRST, Offset(25)), 5);
        assert_eq!(index.archived(LOG, FIRST, Offset(30)), Offset(40));
        assert_eq!(index.missing(LOG, FIRST, Offset(30)), 10);
        assert_eq!(index.open_until(LOG, FIRST, Offset(40), Offset(99)), Offset(99));
        assert_eq!(
            (index.archived(LOG, FIRST, Offset(50)), index.missing(LOG, FIRST, Offset(50))),
            (Offset(50), 20)
        );
        assert_eq!(index.missing(LOG, Partition(1), Offset(50)), 0);
    }

    proptest! {
        /// Against a set of offsets: passes over whatever is open, from any start, until all is archived.
        #[test]
        fn once_filling_what_is_open_archives_every_offset_once(
            holes in prop::collection::btree_set(0..40u64, 0..20), start in 0..10u64, most in 1..8u64
        ) {
            let mut index = Index::default();
            let mut held = std::collections::BTreeSet::new();
            for at in (0..40).filter(|at| !holes.contains(at)) {
                prop_assert!(index.add(span(at, at + 1)));
                prop_assert!(held.insert(at));
            }
            loop {
                let from = index.archived(LOG, FIRST, Offset(start));
                prop_assert!((start..from.0).all(|at| held.contains(&at)), "the log may let go of what is archived only");
                if from.0 >= 40 { break; }
                let to = index.open_until(LOG, FIRST, from, Offset(40)).0.min(from.0 + most);
                for at in from.0..to {
                    prop_assert!(held.insert(at), "{} twice", at);
                }
                prop_assert!(index.add(span(from.0, to)));
            }
            for at in 0..40 {
                prop_assert_eq!(index.find(LOG, FIRST, Offset(at)).is_some(), held.contains(&at));
            }
            prop_assert!((start..40).all(|at| held.contains(&at)));
        }
    }
}
