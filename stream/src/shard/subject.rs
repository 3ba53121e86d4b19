//! One subject: its keepers, and what is made of what they read.
//!
//! Each kind of row has a keeper of its own, a concrete type that is a field here: it takes an epoch's rows of its kind,
//! says when the clock alone closes something, gives readings, and knows what a checkpoint keeps of it. What follows
//! from readings ([`Derived`]) knows no keeper.

use ioc_model::{
    action::Action,
    calendar::Calendar,
    name::Name,
    names::IndicatorId,
    question::Question,
    rule::AlertAbout,
    time::{EventTime, Now},
};
use serde::{Deserialize, Serialize};

use super::{
    decisions::Decisions,
    measured::{Measured, MeasuredRecord, MeasuredRef},
    telling::Told,
};
use crate::{
    checkpoint,
    clocks::ClocksRecord,
    counted::{CountedBefore, LogSourceCounts},
    day::SourcesByPlace,
    derive::{Derived, UsualHours},
    replays::Replays,
    reported::Reported,
    series::{CounterDays, Provenance, SeriesState},
    step::ShardResults,
};

#[derive(Debug)]
pub(super) struct SubjectState {
    pub(super) name: Name,
    pub(super) due: Option<EventTime>,
    pub(super) measured: Measured,
    /// Of a log source of the pack: what is counted there.
    pub(super) counted: Option<Box<LogSourceCounts>>,
    /// Of a form: what agencies said of its cells.
    pub(super) reported: Option<Box<Reported>>,
    /// Of the operators' desk: what is read again.
    pub(super) replays: Option<Box<Replays>>,
    /// Of a station of the pack: what is made of its windows.
    pub(super) derived: Option<Box<Derived>>,
    /// When its gateway said that it is gone, if that is what it said last.
    pub(super) gone: Option<EventTime>,
    pub(super) told: Told,
}

/// A subject as a checkpoint keeps it: by names, so that any number of workers, in any process, can load it.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubjectRecord {
    name: Name,
    due: Option<EventTime>,
    kept: Vec<Kept>,
    /// The version of the checkpoint that kept it.
    #[serde(skip, default = "this_version")]
    version: u8,
}

fn this_version() -> u8 {
    checkpoint::VERSION
}

/// What the ledger of an earlier version was not told of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untold {
    /// All that came of it.
    Messages,
    /// That nothing stands of what had been said.
    TakenBack,
}

/// The last version before there was a ledger of obligations.
const BEFORE_LEDGER: u8 = 8;
/// The last version whose ledger took what only takes back for a report.
const BEFORE_TAKEN_BACK: u8 = 9;
/// The last version of the checkpoint whose records list what there was to keep, before each keeper had its own.
const BEFORE_KEEPERS: u8 = 4;
type RecordBeforeKeepers =
    (Name, EventTime, Vec<Name>, Option<EventTime>, Vec<(Name, SeriesState)>, Option<Box<Derived>>);

/// The last version that keeps who sent what a day holds by the rows' places, and before there was kept what sensors say
/// they raised.
const BEFORE_RAISED: u8 = 7;

/// [`SubjectRecord`] of versions from the first with keepers to that one.
#[derive(Deserialize)]
struct RecordBeforeRaised(Name, Option<EventTime>, Vec<KeptBefore>);

/// [`Kept`] of those.
#[derive(Deserialize)]
enum KeptBefore {
    Measured(MeasuredRecord<SourcesByPlace>),
    Derived(Box<Derived>),
    Counted(Box<CountedBefore>),
}

/// What one keeper keeps of a subject. A kind of row that is kept in a way of its own is one more of these.
#[derive(Debug, Serialize, Deserialize)]
enum Kept {
    /// Measured rows.
    Measured(MeasuredRecord),
    /// What is made of them at a station of the pack.
    Derived(Box<Derived>),
    /// What is counted at a log source of the pack.
    Counted(Box<LogSourceCounts>),
    /// The hours there that others are held against, beside what is made of them.
    Usual(UsualHours),
    /// What agencies said of the cells of a form.
    Reported(Box<Reported>),
    /// What operators asked to have read again.
    Replays(Box<Replays>),
    /// When its gateway said that it is gone.
    Gone(EventTime),
    /// Of counters: what their days hand on, beside their series.
    Counters(Vec<(Name, CounterDays)>),
    /// The clocks that date it, those of which there is anything to remember.
    Clocks(ClocksRecord),
}

