//! Who reports what happened: how each log source stands, and how much came of it.
//!
//! How it stands is what the flow said last of it, counted as the figure of the log sources counts it; nothing is judged
//! here but the age of that: where the flow stands still nobody knows it, and it is withheld (invariant SILENT). How much
//! came is the store's. Who reports and is not of the pack is unknown, and the flow says nothing of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ioc_model::{
    figure::StationStanding,
    results::StatusResult,
    rule::Priority,
    sensor::SensorRecord,
    text::Text,
    time::{EventTime, Millis, Now, ReceivedAt},
};
use serde::{Serialize, Serializer};

/// How far back it is looked for when a log source was heard last.
pub const HEARD_WITHIN: Millis = Millis::hours(31 * 24);

/// So many are listed that the pack does not know.
const UNKNOWN_LISTED: usize = 100;

/// What the store says of how much came of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSourceHeard {
    /// Its name.
    pub id: String,
    /// How many events; 0 where it was heard before, or speaks for others only.
    pub weight: u64,
    /// How many of them were high or worse.
    pub grave: u64,
    /// How many lines and messages they stand in.
    pub rows: u64,
    /// How many of those said a time that cannot be.
    pub absurd: u64,
    /// How many of those a relay passed on.
    pub relayed: u64,
    /// When the newest arrived.
    pub received_at: ReceivedAt,
}

/// What the flow had said by a moment of how log sources are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogSourcesSaid {
    /// The state of each that was judged.
    pub states: Vec<StatusResult>,
    /// From when on that is stale if nothing newer comes; none where nothing was said yet.
    pub stale_from: Option<EventTime>,
}

/// A log source of the pack, as far as it is needed to tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSourceKnown {
    /// Its name.
    pub id: String,
    /// As the pack calls it.
    pub name: Text,
    /// The agency it belongs to, and what that is called; none where it is of none.
    pub agency: Option<(String, Text)>,
    /// Whose it is.
    pub owner: Text,
    /// Whether it passes on what others say.
    pub relay: bool,
    /// Nothing of it for so long means that it is silent; none where it may be.
    pub silent_after: Option<Millis>,
}

/// A log source, how it stands and how much came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogSourceView {
    /// Its name.
    pub id: String,
    /// As the pack calls it; none where it does not.
    pub name: Option<Text>,
    /// The agency it belongs to; none where it is of none.
    pub agency: Option<String>,
    /// Whose it is; none where the pack does not know it.
    pub owner: Option<Text>,
    /// Whether it passes on what others say.
    pub relay: bool,
    /// How it stands.
    pub standing: LogSourceStanding,
    /// Since when it is so, on the recorded clock; none where the flow does not say it.
    pub since: Option<Now>,
    /// The record by which its sensor sees too little; none where it sees enough, or nobody knows.
    pub sensor: Option<Arc<SensorRecord>>,
    /// So far its clock is constantly off, ahead of its arrivals where it is positive: hours are a zone, not lateness. None
    /// where it is right, or nobody knows.
    pub clock_off: Option<Millis>,
    /// Whether it is one of those that are counted, and is silent or blind; where nobody knows, whether it is one of them.
    pub amiss: bool,
    /// How urgent that is; none where there is nothing to act on.
    pub priority: Option<Priority>,
    /// When it was heard last; none where it was not for as long as is looked back.
    pub received_at: Option<ReceivedAt>,
    /// Nothing of it for so long means that it is silent; none where it may be.
    pub silent_after: Option<Millis>,
    /// How many events.
    pub weight: u64,
    /// How many of them were high or worse.
    pub grave: u64,
    /// How many lines and messages they stand in.
    pub rows: u64,
    /// How many of those said a time that cannot be.
    pub absurd: u64,
    /// How many of those a relay passed on: they keep nobody alive who sends by itself.
    pub relayed: u64,
}

/// How a log source stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogSourceStanding {
    /// As the flow says it: a sensor that is blind stands like a station whose device is at fault.
    Said(StationStanding),
    /// The flow has not judged it yet.
    Unjudged,
    /// The flow stands still: nobody knows any more.
    Stale,
    /// It reports, and the pack does not know it.
    Unknown,
}

impl LogSourceStanding {
    /// The word used in APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            LogSourceStanding::Said(standing) => standing.word(),
            LogSourceStanding::Unjudged => "unjudged",
            LogSourceStanding::Stale => "stale",
            LogSourceStanding::Unknown => "unknown",
        }
    }

    /// How urgent it is: as the figure of the overview has it.
    #[must_use]
    pub fn priority(self) -> Option<Priority> {
        match self {
            LogSourceStanding::Said(standing) => standing.priority(),
            LogSourceStanding::Unknown => Some(Priority::Low),
            LogSourceStanding::Unjudged | LogSourceStanding::Stale => None,
        }
    }

    /// Those who need somebody to look come first.
    fn place(self) -> (u8, Option<StationStanding>) {
        match self {
            LogSourceStanding::Said(standing) if standing.is_amiss() => (0, Some(standing)),
            LogSourceStanding::Stale => (1, None),
            LogSourceStanding::Unknown => (2, None),
            LogSourceStanding::Unjudged => (3, None),
            LogSourceStanding::Said(standing) => (4, Some(standing)),
        }
    }
}

