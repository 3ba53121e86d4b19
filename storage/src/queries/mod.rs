//! What the boards ask. Committed rows only, bounded in time and number, values as server-side parameters.
//!
//! Rows come in the vocabulary's words and moments: what a column holds that this program does not write makes an answer
//! unreadable.

mod alert_times;
mod alerts;
mod assessments;
mod became;
mod envelope;
mod event_pages;
mod events;
mod figures;
mod held;
mod indices;
mod latest;
mod lineage;
mod measures;
mod misread;
mod obligations;
mod owing;
mod published;
mod rejects;
mod replays;
mod reported;
mod reports;
mod series;
mod sight_conditions;
mod states;
mod taken_reports;
mod windows;
mod words;

pub use alert_times::AlertTimes;
pub use alerts::{AlertNow, AlertRow};
pub use assessments::AssessmentRow;
pub use became::{MessageBecame, MessagesAt};
pub use envelope::{EnvelopeFate, EnvelopeRow};
pub use events::{EventAddress, EventHour, EventRow, EventTotals, LogSourceHeard, LogSourceLast};
pub use figures::FigureRow;
pub use held::{HeldGroup, HeldOf};
pub use indices::{IndexRow, RecentIndex};
pub use latest::LatestValue;
pub use lineage::{WindowFigures, WindowRow};
pub use measures::{DistinctTotal, HeardHour, MeasureWindow, SensorAlerts};
pub use misread::{Misreading, UnmappedProduct};
pub use rejects::RecentReject;
pub use replays::{FoundMessage, RejectGroup, ReplayRow};
pub use reported::{ReportedCount, ReportedRatio, ReportedSum, TargetInYear};
pub use reports::ReportedCell;
pub use series::{Measured, SeriesRow, ThinnedSeries};
pub(crate) use sight_conditions::SightConditions;
pub use states::StationState;
pub use taken_reports::{TakenReport, TakenReports};
pub use windows::{RecentWindow, TrendPoint};
