//! The JSON Schema (draft 2020-12) of a form's rows, for those who write programs.
//!
//! It says what one row can be judged by alone. What holds among rows, and what was reported before, is the judge's: the
//! checks stand beside as `x-checks`.

use ioc_model::{
    form::{Column, FormIndicator, Mark, Meaning, PeriodKind, Relation, Role, Vintage},
    text::Text,
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Map, Value, json};

use super::{
    NoTemplate,
    input::vintage_name,
    scope::{Scope, Wanted},
};

/// The schema of an array of rows, whose fields are called as the form's columns.
///
/// # Errors
/// If place or agency are not known or have nothing to report.
pub fn schema(wanted: &Wanted<'_>) -> Result<Value, NoTemplate> {
    let form = wanted.form;
    let scope = wanted.scope()?;
    let mut properties = Map::new();
    let fields = || form.columns.iter().filter(|column| column.role != Role::Ignored);
    for column in fields() {
        let _ = properties.insert(column.id.clone(), field(column, wanted, &scope));
    }
    let required: Vec<&str> =
        fields().filter(|column| column.required).map(|column| column.id.as_str()).collect();
    let mut row = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    let by_indicator = by_indicator(wanted, &scope);
    if !by_indicator.is_empty() {
        row["allOf"] = Value::Array(by_indicator);
    }
    Ok(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:ioc:form:{}", form.id),
        "title": both(&form.name),
        "type": "array",
        "minItems": 1,
        "items": row,
        "x-period": form.period.word(),
        "x-checks": form.checks.iter().map(|check| json!({
            "rule": check.text,
            "relation": relation(check.relation),
            "within": number(check.within),
            "weight": check.weight.word(),
            "says": check.says,
        })).collect::<Vec<_>>(),
    }))
}

fn both(text: &Text) -> String {
    format!("{} / {}", text.vi, text.en)
}

fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "=",
        Relation::AtMost => "<=",
        Relation::AtLeast => ">=",
    }
}

/// The plain JSON number; bounds of packs are short.
fn number(decimal: Decimal) -> Value {
    match decimal.is_integer().then(|| decimal.to_i64()).flatten() {
        Some(whole) => json!(whole),
        None => json!(decimal.to_f64()),
    }
}

/// One of these, each with its name.
fn one_of<'t>(entries: impl Iterator<Item = (&'t str, String)>) -> Value {
    let each = entries.map(|(is, name)| json!({ "const": is, "title": name }));
    json!({ "oneOf": each.collect::<Vec<_>>() })
}

fn field(column: &Column, wanted: &Wanted<'_>, scope: &Scope<'_>) -> Value {
    let mut field = match &column.role {
        Role::Place => one_of(scope.places.iter().map(|place| (place.key.code.as_str(), both(&place.name)))),
        Role::Period => period(wanted),
        Role::Indicator => one_of(scope.indicators.iter().map(|one| (one.code.as_str(), both(&one.name)))),
        Role::Dimension(members) => {
            one_of(members.iter().map(|member| (member.id.as_str(), both(&member.name))))
        }
        Role::Value(named) => {
            let of = named.as_ref().and_then(|id| scope.indicators.iter().find(|one| one.id == *id));
            value(wanted, of.copied())
        }
        Role::Unit => json!({ "type": "string", "enum": units(scope.indicators.iter().copied()) }),
        Role::Vintage => one_of(Vintage::ALL.iter().map(|one| (one.word(), both(&vintage_name(*one))))),
        Role::Date => json!({ "type": "string", "pattern": "^[0-3]?[0-9]/[01]?[0-9]/[0-9]{4}$" }),
        Role::PlaceName | Role::Id | Role::Note | Role::Ignored => json!({ "type": "string" }),
    };
    field["title"] = json!(both(&column.name));
    field
}

fn period(wanted: &Wanted<'_>) -> Value {
    if let Some(period) = wanted.period {
        return json!({ "const": period.label() });
    }
    let pattern = match wanted.form.period {
        PeriodKind::Day => "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        PeriodKind::Week => "^[0-9]{4}-W[0-9]{2}$",
        PeriodKind::Month | PeriodKind::AdminMonth => "^[0-9]{4}-(0[1-9]|1[0-2])$",
        PeriodKind::Quarter | PeriodKind::AdminQuarter => "^[0-9]{4}-Q[1-4]$",
        PeriodKind::HalfYear | PeriodKind::AdminHalfYear => "^[0-9]{4}-S[12]$",
        PeriodKind::Year | PeriodKind::AdminYear => "^[0-9]{4}$",
        PeriodKind::SchoolYear => "^[0-9]{4}-[0-9]{4}$",
        PeriodKind::SchoolRound => "^[0-9]{4}-[0-9]{4}-R[1-3]$",
    };
    json!({ "type": "string", "pattern": pattern })
}

fn units<'a>(indicators: impl Iterator<Item = &'a FormIndicator>) -> Vec<&'a str> {
    let mut units: Vec<&str> = indicators
        .flat_map(|one| std::iter::once(&one.unit).chain(one.units.keys()))
        .map(String::as_str)
        .collect();
    units.sort_unstable();
    units.dedup();
    units
}

/// A number in its bounds, a sign that stands alone, or nothing. Bounds are those of the indicator's own unit, so that they
/// are not said where a row names another.
fn value(wanted: &Wanted<'_>, indicator: Option<&FormIndicator>) -> Value {
    let mut kind = json!({ "type": "number" });
    let has_unit = wanted.form.columns.iter().any(|column| column.role == Role::Unit);
    if let Some(indicator) = indicator.filter(|one| !has_unit || one.units.is_empty()) {
        if indicator.whole {
            kind["type"] = json!("integer");
        }
        for (word, bound) in [("minimum", indicator.least), ("maximum", indicator.most)] {
            if let Some(bound) = bound {
                kind[word] = number(bound);
            }
        }
    }
    let is_alone = |meaning: &Meaning| matches!(meaning, Meaning::Instead(mark) if *mark != Mark::Value);
    let marks = wanted.form.marks.iter().filter(|(_, meaning)| is_alone(meaning));
    let signs: Vec<&str> = marks.map(|(sign, _)| sign.as_str()).collect();
    let mut any = vec![kind, json!({ "type": "null" })];
    if !signs.is_empty() {
        any.push(json!({ "enum": signs }));
    }
    let mut value = json!({ "anyOf": any });
    if let Some(indicator) = indicator {
        value["description"] = json!(format!("{} ({})", both(&indicator.name), indicator.unit));
    }
    value
}

/// What a row's value and unit are, by the indicator that it names.
fn by_indicator(wanted: &Wanted<'_>, scope: &Scope<'_>) -> Vec<Value> {
    let find = |is: fn(&Role) -> bool| wanted.form.columns.iter().find(|column| is(&column.role));
    let Some(names) = find(|role| *role == Role::Indicator) else { return Vec::new() };
    let value_of = find(|role| *role == Role::Value(None));
    let unit_of = find(|role| *role == Role::Unit);
    let rule = |indicator: &&FormIndicator| {
        let mut then = Map::new();
        if let Some(column) = value_of {
            let _ = then.insert(column.id.clone(), value(wanted, Some(indicator)));
        }
        if let Some(column) = unit_of {
            let _ = then.insert(column.id.clone(), json!({ "enum": units(std::iter::once(*indicator)) }));
        }
        json!({
            "if": { "properties": { (names.id.clone()): { "const": indicator.code } }, "required": [names.id] },
            "then": { "properties": then },
        })
    };
    scope.indicators.iter().map(rule).collect()
}
