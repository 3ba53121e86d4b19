//! One step of the flow: the recorded facts that go in, and what comes out of a shard.

use std::{collections::BTreeMap, sync::Arc};

use ioc_decode::Decoder;
use ioc_model::{
    action::Action,
    counts::Counts,
    epoch::Epoch,
    name::Name,
    names::SubjectId,
    pack::PackVersion,
    position::{Arrival, Position},
    question::{About, Answer, Found, Question},
    rebirth::RebirthWanted,
    replay::ReplayedMessage,
    results::{Facts, MessagesRead},
    time::{EventTime, Millis, Now},
};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

pub use crate::{
    derive::statement::SubjectStatement,
    ledger::{Filed, Outcome},
    suspects::Suspected,
};
use crate::{halt::Halt, log_sources::EventResults};

/// The recorded facts of an epoch, as every worker is told them. They hold nothing that only this process knows: the pack
/// goes by its version, and whoever works has its decoder from the [`PackVersions`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochFacts {
    /// The epoch.
    pub epoch: Epoch,
    /// The recorded wall clock.
    pub now: Now,
    /// The pack its rows are decoded and judged with.
    pub pack: PackVersion,
    /// What the store answered.
    pub answers: Vec<Answer>,
    /// Points further behind what is closed than this leave the state with their day.
    pub horizon: Millis,
}

impl EpochFacts {
    /// The messages that the epoch reads again, by position, a portion after the other.
    pub(crate) fn replays(&self) -> impl Iterator<Item = (Arrival, &ReplayedMessage)> {
        self.answers.iter().flat_map(|answer| match (&answer.question.about, &answer.found) {
            (About::Replay(portion), Found::Messages(found)) => {
                found.messages.iter().map(|message| (portion.replay, message)).collect::<Vec<_>>()
            }
            _ => Vec::new(),
        })
    }

    /// Where they lie.
    pub(crate) fn replayed(&self) -> FxHashSet<Position> {
        self.replays().map(|(_, message)| message.position).collect()
    }
}

/// The packs by their versions.
pub trait PackVersions: Send + Sync {
    /// The one new epochs are decoded with.
    fn current(&self) -> Arc<Decoder>;

    /// The one a recorded epoch names.
    ///
    /// # Errors
    /// If that version was not kept: the flow halts.
    fn version(&self, version: &PackVersion) -> Result<Arc<Decoder>, Halt>;
}

/// That the gateway of a station says that it is there, or that it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The station, by its number in this process.
    pub subject: SubjectId,
    /// Whether it is there.
    pub is_there: bool,
    /// When that came,
    pub at: EventTime,
    /// and in which message.
    pub position: Position,
}

/// What an epoch made in one shard; observations by position, the rest as it was made.
#[derive(Debug, Default)]
pub struct ShardResults {
    /// The epoch's recorded clock.
    pub now: Now,
    /// What is stored, without the feeds' counts.
    pub facts: Facts,
    /// What became of judged rows, by feed.
    pub counts: FxHashMap<Name, Counts>,
    /// What the store must be asked.
    pub questions: Vec<Question>,
    /// What subjects say for the figures: those of which something changed.
    pub said: Vec<SubjectStatement>,
    /// What alerts of addresses and users say for them: those that changed.
    pub suspected: Vec<Suspected>,
    /// What became of messages of forms, for the ledger of obligations.
    pub filed: Vec<Filed>,
    /// What operators did about the ledger's alerts.
    pub acts: Vec<Action>,
    /// How many rows messages had.
    pub read: Vec<MessagesRead>,
    /// Where the messages lie of which rows began to wait for an answer, one entry a row.
    pub waited: Vec<Position>,
    /// How many sightings or addresses a rule of events forgot, since there were more than are kept.
    pub forgotten: BTreeMap<Name, u64>,
    /// How many events of hosts behind each relay are not told apart from others.
    pub untold: BTreeMap<Name, u64>,
    /// Nodes that should be born again.
    pub rebirths: Vec<RebirthWanted>,
    /// How much of births and of nodes of each sender there was no room for.
    pub births_cut: BTreeMap<Name, u64>,
    /// Whether a state or an alert changed: the figures of the duty do not wait for their minute.
    pub urgent: bool,
}

impl ShardResults {
    /// Adds what became of the worker's events.
    pub(crate) fn add(&mut self, reported: EventResults) {
        let EventResults { facts, counts, questions, waited, unsure: _ } = reported;
        self.facts.gather(facts);
        for (feed, more) in counts {
            self.counts.entry(feed).or_default().add(&more);
        }
        self.questions.extend(questions);
        self.waited.extend(waited);
    }

    /// Counts something that a rule of events could not keep.
    pub(crate) fn forget(&mut self, rule: Name) {
        *self.forgotten.entry(rule).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        calendar::DayNumber,
        observation::Quality,
        position::Arrival,
        question::{About, Found, RecalledRow},
    };

    use super::*;

    #[test]
    fn replay_what_a_worker_is_told_is_the_same_in_another_process() {
        let about = About::Day { indicator: "pm25".into(), day: DayNumber(20_000) };
        let (from, to) = (EventTime(0), EventTime(86_400_000));
        let row = RecalledRow {
            event_time: EventTime(1),
            value: 0.1 + 0.2,
            quality: Quality::Good,
            arrival: Arrival::default(),
            feed: "air".into(),
            sender: "gateway".into(),
        };
        let question = Question { subject: "S0".into(), about, from, to, asked: Epoch(3) };
        let facts = EpochFacts {
            epoch: Epoch(7),
            now: Now(1_000),
            pack: PackVersion("one".to_owned()),
            answers: vec![Answer { question, found: Found::Rows(vec![row]) }],
            horizon: Millis::hours(36),
        };
        let bytes = postcard::to_stdvec(&facts).unwrap();
        assert_eq!(postcard::from_bytes::<EpochFacts>(&bytes).unwrap(), facts);
    }
}
