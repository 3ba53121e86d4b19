//! The states of stations and log sources.

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
    schema::COMMITTED,
};

/// How a station, or a log source, is.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct StationState {
    /// Station or log source.
    pub subject: String,
    /// Its state.
    #[serde(with = "words")]
    pub status: StationStatus,
    /// Since when, on the recorded clock.
    pub since: Now,
    /// The newest event time of any of its indicators then; of a log source when its newest line arrived.
    pub last_event: Option<EventTime>,
    /// Of a log source: the record by which its sensor sees too little, as JSON; empty where it sees enough.
    pub sensor: String,
    /// Of a log source: so far its clock is constantly off, in milliseconds.
    pub clock_off: Option<i64>,
}

impl Store {
    /// How every station and log source is that was ever judged, by its name.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn station_states(&self, asker: &Asker) -> Result<Vec<StationState>, StoreError> {
        let states = self.asked_by(asker, |seen| {
            format!(
                "SELECT toString(s.subject) AS subject, toString(s.status) AS status, \
             toUnixTimestamp64Milli(s.since) AS since, \
             toUnixTimestamp64Milli(s.last_event_time) AS last_event, s.sensor AS sensor, \
             s.clock_off_ms AS clock_off \
             FROM station_state_current AS s WHERE true{} ORDER BY subject",
                seen.station("s.subject")
            )
        });
        answer("read the states of stations", states.fetch_all()).await
    }

    /// How log sources were at a moment of the recorded clock, by name; those that were not judged by then are left out.
    /// A state is of no feed: whoever asks names those of which they see something.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn log_source_states(
        &self,
        names: &[String],
        moment: Now,
    ) -> Result<Vec<StationState>, StoreError> {
        let states = self.client().query(&format!(
            "SELECT toString(s.subject) AS subject, toString(s.status) AS status, \
             toUnixTimestamp64Milli(s.since) AS since, \
             toUnixTimestamp64Milli(s.last_event_time) AS last_event, s.sensor AS sensor, \
             s.clock_off_ms AS clock_off \
             FROM station_state AS s WHERE s.subject IN {{names:Array(String)}} \
             AND s.since <= fromUnixTimestamp64Milli({{moment:Int64}}, 'UTC') AND s.epoch <= {COMMITTED} \
             ORDER BY s.subject, s.epoch DESC, s.since DESC LIMIT 1 BY s.subject"
        ));
        let states = states.param("names", names).param("moment", moment.0);
        answer("read the states of log sources", states.fetch_all()).await
    }

    /// From when on what the flow had said of log sources by a moment is stale, if nothing newer comes: it says how they
    /// stand once a minute. None where it had not said anything by then.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn log_sources_stale_from(&self, moment: Now) -> Result<Option<EventTime>, StoreError> {
        let stale_from = self.client().query(&format!(
            "SELECT toUnixTimestamp64Milli(g.stale_from) FROM figure AS g \
             WHERE g.figure = 'log_sources' AND g.at <= fromUnixTimestamp64Milli({{moment:Int64}}, 'UTC') \
             AND g.epoch <= {COMMITTED} ORDER BY g.at DESC, g.epoch DESC LIMIT 1"
        ));
        let stale_from = stale_from.param("moment", moment.0).fetch_optional::<Option<i64>>();
        let stale_from = answer("read how old what is said of log sources is", stale_from).await?;
        Ok(stale_from.flatten().map(EventTime))
    }
}
