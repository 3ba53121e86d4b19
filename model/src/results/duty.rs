//! Facts of what the people on duty look at and do: states of stations, alerts, actions.

use std::{cmp::Ordering, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    fact::{Fact, Ranks, Table},
    limit::Averaging,
    name::Name,
    position::Arrival,
    rule::{AlertAbout, AlertChange, AlertKey, Counted, Priority},
    sensor::SensorRecord,
    status::StationStatus,
    time::{EventTime, Millis, Now},
    usual::Compared,
};

/// A row of the `station_state` table: from this moment on.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusResult {
    /// Station.
    pub subject: Name,
    /// How it is.
    pub status: StationStatus,
    /// The recorded clock when that was found, and what else is said here.
    pub since: Now,
    /// The newest event time of any of its indicators; none before the first.
    pub last_event: Option<EventTime>,
    /// Of a log source: the record by which its sensor sees too little; none where it sees enough, or is none.
    pub sensor: Option<Arc<SensorRecord>>,
    /// So far its clock is constantly off, ahead of its arrivals where it is positive; of a station its sender's clock.
    pub clock_off: Option<Millis>,
}

impl Fact for StatusResult {
    const TABLE: Table = Table { name: "station_state", time_column: "since" };

    fn time(&self) -> i64 {
        self.since.0
    }

    fn size(&self) -> usize {
        56 + self.sensor.as_ref().map_or(0, |_| 256)
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.subject.cmp(&other.subject)
    }
}

/// What an alert was raised, raised again or cleared by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The indicator's or index's word, or `status`, or `sensor`, or what was counted of events.
    pub measure: Name,
    /// Over what it is averaged; none for a status.
    pub averaging: Option<Averaging>,
    /// The window's first moment, or since when the status holds.
    pub start: EventTime,
    /// The first moment behind the window, or when the status had lasted long enough.
    pub end: EventTime,
    /// The value; none for a status.
    pub value: Option<f64>,
    /// What it was held against; none for a status.
    pub threshold: Option<f64>,
    /// The status, where it is one.
    pub status: Option<StationStatus>,
    /// The events that were counted, where it is they.
    pub events: Option<Arc<Counted>>,
    /// The hours that the window was held against, where it was they.
    pub compared: Option<Arc<Compared>>,
    /// The record of itself that a sensor wrote, where it is that.
    pub sensor: Option<Arc<SensorRecord>>,
}

/// A row of the `alert` table: an alert after something happened to it.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertResult {
    /// Which alert.
    pub key: AlertKey,
    /// What its subject is.
    pub about: AlertAbout,
    /// What happened.
    pub change: AlertChange,
    /// As the rule had it then.
    pub priority: Priority,
    /// Whether its condition holds.
    pub active: bool,
    /// Whether somebody took it on.
    pub acknowledged: bool,
    /// How often it became active.
    pub occurrences: u32,
    /// The recorded clock.
    pub at: Now,
    /// What made it so; none for an acknowledgement.
    pub evidence: Option<Evidence>,
    /// By whom; empty where nobody was.
    pub user: Box<str>,
    /// In their words.
    pub note: Box<str>,
    /// Its place among the changes of its epoch, given when they are arranged: what happened to one alert in one epoch
    /// is in order, also where a month's end or a block's size parts it.
    pub seq: u32,
}

impl Fact for AlertResult {
    const TABLE: Table = Table { name: "alert", time_column: "at" };

    fn time(&self) -> i64 {
        self.at.0
    }

    fn size(&self) -> usize {
        self.user.len() + self.note.len() + 192
    }

    /// What happened to one alert stays in the order in which it happened.
    fn compare(&self, other: &Self) -> Ordering {
        (&self.key.rule, &self.key.subject).cmp(&(&other.key.rule, &other.key.subject))
    }

    fn arrange(rows: &mut Vec<Self>, _: &mut Ranks) {
        rows.sort_by(Self::compare);
        (0..).zip(rows).for_each(|(seq, row)| row.seq = seq);
    }
}

/// A row of the `action` table.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAction {
    /// Which alert.
    pub alert: AlertKey,
    /// By whom.
    pub user: Box<str>,
    /// In their words.
    pub note: Box<str>,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it; empty where that was not recorded.
    pub sender: Name,
    /// When and where it arrived.
    pub arrival: Arrival,
    /// Whether it changed the alert: the first acknowledgement does.
    pub effective: bool,
}

impl Fact for StoredAction {
    const TABLE: Table = Table { name: "action", time_column: "received_at" };

    fn time(&self) -> i64 {
        self.arrival.received_at.0
    }

    fn size(&self) -> usize {
        self.user.len() + self.note.len() + 96
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.arrival.place().cmp(&other.arrival.place())
    }
}
