//! `limits.toml`: legal limits of all times.

use super::{
    document::{Document, Section},
    draft::{Draft, is_identifier},
    places::periods_overlap,
    scope::{Scope, meet},
};
use crate::{
    limit::{Averaging, Limit},
    window::WindowKind,
};

/// Every table of the file is a limit; its name is the identifier.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    for (line, id) in root.keys() {
        let Some(section) = root.section(id, "{ indicator = \"pm25\", averaging = \"day\", high = 45, … }")
        else {
            continue;
        };
        draft.say("limit", id, &section);
        if !is_identifier(id, '-') {
            let message =
                format!("limit '{id}': an identifier is of lower-case letters, digits and '-', at most 64");
            section.fault(line, message);
        }
        if let Some(limit) = read_one(id, section, draft) {
            draft.limits.push(limit);
        }
    }
}

fn read_one(id: &str, mut section: Section<'_>, draft: &Draft) -> Option<Limit> {
    let standard = section.text("standard", "\"QCVN 05:2023/BTNMT\"");
    let averaged = read_averaged(id, &mut section, draft);
    let (low, high) = (section.optional_number("low"), section.optional_number("high"));
    match (low, high) {
        (None, None) => section.fault(section.line, format!("{id}: a limit has 'low' or 'high' or both")),
        (Some(low), Some(high)) if low >= high => {
            section.fault(section.line_of("high"), format!("{id}: 'high' must be greater than 'low'"));
        }
        _ => {}
    }
    let scope = Scope::read(id, &mut section, draft);
    let valid_from = section.date("valid_from");
    let valid_to = section.optional_date("valid_to");
    if valid_to.is_some_and(|end| end < valid_from) {
        section.fault(section.line_of("valid_to"), format!("{id}: 'valid_to' lies before 'valid_from'"));
    }
    let limit = averaged.map(|(indicator, averaging)| Limit {
        id: id.to_owned(),
        standard,
        indicator,
        averaging,
        low,
        high,
        kinds: scope.kinds,
        stations: scope.stations,
        valid_from,
        valid_to,
    });
    if let Some(limit) = &limit {
        for other in draft.limits.iter().filter(|other| are_in_force_together(other, limit)) {
            let message =
                format!("{id}: limit '{}' is in force for the same means at the same time", other.id);
            section.fault(section.line, message);
        }
    }
    section.finish();
    limit
}

/// `indicator` and `averaging`: over what a mean is made, if the pack makes what it is made of. None if not.
pub(super) fn read_averaged(
    id: &str,
    section: &mut Section<'_>,
    draft: &Draft,
) -> Option<(String, Averaging)> {
    let indicator = section.text("indicator", "\"pm25\"");
    let known = draft.indicators.get(&indicator);
    if known.is_none() && !indicator.is_empty() {
        let message = format!("{id}: '{indicator}' is not an indicator of the pack");
        section.fault(section.line_of("indicator"), message);
    }
    let averaging = read_averaging(id, section, &Averaging::ALL)?;
    let needed = match averaging {
        Averaging::Hour | Averaging::EightHours => WindowKind::Hour,
        Averaging::Day | Averaging::Year => WindowKind::Day,
    };
    if let Some(known) = known
        && !known.windows.contains(&needed)
    {
        let message = format!(
            "{id}: a mean of averaging '{}' is made of windows '{}', which '{indicator}' has not",
            averaging.word(),
            needed.word()
        );
        section.fault(section.line_of("averaging"), message);
    }
    Some((indicator, averaging))
}

/// `averaging`, one of some. None if it is not.
pub(super) fn read_averaging(
    id: &str,
    section: &mut Section<'_>,
    allowed: &[Averaging],
) -> Option<Averaging> {
    let word = section.text("averaging", "\"day\"");
    let averaging = Averaging::from_word(&word).filter(|averaging| allowed.contains(averaging));
    if averaging.is_none() && !word.is_empty() {
        let known: Vec<&str> = allowed.iter().map(|averaging| averaging.word()).collect();
        let message = format!("{id}: averaging '{word}' is none of: {}", known.join(", "));
        section.fault(section.line_of("averaging"), message);
    }
    averaging
}

/// Whether both would judge one mean. A permit that names its station goes before a limit for all of a kind, so
/// that one of each never does.
fn are_in_force_together(one: &Limit, other: &Limit) -> bool {
    (&one.indicator, one.averaging) == (&other.indicator, other.averaging)
        && one.stations.is_empty() == other.stations.is_empty()
        && meet((&one.kinds, &one.stations), (&other.kinds, &other.stations))
        && periods_overlap((one.valid_from, one.valid_to), (other.valid_from, other.valid_to))
}
