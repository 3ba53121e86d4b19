//! `forms.toml`: what agencies fill in; `templates.toml`: what is read from workbooks that others made.
//!
//! Everything that a form says is checked against itself here (what its checks, ratios and columns speak of is there), so
//! that the judge of a report finds nothing that cannot be.

mod columns;
mod dhis2;
mod fhir;
mod indicators;
mod mapped;
mod rule;
mod sdmx;
mod templates;

use std::collections::BTreeMap;

use super::{
    DOMAINS,
    document::{Document, Section},
    draft::{Draft, is_identifier},
};
use crate::{
    form::{
        Absent, AgainstBefore, Before, Check, Column, Form, FormIndicator, Mark, Meaning, Owner, PeriodKind,
        PlaceScope, Role, Vintage, Weight,
    },
    name::Name,
    place::PlaceKind,
};

/// What is not read stands under this word: a column, a row of "of which".
const IGNORED: &str = "ignored";
/// Longer is no mark.
const MARK_MAX: usize = 16;

/// What a form's messages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// As it defines them.
    Designed,
    /// Workbooks of others, by templates.
    Templated,
}

/// Every table of the file is a form; its name is the identifier.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    read_all(document, draft, Kind::Designed);
}

/// Every table of the file is a form that is read by templates.
pub(super) fn read_templated(document: &Document<'_>, draft: &mut Draft) {
    read_all(document, draft, Kind::Templated);
}

fn read_all(document: &Document<'_>, draft: &mut Draft, kind: Kind) {
    let mut root = document.root();
    for (line, id) in root.keys() {
        let Some(section) = root.section(id, "{ name = { vi = \"…\", en = \"…\" }, … }") else {
            continue;
        };
        draft.say("form", id, &section);
        if !is_identifier(id, '-') {
            let message =
                format!("form '{id}': an identifier is of lower-case letters, digits and '-', at most 64");
            section.fault(line, message);
        }
        let form = read_one(id, section, draft, kind);
        let _ = draft.forms.insert(id.to_owned(), form);
    }
}

fn read_one(id: &str, mut section: Section<'_>, draft: &Draft, kind: Kind) -> Form {
    let name = section.both_languages("name");
    let titles = section.texts("titles").into_iter().map(|(_, title)| title).collect();
    let period = word(id, &mut section, "period", "\"admin_month\"", &PeriodKind::ALL, PeriodKind::word);
    let owner = read_owner(id, &mut section, draft);
    if owner.is_none() && !section.has("owner") {
        let message = format!("{id}: 'owner' is missing; write owner = \"place\", or the id of an agency");
        section.fault(section.line, message);
    }
    let vintage = optional_word(id, &mut section, "vintage", &Vintage::ALL, Vintage::word);
    let all = [Absent::Keeps, Absent::Refused, Absent::Withdraws];
    let absent = optional_word(id, &mut section, "absent", &all, Absent::word).unwrap_or_default();
    let parts = section.flag("parts");
    let decimal = read_decimal(id, &mut section);
    let places = read_places(id, &mut section, draft);
    let (indicators, written) = indicators::read(id, &mut section, draft);
    let columns = match kind {
        Kind::Designed => columns::read(id, &mut section, &indicators, &written),
        Kind::Templated => columns::read_dimensions(id, &mut section),
    };
    let screen = read_screen(id, &mut section);
    check_days(id, &section, &columns, &indicators);
    let known = |indicator: &str| indicators.contains_key(indicator);
    let checks = read_checks(id, &mut section, &known);
    let against = read_against(id, &mut section, &known);
    let marks = read_marks(id, &mut section);
    let totals = section.texts("totals").into_iter().map(|(_, label)| label).collect();
    let of_which = read_of_which(id, &mut section, &known);
    let mut form = Form {
        id: id.to_owned(),
        name,
        titles,
        period,
        owner: owner.unwrap_or(Owner::Place),
        vintage: vintage.unwrap_or(Vintage::Official),
        absent,
        parts,
        decimal,
        places,
        columns,
        indicators,
        checks,
        against,
        marks,
        totals,
        of_which,
        screen,
        sdmx: None,
        dhis2: None,
        fhir: None,
        templates: Vec::new(),
        about: None,
    };
    check_absent(id, &section, &form);
    match kind {
        Kind::Designed => {
            form.sdmx = sdmx::read(id, &mut section, &form, draft);
            form.dhis2 = dhis2::read(id, &mut section, &form, draft);
            form.fhir = fhir::read(id, &mut section, &form, draft);
        }
        Kind::Templated => {
            form.about = templates::read_about(id, &mut section, draft);
            form.templates = templates::read(id, &mut section, &form, draft);
        }
    }
    section.finish();
    form
}

