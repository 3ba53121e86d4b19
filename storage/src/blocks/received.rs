//! Rows of what came in: accepted, rejected, counted; and of what was said anew.

use std::sync::Arc;

use arrow_array::{BinaryArray, Int64Array};
use ioc_model::{
    counts::Counts,
    epoch::Epoch,
    results::{FeedMinute, RejectedRow, StoredObservation, Superseded},
};

use super::{
    Columnar,
    columns::{Columns, arrivals, counts, enums, flags, floats, known_names, names, numbers, texts, times},
};

impl Columnar for StoredObservation {
    fn columns(rows: &[&Self], epoch: Epoch) -> Columns {
        let mut columns = vec![
            ("indicator", known_names(rows.iter().map(|row| row.indicator))),
            ("subject", known_names(rows.iter().map(|row| row.subject))),
            ("event_time", times(rows.iter().map(|row| row.event_time.0))),
            ("value", floats(rows.iter().map(|row| row.value))),
            ("quality", enums(rows.iter().map(|row| row.quality as u8))),
            ("feed", known_names(rows.iter().map(|row| row.feed))),
            ("sender", known_names(rows.iter().map(|row| row.sender))),
            ("standing", enums(rows.iter().map(|row| row.standing as u8))),
            ("until", counts(rows.iter().map(|row| if row.last_word { u64::MAX } else { epoch.0 }))),
        ];
        columns.extend(arrivals(rows.iter().map(|row| &row.arrival)));
        columns
    }
}

impl Columnar for RejectedRow {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let mut columns: Columns = vec![
            ("feed", known_names(rows.iter().map(|row| row.feed))),
            ("sender", known_names(rows.iter().map(|row| row.sender))),
            ("whole", flags(rows.iter().map(|row| row.whole))),
            ("address", texts(rows.iter().map(|row| &*row.address))),
            ("reason", names(rows.iter().map(|row| row.rejection.reason.word()))),
            ("place", texts(rows.iter().map(|row| row.rejection.place.as_str()))),
            ("message_vi", texts(rows.iter().map(|row| row.rejection.message.vi.as_str()))),
            ("message_en", texts(rows.iter().map(|row| row.rejection.message.en.as_str()))),
            ("raw", Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| &*row.raw)))),
            ("raw_length", numbers(rows.iter().map(|row| row.raw_length))),
        ];
        columns.extend(arrivals(rows.iter().map(|row| &row.arrival)));
        columns
    }
}

impl Columnar for FeedMinute {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let of = |count: fn(&Counts) -> u64| counts(rows.iter().map(|row| count(&row.counts)));
        vec![
            ("feed", known_names(rows.iter().map(|row| row.feed))),
            ("minute", times(rows.iter().map(|row| row.minute.0))),
            ("received", of(|counts| counts.received)),
            ("decoded", of(|counts| counts.decoded)),
            ("empty", of(|counts| counts.empty)),
            ("undecodable", of(|counts| counts.undecodable)),
            ("rows", of(|counts| counts.rows)),
            ("stored", of(|counts| counts.stored)),
            ("duplicate", of(|counts| counts.duplicate)),
            ("rejected", of(|counts| counts.rejected)),
            ("waiting", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.counts.waiting)))),
            ("held", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.counts.held)))),
            ("datagrams_dropped", of(|counts| counts.datagrams_dropped)),
            ("records_lost", of(|counts| counts.records_lost)),
            ("envelopes_reread", of(|counts| counts.envelopes_reread)),
            ("rows_reread", of(|counts| counts.rows_reread)),
        ]
    }
}

impl Columnar for Superseded {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        vec![
            ("fact", names(rows.iter().map(|row| row.fact.name))),
            ("measure", known_names(rows.iter().map(|row| row.measure))),
            ("subject", known_names(rows.iter().map(|row| row.subject))),
            ("kind", names(rows.iter().map(|row| row.kind))),
            ("time", times(rows.iter().map(|row| row.time.0))),
        ]
    }
}
