//! Rows whose messages are read again by a mended pack: each takes the place of what it was.

use std::collections::BTreeSet;

use ioc_model::{
    names::Source,
    observation::Observation,
    results::{RowStanding, StoredObservation},
};

use super::{
    super::{LastWords, StoredAt, Terms, WordsBefore},
    Measured, SeriesNews, Turn, hear, question, stored,
};
use crate::{
    day::Version,
    series::{Claim, Judged, WaitingRow},
};

impl Measured {
    /// Puts rows in the place of what they were before their messages were read again, before any row of the epoch is
    /// judged: by series, in order of arrival. They are counted as what they were.
    pub(in super::super) fn take_replaced(
        &mut self,
        turn: &mut Turn<'_, '_>,
        terms: &mut Terms,
        rows: &[&Observation],
    ) -> WordsBefore {
        let mut before = WordsBefore::default();
        for of_series in rows.chunk_by(|a, b| a.series.indicator == b.series.indicator) {
            let Turn { subject, facts, names, days, derived, heard, fates, results } = turn.again();
            let id = of_series[0].series.indicator;
            let index = self.index(id, names);
            let heard = SeriesNews::of(heard, index);
            let entry = &mut self.series[index];
            let mut words = LastWords::default();
            for row in of_series {
                let Source { feed, sender } = terms.source(row.source).source;
                let version = Version { value: row.value + 0.0, quality: row.quality, arrival: row.arrival };
                let event_time = row.event_time;
                let row = WaitingRow { event_time, version, feed, sender, claim: Claim::Replaces };
                let judged = entry.state.replace(days, facts.epoch, row, &mut heard.touched);
                hear(derived, entry.name, event_time, &version, &judged);
                match judged {
                    Judged::Stored(standing, current) => {
                        heard.row(event_time);
                        let stored_at = StoredAt::Result(results.facts.observations.len());
                        let series = (entry.name, subject);
                        results.facts.observations.push(stored(series, &row, standing, &current));
                        words.behind(series, event_time, current, stored_at, &[], fates, results);
                    }
                    Judged::Waiting { first: Some(day) } => {
                        results.questions.push(question(subject, entry.name, day, facts.epoch));
                    }
                    Judged::Waiting { .. } | Judged::Duplicate | Judged::Held { .. } => {}
                }
            }
            before.keep(id, words);
        }
        before
    }
}

/// Of a row that two replays replaced while it waited the last reading counts: a store tells readings of one row apart by
/// their epochs.
pub(super) fn once_each(rows: &mut Vec<StoredObservation>, first: usize) {
    let of = |row: &StoredObservation| (row.event_time, row.arrival.place());
    let mut seen = BTreeSet::new();
    let mut kept: Vec<StoredObservation> = rows.drain(first..).rev().collect();
    kept.retain(|row| row.standing != RowStanding::Replaced || seen.insert(of(row)));
    rows.extend(kept.into_iter().rev());
}
