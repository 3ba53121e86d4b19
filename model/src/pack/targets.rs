//! `targets.csv`: what plans want to be reached, one line a target.
//!
//! A target without a source would stand on the screen for ever without a number, and nobody would know why: what it is made
//! of must be indicators of a form, and the form must be about places of its tiers.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    csv_table,
    draft::{Draft, is_identifier},
    faults::FaultLog,
};
use crate::{
    form::{Over, Sense, Target},
    place::PlaceKind,
    text::Text,
};

const COLUMNS: [&str; 13] = [
    "id",
    "valid_from",
    "valid_to",
    "name_vi",
    "name_en",
    "tiers",
    "form",
    "numerator",
    "denominator",
    "over",
    "sense",
    "target",
    "basis",
];

type Row<'r> = csv_table::Row<'r, { COLUMNS.len() }>;

/// Reads the file; a target is there once.
pub(super) fn read(file: &str, text: &str, log: &FaultLog, draft: &mut Draft) {
    let Some(lines) = csv_table::read((file, text), &COLUMNS, log, |row| target(row, draft)) else { return };
    let mut targets: BTreeMap<String, Target> = BTreeMap::new();
    for (line, target) in lines {
        let id = target.id.clone();
        if targets.insert(id.clone(), target).is_some() {
            log.add(file, line, format!("target '{id}' is already defined"));
        }
    }
    draft.targets = targets;
}

fn target(row: &Row<'_>, draft: &Draft) -> Option<Target> {
    let id = row.field(0);
    if !is_identifier(&id.to_ascii_lowercase(), '-') {
        row.fault(format!("target '{id}': an identifier is of letters, digits and '-', at most 64"));
    }
    let valid = (row.date(1), row.date(2));
    if let (Some(from), Some(to)) = valid
        && to < from
    {
        row.fault("valid_to lies before valid_from");
    }
    let name = Text { vi: row.field(3).to_owned(), en: row.field(4).to_owned() };
    if name.vi.is_empty() || name.en.is_empty() {
        row.fault("name_vi and name_en must not be empty");
    }
    let tiers = tiers(row);
    let (numerator, denominator) = source(row, draft, &tiers);
    let value = match row.field(11) {
        "" => None,
        number => {
            let read = Decimal::from_str_exact(number).ok();
            if read.is_none() {
                row.fault(format!("target '{number}' is not a number such as 95 or 82.5"));
            }
            read
        }
    };
    Some(Target {
        id: id.to_owned(),
        name,
        valid: (valid.0?, valid.1?),
        tiers,
        form: row.field(6).to_owned(),
        numerator,
        denominator,
        over: word(row, 9, &Over::ALL, Over::word)?,
        sense: word(row, 10, &Sense::ALL, Sense::word)?,
        value,
        basis: row.field(12).to_owned(),
    })
}

/// The one that a word names.
fn word<T: Copy>(row: &Row<'_>, column: usize, all: &[T], word: fn(T) -> &'static str) -> Option<T> {
    let said = row.field(column);
    let found = all.iter().copied().find(|one| word(*one) == said);
    if found.is_none() {
        let known: Vec<&str> = all.iter().copied().map(word).collect();
        row.fault(format!("{} '{said}' is not one of: {}", COLUMNS[column], known.join(", ")));
    }
    found
}

/// Tiers, with blanks between them.
fn tiers(row: &Row<'_>) -> Vec<PlaceKind> {
    let mut tiers = Vec::new();
    for said in row.field(5).split_whitespace() {
        match PlaceKind::from_word(said) {
            Some(kind) if !tiers.contains(&kind) => tiers.push(kind),
            Some(_) => row.fault(format!("tier '{said}' is named twice")),
            None => {
                let known: Vec<&str> = PlaceKind::ALL.into_iter().map(PlaceKind::word).collect();
                row.fault(format!("tier '{said}' is not one of: {}", known.join(", ")));
            }
        }
    }
    if tiers.is_empty() {
        row.fault("tiers must name one at least, such as: province");
    }
    tiers
}

/// Indicators with `+` between them, of a form that is about places of these tiers.
fn source(row: &Row<'_>, draft: &Draft, tiers: &[PlaceKind]) -> (Vec<String>, Vec<String>) {
    let terms = |column: usize| -> Vec<String> {
        let terms = row.field(column).split('+').map(|term| term.trim().to_owned());
        terms.filter(|term| !term.is_empty()).collect()
    };
    let (numerator, denominator) = (terms(7), terms(8));
    if numerator.is_empty() {
        row.fault("numerator must name an indicator of the form, or some with + between them");
    }
    let Some(form) = draft.forms.get(row.field(6)) else {
        row.fault(format!("form '{}' is not one of forms.toml: the target has no source", row.field(6)));
        return (numerator, denominator);
    };
    for term in numerator.iter().chain(&denominator) {
        match form.indicators.get(term) {
            None => {
                row.fault(format!("form '{}' has no indicator '{term}': the target has no source", form.id))
            }
            Some(of) if of.ratio.is_some() => {
                row.fault(format!("'{term}' is a ratio: name the two indicators that it is made of"));
            }
            Some(_) => {}
        }
    }
    let kinds = &form.places.kinds;
    for tier in tiers.iter().filter(|tier| !kinds.is_empty() && !kinds.contains(tier)) {
        let message = format!("form '{}' is about no place of tier '{}'", form.id, tier.word());
        row.fault(message);
    }
    (numerator, denominator)
}
