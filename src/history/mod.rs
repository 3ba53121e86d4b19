//! What pages and senders ask of the store: trends, rejects, the fate of an envelope; and the board's first picture.

mod events;
mod hydration;
mod ledger;
mod lineage;
mod misread;
mod reports;
mod views;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use crate::{replays::Rereader, report_desk::ReportDesk};
pub use hydration::hydration;
use ioc_bus::SharedBus;
use ioc_dashboards::{
    History, Original,
    alert_times::AlertTimesView,
    alerts::AlertView,
    events::{EventPage, EventsSummed},
    figures::FigureView,
    held::{HeldList, HeldOf},
    history::{AlertStory, Fate, HistoryAnswer, TrendPoint},
    kept_back::CountedCell,
    lineage::{EnvelopeRows, TracedAssessment, TracedIndex, TracedWindow},
    measures::{DistinctTotal, MeasureWindows, SensorAlerts},
    misread::Misread,
    originals::SharedOriginals,
    rejects::RejectView,
    replays::{RejectGroup, ReplayOrder, ReplayTrial, ReplayView, StoredPeriod},
    reported::{ReportedRatio, ReportedSum, TargetYear},
    reports::{CellView, FindingView, ReceiptPage, ReceiptView, ReportStory},
    series::{SeriesEntries, SeriesEntry, SeriesOf, SeriesQuery},
};
use ioc_ingest::transport::http::{
    ReceiptFuture, ReceiptStatus, Receipts, ReceiptsUnavailable, RecordFuture, ReportFuture, ReportedChange,
    Sent,
};
use ioc_model::{
    asker::Asker,
    epoch::{Epoch, Generation, Revision},
    event::{EventCursor, EventFilter, MeasureFilter},
    form::{CellFilter, Form, ObligationFilter, Period, ReceiptCursor, ReceiptFilter},
    index::IndexId,
    limit::Averaging,
    place::PlaceKey,
    position::{LogNumber, Offset, Position},
    results,
    rule::{AlertEvents, AlertKey},
    time::{EventTime, Now, ReceivedAt},
    window::WindowKind,
};
use ioc_storage::{
    Store, StoreError,
    queries::{self, Measured, SeriesRow},
};
use ioc_stream::Driver;
use lineage::Lineage;
use views::{
    alert_event, alert_times_view, alert_view, figure_view, held_group, reject_group, replay_view,
    trend_point,
};
pub(crate) use views::{reject_view, unanswered};

/// The store as the page and the receipts ask it.
#[derive(Debug)]
pub struct StoreHistory {
    store: Store,
    generation: Generation,
    log: LogNumber,
    bus: SharedBus,
    driver: Arc<Driver>,
    desk: Arc<ReportDesk>,
    originals: SharedOriginals,
    rereader: Arc<Rereader>,
}

impl StoreHistory {
    /// The history of a generation, fed from that log.
    #[must_use]
    pub fn new(
        (store, generation): (Store, Generation),
        log: LogNumber,
        bus: SharedBus,
        driver: Arc<Driver>,
        desk: Arc<ReportDesk>,
        originals: SharedOriginals,
        rereader: Arc<Rereader>,
    ) -> StoreHistory {
        StoreHistory { store, generation, log, bus, driver, desk, originals, rereader }
    }

    async fn receipt(&self, position: Position) -> Result<Option<ReceiptStatus>, ReceiptsUnavailable> {
        let Some(committed) = self.committed(position) else { return Ok(None) };
        if position.offset >= committed {
            let held = position.offset < self.bus.bounds(position.partition).end;
            return Ok(held.then_some(ReceiptStatus::InFlight));
        }
        let unavailable = |error: StoreError| ReceiptsUnavailable(error.to_string());
        // Whose message it is the way in has made sure of: a sender is told of its own only.
        let fate = self.store.envelope_fate(&Asker::everyone(), position).await.map_err(unavailable)?;
        let epoch = self.store.published(self.generation).await.map_err(unavailable)?.unwrap_or_default();
        Ok(Some(ReceiptStatus::Committed {
            epoch,
            stored: fate.stored,
            rejected: fate.rejected + fate.undecodable,
            held: fate.held,
        }))
    }

    /// The receipt of a report, as soon as its epoch is committed; none where that takes longer than patience has.
    async fn judged(
        &self,
        position: Position,
        patience: Duration,
    ) -> Result<Option<results::Receipt>, ReceiptsUnavailable> {
        // Waiting comes first: what is committed before is looked up, what is committed after is told.
        let told = (!patience.is_zero()).then(|| self.desk.wait(position));
        let unavailable = |error: StoreError| ReceiptsUnavailable(error.to_string());
        if position.offset < self.committed(position).unwrap_or_default() {
            let receipt = self.store.report_receipt(&Asker::everyone(), position).await;
            return receipt.map_err(unavailable);
        }
        let Some(told) = told else { return Ok(None) };
        // A message that is no report after all has none: its sender asks for what became of it as of any message.
        Ok(tokio::time::timeout(patience, told).await.ok().and_then(Result::ok))
    }

