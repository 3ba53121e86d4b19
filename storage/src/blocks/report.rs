//! Rows of what agencies reported, and of what became of their messages.

use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array, FixedSizeBinaryArray};
use ioc_model::{
    epoch::Epoch,
    form::{Finding, Mark, Value},
    results::{Receipt, StoredCell},
};
use rust_decimal::Decimal;

use super::{
    Columnar,
    columns::{Columns, arrivals, counts, dates, enums, flags, known_names, lists, names, numbers, texts},
};

/// Digits of a number, and how many of them stand behind the point.
const PRECISION: u8 = 38;
const SCALE: u32 = 9;

impl Columnar for StoredCell {
    fn columns(rows: &[&Self], epoch: Epoch) -> Columns {
        let cells = || rows.iter().map(|row| &row.cell);
        let keys = || cells().map(|cell| cell.key);
        let was = |row: &&&StoredCell| row.was.map_or("", |was: Value| was.mark.word());
        let mut columns = vec![
            ("form", known_names(rows.iter().map(|row| row.form))),
            ("indicator", known_names(keys().map(|key| key.indicator))),
            ("breakdown", known_names(keys().map(|key| key.breakdown))),
            ("place", known_names(keys().map(|key| key.place))),
            ("place_from", dates(keys().map(|key| Some(key.place_from)))),
            ("period_kind", enums(keys().map(|key| key.period.kind as u8))),
            ("period_start", dates(keys().map(|key| Some(key.period.start)))),
            ("period_end", dates(keys().map(|key| Some(key.period.end)))),
            ("agency", known_names(rows.iter().map(|row| row.agency))),
            ("vintage", enums(cells().map(|cell| cell.vintage as u8))),
            ("owner", known_names(cells().map(|cell| cell.owner))),
            ("mark", enums(cells().map(|cell| cell.value.mark as u8))),
            ("value", decimals(cells().map(|cell| Some(cell.value)))),
            ("as_sent", texts(cells().map(|cell| &*cell.as_sent))),
            ("note", texts(cells().map(|cell| &*cell.note))),
            ("at", texts(cells().map(|cell| &*cell.at))),
            ("was_mark", names(rows.iter().map(|row| was(&row)))),
            ("was_value", decimals(rows.iter().map(|row| row.was))),
            ("standing", enums(rows.iter().map(|row| row.standing as u8))),
            ("shown", flags(rows.iter().map(|row| row.shown))),
            ("until", counts(rows.iter().map(|row| if row.shown { u64::MAX } else { epoch.0 }))),
            ("feed", known_names(rows.iter().map(|row| row.feed))),
            ("sender", known_names(rows.iter().map(|row| row.sender))),
        ];
        columns.extend(arrivals(rows.iter().map(|row| &row.arrival)));
        columns
    }
}

impl Columnar for Receipt {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let findings = || rows.iter().flat_map(|row| &row.findings);
        let nested = |items: ArrayRef| lists(rows.iter().map(|row| row.findings.len()), items);
        let text = |of: fn(&Finding) -> &str| nested(texts(findings().map(of)));
        let word = |of: fn(&Finding) -> &'static str| nested(names(findings().map(of)));
        let count = |of: fn(&Receipt) -> u32| numbers(rows.iter().map(|row| of(row)));
        let digests: Vec<u8> = rows.iter().flat_map(|row| row.digest).collect();
        let period = |row: &&Receipt| row.period;
        let mut columns = vec![
            ("form", known_names(rows.iter().map(|row| row.form))),
            ("agency", known_names(rows.iter().map(|row| row.agency))),
            ("period_kind", names(rows.iter().map(|row| row.period.map_or("", |period| period.kind.word())))),
            ("period_start", dates(rows.iter().map(|row| Some(period(row)?.start)))),
            ("period_end", dates(rows.iter().map(|row| Some(period(row)?.end)))),
            ("verdict", enums(rows.iter().map(|row| row.verdict as u8))),
            ("rows", count(|row| row.rows)),
            ("stored", count(|row| row.stored)),
            ("changed", count(|row| row.changed)),
            ("conflicts", count(|row| row.conflicts)),
            ("same", count(|row| row.same)),
            ("rejected", count(|row| row.rejected)),
            ("kept", count(|row| row.kept)),
            ("withdrawn", count(|row| row.withdrawn)),
            ("findings.weight", word(|finding| finding.weight.word())),
            ("findings.rule", word(|finding| finding.rule.word())),
            ("findings.at", text(|finding| &finding.at)),
            ("findings.stands", text(|finding| &finding.stands)),
            ("findings.message_vi", text(|finding| &finding.message.vi)),
            ("findings.message_en", text(|finding| &finding.message.en)),
            ("digest", Arc::new(FixedSizeBinaryArray::new(16, digests.into(), None)) as ArrayRef),
            ("feed", known_names(rows.iter().map(|row| row.feed))),
            ("sender", known_names(rows.iter().map(|row| row.sender))),
        ];
        let arrived = arrivals(rows.iter().map(|row| &row.arrival));
        columns.extend(arrived);
        columns
    }
}

/// Numbers, where there are any. Those of the judge have no more than nine digits behind the point; another's are
/// rounded.
fn decimals(values: impl Iterator<Item = Option<Value>>) -> ArrayRef {
    let digits = |number: Decimal| {
        let number = number.round_dp(SCALE);
        number.mantissa() * 10_i128.pow(SCALE - number.scale())
    };
    let number = |value: Option<Value>| value.filter(|value| value.mark == Mark::Value)?.number.map(digits);
    let array: Decimal128Array = values.map(number).collect();
    Arc::new(array.with_precision_and_scale(PRECISION, SCALE as i8).expect("9 of 38 digits can be"))
}
