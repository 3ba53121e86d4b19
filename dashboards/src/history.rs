//! What lies further back than the board's picture: asked of the store, only at or below its last committed epoch.
//!
//! Every question says who asks: what is not theirs to see is answered as what is not there.

use std::{collections::BTreeSet, future::Future, pin::Pin, sync::Arc};

use ioc_model::{
    asker::Asker,
    epoch::{Epoch, Revision},
    event::{EventCursor, EventFilter, MeasureFilter},
    form::{CellFilter, Form, Period, ReceiptCursor, ReceiptFilter},
    index::IndexId,
    limit::Averaging,
    place::PlaceKey,
    position::Position,
    results::Evidence,
    rule::{AlertChange, AlertEvents, AlertKey},
    time::{EventTime, Now, ReceivedAt},
    window::{ClosedBy, WindowKind},
};
use serde::Serialize;

use crate::{
    alert_times::AlertTimesView,
    alerts::AlertView,
    events::{EventPage, EventsSummed},
    figures::FigureView,
    held::{HeldList, HeldOf},
    kept_back::CountedCell,
    ledger::Ledger,
    lineage::{EnvelopeRows, TracedAssessment, TracedIndex, TracedWindow},
    measures::{DistinctTotal, MeasureWindows, SensorAlerts},
    misread::Misread,
    rejects::RejectView,
    replays::{RejectGroup, ReplayOrder, ReplayTrial, ReplayView, StoredPeriod},
    reported::{ReportedRatio, ReportedSum, TargetYear},
    reports::{CellView, FindingView, ReceiptPage, ReceiptView, ReportStory},
    series::{SeriesEntries, SeriesQuery},
};

/// An answer that comes later.
pub type HistoryAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, HistoryError>> + Send + 'a>>;

