//! All a page begins with: the picture, and the names and promises behind it, in both languages.
//!
//! The answer of `/api/overview`, for who gives it and for who asks: what a terminal shows is read into these types.

use std::{borrow::Cow, collections::BTreeMap};

mod standards;

use ioc_model::{
    asker::Asker,
    envelope::UNMATCHED,
    figure::FigureId,
    index::IndexId,
    pack::{Feed, Indicator, Pack, PackVersion, Station, StationKind, Transport},
    place::Date,
    text::Text,
    time::{EventTime, Millis, Now},
};
use serde::{Deserialize, Serialize};
pub use standards::{CategoryNames, IndexNames, LimitNames, PlaceNames, RuleNames};

use crate::{
    board::{Changes, StatusView},
    feed::FeedView,
    figures::FigureView,
};

/// What a page begins with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Overview<'a> {
    /// What a page must be loaded anew for when it changes.
    pub build: Cow<'a, str>,
    /// The pack in effect.
    pub pack: Cow<'a, Dimensions>,
    /// Whether there is something at `/api/map`.
    pub has_map: bool,
    /// Seconds of the product's clock in a second.
    pub clock_speed: f64,
    /// What may pass from a machine to who looks, in milliseconds of the product's clock: who compares a moment with now
    /// adds it.
    pub grace: Millis,
    /// Milliseconds between heartbeats.
    pub heartbeat: u64,
    /// The whole picture.
    pub picture: Changes,
    /// The machinery behind it; none before the first report.
    pub status: Option<StatusView>,
}

impl Overview<'_> {
    /// The product's clock as the server knew it when it answered.
    #[must_use]
    pub fn now(&self) -> Now {
        let reported = |StatusView { status, reported_ago, .. }: &StatusView| {
            Now(status.now.0.saturating_add((*reported_ago as f64 * self.clock_speed) as i64))
        };
        self.status.as_ref().map_or(self.picture.now, reported)
    }

    /// Whether a moment from which on something is late, stale or silent has passed, for who looks.
    #[must_use]
    pub fn has_passed(&self, moment: EventTime) -> bool {
        self.now().0 >= moment.plus(self.grace).0
    }

    /// Whether a figure's verdict is withheld, because nothing newer came.
    #[must_use]
    pub fn is_stale(&self, figure: &FigureView) -> bool {
        figure.is_stale_at(EventTime(self.now().0), self.grace)
    }

    /// Whether nobody says any more how stations stand: their figure is made once a minute.
    #[must_use]
    pub fn stations_are_stale(&self) -> bool {
        let all = &self.picture.figures;
        all.iter().any(|figure| figure.figure == FigureId::Stations && self.is_stale(figure))
    }

    /// Envelopes of a feed that no committed epoch holds yet.
    #[must_use]
    pub fn in_flight(&self, feed: &str) -> u64 {
        let all = self.status.as_ref().map(|view| &view.status.in_flight);
        all.and_then(|all| all.iter().find(|(id, _)| *id == *feed)).map_or(0, |(_, count)| *count)
    }

    /// All envelopes of a feed, those in flight included.
    #[must_use]
    pub fn received(&self, feed: &FeedView) -> u64 {
        feed.counts.received + self.in_flight(&feed.id)
    }
}

/// A pack as the page gets it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dimensions {
    /// Its short name.
    pub id: String,
    /// The province.
    pub name: Text,
    /// The identity of its content.
    pub version: PackVersion,
    /// IANA time zone.
    pub timezone: String,
    /// In their order.
    pub screens: Vec<String>,
    /// What is replayed, if anything is.
    pub replayed: Option<Text>,
    /// By identifier.
    pub stations: Vec<StationNames>,
    /// By identifier.
    pub indicators: BTreeMap<String, IndicatorNames>,
    /// What is counted of events, by identifier.
    pub measures: BTreeMap<String, Text>,
    /// Devices and machines that report events, by identifier.
    pub log_sources: BTreeMap<String, Text>,
    /// By identifier, and last what came by no known one.
    pub feeds: Vec<FeedNames>,
    /// Communes and wards that last.
    pub places: Vec<PlaceNames>,
    /// By identifier.
    pub rules: BTreeMap<String, RuleNames>,
    /// All that this build computes.
    pub indices: BTreeMap<IndexId, IndexNames>,
    /// Legal limits of all times.
    pub limits: Vec<LimitNames>,
    /// Whether `/api/map` has one.
    pub has_map: bool,
}