impl Serialize for LogSourceStanding {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.word())
    }
}

impl LogSourceView {
    fn of(
        known: LogSourceKnown,
        said: Option<&StatusResult>,
        heard: Option<&LogSourceHeard>,
    ) -> LogSourceView {
        let owes = known.silent_after.is_some();
        let unsaid = LogSourceView::unsaid(known, heard);
        let standing = match said {
            Some(said) => StationStanding::of(said.status, said.last_event.is_some(), 0),
            // What may be silent for ever is judged when its first line comes.
            None if !owes && heard.is_none() => StationStanding::Never,
            None => return unsaid,
        };
        LogSourceView {
            standing: LogSourceStanding::Said(standing),
            since: said.map(|said| said.since),
            sensor: said.and_then(|said| said.sensor.clone()),
            clock_off: said.and_then(|said| said.clock_off),
            amiss: standing.counts_of_log_sources(owes) && standing.is_amiss(),
            priority: standing.priority(),
            ..unsaid
        }
    }

    /// One that the flow has not judged.
    fn unsaid(known: LogSourceKnown, heard: Option<&LogSourceHeard>) -> LogSourceView {
        LogSourceView {
            id: known.id,
            name: Some(known.name),
            agency: known.agency.map(|(id, _)| id),
            owner: Some(known.owner),
            relay: known.relay,
            standing: LogSourceStanding::Unjudged,
            since: None,
            sensor: None,
            clock_off: None,
            amiss: false,
            priority: None,
            received_at: heard.map(|it| it.received_at),
            silent_after: known.silent_after,
            weight: heard.map_or(0, |it| it.weight),
            grave: heard.map_or(0, |it| it.grave),
            rows: heard.map_or(0, |it| it.rows),
            absurd: heard.map_or(0, |it| it.absurd),
            relayed: heard.map_or(0, |it| it.relayed),
        }
    }

    fn unknown(heard: LogSourceHeard) -> LogSourceView {
        LogSourceView {
            id: heard.id,
            name: None,
            agency: None,
            owner: None,
            relay: false,
            standing: LogSourceStanding::Unknown,
            since: None,
            sensor: None,
            clock_off: None,
            amiss: false,
            priority: LogSourceStanding::Unknown.priority(),
            received_at: Some(heard.received_at),
            silent_after: None,
            weight: heard.weight,
            grave: heard.grave,
            rows: heard.rows,
            absurd: heard.absurd,
            relayed: heard.relayed,
        }
    }

    /// It, where the flow stands still: who is not of the pack is none of the flow's.
    #[must_use]
    pub fn withheld(self) -> LogSourceView {
        match self.standing {
            LogSourceStanding::Unknown => self,
            _ => LogSourceView {
                standing: LogSourceStanding::Stale,
                since: None,
                sensor: None,
                clock_off: None,
                amiss: self.silent_after.is_some() || self.amiss,
                priority: None,
                ..self
            },
        }
    }
}

/// Every log source that is known or was heard, as the flow said: first those who need somebody to look, then by name.
#[must_use]
pub fn log_sources(
    known: Vec<LogSourceKnown>,
    said: &[StatusResult],
    heard: Vec<LogSourceHeard>,
) -> Vec<LogSourceView> {
    let mut heard: BTreeMap<String, LogSourceHeard> =
        heard.into_iter().map(|it| (it.id.clone(), it)).collect();
    let said: BTreeMap<&str, &StatusResult> = said.iter().map(|it| (it.subject.as_str(), it)).collect();
    let of_pack = known.into_iter().map(|known| {
        let (said, heard) = (said.get(known.id.as_str()).copied(), heard.remove(&known.id));
        LogSourceView::of(known, said, heard.as_ref())
    });
    let mut all: Vec<LogSourceView> = of_pack.collect();
    all.extend(heard.into_values().map(LogSourceView::unknown));
    all.sort_by(|one, other| (one.standing.place(), &one.id).cmp(&(other.standing.place(), &other.id)));
    all
}