/// [`Kept`] as it is written: postcard writes both alike.
#[derive(Serialize)]
enum KeptRef<'a> {
    Measured(MeasuredRef<'a>),
    Derived(&'a Derived),
    Counted(&'a LogSourceCounts),
    Usual(&'a UsualHours),
    Reported(&'a Reported),
    Replays(&'a Replays),
    Gone(EventTime),
    Counters(Vec<(Name, &'a CounterDays)>),
    Clocks(ClocksRecord),
}

impl From<KeptBefore> for Kept {
    fn from(kept: KeptBefore) -> Kept {
        match kept {
            KeptBefore::Measured(measured) => Kept::Measured(measured.of_this_version()),
            KeptBefore::Derived(derived) => Kept::Derived(derived),
            KeptBefore::Counted(counted) => Kept::Counted(Box::new((*counted).into())),
        }
    }
}

impl SubjectState {
    pub(super) fn new(name: Name) -> SubjectState {
        let (measured, told) = (Measured::new(), Told::default());
        let (counted, reported, replays, derived, gone) = Default::default();
        SubjectState { name, due: None, measured, counted, reported, replays, derived, gone, told }
    }

    pub(super) fn load(record: SubjectRecord, indicator: impl Fn(&str) -> IndicatorId) -> SubjectState {
        let mut state = SubjectState { due: record.due, ..SubjectState::new(record.name) };
        for kept in record.kept {
            match kept {
                Kept::Measured(measured) => state.measured = Measured::load(measured, &indicator),
                Kept::Derived(derived) => state.derived = Some(derived),
                Kept::Counted(counted) => state.counted = Some(counted),
                Kept::Usual(usual) => state.derived.get_or_insert_default().usual = usual,
                Kept::Reported(reported) => state.reported = Some(reported),
                Kept::Replays(replays) => state.replays = Some(replays),
                Kept::Gone(at) => state.gone = Some(at),
                Kept::Counters(counters) => state.measured.remember_counters(counters),
                // Whoever holds the subject took them before.
                Kept::Clocks(_) => {}
            }
        }
        state
    }

    pub(super) fn record(&self, clocks: Option<ClocksRecord>) -> Result<Vec<u8>, postcard::Error> {
        let mut kept = vec![KeptRef::Measured(self.measured.record())];
        kept.extend(self.derived.as_deref().map(KeptRef::Derived));
        kept.extend(self.counted.as_deref().map(KeptRef::Counted));
        let usual = self.derived.iter().map(|derived| &derived.usual);
        kept.extend(usual.filter(|usual| !usual.is_empty()).map(KeptRef::Usual));
        kept.extend(self.reported.as_deref().map(KeptRef::Reported));
        kept.extend(self.replays.as_deref().map(KeptRef::Replays));
        kept.extend(self.gone.map(KeptRef::Gone));
        let counters = self.measured.counters();
        kept.extend((!counters.is_empty()).then_some(KeptRef::Counters(counters)));
        kept.extend(clocks.map(KeptRef::Clocks));
        postcard::to_stdvec(&(self.name, self.due, kept))
    }

    /// Whether anything is expected of it as a station.
    pub(super) fn is_operating(&self) -> bool {
        self.derived.as_ref().is_some_and(|derived| derived.is_operating())
    }

    /// The pack is another: what was prepared from it is prepared again.
    pub(super) fn look_anew(&mut self, due: EventTime) {
        self.due = Some(due);
        self.measured.look_anew();
    }

    /// Takes an operator's action: whether it changed something; none if there is no such alert.
    pub(super) fn act(&mut self, now: Now, action: &Action, results: &mut ShardResults) -> Option<bool> {
        let about = if self.counted.is_some() { AlertAbout::LogSource } else { AlertAbout::Station };
        self.derived.as_mut()?.act(now, about, action, results)
    }

    /// What happens at a log source of the pack is counted.
    pub(super) fn count(&mut self) {
        let _ = self.counted.get_or_insert_with(Box::default);
    }

    /// A station of the pack has derived results from now on; one that no longer is one keeps what it has, for what it
    /// is waiting for.
    pub(super) fn derive(&mut self, is_station: bool) {
        if is_station && self.derived.is_none() {
            self.derived = Some(Box::new(Derived::since(self.measured.closed_through())));
        }
    }
}

impl SubjectRecord {
    /// From the bytes of a checkpoint of that version.
    ///
    /// # Errors
    /// If they are none.
    pub fn decode(version: u8, bytes: &[u8]) -> Result<SubjectRecord, postcard::Error> {
        if version > BEFORE_RAISED {
            let read: SubjectRecord = postcard::from_bytes(bytes)?;
            return Ok(SubjectRecord { version, ..read });
        }
        if version > BEFORE_KEEPERS {
            let RecordBeforeRaised(name, due, kept) = postcard::from_bytes(bytes)?;
            let kept = kept.into_iter().map(Kept::from).collect();
            return Ok(SubjectRecord { name, due, kept, version });
        }
        let (name, watermark, feeds, due, series, derived) =
            postcard::from_bytes::<RecordBeforeKeepers>(bytes)?;
        let series = series.into_iter().map(|(name, state)| (name, state, Provenance::default())).collect();
        let mut kept = vec![Kept::Measured(MeasuredRecord(watermark, feeds, series, Decisions::default()))];
        kept.extend(derived.map(Kept::Derived));
        Ok(SubjectRecord { name, due, kept, version })
    }

    /// What of it the ledger is to be told, where it is a form.
    pub(super) fn untold(&self) -> Option<Untold> {
        let is_form = self.kept.iter().any(|kept| matches!(kept, Kept::Reported(_)));
        let untold = match self.version {
            version if version <= BEFORE_LEDGER => Some(Untold::Messages),
            version if version <= BEFORE_TAKEN_BACK => Some(Untold::TakenBack),
            _ => None,
        };
        untold.filter(|_| is_form)
    }

    /// Takes the clocks that date it out.
    pub(super) fn take_clocks(&mut self) -> Option<ClocksRecord> {
        let clocks = self.kept.iter().position(|kept| matches!(kept, Kept::Clocks(_)))?;
        match self.kept.remove(clocks) {
            Kept::Clocks(clocks) => Some(clocks),
            _ => None,
        }
    }

    /// The subject's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its rows and revisions wait for.
    pub fn awaited(&self, calendar: &Calendar) -> impl Iterator<Item = Question> {
        self.kept.iter().flat_map(|kept| match kept {
            Kept::Measured(measured) => measured.awaited(self.name, calendar),
            Kept::Derived(derived) => derived.awaited(self.name).collect(),
            Kept::Counted(counted) => counted.awaited(self.name, |day| calendar.day(day)),
            Kept::Usual(usual) => usual.awaited(self.name).collect(),
            Kept::Reported(_) | Kept::Gone(_) | Kept::Counters(_) | Kept::Clocks(_) => Vec::new(),
            Kept::Replays(replays) => replays.awaited().into_iter().collect(),
        })
    }
}
