//! Up to which moment a place may be carried.
//!
//! What a row says its moment is was written by somebody's clock, or by hand: 2062 where 2026 was meant, `infinity` where
//! nobody knew. A place that followed it would stand behind all that is still to come, and with everything green nothing
//! would be read any more. So no place passes the moment at which its pass began, by the earliest clock that was asked:
//! what says more is read again at each turn until its moment has come (invariant ONCE). What lies ahead by more than any
//! zone or clock explains is told.

use ioc_model::time::Now;
use jiff::{SignedDuration, Timestamp};

/// A local time that does not say its zone is up to 14 hours ahead of the same moment in UTC.
const FAR: SignedDuration = SignedDuration::from_hours(24);

/// The moment that no place passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Horizon(Timestamp);

impl Horizon {
    /// Of a pass that began then, by the machine's clock.
    pub(crate) fn of(began: Now) -> Horizon {
        Horizon(Timestamp::from_millisecond(began.0).unwrap_or_default())
    }

    /// Another clock says that: the earlier one counts.
    pub(crate) fn seen_by(self, clock: Timestamp) -> Horizon {
        Horizon(self.0.min(clock))
    }

    pub(crate) fn at(self) -> Timestamp {
        self.0
    }

    /// How far a place may go that wants to go to a moment.
    pub(crate) fn holds(self, moment: Timestamp) -> Timestamp {
        moment.min(self.0)
    }

    /// Whether a moment lies so far ahead that no clock is meant.
    pub(crate) fn is_far_from(self, moment: Timestamp) -> bool {
        moment.duration_since(self.0) > FAR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_no_clock_of_a_source_carries_the_place_into_the_future() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let now = at("2026-11-02T01:00:00Z");
        let horizon = Horizon::of(Now(now.as_millisecond()));
        assert_eq!(horizon.holds(at("2099-01-01T00:00:00Z")), now);
        assert_eq!(horizon.holds(at("2026-11-01T00:00:00Z")), at("2026-11-01T00:00:00Z"));
        assert_eq!(horizon.seen_by(at("2026-11-02T00:58:00Z")).at(), at("2026-11-02T00:58:00Z"));
        assert_eq!(horizon.seen_by(at("2062-11-02T00:58:00Z")).at(), now);
        // Local time under the name of UTC is no fault.
        assert!(!horizon.is_far_from(at("2026-11-02T15:00:00Z")));
        assert!(horizon.is_far_from(at("2062-11-02T00:00:00Z")) && horizon.is_far_from(Timestamp::MAX));
    }
}
