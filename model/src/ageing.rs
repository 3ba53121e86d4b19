//! How much its age says against a number: the one rule, for who judges and for who shows.
//!
//! What is there is within what is promised, or late, or stale: beyond twice what is promised its judgement is withheld.
//! When it gets so is said as two moments, so that a page, a wall and a terminal need no rule of their own and nothing
//! looks current because data stopped (invariant SILENT). Between machines a little time passes, at the speed of a replay
//! a lot of the product's: who shows compares with that grace.

use serde::{Deserialize, Serialize};

use crate::{
    figure::Freshness,
    time::{EventTime, Millis},
};

/// What may pass from a machine to who looks, on the clock of the wall.
const GRACE: Millis = Millis(3_000);

/// The grace on the product's clock, at so many seconds of it in a second.
#[must_use]
pub fn grace(clock_speed: f64) -> Millis {
    Millis((GRACE.0 as f64 * clock_speed) as i64)
}

/// When something gets late and stale, if nothing newer comes; none where nothing is promised or nothing ever was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ages {
    /// From when on it is late.
    pub late_from: Option<EventTime>,
    /// From when on it is stale.
    pub stale_from: Option<EventTime>,
}

impl Ages {
    /// Of what was so at a moment and may take so long to be followed.
    #[must_use]
    pub fn of(moment: EventTime, allowed: Millis) -> Ages {
        let late_from = moment.plus(allowed).plus(Millis(1));
        let stale_from = moment.plus(allowed).plus(allowed).plus(Millis(1));
        Ages { late_from: Some(late_from), stale_from: Some(stale_from) }
    }

    /// How it is at a moment, when it was said to be that.
    #[must_use]
    pub fn by(self, said: Freshness, now: EventTime, grace: Millis) -> Freshness {
        let passed = |from: Option<EventTime>| from.is_some_and(|from| now >= from.plus(grace));
        match said {
            _ if passed(self.stale_from) => Freshness::Stale,
            Freshness::Fresh if passed(self.late_from) => Freshness::Late,
            said => said,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_what_nothing_follows_gets_late_and_stale_with_the_clock_alone() {
        let ages = Ages::of(EventTime(1_000), Millis(100));
        let at = |now, grace| ages.by(Freshness::Fresh, EventTime(now), Millis(grace));
        assert_eq!(
            [1_100, 1_101, 1_200, 1_201].map(|now| at(now, 0)),
            [Freshness::Fresh, Freshness::Late, Freshness::Late, Freshness::Stale]
        );
        assert_eq!(
            [1_150, 1_151, 1_250, 1_251].map(|now| at(now, 50)),
            [Freshness::Fresh, Freshness::Late, Freshness::Late, Freshness::Stale]
        );
        assert_eq!(ages.by(Freshness::Missing, EventTime(1_150), Millis(0)), Freshness::Missing);
        assert_eq!(ages.by(Freshness::Missing, EventTime(1_201), Millis(0)), Freshness::Stale);
        assert_eq!(Ages::default().by(Freshness::Never, EventTime(i64::MAX), Millis(0)), Freshness::Never);
        assert_eq!((grace(1.0), grace(60.0)), (Millis(3_000), Millis(180_000)));
    }
}
