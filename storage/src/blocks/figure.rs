//! Rows of the figures of the overview.

use ioc_model::{
    epoch::Epoch,
    results::{FigureInput, FigureResult},
    rule::Priority,
};

use super::{
    Columnar,
    columns::{
        Columns, counts, enums, known_names, lists, names, numbers, optional_floats, optional_lists,
        optional_times, times,
    },
};

impl Columnar for FigureResult {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let parts = || rows.iter().flat_map(|row| &row.parts);
        let part = |items| lists(rows.iter().map(|row| row.parts.len()), items);
        let hours = || rows.iter().flat_map(|row| &row.hours);
        let of_hours = || rows.iter().map(|row| row.hours.len());
        let hour_values = optional_floats(hours().map(|hour| hour.value));
        let inputs = || rows.iter().flat_map(|row| &row.inputs);
        let input = |items| lists(rows.iter().map(|row| row.inputs.len()), items);
        let value = optional_floats(inputs().map(|input| input.value));
        let name = |of: fn(&FigureInput) -> ioc_model::name::Name| input(known_names(inputs().map(of)));
        vec![
            ("figure", enums(rows.iter().map(|row| row.figure as u8))),
            ("at", times(rows.iter().map(|row| row.at.0))),
            ("start_time", times(rows.iter().map(|row| row.start.0))),
            ("end_time", times(rows.iter().map(|row| row.end.0))),
            ("value", optional_floats(rows.iter().map(|row| row.value))),
            ("of", optional_floats(rows.iter().map(|row| row.of))),
            ("target", optional_floats(rows.iter().map(|row| row.target))),
            ("verdict", enums(rows.iter().map(|row| row.verdict as u8))),
            ("reason", names(rows.iter().map(|row| row.reason.word()))),
            ("priority", names(rows.iter().map(|row| row.priority.map_or("", Priority::word)))),
            ("freshness", enums(rows.iter().map(|row| row.freshness as u8))),
            ("late_from", optional_times(rows.iter().map(|row| row.late_from.map(|moment| moment.0)))),
            ("stale_from", optional_times(rows.iter().map(|row| row.stale_from.map(|moment| moment.0)))),
            ("count", counts(rows.iter().map(|row| row.count))),
            ("expected", counts(rows.iter().map(|row| row.expected))),
            ("parts.word", part(known_names(parts().map(|(word, _)| *word)))),
            ("parts.count", part(counts(parts().map(|(_, count)| *count)))),
            ("hours.start_time", lists(of_hours(), times(hours().map(|hour| hour.start.0)))),
            ("hours.value", optional_lists(of_hours(), hour_values)),
            ("hours.verdict", lists(of_hours(), names(hours().map(|hour| hour.verdict.word())))),
            ("inputs_all", counts(rows.iter().map(|row| row.inputs_all))),
            ("inputs.kind", input(names(inputs().map(|input| input.kind.word())))),
            ("inputs.subject", input(names(inputs().map(|input| &*input.subject)))),
            ("inputs.measure", name(|input| input.measure)),
            ("inputs.start_time", input(times(inputs().map(|input| input.start.0)))),
            ("inputs.number", input(numbers(inputs().map(|input| input.number)))),
            ("inputs.value", optional_lists(rows.iter().map(|row| row.inputs.len()), value)),
            ("inputs.word", name(|input| input.word)),
        ]
    }
}