/// A station.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StationNames {
    /// Identifier.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Its type.
    pub kind: StationKind,
    /// Name of the unit it stands in.
    pub place: Option<Text>,
    /// Code of it.
    pub place_code: String,
    /// First day of validity of it.
    pub place_valid_from: Date,
    /// WGS 84 (longitude, latitude); none where it is not known.
    pub point: Option<(f64, f64)>,
    /// First day of validity.
    pub valid_from: Date,
    /// Last day of validity; none while it lasts.
    pub valid_to: Option<Date>,
    /// Milliseconds between values, by indicator.
    pub measures: BTreeMap<String, Millis>,
}

/// What is measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IndicatorNames {
    /// How it is written.
    pub symbol: String,
    /// Its name.
    pub name: Text,
    /// The unit values are kept in.
    pub unit: String,
    /// Decimal places on screen.
    pub decimals: u8,
}

/// A configured source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FeedNames {
    /// Identifier.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// The agency that owes it.
    pub owner: Option<Text>,
    /// The word of the way it comes.
    pub transport: Cow<'static, str>,
    /// What people call the way it comes.
    pub way: Text,
    /// Milliseconds without an envelope after which it is silent; none where nothing is owed.
    pub silent_after: Option<Millis>,
    /// Milliseconds a value may come late.
    pub lateness: Millis,
}

impl Dimensions {
    /// Of a pack.
    #[must_use]
    pub fn of(pack: &Pack) -> Dimensions {
        let unmatched = FeedNames {
            id: UNMATCHED.to_owned(),
            name: Text { vi: "Không thuộc nguồn nào".to_owned(), en: "Of no known feed".to_owned() },
            owner: None,
            transport: Cow::Borrowed("any"),
            way: Text { vi: "mọi đường vào".to_owned(), en: "any way in".to_owned() },
            silent_after: None,
            lateness: Millis(0),
        };
        Dimensions {
            id: pack.id.clone(),
            name: pack.name.clone(),
            version: pack.version.clone(),
            timezone: pack.timezone.clone(),
            screens: pack.screens.clone(),
            replayed: pack.replayed.clone(),
            stations: pack.stations.values().map(|station| StationNames::of(station, pack)).collect(),
            indicators: pack.indicators.iter().map(|(id, it)| (id.clone(), IndicatorNames::of(it))).collect(),
            measures: pack.measures.iter().map(|(id, it)| (id.clone(), it.name.clone())).collect(),
            log_sources: pack.log_sources.iter().map(|(id, it)| (id.clone(), it.name.clone())).collect(),
            feeds: pack.feeds.values().map(FeedNames::of).chain([unmatched]).collect(),
            places: standards::places(pack),
            rules: standards::rules(pack),
            indices: standards::indices(),
            limits: pack.limits.iter().map(LimitNames::of).collect(),
            has_map: pack.map.is_some(),
        }
    }

    /// What a station or a log source is called; none of what is neither.
    #[must_use]
    pub fn name_of(&self, id: &str) -> Option<&Text> {
        let station = self.stations.iter().find(|station| station.id == id).map(|station| &station.name);
        station.or_else(|| self.log_sources.get(id))
    }

    /// What of it somebody sees: a station of somebody else would look like one that never reported. What values are
    /// held against, and the lie of the land, are no secrets.
    #[must_use]
    pub(crate) fn seen_by(&self, asker: &Asker) -> Cow<'_, Dimensions> {
        if asker.sees_everything() {
            return Cow::Borrowed(self);
        }
        let mut seen = self.clone();
        seen.stations.retain(|station| asker.sees_station(&station.id));
        seen.feeds.retain(|feed| asker.sees_feed(&feed.id));
        // What is said of them is of the province.
        if !asker.sees_province() {
            seen.log_sources.clear();
        }
        for limit in &mut seen.limits {
            limit.stations.retain(|station| asker.sees_station(station));
        }
        // A limit that names stations is theirs alone; without names it would be everybody's.
        let named =
            |limit: &LimitNames| self.limits.iter().any(|it| it.id == limit.id && !it.stations.is_empty());
        seen.limits.retain(|limit| !limit.stations.is_empty() || !named(limit));
        Cow::Owned(seen)
    }
}

/// How long a feed may be silent; none where nothing is owed.
pub(crate) fn promised(feed: &Feed) -> Option<Millis> {
    (feed.transport != Transport::Page).then_some(feed.silent_after)
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
            transport: Cow::Borrowed(feed.transport.word()),
            way: feed.transport.name(),
            silent_after: promised(feed),
            lateness: feed.contract.lateness,
        }
    }
}
