//! Rows of who owes which report when.

use ioc_model::{
    epoch::Epoch,
    position::{Arrival, Position},
    results::Obligation,
};

use super::{
    Columnar,
    columns::{
        Columns, dates, enums, known_names, names, numbers, optional_counts, optional_integers,
        optional_shorts, optional_times, texts, times,
    },
};

impl Columnar for Obligation {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let labels: Vec<String> = rows.iter().map(|row| row.period.label()).collect();
        let place = |row: &&Obligation| row.place_from.map_or("", |_| row.agency.as_str());
        let mut columns = vec![
            ("form", known_names(rows.iter().map(|row| row.form))),
            ("agency", known_names(rows.iter().map(|row| row.agency))),
            ("place", names(rows.iter().map(place))),
            ("place_from", dates(rows.iter().map(|row| row.place_from))),
            ("period_kind", enums(rows.iter().map(|row| row.period.kind as u8))),
            ("period_start", dates(rows.iter().map(|row| Some(row.period.start)))),
            ("period_end", dates(rows.iter().map(|row| Some(row.period.end)))),
            ("period_label", texts(labels.iter().map(String::as_str))),
            ("owed_from", times(rows.iter().map(|row| row.owed_from.0))),
            ("due_at", times(rows.iter().map(|row| row.due_at.0))),
            ("state", enums(rows.iter().map(|row| row.state as u8))),
            ("received_at", optional_times(rows.iter().map(|row| Some(row.first?.received_at.0)))),
            ("late_seconds", optional_integers(rows.iter().map(|row| row.late_seconds()))),
            ("revisions", numbers(rows.iter().map(|row| row.revisions))),
            ("revised_at", optional_times(rows.iter().map(|row| Some(revised(row)?.received_at.0)))),
            ("rejected", numbers(rows.iter().map(|row| row.rejected))),
            ("rejected_at", optional_times(rows.iter().map(|row| Some(row.last_rejected?.received_at.0)))),
            ("reminders", numbers(rows.iter().map(|row| row.reminders))),
            ("said_at", times(rows.iter().map(|row| row.said_at.0))),
        ];
        columns.extend(positions(["first_log", "first_partition", "first_offset"], rows, |row| row.first));
        columns.extend(positions(["last_log", "last_partition", "last_offset"], rows, |row| row.last));
        let of_rejected = ["rejected_log", "rejected_partition", "rejected_offset"];
        columns.extend(positions(of_rejected, rows, |row| row.last_rejected));
        columns
    }
}

/// The last that revised it.
fn revised(row: &Obligation) -> Option<Arrival> {
    row.last.filter(|_| row.revisions > 0)
}

/// Where messages lie, where there are any.
fn positions(
    names: [&'static str; 3],
    rows: &[&Obligation],
    of: impl Fn(&Obligation) -> Option<Arrival>,
) -> Columns {
    let at = || rows.iter().map(|row| of(row).map(|arrival| arrival.position));
    let [log, partition, offset] = names;
    vec![
        (log, optional_shorts(at().map(|at: Option<Position>| Some(at?.log.0)))),
        (partition, optional_shorts(at().map(|at| Some(at?.partition.0)))),
        (offset, optional_counts(at().map(|at| Some(at?.offset.0)))),
    ]
}
