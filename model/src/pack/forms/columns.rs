//! What a form has columns for.
//!
//! Most forms are a table of places by what is reported of them. One that names no column of values has one for each of its
//! indicators, in the order in which these are written, and before them the place's code and name: nobody has to write the
//! same names twice. What its rows are parts of it still says, in a column of the role `dimension`.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{document::Section, draft::is_identifier},
    IGNORED,
};
use crate::{
    form::{Column, FormIndicator, Member, Role},
    text::Text,
};

/// Words of roles, in the order in which they are told.
const ROLES: [&str; 12] = [
    "place",
    "place_name",
    "period",
    "indicator",
    "dimension",
    "value",
    "unit",
    "vintage",
    "date",
    "id",
    "note",
    IGNORED,
];
/// Of these roles there is one column at most.
const SINGLE: [&str; 7] = ["place", "place_name", "period", "indicator", "unit", "vintage", "id"];
/// As it is kept: `age=0-4`.
const MEMBER_MAX: usize = 64;

pub(super) fn read(
    id: &str,
    section: &mut Section<'_>,
    indicators: &BTreeMap<String, FormIndicator>,
    written: &[String],
) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let (line, mut headings, mut words) = (section.line, BTreeMap::new(), Vec::new());
    for mut table in section.sections("columns") {
        let (word, column) = read_one(id, &mut table, indicators);
        if columns.iter().any(|other| other.id == column.id) && !column.id.is_empty() {
            let message = format!("{id}: column '{}' is already defined", column.id);
            table.fault(table.line_of("id"), message);
        }
        if SINGLE.contains(&word.as_str()) && words.contains(&word) {
            table.fault(table.line_of("role"), format!("{id}: a second column has the role '{word}'"));
        }
        let value_of = |column: &Column| match &column.role {
            Role::Value(indicator) => Some(indicator.clone()),
            _ => None,
        };
        let value = value_of(&column);
        if value.is_some() && columns.iter().any(|other| value_of(other) == value) {
            let message = format!("{id}: a second column holds the values of the same indicator");
            table.fault(table.line_of("role"), message);
        }
        for heading in [&column.name.vi, &column.name.en].into_iter().chain(&column.headers) {
            let before = headings.insert(heading.trim().to_lowercase(), column.id.clone());
            if before.is_some_and(|before| before != column.id) {
                let message = format!("{id}: two columns are headed '{heading}'");
                table.fault(table.line, message);
            }
        }
        words.push(word);
        columns.push(column);
        table.finish();
    }
    let has = |role: &str| words.iter().any(|word| word == role);
    let plain = columns.iter().any(|column| matches!(column.role, Role::Value(None)));
    let counts = indicators.values().filter(|one| one.counts.is_some()).count();
    if counts == 0 && !has("value") && !has("indicator") {
        let given = std::mem::take(&mut columns);
        columns = of_each_indicator(given, indicators, written);
        for other in &columns {
            for heading in [&other.name.vi, &other.name.en] {
                let before = headings.insert(heading.trim().to_lowercase(), other.id.clone());
                if before.is_some_and(|before| before != other.id) {
                    section.fault(line, format!("{id}: two columns are headed '{heading}'"));
                }
            }
        }
        if columns.iter().all(|column| !matches!(column.role, Role::Value(_))) && !indicators.is_empty() {
            section
                .fault(line, format!("{id}: all indicators are ratios: none of them has a value of its own"));
        }
        return columns;
    }
    let fault = match () {
        () if columns.is_empty() => {
            Some("a form whose rows are counted has a [[…columns]] for what they say")
        }
        () if counts > 0 && (counts < indicators.len() || has("value") || has("indicator")) => {
            Some("rows are counted or say values: either all indicators have 'counts', or none has")
        }
        () if counts == 0 && (has("date") || has("id")) => {
            Some("only a form whose rows are counted has columns of the role 'date' or 'id'")
        }
        () if counts > 0 => None,
        () if plain && !has("indicator") => {
            Some("a column of values has neither an 'indicator' nor a column that names one")
        }
        () if has("indicator") && !plain => {
            Some("a column names the row's indicator, but none holds its value")
        }
        () => None,
    };
    if let Some(fault) = fault {
        section.fault(line, format!("{id}: {fault}"));
    }
    columns
}

/// Those that are given, behind them one for each indicator that is no ratio, and before them the place where none says it.
fn of_each_indicator(
    given: Vec<Column>,
    indicators: &BTreeMap<String, FormIndicator>,
    written: &[String],
) -> Vec<Column> {
    let plain = |id: &str, vi: &str, en: &str, headers: &[&str], role: Role, required: bool| Column {
        id: id.to_owned(),
        name: Text { vi: vi.to_owned(), en: en.to_owned() },
        headers: headers.iter().map(|heading| (*heading).to_owned()).collect(),
        role,
        required,
    };
    let says_place = given.iter().any(|column| matches!(column.role, Role::Place | Role::PlaceName));
    let place = [
        plain("place", "Mã đơn vị", "Place code", &["Mã xã", "Mã ĐVHC", "Mã địa bàn"], Role::Place, true),
        plain("place_name", "Tên đơn vị", "Place", &["Tên xã", "Địa bàn", "Đơn vị"], Role::PlaceName, false),
    ];
    let values = written.iter().filter_map(|id| indicators.get(id)).filter(|of| of.ratio.is_none());
    let values = values.map(|of| Column {
        id: of.id.clone(),
        name: of.name.clone(),
        headers: [&of.id, &of.code]
            .into_iter()
            .filter(|heading| **heading != of.name.en)
            .cloned()
            .collect::<BTreeSet<String>>()
            .into_iter()
            .collect(),
        role: Role::Value(Some(of.id.clone())),
        required: false,
    });
    place.into_iter().filter(|_| !says_place).chain(given).chain(values).collect()
}

