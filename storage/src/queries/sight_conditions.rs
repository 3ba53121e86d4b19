//! Whose rows a question meets: the one place where who asks becomes a condition.
//!
//! Every question of a page goes through [`Store::asked_by`], and says there by which columns its rows are of a station,
//! of a feed or of both. What that means stands with [`Asker`]; a question written anew has nothing to decide. For
//! everyone no condition stands there, so that nothing is planned or read for it.

use std::collections::BTreeSet;

use clickhouse::query::Query;
use ioc_model::{asker::Asker, name::Name};

use crate::client::Store;

/// What the asker sees, as conditions that stand behind others. Columns are names of this crate's, never an asker's
/// words; what is given to an asker travels as parameters (invariant SAFE).
#[derive(Clone, Copy, Debug)]
pub(crate) struct SightConditions<'a>(&'a Asker);

impl<'a> SightConditions<'a> {
    pub(crate) fn by(asker: &'a Asker) -> SightConditions<'a> {
        SightConditions(asker)
    }

    /// Of rows that have both.
    pub(crate) fn row(self, station: &str, feed: &str) -> String {
        self.and(Some(station), Some(feed))
    }

    /// Of rows that have a station: what was worked out.
    pub(crate) fn station(self, column: &str) -> String {
        self.and(Some(column), None)
    }

    /// Of rows that have a feed: what came.
    pub(crate) fn feed(self, column: &str) -> String {
        self.and(None, Some(column))
    }

    /// Of rows that are of the whole province.
    pub(crate) fn province(self) -> String {
        self.and(None, None)
    }

    /// Of alerts: of a station by its station, of an address or user, which crosses what agencies report, for those who
    /// are given the province.
    pub(crate) fn alert(self, row: &str) -> String {
        let Some(sight) = self.0.sight() else { return String::new() };
        let of_station = self.station(&format!("{row}.subject"));
        let of_station = format!("{row}.about = 'station'{of_station}");
        match sight.province {
            true => format!(" AND ({of_station} OR {row}.about != 'station')"),
            false => format!(" AND {of_station}"),
        }
    }

    /// Of rows that have such columns.
    pub(crate) fn and(self, station: Option<&str>, feed: Option<&str>) -> String {
        let Some(sight) = self.0.sight() else { return String::new() };
        let given = [
            (station, !sight.stations.is_empty(), "{seen_stations:Array(String)}"),
            (feed, !sight.feeds.is_empty(), "{seen_feeds:Array(String)}"),
        ];
        let met = given.iter().filter(|(_, some, _)| *some);
        let met = met.filter_map(|(column, _, those)| Some(format!("{} IN {those}", (*column)?)));
        let met: Vec<String> = met.collect();
        match (station, feed) {
            (None, None) => format!(" AND {}", sight.province),
            _ if met.is_empty() => " AND false".to_owned(),
            _ => format!(" AND ({})", met.join(" OR ")),
        }
    }

    /// A question with what its conditions name.
    pub(crate) fn bind(self, query: Query) -> Query {
        let Some(sight) = self.0.sight() else { return query };
        let names =
            |of: &BTreeSet<Name>| -> Vec<&'static str> { of.iter().map(|name| name.as_str()).collect() };
        query.param("seen_stations", names(&sight.stations)).param("seen_feeds", names(&sight.feeds))
    }
}

impl Store {
    /// A question as that asker's.
    pub(crate) fn asked_by(
        &self,
        asker: &Asker,
        question: impl FnOnce(SightConditions<'_>) -> String,
    ) -> Query {
        let seen = SightConditions::by(asker);
        seen.bind(self.client().query(&question(seen)))
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::asker::Sight;

    use super::*;

    fn limited(stations: &[&str], feeds: &[&str], province: bool) -> Asker {
        let stations = stations.iter().map(|station| Name::new(station)).collect();
        Asker::of(Sight { stations, province, ..Sight::default() }.and_feeds(feeds.iter().copied()))
    }

    fn conditions(asker: &Asker) -> [String; 4] {
        let seen = SightConditions::by(asker);
        [seen.row("o.subject", "o.feed"), seen.station("w.subject"), seen.feed("r.feed"), seen.province()]
    }

    #[test]
    fn everyones_question_has_no_word_more() {
        assert_eq!(conditions(&Asker::everyone()), [""; 4]);
    }

    #[test]
    fn an_alert_of_an_address_is_met_by_who_is_given_the_province() {
        let alert = |asker: &Asker| SightConditions::by(asker).alert("a");
        assert_eq!(alert(&Asker::everyone()), "");
        let of_station = "a.about = 'station' AND (a.subject IN {seen_stations:Array(String)})";
        assert_eq!(alert(&limited(&["s"], &["f"], false)), format!(" AND {of_station}"));
        assert_eq!(
            alert(&limited(&["s"], &[], true)),
            format!(" AND ({of_station} OR a.about != 'station')")
        );
        assert_eq!(alert(&limited(&[], &[], false)), " AND a.about = 'station' AND false");
    }

    #[test]
    fn a_limited_asker_meets_what_is_of_their_stations_or_came_by_their_feeds_and_no_more() {
        let (stations, feeds) = ("IN {seen_stations:Array(String)}", "IN {seen_feeds:Array(String)}");
        let both = conditions(&limited(&["a"], &["b"], false));
        let row = format!(" AND (o.subject {stations} OR o.feed {feeds})");
        let (station, feed) = (format!(" AND (w.subject {stations})"), format!(" AND (r.feed {feeds})"));
        assert_eq!(both, [row, station.clone(), feed.clone(), " AND false".to_owned()]);
        let nothing = || " AND false".to_owned();
        let ward = conditions(&limited(&["a"], &[], true));
        let row = format!(" AND (o.subject {stations})");
        assert_eq!(ward, [row, station, nothing(), " AND true".to_owned()]);
        let agency = conditions(&limited(&[], &["b"], false));
        assert_eq!(agency, [format!(" AND (o.feed {feeds})"), nothing(), feed, nothing()]);
        assert_eq!(conditions(&limited(&[], &[], false)), [nothing(), nothing(), nothing(), nothing()]);
    }
}
