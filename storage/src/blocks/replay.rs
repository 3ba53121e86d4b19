//! Rows of what was read again.

use ioc_model::{
    epoch::Epoch,
    reject::RejectReason,
    results::{ReplayedRow, StoredReplay},
};

use super::{
    Columnar,
    columns::{Columns, arrivals, counts, enums, known_names, names, numbers, shorts, texts, times},
};

impl Columnar for StoredReplay {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let replays = || rows.iter().map(|row| &row.replay);
        let mut columns = vec![
            ("of_feed", known_names(replays().map(|replay| replay.of))),
            ("scope", enums(replays().map(|replay| replay.scope as u8))),
            ("reason", names(replays().map(|replay| replay.reason.map_or("", RejectReason::word)))),
            ("received_from", times(replays().map(|replay| replay.from.0))),
            ("received_until", times(replays().map(|replay| replay.until.0))),
            ("state", enums(rows.iter().map(|row| u8::from(row.done.is_some())))),
            ("messages", counts(rows.iter().map(|row| row.done.unwrap_or_default()))),
            ("error", texts(rows.iter().map(|row| &*row.error))),
            ("user", texts(replays().map(|replay| &*replay.user))),
            ("note", texts(replays().map(|replay| &*replay.note))),
            ("feed", known_names(replays().map(|replay| replay.feed))),
            ("sender", known_names(replays().map(|replay| replay.sender))),
        ];
        columns.extend(arrivals(replays().map(|replay| &replay.arrival)));
        columns
    }
}

impl Columnar for ReplayedRow {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let replays = || rows.iter().map(|row| row.replay);
        let mut columns = vec![
            ("reread", enums(rows.iter().map(|row| row.reread as u8))),
            ("good", numbers(rows.iter().map(|row| row.good))),
            ("before", numbers(rows.iter().map(|row| row.before))),
            ("rejected", numbers(rows.iter().map(|row| row.rejected))),
            ("replay_log", shorts(replays().map(|replay| replay.position.log.0))),
            ("replay_partition", shorts(replays().map(|replay| replay.position.partition.0))),
            ("replay_offset", counts(replays().map(|replay| replay.position.offset.0))),
            ("replay_row", numbers(replays().map(|replay| replay.row))),
            ("feed", known_names(rows.iter().map(|row| row.feed))),
            ("sender", known_names(rows.iter().map(|row| row.sender))),
        ];
        columns.extend(arrivals(rows.iter().map(|row| &row.arrival)));
        columns
    }
}
