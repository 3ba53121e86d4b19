//! One station on the board: the state the dataflow found it in.

use ioc_model::{
    epoch::Epoch,
    name::Name,
    results::StatusResult,
    status::StationStatus,
    time::{EventTime, Now},
};
use serde::{Deserialize, Serialize};

use crate::place::PlaceView;

/// What the board knows of one station. Before it is judged for the first time it has no state, which is not a good
/// one (invariant SILENT).
#[derive(Clone, Debug, Default)]
pub struct StationTile {
    state: Option<State>,
    changed: Epoch,
}

#[derive(Clone, Debug)]
struct State {
    status: StationStatus,
    since: Now,
    last_event: Option<EventTime>,
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
        let StatusResult { status, since, last_event, .. } = *result;
        self.state = Some(State { status, since, last_event });
        self.changed = epoch;
    }

    /// The station as it is sent.
    #[must_use]
    pub fn view(&self, subject: Name) -> StationView {
        StationView {
            subject,
            place: None,
            status: self.state.as_ref().map(|state| state.status),
            since: self.state.as_ref().map(|state| state.since),
            last_event: self.state.as_ref().and_then(|state| state.last_event),
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
    /// Its state; none where it was never judged.
    pub status: Option<StationStatus>,
    /// Since when on the recorded clock.
    pub since: Option<Now>,
    /// The newest event time of any of its indicators when its state changed; none before the first.
    pub last_event: Option<EventTime>,
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
}
