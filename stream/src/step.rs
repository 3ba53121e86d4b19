//! One step of the flow: the recorded facts that go in, and what comes out of a shard.

use std::sync::Arc;

use ioc_decode::Decoder;
use ioc_model::{
    counts::Counts,
    epoch::Epoch,
    name::Name,
    question::{Answer, Question},
    results::Facts,
    time::{Millis, Now},
};
use rustc_hash::FxHashMap;

/// The recorded facts of an epoch, and the pack version they name.
#[derive(Debug)]
pub struct EpochFacts {
    /// The epoch.
    pub epoch: Epoch,
    /// The recorded wall clock.
    pub now: Now,
    /// Decoder under the recorded pack.
    pub decoder: Arc<Decoder>,
    /// What the store answered.
    pub answers: Vec<Answer>,
    /// Points further behind what is closed than this leave the state with their day.
    pub horizon: Millis,
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
}
