//! A pack while it is read: what is known so far, and where it was said.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Feed, FormatName, Holiday, Indicator, LogSource, Pack, PackVersion, SeverityScale, Station, Succession,
    Transport, agencies, document::Section, spelling::Spelling,
};
use crate::{
    action::OPERATOR,
    contract::Contract,
    event::EventMeasure,
    form::{Agency, Form, Target},
    index::IndexSettings,
    limit::Limit,
    obligation::ObligationRule,
    place::{Place, PlaceGroup},
    rule::Rule,
    text::Text,
    time::Millis,
};

/// What the files read so far hold. Later files refer to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) name: Text,
    pub(super) timezone: String,
    pub(super) screens: Vec<String>,
    pub(super) replayed: Option<Text>,
    pub(super) user_names: bool,
    pub(super) places: Vec<Place>,
    pub(super) agencies: BTreeMap<String, Agency>,
    pub(super) forms: BTreeMap<String, Form>,
    pub(super) targets: BTreeMap<String, Target>,
    pub(super) indicators: BTreeMap<String, Indicator>,
    /// By model: what it sends where it has no value.
    pub(super) models: BTreeMap<String, Vec<f64>>,
    pub(super) stations: BTreeMap<String, Station>,
    pub(super) log_sources: BTreeMap<String, LogSource>,
    pub(super) severities: Vec<SeverityScale>,
    pub(super) measures: BTreeMap<String, EventMeasure>,
    pub(super) feeds: BTreeMap<String, Feed>,
    /// By the name that feeds call them: their file in the pack, and what it holds.
    pub(super) mappings: BTreeMap<String, (String, Arc<str>)>,
    pub(super) limits: Vec<Limit>,
    pub(super) obligations: BTreeMap<String, ObligationRule>,
    pub(super) rules: BTreeMap<String, Rule>,
    pub(super) indices: IndexSettings,
    pub(super) successions: Vec<Succession>,
    pub(super) groups: BTreeMap<String, PlaceGroup>,
    pub(super) holidays: Vec<Holiday>,
    pub(super) map: Option<Arc<str>>,
    /// Symbols of indicators, by their comparable form: whose they are.
    pub(super) symbols: BTreeMap<Spelling, String>,
    /// File codes of stations, by their comparable form: whose they are.
    pub(super) file_codes: BTreeMap<Spelling, String>,
    /// Devices of stations: whose they are.
    pub(super) devices: BTreeMap<String, String>,
    /// Where each thing was said, by kind and identifier: `feeds.toml:12`.
    said: BTreeMap<(&'static str, String), String>,
}

impl Draft {
    /// Notes where a thing is said; a fault if it was said before.
    pub(super) fn say(&mut self, kind: &'static str, id: &str, section: &Section<'_>) {
        let here = format!("{}:{}", section.file(), section.line);
        if let Some(before) = self.said.insert((kind, id.to_owned()), here) {
            section.fault(section.line, format!("{kind} '{id}' is already defined in {before}"));
        }
    }

    /// What an agency is called that the pack knows.
    pub(super) fn name_of_agency(&self, id: &str) -> Option<Text> {
        agencies::name_of(&self.agencies, &self.places, id).cloned()
    }

    pub(super) fn into_pack(mut self, version: PackVersion) -> Pack {
        let _ = self.feeds.insert(OPERATOR.to_owned(), operator());
        Pack {
            id: self.id,
            name: self.name,
            timezone: self.timezone,
            screens: self.screens,
            version,
            replayed: self.replayed,
            user_names: self.user_names,
            places: self.places,
            agencies: self.agencies,
            forms: self.forms,
            targets: self.targets,
            stations: self.stations,
            log_sources: self.log_sources,
            severities: self.severities,
            indicators: self.indicators,
            measures: self.measures,
            feeds: self.feeds,
            limits: self.limits,
            obligations: self.obligations,
            rules: self.rules,
            indices: self.indices,
            successions: self.successions,
            groups: self.groups,
            holidays: self.holidays,
            map: self.map,
        }
    }
}

/// The feed of operators' actions, which no pack configures. Nobody is late with it.
fn operator() -> Feed {
    Feed {
        id: OPERATOR.to_owned(),
        name: Text { vi: "Thao tác của trực ban".to_owned(), en: "Duty officers' actions".to_owned() },
        owner: Text {
            vi: "Trung tâm giám sát, điều hành".to_owned(), en: "Monitoring center".to_owned()
        },
        transport: Transport::Page,
        format: FormatName::OperatorAction,
        contract: Contract { max_bytes: 16 << 10, ..Contract::default() },
        forms: Vec::new(),
        agency: None,
        personal: false,
        silent_after: Millis(i64::MAX),
    }
}

/// Whether an identifier begins with a lower-case letter or digit and goes on with those and `separator`, at most
/// 64 characters in all.
pub(super) fn is_identifier(id: &str, separator: char) -> bool {
    let mut characters = id.chars();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    id.len() <= 64 && characters.next().is_some_and(plain) && characters.all(|c| plain(c) || c == separator)
}