/// The dimensions of a form that has no columns of its own.
pub(super) fn read_dimensions(id: &str, section: &mut Section<'_>) -> Vec<Column> {
    let mut dimensions: Vec<Column> = Vec::new();
    for mut table in section.sections("dimensions") {
        let dimension = table.text("id", "\"industry\"");
        if !dimension.is_empty() && !is_identifier(&dimension.replace('_', "-"), '-') {
            let message = format!(
                "{id}: dimension '{dimension}': an identifier is of lower-case letters, digits, '_' and '-', at most 64"
            );
            table.fault(table.line_of("id"), message);
        }
        if dimensions.iter().any(|other| other.id == dimension) && !dimension.is_empty() {
            let message = format!("{id}: dimension '{dimension}' is already defined");
            table.fault(table.line_of("id"), message);
        }
        let name = table.both_languages("name");
        let members = read_members(id, &mut table);
        if members.is_empty() {
            table.fault(table.line, format!("{id}: dimension '{dimension}' has no 'members'"));
        }
        table.finish();
        let role = Role::Dimension(members);
        dimensions.push(Column { id: dimension, name, headers: Vec::new(), role, required: false });
    }
    dimensions
}

/// The word of its role, and the column.
fn read_one(
    id: &str,
    table: &mut Section<'_>,
    indicators: &BTreeMap<String, FormIndicator>,
) -> (String, Column) {
    let column = table.text("id", "\"value\"");
    let plain: String = column.chars().map(|c| if c == '_' { '-' } else { c }).collect();
    if !column.is_empty() && !is_identifier(&plain, '-') {
        let message = format!(
            "{id}: column '{column}': an identifier is of lower-case letters, digits, '_' and '-', at most 64"
        );
        table.fault(table.line_of("id"), message);
    }
    let word = table.text("role", "\"value\"");
    let indicator = table.optional_text("indicator");
    let members = read_members(id, table);
    for (key, of, has) in
        [("indicator", "value", indicator.is_some()), ("members", "dimension", !members.is_empty())]
    {
        if has && word != of {
            table.fault(table.line_of(key), format!("{id}: only a column of the role '{of}' has '{key}'"));
        }
    }
    let role = match word.as_str() {
        "place" => Role::Place,
        "place_name" => Role::PlaceName,
        "period" => Role::Period,
        "indicator" => Role::Indicator,
        "dimension" => {
            if members.is_empty() {
                let message = format!(
                    "{id}: a dimension has 'members', such as [{{ id = \"f\", name = {{ vi = \"Nữ\", en = \"Female\" }} }}]"
                );
                table.fault(table.line_of("role"), message);
            }
            Role::Dimension(members)
        }
        "value" => {
            if let Some(indicator) = indicator.as_deref().filter(|one| !indicators.contains_key(*one)) {
                let message = format!("{id}: the form has no indicator '{indicator}'");
                table.fault(table.line_of("indicator"), message);
            }
            Role::Value(indicator)
        }
        "unit" => Role::Unit,
        "vintage" => Role::Vintage,
        "date" => Role::Date,
        "id" => Role::Id,
        "note" => Role::Note,
        other => {
            if !other.is_empty() && other != IGNORED {
                let message = format!("{id}: '{other}' is not a role (there are: {})", ROLES.join(", "));
                table.fault(table.line_of("role"), message);
            }
            Role::Ignored
        }
    };
    let name = table.both_languages("name");
    let headers = table.texts("headers").into_iter().map(|(_, heading)| heading).collect();
    (word, Column { id: column, name, headers, role, required: table.flag("required") })
}

fn read_members(id: &str, table: &mut Section<'_>) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    for mut section in table.sections("members") {
        let member = section.text("id", "\"0-4\"");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
        if member.chars().count() > MEMBER_MAX || !member.chars().all(is_plain) {
            let message = format!(
                "{id}: member '{member}': an identifier is of letters, digits, '.', '_', '+', '-', at most {MEMBER_MAX}"
            );
            section.fault(section.line, message);
        }
        if members.iter().any(|other| other.id == member) && !member.is_empty() {
            section.fault(section.line, format!("{id}: member '{member}' is already defined"));
        }
        let name = section.both_languages("name");
        let labels: Vec<String> = section.texts("labels").into_iter().map(|(_, label)| label).collect();
        let own: BTreeSet<String> = [&member, &name.vi, &name.en]
            .into_iter()
            .chain(&labels)
            .map(|label| label.trim().to_lowercase())
            .filter(|label| !label.is_empty())
            .collect();
        for label in own {
            if let Some(other) = said.insert(label.clone(), member.clone()) {
                let message = format!("{id}: '{label}' is both member '{other}' and '{member}'");
                section.fault(section.line, message);
            }
        }
        section.finish();
        members.push(Member { id: member, name, labels });
    }
    members
}
