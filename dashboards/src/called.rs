//! What those are called that a pack has: who reports, and what an alert is about. It is worked out once a pack.

use std::collections::{BTreeMap, HashMap};

use ioc_model::{
    pack::Pack,
    place::{Date, Place},
    rule::AlertAbout,
    text::Text,
};

/// Agencies by identifier. The authority of a place is known by the place's code and called by the name of the newest version
/// of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgencyNames(HashMap<String, Text>);

impl AgencyNames {
    pub(crate) fn of(pack: &Pack) -> AgencyNames {
        let mut places: HashMap<&str, (Date, &Place)> = HashMap::new();
        for place in &pack.places {
            let known = places.entry(&place.key.code).or_insert((place.key.valid_from, place));
            if known.0 < place.key.valid_from {
                *known = (place.key.valid_from, place);
            }
        }
        let of_places = places.into_iter().map(|(code, (_, place))| (code.to_owned(), place.name.clone()));
        let others = pack.agencies.iter().map(|(id, agency)| (id.clone(), agency.name.clone()));
        AgencyNames(of_places.chain(others).collect())
    }

    /// An agency's name; none where the pack has none like it.
    pub(crate) fn get(&self, agency: &str) -> Option<&Text> {
        self.0.get(agency)
    }
}

/// What alerts are about, by what it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct SubjectNames {
    stations: BTreeMap<String, Text>,
    log_sources: BTreeMap<String, Text>,
    agencies: AgencyNames,
}

impl SubjectNames {
    pub(crate) fn of(pack: &Pack) -> SubjectNames {
        SubjectNames {
            stations: pack.stations.iter().map(|(id, it)| (id.clone(), it.name.clone())).collect(),
            log_sources: pack.log_sources.iter().map(|(id, it)| (id.clone(), it.name.clone())).collect(),
            agencies: AgencyNames::of(pack),
        }
    }

    /// A subject's name; none of an address, a network or a user, and where the pack has none like it.
    pub(crate) fn get(&self, about: AlertAbout, subject: &str) -> Option<&Text> {
        match about {
            AlertAbout::Station => self.stations.get(subject),
            AlertAbout::LogSource => self.log_sources.get(subject),
            AlertAbout::Agency => self.agencies.get(subject),
            AlertAbout::Address | AlertAbout::Network | AlertAbout::User => None,
        }
    }
}
