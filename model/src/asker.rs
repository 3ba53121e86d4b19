//! Who asks, and what of the record is theirs to see.
//!
//! It stands in the vocabulary because two crates that do not know each other must mean the same by it: the pages make
//! one for every request and sift the live picture by it, the store turns it into a condition on rows. Neither says by
//! itself who may see what. Today everybody who reaches the pages sees everything ([`Asker::everyone`]), which costs
//! nothing: no row is looked at for it, no query has a word more.
//!
//! A row is seen by whoever its station or the feed it came by is given to. So the officer of a ward sees what is
//! measured there whoever delivers it, and an agency what it delivers wherever it is measured. What has a station alone
//! (windows, indices, alerts of it) goes by that, what has a feed alone (messages as they came, rejects, events) by that,
//! and what is of neither (the figures of the overview, alerts of addresses that rules count events by) is for those who
//! are given the province. Both conditions at once was
//! rejected: it would hide from the ward what another agency measures in it, and who is given no feed at all would see
//! either nothing or everybody's messages.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    name::Name,
    pack::Pack,
    place::{Place, PlaceKey, PlaceKind, by_code::PlacesByCode},
    rule::AlertAbout,
};

/// Who asks. Cheap to clone. There is no default: who asks is always said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker(Option<Arc<Sight>>);

/// What somebody sees who does not see everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Stations.
    pub stations: BTreeSet<Name>,
    /// Feeds.
    pub feeds: BTreeSet<Name>,
    /// Whether what is of the whole province is seen as well.
    pub province: bool,
}

impl Asker {
    /// Whoever it is: sees everything.
    #[must_use]
    pub const fn everyone() -> Asker {
        Asker(None)
    }

    /// Somebody who sees that, and nothing else.
    #[must_use]
    pub fn of(sight: Sight) -> Asker {
        Asker(Some(Arc::new(sight)))
    }

    /// What they are limited to; none for who sees everything.
    #[must_use]
    pub fn sight(&self) -> Option<&Sight> {
        self.0.as_deref()
    }

    /// Whether everything is seen.
    #[must_use]
    pub fn sees_everything(&self) -> bool {
        self.0.is_none()
    }

    /// Whether what is of a station is seen.
    #[must_use]
    pub fn sees_station(&self, station: &str) -> bool {
        self.sight().is_none_or(|sight| sight.stations.contains(station))
    }

    /// Whether an alert is seen. One of a log source, an address, a user or an agency is of what
    /// agencies report together: of the province.
    #[must_use]
    pub fn sees_alert(&self, about: AlertAbout, subject: &str) -> bool {
        match about {
            AlertAbout::Station => self.sees_station(subject),
            AlertAbout::LogSource
            | AlertAbout::Address
            | AlertAbout::Network
            | AlertAbout::User
            | AlertAbout::Agency => self.sees_province(),
        }
    }

    /// Whether what came by a feed is seen, as it came.
    #[must_use]
    pub fn sees_feed(&self, feed: &str) -> bool {
        self.sight().is_none_or(|sight| sight.feeds.contains(feed))
    }

    /// Whether what is of the whole province is seen.
    #[must_use]
    pub fn sees_province(&self) -> bool {
        self.sight().is_none_or(|sight| sight.province)
    }
}

impl Sight {
    /// All that is of some places: the stations in them and in what lies below them, and the province if it is one of
    /// them. A pack that is taken over may have other stations, so this is asked of the one in effect.
    #[must_use]
    pub fn of_places(pack: &Pack, places: &[PlaceKey]) -> Sight {
        let by_code = PlacesByCode::of(&pack.places);
        // A unit's parent is there on its first day.
        let above = |place: &&Place| by_code.parent(place, place.key.valid_from);
        let lies_in = |key: &PlaceKey| {
            places.contains(key)
                || std::iter::successors(by_code.find(key), above).any(|place| places.contains(&place.key))
        };
        let within = pack.stations.values().filter(|station| lies_in(&station.place));
        let province = province(pack).is_some_and(|province| places.contains(&province.key));
        Sight {
            stations: within.map(|station| Name::new(&station.id)).collect(),
            province,
            ..Sight::default()
        }
    }

    /// The same, and all that comes by some feeds: an agency's.
    #[must_use]
    pub fn and_feeds<'a>(mut self, feeds: impl IntoIterator<Item = &'a str>) -> Sight {
        self.feeds.extend(feeds.into_iter().map(Name::new));
        self
    }
}

