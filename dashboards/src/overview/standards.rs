//! What values are held against: places, indices, limits and rules, as the page gets them.

use std::{borrow::Cow, collections::BTreeMap};

use ioc_model::{
    index::IndexId,
    limit::{Averaging, Limit},
    pack::{Pack, StationKind},
    place::{Date, PlaceKind},
    rule::Priority,
    text::Text,
};
use serde::{Deserialize, Serialize};

/// A commune or ward.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlaceNames {
    /// Code of the General Statistics Office.
    pub code: String,
    /// First day of the validity of this version of it: former places may have had its code.
    pub valid_from: Date,
    /// Its name.
    pub name: Text,
    /// Its tier.
    pub kind: PlaceKind,
}

/// What raises alerts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RuleNames {
    /// Its name.
    pub name: Text,
    /// What the duty officer does first.
    pub step: Text,
    /// How urgent its alerts are.
    pub priority: Priority,
}

/// An index.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IndexNames {
    /// Its name.
    pub name: Text,
    /// The act it is computed by, and the reading of it.
    pub formula: Cow<'static, str>,
    /// The last number of it with nothing to act on.
    pub calm_until: Option<f64>,
    /// Best first.
    pub categories: Vec<CategoryNames>,
}

/// A band of an index.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CategoryNames {
    /// Its lowest index.
    pub from: u16,
    /// Its highest index.
    pub to: u16,
    /// Its stable word.
    pub word: Cow<'static, str>,
    /// Its name.
    pub name: Text,
    /// `#rrggbb`, by the act.
    pub color: String,
    /// How urgent it is; none where there is nothing to act on.
    pub priority: Option<Priority>,
}

/// A legal limit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LimitNames {
    /// Identifier.
    pub id: String,
    /// The standard it is of.
    pub standard: String,
    /// Indicator.
    pub indicator: String,
    /// Over what a mean is held against it.
    pub averaging: Averaging,
    /// The lower limit, where there is one.
    pub low: Option<f64>,
    /// The upper limit, where there is one.
    pub high: Option<f64>,
    /// Types of stations it is for.
    pub kinds: Vec<StationKind>,
    /// Stations it is for; all of those types where none are named.
    pub stations: Vec<String>,
    /// First day of validity.
    pub valid_from: Date,
    /// Last day of validity; none while it lasts.
    pub valid_to: Option<Date>,
}

impl LimitNames {
    pub(super) fn of(limit: &Limit) -> LimitNames {
        LimitNames {
            id: limit.id.clone(),
            standard: limit.standard.clone(),
            indicator: limit.indicator.clone(),
            averaging: limit.averaging,
            low: limit.low,
            high: limit.high,
            kinds: limit.kinds.clone(),
            stations: limit.stations.clone(),
            valid_from: limit.valid_from,
            valid_to: limit.valid_to,
        }
    }
}

/// Communes and wards that last: those of the map.
pub(super) fn places(pack: &Pack) -> Vec<PlaceNames> {
    let is_commune = |kind| matches!(kind, PlaceKind::Commune | PlaceKind::Ward | PlaceKind::Township);
    let lasting = pack.places.iter().filter(|place| place.valid_to.is_none() && is_commune(place.kind));
    let names = lasting.map(|place| PlaceNames {
        code: place.key.code.clone(),
        valid_from: place.key.valid_from,
        name: place.name.clone(),
        kind: place.kind,
    });
    names.collect()
}

pub(super) fn rules(pack: &Pack) -> BTreeMap<String, RuleNames> {
    let names = pack.rules.iter().map(|(id, rule)| {
        (id.clone(), RuleNames { name: rule.name.clone(), step: rule.step.clone(), priority: rule.priority })
    });
    names.collect()
}

/// All that this build computes.
pub(super) fn indices() -> BTreeMap<IndexId, IndexNames> {
    let categories = |index: IndexId| {
        let names = index.categories().iter().enumerate().map(|(band, category)| CategoryNames {
            from: category.from,
            to: category.to,
            word: Cow::Borrowed(category.word),
            name: Text { vi: category.vi.to_owned(), en: category.en.to_owned() },
            color: category.color_code(),
            priority: index.priority(band),
        });
        names.collect()
    };
    let names = IndexId::ALL.into_iter().map(|index| {
        (
            index,
            IndexNames {
                name: index.name(),
                formula: Cow::Borrowed(index.formula()),
                calm_until: index.calm_until(),
                categories: categories(index),
            },
        )
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::overview::Dimensions;

    fn tay_ninh() -> Value {
        serde_json::to_value(Dimensions::of(&ioc_testing::tay_ninh(Some("demo")))).unwrap()
    }

    /// Of an object that is described: no key is missing, none is there that is not described; and so on inside.
    fn assert_described(at: &str, value: &Value, schema: &Value, schemas: &Value) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap();
            return assert_described(at, value, &schemas[name], schemas);
        }
        match (value, schema["properties"].as_object()) {
            (Value::Object(value), Some(properties)) => {
                for key in schema["required"].as_array().unwrap() {
                    assert!(value.contains_key(key.as_str().unwrap()), "{at} has no {key}");
                }
                for (key, value) in value {
                    let schema = properties.get(key).unwrap_or_else(|| panic!("{at}.{key} is not described"));
                    assert_described(&format!("{at}.{key}"), value, schema, schemas);
                }
            }
            (Value::Object(value), None) => {
                for (key, value) in value {
                    assert_described(&format!("{at}.{key}"), value, &schema["additionalProperties"], schemas);
                }
            }
            (Value::Array(items), _) => {
                for item in items {
                    assert_described(at, item, &schema["items"], schemas);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn the_pack_is_served_as_it_is_described() {
        let described: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
        let schemas = &described["components"]["schemas"];
        assert_described("pack", &tay_ninh(), &schemas["Pack"], schemas);
    }

    #[test]
    fn the_page_gets_what_values_are_held_against() {
        let pack = tay_ninh();
        assert_eq!(pack["places"].as_array().unwrap().len(), 96);
        assert_eq!(pack["has_map"], true);
        let bands = pack["indices"]["vn_aqi"]["categories"].as_array().unwrap();
        assert_eq!((bands[0]["color"].as_str(), bands[0]["word"].as_str()), (Some("#00e400"), Some("good")));
        assert_eq!(pack["rules"]["station-silent"]["priority"], "medium");
        let limits = pack["limits"].as_array().unwrap();
        let dust = limits.iter().find(|limit| limit["id"] == "qcvn05-2026-pm25-day").unwrap();
        assert_eq!((dust["high"].as_f64(), dust["averaging"].as_str()), (Some(45.0), Some("day")));
    }
}
