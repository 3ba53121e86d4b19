//! What pages and senders ask of the store: trends, rejects, the fate of an envelope; and the board's first picture.

use std::sync::Arc;

use ioc_bus::SharedBus;
use ioc_dashboards::{
    History, HistoryError, Hydration,
    history::{Answer, Fate, TrendPoint},
    rejects::RejectView,
    tile::{HOURS_KEPT, HourPoint},
};
use ioc_ingest::transport::http::{ReceiptFuture, ReceiptStatus, Receipts, ReceiptsUnavailable};
use ioc_model::{
    epoch::{Epoch, Generation},
    observation::Quality,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    reject::{RejectReason, Rejection},
    results::{RejectedRow, StoredObservation},
    text::Text,
    time::{EventTime, Millis, Now, ReceivedAt},
    window::{ClosedBy, WindowKind},
};
use ioc_storage::{
    Class, Store, StoreError,
    queries::{LatestValue, RecentReject},
};
use ioc_stream::Driver;

/// How far back the board's first picture looks for the newest value of a series.
const LOOK_BACK: Millis = Millis::hours(24 * 366);
const REJECTS_ON_BOARD: u32 = 50;
/// As many hours as a small trend line shows.
const HOURS_ON_BOARD: Millis = Millis::hours(HOURS_KEPT as i64);

/// The store as the page and the receipts ask it.
#[derive(Debug)]
pub struct StoreHistory {
    store: Store,
    generation: Generation,
    log: LogNumber,
    bus: SharedBus,
    driver: Arc<Driver>,
}

impl StoreHistory {
    /// The history of a generation, fed from that log.
    #[must_use]
    pub fn new(
        store: Store,
        generation: Generation,
        log: LogNumber,
        bus: SharedBus,
        driver: Arc<Driver>,
    ) -> StoreHistory {
        StoreHistory { store, generation, log, bus, driver }
    }

    async fn receipt(&self, position: Position) -> Result<Option<ReceiptStatus>, ReceiptsUnavailable> {
        let partition = usize::from(position.partition.0);
        let committed = self.driver.committed_offsets().get(partition).copied();
        let Some(committed) = committed.filter(|_| position.log == self.log) else { return Ok(None) };
        if position.offset >= committed {
            let held = position.offset < self.bus.bounds(position.partition).end;
            return Ok(held.then_some(ReceiptStatus::InFlight));
        }
        let unavailable = |error: StoreError| ReceiptsUnavailable(error.to_string());
        let receipt = self.store.receipt(position).await.map_err(unavailable)?;
        let epoch = self.store.published(self.generation).await.map_err(unavailable)?.unwrap_or_default();
        Ok(Some(ReceiptStatus::Committed {
            epoch,
            stored: receipt.stored,
            rejected: receipt.rejected + receipt.undecodable,
        }))
    }
}

impl Receipts for StoreHistory {
    fn lookup(&self, position: Position) -> ReceiptFuture<'_> {
        Box::pin(self.receipt(position))
    }
}

impl History for StoreHistory {
    fn trend<'a>(
        &'a self,
        subject: &'a str,
        indicator: &'a str,
        from: EventTime,
        until: EventTime,
    ) -> Answer<'a, Vec<TrendPoint>> {
        Box::pin(async move {
            let points = self
                .store
                .trend(indicator, subject, WindowKind::Hour, from, until)
                .await
                .map_err(unanswered)?;
            points.iter().map(trend_point).collect()
        })
    }

    fn rejects(&self, limit: usize) -> Answer<'_, Vec<RejectView>> {
        Box::pin(async move {
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let rejects = self.store.recent_rejects(limit).await.map_err(unanswered)?;
            rejects.iter().map(|reject| Ok(RejectView::new(Epoch(0), &rejected_row(reject)?))).collect()
        })
    }

    fn fate(&self, position: Position) -> Answer<'_, Fate> {
        Box::pin(async move {
            let receipt = self.store.receipt(position).await.map_err(unanswered)?;
            Ok(Fate { stored: receipt.stored, rejected: receipt.rejected + receipt.undecodable })
        })
    }
}