/// The province a pack is of, as it is now; none where its list of places has none.
#[must_use]
pub fn province(pack: &Pack) -> Option<&Place> {
    pack.places.iter().find(|place| place.kind == PlaceKind::Province && place.valid_to.is_none())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        pack::{Station, StationKind},
        text::Text,
    };

    fn key(code: &str, from: &str) -> PlaceKey {
        PlaceKey { code: code.to_owned(), valid_from: from.parse().unwrap() }
    }

    fn place(code: &str, from: &str, to: Option<&str>, kind: PlaceKind, parent: Option<&str>) -> Place {
        Place {
            key: key(code, from),
            valid_to: to.map(|day| day.parse().unwrap()),
            kind,
            name: Text::default(),
            parent: parent.map(str::to_owned),
            area_km2: None,
            point: None,
        }
    }

    fn station(id: &str, place: PlaceKey) -> (String, Station) {
        let station = Station {
            id: id.to_owned(),
            name: Text::default(),
            kind: StationKind::AmbientAir,
            place,
            point: None,
            valid_from: "2000-01-01".parse().unwrap(),
            valid_to: None,
            measures: BTreeMap::new(),
            file_codes: Vec::new(),
            devices: Vec::new(),
            symbols: BTreeMap::new(),
            ignored: Vec::new(),
            decimals: BTreeMap::new(),
            no_value: Vec::new(),
            late_after: None,
            silent_after: None,
        };
        (id.to_owned(), station)
    }

    /// A province that took the code of another one, with a ward that did so too.
    fn pack() -> Pack {
        let (old, new, last) = ("1970-01-01", "2025-07-01", Some("2025-06-30"));
        Pack {
            places: vec![
                place("80", old, last, PlaceKind::Province, None),
                place("703", old, last, PlaceKind::District, Some("80")),
                place("25459", old, last, PlaceKind::Ward, Some("703")),
                place("80", new, None, PlaceKind::Province, None),
                place("25459", new, None, PlaceKind::Ward, Some("80")),
                place("25708", new, None, PlaceKind::Ward, Some("80")),
            ],
            stations: [
                station("then", key("25459", old)),
                station("now", key("25459", new)),
                station("elsewhere", key("25708", new)),
            ]
            .into_iter()
            .collect(),
            ..Pack::default()
        }
    }

    fn seen(places: &[PlaceKey]) -> Vec<&'static str> {
        Sight::of_places(&pack(), places).stations.into_iter().map(Name::as_str).collect()
    }

    #[test]
    fn a_place_is_its_stations_and_those_of_what_lies_below_it_at_its_time() {
        assert_eq!(seen(&[key("25459", "2025-07-01")]), ["now"]);
        assert_eq!(seen(&[key("703", "1970-01-01")]), ["then"], "by the ward that lay in the district");
        assert_eq!(seen(&[key("80", "2025-07-01")]), ["elsewhere", "now"]);
        assert_eq!(seen(&[key("80", "1970-01-01")]), ["then"], "the same code was another province");
        assert!(seen(&[]).is_empty());
    }

    #[test]
    fn what_is_of_the_whole_province_is_for_who_is_given_the_province() {
        let limited = |places: &[PlaceKey]| Asker::of(Sight::of_places(&pack(), places));
        assert!(limited(&[key("80", "2025-07-01")]).sees_province());
        assert!(!limited(&[key("25459", "2025-07-01")]).sees_province());
        let of_address = |asker: Asker| asker.sees_alert(AlertAbout::Address, "203.0.113.30");
        assert!(of_address(limited(&[key("80", "2025-07-01")])) && of_address(Asker::everyone()));
        assert!(!of_address(limited(&[key("25459", "2025-07-01")])));
        assert!(!limited(&[key("80", "1970-01-01")]).sees_province());
    }

    #[test]
    fn who_is_limited_sees_nothing_that_was_not_given_and_everyone_sees_all() {
        let agency = Asker::of(Sight::default().and_feeds(["air-gateway"]));
        assert!(agency.sees_feed("air-gateway") && !agency.sees_feed("water-files"));
        assert!(!agency.sees_station("now") && !agency.sees_province() && !agency.sees_everything());
        let all = Asker::everyone();
        assert!(all.sees_feed("x") && all.sees_station("x") && all.sees_province() && all.sees_everything());
    }
}