/// The store, as far as the page asks it.
pub trait History: Ledger + Send + Sync + std::fmt::Debug {
    /// The current hourly windows of a series that start in `[from, until)`, by start.
    fn trend<'a>(
        &'a self,
        asker: &'a Asker,
        subject: &'a str,
        indicator: &'a str,
        from: EventTime,
        until: EventTime,
    ) -> HistoryAnswer<'a, Vec<TrendPoint>>;

    /// The last rejects, newest first, at most so many.
    fn rejects<'a>(&'a self, asker: &'a Asker, limit: usize) -> HistoryAnswer<'a, Vec<RejectView>>;

    /// What is rejected, by feed and reason, of messages that arrived in `[from, until)`: the most open ones first.
    fn reject_groups<'a>(
        &'a self,
        asker: &'a Asker,
        between: (ReceivedAt, ReceivedAt),
    ) -> HistoryAnswer<'a, Vec<RejectGroup>>;

    /// The last replays, the newest first, at most so many.
    fn replays<'a>(&'a self, asker: &'a Asker, limit: u32) -> HistoryAnswer<'a, Vec<ReplayView>>;

    /// What of a feed is stored of messages that arrived in `[from, until)`, and whether it can be read again.
    fn stored_period<'a>(
        &'a self,
        asker: &'a Asker,
        feed: &'a str,
        between: (ReceivedAt, ReceivedAt),
    ) -> HistoryAnswer<'a, StoredPeriod>;

    /// What would come of these orders now: as much as can be read in some seconds.
    fn foresee<'a>(&'a self, asker: &'a Asker, orders: &'a [ReplayOrder]) -> HistoryAnswer<'a, ReplayTrial>;

    /// What became of an envelope.
    fn fate<'a>(&'a self, asker: &'a Asker, position: Position) -> HistoryAnswer<'a, Fate>;

    /// Held rows, at most so many groups of them; days are those of the zone.
    fn held<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a HeldOf,
        zone: &'a str,
        limit: u32,
    ) -> HistoryAnswer<'a, HeldList>;

    /// The newest events, or those older than a place: at most so many, the newest first.
    fn events<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a EventFilter,
        before: Option<EventCursor>,
        limit: u32,
    ) -> HistoryAnswer<'a, EventPage>;

    /// How long alerts took that were raised in `[from, until)`, by rule.
    fn alert_times<'a>(
        &'a self,
        asker: &'a Asker,
        from: Now,
        until: Now,
    ) -> HistoryAnswer<'a, Vec<AlertTimesView>>;

    /// The events that raised an alert, or those older than a place: at most so many, the newest first.
    fn alert_events<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a AlertEvents,
        before: Option<EventCursor>,
        limit: u32,
    ) -> HistoryAnswer<'a, EventPage>;

    /// What events sum up to. Who reported is told whatever else is asked for: all that did in that time, and of those
    /// named also who did before it, as far back as is looked, and what the flow had said of them by a moment.
    fn events_summed<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a EventFilter,
        log_sources: &'a [String],
        at: Now,
    ) -> HistoryAnswer<'a, EventsSummed>;

    /// What could not be read of messages that arrived in `[from, until)` by syslog or by one of these feeds; and what
    /// happened in that time and was read without a word of the pack.
    fn misread<'a>(
        &'a self,
        asker: &'a Asker,
        feeds: &'a [String],
        from: EventTime,
        until: EventTime,
    ) -> HistoryAnswer<'a, Misread>;

    /// Some windows of every measure.
    fn measures<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a MeasureFilter,
    ) -> HistoryAnswer<'a, Vec<MeasureWindows>>;

    /// How many different ones there were of each measure of such in some windows together.
    fn distinct_totals<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a MeasureFilter,
    ) -> HistoryAnswer<'a, Vec<DistinctTotal>>;

    /// What log sources say they raised in the hours that begin in `[from, until)`: by the measures of what they raised,
    /// and of what of that never arrived.
    fn sensor_alerts<'a>(
        &'a self,
        asker: &'a Asker,
        measures: [&'a str; 2],
        from: EventTime,
        until: EventTime,
    ) -> HistoryAnswer<'a, Vec<SensorAlerts>>;

    /// A series, thinned to at most as many entries as asked for.
    fn series<'a>(&'a self, asker: &'a Asker, asked: &'a SeriesQuery) -> HistoryAnswer<'a, SeriesEntries>;

    /// The last alerts raised before a moment, open or closed, the newest first: at most so many, and those raised in
    /// the same moment as the last of them.
    fn alerts<'a>(
        &'a self,
        asker: &'a Asker,
        before: Option<Now>,
        limit: u32,
    ) -> HistoryAnswer<'a, Vec<AlertView>>;

    /// An alert and all that happened to it; none where it was never raised.
    fn alert<'a>(&'a self, asker: &'a Asker, key: &'a AlertKey) -> HistoryAnswer<'a, Option<AlertStory>>;

    /// What the figures of the overview said at a moment, in their order; none of those that said nothing yet.
    fn figures_known_at<'a>(&'a self, asker: &'a Asker, moment: Now) -> HistoryAnswer<'a, Vec<FigureView>>;

    /// An index and what it was made of, as of a revision or now; none where it was not computed.
    fn index<'a>(
        &'a self,
        asker: &'a Asker,
        index: IndexId,
        subject: &'a str,
        kind: WindowKind,
        start: EventTime,
        revision: Option<Revision>,
    ) -> HistoryAnswer<'a, Option<TracedIndex>>;

    /// A judgement and what it was made of, as of a revision or now; none where there is none.
    fn assessment<'a>(
        &'a self,
        asker: &'a Asker,
        limit: &'a str,
        subject: &'a str,
        averaging: Averaging,
        start: EventTime,
        revision: Option<Revision>,
    ) -> HistoryAnswer<'a, Option<TracedAssessment>>;

    /// The limit a mean was held against; none where it was not.
    fn judged_by<'a>(
        &'a self,
        asker: &'a Asker,
        indicator: &'a str,
        subject: &'a str,
        averaging: Averaging,
        start: EventTime,
    ) -> HistoryAnswer<'a, Option<String>>;

    /// A window and its rows, as of a revision or now; none where there is none.
    fn window<'a>(
        &'a self,
        asker: &'a Asker,
        indicator: &'a str,
        subject: &'a str,
        kind: WindowKind,
        start: EventTime,
        revision: Option<Revision>,
    ) -> HistoryAnswer<'a, Option<TracedWindow>>;

    /// Receipts of reports, the newest first, or those older than a place; at most so many.
    fn receipts<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ReceiptFilter,
        before: Option<ReceiptCursor>,
        limit: u32,
    ) -> HistoryAnswer<'a, ReceiptPage>;

    /// What became of the report at a position, and what was found in it; none where there is none.
    fn receipt<'a>(
        &'a self,
        asker: &'a Asker,
        position: Position,
    ) -> HistoryAnswer<'a, Option<(ReceiptView, Vec<FindingView>)>>;

    /// The report at a position, with what it changed; none where there is none.
    fn report<'a>(&'a self, asker: &'a Asker, position: Position) -> HistoryAnswer<'a, Option<ReportStory>>;

    /// What is shown of a form in some periods, all of it or some: at most [`CELLS_MAX`](crate::reports::CELLS_MAX) cells and
    /// one more.
    fn report_values<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a str,
        periods: &'a [Period],
        of: &'a CellFilter,
    ) -> HistoryAnswer<'a, Vec<CellView>>;

    /// The units of which something is shown of a form in some periods.
    fn report_places<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a str,
        periods: &'a [Period],
    ) -> HistoryAnswer<'a, BTreeSet<PlaceKey>>;

    /// What each part of each indicator of a form adds up to over all places or some, the newest period first, at most
    /// [`SUMS_MAX`](crate::reported::SUMS_MAX).
    fn report_sums<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a str,
        places: Option<&'a BTreeSet<PlaceKey>>,
    ) -> HistoryAnswer<'a, Vec<ReportedSum>>;

    /// What the ratios of a form are made of over the cells that know both, the newest period first, at most
    /// [`SUMS_MAX`](crate::reported::SUMS_MAX).
    fn report_ratios<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a Form,
        places: Option<&'a BTreeSet<PlaceKey>>,
    ) -> HistoryAnswer<'a, Vec<ReportedRatio>>;

    /// Cells above nought of some indicators of a form, of all periods or of some: the newest period first, at most
    /// [`COUNTS_MAX`](crate::kept_back::COUNTS_MAX) and one more.
    fn report_counts<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a str,
        indicators: &'a [String],
        periods: Option<&'a [Period]>,
    ) -> HistoryAnswer<'a, Vec<CountedCell>>;

    /// How far each target is, the newest year of each first.
    fn report_targets<'a>(&'a self, asker: &'a Asker) -> HistoryAnswer<'a, Vec<TargetYear>>;

    /// What was made of an envelope.
    fn rows_of<'a>(&'a self, asker: &'a Asker, position: Position) -> HistoryAnswer<'a, EnvelopeRows>;
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
    /// Whether one value alone makes it many times what the others say.
    pub spiked: bool,
    /// The epoch that made it.
    pub revision: Revision,
}

