//! Packs for tests: one station, S0, with the limits and rules of [`derived`](super::derived).

use std::collections::BTreeMap;

use ioc_model::{
    contract::{Contract, Subjects},
    pack::{Feed, FormatName, Indicator, Pack, PackVersion, Station, Transport},
    text::Text,
    time::Millis,
    window::WindowKind,
};

use super::derived;

/// Longer than anything a test lasts.
pub const FOR_EVER: Millis = Millis(24 * 365 * 100 * 3_600_000);

pub fn indicator(id: &str, windows: &[WindowKind]) -> Indicator {
    Indicator {
        id: id.to_owned(),
        symbol: id.to_owned(),
        name: Text::default(),
        unit: "ug/m3".to_owned(),
        units: BTreeMap::from([("ug/m3".to_owned(), 1.0)]),
        aliases: Vec::new(),
        range: (None, None),
        no_value: Vec::new(),
        spike: None,
        decimals: 1,
        windows: windows.to_vec(),
    }
}

/// Any subject, any time.
pub fn contract(lateness: Millis, patience: Millis) -> Contract {
    Contract {
        subjects: Subjects::Any,
        max_future: FOR_EVER,
        max_age: FOR_EVER,
        lateness,
        patience,
        ..Contract::default()
    }
}

pub fn feed(id: &str, contract: Contract) -> Feed {
    Feed {
        id: id.to_owned(),
        name: Text::default(),
        owner: Text::default(),
        transport: Transport::Http,
        format: FormatName::JsonObservation,
        contract,
        silent_after: Millis::hours(1),
    }
}

/// A pack of those, in Vietnam's zone.
pub fn pack(version: &str, station: Station, indicators: Vec<Indicator>, feeds: Vec<Feed>) -> Pack {
    Pack {
        id: "test".to_owned(),
        timezone: "Asia/Ho_Chi_Minh".to_owned(),
        version: PackVersion(version.to_owned()),
        stations: BTreeMap::from([(station.id.clone(), station)]),
        limits: derived::limits(),
        rules: derived::rules(),
        indicators: indicators.into_iter().map(|indicator| (indicator.id.clone(), indicator)).collect(),
        feeds: feeds.into_iter().map(|feed| (feed.id.clone(), feed)).collect(),
        ..Pack::default()
    }
}
