//! The one clock of the process: the machine's, or the demo's.
//!
//! Ingest stamps received-at with it and the driver records it as an epoch's `now`; nothing else may ask the time
//! of day. The demo's clock starts at a moment of the replayed data and runs faster; it is the same to everybody.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ioc_model::time::{Millis, Now, ReceivedAt};
use serde::{Deserialize, Serialize};

/// Tells the time of day. `Copy`, so that everyone has the same one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Clock {
    /// The machine's clock.
    Machine,
    /// At machine time `origin` it was `start`; since then `speed` demo seconds pass in a second.
    Demo {
        /// Milliseconds since 1970 on the machine's clock.
        origin: i64,
        /// Milliseconds since 1970 on the demo's clock.
        start: i64,
        /// Demo seconds in a second.
        speed: f64,
    },
}

impl Clock {
    /// The time of day.
    #[must_use]
    pub fn now(&self) -> Now {
        let machine = machine_millis();
        match *self {
            Clock::Machine => Now(machine),
            Clock::Demo { origin, start, speed } => Now(start + ((machine - origin) as f64 * speed) as i64),
        }
    }

    /// The time of day, for an envelope.
    #[must_use]
    pub fn received_at(&self) -> ReceivedAt {
        ReceivedAt(self.now().0)
    }

    /// How long a span of this clock lasts for the machine.
    #[must_use]
    pub fn machine_duration(&self, span: Millis) -> Duration {
        let millis = u64::try_from(span.0).unwrap_or(0);
        match *self {
            Clock::Machine => Duration::from_millis(millis),
            Clock::Demo { speed, .. } => Duration::from_secs_f64(millis as f64 / 1_000.0 / speed.max(1e-6)),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place that asks")]
fn machine_millis() -> i64 {
    // A machine whose clock stands before 1970 gets 1970: every event time is then rejected as future, and counted.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
