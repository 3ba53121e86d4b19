//! The states of stations.

use clickhouse::Row;
use serde::{Deserialize, Serialize};

use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// How a station is.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct StationState {
    /// Station.
    pub subject: String,
    /// Its state, as a word.
    pub status: String,
    /// Since when, on the recorded clock.
    pub since: i64,
    /// The newest event time of any of its indicators then.
    pub last_event: Option<i64>,
}

impl Store {
    /// How every station is that was ever judged, by station.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn station_states(&self) -> Result<Vec<StationState>, StoreError> {
        let states = self.client().query(
            "SELECT toString(s.subject) AS subject, toString(s.status) AS status, \
             toUnixTimestamp64Milli(s.since) AS since, \
             toUnixTimestamp64Milli(s.last_event_time) AS last_event \
             FROM station_state_current AS s ORDER BY subject",
        );
        answer("read the states of stations", states.fetch_all()).await
    }
}
