//! Rows of what is made of values: windows, indices, judgements by limits.

use ioc_model::{
    epoch::Epoch,
    index::{IndexPart, NoIndex},
    results::{Assessment, IndexResult, WindowResult},
};

use super::{
    Columnar,
    columns::{
        Columns, bytes, counts, enums, flags, floats, known_names, lists, names, numbers, optional_floats,
        shorts, times,
    },
};

impl Columnar for WindowResult {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let registers = |items| lists(rows.iter().map(|row| row.registers.len()), items);
        let all = || rows.iter().flat_map(|row| &row.registers);
        let (numbers_of, ranks) = (all().map(|(number, _)| *number), all().map(|(_, rank)| *rank));
        vec![
            ("indicator", known_names(rows.iter().map(|row| row.indicator))),
            ("subject", known_names(rows.iter().map(|row| row.subject))),
            ("kind", enums(rows.iter().map(|row| row.kind as u8))),
            ("start_time", times(rows.iter().map(|row| row.start.0))),
            ("end_time", times(rows.iter().map(|row| row.end.0))),
            ("count", counts(rows.iter().map(|row| row.aggregate.count))),
            ("sum", floats(rows.iter().map(|row| row.aggregate.sum))),
            ("min", floats(rows.iter().map(|row| row.aggregate.min))),
            ("max", floats(rows.iter().map(|row| row.aggregate.max))),
            ("received", numbers(rows.iter().map(|row| row.received))),
            ("expected", numbers(rows.iter().map(|row| row.expected))),
            ("closed_by", enums(rows.iter().map(|row| row.closed_by as u8))),
            ("spiked", flags(rows.iter().map(|row| row.spiked))),
            ("registers.number", registers(shorts(numbers_of))),
            ("registers.rank", registers(bytes(ranks))),
        ]
    }
}

impl Columnar for IndexResult {
    /// ClickHouse keeps a Nested column as one list a row for each of its fields.
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let parts = || rows.iter().flat_map(|row| &row.indexed.parts);
        let listed = |items| lists(rows.iter().map(|row| row.indexed.parts.len()), items);
        let part = |value: fn(&IndexPart) -> f64| listed(floats(parts().map(value)));
        vec![
            ("index", names(rows.iter().map(|row| row.index.word()))),
            ("subject", known_names(rows.iter().map(|row| row.subject))),
            ("kind", enums(rows.iter().map(|row| row.kind as u8))),
            ("start_time", times(rows.iter().map(|row| row.start.0))),
            ("end_time", times(rows.iter().map(|row| row.end.0))),
            ("value", optional_floats(rows.iter().map(|row| row.indexed.value.ok()))),
            ("category", names(rows.iter().map(|row| category(row)))),
            (
                "no_value_reason",
                names(rows.iter().map(|row| row.indexed.value.err().map_or("", NoIndex::word))),
            ),
            ("dominant", names(rows.iter().map(|row| row.indexed.dominant.as_deref().unwrap_or_default()))),
            ("formula", names(rows.iter().map(|row| row.index.formula()))),
            ("parts.indicator", listed(names(parts().map(|part| &*part.indicator)))),
            ("parts.input", part(|part| part.input)),
            ("parts.sub_index", part(|part| part.sub_index)),
            ("closed_by", enums(rows.iter().map(|row| row.closed_by as u8))),
        ]
    }
}

/// The word of an index's band; empty without one.
fn category(row: &IndexResult) -> &'static str {
    let categories = row.index.categories();
    row.indexed.category.and_then(|number| categories.get(usize::from(number))).map_or("", |band| band.word)
}

impl Columnar for Assessment {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        vec![
            ("limit", names(rows.iter().map(|row| &*row.limit))),
            ("indicator", known_names(rows.iter().map(|row| row.indicator))),
            ("subject", known_names(rows.iter().map(|row| row.subject))),
            ("averaging", enums(rows.iter().map(|row| row.averaging as u8))),
            ("start_time", times(rows.iter().map(|row| row.start.0))),
            ("end_time", times(rows.iter().map(|row| row.end.0))),
            ("value", optional_floats(rows.iter().map(|row| row.value))),
            ("low", optional_floats(rows.iter().map(|row| row.low))),
            ("high", optional_floats(rows.iter().map(|row| row.high))),
            ("verdict", enums(rows.iter().map(|row| row.verdict as u8))),
            ("count", numbers(rows.iter().map(|row| row.count))),
            ("expected", numbers(rows.iter().map(|row| row.expected))),
        ]
    }
}
