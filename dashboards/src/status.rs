//! The state of the machinery behind the picture, as the binary sees it about once a second.

use std::collections::BTreeMap;

use ioc_model::{asker::Asker, name::Name, time::Now};
use serde::{Deserialize, Serialize};

use crate::{clients::NoticeView, pack::PackStatus};

/// What the driver and the supervision know about the pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SystemStatus {
    /// The product's clock (the machine's, or the demo's).
    pub now: Now,
    /// Seconds of that clock in a second: 1 unless recorded data is replayed.
    pub clock_speed: f64,
    /// Whether the bus takes writes.
    pub bus: BusHealth,
    /// Whether ClickHouse answers.
    pub clickhouse: StoreHealth,
    /// Epochs handed to the dataflow or the store that are not committed yet.
    pub outstanding_epochs: u64,
    /// Since when nothing was committed although epochs are under way; none while they are.
    pub stalled_since: Option<Now>,
    /// Recorded epochs are still being replayed after a start: the picture is on its way to now.
    pub replaying: bool,
    /// Durable envelopes of each feed that no committed epoch holds yet, counted from positions.
    #[serde(serialize_with = "as_map", deserialize_with = "of_map")]
    pub in_flight: Vec<(Name, u64)>,
    /// When that count began: with a long backlog it is older than the rest. None before the first.
    pub in_flight_at: Option<Now>,
    /// Senders that wait because they send more than their share while the flow is behind: some of them by name.
    pub held_back: HeldBack,
    /// What happened lately where senders come in: take-overs, wrong passwords, versions that are not spoken. The newest
    /// first.
    pub door: Vec<NoticeView>,
    /// Why the flow halted; none while it runs (invariant LOUD).
    pub halted: Option<String>,
    /// How the archive of raw envelopes follows.
    pub archive: ArchiveStatus,
    /// Which pack is in effect, and whether its folder holds another.
    pub pack: PackStatus,
}

/// Senders that are held back to their share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    /// How many there are.
    pub count: usize,
    /// Some of them: login, and client id where they have one.
    pub senders: Vec<String>,
}

/// Whether the bus takes writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BusHealth {
    /// It does.
    Writing,
    /// The disk or the configured size is full: senders wait.
    Full {
        /// What is full.
        what: String,
        /// Since when.
        since: Now,
    },
    /// A partition takes nothing more until the process is started again.
    Poisoned {
        /// The first failure.
        cause: String,
        /// Since when.
        since: Now,
    },
}

/// Whether ClickHouse answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StoreHealth {
    /// It does.
    Up,
    /// It does not: epochs wait, and the page stands still.
    Away {
        /// What it answered last.
        cause: String,
        /// Since when.
        since: Now,
    },
}

impl BusHealth {
    /// The word it is told by.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            BusHealth::Writing => "writing",
            BusHealth::Full { .. } => "full",
            BusHealth::Poisoned { .. } => "poisoned",
        }
    }

    /// What is full, or failed first; none while it takes writes.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        match self {
            BusHealth::Writing => None,
            BusHealth::Full { what: cause, .. } | BusHealth::Poisoned { cause, .. } => Some(cause),
        }
    }

    /// What is wrong, in an operator's words; none while it is well.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        Some(format!("the bus is {}: {}", self.word(), self.cause()?))
    }
}

impl StoreHealth {
    /// The word it is told by.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            StoreHealth::Up => "up",
            StoreHealth::Away { .. } => "away",
        }
    }

    /// What it answered last; none while it answers as it should.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        match self {
            StoreHealth::Up => None,
            StoreHealth::Away { cause, .. } => Some(cause),
        }
    }

    /// What is wrong, in an operator's words; none while it is well.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        Some(format!("clickhouse is {}: {}", self.word(), self.cause()?))
    }
}

/// How the archive of raw envelopes follows the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveStatus {
    /// Whether it does.
    pub state: ArchiveState,
    /// Why it does not; none while it does.
    pub cause: Option<String>,
    /// Since when it does not.
    pub since: Option<Now>,
    /// Offsets of committed envelopes that lie on the log alone.
    pub behind_offsets: u64,
    /// Bytes of the log they take, judged by those archived last.
    pub behind_bytes: u64,
    /// When a pass was done last.
    pub last_pass_at: Option<Now>,
    /// Offsets between its passes that neither it nor the log has.
    pub missing_offsets: u64,
    /// Files in its folders that no record names.
    pub stray_files: u64,
}

/// Whether the archive follows the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveState {
    /// Nothing is archived, by choice.
    #[default]
    Off,
    /// It does.
    Up,
    /// It does, but so slowly that the log fills up.
    Behind,
    /// Its disk has no room: it waits, and the log keeps what is not archived.
    Full,
    /// It cannot be written, or the log not be read.
    Failing,
}

