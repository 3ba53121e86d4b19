//! Whose log sources reported what happened: the same events, by agency.
//!
//! A log source belongs to an agency of the pack, or to somebody that the pack names in words only. Who reports and is not
//! of the pack is nobody's, and comes last.

use std::collections::BTreeMap;

use ioc_model::text::Text;
use serde::Serialize;

use crate::log_sources::{LogSourceKnown, LogSourceStanding, LogSourceView};

/// What the log sources of an agency reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgencyEvents {
    /// The agency; none where the pack names it in words only, or does not know who reports.
    pub agency: Option<String>,
    /// What it is called; none for all that the pack does not know.
    pub name: Option<Text>,
    /// Its log sources.
    pub log_sources: u64,
    /// Those of them that need somebody to look: counted, and silent or blind; none where nobody knows.
    pub amiss: Option<u64>,
    /// Events that they reported.
    pub weight: u64,
    /// Those of them that were high or worse.
    pub grave: u64,
}

/// All agencies that have a log source, first those with the most grave events.
#[must_use]
pub(crate) fn by_agency(known: &[LogSourceKnown], all: &[LogSourceView]) -> Vec<AgencyEvents> {
    let names: BTreeMap<&str, &Text> =
        known.iter().filter_map(|it| it.agency.as_ref()).map(|(id, name)| (id.as_str(), name)).collect();
    let mut found: BTreeMap<(Option<&str>, Option<&str>), AgencyEvents> = BTreeMap::new();
    for source in all {
        let agency = source.agency.as_deref();
        let in_words = source.owner.as_ref().filter(|_| agency.is_none());
        let of =
            found.entry((agency, in_words.map(|owner| owner.vi.as_str()))).or_insert_with(|| AgencyEvents {
                agency: agency.map(str::to_owned),
                name: agency.and_then(|agency| names.get(agency).copied()).or(in_words).cloned(),
                log_sources: 0,
                amiss: Some(0),
                weight: 0,
                grave: 0,
            });
        let amiss = (source.standing != LogSourceStanding::Stale).then_some(u64::from(source.amiss));
        of.log_sources += 1;
        of.amiss = of.amiss.zip(amiss).map(|(one, other)| one + other);
        of.weight += source.weight;
        of.grave += source.grave;
    }
    let mut all: Vec<AgencyEvents> = found.into_values().collect();
    all.sort_by_key(|of| (of.name.is_none(), std::cmp::Reverse((of.grave, of.weight))));
    all
}

#[cfg(test)]
mod tests {
    use ioc_model::time::ReceivedAt;

    use super::*;
    use crate::log_sources::{LogSourceHeard, log_sources};

    #[test]
    fn log_sources_of_an_agency_are_one_line_and_strangers_come_last_however_much_they_say() {
        let text = |text: &str| Text { vi: text.to_owned(), en: text.to_owned() };
        let known = |id: &str, agency: Option<&str>, owner: &str| LogSourceKnown {
            id: id.to_owned(),
            name: text(id),
            agency: agency.map(|agency| (agency.to_owned(), text("Department"))),
            owner: text(owner),
            relay: false,
            silent_after: None,
        };
        let heard = |id: &str, weight, grave| LogSourceHeard {
            id: id.to_owned(),
            weight,
            grave,
            rows: 1,
            absurd: 0,
            relayed: 0,
            received_at: ReceivedAt(5),
        };
        let of_pack = vec![
            known("a", Some("so-x"), "its room"),
            known("b", Some("so-x"), "its hall"),
            known("c", None, "a firm"),
        ];
        let came = vec![heard("a", 10, 1), heard("b", 5, 2), heard("c", 90, 1), heard("nobody", 900, 900)];
        let all = log_sources(of_pack.clone(), &[], came);
        let told: Vec<_> = by_agency(&of_pack, &all)
            .into_iter()
            .map(|of| (of.agency, of.name.map(|name| name.en), of.log_sources, of.weight, of.grave, of.amiss))
            .collect();
        let expected = [
            (Some("so-x".to_owned()), Some("Department".to_owned()), 2, 15, 3, Some(0)),
            (None, Some("a firm".to_owned()), 1, 90, 1, Some(0)),
            (None, None, 1, 900, 900, Some(0)),
        ];
        assert_eq!(told, expected);
        let stale: Vec<LogSourceView> = all.into_iter().map(LogSourceView::withheld).collect();
        assert_eq!(by_agency(&of_pack, &stale)[0].amiss, None, "where the flow stands still nobody knows it");
    }
}
