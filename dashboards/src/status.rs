//! The state of the machinery behind the picture, as the binary sees it about once a second.

use std::sync::Arc;

use ioc_model::time::Now;
use serde::Serialize;

/// What the driver and the supervision know about the pipeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    #[serde(serialize_with = "as_map")]
    pub in_flight: Vec<(Arc<str>, u64)>,
    /// Why the flow halted; none while it runs (invariant LOUD).
    pub halted: Option<String>,
}

/// Whether the bus takes writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

impl SystemStatus {
    /// What keeps the pipeline from doing its work, in an operator's words; none when nothing does.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        if let Some(reason) = &self.halted {
            return Some(format!("the flow is halted: {reason}"));
        }
        match &self.bus {
            BusHealth::Writing => {}
            BusHealth::Full { what, .. } => return Some(format!("the bus is full: {what}")),
            BusHealth::Poisoned { cause, .. } => return Some(format!("the bus is poisoned: {cause}")),
        }
        if let StoreHealth::Away { cause, .. } = &self.clickhouse {
            return Some(format!("clickhouse is away: {cause}"));
        }
        self.stalled_since.map(|since| format!("nothing was committed since {since}"))
    }

    /// Whether the two say the same but for the time.
    #[must_use]
    pub fn same_but_for_time(&self, other: &SystemStatus) -> bool {
        let SystemStatus {
            now: _,
            clock_speed,
            bus,
            clickhouse,
            outstanding_epochs,
            stalled_since,
            replaying,
            in_flight,
            halted,
        } = self;
        *clock_speed == other.clock_speed
            && *bus == other.bus
            && *clickhouse == other.clickhouse
            && *outstanding_epochs == other.outstanding_epochs
            && *stalled_since == other.stalled_since
            && *replaying == other.replaying
            && *in_flight == other.in_flight
            && *halted == other.halted
    }
}

fn as_map<S: serde::Serializer>(pairs: &[(Arc<str>, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(feed, count)| (feed, count)))
}
