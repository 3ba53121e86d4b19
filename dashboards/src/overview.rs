//! The names and promises behind the picture: what the page needs once, in both languages.

use std::collections::BTreeMap;

mod standards;

use ioc_model::{
    envelope::UNMATCHED,
    pack::{Feed, Indicator, Pack, Station, StationKind, Transport},
    place::Date,
    text::Text,
    time::Millis,
};
use serde::Serialize;
use standards::{IndexNames, LimitNames, PlaceNames, RuleNames};

/// A pack as the page gets it.
#[derive(Clone, Debug, Serialize)]
pub struct Dimensions {
    id: String,
    name: Text,
    version: String,
    timezone: String,
    /// In their order.
    screens: Vec<String>,
    replayed: Option<Text>,
    stations: Vec<StationNames>,
    indicators: BTreeMap<String, IndicatorNames>,
    feeds: Vec<FeedNames>,
    /// Communes and wards that last.
    places: Vec<PlaceNames>,
    rules: BTreeMap<String, RuleNames>,
    indices: BTreeMap<&'static str, IndexNames>,
    limits: Vec<LimitNames>,
    /// Whether `/api/map` has one.
    has_map: bool,
}

#[derive(Clone, Debug, Serialize)]
struct StationNames {
    id: String,
    name: Text,
    kind: StationKind,
    place: Option<Text>,
    place_code: String,
    place_valid_from: Date,
    /// WGS 84 (longitude, latitude); none where it is not known.
    point: Option<(f64, f64)>,
    valid_from: Date,
    valid_to: Option<Date>,
    /// Milliseconds between values, by indicator.
    measures: BTreeMap<String, Millis>,
}

#[derive(Clone, Debug, Serialize)]
struct IndicatorNames {
    symbol: String,
    name: Text,
    unit: String,
    decimals: u8,
}

#[derive(Clone, Debug, Serialize)]
struct FeedNames {
    id: String,
    name: Text,
    owner: Option<Text>,
    transport: &'static str,
    /// What people call the way it comes.
    way: Text,
    /// Milliseconds without an envelope after which it is silent; none where nothing is owed.
    silent_after: Option<Millis>,
    /// Milliseconds a value may come late.
    lateness: Millis,
}

impl Dimensions {
    /// Of a pack.
    #[must_use]
    pub fn of(pack: &Pack) -> Dimensions {
        let unmatched = FeedNames {
            id: UNMATCHED.to_owned(),
            name: Text { vi: "Không thuộc nguồn nào".to_owned(), en: "Of no known feed".to_owned() },
            owner: None,
            transport: "any",
            way: Text { vi: "mọi đường vào".to_owned(), en: "any way in".to_owned() },
            silent_after: None,
            lateness: Millis(0),
        };
        Dimensions {
            id: pack.id.clone(),
            name: pack.name.clone(),
            version: pack.version.0.clone(),
            timezone: pack.timezone.clone(),
            screens: pack.screens.clone(),
            replayed: pack.replayed.clone(),
            stations: pack.stations.values().map(|station| StationNames::of(station, pack)).collect(),
            indicators: pack.indicators.iter().map(|(id, it)| (id.clone(), IndicatorNames::of(it))).collect(),
            feeds: pack.feeds.values().map(FeedNames::of).chain([unmatched]).collect(),
            places: standards::places(pack),
            rules: standards::rules(pack),
            indices: standards::indices(),
            limits: pack.limits.iter().map(LimitNames::of).collect(),
            has_map: pack.map.is_some(),
        }
    }
}

impl StationNames {
    fn of(station: &Station, pack: &Pack) -> StationNames {
        let place = pack.places.iter().find(|place| place.key == station.place);
        StationNames {
            id: station.id.clone(),
            name: station.name.clone(),
            kind: station.kind,
            place: place.map(|place| place.name.clone()),
            place_code: station.place.code.clone(),
            place_valid_from: station.place.valid_from,
            point: station.point,
            valid_from: station.valid_from,
            valid_to: station.valid_to,
            measures: station.measures.clone(),
        }
    }
}

impl IndicatorNames {
    fn of(indicator: &Indicator) -> IndicatorNames {
        IndicatorNames {
            symbol: indicator.symbol.clone(),
            name: indicator.name.clone(),
            unit: indicator.unit.clone(),
            decimals: indicator.decimals,
        }
    }
}

impl FeedNames {
    fn of(feed: &Feed) -> FeedNames {
        FeedNames {
            id: feed.id.clone(),
            name: feed.name.clone(),
            owner: Some(feed.owner.clone()),
            transport: feed.transport.word(),
            way: feed.transport.name(),
            silent_after: (feed.transport != Transport::Page).then_some(feed.silent_after),
            lateness: feed.contract.lateness,
        }
    }
}
