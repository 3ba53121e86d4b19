//! `severities.toml`: products that rate severity on a scale of their own.
//!
//! A format has a scale, and some products do not keep to it: 2 of 0 to 2 is the worst that they say, and low by the
//! format. What is not said here is read by the format's scale.

use std::{collections::BTreeMap, ops::RangeInclusive};

use super::{
    SeverityScale,
    document::{Document, Section},
    draft::{Draft, is_identifier},
};
use crate::event::Severity;

/// Every table of the file is a scale; its name is the identifier.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    for (line, id) in root.keys() {
        let Some(section) = root.section(id, "{ vendor = \"…\", scale = { high = [2, 2] } }") else {
            continue;
        };
        draft.say("severity scale", id, &section);
        if !is_identifier(id, '-') {
            let message = format!(
                "severity scale '{id}': an identifier is of lower-case letters, digits and '-', at most 64"
            );
            section.fault(line, message);
        }
        let scale = read_one(id, section, draft);
        draft.severities.push(scale);
    }
}

fn read_one(id: &str, mut section: Section<'_>, draft: &Draft) -> SeverityScale {
    let vendor = section.text("vendor", "\"ExampleSec\"");
    let product = section.optional_text("product");
    let same = |other: &&SeverityScale| other.vendor == vendor && other.product == product;
    if let Some(other) = draft.severities.iter().find(same) {
        section.fault(section.line, format!("{id}: '{}' says the scale of this product already", other.id));
    }
    let scale = read_scale(id, &mut section);
    section.finish();
    SeverityScale { id: id.to_owned(), vendor, product, scale }
}

fn read_scale(id: &str, section: &mut Section<'_>) -> BTreeMap<Severity, RangeInclusive<i64>> {
    let mut scale: BTreeMap<Severity, RangeInclusive<i64>> = BTreeMap::new();
    let Some(mut table) = section.section("scale", "{ low = [0, 0], high = [1, 2] }") else { return scale };
    let keys: Vec<(usize, String)> =
        table.keys().into_iter().map(|(line, key)| (line, key.to_owned())).collect();
    for (line, key) in keys {
        let range = table.optional_pair(&key, "[from, to], both of them numbers of the product");
        let Some(severity) = Severity::from_word(&key) else {
            let known: Vec<&str> = Severity::ALL.into_iter().map(Severity::word).collect();
            table.fault(line, format!("{id}: '{key}' is not a severity (there are: {})", known.join(", ")));
            continue;
        };
        let Some((from, to)) = range else { continue };
        if from.fract() != 0.0 || to.fract() != 0.0 || from > to || from.abs().max(to.abs()) > 1e9 {
            table.fault(line, format!("{id}: '{key}' is [from, to]: whole numbers, the smaller first"));
            continue;
        }
        let range = from as i64..=to as i64;
        if let Some((other, _)) =
            scale.iter().find(|(_, theirs)| theirs.start() <= range.end() && range.start() <= theirs.end())
        {
            table.fault(line, format!("{id}: '{key}' and '{}' claim the same numbers", other.word()));
        }
        let _ = scale.insert(severity, range);
    }
    table.finish();
    scale
}

impl SeverityScale {
    /// What a number of the product means; none where the scale does not say.
    #[must_use]
    pub fn severity(&self, number: i64) -> Option<Severity> {
        self.scale.iter().find(|(_, range)| range.contains(&number)).map(|(severity, _)| *severity)
    }
}