    /// Everything of the position's partition before this offset is committed; none where it is of another log.
    fn committed(&self, position: Position) -> Option<Offset> {
        let partition = usize::from(position.partition.0);
        let committed = self.driver.committed_offsets().get(partition).copied();
        committed.filter(|_| position.log == self.log)
    }
}

impl Receipts for StoreHistory {
    fn lookup(&self, position: Position) -> ReceiptFuture<'_> {
        Box::pin(self.receipt(position))
    }

    fn report(&self, position: Position, patience: Duration) -> ReportFuture<'_> {
        Box::pin(self.judged(position, patience))
    }

    fn sent<'a>(
        &'a self,
        sender: &'a str,
        before: Option<ReceiptCursor>,
        limit: u32,
    ) -> RecordFuture<'a, Vec<results::Receipt>> {
        Box::pin(reports::sent(&self.store, sender, before, limit))
    }

    fn changes(&self, position: Position, limit: u32) -> RecordFuture<'_, Vec<ReportedChange>> {
        Box::pin(reports::changes(&self.store, position, limit))
    }

    fn owed<'a>(
        &'a self,
        of: &'a ObligationFilter,
        limit: u32,
    ) -> RecordFuture<'a, Vec<results::Obligation>> {
        Box::pin(ledger::owed(&self.store, of, limit))
    }

    fn original(&self, position: Position) -> RecordFuture<'_, Option<Sent>> {
        Box::pin(async move {
            let found = self.originals.open(&Asker::everyone(), position).await;
            let found = found.map_err(|error| ReceiptsUnavailable(error.to_string()))?;
            Ok(found.map(|Original { address, content, payload, .. }| Sent { address, content, payload }))
        })
    }
}