/// What the board starts with.
///
/// # Errors
/// If the store does not answer, or holds what this program does not write.
pub async fn hydration(store: &Store, generation: Generation, now: Now) -> Result<Hydration, HistoryError> {
    let epoch = store.published(generation).await.map_err(unanswered)?.unwrap_or_default();
    let since = EventTime(now.0).minus(LOOK_BACK);
    let latest = store.latest(since).await.map_err(unanswered)?;
    let hours = store.recent_windows(WindowKind::Hour, EventTime(now.0).minus(HOURS_ON_BOARD)).await;
    let hours = hours.map_err(unanswered)?.into_iter().map(|window| {
        let point = HourPoint {
            start: EventTime(window.start),
            mean: window.mean,
            received: window.received,
            expected: window.expected,
            revision: window.revision,
        };
        (Arc::from(window.subject), Arc::from(window.indicator), point)
    });
    let hours = hours.collect();
    let totals = store.totals(generation).await.map_err(unanswered)?;
    let rejects = store.recent_rejects(REJECTS_ON_BOARD).await.map_err(unanswered)?;
    Ok(Hydration {
        epoch,
        latest: latest
            .iter()
            .map(|value| Ok((epoch, stored_observation(value)?)))
            .collect::<Result<_, _>>()?,
        hours,
        totals: totals.into_iter().map(|(feed, counts)| (Arc::from(feed), counts)).collect(),
        rejects: rejects
            .iter()
            .rev()
            .map(|reject| Ok((epoch, rejected_row(reject)?)))
            .collect::<Result<_, _>>()?,
    })
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unanswered(error: StoreError) -> HistoryError {
    match error.class() {
        Class::Retry | Class::Doubtful => HistoryError::Away(error.to_string()),
        Class::Refused => HistoryError::Refused(error.to_string()),
    }
}

fn unreadable(what: &str, word: &str) -> HistoryError {
    HistoryError::Refused(format!("the store holds the {what} '{word}', which this program does not write"))
}

fn trend_point(point: &ioc_storage::queries::TrendPoint) -> Result<TrendPoint, HistoryError> {
    let kinds = [ClosedBy::Watermark, ClosedBy::Patience, ClosedBy::Revision];
    let closed_by = kinds.into_iter().find(|kind| kind.word() == point.closed_by);
    Ok(TrendPoint {
        start: EventTime(point.start),
        end: EventTime(point.end),
        mean: point.mean,
        min: point.min,
        max: point.max,
        count: point.count,
        received: point.received,
        expected: point.expected,
        closed_by: closed_by.ok_or_else(|| unreadable("closing", &point.closed_by))?,
        revision: point.revision,
    })
}

fn arrival(received_at: i64, log: u16, partition: u16, offset: u64, row: u32) -> Arrival {
    let position = Position { log: LogNumber(log), partition: Partition(partition), offset: Offset(offset) };
    Arrival { received_at: ReceivedAt(received_at), position, row }
}

fn stored_observation(value: &LatestValue) -> Result<StoredObservation, HistoryError> {
    let LatestValue { received_at, log, partition, offset, row, .. } = *value;
    Ok(StoredObservation {
        indicator: Arc::from(value.indicator.as_str()),
        subject: Arc::from(value.subject.as_str()),
        event_time: EventTime(value.event_time),
        value: value.value,
        quality: Quality::from_word(&value.quality).ok_or_else(|| unreadable("quality", &value.quality))?,
        feed: Arc::from(value.feed.as_str()),
        arrival: arrival(received_at, log, partition, offset, row),
        standing: value.standing(),
    })
}

fn rejected_row(reject: &RecentReject) -> Result<RejectedRow, HistoryError> {
    let reason = RejectReason::ALL.into_iter().find(|reason| reason.word() == reject.reason);
    let RecentReject { received_at, log, partition, offset, row, whole, raw_length, .. } = *reject;
    Ok(RejectedRow {
        feed: Arc::from(reject.feed.as_str()),
        arrival: arrival(received_at, log, partition, offset, row),
        whole,
        address: reject.address.as_str().into(),
        rejection: Rejection {
            reason: reason.ok_or_else(|| unreadable("reason", &reject.reason))?,
            place: reject.place.clone(),
            message: Text { vi: reject.message_vi.clone(), en: reject.message_en.clone() },
        },
        raw: reject.raw.as_bytes().into(),
        raw_length,
    })
}
