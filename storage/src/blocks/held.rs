//! Rows of what an operator must decide about, and of what one decided.

use ioc_model::{
    epoch::Epoch,
    results::{HeldRow, StoredDecision},
};

use super::{
    Columnar,
    columns::{Columns, arrivals, enums, flags, floats, known_names, optional_floats, texts, times},
};

impl Columnar for HeldRow {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let mut columns = vec![
            ("indicator", known_names(rows.iter().map(|row| row.indicator))),
            ("subject", known_names(rows.iter().map(|row| row.subject))),
            ("event_time", times(rows.iter().map(|row| row.event_time.0))),
            ("value", floats(rows.iter().map(|row| row.value))),
            ("quality", enums(rows.iter().map(|row| row.quality as u8))),
            ("stands", optional_floats(rows.iter().map(|row| row.stands))),
            ("feed", known_names(rows.iter().map(|row| row.feed))),
            ("sender", known_names(rows.iter().map(|row| row.sender))),
            ("state", enums(rows.iter().map(|row| row.state as u8))),
        ];
        columns.extend(arrivals(rows.iter().map(|row| &row.arrival)));
        columns
    }
}

impl Columnar for StoredDecision {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let decisions = || rows.iter().map(|row| &row.0);
        let mut columns = vec![
            ("indicator", known_names(decisions().map(|decision| decision.indicator))),
            ("subject", known_names(decisions().map(|decision| decision.subject))),
            ("day_start", times(decisions().map(|decision| decision.day.start.0))),
            ("day_end", times(decisions().map(|decision| decision.day.end.0))),
            ("of_sender", known_names(decisions().map(|decision| decision.of))),
            ("accepted", flags(decisions().map(|decision| decision.accepted))),
            ("user", texts(decisions().map(|decision| &*decision.user))),
            ("note", texts(decisions().map(|decision| &*decision.note))),
            ("feed", known_names(decisions().map(|decision| decision.feed))),
            ("sender", known_names(decisions().map(|decision| decision.sender))),
        ];
        columns.extend(arrivals(decisions().map(|decision| &decision.arrival)));
        columns
    }
}