/// Of those that the pack does not know only those with the most lines stay: names cost whoever makes them up nothing.
/// How many went.
pub fn few_unknown(all: &mut Vec<LogSourceView>) -> u64 {
    let is_unknown = |it: &LogSourceView| it.standing == LogSourceStanding::Unknown;
    let mut unknown: Vec<(u64, &str)> =
        all.iter().filter(|it| is_unknown(it)).map(|it| (it.rows, it.id.as_str())).collect();
    if unknown.len() <= UNKNOWN_LISTED {
        return 0;
    }
    unknown.sort_unstable_by(|(rows, id), (of_other, other)| of_other.cmp(rows).then(id.cmp(other)));
    let rest: BTreeSet<String> =
        unknown.split_off(UNKNOWN_LISTED).into_iter().map(|(_, id)| id.to_owned()).collect();
    all.retain(|it| !is_unknown(it) || !rest.contains(&it.id));
    rest.len() as u64
}

#[cfg(test)]
mod tests {
    use ioc_model::status::StationStatus;

    use super::*;

    fn known(id: &str, silent_after: Option<i64>) -> LogSourceKnown {
        let (name, owner) = (Text::default(), Text::default());
        let silent_after = silent_after.map(Millis);
        LogSourceKnown { id: id.to_owned(), name, agency: None, owner, relay: false, silent_after }
    }

    fn heard(id: &str) -> LogSourceHeard {
        let received_at = ReceivedAt(100);
        LogSourceHeard { id: id.to_owned(), weight: 1, grave: 1, rows: 1, absurd: 0, relayed: 0, received_at }
    }

    fn said(id: &str, status: StationStatus, ever: bool) -> StatusResult {
        let last_event = ever.then_some(EventTime(40));
        let (since, sensor) = (Now(50), None);
        StatusResult { subject: id.into(), status, since, last_event, sensor, clock_off: None }
    }

    fn told(all: &[LogSourceView]) -> Vec<(&str, &str, Option<Priority>, bool)> {
        all.iter().map(|it| (it.id.as_str(), it.standing.word(), it.priority, it.amiss)).collect()
    }

    #[test]
    fn silent_each_stands_as_the_flow_said_and_who_was_not_judged_or_never_came_is_not_taken_for_well() {
        use StationStatus::{Error, Good, Silent};
        let owe = ["gone", "blind", "new", "fine", "late"].map(|id| known(id, Some(10)));
        let free = ["calm", "unheard", "free-blind", "just-named"].map(|id| known(id, None));
        let states = [
            said("gone", Silent, true),
            said("blind", Error, true),
            said("new", Silent, false),
            said("fine", Good, true),
            said("calm", Good, true),
            said("free-blind", Error, true),
        ];
        // The store tells when they came, and that says nothing of how they stand.
        let came = ["gone", "blind", "just-named", "stranger"].map(heard);
        let all = log_sources(owe.into_iter().chain(free).collect(), &states, came.to_vec());
        let (high, medium, low) = (Some(Priority::High), Some(Priority::Medium), Some(Priority::Low));
        let expected = [
            ("gone", "silent", high, true),
            ("blind", "error", medium, true),
            ("free-blind", "error", medium, true),
            ("new", "never", low, true),
            ("unheard", "never", low, false),
            ("stranger", "unknown", low, false),
            ("just-named", "unjudged", None, false),
            ("late", "unjudged", None, false),
            ("calm", "good", None, false),
            ("fine", "good", None, false),
        ];
        assert_eq!(told(&all), expected);
        let since: Vec<&str> = all.iter().filter(|it| it.since.is_some()).map(|it| it.id.as_str()).collect();
        assert_eq!(since, ["gone", "blind", "free-blind", "new", "calm", "fine"]);
    }

    #[test]
    fn bound_of_strangers_those_with_the_most_lines_are_listed_and_the_rest_is_a_number() {
        let strangers =
            (0..130).map(|number| LogSourceHeard { rows: number, ..heard(&format!("s{number:03}")) });
        let mut all = log_sources(vec![known("fine", None)], &[], strangers.collect());
        assert_eq!(few_unknown(&mut all), 30);
        let listed: Vec<&str> = all.iter().map(|it| it.id.as_str()).collect();
        assert_eq!((listed.len(), listed[0], listed[1], listed[100]), (101, "fine", "s030", "s129"));
        assert_eq!(few_unknown(&mut all), 0);
    }

    #[test]
    fn silent_where_the_flow_stands_still_nobody_is_well_or_ill_and_whoever_owes_is_amiss() {
        let pack = vec![known("fine", Some(10)), known("blind", None), known("calm", None)];
        let states = [("fine", StationStatus::Good), ("blind", StationStatus::Error)];
        let states = states.map(|(id, status)| said(id, status, true));
        let all = log_sources(pack, &states, vec![heard("stranger")]);
        let all: Vec<LogSourceView> = all.into_iter().map(LogSourceView::withheld).collect();
        let expected = [
            ("blind", "stale", None, true),
            ("calm", "stale", None, false),
            ("stranger", "unknown", Some(Priority::Low), false),
            ("fine", "stale", None, true),
        ];
        assert_eq!(told(&all), expected);
    }
}
