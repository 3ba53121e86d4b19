//! What lies further back than the board's picture: asked of the store, only at or below its last committed epoch.

use std::{future::Future, pin::Pin, sync::Arc};

use ioc_model::{position::Position, time::EventTime, window::ClosedBy};
use serde::Serialize;

use crate::rejects::RejectView;

/// An answer that comes later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, HistoryError>> + Send + 'a>>;

/// The store, as far as the page asks it.
pub trait History: Send + Sync + std::fmt::Debug {
    /// The current hourly windows of a series that start in `[from, until)`, by start.
    fn trend<'a>(
        &'a self,
        subject: &'a str,
        indicator: &'a str,
        from: EventTime,
        until: EventTime,
    ) -> Answer<'a, Vec<TrendPoint>>;

    /// The last rejects, newest first, at most so many.
    fn rejects(&self, limit: usize) -> Answer<'_, Vec<RejectView>>;

    /// What became of an envelope.
    fn fate(&self, position: Position) -> Answer<'_, Fate>;
}

/// A shared store.
pub type SharedHistory = Arc<dyn History>;

/// An hourly window of a trend.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrendPoint {
    /// Its first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// Mean of its good values; none of nothing.
    pub mean: Option<f64>,
    /// The smallest good value; none of nothing.
    pub min: Option<f64>,
    /// The largest good value; none of nothing.
    pub max: Option<f64>,
    /// Good values.
    pub count: u64,
    /// Points received, of any quality.
    pub received: u32,
    /// Points expected; 0 where no cadence is known.
    pub expected: u32,
    /// What made this result.
    pub closed_by: ClosedBy,
    /// The epoch that made it.
    pub revision: u64,
}

/// What became of one envelope, as stored rows and rejects that point at it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fate {
    /// Rows of it that were stored.
    pub stored: u64,
    /// Rows of it that were rejected, or 1 for the whole of it.
    pub rejected: u64,
}

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// It cannot be reached now; asking again later may help.
    #[error("the store is away: {0}")]
    Away(String),
    /// It refused, and would refuse again.
    #[error("the store refused: {0}")]
    Refused(String),
}
