//! The states of stations.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    status::StationStatus,
    time::{EventTime, Now},
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// How a station is.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct StationState {
    /// Station.
    pub subject: String,
    /// Its state.
    #[serde(with = "words")]
    pub status: StationStatus,
    /// Since when, on the recorded clock.
    pub since: Now,
    /// The newest event time of any of its indicators then.
    pub last_event: Option<EventTime>,
}

impl Store {
    /// How every station is that was ever judged, by station.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn station_states(&self, asker: &Asker) -> Result<Vec<StationState>, StoreError> {
        let states = self.asked_by(asker, |seen| {
            format!(
                "SELECT toString(s.subject) AS subject, toString(s.status) AS status, \
             toUnixTimestamp64Milli(s.since) AS since, \
             toUnixTimestamp64Milli(s.last_event_time) AS last_event \
             FROM station_state_current AS s WHERE true{} ORDER BY subject",
                seen.station("s.subject")
            )
        });
        answer("read the states of stations", states.fetch_all()).await
    }
}