impl ArchiveState {
    /// The word it is told by.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ArchiveState::Off => "off",
            ArchiveState::Up => "up",
            ArchiveState::Behind => "behind",
            ArchiveState::Full => "full",
            ArchiveState::Failing => "failing",
        }
    }
}

impl ArchiveStatus {
    /// Whether it does what it should.
    #[must_use]
    pub fn is_well(&self) -> bool {
        matches!(self.state, ArchiveState::Off | ArchiveState::Up)
    }

    /// What is wrong, in an operator's words; none while it is well.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let cause = self.cause.as_deref().unwrap_or("no cause is known");
        match self.state {
            ArchiveState::Off | ArchiveState::Up => None,
            ArchiveState::Behind => Some(format!("the archive is behind: {cause}")),
            ArchiveState::Full => Some(format!("the archive has no room: {cause}")),
            ArchiveState::Failing => Some(format!("the archive fails: {cause}")),
        }
    }
}

impl SystemStatus {
    /// What of it somebody sees: how the machinery is concerns all, which senders there are and what they do only who
    /// sees everything.
    #[must_use]
    pub(crate) fn seen_by(mut self, asker: &Asker) -> SystemStatus {
        if !asker.sees_everything() {
            self.in_flight.retain(|(feed, _)| asker.sees_feed(feed));
            self.held_back.senders.clear();
            self.door.clear();
        }
        self
    }

    /// What keeps the pipeline from doing its work, in an operator's words; none when nothing does.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        if let Some(reason) = &self.halted {
            return Some(format!("the flow is halted: {reason}"));
        }
        if let Some(trouble) = self.bus.trouble().or_else(|| self.clickhouse.trouble()) {
            return Some(trouble);
        }
        if let Some(since) = self.stalled_since {
            return Some(format!("nothing was committed since {since}"));
        }
        // As long as the log has room, a waiting archive keeps nobody from anything.
        (self.archive.state == ArchiveState::Behind).then(|| self.archive.trouble())?
    }

    /// Whether the two say the same but for the time.
    #[must_use]
    pub(crate) fn same_but_for_time(&self, other: &SystemStatus) -> bool {
        let SystemStatus {
            now: _,
            clock_speed,
            bus,
            clickhouse,
            outstanding_epochs,
            stalled_since,
            replaying,
            in_flight,
            in_flight_at: _,
            held_back,
            door,
            halted,
            archive,
            pack,
        } = self;
        // How far it is behind moves with every epoch: that alone is no news.
        let ArchiveStatus {
            state,
            cause,
            since,
            behind_offsets: _,
            behind_bytes: _,
            last_pass_at,
            missing_offsets,
            stray_files,
        } = archive;
        *clock_speed == other.clock_speed
            && *bus == other.bus
            && *clickhouse == other.clickhouse
            && *outstanding_epochs == other.outstanding_epochs
            && *stalled_since == other.stalled_since
            && *replaying == other.replaying
            && *in_flight == other.in_flight
            && *held_back == other.held_back
            && *door == other.door
            && *halted == other.halted
            && *pack == other.pack
            && *state == other.archive.state
            && *cause == other.archive.cause
            && since.is_some() == other.archive.since.is_some()
            && last_pass_at.is_some() == other.archive.last_pass_at.is_some()
            && *missing_offsets == other.archive.missing_offsets
            && *stray_files == other.archive.stray_files
    }
}

fn as_map<S: serde::Serializer>(pairs: &[(Name, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(feed, count)| (feed, count)))
}

fn of_map<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<(Name, u64)>, D::Error> {
    let map = BTreeMap::<Name, u64>::deserialize(deserializer)?;
    Ok(map.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_told_by_the_word_it_is_written_with() {
        let (since, cause) = (Now(1), || "x".to_owned());
        let written = |state: serde_json::Value| state["state"].as_str().map(str::to_owned);
        let full = BusHealth::Full { what: cause(), since };
        for bus in [BusHealth::Writing, full, BusHealth::Poisoned { cause: cause(), since }] {
            assert_eq!(written(serde_json::to_value(&bus).unwrap()).as_deref(), Some(bus.word()));
            assert_eq!(bus.trouble().is_some(), bus != BusHealth::Writing);
        }
        for store in [StoreHealth::Up, StoreHealth::Away { cause: cause(), since }] {
            assert_eq!(written(serde_json::to_value(&store).unwrap()).as_deref(), Some(store.word()));
            assert_eq!(store.trouble().is_some(), store != StoreHealth::Up);
        }
        use ArchiveState::{Behind, Failing, Full, Off, Up};
        for state in [Off, Up, Behind, Full, Failing] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
    }
}