/// What became of one envelope, as stored rows and rejects that point at it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fate {
    /// Rows of it that were stored.
    pub stored: u64,
    /// Rows of it that were rejected, or 1 for the whole of it.
    pub rejected: u64,
    /// Rows of it that wait for the word of an operator.
    pub held: u64,
}

/// An alert and all that happened to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertStory {
    /// As it is now.
    pub alert: AlertView,
    /// What happened, in order.
    pub history: Vec<AlertEvent>,
}

impl AlertStory {
    /// The events that made it active in an epoch, or when it last was; none where it was not events.
    #[must_use]
    pub fn events(&self, epoch: Option<Epoch>) -> Option<AlertEvents> {
        let raised = self.history.iter().rev().filter(|event| epoch.is_none_or(|epoch| event.epoch == epoch));
        let of = |event: &AlertEvent| {
            let Evidence { start, end, events, .. } = event.evidence.as_ref()?;
            let counted = events.clone()?;
            Some(AlertEvents { counted, from: *start, until: *end, epoch: event.epoch })
        };
        raised.into_iter().find_map(of)
    }
}

/// Something that happened to an alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertEvent {
    /// What.
    pub change: AlertChange,
    /// When, on the recorded clock.
    pub at: Now,
    /// Whether its condition held then.
    pub active: bool,
    /// Whether somebody had taken it on.
    pub acknowledged: bool,
    /// How often it had become active.
    pub occurrences: u32,
    /// By whom, where somebody was.
    pub user: Option<String>,
    /// In their words.
    pub note: Option<String>,
    /// What made it so; none for an acknowledgement.
    pub evidence: Option<Evidence>,
    /// The epoch that made it so.
    pub epoch: Epoch,
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
