//! `by`: a measure for each member of a group.

use std::collections::BTreeMap;

use super::super::{document::Section, draft::is_identifier};
use crate::{
    event::{Categories, EventKind, EventMeasure, Group, GroupBy, Severity},
    text::Text,
};

/// What no category of the pack has.
const OTHER: &str = "other";
const CATEGORY_EXAMPLE: &str = "{ trojan = { name = { vi = \"Mã độc\", en = \"Malware\" }, words = [\"A Network Trojan was detected\"] } }";

/// A member of a group.
pub(super) struct Member {
    word: String,
    name: Text,
    by: GroupBy,
}

impl Member {
    /// The measure of it.
    pub(super) fn of(self, whole: &EventMeasure) -> EventMeasure {
        let Member { word, name, by } = self;
        let kinds = match by {
            GroupBy::Kind(kind) => vec![kind],
            _ => whole.kinds.clone(),
        };
        EventMeasure {
            id: format!("{}_{word}", whole.id),
            name: Text {
                vi: format!("{}: {}", whole.name.vi, name.vi),
                en: format!("{}: {}", whole.name.en, name.en),
            },
            kinds,
            group: Some(Group { of: whole.id.clone(), member: word, by }),
            ..whole.clone()
        }
    }
}

/// Its members; none where there is no `by`.
pub(super) fn read(
    id: &str,
    kinds: &[EventKind],
    least: Option<Severity>,
    section: &mut Section<'_>,
) -> Option<Vec<Member>> {
    let by = section.optional_text("by");
    if by.as_deref() != Some("category") && section.has("categories") {
        section
            .fault(section.line_of("categories"), format!("{id}: 'categories' goes with by = \"category\""));
        section.ignore("categories");
    }
    match by?.as_str() {
        "severity" => {
            let all = Severity::ALL.into_iter().filter(|it| least.is_none_or(|least| *it >= least));
            let member = |it: Severity| Member {
                word: it.word().to_owned(),
                name: it.name(),
                by: GroupBy::Severity(it),
            };
            Some(all.map(member).collect())
        }
        "kind" => {
            if kinds.len() < 2 {
                let message = format!("{id}: by = \"kind\" needs 'kinds' with two or more");
                section.fault(section.line_of("by"), message);
            }
            let member = |it: &EventKind| Member {
                word: it.word().to_owned(),
                name: it.name(),
                by: GroupBy::Kind(*it),
            };
            Some(kinds.iter().map(member).collect())
        }
        "category" => Some(read_categories(id, section)),
        "agency" => {
            let message = format!(
                "{id}: a measure is kept at each log source; what an agency's have in all is added up where it is read \
                 (docs/analysts.md)"
            );
            section.fault(section.line_of("by"), message);
            Some(Vec::new())
        }
        other => {
            let message = format!("{id}: '{other}' is no closed group (there are: severity, category, kind)");
            section.fault(section.line_of("by"), message);
            Some(Vec::new())
        }
    }
}

/// The pack's categories, and what is of none of them.
fn read_categories(id: &str, section: &mut Section<'_>) -> Vec<Member> {
    let Some(mut table) = section.section("categories", CATEGORY_EXAMPLE) else { return Vec::new() };
    let keys: Vec<(usize, String)> =
        table.keys().into_iter().map(|(line, key)| (line, key.to_owned())).collect();
    let mut whose: BTreeMap<String, String> = BTreeMap::new();
    let mut members = Vec::new();
    for (line, key) in keys {
        let Some(mut one) = table.section(&key, "{ name = …, words = [\"…\"] }") else { continue };
        if !is_identifier(&key, '_') || key == OTHER {
            let message = format!(
                "{id}: category '{key}': a word of lower-case letters, digits and '_', and not '{OTHER}', which is of \
                 what no category has"
            );
            one.fault(line, message);
        }
        let name = one.both_languages("name");
        let mut words = Vec::new();
        for (line, word) in one.texts("words") {
            let word = word.trim().to_lowercase();
            if let Some(other) = whose.insert(word.clone(), key.clone()) {
                one.fault(line, format!("{id}: '{word}' is of category '{other}' already"));
            }
            words.push(word);
        }
        if words.is_empty() {
            one.fault(line, format!("{id}: category '{key}' needs 'words': what devices call it"));
        }
        one.finish();
        let by = GroupBy::Category(Categories { words, others: false });
        members.push(Member { word: key, name, by });
    }
    table.finish();
    if members.is_empty() {
        section.fault(section.line_of("categories"), format!("{id}: 'categories' names none"));
    }
    let by = GroupBy::Category(Categories { words: whose.into_keys().collect(), others: true });
    let name = Text { vi: "Khác".to_owned(), en: "Other".to_owned() };
    members.push(Member { word: OTHER.to_owned(), name, by });
    members
}
