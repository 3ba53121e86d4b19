//! What a number was made of: from an index or judgement to its windows, to their rows, to the bytes that came.
//!
//! Each step is asked as of the revision above it, so that what is opened adds up to the number it was opened from
//! even while newer rows come in.

use ioc_model::{
    epoch::Revision,
    name::Name,
    observation::Quality,
    results::RowStanding,
    time::{EventTime, ReceivedAt},
    window::{ClosedBy, WindowKind},
};
use serde::Serialize;

use crate::{assessment::AssessmentView, events::EventView, index_tile::IndexView, rejects::RejectView};

/// A window as an input of something else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WindowRef {
    /// Indicator.
    pub indicator: String,
    /// Hour or day.
    pub kind: WindowKind,
    /// Its first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// Mean of its good values; none of nothing.
    pub mean: Option<f64>,
    /// Good values.
    pub count: u64,
    /// Points received, of any quality.
    pub received: u32,
    /// Points expected; 0 where no cadence is known.
    pub expected: u32,
    /// The epoch that made it.
    pub revision: Revision,
}

/// An index and its windows.
#[derive(Clone, Debug, PartialEq)]
pub struct TracedIndex {
    /// The index.
    pub view: IndexView,
    /// The formula it was computed by, as stored with it.
    pub formula: String,
    /// Every window that went in, as of its revision, by indicator and start.
    pub inputs: Vec<WindowRef>,
}

/// A judgement and its windows.
#[derive(Clone, Debug, PartialEq)]
pub struct TracedAssessment {
    /// The judgement.
    pub view: AssessmentView,
    /// Every window that went in, as of its revision, by start.
    pub inputs: Vec<WindowRef>,
}

/// A window and its rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TracedWindow {
    /// Station.
    pub subject: String,
    /// Its figures.
    #[serde(flatten)]
    pub window: WindowRef,
    /// The smallest good value; none of nothing.
    pub min: Option<f64>,
    /// The largest good value; none of nothing.
    pub max: Option<f64>,
    /// What made this result.
    pub closed_by: ClosedBy,
    /// Whether one value alone makes it many times what the others say.
    pub spiked: bool,
    /// Every row stored up to its revision, by event time and arrival: the current ones are `received`, the counted
    /// ones `count`.
    pub rows: Vec<TracedRow>,
    /// How many rows there are; more than are listed where there are very many.
    pub rows_found: u64,
}

/// A stored row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredRow {
    /// Indicator.
    pub indicator: Name,
    /// Subject.
    pub subject: Name,
    /// When it was so.
    pub event_time: EventTime,
    /// In the indicator's unit.
    pub value: f64,
    /// Its worth.
    pub quality: Quality,
    /// How it stood to earlier rows of its key when it was stored.
    pub standing: RowStanding,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it; empty where that was not recorded.
    pub sender: Name,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// Where its envelope lies, as `log-partition-offset`.
    pub position: String,
    /// Which row of the envelope.
    pub row: u32,
    /// The pack it was judged with; empty where that is not known.
    pub pack: String,
}

/// A row of a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TracedRow {
    /// The row.
    #[serde(flatten)]
    pub stored: StoredRow,
    /// It is the value of its moment, and not one that was corrected or known earlier.
    pub current: bool,
    /// It went into the window: current and good.
    pub counted: bool,
}

/// What was made of an envelope.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EnvelopeRows {
    /// Rows that were stored, by row.
    pub rows: Vec<StoredRow>,
    /// Events that were stored, by row.
    pub events: Vec<EventView>,
    /// Rows that were rejected, or the whole of it.
    pub rejects: Vec<RejectView>,
}
