//! Facts of the whole province: the figures of the overview.

use std::{cmp::Ordering, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    fact::{Fact, Table},
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind},
    name::Name,
    rule::Priority,
    time::{EventTime, Now},
};

/// A row of the `figure` table: a figure as it stood at a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureResult {
    /// Which.
    pub figure: FigureId,
    /// The recorded clock it was worked out at.
    pub at: Now,
    /// First moment of what it is of.
    pub start: EventTime,
    /// First moment behind what it is of; `start` where it is of a moment.
    pub end: EventTime,
    /// Its number; none where there is none, and `reason` says why.
    pub value: Option<f64>,
    /// The number beside it: stations there are, alerts that nobody took on.
    pub of: Option<f64>,
    /// What it should keep.
    pub target: Option<f64>,
    /// How it stands to that.
    pub verdict: FigureVerdict,
    /// Why.
    pub reason: FigureReason,
    /// How urgent that is; none where there is nothing to act on.
    pub priority: Option<Priority>,
    /// How its age speaks against it.
    pub freshness: Freshness,
    /// From when on it is late if nothing newer comes; none where it is not of anything.
    pub late_from: Option<EventTime>,
    /// From when on it is stale if nothing newer comes.
    pub stale_from: Option<EventTime>,
    /// How many of those it is made of count.
    pub count: u64,
    /// How many could.
    pub expected: u64,
    /// How those stand that it is made of, by word: stations by standing, alerts by priority, envelopes and rows.
    pub parts: Vec<(Name, u64)>,
    /// Hour by hour, where it is of hours: from `start` to `end`, the oldest first.
    pub hours: Vec<FigureHour>,
    /// How many `inputs` there were.
    pub inputs_all: u64,
    /// What it was made of, what decides it first; of many the first.
    pub inputs: Vec<FigureInput>,
}

/// An hour of a figure, judged as the figure is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureHour {
    /// Its first moment.
    pub start: EventTime,
    /// Its number in the unit of the figure; none where nothing of the hour could be judged.
    pub value: Option<f64>,
    /// How that stands to the target.
    pub verdict: FigureVerdict,
}

/// One of those a figure was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureInput {
    /// What it is, and so how it is opened.
    pub kind: InputKind,
    /// Station, or feed; of an alert what it is about.
    pub subject: Arc<str>,
    /// Index, limit, indicator or rule; empty for a station and a feed.
    pub measure: Name,
    /// First moment of the window, of a series that of the hour that lacks most; when a feed was heard last.
    pub start: EventTime,
    /// The alert's number; else 0.
    pub number: u32,
    /// Its number; none where it has none.
    pub value: Option<f64>,
    /// Indicator that decides an index, priority of an alert, standing of a station, limit of an hour; else empty.
    pub word: Name,
}

impl Fact for FigureResult {
    const TABLE: Table = Table { name: "figure", time_column: "at" };

    fn time(&self) -> i64 {
        self.at.0
    }

    fn size(&self) -> usize {
        168 + 24 * self.parts.len() + 24 * self.hours.len() + 64 * self.inputs.len()
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.figure.cmp(&other.figure)
    }
}
