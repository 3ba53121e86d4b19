//! What operators asked to have read again, and how far that is.
//!
//! One replay after the other, and of each a portion at a time: the next portion is asked for when the one before is
//! applied, so it sees what that one stored, no message is read by two at once, and live data never waits for more than a
//! portion (invariants ONCE, BOUND). What a portion is the store answers; the recorded answer names the messages and holds
//! their bytes, so that a replay of the epoch needs neither log nor archive for them (invariant REPLAY). One that can never
//! be brought ends the replay, which says why: the same question would have the same answer at each start.

use std::collections::VecDeque;

use ioc_model::{
    action::OPERATOR,
    epoch::Epoch,
    name::Name,
    position::Position,
    question::{About, Answer, Found, Question},
    replay::{Replay, ReplayPortion, ReplayScope},
    results::StoredReplay,
    time::{EventTime, ReceivedAt},
};
use serde::{Deserialize, Serialize};

use crate::step::ShardResults;

/// Replays that are not done, the first of them under way.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Replays(VecDeque<UnderWay>);

/// A replay.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct UnderWay {
    replay: Replay,
    /// The epoch that asked for the portion that is awaited.
    asked: Epoch,
    /// The last message that was read.
    after: Option<(ReceivedAt, Position)>,
    /// How many were.
    read: u64,
}

impl UnderWay {
    fn question(&self) -> Question {
        let Replay { of, scope, reason, from, until, arrival, .. } = self.replay;
        let until = match scope {
            ReplayScope::Rejects => until,
            // What comes later is read by the mended pack as it comes, and there is no end of it.
            ReplayScope::Stored => until.min(arrival.received_at),
        };
        let portion = ReplayPortion { replay: arrival, of, scope, reason, after: self.after };
        Question {
            subject: Name::new(OPERATOR),
            about: About::Replay(portion),
            from: EventTime(from.0),
            to: EventTime(until.0),
            asked: self.asked,
        }
    }
}

impl Replays {
    /// Takes one in.
    pub(crate) fn take(&mut self, replay: Replay, epoch: Epoch, results: &mut ShardResults) {
        results.counts.entry(replay.feed).or_default().stored += 1;
        results.facts.replays.push(StoredReplay {
            replay: replay.clone(),
            done: None,
            error: Box::default(),
        });
        self.0.push_back(UnderWay { replay, asked: epoch, after: None, read: 0 });
        if self.0.len() == 1 {
            self.ask(epoch, results);
        }
    }

    /// A portion was read in this epoch: the next one is asked for, or the next replay begins.
    pub(crate) fn answered(&mut self, answer: &Answer, epoch: Epoch, results: &mut ShardResults) {
        let Found::Messages(found) = &answer.found else { return };
        let Some(first) = self.0.front_mut().filter(|first| first.question() == answer.question) else {
            return;
        };
        first.read += found.messages.len() as u64;
        first.after = found.last().or(first.after);
        if !found.more {
            let UnderWay { replay, read, .. } = first.clone();
            let _ = self.0.pop_front();
            let error = found.failed.clone().unwrap_or_default();
            results.facts.replays.push(StoredReplay { replay, done: Some(read), error });
        }
        self.ask(epoch, results);
    }

    fn ask(&mut self, epoch: Epoch, results: &mut ShardResults) {
        if let Some(first) = self.0.front_mut() {
            first.asked = epoch;
            results.questions.push(first.question());
        }
    }

    /// What it waits for.
    pub(crate) fn awaited(&self) -> Option<Question> {
        self.0.front().map(UnderWay::question)
    }
}
