//! How the workbooks of others are read: `[[FORM.templates]]`.

use std::collections::BTreeSet;

use super::{
    super::{
        document::Section,
        draft::{Draft, is_identifier},
    },
    optional_word,
};
use crate::form::{
    Form, HeadReads, HeadRule, HeadValues, LabelReads, LabelRule, Relative, Role, SheetTemplate, Vintage,
};

/// Of these a rule of a column has one.
const COLUMN_READS: [&str; 3] = ["indicators", "unit_column", "ignored"];
/// Of these a rule of a row has one.
const ROW_READS: [&str; 6] = ["whole", "dimension", "total", "part_of", "place", "ignored"];

/// The place that the workbooks are about.
pub(super) fn read_about(id: &str, section: &mut Section<'_>, draft: &Draft) -> Option<String> {
    let code = section.text("place", "\"VN\"");
    if !code.is_empty() && !draft.places.iter().any(|place| place.key.code == code) {
        let message = format!("{id}: 'place': '{code}' is not the code of a place of places.csv");
        section.fault(section.line_of("place"), message);
    }
    (!code.is_empty()).then_some(code)
}

pub(super) fn read(id: &str, section: &mut Section<'_>, form: &Form, draft: &Draft) -> Vec<SheetTemplate> {
    let line = section.line;
    let mut templates: Vec<SheetTemplate> = Vec::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for mut table in section.sections("templates") {
        let name = table.text("id", "\"iip\"");
        if !name.is_empty() && (!is_identifier(&name, '-') || !known.insert(name.clone())) {
            let message = format!(
                "{id}: template '{name}': an identifier is of lower-case letters, digits and '-', at most 64, and names one \
                 template"
            );
            table.fault(table.line_of("id"), message);
        }
        let id = format!("{id}: {name}");
        let titles = patterns(&id, &mut table, "titles");
        if titles.is_empty() {
            let message =
                format!("{id}: 'titles' says what stands above the table, such as [\"*chỉ số giá*\"]");
            table.fault(table.line_of("titles"), message);
        }
        let template = SheetTemplate {
            titles,
            except: patterns(&id, &mut table, "except"),
            unit: table.optional_text("unit"),
            columns: read_columns(&id, &mut table, form),
            rows: read_rows(&id, &mut table, form, draft),
            id: name,
        };
        table.finish();
        templates.push(template);
    }
    if templates.is_empty() {
        section
            .fault(line, format!("{id}: a form of this file is read by templates: write [[{id}.templates]]"));
    }
    templates
}

/// Texts of which none is empty.
fn patterns(id: &str, table: &mut Section<'_>, key: &str) -> Vec<String> {
    let mut patterns = Vec::new();
    for (line, pattern) in table.texts(key) {
        if pattern.trim_matches(['*', ' ']).is_empty() {
            table.fault(
                line,
                format!("{id}: '{key}': '{pattern}' says nothing that could be told from others"),
            );
        }
        patterns.push(pattern);
    }
    patterns
}

fn read_columns(id: &str, table: &mut Section<'_>, form: &Form) -> Vec<HeadRule> {
    let mut rules = Vec::new();
    for mut rule in table.sections("columns") {
        let line = rule.line;
        let heads = patterns(id, &mut rule, "heads");
        if heads.is_empty() {
            rule.fault(line, format!("{id}: a column has 'heads', such as [\"*ước tính tháng {{m}}*\"]"));
        }
        for word in heads.iter().flat_map(|head| HeadRule::words(head)) {
            if !HeadRule::WORDS.contains(&word) {
                let known = HeadRule::WORDS.join("}, {");
                let message =
                    format!("{id}: 'heads': {{{word}}} stands for nothing (there are: {{{known}}})");
                rule.fault(rule.line_of("heads"), message);
            }
        }
        one_of(id, &rule, &COLUMN_READS);
        let (unit_column, ignored) = (rule.flag("unit_column"), rule.flag("ignored"));
        let reads = match () {
            () if unit_column => HeadReads::Unit,
            () if ignored => HeadReads::Ignored,
            () => HeadReads::Values(read_values(id, &mut rule, form)),
        };
        rule.finish();
        rules.push(HeadRule { heads, reads });
    }
    if !rules.iter().any(|rule| matches!(rule.reads, HeadReads::Values(_))) {
        table.fault(table.line_of("columns"), format!("{id}: no column has values: none has 'indicators'"));
    }
    rules
}

fn read_values(id: &str, rule: &mut Section<'_>, form: &Form) -> HeadValues {
    let indicators = known_indicators(id, rule, form);
    let unit = rule.optional_text("unit");
    if let Some(unit) = &unit {
        let knows = |id: &String| {
            let one = form.indicators.get(id);
            one.is_none_or(|one| one.unit == *unit || one.units.contains_key(unit))
        };
        if !indicators.iter().any(knows) {
            rule.fault(rule.line_of("unit"), format!("{id}: none of its indicators has the unit '{unit}'"));
        }
    }
    let period = optional_word(id, rule, "period", &Relative::ALL, Relative::word).unwrap_or_default();
    let vintage = optional_word(id, rule, "vintage", &Vintage::ALL, Vintage::word);
    HeadValues { indicators, period, vintage, unit, add: rule.optional_decimal("add") }
}