/// The screen that shows what it reports; none where it is shown among all reports alone.
fn read_screen(id: &str, section: &mut Section<'_>) -> Option<String> {
    let screen = section.optional_text("screen")?;
    if !DOMAINS.contains(&screen.as_str()) {
        let message = format!("{id}: 'screen': '{screen}' is not one of: {}", DOMAINS.join(", "));
        section.fault(section.line_of("screen"), message);
    }
    Some(screen)
}

/// Of a place with more parts nobody can say which must be there.
const PARTS_MAX: usize = 64;

/// A form that is sent whole, or not at all, says which parts that is.
fn check_absent(id: &str, section: &Section<'_>, form: &Form) {
    let line = section.line_of("absent");
    let counts = form.indicators.values().any(|indicator| indicator.counts.is_some());
    if counts && form.absent != Absent::Keeps {
        section.fault(
            line,
            format!("{id}: 'absent': rows are counted, so what is not in a list is 0; leave it out"),
        );
        return;
    }
    if form.absent != Absent::Refused {
        return;
    }
    let mut parts = 1_usize;
    for column in &form.columns {
        let Role::Dimension(members) = &column.role else { continue };
        parts = parts.saturating_mul(members.len());
        if !column.required {
            let message = format!(
                "{id}: 'absent' is \"refused\", and a row need not say '{}': which parts must be there cannot be known; make \
                 the column required, or write absent = \"keeps\"",
                column.id
            );
            section.fault(line, message);
            return;
        }
    }
    if parts > PARTS_MAX {
        let message = format!(
            "{id}: 'absent' is \"refused\", and a place has {parts} parts: that each of them is there is asked for of {PARTS_MAX} \
             at most; write absent = \"keeps\""
        );
        section.fault(line, message);
    }
}

/// What is counted by days names columns of days.
fn check_days(
    id: &str,
    section: &Section<'_>,
    columns: &[Column],
    indicators: &BTreeMap<String, FormIndicator>,
) {
    for indicator in indicators.values() {
        let Some((from, to, _)) = indicator.counts.as_ref().and_then(|counts| counts.within.as_ref()) else {
            continue;
        };
        for name in [from, to] {
            if !columns.iter().any(|column| column.id == *name && column.role == Role::Date) {
                let line = section.line_of("indicators");
                let message =
                    format!("{id}: {}: the form has no column '{name}' of the role 'date'", indicator.id);
                section.fault(line, message);
            }
        }
    }
}

/// The one that a word names; the first where it is wrong.
fn word<T: Copy>(
    id: &str,
    section: &mut Section<'_>,
    key: &str,
    example: &str,
    all: &[T],
    word: fn(T) -> &'static str,
) -> T {
    let said = section.text(key, example);
    let found = all.iter().copied().find(|one| word(*one) == said);
    found.unwrap_or_else(|| {
        if !said.is_empty() {
            section.fault(section.line_of(key), format!("{id}: '{key}': {}", is_none_of(&said, all, word)));
        }
        all[0]
    })
}

