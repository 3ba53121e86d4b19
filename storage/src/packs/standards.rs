//! What indices, limits and alerts are judged by, and what totals over time need: the rows of those dimensions.

use ioc_model::{
    event::{EventMeasure, Severity},
    index::IndexId,
    limit::Averaging,
    pack::{Pack, StationKind},
    rule::{Bound, Condition, Measure, Rule, Unusual},
    sensor::BlindCause,
    status::StationStatus,
};
use serde_json::{Value, json};

/// Each dimension's rows, in the pack's order.
pub(super) fn dimensions(pack: &Pack) -> [(&'static str, Vec<Value>); 7] {
    let version = &pack.version.0;
    let limits = pack.limits.iter().map(|limit| {
        json!({
            "pack": version,
            "id": limit.id,
            "standard": limit.standard,
            "indicator": limit.indicator,
            "averaging": limit.averaging.word(),
            "low": limit.low,
            "high": limit.high,
            "kinds": kinds(&limit.kinds),
            "stations": limit.stations,
            "valid_from": limit.valid_from.to_string(),
            "valid_to": limit.valid_to.map(|date| date.to_string()),
        })
    });
    let successions = pack.successions.iter().map(|succession| {
        json!({
            "pack": version,
            "from_code": succession.from.code,
            "from_valid_from": succession.from.valid_from.to_string(),
            "to_code": succession.to.code,
            "to_valid_from": succession.to.valid_from.to_string(),
            "split": succession.split,
            "main": succession.main,
            "weight": succession.weight,
            "estimated": succession.estimated,
        })
    });
    let holidays = pack.holidays.iter().map(|holiday| {
        json!({
            "pack": version,
            "date": holiday.date.to_string(),
            "worked": holiday.worked,
            "name_vi": holiday.name.vi,
            "name_en": holiday.name.en,
        })
    });
    let log_sources = pack.log_sources.values().map(|log_source| {
        let addresses: Vec<String> = log_source.addresses.iter().map(ToString::to_string).collect();
        json!({
            "pack": version,
            "id": log_source.id,
            "name_vi": log_source.name.vi,
            "name_en": log_source.name.en,
            "agency": log_source.agency.as_deref().unwrap_or_default(),
            "owner_vi": log_source.owner.vi,
            "owner_en": log_source.owner.en,
            "addresses": addresses,
            "hosts": log_source.hosts,
            "timezone": log_source.timezone.as_deref().unwrap_or_default(),
            "relay": log_source.relay,
            "by_relay": log_source.by_relay,
            "silent_after_ms": log_source.silent_after.map(|silence| silence.0),
            "blind_above": log_source.blind_above,
        })
    });
    [
        ("legal_limit", limits.collect()),
        ("rule", pack.rules.values().map(|rule| rule_row(version, rule)).collect()),
        ("index_category", index_categories(version)),
        ("succession", successions.collect()),
        ("holiday", holidays.collect()),
        ("log_source", log_sources.collect()),
        ("measure", pack.measures.values().map(|measure| measure_row(version, measure)).collect()),
    ]
}

fn kinds(kinds: &[StationKind]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.word()).collect()
}

fn measure_row(version: &str, measure: &EventMeasure) -> Value {
    let kinds: Vec<&str> = measure.kinds.iter().map(|kind| kind.word()).collect();
    let windows: Vec<&str> = measure.windows.iter().map(|kind| kind.word()).collect();
    let (group, categories) = (measure.group.as_ref(), measure.counted().categories.unwrap_or_default());
    json!({
        "pack": version,
        "id": measure.id,
        "name_vi": measure.name.vi,
        "name_en": measure.name.en,
        "count": measure.count.word(),
        "kinds": kinds,
        "severity": measure.severity.map_or("", |severity| severity.word()),
        "windows": windows,
        "log_sources": measure.log_sources,
        "attribute": measure.attribute,
        "unit": measure.unit,
        "group_of": group.map_or("", |group| &group.of),
        "grouped_by": group.map_or("", |group| group.by.word()),
        "member": group.map_or("", |group| &group.member),
        "categories": categories.words,
        "categories_but": categories.others,
    })
}

fn rule_row(version: &str, rule: &Rule) -> Value {
    let mut row = json!({
        "pack": version,
        "id": rule.id,
        "name_vi": rule.name.vi,
        "name_en": rule.name.en,
        "step_vi": rule.step.vi,
        "step_en": rule.step.en,
        "priority": rule.priority.word(),
        "raise_windows": rule.raise_windows,
        "clear_windows": rule.clear_windows,
        "kinds": kinds(&rule.kinds),
        "stations": rule.stations,
        "log_sources": rule.log_sources,
    });
    let condition = match &rule.condition {
        Condition::Threshold { measure, averaging, bound } => {
            let (side, raise, clear) = side(bound);
            json!({
                "condition": match measure {
                    Measure::Indicator(_) => "indicator",
                    Measure::Index(_) => "index",
                },
                "measure": measure.word(),
                "averaging": averaging.word(),
                "side": side,
                "raise_at": raise,
                "clear_at": clear,
            })
        }
        Condition::Limit { indicator, averaging, clear_share } => json!({
            "condition": "limit",
            "measure": indicator,
            "averaging": averaging.word(),
            "clear_share": clear_share,
        }),
        Condition::Status { statuses, lasting } => json!({
            "condition": "status",
            "statuses": statuses.iter().copied().map(StationStatus::word).collect::<Vec<_>>(),
            "lasting_ms": lasting.0,
        }),
        Condition::Blind { causes, lasting } => json!({
            "condition": "blind",
            "causes": causes.iter().copied().map(BlindCause::word).collect::<Vec<_>>(),
            "lasting_ms": lasting.0,
        }),
        Condition::Unusual(Unusual { measure, side: bound, least }) => {
            let (side, raise, clear) = side(bound);
            json!({
                "condition": "unusual",
                "measure": measure,
                "averaging": Averaging::Hour.word(),
                "side": side,
                "raise_at": raise,
                "clear_at": clear,
                "least": least,
            })
        }
        Condition::Reminders { reach } => json!({
            "condition": "reminders",
            "measure": "reminders",
            "raise_at": reach,
        }),
        Condition::Events(counting) => json!({
            "condition": "events",
            "measure": counting.count.word(),
            "raise_at": counting.reach,
            "counted_by": counting.by.word(),
            "event_kinds": counting.kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>(),
            "event_severity": counting.severity.map_or("", Severity::word),
            "event_category": counting.category,
            "event_signature": counting.signature,
            "within_ms": counting.within.0,
            "clear_after_ms": counting.clear_after.0,
        }),
    };
    // Columns that a kind of condition does not have are left to their defaults: empty or NULL.
    if let (Some(row), Value::Object(condition)) = (row.as_object_mut(), condition) {
        row.extend(condition);
    }
    row
}

/// Which side, and what raises and clears there.
fn side(bound: &Bound) -> (&'static str, f64, f64) {
    match *bound {
        Bound::Above { raise, clear } => ("above", raise, clear),
        Bound::Below { raise, clear } => ("below", raise, clear),
    }
}

fn index_categories(version: &str) -> Vec<Value> {
    let of_index = |index: IndexId| {
        index.categories().iter().enumerate().map(move |(position, category)| {
            json!({
                "pack": version,
                "index": index.word(),
                "word": category.word,
                "position": position,
                "from_value": category.from,
                "to_value": category.to,
                "name_vi": category.vi,
                "name_en": category.en,
                "color": category.color_code(),
                "formula": index.formula(),
            })
        })
    };
    IndexId::ALL.into_iter().flat_map(of_index).collect()
}
