//! One station on the board: the state the dataflow found it in.

use ioc_model::{
    epoch::Epoch,
    figure::StationStanding,
    name::Name,
    results::StatusResult,
    rule::Priority,
    status::StationStatus,
    time::{EventTime, Millis, Now},
};
use serde::{Deserialize, Serialize};

use crate::{
    concern::{self, Concern},
    place::PlaceView,
};

/// What the board knows of one station. Before it is judged for the first time it has no state, which is not a good
/// one (invariant SILENT).
#[derive(Clone, Debug, Default)]
pub struct StationTile {
    state: Option<State>,
    missing: Missing,
    changed: Epoch,
}

/// Indicators of a station of which nothing is there that could be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// How many never came.
    pub never: u32,
    /// How many came too long ago.
    pub stale: u32,
    /// The oldest moment of those; none where there are none.
    pub since: Option<EventTime>,
    /// How many are expected.
    pub all: u32,
}

#[derive(Clone, Debug)]
struct State {
    status: StationStatus,
    since: Now,
    last_event: Option<EventTime>,
    clock_off: Option<Millis>,
}

impl StationTile {
    /// The last epoch that changed it.
    #[must_use]
    pub fn changed(&self) -> Epoch {
        self.changed
    }

    /// Takes the state an epoch found; one of an earlier epoch is not news.
    pub fn judge(&mut self, epoch: Epoch, result: &StatusResult) {
        if epoch < self.changed {
            return;
        }
        let StatusResult { status, since, last_event, clock_off, .. } = *result;
        self.state = Some(State { status, since, last_event, clock_off });
        self.changed = epoch;
    }

    /// Expects indicators of it, none of which came so far: no news.
    pub fn expect(&mut self, all: u32) {
        if self.missing == Missing::default() {
            self.missing = Missing { never: all, all, ..Missing::default() };
        }
    }

    /// Expects nothing of it: no pack says any more what it measures, so nothing is missing.
    pub fn expect_nothing(&mut self) {
        self.missing = Missing::default();
    }

    /// Takes what is missing of it: it changes with the clock alone.
    pub fn count(&mut self, epoch: Epoch, missing: Missing) {
        if self.missing != missing {
            self.missing = missing;
            self.changed = self.changed.max(epoch);
        }
    }

    fn standing(&self) -> Option<StationStanding> {
        let State { status, last_event, .. } = self.state.as_ref()?;
        let Missing { never, stale, all, .. } = self.missing;
        Some(StationStanding::of(*status, last_event.is_some() || never < all, never + stale))
    }

    /// The station as it is sent.
    #[must_use]
    pub fn view(&self, subject: Name) -> StationView {
        StationView {
            subject,
            place: None,
            standing: self.standing(),
            priority: self.standing().and_then(StationStanding::priority),
            missing: self.missing,
            concerns: concern::of_station(self.missing),
            status: self.state.as_ref().map(|state| state.status),
            since: self.state.as_ref().map(|state| state.since),
            last_event: self.state.as_ref().and_then(|state| state.last_event),
            clock_off: self.state.as_ref().and_then(|state| state.clock_off),
        }
    }
}

/// A station's state as the page gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StationView {
    /// Station.
    pub subject: Name,
    /// Where it is; none where no pack says so.
    pub place: Option<PlaceView>,
    /// How it stands, as the figure of the stations counts it; none where it was never judged.
    pub standing: Option<StationStanding>,
    /// How urgent that is; none where there is nothing to act on.
    pub priority: Option<Priority>,
    /// What of it is missing.
    pub missing: Missing,
    /// What of that is abnormal.
    pub concerns: Vec<Concern>,
    /// Its state; none where it was never judged.
    pub status: Option<StationStatus>,
    /// Since when on the recorded clock.
    pub since: Option<Now>,
    /// The newest event time of any of its indicators when its state changed; none before the first.
    pub last_event: Option<EventTime>,
    /// So far its sender's clock is off, ahead of its arrivals where it is positive: what it dates since is suspect. None
    /// where it is right, or nobody knows.
    pub clock_off: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(status: StationStatus, since: i64) -> StatusResult {
        StatusResult {
            subject: "st".into(),
            status,
            since: Now(since),
            last_event: Some(EventTime(since - 1)),
            sensor: None,
            clock_off: None,
        }
    }

    #[test]
    fn a_station_that_was_never_judged_has_no_state_and_an_older_state_is_not_news_silent() {
        let mut tile = StationTile::default();
        assert_eq!(tile.view("st".into()).status, None);
        tile.judge(Epoch(5), &found(StationStatus::Silent, 50));
        tile.judge(Epoch(4), &found(StationStatus::Good, 40));
        let view = tile.view("st".into());
        assert_eq!((view.status, view.since), (Some(StationStatus::Silent), Some(Now(50))));
        assert_eq!(tile.changed(), Epoch(5));
    }

    #[test]
    fn silent_a_station_of_which_an_indicator_gets_old_is_not_good_any_more() {
        let mut tile = StationTile::default();
        tile.count(Epoch(1), Missing { never: 2, all: 2, ..Missing::default() });
        assert_eq!(tile.view("st".into()).standing, None);
        tile.judge(Epoch(2), &found(StationStatus::Good, 50));
        tile.count(Epoch(2), Missing { all: 2, ..Missing::default() });
        assert_eq!(tile.view("st".into()).standing, Some(StationStanding::Good));
        let old = Missing { stale: 1, since: Some(EventTime(3)), all: 2, never: 0 };
        tile.count(Epoch(7), old);
        tile.count(Epoch(8), old);
        let view = tile.view("st".into());
        assert_eq!((view.standing, view.priority), (Some(StationStanding::Partial), Some(Priority::Medium)));
        assert_eq!(tile.changed(), Epoch(7), "who looks is told once");
    }
}
