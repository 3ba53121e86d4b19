//! A MeasureReport as it is written in JSON: what of it is read. R4 and R5 write the same in two ways here and there.

use std::borrow::Cow;

use serde::Deserialize;
use sonic_rs::LazyValue;

/// The resource. Everything that names a person or an evaluated resource stands elsewhere in it and is read by nobody.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MeasureReport<'m> {
    #[serde(borrow, default)]
    pub(super) resource_type: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    pub(super) status: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    pub(super) r#type: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    pub(super) measure: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    pub(super) subject: Option<Reference<'m>>,
    #[serde(borrow, default)]
    pub(super) reporter: Option<Reference<'m>>,
    #[serde(borrow, default)]
    pub(super) period: Option<Stretch<'m>>,
    #[serde(borrow, default)]
    pub(super) group: Option<Vec<Group<'m>>>,
}

#[derive(Deserialize)]
pub(super) struct Reference<'m> {
    #[serde(borrow, default)]
    pub(super) reference: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    pub(super) identifier: Option<Identifier<'m>>,
}

#[derive(Deserialize)]
pub(super) struct Identifier<'m> {
    #[serde(borrow, default)]
    pub(super) value: Option<Cow<'m, str>>,
}

/// FHIR's Period: both days within.
#[derive(Deserialize)]
pub(super) struct Stretch<'m> {
    #[serde(borrow, default)]
    pub(super) start: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    pub(super) end: Option<Cow<'m, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group<'m> {
    #[serde(borrow, default)]
    pub(super) code: Option<Concept<'m>>,
    #[serde(borrow, default)]
    pub(super) population: Option<Vec<Population<'m>>>,
    #[serde(borrow, default)]
    pub(super) stratifier: Option<Vec<Stratifier<'m>>>,
    #[serde(borrow, default, alias = "measureScoreQuantity")]
    pub(super) measure_score: Option<Quantity<'m>>,
}

#[derive(Deserialize)]
pub(super) struct Concept<'m> {
    #[serde(borrow, default)]
    pub(super) coding: Option<Vec<Coding<'m>>>,
    #[serde(borrow, default)]
    pub(super) text: Option<Cow<'m, str>>,
}

#[derive(Deserialize)]
pub(super) struct Coding<'m> {
    #[serde(borrow, default)]
    pub(super) code: Option<Cow<'m, str>>,
}

#[derive(Deserialize)]
pub(super) struct Population<'m> {
    #[serde(borrow, default)]
    pub(super) code: Option<Concept<'m>>,
    #[serde(borrow, default)]
    pub(super) count: Option<LazyValue<'m>>,
    /// What is said of a count that is not there.
    #[serde(borrow, default, rename = "_count")]
    pub(super) absent: Option<Extended<'m>>,
}

#[derive(Deserialize)]
pub(super) struct Extended<'m> {
    #[serde(borrow, default)]
    pub(super) extension: Option<Vec<Extension<'m>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extension<'m> {
    #[serde(borrow, default)]
    pub(super) url: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    pub(super) value_code: Option<Cow<'m, str>>,
}

#[derive(Deserialize)]
pub(super) struct Quantity<'m> {
    #[serde(borrow, default)]
    pub(super) value: Option<LazyValue<'m>>,
}

#[derive(Deserialize)]
pub(super) struct Stratifier<'m> {
    /// R4 has a list of concepts here, R5 one.
    #[serde(borrow, default)]
    pub(super) code: Option<LazyValue<'m>>,
    #[serde(borrow, default)]
    pub(super) stratum: Option<Vec<Stratum<'m>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stratum<'m> {
    #[serde(borrow, default, alias = "valueCodeableConcept")]
    pub(super) value: Option<Concept<'m>>,
    #[serde(borrow, default)]
    pub(super) component: Option<Vec<Component<'m>>>,
    #[serde(borrow, default)]
    pub(super) population: Option<Vec<Population<'m>>>,
    #[serde(borrow, default, alias = "measureScoreQuantity")]
    pub(super) measure_score: Option<Quantity<'m>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component<'m> {
    #[serde(borrow, default)]
    pub(super) code: Option<Concept<'m>>,
    #[serde(borrow, default, alias = "valueCodeableConcept")]
    pub(super) value: Option<Concept<'m>>,
}

impl Concept<'_> {
    /// Its codes; its text where it has none.
    pub(super) fn codes(&self) -> Vec<&str> {
        let codings = self.coding.as_deref().unwrap_or_default();
        let codes: Vec<&str> = codings.iter().filter_map(|coding| coding.code.as_deref()).collect();
        match codes.is_empty() {
            true => self.text.as_deref().into_iter().collect(),
            false => codes,
        }
    }
}

impl Stratifier<'_> {
    /// The codes of what it breaks down by.
    pub(super) fn codes(&self) -> Vec<String> {
        let Some(raw) = self.code.as_ref().map(LazyValue::as_raw_str) else { return Vec::new() };
        let concepts: Vec<Concept<'_>> = match raw.starts_with('[') {
            true => sonic_rs::from_str(raw).unwrap_or_default(),
            false => sonic_rs::from_str(raw).into_iter().collect(),
        };
        concepts.iter().flat_map(Concept::codes).map(str::to_owned).collect()
    }
}