impl History for StoreHistory {
    fn trend<'a>(
        &'a self,
        asker: &'a Asker,
        subject: &'a str,
        indicator: &'a str,
        from: EventTime,
        until: EventTime,
    ) -> HistoryAnswer<'a, Vec<TrendPoint>> {
        Box::pin(async move {
            let points = self
                .store
                .trend(asker, indicator, subject, WindowKind::Hour, from, until)
                .await
                .map_err(unanswered)?;
            Ok(points.iter().map(trend_point).collect())
        })
    }

    fn rejects<'a>(&'a self, asker: &'a Asker, limit: usize) -> HistoryAnswer<'a, Vec<RejectView>> {
        Box::pin(async move {
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let rejects = self.store.recent_rejects(asker, limit).await.map_err(unanswered)?;
            Ok(rejects.iter().map(|reject| reject_view(Epoch(0), reject)).collect())
        })
    }

    fn reject_groups<'a>(
        &'a self,
        asker: &'a Asker,
        between: (ReceivedAt, ReceivedAt),
    ) -> HistoryAnswer<'a, Vec<RejectGroup>> {
        Box::pin(async move {
            let groups = self.store.reject_groups(asker, between).await.map_err(unanswered)?;
            Ok(groups.into_iter().map(reject_group).collect())
        })
    }

    fn replays<'a>(&'a self, asker: &'a Asker, limit: u32) -> HistoryAnswer<'a, Vec<ReplayView>> {
        Box::pin(async move {
            let replays = self.store.replays(asker, limit).await.map_err(unanswered)?;
            Ok(replays.into_iter().map(replay_view).collect())
        })
    }

    fn stored_period<'a>(
        &'a self,
        asker: &'a Asker,
        feed: &'a str,
        between: (ReceivedAt, ReceivedAt),
    ) -> HistoryAnswer<'a, StoredPeriod> {
        Box::pin(async move { self.rereader.period(asker, feed, between).await })
    }

    fn foresee<'a>(&'a self, asker: &'a Asker, orders: &'a [ReplayOrder]) -> HistoryAnswer<'a, ReplayTrial> {
        Box::pin(async move { self.rereader.trial(asker, orders).await })
    }

    fn fate<'a>(&'a self, asker: &'a Asker, position: Position) -> HistoryAnswer<'a, Fate> {
        Box::pin(async move {
            let fate = self.store.envelope_fate(asker, position).await.map_err(unanswered)?;
            let queries::EnvelopeFate { stored, rejected, undecodable, held } = fate;
            Ok(Fate { stored, rejected: rejected + undecodable, held })
        })
    }

    fn held<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a HeldOf,
        zone: &'a str,
        limit: u32,
    ) -> HistoryAnswer<'a, HeldList> {
        Box::pin(async move {
            let HeldOf { sender, subject, indicator, day } = of.clone();
            let of = queries::HeldOf { sender, subject, indicator, day };
            let (groups, rows, found) = self.store.held(asker, &of, zone, limit).await.map_err(unanswered)?;
            Ok(HeldList { rows, found, groups: groups.into_iter().map(held_group).collect() })
        })
    }

    fn events<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a EventFilter,
        before: Option<EventCursor>,
        limit: u32,
    ) -> HistoryAnswer<'a, EventPage> {
        Box::pin(async move { events::page(&self.store, asker, of, before, limit).await })
    }

    fn alert_times<'a>(
        &'a self,
        asker: &'a Asker,
        from: Now,
        until: Now,
    ) -> HistoryAnswer<'a, Vec<AlertTimesView>> {
        Box::pin(async move {
            let times = self.store.alert_times(asker, from, until).await.map_err(unanswered)?;
            Ok(times.into_iter().map(alert_times_view).collect())
        })
    }

    fn alert_events<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a AlertEvents,
        before: Option<EventCursor>,
        limit: u32,
    ) -> HistoryAnswer<'a, EventPage> {
        Box::pin(async move { events::of_alert(&self.store, asker, of, before, limit).await })
    }

    fn events_summed<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a EventFilter,
        log_sources: &'a [String],
        at: Now,
    ) -> HistoryAnswer<'a, EventsSummed> {
        Box::pin(async move { events::summed(&self.store, asker, of, log_sources, at).await })
    }

    fn misread<'a>(
        &'a self,
        asker: &'a Asker,
        feeds: &'a [String],
        from: EventTime,
        until: EventTime,
    ) -> HistoryAnswer<'a, Misread> {
        Box::pin(async move { misread::misread(&self.store, asker, feeds, from, until).await })
    }

    fn measures<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a MeasureFilter,
    ) -> HistoryAnswer<'a, Vec<MeasureWindows>> {
        Box::pin(async move { events::measures(&self.store, asker, of).await })
    }

    fn distinct_totals<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a MeasureFilter,
    ) -> HistoryAnswer<'a, Vec<DistinctTotal>> {
        Box::pin(async move { events::distinct_totals(&self.store, asker, of).await })
    }

    fn sensor_alerts<'a>(
        &'a self,
        asker: &'a Asker,
        measures: [&'a str; 2],
        from: EventTime,
        until: EventTime,
    ) -> HistoryAnswer<'a, Vec<SensorAlerts>> {
        Box::pin(async move { events::sensor_alerts(&self.store, asker, measures, from, until).await })
    }

    fn series<'a>(&'a self, asker: &'a Asker, asked: &'a SeriesQuery) -> HistoryAnswer<'a, SeriesEntries> {
        Box::pin(async move {
            let measured = match &asked.of {
                SeriesOf::Index(index, kind) => Measured::Index(*index, *kind),
                SeriesOf::Indicator(indicator, kind) => match kind.window() {
                    Some(kind) => Measured::Windows(indicator, kind),
                    None => Measured::Points(indicator),
                },
            };
            let SeriesQuery { subject, from, to, points, .. } = asked;
            let series =
                self.store.series(asker, measured, subject, *from, *to, *points).await.map_err(unanswered)?;
            let entry = |row: &SeriesRow| SeriesEntry {
                start: row.start,
                mean: row.mean,
                min: row.low,
                max: row.high,
                completeness: row.completeness,
            };
            Ok(SeriesEntries { entries: series.rows.iter().map(entry).collect(), found: series.found })
        })
    }

    fn alerts<'a>(
        &'a self,
        asker: &'a Asker,
        before: Option<Now>,
        limit: u32,
    ) -> HistoryAnswer<'a, Vec<AlertView>> {
        Box::pin(async move {
            let before = before.unwrap_or(Now(i64::MAX));
            let alerts = self.store.alerts_before(asker, before, limit).await.map_err(unanswered)?;
            Ok(alerts.iter().map(alert_view).collect())
        })
    }

    fn alert<'a>(&'a self, asker: &'a Asker, key: &'a AlertKey) -> HistoryAnswer<'a, Option<AlertStory>> {
        Box::pin(async move {
            let Some(alert) = self.store.alert(asker, key).await.map_err(unanswered)? else {
                return Ok(None);
            };
            let history = self.store.alert_history(asker, key).await.map_err(unanswered)?;
            Ok(Some(AlertStory {
                alert: alert_view(&alert),
                history: history.iter().map(alert_event).collect(),
            }))
        })
    }

    fn figures_known_at<'a>(&'a self, asker: &'a Asker, moment: Now) -> HistoryAnswer<'a, Vec<FigureView>> {
        Box::pin(async move {
            let figures = self.store.figures_known_at(asker, moment).await.map_err(unanswered)?;
            Ok(figures.iter().map(figure_view).collect())
        })
    }

    fn index<'a>(
        &'a self,
        asker: &'a Asker,
        index: IndexId,
        subject: &'a str,
        kind: WindowKind,
        start: EventTime,
        revision: Option<Revision>,
    ) -> HistoryAnswer<'a, Option<TracedIndex>> {
        Box::pin(async move {
            Lineage { store: &self.store, asker, generation: self.generation }
                .index(index, subject, kind, start, revision)
                .await
        })
    }

    fn assessment<'a>(
        &'a self,
        asker: &'a Asker,
        limit: &'a str,
        subject: &'a str,
        averaging: Averaging,
        start: EventTime,
        revision: Option<Revision>,
    ) -> HistoryAnswer<'a, Option<TracedAssessment>> {
        Box::pin(async move {
            Lineage { store: &self.store, asker, generation: self.generation }
                .assessment(limit, subject, averaging, start, revision)
                .await
        })
    }

    fn judged_by<'a>(
        &'a self,
        asker: &'a Asker,
        indicator: &'a str,
        subject: &'a str,
        averaging: Averaging,
        start: EventTime,
    ) -> HistoryAnswer<'a, Option<String>> {
        Box::pin(async move {
            let judged =
                self.store.assessments(asker, subject, averaging, start, None).await.map_err(unanswered)?;
            Ok(judged.into_iter().find(|row| row.indicator == indicator).map(|row| row.limit))
        })
    }

    fn window<'a>(
        &'a self,
        asker: &'a Asker,
        indicator: &'a str,
        subject: &'a str,
        kind: WindowKind,
        start: EventTime,
        revision: Option<Revision>,
    ) -> HistoryAnswer<'a, Option<TracedWindow>> {
        Box::pin(async move {
            Lineage { store: &self.store, asker, generation: self.generation }
                .window(indicator, subject, kind, start, revision)
                .await
        })
    }

    fn receipts<'a>(
        &'a self,
        asker: &'a Asker,
        of: &'a ReceiptFilter,
        before: Option<ReceiptCursor>,
        limit: u32,
    ) -> HistoryAnswer<'a, ReceiptPage> {
        Box::pin(async move { reports::page(&self.store, asker, of, before, limit).await })
    }

    fn receipt<'a>(
        &'a self,
        asker: &'a Asker,
        position: Position,
    ) -> HistoryAnswer<'a, Option<(ReceiptView, Vec<FindingView>)>> {
        Box::pin(async move { reports::receipt(&self.store, asker, position).await })
    }

    fn report<'a>(&'a self, asker: &'a Asker, position: Position) -> HistoryAnswer<'a, Option<ReportStory>> {
        Box::pin(async move { reports::story(&self.store, asker, position).await })
    }

    fn report_values<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a str,
        periods: &'a [Period],
        of: &'a CellFilter,
    ) -> HistoryAnswer<'a, Vec<CellView>> {
        Box::pin(async move { reports::values(&self.store, asker, form, periods, of).await })
    }

    fn report_places<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a str,
        periods: &'a [Period],
    ) -> HistoryAnswer<'a, BTreeSet<PlaceKey>> {
        Box::pin(async move { self.store.report_places(asker, form, periods).await.map_err(unanswered) })
    }

    fn report_sums<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a str,
        places: Option<&'a BTreeSet<PlaceKey>>,
    ) -> HistoryAnswer<'a, Vec<ReportedSum>> {
        Box::pin(async move { reports::sums(&self.store, asker, form, places).await })
    }

    fn report_ratios<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a Form,
        places: Option<&'a BTreeSet<PlaceKey>>,
    ) -> HistoryAnswer<'a, Vec<ReportedRatio>> {
        Box::pin(async move { reports::ratios(&self.store, asker, form, places).await })
    }

    fn report_counts<'a>(
        &'a self,
        asker: &'a Asker,
        form: &'a str,
        indicators: &'a [String],
        periods: Option<&'a [Period]>,
    ) -> HistoryAnswer<'a, Vec<CountedCell>> {
        Box::pin(async move { reports::counts(&self.store, asker, form, indicators, periods).await })
    }

    fn report_targets<'a>(&'a self, asker: &'a Asker) -> HistoryAnswer<'a, Vec<TargetYear>> {
        Box::pin(async move { reports::targets(&self.store, asker).await })
    }

    fn rows_of<'a>(&'a self, asker: &'a Asker, position: Position) -> HistoryAnswer<'a, EnvelopeRows> {
        Box::pin(async move {
            Lineage { store: &self.store, asker, generation: self.generation }.envelope(position).await
        })
    }
}