fn is_none_of<T: Copy>(said: &str, all: &[T], word: fn(T) -> &'static str) -> String {
    let known: Vec<&str> = all.iter().copied().map(word).collect();
    format!("'{said}' is not one of: {}", known.join(", "))
}

fn optional_word<T: Copy>(
    id: &str,
    section: &mut Section<'_>,
    key: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Option<T> {
    section.has(key).then(|| word(id, section, key, "", all, name))
}

/// None where there is none, or it is wrong.
fn read_owner(id: &str, section: &mut Section<'_>, draft: &Draft) -> Option<Owner> {
    let said = section.optional_text("owner")?;
    match said.as_str() {
        "place" => Some(Owner::Place),
        agency if draft.agencies.contains_key(agency) => Some(Owner::Agency(said)),
        _ => {
            let message =
                format!("{id}: 'owner' is \"place\" or the id of an agency of agencies.csv, not '{said}'");
            section.fault(section.line_of("owner"), message);
            None
        }
    }
}

fn read_decimal(id: &str, section: &mut Section<'_>) -> char {
    match section.optional_text("decimal").as_deref() {
        None | Some(",") => ',',
        Some(".") => '.',
        Some(_) => {
            section.fault(section.line_of("decimal"), format!("{id}: 'decimal' must be \",\" or \".\""));
            ','
        }
    }
}

fn read_places(id: &str, section: &mut Section<'_>, draft: &Draft) -> PlaceScope {
    let example = "{ kinds = [\"commune\", \"ward\"], below = [\"80\"] }";
    let Some(mut table) = section.optional_section("places", example) else { return PlaceScope::default() };
    let mut scope = PlaceScope::default();
    for (line, word) in table.texts("kinds") {
        match PlaceKind::from_word(&word) {
            Some(kind) if scope.kinds.contains(&kind) => {
                table.fault(line, format!("{id}: kind '{word}' is named twice"));
            }
            Some(kind) => scope.kinds.push(kind),
            None => {
                let none = is_none_of(&word, &PlaceKind::ALL, PlaceKind::word);
                table.fault(line, format!("{id}: 'kinds': {none}"));
            }
        }
    }
    for (line, code) in table.texts("below") {
        if !draft.places.iter().any(|place| place.key.code == code) {
            table.fault(line, format!("{id}: 'below': '{code}' is not the code of a place of places.csv"));
        }
        scope.below.push(code);
    }
    table.finish();
    scope
}

fn read_checks(id: &str, section: &mut Section<'_>, known: &impl Fn(&str) -> bool) -> Vec<Check> {
    let mut checks = Vec::new();
    for mut table in section.sections("checks") {
        let text = table.text("rule", "\"X02 <= X01\"");
        let line = table.line_of("rule");
        let within = table.optional_decimal("within").unwrap_or_default();
        if within.is_sign_negative() && !within.is_zero() {
            table.fault(table.line_of("within"), format!("{id}: 'within' must not be less than 0"));
        }
        let weight = read_weight(id, &mut table, Weight::Error);
        let says = table.has("says").then(|| table.both_languages("says"));
        table.finish();
        if text.is_empty() {
            continue;
        }
        match rule::parse(&text) {
            Ok((left, relation, right)) => {
                let check = Check { text, left, relation, right, within, weight, says };
                for side in [&check.left, &check.right] {
                    side.each_indicator(&mut |indicator| {
                        if !known(indicator) {
                            let message = format!("{id}: the form has no indicator '{indicator}'");
                            section.fault(line, message);
                        }
                    });
                }
                checks.push(check);
            }
            Err(fault) => section.fault(line, format!("{id}: '{text}': {fault}")),
        }
    }
    checks
}

fn read_weight(id: &str, table: &mut Section<'_>, default: Weight) -> Weight {
    optional_word(id, table, "weight", &[Weight::Error, Weight::Warning], Weight::word).unwrap_or(default)
}

fn read_against(id: &str, section: &mut Section<'_>, known: &impl Fn(&str) -> bool) -> Vec<AgainstBefore> {
    let mut against = Vec::new();
    for mut table in section.sections("against") {
        let indicator = table.text("indicator", "\"X01\"");
        if !indicator.is_empty() && !known(&indicator) {
            let message = format!("{id}: the form has no indicator '{indicator}'");
            table.fault(table.line_of("indicator"), message);
        }
        let all = [Before::Previous, Before::YearEarlier];
        let before = word(id, &mut table, "before", "\"previous\"", &all, Before::word);
        let (least, most) = (table.optional_decimal("least"), table.optional_decimal("most"));
        match (least, most) {
            (None, None) => {
                table.fault(table.line, format!("{id}: 'against' has 'least' or 'most' or both"));
            }
            (Some(least), Some(most)) if least >= most => {
                table.fault(table.line_of("most"), format!("{id}: 'most' must be greater than 'least'"));
            }
            _ => {}
        }
        let weight = read_weight(id, &mut table, Weight::Warning);
        table.finish();
        if known(&indicator) {
            let indicator = Name::new(&indicator);
            against.push(AgainstBefore { indicator, before, least, most, weight });
        }
    }
    against
}

fn read_marks(id: &str, section: &mut Section<'_>) -> BTreeMap<String, Meaning> {
    let mut marks = BTreeMap::new();
    let Some(mut table) =
        section.optional_section("marks", "{ \"-\" = \"none\", \"…\" = \"not_collected\" }")
    else {
        return marks;
    };
    for (line, mark) in table.keys() {
        let meant = table.text(mark, "\"none\"");
        if mark.trim() != mark
            || mark.is_empty()
            || mark.chars().count() > MARK_MAX
            || mark.starts_with(|c: char| c.is_ascii_digit())
        {
            let message = format!(
                "{id}: mark '{mark}': a mark has 1 to {MARK_MAX} characters, no blanks around it, and does not begin with \
                 a digit"
            );
            table.fault(line, message);
        }
        let instead = Mark::from_word(&meant).filter(|mark| *mark != Mark::Value).map(Meaning::Instead);
        let vintage = || Vintage::from_word(&meant).map(Meaning::Vintage);
        let note = || (meant == "note").then_some(Meaning::Note);
        match instead.or_else(vintage).or_else(note) {
            Some(meaning) => {
                let _ = marks.insert(mark.to_owned(), meaning);
            }
            None if meant.is_empty() => {}
            None => {
                let instead = Mark::ALL.into_iter().filter(|mark| *mark != Mark::Value).map(Mark::word);
                let vintages = Vintage::ALL.into_iter().map(Vintage::word);
                let known: Vec<&str> = instead.chain(vintages).chain(["note"]).collect();
                table.fault(
                    line,
                    format!("{id}: mark '{mark}': '{meant}' is not one of: {}", known.join(", ")),
                );
            }
        }
    }
    table.finish();
    marks
}

fn read_of_which(
    id: &str,
    section: &mut Section<'_>,
    known: &impl Fn(&str) -> bool,
) -> BTreeMap<String, Option<String>> {
    let mut of_which = BTreeMap::new();
    let Some(mut table) = section.optional_section("of_which", "{ \"Trong đó\" = \"ignored\" }") else {
        return of_which;
    };
    for (line, label) in table.keys() {
        let indicator = table.text(label, "\"ignored\"");
        if label.trim().is_empty() {
            table.fault(line, format!("{id}: 'of_which' has an empty label"));
        }
        let read = indicator != IGNORED;
        if read && !indicator.is_empty() && !known(&indicator) {
            let message = format!(
                "{id}: 'of_which': the form has no indicator '{indicator}'; rows that are not read are \"{IGNORED}\""
            );
            table.fault(line, message);
        }
        let _ = of_which.insert(label.to_owned(), read.then_some(indicator));
    }
    table.finish();
    of_which
}