/// The indicators that a rule names.
fn known_indicators(id: &str, rule: &mut Section<'_>, form: &Form) -> Vec<String> {
    let named = rule.texts("indicators");
    for (line, indicator) in &named {
        if !form.indicators.contains_key(indicator) {
            rule.fault(*line, format!("{id}: the form has no indicator '{indicator}'"));
        }
    }
    named.into_iter().map(|(_, indicator)| indicator).collect()
}

/// A fault unless a rule says one of these.
fn one_of(id: &str, rule: &Section<'_>, keys: &[&str]) {
    let said: Vec<&str> = keys.iter().copied().filter(|key| rule.has(key)).collect();
    if said.len() != 1 {
        let of = keys.join("', '");
        let message = match said[..] {
            [] => format!("{id}: a rule says what is read: one of '{of}'"),
            _ => format!("{id}: a rule says one of '{of}', and not '{}'", said.join("' and '")),
        };
        rule.fault(rule.line, message);
    }
}

fn read_rows(id: &str, table: &mut Section<'_>, form: &Form, draft: &Draft) -> Vec<LabelRule> {
    let mut rules = Vec::new();
    for mut rule in table.sections("rows") {
        one_of(id, &rule, &ROW_READS);
        let (labels, under) = (patterns(id, &mut rule, "labels"), patterns(id, &mut rule, "under"));
        let reads = read_label(id, &mut rule, form, draft);
        let needs_no_label = matches!(reads, LabelReads::Dimension(_));
        if labels.is_empty() != needs_no_label {
            let message = match needs_no_label {
                true => format!(
                    "{id}: rows of a dimension are told by the labels of its members: 'labels' says none"
                ),
                false => format!("{id}: a row has 'labels', such as [\"tổng số\"]"),
            };
            rule.fault(rule.line, message);
        }
        let section = rule.flag("section");
        let units: Vec<String> = rule.texts("units").into_iter().map(|(_, unit)| unit).collect();
        let knows = |unit: &&String| {
            form.indicators.values().any(|one| one.unit == **unit || one.units.contains_key(*unit))
        };
        if let Some(unit) = units.iter().find(|unit| !knows(unit)) {
            rule.fault(
                rule.line_of("units"),
                format!("{id}: no indicator of the form has the unit '{unit}'"),
            );
        }
        let indicators = known_indicators(id, &mut rule, form);
        rule.finish();
        rules.push(LabelRule { labels, under, section, indicators, units, reads });
    }
    if rules.is_empty() {
        table.fault(table.line_of("rows"), format!("{id}: what its rows are is not said: write 'rows'"));
    }
    rules
}

fn read_label(id: &str, rule: &mut Section<'_>, form: &Form, draft: &Draft) -> LabelReads {
    let (whole, ignored) = (rule.flag("whole"), rule.flag("ignored"));
    if rule.has("dimension") {
        let dimension = rule.text("dimension", "\"industry\"");
        check_dimension(id, rule, "dimension", &dimension, &[], form);
        return match rule.optional_text("member") {
            Some(member) => {
                check_dimension(id, rule, "member", &dimension, std::slice::from_ref(&member), form);
                LabelReads::Member(dimension, member)
            }
            None => LabelReads::Dimension(dimension),
        };
    }
    if rule.has("total") {
        let dimension = rule.text("total", "\"mode\"");
        let parts: Vec<String> = rule.texts("parts").into_iter().map(|(_, part)| part).collect();
        check_dimension(id, rule, "total", &dimension, &parts, form);
        let within = rule.optional_decimal("within").unwrap_or_default();
        return LabelReads::Total { dimension, parts, within };
    }
    if rule.has("part_of") {
        let of: Vec<String> = rule.texts("part_of").into_iter().map(|(_, word)| word).collect();
        if let [dimension, member] = &of[..] {
            check_dimension(id, rule, "part_of", dimension, std::slice::from_ref(member), form);
            return LabelReads::PartOf(dimension.clone(), member.clone());
        }
        let message =
            format!("{id}: 'part_of' is a dimension and its member, such as [\"level\", \"central\"]");
        rule.fault(rule.line_of("part_of"), message);
        return LabelReads::Ignored;
    }
    if rule.has("place") {
        let codes = rule.texts("place");
        for (line, code) in &codes {
            if !draft.places.iter().any(|place| place.key.code == *code) {
                rule.fault(*line, format!("{id}: '{code}' is not the code of a place of places.csv"));
            }
        }
        return LabelReads::Place(codes.into_iter().map(|(_, code)| code).collect());
    }
    match whole && !ignored {
        true => LabelReads::Whole,
        false => LabelReads::Ignored,
    }
}

fn check_dimension(
    id: &str,
    rule: &Section<'_>,
    key: &str,
    dimension: &str,
    members: &[String],
    form: &Form,
) {
    let found = form.columns.iter().find(|column| column.id == dimension);
    let Some(Role::Dimension(known)) = found.map(|column| &column.role) else {
        if !dimension.is_empty() {
            rule.fault(rule.line_of(key), format!("{id}: '{key}': the form has no dimension '{dimension}'"));
        }
        return;
    };
    for member in members.iter().filter(|member| !known.iter().any(|one| one.id == **member)) {
        let message = format!("{id}: '{key}': dimension '{dimension}' has no member '{member}'");
        rule.fault(rule.line_of(key), message);
    }
}
