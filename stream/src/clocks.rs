//! The clocks of the stations one worker holds: which of them is off, and what rows that they date are worth.
//!
//! Rows come here before they come to the keepers of their subjects, and those that a wrong clock dated go on as suspect. They
//! are dated as they say: what is found is said, and for somebody to mend ([`clock`] says how it is found).
//!
//! A clock is the one of a station by a feed and a sender: a gateway may pass on what its devices date themselves. It is held
//! by whoever holds the station, who has all of its rows. Of nearly all stations nothing is held: the first message that lies
//! far from its arrival begins it, and it ends with the first stretch that is right, at the same message wherever epochs end
//! (invariants REPLAY, BOUND).

mod clock;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use ioc_decode::Dated;
use ioc_model::{
    calendar::Calendar,
    names::{Names, Source, SourceId, SubjectId},
    observation::{Observation, Quality},
    position::Arrival,
    time::{EventTime, Millis},
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use self::clock::{Clock, Heard, Left};

/// So many senders of one station are told apart.
const MOST_SENDERS: usize = 8;

/// Clocks, by the station that they date.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    held: FxHashMap<SubjectId, Vec<(SourceId, Clock)>>,
}

/// A station's clocks as a checkpoint keeps them: by names.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ClocksRecord(Vec<(Source, Clock)>);

/// What a message says of the clock that dated it: whether its time was refused, and which it is.
type Said = (bool, EventTime);

impl Clocks {
    /// How far the clock of a station is off: ahead where it is positive; none where it is right, or nobody knows. Of several
    /// the one that is furthest off.
    pub(crate) fn off(&self, subject: SubjectId) -> Option<Millis> {
        let clocks = self.held.get(&subject)?;
        clocks.iter().filter_map(|(_, clock)| clock.off()).max_by_key(|off| (off.0.abs(), off.0))
    }

    /// Hears an epoch's messages in the order in which they arrived, and makes of its rows suspect what a wrong clock dated.
    /// Gives back the stations whose clock is off by something else than before.
    pub(crate) fn judge<'r>(
        &mut self,
        calendar: &Calendar,
        dated: &[Dated],
        rows: impl IntoIterator<Item = &'r mut [Observation]>,
    ) -> BTreeSet<SubjectId> {
        if dated.is_empty() && self.held.is_empty() {
            return BTreeSet::new();
        }
        let far: BTreeSet<SubjectId> = dated.iter().map(|dated| dated.subject).collect();
        let mut rows: Vec<&mut Observation> = rows
            .into_iter()
            .flatten()
            .filter(|row| {
                let subject = row.series.subject;
                self.held.contains_key(&subject) || far.contains(&subject)
            })
            .collect();
        let before: BTreeMap<SubjectId, Option<Millis>> =
            far.iter().chain(self.held.keys()).map(|subject| (*subject, self.off(*subject))).collect();
        for ((arrival, subject, source), (is_refused, said)) in messages(dated, &rows) {
            let dated = Dated { subject, source, arrival, said, is_refused };
            let zone = zone(calendar, EventTime(arrival.received_at.0));
            self.hear(dated, zone);
        }
        for row in &mut rows {
            let clocks = self.held.get(&row.series.subject);
            let mut clocks = clocks.into_iter().flatten().filter(|(source, _)| *source == row.source);
            let lag = lag(row);
            if row.quality == Quality::Good && clocks.any(|(_, it)| it.dated_wrongly(row.arrival, lag)) {
                row.quality = Quality::Suspect;
            }
        }
        let changed = before.into_iter().filter(|(subject, off)| self.off(*subject) != *off);
        changed.map(|(subject, _)| subject).collect()
    }

    fn hear(&mut self, dated: Dated, zone: Millis) {
        let (lag, is_impossible) = (dated.lag(), dated.is_impossible());
        let is_right = !is_impossible && Dated::is_near(lag);
        let clocks = match self.held.get_mut(&dated.subject) {
            Some(clocks) => clocks,
            None if is_right => return,
            None => self.held.entry(dated.subject).or_default(),
        };
        let known = clocks.iter().position(|(source, _)| *source == dated.source);
        let at = match known {
            Some(at) => at,
            None if is_right || clocks.len() == MOST_SENDERS => return,
            None => {
                clocks.push((dated.source, Clock::default()));
                clocks.len() - 1
            }
        };
        let heard = Heard { arrival: dated.arrival, lag, is_impossible };
        if clocks[at].1.hear(heard, zone) == Left::Nothing {
            let _ = clocks.remove(at);
            if clocks.is_empty() {
                let _ = self.held.remove(&dated.subject);
            }
        }
    }

    /// What a checkpoint keeps of a station's clocks.
    pub(crate) fn record(&self, names: &Names, subject: SubjectId) -> Option<ClocksRecord> {
        let clocks = self.held.get(&subject)?.iter();
        Some(ClocksRecord(clocks.map(|(id, clock)| (names.sources.source(*id), clock.clone())).collect()))
    }

    /// Takes a station's clocks out of a checkpoint.
    pub(crate) fn load(&mut self, names: &Names, subject: SubjectId, ClocksRecord(clocks): ClocksRecord) {
        let clocks = clocks.into_iter().map(|(source, clock)| (names.sources.number(source), clock));
        let _ = self.held.insert(subject, clocks.collect());
    }
}

/// What each message says of its station's clock, in the order of their arrival. Rows that lie near their arrival speak for
/// themselves; the others do where their message is live, which only whoever read it knows.
fn messages(dated: &[Dated], rows: &[&mut Observation]) -> BTreeMap<(Arrival, SubjectId, SourceId), Said> {
    let mut messages: BTreeMap<(Arrival, SubjectId, SourceId), Said> = BTreeMap::new();
    let mut say = |arrival: Arrival, subject, source, said: Said| {
        let said_before = messages.entry((Arrival { row: 0, ..arrival }, subject, source)).or_insert(said);
        *said_before = said.max(*said_before);
    };
    for dated in dated {
        say(dated.arrival, dated.subject, dated.source, (dated.is_refused, dated.said));
    }
    for row in rows.iter().filter(|row| Dated::is_near(lag(row))) {
        say(row.arrival, row.series.subject, row.source, (false, row.event_time));
    }
    messages
}

fn lag(row: &Observation) -> Millis {
    Millis(row.arrival.received_at.0.saturating_sub(row.event_time.0))
}

/// How far the local clock is from UTC at a moment.
fn zone(calendar: &Calendar, at: EventTime) -> Millis {
    let local = calendar.local(at).and_then(|local| local.to_zoned(jiff::tz::TimeZone::UTC).ok());
    // Fractions below a millisecond are cut off on both sides.
    local.map_or(Millis(0), |local| Millis(local.timestamp().as_millisecond() - at.0))
}
